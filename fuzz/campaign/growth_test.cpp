#include "fuzz/campaign/growth.hpp"

#include <gtest/gtest.h>

namespace smtpspec::fuzz {
namespace {

constexpr std::uint64_t mebibyte = 1u << 20;

TEST(Growth, IsLookedIntoWhereItIsMoreThanNoise) {
  const run::Usage before{.memory = 20 * mebibyte, .descriptors = 10, .threads = 2, .processes = 1};
  run::Usage after = before;
  EXPECT_FALSE(suspicious(before, after));
  after.memory += 65 * mebibyte;
  EXPECT_EQ(suspicious(before, after), Resource::memory);
  after.descriptors += 7;
  EXPECT_EQ(suspicious(before, after), Resource::memory);
  after.descriptors += 1;
  EXPECT_EQ(suspicious(before, after), Resource::descriptors);
  EXPECT_FALSE(suspicious({}, after)) << "nobody was there";
  EXPECT_FALSE(suspicious(after, before)) << "it shrank";
}

TEST(Growth, OfSessionsUnderWayIsNone) {
  const run::Usage before{.memory = 20 * mebibyte, .descriptors = 10, .threads = 2, .processes = 1};
  run::Usage now = before;
  now.processes += 20;
  now.descriptors += 20 * 30;
  EXPECT_FALSE(urgent_growth(before, now, 20));
  now.descriptors += 200;
  EXPECT_TRUE(urgent_growth(before, now, 20));
}

TEST(Growth, HasToComeTwiceAndBeyondWhatPlainSessionsDo) {
  const int rounds = rounds_for(1);
  EXPECT_EQ(rounds, 24);
  EXPECT_EQ(rounds_for(100), 3);
  EXPECT_TRUE(keeps({Resource::descriptors, rounds, 24, 24, 0}));
  EXPECT_TRUE(keeps({Resource::descriptors, rounds, 21, 48, 0}));
  EXPECT_FALSE(keeps({Resource::descriptors, rounds, 24, 0, 0})) << "a pool that is full";
  EXPECT_FALSE(keeps({Resource::descriptors, rounds, 3, 3, 0}));
  EXPECT_FALSE(keeps({Resource::descriptors, rounds, 24, 24, 1})) << "every session does";
  EXPECT_TRUE(keeps({Resource::memory, rounds, 2'000'000, 1'900'000, 0}));
  EXPECT_FALSE(keeps({Resource::memory, rounds, 100'000, 100'000, 0}));
  EXPECT_FALSE(keeps({Resource::memory, rounds, 2'000'000, 1'900'000, 40'000}));
}

}  // namespace
}  // namespace smtpspec::fuzz
