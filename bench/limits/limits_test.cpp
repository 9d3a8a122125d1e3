#include "limits/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "inputs/random.hpp"

namespace smtpspec::bench {
namespace {

std::vector<std::uint32_t> positions(std::size_t (*find)(std::string_view, std::uint32_t*), std::string_view octets) {
  std::vector<std::uint32_t> out(octets.size() + 64);
  out.resize(find(octets, out.data()));
  return out;
}

// Every length around a block, newlines at random, and the octets that differ from LF by one bit.
TEST(Limits, BothKernelsSeeTheSame) {
  Random random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string octets = random.letters("\n\n\x0b\x8a\x00z\r", size);
    std::vector<std::uint32_t> expected;
    for (std::size_t i = 0; i < size; ++i)
      if (octets[i] == '\n') expected.push_back(static_cast<std::uint32_t>(i));
    EXPECT_EQ(positions(newline_positions, octets), expected);
    EXPECT_EQ(positions(portable::newline_positions, octets), expected);
    EXPECT_EQ(count_newlines(octets), expected.size());
    EXPECT_EQ(portable::count_newlines(octets), expected.size());
  }
}

}  // namespace
}  // namespace smtpspec::bench
