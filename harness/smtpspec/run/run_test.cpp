// A run in virtual time: how many sessions at once, when the rest is given up, what results keep.
#include "smtpspec/run/run.hpp"

#include <gtest/gtest.h>

#include <set>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/serve/server.hpp"
#include "test/run_bench.hpp"

namespace smtpspec::run {
namespace {

TEST(Runner, ResultsAreOrdered) {
  Bench bench({case_of("c"), case_of("a"), case_of("b")});
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  std::vector<std::string> ids;
  for (const auto& test : run.tests) ids.push_back(test.id);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.begin() + 3));
  EXPECT_EQ(ids.size(), 3 + judge::rules().size());
  EXPECT_EQ(bench.order, (std::vector<std::string>{"c", "a", "b"})) << "as they come";
  EXPECT_EQ(run.count(Verdict::pass) + run.count(Verdict::skip), 3 + judge::rules().size())
      << "a rule that saw nothing to judge is skipped";
  EXPECT_EQ(run.target, "memory");
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

TEST(Runner, BeginsNothingWhileItsReaderIsBehind) {
  Bench bench(many(40));
  bench.options.jobs = 4;
  std::size_t results = 0;
  int asked = 0, opened = 0;
  bool idle = true;  // once what was under way is through
  session::MemoryTransport transport([&](Role) { return bench.target.accept(); });
  Runner runner(bench.suite, bench.profile, bench.options, transport, {},
                {.on_result = [&](std::size_t, std::size_t, const TestResult&) { ++results; },
                 .behind =
                     [&] {
                       if (results < 10 || ++asked > 30) return false;
                       if (asked == 5) opened = bench.target.opened;
                       idle = idle && (asked <= 5 || bench.target.opened == opened);
                       return true;
                     }});
  const auto run = runner.run();
  EXPECT_EQ(run.count(Verdict::pass), 40u);
  EXPECT_GT(asked, 30);
  EXPECT_TRUE(idle);
  EXPECT_LE(opened, 20);
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
  EXPECT_CONTAINS(result_of(run, "a").transcript.entries.at(static_cast<std::size_t>(result_of(run, "a").marked)).shown(), "500 what?");
}

TEST(Runner, MoreClonesThanTheTargetTakes) {
  Bench bench({case_of("a", "start: greeted\nclones: 30", "C: NOOP\nS: 250"), case_of("b")});
  bench.profile.connections = 10;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").summary, "opens 30 connections at once: the target takes 10 (limits.connections)");
  EXPECT_EQ(result_of(run, "b").verdict, Verdict::pass);
}

TEST(Runner, ACaseMayWaitLonger) {
  const auto slow = [](const std::string& header) {
    Bench bench({case_of("a", header, "C: VRFY a\nS: 250")});
    bench.target.answer = [](const std::string& line, int) { return line == "VRFY a" ? "" : "250 fine\r\n"; };
    const auto run = bench.run();
    EXPECT_EQ(result_of(run, "a").verdict, Verdict::inconclusive);
    return result_of(run, "a").summary;
  };
  EXPECT_CONTAINS(slow("start: greeted"), "nothing came within 10s");
  EXPECT_CONTAINS(slow("start: greeted\ntimeout: 25s"), "nothing came within 25s");
}

// --- giving up --------------------------------------------------------------------------------------------------------------

TEST(Dead, FromTheStart) {
  Bench bench(many(10));
  bench.target.takes = 0;
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_TRUE(run.nobody_there());
  EXPECT_EQ(run.trouble, "no connection: connection refused");
  EXPECT_TRUE(run.tests.empty()) << "one sentence says it all";
  EXPECT_TRUE(bench.order.empty());
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

TEST(Dead, OneRoleSilencesNoOther) {
  for (const Role dead : {Role::relay, Role::submission}) {
    Bench bench(many(10));
    bench.options.quiet_rules = false;
    bench.profile.endpoints[Role::submission] = {"memory", 1};
    bench.takes = [dead](Role role) { return role != dead; };
    bench.target.hello = "250-mx.example.test\r\n250 STARTTLS\r\n";
    const auto run = bench.run();
    EXPECT_FALSE(run.dead);
    EXPECT_EQ(run.trouble, "");
    ASSERT_EQ(run.dead_roles.size(), 1u);
    EXPECT_EQ(run.dead_roles.at(dead), "no connection: connection refused");
    EXPECT_FALSE(run.reached(dead));
    EXPECT_FALSE(run.nobody_there());
    EXPECT_GE(run.count(Verdict::pass), 10u);
    for (const auto& test : run.tests) EXPECT_NE(test.role, dead) << test.id << ": it is left out";
  }
}

TEST(Dead, OneRoleInTheMiddle) {
  Bench bench(many(50));
  bench.options.jobs = 4;
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  bench.takes = [n = 0](Role role) mutable { return role == Role::relay || ++n <= 12; };
  const auto run = bench.run();
  EXPECT_FALSE(run.dead);
  EXPECT_EQ(run.dead_roles.count(Role::submission), 1u);
  EXPECT_EQ(run.count(Verdict::pass), 60u) << "fifty of the one, ten behind the probes of the other";
  EXPECT_EQ(run.count(Verdict::inconclusive), 40u);
}

TEST(Dead, OneRoleAfterTheOther) {
  Bench bench(many(50));
  bench.options.jobs = 4;
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  bench.takes = [relay = 0, submission = 0](Role role) mutable { return role == Role::relay ? ++relay <= 30 : ++submission <= 12; };
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_CONTAINS(run.trouble, "connection refused");
  EXPECT_GE(run.count(Verdict::pass), 36u) << "forty-two connections, less the probes and what was under way at the end";
  EXPECT_LE(run.count(Verdict::pass), 38u);
}

// What one role showed before it died is not asked of it again, and that is said.
TEST(Dead, NothingIsConfirmedWithIt) {
  Bench bench(many(30));
  bench.options.quiet_rules = false;
  bench.options.jobs = 1;
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  int bad = 0;
  bench.takes = [&, n = 0](Role role) mutable {
    if (role == Role::submission) return true;
    if (++n == 8) bad = bench.target.opened + 1;
    return n <= 10;
  };
  bench.target.answer = [&](const std::string&, int connection) { return connection == bad ? "250 fine\n" : "250 fine\r\n"; };
  for (const auto& test : bench.run().tests)
    if (test.id == "rules/reply-ends-in-crlf" && test.role == Role::relay) {
      EXPECT_EQ(test.verdict, Verdict::inconclusive);
      EXPECT_CONTAINS(test.summary, "the run ended before it could be seen again");
    }
}

// A target whose process ends after so many connections, and whose attendant starts it again.
struct Mortal : Bench {
  int restarts = 0;
  std::string trouble;  // that keeps it from coming back

  Mortal(std::vector<script::Case> cases, int lives) : Bench(std::move(cases)) {
    target.takes = lives;
    attendant.death = [this] { return target.opened >= target.takes ? "ended by signal 11" : ""; };
    attendant.restart = [this](const auto& done) {
      ++restarts;
      if (trouble.empty()) target.takes += 1000;
      done(trouble);
    };
  }
};

TEST(Dead, AnAttendantStartsItAgain) {
  Mortal bench(many(60), 20);
  bench.options.jobs = 2;
  const auto run = bench.run();
  EXPECT_FALSE(run.dead);
  EXPECT_EQ(bench.restarts, 1);
  ASSERT_EQ(run.deaths.size(), 1u);
  EXPECT_CONTAINS(run.deaths[0], "ended by signal 11");
  EXPECT_GT(run.count(Verdict::pass), 50u);
}

// The process is one, its roles are several: the second question about it finds it alive again.
TEST(Dead, AnAttendantStartsAllRolesAgain) {
  Mortal bench(many(60), 30);
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  bench.options.jobs = 8;
  const auto run = bench.run();
  EXPECT_FALSE(run.dead);
  EXPECT_TRUE(run.dead_roles.empty());
  EXPECT_EQ(bench.restarts, 1);
  EXPECT_EQ(run.deaths.size(), 1u);
  EXPECT_GT(run.count(Verdict::pass), 90u);
}

TEST(Dead, NothingIsBegunWhileItIsStarted) {
  for (const bool roles : {false, true}) {
    Mortal bench(many(60), 20);
    if (roles) bench.profile.endpoints[Role::submission] = {"memory", 1};
    bench.options.jobs = 8;
    int asked = 0, began = 0, done = 0;
    session::MemoryTransport transport([&](Role) {
      ++asked;
      return bench.target.accept();
    });
    bench.attendant.restart = [&](const auto& started) {
      transport.after(1s, [&] { began = asked; });  // what was under way is over by then
      transport.after(20s, [&, started] {
        done = asked;
        bench.target.takes += 1000;
        started("");
      });
    };
    Runner runner(bench.suite, bench.profile, bench.options, transport, {}, {}, bench.attendant);
    const auto run = runner.run();
    EXPECT_FALSE(run.dead);
    EXPECT_GT(began, 0);
    EXPECT_EQ(done, began);
    EXPECT_EQ(run.deaths.size(), 1u);
    EXPECT_GT(run.count(Verdict::pass), 40u);
  }
}

TEST(Dead, AProcessThatCannotBeStartedAgain) {
  Mortal bench(many(60), 20);
  bench.trouble = "'server' exited with status 3";
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_EQ(bench.restarts, 1);
  ASSERT_EQ(run.deaths.size(), 1u);
  EXPECT_CONTAINS(run.deaths[0], "not started again: 'server' exited with status 3");
}

TEST(Dead, AProcessThatDoesNotComeBackTakesAllRoles) {
  Mortal bench(many(60), 30);
  bench.profile.endpoints[Role::submission] = {"memory", 1};
  bench.attendant.restart = nullptr;
  const auto run = bench.run();
  EXPECT_TRUE(run.dead);
  EXPECT_EQ(run.dead_roles.size(), 2u);
  EXPECT_CONTAINS(run.trouble, "ended by signal 11");
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

// The log of a finding is waited for; who ends the run meanwhile takes no finding away.
TEST(Runner, AFindingStandsThoughTheRunEndsBeforeItsLogIsRead) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 251"), case_of("b", "start: greeted", "C: VRFY a\nS: 251")});
  bench.options.fail_fast = true;
  bench.options.jobs = 2;
  bench.attendant.log_size = [] { return std::uint64_t{0}; };
  bench.attendant.log_since = [](std::uint64_t) { return std::string("heard VRFY\n"); };
  const auto run = bench.run();
  for (const char* id : {"a", "b"}) {
    EXPECT_EQ(result_of(run, id).verdict, Verdict::fail) << result_of(run, id).summary;
    EXPECT_EQ(result_of(run, id).log, std::vector<std::string>{"heard VRFY"});
  }
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

// --- what results keep ------------------------------------------------------------------------------------------------------

TEST(Results, ALongTranscriptIsKeptByItsEnds) {
  Bench bench({case_of("a", "start: greeted", "octet by octet:\n  C: NOOP {\"x\" x 4000}\nS: 250\nC: VRFY a\nS: 251")});
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  const auto& test = result_of(run, "a");
  EXPECT_EQ(test.verdict, Verdict::fail);
  const auto& entries = test.transcript.entries;
  EXPECT_LT(entries.size(), 310u);
  EXPECT_EQ(entries.at(static_cast<std::size_t>(test.marked)).shown(), R"(250 fine\r\n)");
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
    EXPECT_EQ(entry.shown(100000).find("corr"), std::string::npos);
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
