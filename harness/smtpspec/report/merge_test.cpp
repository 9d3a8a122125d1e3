#include "smtpspec/report/merge.hpp"

#include <gtest/gtest.h>

#include "test/expect.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;
using smtp::Role;

run::TestResult test_of(const std::string& id, Verdict verdict) {
  run::TestResult out;
  out.id = id;
  out.verdict = verdict;
  return out;
}
run::TestResult rule_of(Verdict verdict, std::size_t checked, const std::string& summary) {
  run::TestResult out = test_of(std::string(judge::rules().front().name), verdict);
  out.rule = &judge::rules().front();
  out.checked = checked;
  out.summary = summary;
  return out;
}
Reported shard(int part, std::vector<run::TestResult> tests) {
  Reported out;
  out.suite = {"1", "", "run", part, 2};
  out.run.target = "target";
  out.run.tests = std::move(tests);
  out.run.replies = 10;
  out.run.duration = std::chrono::seconds(part);
  return out;
}
const std::vector<std::string> files = {"1.json", "2.json"};

TEST(Merge, TestsStandTogetherAndARuleOnce) {
  const auto out =
      merged({shard(2, {test_of("a[y]", Verdict::fail), test_of("c", Verdict::pass), rule_of(Verdict::pass, 5, "5 replies looked at")}),
              shard(1, {test_of("a[x]", Verdict::pass), test_of("b", Verdict::pass), rule_of(Verdict::skip, 0, "none")})},
             files);
  ASSERT_TRUE(out) << to_string(out.error());
  std::vector<std::string> ids;
  for (const auto& test : out->run.tests) ids.push_back(test.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"a[y]", "a[x]", "b", "c", std::string(judge::rules().front().name)}));
  EXPECT_EQ(out->run.tests.back().verdict, Verdict::pass);
  EXPECT_EQ(out->run.tests.back().summary, "5 replies looked at");
  EXPECT_EQ(out->run.replies, 20u);
  EXPECT_EQ(out->run.duration, std::chrono::seconds(2));
  EXPECT_EQ(out->suite.shards, 1);
}

TEST(Merge, ARuleStandsUnderTheWorst) {
  const auto out = merged({shard(1, {rule_of(Verdict::pass, 5, "x")}), shard(2, {rule_of(Verdict::fail, 7, "a bare LF")})}, files);
  ASSERT_TRUE(out);
  ASSERT_EQ(out->run.tests.size(), 1u);
  EXPECT_EQ(out->run.tests[0].verdict, Verdict::fail);
  EXPECT_EQ(out->run.tests[0].summary, "a bare LF");
  EXPECT_EQ(out->run.tests[0].checked, 12u);
}

TEST(Merge, AWaiverIsUsedWhereAShardUsedIt) {
  using State = run::WaiverUse::State;
  const auto state = [](State a, State b) {
    std::vector<Reported> both = {shard(1, {}), shard(2, {})};
    for (Reported& one : both) one.run.waivers.emplace_back().waiver.glob = "a";
    both[0].run.waivers[0].state = a;
    both[1].run.waivers[0].state = b;
    const auto out = merged(std::move(both), files);
    EXPECT_TRUE(out);
    EXPECT_EQ(out->run.waivers.size(), 1u);
    return out->run.waivers[0].state;
  };
  EXPECT_EQ(state(State::untested, State::used), State::used);
  EXPECT_EQ(state(State::untested, State::expired), State::expired);
  EXPECT_EQ(state(State::untested, State::stale), State::untested);
  EXPECT_EQ(state(State::stale, State::stale), State::stale);
}

TEST(Merge, OnlyWhatBelongsTogether) {
  const auto error = [](std::vector<Reported> shards) {
    const auto out = merged(std::move(shards), files);
    return out ? "" : to_string(out.error());
  };
  EXPECT_EQ(error({shard(1, {})}), "not all of the 2 shards are given: 2 missing");
  EXPECT_EQ(error({shard(1, {}), shard(1, {})}), "2.json: shard 1/2 is in 1.json already");
  auto other = shard(2, {});
  other.run.target = "another";
  EXPECT_EQ(error({shard(1, {}), other}), "2.json: no shard of the run of 1.json: its target is 'another', not 'target'");
  other = shard(2, {});
  other.suite.shards = other.suite.shard = 1;
  EXPECT_EQ(error({shard(1, {}), other}), "2.json: no shard: the run was of all tests");
}

}  // namespace
}  // namespace smtpspec::report
