// TAP, Markdown and GitHub's annotations: what they count, and that nothing of a target is taken for their own signs. Real readers are
// asked by reports/page/test/formats.mjs.
#include <gtest/gtest.h>

#include "smtpspec/report/report.hpp"
#include "test/expect.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;
using smtp::Role;

run::Run run_of(Verdict verdict, const std::string& came) {
  run::Run run;
  run.target = "target";
  run.endpoints = {{Role::relay, {"h", 25}}};
  run::TestResult test;
  test.id = "a/b[x]";
  test.row = "x";
  test.title = "what is right";
  test.verdict = verdict;
  test.summary = "RCPT: expected 250, but came " + came;
  test.place = {"cases/a.yaml", 7, 0};
  if (verdict == Verdict::fail || verdict == Verdict::deviation || verdict == Verdict::observed) {
    judge::Finding finding;
    finding.rule = "a/b";
    finding.requirements = {"RFC5321-1-1"};
    finding.verdict = verdict;
    finding.step = "RCPT";
    finding.expected = "250";
    finding.came = came;
    test.findings = {finding};
  }
  run.tests = {test};
  return run;
}

script::Registry registry() {
  script::Registry out;
  EXPECT_TRUE(out.add(
      "rfc: 5321\ntitle: A\nrequirements:\n  1-1: {level: MUST, subject: server, observable: wire, says: A <b>thing</b>.}\n", "a.yaml"));
  return out;
}

std::string tap_of(const run::Run& run) { return tap(run, {"1", ""}, registry()); }

TEST(Tap, APointForEachTest) {
  const auto lines = [](Verdict verdict) {
    const std::string out = tap_of(run_of(verdict, "550 no"));
    return out.substr(out.find("1..1\n"));
  };
  EXPECT_EQ(lines(Verdict::pass), "1..1\n# target, smtpspec 1\nok 1 - relay a/b[x]\n");
  EXPECT_CONTAINS(lines(Verdict::skip), "\nok 1 - relay a/b[x] # SKIP skip: RCPT");
  EXPECT_CONTAINS(lines(Verdict::inconclusive), "\nok 1 - relay a/b[x] # SKIP inconclusive: RCPT");
  EXPECT_CONTAINS(lines(Verdict::error), "\nnot ok 1 - relay a/b[x]\n  ---\n");
  EXPECT_CONTAINS(lines(Verdict::deviation), "\nok 1 - relay a/b[x]\n  ---\n");
  EXPECT_CONTAINS(lines(Verdict::fail),
                  "\nnot ok 1 - relay a/b[x]\n  ---\n  message: \"RCPT: expected 250, but came 550 no\"\n  severity: \"fail\"\n");
  EXPECT_CONTAINS(lines(Verdict::fail), "  requirement: \"RFC5321-1-1\"\n  says: \"A <b>thing</b>.\"\n  wanted: \"250\"\n");
  EXPECT_CONTAINS(lines(Verdict::fail), "  file: \"cases/a.yaml\"\n  line: 7\n");
}

TEST(Tap, WhatIsByLetterOrWaivedBreaksNoBuild) {
  auto run = run_of(Verdict::fail, "550 no");
  run.tests[0].by_letter = true;
  EXPECT_CONTAINS(tap_of(run), "\nok 1 - relay a/b[x]\n  ---\n");
  run.tests[0].by_letter = false;
  run.tests[0].waived = "known # since\xe2\x80\xa8\n2024";
  EXPECT_CONTAINS(tap_of(run), "\nnot ok 1 - relay a/b[x] # TODO waived: known \\# since  2024\n");
}

TEST(Tap, NothingOfATargetIsAPointOrDirective) {
  const std::string out = tap_of(run_of(Verdict::fail, "550 no\n...\nBail out! # SKIP\xe2\x80\xa8"));
  EXPECT_EQ(out.find("\nBail out!"), std::string::npos) << out;
  EXPECT_CONTAINS(out, "  found: \"550 no\\n...\\nBail out! # SKIP\\u2028\"\n");
}

TEST(Tap, NobodyThereBailsOut) {
  run::Run run;
  run.endpoints = {{Role::relay, {"h", 25}}};
  run.offers[Role::relay] = {};
  run.dead = true;
  run.trouble = "no connection: refused";
  EXPECT_EQ(tap_of(run), "TAP version 14\nBail out! no connection: refused\n");
  run.endpoints[Role::submission] = {"h", 587};
  run.offers[Role::relay].reached = true;
  run.dead_roles[Role::submission] = "refused";
  run.offers[Role::submission] = {};
  EXPECT_CONTAINS(tap_of(run), "1..1\n# , smtpspec 1\nnot ok 1 - submission connection\n  ---\n  message: \"refused\"\n");
}

TEST(Markdown, CountsAndFindings) {
  const std::string out = markdown(run_of(Verdict::fail, "550 no"), {"1", ""}, registry());
  EXPECT_CONTAINS(out, "| | relay |\n|---|---:|\n| fail | 1 |\n| pass | 0 |\n\n");
  EXPECT_CONTAINS(
      out, "| fail | `a/b` | `RCPT: expected 250, but came 550 no` | RFC 5321 section 1, MUST: A \\<b\\>thing\\</b\\>. | 1: relay |\n");
  EXPECT_CONTAINS(markdown(run_of(Verdict::observed, "250 yes"), {"1", ""}, registry()), "Nothing was found that an RFC forbids.\n");
}

TEST(Markdown, WhatATargetSaysIsCode) {
  EXPECT_CONTAINS(markdown(run_of(Verdict::fail, "550 a|b``c\n# d`"), {"1", ""}, registry()),
                  "| ``` RCPT: expected 250, but came 550 a\\|b``c # d` ``` |");
}

TEST(Github, AnAnnotationForEachBug) {
  const std::string law = "%0ARFC 5321 section 1, MUST: A <b>thing</b>.%0A1 test shows it\n";
  EXPECT_EQ(github(run_of(Verdict::fail, "550 100% no\n::error::x"), {"1", ""}, registry()),
            "::error title=target%3A a/b,file=cases/a.yaml,line=7::RCPT: expected 250, but came 550 100%25 no%0A::error::x" + law);
  EXPECT_EQ(github(run_of(Verdict::deviation, "551 near"), {"1", ""}, registry()),
            "::warning title=target%3A a/b,file=cases/a.yaml,line=7::RCPT: expected 250, but came 551 near" + law);
  EXPECT_EQ(github(run_of(Verdict::observed, "250 yes"), {"1", ""}, registry()), "");
  auto run = run_of(Verdict::fail, "550 no");
  run.tests[0].waived = "known";
  EXPECT_EQ(github(run, {"1", ""}, registry()), "");
}

}  // namespace
}  // namespace smtpspec::report
