#include "fuzz/campaign/culprit.hpp"

#include <gtest/gtest.h>

#include <set>

namespace smtpspec::fuzz {
namespace {

Scenario saying(int number) {
  return {smtp::Role::relay, {Act{.kind = Act::Kind::silence, .tree = {}, .time = std::chrono::seconds(number)}}};
}

// What is left of so many scenarios when these together kill, and how many plays that took.
std::pair<std::set<int>, int> found(int scenarios, const std::set<int>& killers, std::size_t most_plays) {
  std::vector<Scenario> all;
  for (int i = 0; i < scenarios; ++i) all.push_back(saying(i));
  Culprit culprit(all, most_plays);
  const auto numbers = [](const std::vector<Scenario>& sequence) {
    std::set<int> out;
    for (const Scenario& one : sequence) out.insert(static_cast<int>(one.acts.front().time / std::chrono::seconds(1)));
    return out;
  };
  int plays = 0;
  while (const auto sequence = culprit.next()) {
    ++plays;
    const auto said = numbers(*sequence);
    culprit.tried(std::includes(said.begin(), said.end(), killers.begin(), killers.end()));
  }
  return {numbers(culprit.sequence()), plays};
}

TEST(Culprit, TheOneIsFoundByHalves) {
  for (const int killer : {0, 1, 357, 998, 999}) {
    const auto [left, plays] = found(1000, {killer}, 40);
    EXPECT_EQ(left, std::set<int>{killer});
    EXPECT_LE(plays, 22);
  }
  EXPECT_EQ(found(1, {0}, 40), (std::pair(std::set{0}, 1)));
}

TEST(Culprit, TwoThatKillTogetherAreFoundTogether) {
  EXPECT_EQ(found(64, {3, 50}, 100).first, (std::set{3, 50}));
  EXPECT_EQ(found(7, {0, 3, 6}, 100).first, (std::set{0, 3, 6}));
}

TEST(Culprit, WhatDoesNotComeAgainIsNobody) {
  EXPECT_EQ(found(50, {77}, 40), (std::pair(std::set<int>{}, 1)));
  // Without plays enough a longer sequence is what there is.
  EXPECT_EQ(found(64, {3}, 3).first.size(), 32u);
}

TEST(Culprit, ASequenceHasAConnectionEach) {
  Scenario two = saying(2);
  two.acts.push_back({.kind = Act::Kind::open, .tree = {}, .connection = 2});
  Scenario other = saying(4);
  other.role = smtp::Role::submission;
  const Scenario out = joined({saying(1), two, other, saying(3)});
  std::vector<int> connections;
  for (const Act& act : out.acts) connections.push_back(act.connection);
  EXPECT_EQ(connections, (std::vector{1, 2, 2, 3, 4, 4}));
  EXPECT_EQ(out.acts[1].kind, Act::Kind::open);
  EXPECT_EQ(joined({two}), two);
  EXPECT_TRUE(joined({}).acts.empty());
}

}  // namespace
}  // namespace smtpspec::fuzz
