// From a test to its result: how often it is tried, and what its twin says.
#include "smtpspec/run/trial.hpp"

#include <gtest/gtest.h>

#include <set>

#include "test/run_bench.hpp"

namespace smtpspec::run {
namespace {

TEST(Trial, OurMistakeIsAnError) {
  Bench bench({case_of("a", "start: greeted", "C: NOOP {pad 5}\nS: 250")});
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::error);
  EXPECT_CONTAINS(result_of(run, "a").summary, "a.yaml:5:3");
}

TEST(Trial, RetriesOnceAfterATemporaryRefusal) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")});
  bench.options.retry_delay = 7s;
  bench.target.answer = [n = 0](const std::string& line, int) mutable {
    return line == "VRFY a" && n++ == 0 ? "450 later\r\n" : "250 fine\r\n";
  };
  auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::pass);
  EXPECT_EQ(bench.target.times("VRFY a"), 2);
  EXPECT_GE(run.duration, 7s);

  bench.target.heard.clear();
  bench.target.answer = [](const std::string&, int) { return "450 later\r\n"; };
  run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
  EXPECT_EQ(bench.target.times("VRFY a"), 2) << "and no more";
}

TEST(Trial, ConfirmsAFindingOnASecondConnection) {
  for (const char* level : {"MUST", "SHOULD", "MAY"}) {
    SCOPED_TRACE(level);
    Bench bench({case_of("a", std::string("start: greeted\nlevel: ") + level, "C: VRFY a\nS: 250")});
    std::set<int> connections;
    bench.target.answer = [&](const std::string& line, int connection) {
      if (line == "VRFY a") connections.insert(connection);
      return line == "VRFY a" ? "500 what?\r\n" : "250 fine\r\n";
    };
    const auto run = bench.run();
    const bool accuses = std::string_view(level) != "MAY";
    EXPECT_EQ(result_of(run, "a").verdict, std::string_view(level) == "MUST"     ? Verdict::fail
                                           : std::string_view(level) == "SHOULD" ? Verdict::deviation
                                                                                 : Verdict::observed);
    EXPECT_EQ(connections.size(), accuses ? 2u : 1u);
    EXPECT_EQ(result_of(run, "a").findings.size(), 1u);
    EXPECT_EQ(result_of(run, "a").place.line, 7);
    const auto& transcript = result_of(run, "a").transcript;
    EXPECT_EQ(transcript.entries.at(static_cast<std::size_t>(result_of(run, "a").marked)).shown(), R"(500 what?\r\n)");
  }
}

TEST(Trial, AFindingThatDoesNotComeBackIsNone) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")});
  for (const char* second : {"250 fine\r\n", "450 later\r\n"}) {
    bench.target.answer = [&, n = 0](const std::string& line, int) mutable {
      return line == "VRFY a" && n++ == 0 ? "500 what?\r\n" : line == "VRFY a" ? second : "250 fine\r\n";
    };
    const auto run = bench.run();
    EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
    EXPECT_CONTAINS(result_of(run, "a").summary, "seen once, but not on a second connection: VRFY: expected 250, but came 500 what?");
    EXPECT_TRUE(result_of(run, "a").findings.empty());
  }
}

// A server that one session spoils for all that come.
TEST(Trial, WhatOneSessionSpoilsIsConfirmedOnATargetStartedAnew) {
  Bench bench({case_of("a", "start: ehlo", "C: VRFY a\nS: 250"), case_of("b", "start: ehlo", "C: VRFY b\nS: 250")});
  bench.options.jobs = 1;
  bool spoilt = false;
  int restarts = 0;
  bench.target.answer = [&](const std::string& line, int) {
    if (spoilt) return "451 out of order\r\n";
    spoilt = line == "VRFY b";
    return spoilt ? "500 what?\r\n" : "250 fine\r\n";
  };
  auto run = bench.run();
  EXPECT_EQ(result_of(run, "b").verdict, Verdict::inconclusive) << "nobody starts it anew";

  bench.attendant.restart = [&](const auto& done) {
    ++restarts;
    spoilt = false;
    done("");
  };
  spoilt = false;
  run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::pass);
  EXPECT_EQ(result_of(run, "b").verdict, Verdict::fail);
  EXPECT_EQ(restarts, 1);

  bench.attendant.restart = [](const auto& done) { done("the port is taken"); };
  spoilt = false;
  run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_CONTAINS(run.trouble, "not started again: the port is taken");
  EXPECT_EQ(result_of(run, "b").verdict, Verdict::inconclusive);
}

TEST(Repeat, EachTestSoOften) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250"), case_of("skipped", "requires: [DSN]")});
  bench.options.repeat = 4;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::pass);
  EXPECT_FALSE(result_of(run, "a").flaky);
  EXPECT_EQ(bench.target.times("VRFY a"), 4);
  EXPECT_EQ(result_of(run, "skipped").verdict, Verdict::skip);
}

TEST(Repeat, AVerdictThatChangesIsFlaky) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")});
  bench.options.repeat = 5;
  // The first round fails on both its connections, the others pass.
  bench.target.answer = [n = 0](const std::string& line, int) mutable {
    return line == "VRFY a" && n++ < 2 ? "500 what?\r\n" : "250 fine\r\n";
  };
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
  EXPECT_TRUE(result_of(run, "a").flaky);
  EXPECT_EQ(result_of(run, "a").summary, "flaky, of 5 rounds pass 4, fail 1: VRFY: expected 250, but came 500 what?");
  EXPECT_TRUE(result_of(run, "a").findings.empty());
  EXPECT_EQ(bench.target.times("VRFY a"), 6);
}

TEST(Repeat, AVerdictThatStaysIsOneResult) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 251")});
  bench.options.repeat = 3;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::fail);
  EXPECT_EQ(result_of(run, "a").findings.size(), 1u);
  EXPECT_EQ(run.tests.size(), 1u);
}

// --- twins ------------------------------------------------------------------------------------------------------------------

std::string refuses_all(const std::string& line, int) { return line.starts_with("VRFY") ? "550 no\r\n" : "250 fine\r\n"; }
std::string refuses_bad(const std::string& line, int) { return line == "VRFY bad" ? "550 no\r\n" : "250 fine\r\n"; }

TEST(Twins, ARefusalCountsWhenTheTwinIsAccepted) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250")});
  bench.target.answer = refuses_bad;
  EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::pass);
  EXPECT_EQ(bench.target.times("VRFY good"), 1);
  bench.target.answer = refuses_all;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
  EXPECT_CONTAINS(result_of(run, "a").summary,
                  "the positive twin did not pass, so that a refusal proves nothing: VRFY: expected 250, but came 550 no");
}

TEST(Twins, AFailureNeedsItToo) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250")});
  bench.target.answer = [](const std::string& line, int) { return line.starts_with("VRFY") ? "500 what?\r\n" : "250 fine\r\n"; };
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
  EXPECT_TRUE(result_of(run, "a").findings.empty());
  bench.target.answer = [](const std::string&, int) { return "250 fine\r\n"; };
  EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::fail);
}

TEST(Twins, IsPlayedOnceForAll) {
  std::vector<script::Case> cases;
  for (int i = 0; i < 20; ++i)
    cases.push_back(case_of("t" + std::to_string(i), "start: greeted", "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250"));
  cases.push_back(case_of("other-start", "start: ehlo", "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250"));
  Bench bench(std::move(cases));
  bench.target.answer = refuses_bad;
  EXPECT_EQ(bench.run().count(Verdict::pass), 21u);
  EXPECT_EQ(bench.target.times("VRFY good"), 2);
}

TEST(Twins, EachRowHasItsOwnWhenItNamesTheRow) {
  const char* rows = "start: greeted\neach:\n  a: {x: good-a}\n  b: {x: good-b}";
  Bench named({case_of("named", rows, "C: VRFY bad\nS: 550", "C: VRFY {x}\nS: 250"),
               case_of("plain", rows, "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250")});
  named.target.answer = [](const std::string& line, int connection) {
    return line == "VRFY good-b" ? "550 no\r\n" : refuses_bad(line, connection);
  };
  const auto run = named.run();
  EXPECT_EQ(result_of(run, "named[a]").verdict, Verdict::pass);
  EXPECT_EQ(result_of(run, "named[b]").verdict, Verdict::inconclusive);
  EXPECT_EQ(result_of(run, "plain[a]").verdict, Verdict::pass);
  EXPECT_EQ(named.target.times("VRFY good"), 1);
}

TEST(Twins, EachRowHasItsOwnWhereItBeginsElsewhere) {
  Bench bench({case_of("a", "start: greeted\neach:\n  here: {}\n  there: {start: ehlo}\n  here-too: {}", "C: VRFY bad\nS: 550",
                       "C: VRFY good\nS: 250")});
  bench.target.answer = refuses_bad;
  EXPECT_EQ(bench.run().count(Verdict::pass), 3u);
  EXPECT_EQ(bench.target.times("VRFY good"), 2);
}

TEST(Twins, IsNotAskedWhereThereWasNothingToAsk) {
  Bench bench({case_of("a", "start: greeted", "C: NOOP\nS: 250 as it\nC: VRFY {address in it}\nS: 550", "C: VRFY good\nS: 250")});
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::skip);
  EXPECT_CONTAINS(result_of(run, "a").summary, "kept as 'it' shows no address");
  EXPECT_EQ(bench.target.times("VRFY good"), 0);
}

TEST(Twins, IsTriedAgainAfterATemporaryRefusal) {
  std::vector<script::Case> cases;
  for (int i = 0; i < 5; ++i)
    cases.push_back(case_of("t" + std::to_string(i), "start: greeted", "C: VRFY bad\nS: 550", "C: VRFY good\nS: 250"));
  Bench bench(std::move(cases));
  bench.options.retry_delay = 7s;
  bench.target.answer = [n = 0](const std::string& line, int) mutable {
    return line == "VRFY good" && n++ == 0 ? "451 busy\r\n" : "250 fine\r\n";
  };
  auto run = bench.run();
  EXPECT_EQ(run.count(Verdict::fail), 5u);
  EXPECT_EQ(bench.target.times("VRFY good"), 2);
  EXPECT_GE(run.duration, 7s);

  bench.target.heard.clear();
  bench.target.answer = [](const std::string& line, int) { return line == "VRFY good" ? "451 busy\r\n" : "250 fine\r\n"; };
  run = bench.run();
  EXPECT_EQ(run.count(Verdict::inconclusive), 5u);
  EXPECT_CONTAINS(result_of(run, "t0").summary, "451 busy");
  EXPECT_EQ(bench.target.times("VRFY good"), 2) << "and no more";
}

// The other try waits for room like everything else.
TEST(Twins, KeepsTheTargetsLimit) {
  std::vector<script::Case> cases = many(30);
  for (int i = 0; i < 10; ++i)
    cases.push_back(case_of("u" + std::to_string(i), "start: greeted", "C: VRFY bad\ndo: wait 1s\nS: 550",
                            "C: VRFY good-" + std::to_string(i) + "\nS: 250"));
  Bench bench(std::move(cases));
  bench.profile.connections = 2;
  bench.target.answer = [](const std::string& line, int) { return line.starts_with("VRFY g") ? "451 busy\r\n" : refuses_bad(line, 0); };
  EXPECT_EQ(bench.run().count(Verdict::inconclusive), 10u);
  EXPECT_EQ(bench.target.most_open, 2);
}

TEST(Twins, IsNotAskedWhenNothingWasSaid) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY bad\nS: 550 , else 250 is inconclusive", "C: VRFY good\nS: 250")});
  EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::inconclusive);
  EXPECT_EQ(bench.target.times("VRFY good"), 0);
}

}  // namespace
}  // namespace smtpspec::run
