#include "fuzz/campaign/corpus.hpp"

#include <gtest/gtest.h>

#include <set>

namespace smtpspec::fuzz {
namespace {

Scenario numbered(int number) { return {smtp::Role::relay, {Act{.kind = Act::Kind::open, .tree = {}, .connection = number}}}; }

TEST(Corpus, KeepsWhatShowsSomethingNew) {
  Corpus corpus;
  EXPECT_TRUE(corpus.add(numbered(1), {1, 2}));
  EXPECT_FALSE(corpus.add(numbered(2), {2, 1}));
  EXPECT_TRUE(corpus.add(numbered(3), {2, 3}));
  EXPECT_FALSE(corpus.add(numbered(4), {}));
  EXPECT_EQ(corpus.size(), 2u);
}

TEST(Corpus, GoesOnFromWhatIsRareMoreOften) {
  Corpus corpus;
  for (int i = 1; i <= 10; ++i) corpus.add(numbered(i), {static_cast<std::uint64_t>(i)});
  for (int i = 2; i <= 10; ++i)
    for (int times = 0; times < 300; ++times) corpus.add(numbered(i), {static_cast<std::uint64_t>(i)});
  Random random(1);
  std::map<int, int> picked;
  for (int i = 0; i < 1000; ++i) ++picked[corpus.pick(random).acts.front().connection];
  for (int i = 2; i <= 10; ++i) {
    EXPECT_GT(picked[1], 2 * picked[i]) << i;
    EXPECT_GT(picked[i], 0) << i;
  }
}

TEST(Distilled, AFewShowAll) {
  const std::vector<Shows> all = {{1}, {1, 2, 3}, {4, 4, 4, 4}, {3, 4}, {5, 6}, {2, 1, 3}, {}};
  EXPECT_EQ(distilled(all), (std::vector<std::size_t>{1, 4, 2}));
  EXPECT_TRUE(distilled({}).empty());
}

TEST(Distilled, NothingIsLost) {
  Random random(3);
  std::vector<Shows> all(300);
  std::set<std::uint64_t> every, kept;
  for (Shows& one : all)
    for (std::size_t i = random.below(12); i > 0; --i) every.insert(one.emplace_back(random.below(500)));
  const auto chosen = distilled(all);
  for (const std::size_t i : chosen) kept.insert(all[i].begin(), all[i].end());
  EXPECT_EQ(kept, every);
  EXPECT_LT(chosen.size(), 220u);
}

}  // namespace
}  // namespace smtpspec::fuzz
