// A run document is read back as it was, or not at all.
#include "smtpspec/report/read.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "test/expect.hpp"

namespace smtpspec::report {
namespace {

namespace json_ = boost::json;

using judge::Verdict;
using smtp::Role;
using EntryKind = session::Entry::Kind;
using std::chrono::milliseconds;

judge::Finding finding(const std::string& rule, Verdict verdict, const std::string& came, int entry) {
  judge::Finding out;
  out.rule = rule;
  out.requirements = {"RFC5321-1-1", "RFC5321-1-2"};
  out.level = script::Level::should;
  out.verdict = verdict;
  out.step = "RCPT";
  out.expected = "250";
  out.came = came;
  out.place = {"cases/a.yaml", 7, 3};
  out.entry = entry;
  return out;
}

session::Entry entry(EntryKind kind, milliseconds at, const std::string& octets, int connection = 1) {
  return {.kind = kind, .at = session::Time{} + at, .connection = connection, .octets = octets, .reply = {}};
}

// All that a document can hold is in it.
Reported whole() {
  Reported out;
  out.suite = {"1.2", std::string(64, 'a'), "replay", 2, 5};
  run::Run& run = out.run;
  run.target = "target";
  run.version = "3.4";
  run.started = "2026-12-31T23:59:59Z";
  run.facts = {{"domain", "example.org"}};
  run.endpoints = {{Role::relay, {"::1", 25}}, {Role::submission, {"h", 588}}, {Role::submissions, {"h", 465}}};
  run.offers[Role::relay] = {.reached = true,
                             .greeting = "h ESMTP\x01",
                             .clear = {},
                             .ready = {{{"SIZE", "1000"}, {"PIPELINING", ""}, {"X\xff", "a b"}}},
                             .tls = {},
                             .trouble = {}};
  run.offers[Role::relay].tls.trust = "self-signed";
  run.offers[Role::submissions] = {.reached = false, .greeting = {}, .clear = {}, .ready = {}, .tls = {}, .trouble = "refused"};
  run.dead_roles[Role::submissions] = "refused";
  run.deaths = {"exited with status 3"};
  run.left_out = 4;
  run.replies = 17;
  run.duration = milliseconds(1500);
  run.interrupted = true;
  run.log = "/tmp/log";
  run.log_cut = true;
  run.deadlines.data = milliseconds(77);

  run::TestResult failed;
  failed.id = "a/b[x]";
  failed.row = "x";
  failed.role = Role::submission;
  failed.requirements = {"RFC5321-1-1"};
  failed.title = "what is right";
  failed.verdict = Verdict::fail;
  failed.summary = "RCPT: expected 250, but came 550 no";
  failed.findings = {finding("a/b", Verdict::deviation, "251 near", 1), finding("a/b", Verdict::fail, "550 no", 2)};
  failed.transcript.entries = {entry(EntryKind::note, milliseconds(5), "connected"),
                               entry(EntryKind::sent, milliseconds(6), "A\r\n\\\xff", 2),
                               entry(EntryKind::octets, milliseconds(1007), std::string(5000, 'x') + "\r\n")};
  failed.marked = 2;
  failed.place = {"cases/a.yaml", 7, 0};
  failed.duration = std::chrono::microseconds(12345);
  failed.log = {"a line"};
  failed.flaky = true;
  run.tests.push_back(failed);
  failed.role = Role::relay;
  failed.waived = "known";
  failed.by_letter = true;
  failed.findings.back().by_letter = true;
  run.tests.push_back(failed);
  run::TestResult observed;
  observed.id = "c";
  observed.verdict = Verdict::observed;
  observed.findings = {finding("c", Verdict::observed, "250 yes", 0)};
  observed.findings[0].choice = observed.choice = "accepted";
  run.tests.push_back(observed);
  run::TestResult rule;
  rule.rule = &judge::rules().front();
  rule.id = rule.rule->name;
  rule.verdict = Verdict::pass;
  rule.checked = 12;
  rule.seen_in = 3;
  rule.example = "c";
  run.tests.push_back(rule);
  run::WaiverUse use;
  use.waiver = {"a/*", Role::relay, "known", "2027-01-01", {}};
  use.state = run::WaiverUse::State::used;
  use.tests = 1;
  run.waivers = {use};
  return out;
}

std::string written(const Reported& reported) { return json(reported.run, reported.suite, {}); }

Result<Reported> read(std::string_view text) { return read_run(text, "run.json", {}); }

TEST(Read, WhatIsReadIsWrittenAgain) {
  const std::string text = written(whole());
  const auto after = read(text);
  ASSERT_TRUE(after) << to_string(after.error());
  EXPECT_EQ(written(*after), text) << "what was cut is cut as it was";
}

TEST(Read, EveryReportIsWhatItWas) {
  Reported before = whole();
  for (auto& test : before.run.tests)
    if (!test.transcript.entries.empty()) test.transcript.entries.back().octets.resize(900);  // so that none is cut
  const auto after = read(written(before));
  ASSERT_TRUE(after) << to_string(after.error());
  for (const auto write : {&junit, &sarif, &tap, &markdown, &github})
    EXPECT_EQ(write(after->run, after->suite, {}), write(before.run, before.suite, {}));
}

TEST(Read, TestsPointToTheirCasesAndRules) {
  script::Suite suite;
  suite.cases.emplace_back().id = "a/b";
  const std::string text = written(whole());
  const auto after = read_run(text, "run.json", suite);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->run.tests[0].test, &suite.cases[0]);
  EXPECT_EQ(after->run.tests[2].test, nullptr);
  EXPECT_EQ(after->run.tests[3].rule, &judge::rules().front());
  EXPECT_EQ(after->run.tests[0].row, "x");
  EXPECT_FALSE(after->run.reached(Role::submissions));
}

TEST(Read, SaysWhatIsWrongAndWhere) {
  const auto error = [](std::string_view text) {
    const auto out = read(text);
    return out ? "" : to_string(out.error());
  };
  EXPECT_CONTAINS(error(""), "run.json:1:1: no JSON");
  EXPECT_CONTAINS(error("{\n \"schema\": x}"), "run.json:2:12: no JSON");
  EXPECT_CONTAINS(error("{} x"), "run.json:1:4: no JSON");
  EXPECT_EQ(error("[]"), "run.json: no run document: expected an object");
  EXPECT_EQ(error("{}"), "run.json: no run document: schema: it is missing");
  EXPECT_EQ(error(R"({"schema": "smtpspec.run.v9"})"),
            "run.json: a document of the schema 'smtpspec.run.v9'; what is read here is 'smtpspec.run.v2'");
  const auto with = [&](const auto& change) {
    auto document = json_::parse(written(whole())).as_object();
    change(document);
    return error(json_::serialize(document));
  };
  EXPECT_EQ(with([](json_::object& document) { document.erase("cases"); }), "run.json: the run document is damaged: cases: it is missing");
  const auto in_test = [&](const char* name, const json_::value& value) {
    return with([&](json_::object& document) { document["cases"].as_array()[1].as_object()[name] = value; });
  };
  EXPECT_CONTAINS(in_test("role", "mx"), "cases[1].role: expected one of relay, submission, submissions");
  EXPECT_CONTAINS(in_test("summary", 7), "cases[1].summary: expected a string");
  EXPECT_CONTAINS(in_test("line", -1), "cases[1].line: expected a whole number");
  EXPECT_CONTAINS(in_test("transcript", {{{"t_ms", 0}, {"dir", "C"}, {"octets", "\\q"}}}),
                  "cases[1].transcript[0].octets: no spelling of octets");
}

// However a document is damaged, it is read or refused; and what is read can be reported.
TEST(Read, AnyDamageIsSurvived) {
  const std::string text = written(whole());
  for (std::size_t size = 0; size < text.size() - 1; size += 7) EXPECT_FALSE(read(std::string_view(text).substr(0, size)));
  const json_::value document = json_::parse(text);
  std::vector<std::string> pointers;
  const auto walk = [&](const auto& self, const json_::value& value, const std::string& at) -> void {
    if (!at.empty()) pointers.push_back(at);
    if (const auto* object = value.if_object())
      for (const auto& [name, inner] : *object) self(self, inner, at + "/" + std::string(name));
    if (const auto* array = value.if_array())
      for (std::size_t i = 0; i < array->size(); ++i) self(self, (*array)[i], at + "/" + std::to_string(i));
  };
  walk(walk, document, "");
  EXPECT_GT(pointers.size(), 150u);
  std::size_t refused = 0;
  for (const std::string& pointer : pointers)
    for (const json_::value& other : std::initializer_list<json_::value>{nullptr, 1e300, -1, 4e9, "x", json_::array{}, json_::object{}}) {
      json_::value damaged = document;
      damaged.at_pointer(pointer) = other;
      const auto after = read(json_::serialize(damaged));
      if (!after) ++refused;
      else
        for (const auto write : {&json, &junit, &sarif, &tap, &markdown, &github}) write(after->run, after->suite, {});
    }
  EXPECT_GT(refused, pointers.size());
}

}  // namespace
}  // namespace smtpspec::report
