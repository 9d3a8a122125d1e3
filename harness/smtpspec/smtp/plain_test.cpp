#include "smtpspec/smtp/plain.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

namespace smtpspec::smtp {
namespace {

// Every kernel against the one that looks at each octet, the odd octet at each place of texts of each length; what stands
// behind the text is not plain, and belongs to somebody else.
TEST(Plain, EveryKernelStopsAtTheFirstOddOctet) {
  for (std::size_t size = 0; size <= 100; ++size)
    for (std::size_t at = 0; at <= size; ++at)
      for (const char odd : {'\0', '\t', '\n', '\r', '\x1f', ' ', '~', '\x7f', '\x80', '\xff'}) {
        const auto text = std::make_unique<char[]>(size);  // not a string: the sanitizer is to see what is read behind it
        std::fill_n(text.get(), size, 'x');
        if (at < size) text[at] = odd;
        const std::size_t expected = plain::by_octet(text.get(), size);
        EXPECT_EQ(expected, at < size && !is_plain(odd) ? at : size);
        ASSERT_EQ(plain::by_blocks<plain::Words>(text.get(), size), expected) << size << " " << at << " " << static_cast<int>(odd);
        ASSERT_EQ(plain::by_blocks<plain::Block>(text.get(), size), expected) << size << " " << at << " " << static_cast<int>(odd);
        ASSERT_EQ(plain::widest(text.get(), size), expected) << size << " " << at << " " << static_cast<int>(odd);
        ASSERT_EQ(plain_size({text.get(), size}), expected) << size << " " << at << " " << static_cast<int>(odd);
      }
}

TEST(Plain, EveryKernelAgreesOnRandomOctets) {
  std::mt19937 random(5321);
  for (int round = 0; round < 20000; ++round) {
    std::string text(random() % 80, '\0');
    // Mostly plain, and often around the borders between plain and not.
    for (char& c : text) c = random() % 8 ? static_cast<char>(' ' + random() % 95) : "\t\x1f\x20\x7e\x7f\x80\xff\x08\x0a"[random() % 9];
    const std::size_t expected = plain::by_octet(text.data(), text.size());
    ASSERT_EQ(plain::by_blocks<plain::Words>(text.data(), text.size()), expected);
    ASSERT_EQ(plain::by_blocks<plain::Block>(text.data(), text.size()), expected);
    ASSERT_EQ(plain::widest(text.data(), text.size()), expected);
    ASSERT_EQ(plain_size(text), expected);
  }
}

}  // namespace
}  // namespace smtpspec::smtp
