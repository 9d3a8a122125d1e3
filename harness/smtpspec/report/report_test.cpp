// The reports: what they count and what they show.
#include "smtpspec/report/report.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/shell.hpp"
#include "test/expect.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;
using smtp::Role;

judge::Finding finding(const std::string& rule, Verdict verdict, const std::string& came, const std::string& choice = "") {
  judge::Finding out;
  out.rule = rule;
  out.requirements = {"RFC5321-1-1"};
  out.verdict = verdict;
  out.expected = "250";
  out.came = came;
  out.choice = choice;
  return out;
}

run::TestResult result(const std::string& id, const std::string& row, Role role, std::vector<judge::Finding> findings) {
  static const script::Case test;
  run::TestResult out;
  out.test = &test;
  out.id = row.empty() ? id : id + "[" + row + "]";
  out.row = row;
  out.role = role;
  out.findings = std::move(findings);
  out.verdict = out.findings.empty() ? Verdict::pass : out.worst()->verdict;
  return out;
}

run::Run some_run() {
  run::Run run;
  run.target = "target";
  const auto add = [&](const char* id, const char* row, Role role, std::vector<judge::Finding> findings) {
    run.tests.push_back(result(id, row, role, std::move(findings)));
  };
  add("a", "x", Role::relay, {finding("a", Verdict::fail, "500 queue id 17")});
  add("a", "x", Role::submission, {finding("a", Verdict::fail, "500 queue id 18")});
  add("a", "y", Role::relay, {finding("a", Verdict::fail, "500 queue id 19")});
  add("a", "z", Role::relay, {finding("a", Verdict::fail, "the server closed")});
  add("a", "d", Role::relay, {finding("a", Verdict::deviation, "251 near")});
  add("b", "", Role::relay, {finding("b", Verdict::observed, "250", "accepted")});
  add("b", "", Role::submission, {finding("b", Verdict::observed, "550", "refused")});
  add("c", "", Role::relay, {finding("c", Verdict::deviation, "251 near"), finding("c", Verdict::fail, "500 no")});
  add("d", "", Role::relay, {});
  return run;
}

TEST(Bugs, AreWhatIsEqualInCaseVerdictAndFault) {
  const auto run = some_run();
  const auto all = bugs(run);
  ASSERT_EQ(all.size(), 6u);
  EXPECT_EQ(all[0].tests.size(), 3u);
  EXPECT_EQ(all[0].rows(), 2u);
  EXPECT_EQ(all[0].roles(), (std::vector<Role>{Role::relay, Role::submission}));
  EXPECT_EQ(all[1].finding->came, "the server closed");
  EXPECT_EQ(all[3].finding->choice, "accepted");
  EXPECT_EQ(all[4].finding->choice, "refused");
  EXPECT_EQ(all[5].finding->came, "500 no") << "the worst that the test shows";
}

TEST(Bugs, CountsAddUpToTheSummary) {
  const auto run = some_run();
  for (const Verdict verdict : {Verdict::fail, Verdict::deviation, Verdict::observed}) {
    std::size_t count = 0;
    for (const Bug& bug : bugs(run))
      if (bug.tests.front()->verdict == verdict) count += bug.tests.size();
    EXPECT_EQ(count, run.count(verdict)) << to_string(verdict);
  }
}

TEST(Json, FindingsAreMergedAndCounted) {
  const auto document = boost::json::parse(json(some_run(), {"1", ""}, {})).as_object();
  const auto& first = document.at("findings").as_array().at(0).as_object();
  EXPECT_EQ(first.at("count").as_int64(), 3);
  EXPECT_EQ(first.at("rows").as_int64(), 2);
  EXPECT_EQ(first.at("roles").as_array().size(), 2u);
  EXPECT_EQ(first.at("cases").as_array().at(1).as_string(), "a[x] (submission)");
  const auto& c = document.at("cases").as_array().at(7).as_object();
  EXPECT_EQ(c.at("also").as_array().at(0).as_string(), "deviation: expected 250, but came 251 near");
}

TEST(Terminal, SummaryListsEachBugOnce) {
  const std::string text = terminal_summary(some_run(), {});
  EXPECT_CONTAINS(text, "  fail a  3 tests: 2 rows, relay submission\n      expected 250, but came 500 queue id 17\n");
  EXPECT_CONTAINS(text, "  fail a  1 test: 1 row, relay\n      expected 250, but the server closed\n");
  EXPECT_CONTAINS(text, "  deviation a  1 test: 1 row, relay\n");
  EXPECT_CONTAINS(text, "  fail c  1 test: relay\n");
  EXPECT_EQ(text.find("observed b"), std::string::npos);
  EXPECT_CONTAINS(terminal_summary(some_run(), {.verbosity = 1}), "  observed b  1 test: submission\n      refused: 550\n");
}

TEST(Reports, AWaivedFindingDoesNotCount) {
  auto run = some_run();
  for (auto& test : run.tests)
    if (test.id == "a[x]" || test.id == "a[y]") test.waived = "known <since> 2024";
  run.waivers = {{{"a[x]", {}, "known", "2026-12-31", {"w.yaml", 3, 1}}, run::WaiverUse::State::used, 2},
                 {{"d", {}, "known", "", {"w.yaml", 5, 1}}, run::WaiverUse::State::stale, 0},
                 {{"c", {}, "known", "2020-12-31", {"w.yaml", 7, 1}}, run::WaiverUse::State::expired, 1}};
  EXPECT_FALSE(counts(run.tests[0], {.by_letter = true, .level = script::Level::may}));
  EXPECT_TRUE(counts(run.tests[3], {}));
  const std::string text = terminal_summary(run, {});
  EXPECT_CONTAINS(text, "2 fail");
  EXPECT_CONTAINS(text, "3 waived");
  EXPECT_CONTAINS(text, "  waived a  3 tests: 2 rows, relay submission\n");
  EXPECT_CONTAINS(text, "      waived: known <since> 2024\n");
  EXPECT_CONTAINS(text, "  w.yaml:5: the waiver of d is stale: all that it names passes\n");
  EXPECT_CONTAINS(text, "  w.yaml:7: the waiver of c ended on 2020-12-31: 1 test count again\n");
  EXPECT_EQ(text.find("w.yaml:3"), std::string::npos);
  const auto document = boost::json::parse(json(run, {"1", ""}, {})).as_object();
  const auto& summary = document.at("summary").as_object();
  EXPECT_EQ(summary.at("waived").as_int64(), 3);
  EXPECT_EQ(summary.at("stale-waiver").as_int64(), 1);
  EXPECT_EQ(summary.at("fail").as_int64(), 2);
  EXPECT_EQ(document.at("cases").as_array().at(0).at("verdict").as_string(), "waived");
  EXPECT_EQ(document.at("cases").as_array().at(0).at("waiver").at("verdict").as_string(), "fail");
  EXPECT_EQ(document.at("findings").as_array().at(0).at("verdict").as_string(), "waived");
  run.endpoints[Role::relay] = {"h", 1};
  EXPECT_CONTAINS(junit(run, {}), "<skipped message=\"waived: known &lt;since&gt; 2024\"/>");
}

TEST(Junit, HoldsCharactersOfXmlOnly) {
  run::Run run;
  run.endpoints[Role::relay] = {"h", 1};
  run.tests.push_back(result("a", "", Role::relay, {finding("a", Verdict::fail, "x")}));
  run.tests.back().title =
      "a\uFFFEb\uFFFFc\uFFFDd\x01"
      "e\u00e9";
  EXPECT_CONTAINS(junit(run, {}), ">a?b?c\uFFFDd?e\u00e9\n");
  run.tests.back().title = "a\xef\xbf";
  EXPECT_CONTAINS(junit(run, {}), ">a??\n");
}

TEST(Terminal, SummaryEndsWithWhatFactsWouldAdd) {
  run::Run run;
  run.missing[{"second-recipient"}] = {{Role::relay, 5}, {Role::submission, 7}};
  run.missing[{"account", "restart"}] = {{Role::relay, 1}};
  const std::string text = terminal_summary(run, {});
  EXPECT_CONTAINS(text, "  12 more tests with a second recipient (--rcpt-second ADDRESS): relay 5, submission 7\n");
  EXPECT_CONTAINS(text,
                  "  1 more test with an account and a target that smtpspec starts (--user NAME (password from SMTPSPEC_PASSWORD), "
                  "--start COMMAND): relay 1\n");
}

TEST(Reports, ADeadRoleIsNamed) {
  run::Run run;
  run.dead_roles[Role::submission] = "connection refused";
  run.offers[Role::submission].trouble = "connection refused";
  EXPECT_CONTAINS(terminal_summary(run, {}), "  submission stopped answering, and its tests are inconclusive: connection\n  refused\n");
  const auto document = boost::json::parse(json(run, {"1", ""}, {})).as_object();
  EXPECT_EQ(document.at("dead_roles").at("submission").as_string(), "connection refused");
  EXPECT_FALSE(document.contains("trouble"));
  run.dead = true;
  run.trouble = "connection refused";
  EXPECT_CONTAINS(terminal_summary(run, {}), "  the target stopped answering: connection refused\n");
  EXPECT_EQ(terminal_summary(run, {}).find("submission"), std::string::npos);
}

TEST(Terminal, SaysHowToRunItAgain) {
  auto test = result("a", "x", Role::submission, {finding("a", Verdict::fail, "500 no")});
  test.again = test.id;
  const TerminalOptions options{
      .variables = {"SECRET"}, .command = {"smtpspec", "run", "my server.yaml"}, .flags = {"--start", "server -p {port}"}};
  EXPECT_CONTAINS(terminal_test(test, {}, options),
                  "    again: SECRET=\"$SECRET\" smtpspec run 'my server.yaml' 'a[x]' --role submission --start 'server -p {port}'\n");
}

TEST(Terminal, AFindingSaysWhatPracticeMakesOfItsRequirement) {
  script::Registry registry;
  ASSERT_TRUE(
      registry.add("rfc: 5321\ntitle: A\nrequirements:\n  1-1:\n    {level: MUST, subject: server, observable: wire, says: A thing.,\n"
                   "     by-letter: {since: 2026-01-01, reason: nobody does}, lenient: {since: 2026-01-01, reason: many do more}}\n",
                   "a.yaml"));
  auto test = result("a", "", Role::relay, {finding("a", Verdict::fail, "500 no")});
  test.requirements = {"RFC5321-1-1"};
  EXPECT_CONTAINS(terminal_test(test, registry, {}),
                  "    RFC5321-1-1 (RFC 5321 section 1): A thing.\n    by-letter: nobody does\n    in practice: many do more\n");
}

TEST(Shell, Words) {
  EXPECT_EQ(shell_line({"run", "smtp://[::1]:25", "a b", "", "it's", "~", "--x=a@b", "$HOME", "*"}),
            R"(run 'smtp://[::1]:25' 'a b' '' 'it'\''s' '~' --x=a@b '$HOME' '*')");
}

}  // namespace
}  // namespace smtpspec::report
