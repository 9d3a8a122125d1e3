// A run in virtual time: what is selected, how often each test is tried, when the rest is given up.
#include "smtpspec/run/run.hpp"

#include <gtest/gtest.h>
#include <set>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::run {
namespace {

using namespace std::chrono_literals;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;

#define EXPECT_CONTAINS(text, part) EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

script::Case case_of(const std::string& id, const std::string& header = "start: greeted", const std::string& dialogue = "C: NOOP\nS: 250",
                     const std::string& twin = "") {
  std::string text = "title: t\n" + std::string(header.find("covers:") == std::string::npos ? "covers: [NONE-1-1]\n" : "") + header;
  const auto block = [&](const char* key, const std::string& steps) {
    text += std::string("\n") + key + ": |\n  ";
    for (const char c : steps) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  };
  block("dialogue", dialogue);
  if (!twin.empty()) block("twin", twin);
  auto test = script::parse_case(text + "\n", id, id + ".yaml");
  EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
  return test ? *test : script::Case{};
}

// Answers by `answer`, which sees how many connections there were so far; "" says nothing.
struct Target {
  using Answer = std::function<std::string(const std::string& line, int connection)>;
  Answer answer = [](const std::string&, int) { return lawful(""); };
  std::string greeting = "220 mx.example.test ready\r\n";
  std::string hello = "250-mx.example.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n";
  int takes = 1 << 30;  // connections, before it refuses
  int opened = 0, open = 0, most_open = 0;
  std::vector<std::string> heard;

  static std::string lawful(const std::string& line) { return line.starts_with("QUIT") ? "221 bye\r\n" : "250 fine\r\n"; }

  struct Connection final : smtp::Machine {
    explicit Connection(Target& target_) : target(target_), number(++target_.opened) {
      target.most_open = std::max(target.most_open, ++target.open);
    }
    ~Connection() override { --target.open; }
    void on(const Event& event, Actions& actions) override {
      if (event.kind == Event::Kind::opened) actions.push_back({.octets = target.greeting});
      if (event.kind != Event::Kind::octets) return;
      buffer += event.octets;
      for (std::size_t end; (end = buffer.find("\r\n")) != std::string::npos;) {
        const std::string line = buffer.substr(0, end);
        buffer.erase(0, end + 2);
        target.heard.push_back(line);
        std::string reply = line.starts_with("EHLO")   ? target.hello
                            : line.starts_with("QUIT") ? lawful(line)
                            : target.answer            ? target.answer(line, number)
                                                       : lawful(line);
        if (!reply.empty()) actions.push_back({.octets = std::move(reply)});
        if (line.starts_with("QUIT")) actions.push_back({.kind = Action::Kind::close});
      }
    }
    Target& target;
    int number;
    std::string buffer;
  };
  std::unique_ptr<smtp::Machine> accept() { return opened >= takes ? nullptr : std::make_unique<Connection>(*this); }
  int times(const std::string& line) const { return static_cast<int>(std::count(heard.begin(), heard.end(), line)); }
};

Profile relay_profile() {
  Profile out;
  out.name = "memory";
  out.endpoints[Role::relay] = {"memory", 1};
  out.facts.values = {{"recipient", "alice@example.test"}};
  complete_facts(out, "t");
  return out;
}

struct Bench {
  script::Suite suite;
  Target target;
  Profile profile = relay_profile();
  Options options;
  Attendant attendant;
  std::vector<std::string> order;

  explicit Bench(std::vector<script::Case> cases) {
    suite.cases = std::move(cases);
    options.quiet_rules = true;
  }
  Run run() {
    session::MemoryTransport transport([this](Role) { return target.accept(); });
    Runner runner(suite, profile, options, transport, {.deadlines = {}, .digests = {}, .credentials = {}, .nonce = "n"},
                  {[&](std::size_t, std::size_t, const TestResult& result) { order.push_back(result.id); }}, attendant);
    const std::size_t selected = runner.selected();
    Run out = runner.run();
    std::size_t results = 0;
    for (const auto& test : out.tests) results += test.rule == nullptr;
    EXPECT_EQ(results, selected);
    return out;
  }
};

const TestResult& result_of(const Run& run, const std::string& id) {
  const auto it = std::find_if(run.tests.begin(), run.tests.end(), [&](const auto& test) { return test.id == id; });
  static const TestResult none;
  EXPECT_NE(it, run.tests.end()) << id;
  return it == run.tests.end() ? none : *it;
}

// --- selection --------------------------------------------------------------------------------------------------------------

std::vector<script::Case> some_cases() {
  return {
      case_of("rfc5321/data/end", "start: greeted\neach:\n  lf: {x: a}\n  cr: {x: b}", "C: NOOP {x}\nS: 250"),
      case_of("rfc5321/data/size", "start: greeted\ncovers: [RFC1870-3-1, RFC5321-1-1]\ntags: [security, load]"),
      case_of("rfc5321/database", "start: greeted\ncovers: [RFC5321-1-1]\nroles: [relay]"),
      case_of("rfc5321/order/noop", "start: greeted\ntags: [slow, security]"),
      case_of("rfc5321/order/rset", "start: greeted\nroles: [submission]"),
  };
}

std::set<std::string> selected(const Selection& selection, std::vector<Role> endpoints = {Role::relay}) {
  Bench bench(some_cases());
  bench.options.selection = selection;
  bench.profile.endpoints.clear();
  for (const Role role : endpoints) bench.profile.endpoints[role] = {"memory", 1};
  std::set<std::string> out;
  for (const auto& test : bench.run().tests)
    EXPECT_TRUE(out.insert(test.id + (endpoints.size() > 1 ? " " + std::string(to_string(test.role)) : "")).second);
  return out;
}
using Ids = std::set<std::string>;

TEST(Selection, WithoutFilters) {
  EXPECT_EQ(selected({}), (Ids{"rfc5321/data/end[cr]", "rfc5321/data/end[lf]", "rfc5321/data/size", "rfc5321/database"}));
  EXPECT_EQ(selected({.slow = true}).count("rfc5321/order/noop"), 1u);
}

TEST(Selection, Globs) {
  EXPECT_EQ(selected({.globs = {"rfc5321/data"}}), (Ids{"rfc5321/data/end[cr]", "rfc5321/data/end[lf]", "rfc5321/data/size"}))
      << "a folder";
  EXPECT_EQ(selected({.globs = {"rfc5321/data/end"}}), (Ids{"rfc5321/data/end[cr]", "rfc5321/data/end[lf]"})) << "a case";
  EXPECT_EQ(selected({.globs = {"rfc5321/data/end[lf]"}}), Ids{"rfc5321/data/end[lf]"}) << "a row";
  EXPECT_EQ(selected({.globs = {"*size", "*/end[c?]"}}), (Ids{"rfc5321/data/size", "rfc5321/data/end[cr]"}));
  EXPECT_EQ(selected({.globs = {"rfc5321/dat"}}), Ids{});
  EXPECT_EQ(selected({.globs = {"rfc5321"}, .skip = {"rfc5321/data"}}), Ids{"rfc5321/database"});
}

TEST(Selection, CoversAndTags) {
  EXPECT_EQ(selected({.covers = {"RFC1870-*"}}), Ids{"rfc5321/data/size"});
  EXPECT_EQ(selected({.covers = {"RFC5321-1-1"}}), (Ids{"rfc5321/data/size", "rfc5321/database"}));
  EXPECT_EQ(selected({.tags = {"security"}}), Ids{"rfc5321/data/size"});
  EXPECT_EQ(selected({.tags = {"load", "security"}, .slow = true}), (Ids{"rfc5321/data/size", "rfc5321/order/noop"}));
}

TEST(Selection, Roles) {
  const Ids both = selected({.globs = {"rfc5321/data*", "rfc5321/order/rset"}}, {Role::relay, Role::submission});
  EXPECT_EQ(both.count("rfc5321/database relay"), 1u);
  EXPECT_EQ(both.count("rfc5321/database submission"), 0u);
  EXPECT_EQ(both.count("rfc5321/data/size submission"), 1u);
  EXPECT_EQ(selected({.globs = {"rfc5321/order/rset"}, .roles = {Role::relay}}, {Role::relay, Role::submission}), Ids{});
  EXPECT_EQ(selected({.globs = {"rfc5321/order/rset"}}, {Role::relay, Role::submission}), Ids{"rfc5321/order/rset submission"});
}

TEST(Selection, ShardsPartTheSet) {
  const Ids whole = selected({.slow = true});
  for (int shards = 1; shards <= 7; ++shards) {
    Ids all;
    for (int shard = 1; shard <= shards; ++shard) {
      const Ids part = selected({.slow = true, .shard = shard, .shards = shards});
      EXPECT_LE(part.size(), whole.size() / static_cast<std::size_t>(shards) + 1);
      for (const auto& id : part) EXPECT_TRUE(all.insert(id).second) << id << " is in two shards";
    }
    EXPECT_EQ(all, whole);
  }
}

TEST(Selection, PatternsThatFitNothing) {
  script::Suite suite;
  suite.cases = some_cases();
  suite.removed = {{"rfc5321/old", "rfc5321/data/size", "it was doubled"}};
  ASSERT_TRUE(
      suite.registry.add("rfc: 1870\ntitle: SIZE\nrequirements:\n  3-1:\n    level: MUST\n    subject: server\n    observable: "
                         "wire\n    says: x\n    check: y\n",
                         "rfc1870.yaml"));
  const auto said = [&](const Selection& selection) {
    std::string out;
    for (const Error& error : unknown_patterns(suite, selection)) out += to_string(error) + "\n";
    return out;
  };
  EXPECT_EQ(said({.globs = {"rfc5321/data", "rfc5321/data/end[lf]", "*[l?]", "rules/reply-text", "rfc5321/order/noop"},
                  .skip = {"rules"},
                  .covers = {"RFC1870*"},
                  .tags = {"security"}}),
            "")
      << "a slow case is no unknown one";
  EXPECT_EQ(said({.globs = {"rfc5321/data/sise"}}), "no test case or rule fits 'rfc5321/data/sise' (did you mean 'rfc5321/data/size'?)\n");
  EXPECT_EQ(said({.globs = {"rfc5321/data/end[lv]"}}),
            "no test case or rule fits 'rfc5321/data/end[lv]' (did you mean 'rfc5321/data/end[lf]'?)\n");
  EXPECT_EQ(said({.globs = {"rfc5321/old"}}), "test case 'rfc5321/old' was removed: it was doubled (did you mean 'rfc5321/data/size'?)\n");
  EXPECT_EQ(said({.globs = {"rules/reply-texd"}}), "no test case or rule fits 'rules/reply-texd' (did you mean 'rules/reply-text'?)\n");
  EXPECT_EQ(said({.skip = {"rfc5321/dta"}}).find("no test case or rule fits 'rfc5321/dta'"), 0u);
  EXPECT_EQ(said({.covers = {"RFC1870-3-2"}}), "no requirement fits 'RFC1870-3-2' (did you mean 'RFC1870-3-1'?)\n");
  EXPECT_EQ(said({.tags = {"securty"}}), "no test case has the tag 'securty' (did you mean 'security'?)\n");
}

TEST(Selection, Conditions) {
  Bench bench({
      case_of("offered", "requires: [PIPELINING, SIZE>=1000, not DSN]"),
      case_of("not-offered", "requires: [DSN]"),
      case_of("too-small", "requires: [SIZE>=1001]"),
      case_of("negated", "requires: [not PIPELINING]"),
      case_of("fact", "requires: [account]"),
      case_of("named", "start: ehlo", "C: NOOP {unknown-recipient}\nS: 250"),
      case_of("account", "start: auth"),
      case_of("ipv6", "requires: [ipv6]"),
  });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "offered").verdict, Verdict::pass);
  for (const auto& [id, why] : std::map<std::string, std::string>{
           {"not-offered", "DSN is not offered"},
           {"too-small", "SIZE>=1001 is not offered"},
           {"negated", "PIPELINING is offered"},
           {"fact", "needs account: give --user NAME (password from SMTPSPEC_PASSWORD)"},
           {"named", "needs unknown-recipient: give --rcpt-unknown ADDRESS"},
           {"account", "needs account: give --user NAME (password from SMTPSPEC_PASSWORD)"},
           {"ipv6", "the endpoint has no IPv6 address"},
       }) {
    EXPECT_EQ(result_of(run, id).verdict, Verdict::skip) << id;
    EXPECT_EQ(result_of(run, id).summary, why);
  }
  EXPECT_EQ(run.missing, (Missing{{{"account"}, {{Role::relay, 2}}}, {{"unknown-recipient"}, {{Role::relay, 1}}}}));
  EXPECT_EQ(bench.target.times("NOOP"), 2) << "one is a probe's: what is skipped is not played";
}

TEST(Selection, MissingFactsAreCountedByRoleAndTogether) {
  Bench bench({case_of("one", "requires: [restart]"), case_of("two", "requires: [restart, account]"),
               case_of("not-offered", "requires: [restart, DSN]"), case_of("relay", "requires: [restart]\nroles: [relay]")});
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  bench.options.selection.globs = {"one", "two", "not-offered", "relay"};
  const auto run = bench.run();
  EXPECT_EQ(run.missing.at({"restart"}).at(Role::relay), 2u);
  EXPECT_EQ(run.missing.at({"account", "restart"}).at(Role::relay), 1u) << "one of them alone would add nothing";
  for (const auto& test : run.tests)
    if (test.id == "not-offered") {
      EXPECT_EQ(test.summary, "DSN is not offered");
    }
  EXPECT_EQ(result_of(run, "two").summary,
            "needs account and restart: give --user NAME (password from SMTPSPEC_PASSWORD), --start COMMAND");
}

// --- verdicts of a run ------------------------------------------------------------------------------------------------------

TEST(Runner, ResultsAreOrdered) {
  Bench bench({case_of("c"), case_of("a"), case_of("b")});
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  std::vector<std::string> ids;
  for (const auto& test : run.tests) ids.push_back(test.id);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.begin() + 3));
  EXPECT_EQ(ids.size(), 3 + judge::rules().size());
  EXPECT_EQ(bench.order, (std::vector<std::string>{"c", "a", "b"})) << "as they come";
  EXPECT_EQ(run.count(Verdict::pass), 3 + judge::rules().size());
  EXPECT_EQ(run.target, "memory");
}

TEST(Runner, OurMistakeIsAnError) {
  Bench bench({case_of("a", "start: greeted", "C: NOOP {pad 5}\nS: 250")});
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::error);
  EXPECT_CONTAINS(result_of(run, "a").summary, "a.yaml:5:3");
}

TEST(Runner, RetriesOnceAfterATemporaryRefusal) {
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

TEST(Runner, ConfirmsAFindingOnASecondConnection) {
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
    EXPECT_EQ(transcript.shown(transcript.entries.at(static_cast<std::size_t>(result_of(run, "a").marked))), R"(500 what?\r\n)");
  }
}

TEST(Runner, AFindingThatDoesNotComeBackIsNone) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")});
  for (const char* second : {"250 fine\r\n", "450 later\r\n"}) {
    bench.target.answer = [&, n = 0](const std::string& line, int) mutable {
      return line == "VRFY a" && n++ == 0 ? "500 what?\r\n" : line == "VRFY a" ? second : "250 fine\r\n";
    };
    const auto run = bench.run();
    EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
    EXPECT_CONTAINS(result_of(run, "a").summary, "seen once, but not on a second connection: expected 250, but came 500 what?");
    EXPECT_TRUE(result_of(run, "a").findings.empty());
  }
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
  EXPECT_EQ(result_of(run, "a").summary, "flaky, of 5 rounds pass 4, fail 1: expected 250, but came 500 what?");
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

TEST(Waiving, LiftsWhatItNames) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 251"), case_of("b", "start: greeted", "C: VRFY a\nS: 251"), case_of("c"),
               case_of("d", "requires: [DSN]")});
  const auto waiver = [](const char* glob, const char* until) { return Waiver{glob, {}, "known", until, {"w.yaml", 1, 3}}; };
  bench.options.waivers = {waiver("a", "2026-05-01"), waiver("b", "2026-04-30"), waiver("c", ""), waiver("d", ""), waiver("e", "")};
  bench.options.today = "2026-05-01";
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").waived, "known") << "the last day counts";
  EXPECT_EQ(verdict_word(result_of(run, "a")), "waived");
  EXPECT_EQ(result_of(run, "b").waived, "");
  EXPECT_EQ(run.count(Verdict::fail), 1u);
  EXPECT_EQ(run.waived(), 1u);
  std::string states;
  for (const auto& use : run.waivers) states += use.waiver.glob + " " + std::string(to_string(use.state)) + "\n";
  EXPECT_EQ(states, "a used\nb expired\nc stale\nd untested\ne untested\n");
}

TEST(Waiving, LetsARunGoOn) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 251"), case_of("b"), case_of("c")});
  bench.options.waivers = {{"a", {}, "known", "", {}}};
  bench.options.fail_fast = true;
  EXPECT_EQ(bench.run().count(Verdict::pass), 2u);
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
                  "the positive twin did not pass, so that a refusal proves nothing: expected 250, but came 550 no");
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

TEST(Twins, IsNotAskedWhenNothingWasSaid) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY bad\nS: 550 , else 250 is inconclusive", "C: VRFY good\nS: 250")});
  EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::inconclusive);
  EXPECT_EQ(bench.target.times("VRFY good"), 0);
}

// --- many at once -----------------------------------------------------------------------------------------------------------

TEST(Runner, KeepsTheTargetsLimit) {
  std::vector<script::Case> cases;
  for (int i = 0; i < 30; ++i) cases.push_back(case_of("t" + std::to_string(i), "start: greeted", "do: wait 1s\nC: NOOP\nS: 250"));
  for (const auto& [jobs, connections, most] : {std::tuple{0, 7, 7}, {50, 4, 4}, {1, 1, 1}}) {
    Bench bench(cases);
    bench.options.jobs = jobs;
    bench.profile.connections = connections;
    EXPECT_EQ(bench.run().count(Verdict::pass), 30u);
    EXPECT_LE(bench.target.most_open, std::max(most, 2)) << "the two probes come first";
    if (most > 2) {
      EXPECT_EQ(bench.target.most_open, most);
    }
  }
}

TEST(Runner, CountsAllConnectionsOfATest) {
  std::vector<script::Case> cases;
  for (int i = 0; i < 10; ++i)
    cases.push_back(
        case_of("t" + std::to_string(i), "start: greeted", "do: open 2 at greeted\ndo: open 3 at greeted\ndo: wait 1s\nC3: NOOP\nS3: 250"));
  Bench bench(std::move(cases));
  bench.profile.connections = 7;
  EXPECT_EQ(bench.run().count(Verdict::pass), 10u);
  EXPECT_EQ(bench.target.most_open, 6);
}

TEST(Runner, ClonesRunAtOnce) {
  Bench bench({case_of("a", "start: greeted\nclones: 5", "C: VRFY {token}\ndo: wait 1s\nS: 250")});
  EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::pass);
  EXPECT_EQ(bench.target.most_open, 5);
  std::set<std::string> tokens;
  for (const auto& line : bench.target.heard)
    if (line.starts_with("VRFY")) tokens.insert(line);
  EXPECT_EQ(tokens.size(), 5u) << "each has a token of its own";
}

TEST(Runner, TheWorstCloneCounts) {
  Bench bench({case_of("a", "start: greeted\nclones: 5", "C: VRFY a\nS: 250")});
  bench.target.answer = [n = 0](const std::string& line, int) mutable {
    return line == "VRFY a" && ++n % 5 == 3 ? "500 what?\r\n" : "250 fine\r\n";
  };
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::fail);
  EXPECT_CONTAINS(
      result_of(run, "a").transcript.shown(result_of(run, "a").transcript.entries.at(static_cast<std::size_t>(result_of(run, "a").marked))),
      "500 what?");
}

TEST(Runner, MoreClonesThanTheTargetTakes) {
  Bench bench({case_of("a", "start: greeted\nclones: 30", "C: NOOP\nS: 250"), case_of("b")});
  bench.profile.connections = 10;
  EXPECT_EQ(bench.run().count(Verdict::pass), 2u) << "alone, it may";
}

TEST(Runner, ACaseMayWaitLonger) {
  const auto slow = [](const std::string& header) {
    Bench bench({case_of("a", header, "C: VRFY a\nS: 250")});
    bench.target.answer = [](const std::string& line, int) { return line == "VRFY a" ? "" : "250 fine\r\n"; };
    const auto run = bench.run();
    EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
    return result_of(run, "a").summary;
  };
  EXPECT_CONTAINS(slow("start: greeted"), "no reply within 10s");
  EXPECT_CONTAINS(slow("start: greeted\ntimeout: 25s"), "no reply within 25s");
}

// --- giving up --------------------------------------------------------------------------------------------------------------

std::vector<script::Case> many(int count) {
  std::vector<script::Case> out;
  for (int i = 0; i < count; ++i) out.push_back(case_of("t" + std::to_string(100 + i)));
  return out;
}

TEST(Dead, FromTheStart) {
  Bench bench(many(10));
  bench.target.takes = 0;
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_CONTAINS(run.trouble, "connection refused");
  for (const auto& test : run.tests) EXPECT_CONTAINS(test.summary, "the target stopped answering: ");
  EXPECT_EQ(bench.order.size(), 10u) << "each is reported";
}

TEST(Dead, InTheMiddle) {
  Bench bench(many(100));
  bench.options.jobs = 3;
  bench.target.takes = 20;
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_EQ(run.count(Verdict::pass), 18u);
  EXPECT_EQ(run.count(Verdict::inconclusive), 82u);
}

// Two tests without a greeting in a row make a suspicion, and the answer to it clears it.
TEST(Dead, NotWhenItAnswersOnceAsked) {
  Bench bench(many(60));
  bench.options.jobs = 1;
  struct Silent final : smtp::Machine {
    void on(const Event&, Actions&) override {}
  };
  int opened = 0;
  session::MemoryTransport transport([&](Role) -> std::unique_ptr<smtp::Machine> {
    ++opened;
    if (opened % 10 == 4 || opened % 10 == 5) return std::make_unique<Silent>();
    return bench.target.accept();
  });
  Runner runner(bench.suite, bench.profile, bench.options, transport, {});
  const auto run = runner.run();
  EXPECT_FALSE(run.dead);
  EXPECT_GT(run.count(Verdict::inconclusive), 5u);
  EXPECT_EQ(run.count(Verdict::pass) + run.count(Verdict::inconclusive), 60u);
}

// A greeting without a text is a greeting.
TEST(Dead, NotForAnEmptyGreeting) {
  for (const char* greeting : {"220 \r\n", "220\r\n", "\r\n"}) {
    Bench bench(many(3));
    bench.target.greeting = greeting;
    const auto run = bench.run();
    EXPECT_FALSE(run.dead) << smtp::spell(greeting);
    EXPECT_TRUE(run.offers.at(Role::relay).probed);
  }
}

TEST(Dead, AnAttendantStartsItAgain) {
  Bench bench(many(60));
  bench.options.jobs = 2;
  bench.target.takes = 20;
  int restarts = 0;
  bench.attendant.death = [&] { return bench.target.opened >= bench.target.takes ? "ended by signal 11" : ""; };
  bench.attendant.restart = [&] {
    ++restarts;
    bench.target.takes += 1000;
    return "";
  };
  const auto run = bench.run();
  EXPECT_FALSE(run.dead);
  EXPECT_EQ(restarts, 1);
  ASSERT_EQ(run.deaths.size(), 1u);
  EXPECT_CONTAINS(run.deaths[0], "ended by signal 11");
  EXPECT_GT(run.count(Verdict::pass), 50u);
}

TEST(Runner, FailFast) {
  std::vector<script::Case> cases = many(50);
  cases.insert(cases.begin() + 10, case_of("bad", "start: greeted", "C: VRFY a\nS: 251"));
  Bench bench(std::move(cases));
  bench.options.fail_fast = true;
  bench.options.jobs = 2;
  const auto run = bench.run();
  EXPECT_EQ(run.count(Verdict::fail), 1u);
  EXPECT_GE(run.count(Verdict::pass), 5u);
  EXPECT_GT(run.count(Verdict::inconclusive), 30u);
  for (const auto& test : run.tests) {
    if (test.verdict == Verdict::inconclusive) {
      EXPECT_EQ(test.summary, "not run: --fail-fast");
    }
  }
  EXPECT_FALSE(run.dead);
}

TEST(Runner, FailFastPassesOverWhatIsByLetter) {
  Bench bench({case_of("a", "start: greeted\ncovers: [RFC5321-1-1]", "C: VRFY a\nS: 251"), case_of("b"), case_of("c")});
  ASSERT_TRUE(
      bench.suite.registry.add("rfc: 5321\ntitle: SMTP\nrequirements:\n  1-1:\n    level: MUST\n    subject: server\n    observable: "
                               "wire\n    says: x\n    check: y\n"
                               "    by-letter: {since: 2026-01-01, reason: nobody does it}\n",
                               "rfc5321.yaml"));
  bench.options.fail_fast = true;
  const auto run = bench.run();
  EXPECT_EQ(run.count(Verdict::fail), 1u);
  EXPECT_EQ(run.by_letter(), 1u);
  EXPECT_EQ(run.count(Verdict::pass), 2u);
}

// --- rules as tests ---------------------------------------------------------------------------------------------------------

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
  EXPECT_EQ(crlf.transcript.shown(crlf.transcript.entries.at(static_cast<std::size_t>(crlf.marked))), R"(251 fine\n)");
  EXPECT_EQ(crlf.checked, run.replies);
  EXPECT_EQ(result_of(run, "rules/reply-line").verdict, Verdict::pass);
  EXPECT_TRUE(std::none_of(run.tests.begin(), run.tests.end(), [](const auto& test) { return test.id == "rules/reply-text"; }))
      << "left out";
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

// --- what results keep ------------------------------------------------------------------------------------------------------

TEST(Results, ALongTranscriptIsKeptByItsEnds) {
  Bench bench({case_of("a", "start: greeted", "octet by octet:\n  C: NOOP {\"x\" x 4000}\nS: 250\nC: VRFY a\nS: 251")});
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  const auto& test = result_of(run, "a");
  EXPECT_EQ(test.verdict, Verdict::fail);
  const auto& entries = test.transcript.entries;
  EXPECT_LT(entries.size(), 310u);
  EXPECT_EQ(test.transcript.shown(entries.at(static_cast<std::size_t>(test.marked))), R"(250 fine\r\n)");
  EXPECT_EQ(test.findings.at(0).entry, test.marked);
  EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [](const auto& entry) { return entry.octets == "3812 entries are left out"; }))
      << entries.at(100).octets;
  EXPECT_EQ(entries.front().octets, "connected");
}

TEST(Results, ALongEntryIsCutButNoSecret) {
  Bench bench({case_of("a", "start: greeted", "C: NOOP {\"x\" x 8181} {password}\nS: 251")});
  bench.profile.facts.values["user"] = "alice";
  bench.profile.facts.values["password"] = "correct horse";
  const auto run = bench.run();
  const auto& test = result_of(run, "a");
  for (const auto& entry : test.transcript.entries) {
    EXPECT_LE(entry.octets.size(), 8192u);
    EXPECT_EQ(test.transcript.shown(entry, 100000).find("corr"), std::string::npos);
  }
}

// --- the whole, with the reference server -----------------------------------------------------------------------------------

TEST(Runner, ProbesTellWhatIsOffered) {
  serve::MemoryStore store;
  serve::Server server({}, store, crypto::digests());
  session::MemoryTransport transport([&](Role role) { return server.accept(role); });
  Profile profile = relay_profile();
  for (const Role role : smtp::all_roles) profile.endpoints[role] = {"memory", 1};
  profile.facts.values["user"] = "alice";
  profile.facts.values["password"] = "correct horse";
  const script::Suite suite;
  Runner runner(suite, profile, {}, transport, {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"});
  const auto run = runner.run();
  EXPECT_FALSE(run.dead);
  for (const Role role : smtp::all_roles) {
    const Offer& offer = run.offers.at(role);
    EXPECT_TRUE(offer.probed);
    EXPECT_EQ(offer.trouble, "");
    EXPECT_CONTAINS(offer.greeting, "mx.example.test");
    EXPECT_TRUE(offer.ready.has("SIZE"));
    EXPECT_EQ(offer.clear.has("STARTTLS"), role != Role::submissions);
    EXPECT_EQ(offer.ready.has("AUTH"), role != Role::relay);
    EXPECT_EQ(offer.tls.version, role == Role::relay ? 0 : 13);
  }
}

}  // namespace
}  // namespace smtpspec::run
