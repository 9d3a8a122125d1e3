#include "smtpspec/run/rule_watch.hpp"

#include <gtest/gtest.h>

#include "test/run_bench.hpp"

namespace smtpspec::run {
namespace {

TEST(Rules, EachIsATestOnceForEachRole) {
  Bench bench(many(5));
  bench.options.quiet_rules = false;
  bench.options.selection.skip = {"rules/reply-text"};
  bench.target.answer = [](const std::string& line, int) { return line == "NOOP" ? "250\r\n" : "251 fine\n"; };
  bench.suite.cases.push_back(case_of("lf", "start: greeted", "C: VRFY a\nS: 251"));
  const auto run = bench.run();
  const auto& crlf = result_of(run, "rules/reply-ends-in-crlf");
  EXPECT_EQ(crlf.verdict, Verdict::fail);
  EXPECT_EQ(crlf.seen_in, 1u);
  EXPECT_EQ(crlf.example, "lf");
  EXPECT_EQ(crlf.transcript.entries.at(static_cast<std::size_t>(crlf.marked)).shown(), R"(251 fine\n)");
  EXPECT_EQ(crlf.checked, run.replies);
  EXPECT_EQ(crlf.requirements, (std::vector<std::string>{"RFC5321-2.3.8-1c"}));
  EXPECT_EQ(result_of(run, "rules/reply-line").verdict, Verdict::pass);
  EXPECT_TRUE(std::none_of(run.tests.begin(), run.tests.end(), [](const auto& test) { return test.id == "rules/reply-text"; }))
      << "left out";
}

// A rule passes when it saw what it is about and had nothing to say; what never came proves nothing.
TEST(Rules, OneThatSawNothingToJudgeIsSkipped) {
  Bench bench(many(2));
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  const auto& seen = result_of(run, "rules/size-number");
  EXPECT_EQ(seen.verdict, Verdict::pass);
  EXPECT_GT(seen.checked, 0u);
  EXPECT_LT(seen.checked, run.replies);
  EXPECT_EQ(seen.summary, std::to_string(seen.checked) + (seen.checked == 1 ? " reply" : " replies") + " looked at");
  for (const char* id : {"rules/status-code", "rules/421-closes", "rules/auth-mechanisms"}) {
    EXPECT_EQ(result_of(run, id).verdict, Verdict::skip) << id;
    EXPECT_EQ(result_of(run, id).checked, 0u) << id;
    EXPECT_CONTAINS(result_of(run, id).summary, "not seen");
  }
}

struct RuleBench : Bench {
  // Breaks a rule in the replies to VRFY whose number (from 1) `bad` names.
  RuleBench(std::vector<script::Case> cases, std::function<bool(int)> bad) : Bench(std::move(cases)) {
    options.quiet_rules = false;
    target.answer = [bad = std::move(bad), n = 0](const std::string& line, int) mutable {
      return line == "VRFY a" && bad(++n) ? "250 fine\n" : line.starts_with("VRFY") ? "250 fine\r\n" : "250 good\r\n";
    };
  }
  const char* rule = "rules/reply-ends-in-crlf";
};

TEST(Rules, AFindingIsConfirmedByAnotherPlayOfTheSameTest) {
  RuleBench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250"), case_of("b")}, [](int) { return true; });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, bench.rule).verdict, Verdict::fail);
  EXPECT_EQ(result_of(run, bench.rule).findings.size(), 1u);
  EXPECT_EQ(result_of(run, bench.rule).seen_in, 1u);
  EXPECT_EQ(bench.target.times("VRFY a"), 2);
}

TEST(Rules, AFindingThatDoesNotComeBackIsNone) {
  RuleBench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250"), case_of("b", "start: greeted", "C: VRFY a\nS: 250")},
                  [](int n) { return n <= 2; });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, bench.rule).verdict, Verdict::inconclusive);
  EXPECT_CONTAINS(result_of(run, bench.rule).summary, "seen once, but not on a second connection: a line ends in a bare LF");
  EXPECT_TRUE(result_of(run, bench.rule).findings.empty());
  EXPECT_EQ(result_of(run, bench.rule).seen_in, 2u);
  EXPECT_EQ(bench.target.times("VRFY a"), 3) << "one confirmation for the rule, whatever showed it";
}

TEST(Rules, AConfirmationThatTheCaseGetsServesTheRuleToo) {
  RuleBench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 251")}, [](int) { return true; });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::fail);
  EXPECT_EQ(result_of(run, bench.rule).verdict, Verdict::fail);
  EXPECT_EQ(bench.target.times("VRFY a"), 2);
}

TEST(Rules, ATwinIsPlayedAgain) {
  RuleBench bench({case_of("twin", "start: greeted", "C: VRFY bad\nS: 250", "C: VRFY a\nS: 250")}, [](int) { return true; });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, bench.rule).verdict, Verdict::fail);
  EXPECT_EQ(bench.target.times("VRFY a"), 2);
  EXPECT_EQ(bench.target.times("VRFY bad"), 1);
}

TEST(Rules, OnePlayServesAllRulesThatATestShowed) {
  RuleBench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")}, [](int) { return true; });
  bench.target.answer = [](const std::string& line, int) { return line == "VRFY a" ? "250 \x80\n" : "250 good\r\n"; };
  const auto run = bench.run();
  EXPECT_EQ(run.count(Verdict::fail), 2u);
  EXPECT_EQ(bench.target.times("VRFY a"), 2);
}

TEST(Rules, AProbeIsPlayedAgain) {
  RuleBench bench({case_of("a")}, [](int) { return false; });
  bench.target.hello = "250-mx.example.test\n250 SIZE 1000\r\n";
  EXPECT_EQ(result_of(bench.run(), bench.rule).verdict, Verdict::fail);
}

TEST(Rules, NoConfirmationOfAnInterruptedRun) {
  RuleBench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250"), case_of("bad", "start: greeted", "C: VRFY b\nS: 550")},
                  [](int) { return true; });
  bench.options.fail_fast = true;
  bench.options.jobs = 1;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, bench.rule).verdict, Verdict::inconclusive);
  EXPECT_CONTAINS(result_of(run, bench.rule).summary, "the run ended before it could be seen again");
}

TEST(Rules, AreQuietWhenTheyShall) {
  Bench bench(many(2));
  EXPECT_EQ(bench.run().tests.size(), 2u);
}

}  // namespace
}  // namespace smtpspec::run
