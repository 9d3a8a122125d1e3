// The reports: what they count and what they show.
#include "smtpspec/report/report.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <set>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/shell.hpp"
#include "test/expect.hpp"
#include "test/source_directory.hpp"

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
  EXPECT_EQ(all[0].rows(), (std::vector<std::string>{"x", "y"}));
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
  EXPECT_EQ(c.at("findings").at(0).at("came").as_string(), "251 near");
  EXPECT_EQ(c.at("findings").at(1).at("came").as_string(), "500 no");
}

TEST(Terminal, SummaryListsEachBugOnce) {
  const std::string text = terminal_summary(some_run(), {});
  EXPECT_CONTAINS(text, "  fail a  3 tests: 2 rows, relay submission\n      expected 250, but came 500 queue id 17\n      rows: x y\n");
  EXPECT_CONTAINS(text, "  fail a  1 test: 1 row, relay\n      expected 250, but the server closed\n      row: z\n");
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
  EXPECT_CONTAINS(text, "  w.yaml:7: the waiver of c ended on 2020-12-31: 1 test counts again\n");
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
  EXPECT_CONTAINS(junit(run, {}, {}), "<skipped message=\"waived: known &lt;since&gt; 2024\"/>");
}

TEST(Junit, HoldsCharactersOfXmlOnly) {
  run::Run run;
  run.endpoints[Role::relay] = {"h", 1};
  run.tests.push_back(result("a", "", Role::relay, {finding("a", Verdict::fail, "x")}));
  run.tests.back().title =
      "a\uFFFEb\uFFFFc\uFFFDd\x01"
      "e\u00e9";
  EXPECT_CONTAINS(junit(run, {}, {}), ">a?b?c\uFFFDd?e\u00e9\n");
  run.tests.back().title = "a\xef\xbf";
  EXPECT_CONTAINS(junit(run, {}, {}), ">a??\n");
}

TEST(Junit, SaysWhatAViewerShows) {
  run::Run run;
  run.target = "t";
  run.started = "2026-12-31T23:59:59Z";
  run.endpoints[Role::relay] = {"h", 1};
  const auto add = [&](const char* id, const char* row, Verdict verdict, const char* summary) -> run::TestResult& {
    run.tests.push_back(result(id, row, Role::relay, {}));
    run.tests.back().verdict = verdict;
    run.tests.back().summary = summary;
    return run.tests.back();
  };
  auto& failed = add("rfc1/a/b", "x/y", Verdict::fail, "expected 250,\nbut came 500");
  failed.requirements = {"RFC5321-1-1", "RFC5321-1-2"};
  failed.place = {"cases/rfc1/a/b.yaml", 7, 3};
  failed.duration = std::chrono::milliseconds(1500);
  failed.transcript.entries = {{.kind = session::Entry::Kind::sent, .octets = "NOOP <a>\r\n", .reply = {}}};
  failed.marked = 0;
  add("rfc1/p", "", Verdict::pass, "");
  add("rfc1/s", "", Verdict::skip, "DSN is not offered");
  add("rfc1/i", "", Verdict::inconclusive, "RCPT: expected 250, but came 450");
  add("rfc1/d", "", Verdict::deviation, "RCPT: expected 550, but came 554");
  add("rules/r", "", Verdict::error, "our fault");
  const std::string text = junit(run, {"1", "f"}, {});
  EXPECT_CONTAINS(
      text,
      R"(<testsuites name="smtpspec t" tests="6" failures="1" errors="1" skipped="2" timestamp="2026-12-31T23:59:59Z" time="0.000">)");
  EXPECT_CONTAINS(text, R"(<testcase classname="relay.rfc1.a" name="b[x/y]" file="cases/rfc1/a/b.yaml" line="7" time="1.500">)");
  EXPECT_CONTAINS(text, R"(<failure type="RFC5321-1-1" message="expected 250, but came 500">)");
  EXPECT_CONTAINS(text, "&gt;C: NOOP &lt;a&gt;\\r\\n\n</failure>");
  EXPECT_CONTAINS(text, R"(<testcase classname="relay.rfc1" name="p" time="0.000"/>)");
  EXPECT_CONTAINS(text, R"(<skipped message="skip: DSN is not offered"/>)");
  EXPECT_CONTAINS(text, R"(<skipped message="inconclusive: RCPT: expected 250, but came 450"/>)");
  EXPECT_CONTAINS(text, "<system-out>deviation: ");
  EXPECT_CONTAINS(text, R"(<error type="error" message="our fault"/>)");
}

TEST(Junit, ARoleThatCannotBeReachedIsAnError) {
  run::Run run;
  run.endpoints[Role::relay] = {"h", 1};
  run.offers[Role::relay].trouble = "no connection: refused";
  EXPECT_CONTAINS(junit(run, {}, {}), R"(<error type="unreachable" message="smtp://h:1: no connection: refused"/>)");
  EXPECT_CONTAINS(junit(run, {}, {}), R"(tests="1" failures="0" errors="1")");
  run.offers[Role::relay].reached = true;
  EXPECT_CONTAINS(junit(run, {}, {}), R"(tests="0" failures="0" errors="0")");
}

TEST(Json, SaysHowItWasAsked) {
  run::Run run = some_run();
  run.started = "2026-12-31T23:59:59Z";
  run.facts = {{"recipient", "alice@example.test"}, {"password", "***"}};
  for (auto& finding : run.tests[0].findings) finding.step = "RCPT";
  const auto document = boost::json::parse(json(run, {"1", ""}, {})).as_object();
  EXPECT_EQ(document.at("started").as_string(), "2026-12-31T23:59:59Z");
  EXPECT_EQ(document.at("deadlines_ms").at("reply").as_double(), 10000);
  EXPECT_EQ(document.at("target").at("facts").at("password").as_string(), "***");
  EXPECT_EQ(document.at("findings").at(0).at("step").as_string(), "RCPT");
}

// Every key that a document may have is explained in its schema, and the documents have no other.
void explained(const boost::json::object& schema, const std::string& where) {
  if (const auto* properties = schema.if_contains("properties"))
    for (const auto& [name, value] : properties->as_object()) {
      EXPECT_TRUE(value.as_object().contains("description")) << where << "/" << std::string(name);
      explained(value.as_object(), where + "/" + std::string(name));
    }
  if (const auto* items = schema.if_contains("items")) explained(items->as_object(), where + "/items");
  if (const auto* defs = schema.if_contains("$defs"))
    for (const auto& [name, value] : defs->as_object()) explained(value.as_object(), "$defs/" + std::string(name));
}

TEST(Json, TheSchemaExplainsEachKey) {
  std::ifstream file(source_directory() + "/reports/schema/run.v2.json");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto schema = boost::json::parse(text).as_object();
  explained(schema, "");
  const auto document = boost::json::parse(json(some_run(), {"1", ""}, {})).as_object();
  for (const auto& [name, value] : document) EXPECT_TRUE(schema.at("properties").as_object().contains(name)) << std::string(name);
}

TEST(Terminal, SummaryEndsWithWhatFactsWouldAdd) {
  run::Run run;
  run.missing[{"second-recipient"}] = {{Role::relay, 5}, {Role::submission, 7}};
  run.missing[{"account", "restart"}] = {{Role::relay, 1}};
  const std::string text = terminal_summary(run, {});
  EXPECT_CONTAINS(text, "  12 more tests with --rcpt-second ADDRESS: relay 5, submission 7\n");
  EXPECT_CONTAINS(text, "  1 more test with --user NAME (password from SMTPSPEC_PASSWORD) and --start COMMAND: relay 1\n");
}

TEST(Reports, ADeadRoleIsNamed) {
  run::Run run;
  run.dead_roles[Role::submission] = "connection refused";
  run.endpoints = {{Role::relay, {"h", 25}}, {Role::submission, {"h", 587}}};
  run.offers[Role::relay].reached = true;
  run.offers[Role::submission] = {.reached = true, .greeting = {}, .clear = {}, .ready = {}, .tls = {}, .trouble = "connection refused"};
  EXPECT_CONTAINS(terminal_summary(run, {}), "  submission stopped answering, and its tests are inconclusive: connection refused\n");
  const auto document = boost::json::parse(json(run, {"1", ""}, {})).as_object();
  EXPECT_EQ(document.at("dead_roles").at("submission").as_string(), "connection refused");
  EXPECT_FALSE(document.contains("trouble"));
  run.dead = true;
  run.trouble = "connection refused";
  EXPECT_CONTAINS(terminal_summary(run, {}), "  the target stopped answering: connection refused\n");
  EXPECT_EQ(terminal_summary(run, {}).find("submission"), std::string::npos);
}

TEST(Sarif, AResultForEachBug) {
  auto run = some_run();
  for (auto& test : run.tests)
    if (test.id == "a[x]" || test.id == "a[y]") test.waived = "known since 2024";
  run.tests[0].place = {"a folder/a.yaml", 7, 3};
  const auto out = boost::json::parse(sarif(run, {"1", "", "fuzz"}, {})).at("runs").at(0).as_object();
  const auto& results = out.at("results").as_array();
  ASSERT_EQ(results.size(), bugs(run).size());
  const auto& first = results.at(0);
  EXPECT_EQ(first.at("level").as_string(), "error");
  EXPECT_EQ(first.at("suppressions").at(0).at("justification").as_string(), "known since 2024");
  const auto& place = first.at("locations").at(0).at("physicalLocation");
  EXPECT_EQ(place.at("artifactLocation").at("uri").as_string(), "a%20folder/a.yaml");
  EXPECT_EQ(place.at("region").at("startLine").as_int64(), 7);
  EXPECT_TRUE(results.at(1).at("suppressions").as_array().empty());
  std::set<std::string> prints;
  for (const auto& result : results) {
    prints.emplace(result.at("partialFingerprints").at("finding/v1").as_string());
    const auto& rule = out.at("tool").at("driver").at("rules").at(static_cast<std::size_t>(result.at("ruleIndex").as_int64()));
    EXPECT_EQ(rule.at("id"), result.at("ruleId"));
  }
  EXPECT_EQ(prints.size(), results.size());
  EXPECT_EQ(out.at("automationDetails").at("id").as_string(), "smtpspec/fuzz/target/");
  EXPECT_TRUE(out.at("invocations").at(0).at("executionSuccessful").as_bool());
  EXPECT_FALSE(out.at("invocations").at(0).as_object().contains("toolExecutionNotifications"));
}

TEST(Sarif, SaysWhyThereIsNotMore) {
  run::Run run;
  run.dead_roles[Role::relay] = "connection refused";
  run.deaths = {"the target's process exited with status 3"};
  const auto notes = [&run] { return boost::json::parse(sarif(run, {"1", ""}, {})).at("runs").at(0).at("invocations").at(0); };
  const auto text = [](const boost::json::value& note) { return std::string(note.at("message").at("text").as_string()); };
  EXPECT_TRUE(notes().at("executionSuccessful").as_bool());
  EXPECT_EQ(text(notes().at("toolExecutionNotifications").at(0)), "relay: connection refused");
  EXPECT_EQ(text(notes().at("toolExecutionNotifications").at(1)), "the target's process exited with status 3");
  run.dead = true;
  run.trouble = "nobody is there";
  EXPECT_FALSE(notes().at("executionSuccessful").as_bool());
  EXPECT_EQ(text(notes().at("toolExecutionNotifications").at(0)), "nobody is there");
}

TEST(Reports, ARoleThatCannotBeReachedIsLeftOut) {
  run::Run run;
  run.endpoints = {{Role::relay, {"h", 25}}, {Role::submission, {"h", 587}}};
  run.offers[Role::relay].reached = true;
  run.offers[Role::submission].trouble = run.dead_roles[Role::submission] = "no connection: refused";
  EXPECT_CONTAINS(terminal_summary(run, {}), "  submission://h:587 is left out: no connection: refused\n");
  EXPECT_FALSE(run.nobody_there());
  run.dead = true;
  run.offers[Role::relay].reached = false;
  run.dead_roles[Role::relay] = "no connection: timed out";
  EXPECT_EQ(terminal_summary(run, {}),
            "smtp://h:25: no connection: timed out\nsubmission://h:587: no connection: refused\nnothing was tested\n");
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

session::Entry entry(session::Entry::Kind kind, const std::string& octets) { return {.kind = kind, .octets = octets, .reply = {}}; }

std::size_t widest(const std::string& text) {
  std::size_t out = 0, line = 0;
  for (const char c : text) out = std::max(out, line = c == '\n' ? 0 : line + 1);
  return out;
}

TEST(Terminal, LinesKeepToTheWidth) {
  auto run = some_run();
  for (auto& finding : run.tests[0].findings)
    finding.came = "500 a text of the server that is long enough to be wrapped at any width of a terminal";
  run.offers[Role::relay] = {
      .reached = true, .greeting = {}, .clear = {}, .ready = {}, .tls = {}, .trouble = std::string(50, 'x') + " is what came"};
  run.missing[{"account", "restart"}] = {{Role::relay, 1}, {Role::submission, 1000}, {Role::submissions, 1000}};
  auto test = result("a", "x", Role::relay, {finding("a", Verdict::fail, "500 no")});
  test.summary = test.title = "a summary that is longer than eighty columns, as they are when a reply with a text of its own stands in it";
  test.transcript.entries = {entry(session::Entry::Kind::sent, "VRFY " + std::string(300, 'v') + "\r\n"),
                             entry(session::Entry::Kind::octets, "500 " + std::string(40, 'a') + " " + std::string(40, 'b') + "\r\n")};
  test.marked = 1;
  test.log = {std::string(300, 'l')};
  for (const std::size_t width : {60u, 80u, 100u}) {
    EXPECT_LE(widest(terminal_summary(run, {.width = width})), width);
    const std::string text = terminal_test(test, {}, {.width = width});
    EXPECT_LE(widest(text), width) << text;
  }
  const std::string text = terminal_test(test, {}, {.width = 60});
  EXPECT_CONTAINS(text, "  -> S: 500 " + std::string(40, 'a') + " \n             " + std::string(40, 'b') + "\n       expected: 250\n");
  EXPECT_CONTAINS(text, "117 more\n") << "200 octets with what says so";
}

TEST(Terminal, WhatRepeatsStandsOnce) {
  using Kind = session::Entry::Kind;
  auto test = result("a", "", Role::relay, {finding("a", Verdict::fail, "500 no")});
  const auto text_of = [&](int pairs) {
    test.transcript.entries = {entry(Kind::note, "connected")};
    for (int i = 0; i < pairs; ++i)
      for (const auto& one : {entry(Kind::sent, "NOOP\r\n"), entry(Kind::octets, "250 Ok\r\n")}) test.transcript.entries.push_back(one);
    for (int i = 0; i < 4; ++i) test.transcript.entries.push_back(entry(Kind::octets, "500 no\r\n"));
    test.marked = static_cast<int>(test.transcript.entries.size()) - 1;
    return terminal_test(test, {}, {});
  };
  EXPECT_CONTAINS(text_of(20),
                  "     *: connected\n     C: NOOP\n     S: 250 Ok\n     *: the same 19 times more\n     S: 500 no\n"
                  "     *: the same 2 times more\n  -> S: 500 no\n");
  EXPECT_CONTAINS(text_of(2), "     C: NOOP\n     S: 250 Ok\n     C: NOOP\n     S: 250 Ok\n     S: 500 no\n");
}

TEST(Terminal, ALongReplyIsWholeWhereItIsWrong) {
  auto test = result("a", "", Role::relay, {finding("a", Verdict::fail, "500 no")});
  std::string octets;
  for (int i = 1; i <= 12; ++i) octets += fmt::format("250{}K{}\r\n", i < 12 ? '-' : ' ', i);
  test.transcript.entries = {entry(session::Entry::Kind::octets, octets), entry(session::Entry::Kind::octets, octets)};
  test.marked = 1;
  const std::string text = terminal_test(test, {}, {});
  EXPECT_CONTAINS(text, "     S: 250-K1\n         250-K2\n         ... 8 lines ...\n         250-K11\n         250 K12\n");
  EXPECT_CONTAINS(text, "  -> S: 250-K1\n         250-K2\n         250-K3\n");
  EXPECT_CONTAINS(terminal_test(test, {}, {.verbosity = 1}), "     S: 250-K1\n         250-K2\n         250-K3\n");
}

TEST(Terminal, ALongLogIsCounted) {
  auto test = result("a", "", Role::relay, {finding("a", Verdict::fail, "500 no")});
  for (int i = 1; i <= 12; ++i) test.log.push_back("line " + std::to_string(i));
  EXPECT_CONTAINS(terminal_test(test, {}, {}), "    the target logged meanwhile:\n      line 1\n");
  test.log.push_back("line 13");
  EXPECT_CONTAINS(terminal_test(test, {}, {}), "    the target logged 13 lines meanwhile; -v -v shows them\n");
  EXPECT_CONTAINS(terminal_test(test, {}, {.verbosity = 2}), "    the target logged meanwhile:\n      line 1\n");
}

TEST(Bugs, AnInconclusiveTestThatWasPlayedIsOne) {
  run::Run run;
  for (const char* row : {"x", "y"}) {
    run.tests.push_back(result("a", row, Role::relay, {}));
    run.tests.back().verdict = Verdict::inconclusive;
    run.tests.back().summary = "VRFY: expected 250, but came 450 later";
  }
  EXPECT_TRUE(bugs(run).empty()) << "the run says why nothing was played";
  for (auto& test : run.tests) test.transcript.entries = {entry(session::Entry::Kind::note, "connected")};
  EXPECT_CONTAINS(terminal_summary(run, {}),
                  "  inconclusive a  2 tests: 2 rows, relay\n      VRFY: expected 250, but came 450 later\n      rows: x y\n");
  EXPECT_TRUE(boost::json::parse(json(run, {"1", ""}, {})).at("findings").as_array().empty());
}

TEST(Shell, Words) {
  EXPECT_EQ(shell_line({"run", "smtp://[::1]:25", "a b", "", "it's", "~", "--x=a@b", "$HOME", "*"}),
            R"(run 'smtp://[::1]:25' 'a b' '' 'it'\''s' '~' --x=a@b '$HOME' '*')");
}

}  // namespace
}  // namespace smtpspec::report
