// Which tests a run has, and which of them the target cannot be asked.
#include "smtpspec/run/selection.hpp"

#include <gtest/gtest.h>

#include <set>

#include "smtpspec/run/applicability.hpp"
#include "test/run_bench.hpp"

namespace smtpspec::run {
namespace {

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

TEST(Selection, NearIds) {
  script::Suite suite;
  suite.cases = some_cases();
  std::string requirements = "rfc: 5321\ntitle: t\nrequirements:\n";
  for (const char* id : {"4.1-1", "4.1-2", "4.1.1-1"})
    requirements += std::string("  ") + id + ":\n    level: MUST\n    subject: server\n    observable: none\n    says: A server does.\n";
  const auto added = suite.registry.add(requirements, "r.yaml");
  ASSERT_TRUE(added) << to_string(added.error());
  EXPECT_EQ(near_ids(suite, "rfc5321/data/sise").front(), "rfc5321/data/size");
  EXPECT_EQ(near_ids(suite, "rset"), std::vector<std::string>{"rfc5321/order/rset"});
  EXPECT_EQ(near_ids(suite, "RFC5321-4.1"), (std::vector<std::string>{"RFC5321-4.1-1", "RFC5321-4.1-2", "RFC5321-4.1.1-1"}));
  EXPECT_EQ(near_ids(suite, "RFC5321-4.2-2").front(), "RFC5321-4.1-2");
  EXPECT_EQ(near_ids(suite, "rules/reply-texd").front(), "rules/reply-text");
  EXPECT_TRUE(near_ids(suite, "nothing like it").empty());
  EXPECT_TRUE(near_ids(suite, "").empty());
}

TEST(Selection, WhatMissingFactsCost) {
  Bench bench({case_of("a", "covers: [NONE-1-1, NONE-2-2]\nrequires: [account]"), case_of("b", "covers: [NONE-1-1]"),
               case_of("c", "covers: [NONE-3-3]\nrequires: [account, restart]"),
               case_of("d", "covers: [NONE-3-3]\nrequires: [DSN, account]")});
  const auto all = costs(select(bench.suite, {}, bench.profile), bench.profile, {});
  ASSERT_EQ(all.size(), 2u);
  const Cost& account = all.at({"account"});
  EXPECT_EQ(account.cases, std::set<std::string>{"a"});
  EXPECT_EQ(account.tests.at(Role::relay), 1u);
  EXPECT_EQ(account.requirements, std::set<std::string>{"NONE-2-2"}) << "the other has a test that needs no fact";
  EXPECT_EQ(all.at({"account", "restart"}).requirements, std::set<std::string>{"NONE-3-3"});
}

TEST(Selection, Conditions) {
  Bench bench({
      case_of("offered", "requires: [PIPELINING, SIZE>=1000, not DSN]"),
      case_of("not-offered", "requires: [DSN]"),
      case_of("too-small", "requires: [SIZE>=1001]"),
      case_of("negated", "requires: [not PIPELINING]"),
      case_of("rows", "start: greeted\neach:\n  any: {}\n  asks: {requires: [DSN]}\n  between-chunks: {start: bdat}"),
      case_of("all-rows", "start: greeted\neach:\n  one: {requires: [DSN]}\n  two: {start: bdat}"),
      case_of("fact", "requires: [account]"),
      case_of("named", "start: ehlo", "C: NOOP {unknown-recipient}\nS: 250"),
      case_of("account", "start: auth"),
      case_of("ipv6", "requires: [ipv6]"),
  });
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "offered").verdict, Verdict::pass);
  EXPECT_EQ(result_of(run, "rows[any]").verdict, Verdict::pass);
  for (const auto& [id, why] : std::map<std::string, std::string>{
           {"not-offered", "DSN is not offered"},
           {"too-small", "SIZE>=1001 is not offered"},
           {"all-rows[one]", "DSN is not offered"},
           {"all-rows[two]", "CHUNKING is not offered"},
           {"fact", "needs an account: give --user NAME (password from SMTPSPEC_PASSWORD)"},
           {"named", "needs a recipient that does not exist: give --rcpt-unknown ADDRESS"},
           {"account", "needs an account: give --user NAME (password from SMTPSPEC_PASSWORD)"},
           {"ipv6", "the endpoint has no IPv6 address"},
       }) {
    EXPECT_EQ(result_of(run, id).verdict, Verdict::skip) << id;
    EXPECT_EQ(result_of(run, id).summary, why);
  }
  for (const std::string id : {"negated", "rows[asks]", "rows[between-chunks]"})
    EXPECT_TRUE(std::none_of(run.tests.begin(), run.tests.end(), [&](const TestResult& test) { return test.id == id; })) << id;
  EXPECT_EQ(run.left_out, 3u);
  EXPECT_EQ(run.missing, (Missing{{{"account"}, {{Role::relay, 2}}}, {{"unknown-recipient"}, {{Role::relay, 1}}}}));
  EXPECT_EQ(bench.target.times("NOOP"), 3) << "one is a probe's: what is skipped is not played";
}

TEST(Selection, WhatIsAboutAnotherKindOfServerIsSkippedWhereItIsNamed) {
  Bench bench({case_of("a", "requires: [not PIPELINING, ipv6]"), case_of("b", "requires: [ipv6, not PIPELINING]"), case_of("c", "")});
  bench.options.selection.globs = {"a", "b*", "c"};
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").summary, "PIPELINING is offered");
  EXPECT_EQ(result_of(run, "c").verdict, Verdict::pass);
  EXPECT_EQ(run.left_out, 1u) << "a pattern names nothing";
}

TEST(Selection, ShardsLeaveOutWhatTheWholeRunDoes) {
  const auto left_out = [](int shard, int shards) {
    Bench bench({case_of("rows", "start: greeted\neach:\n  any: {}\n  asks: {requires: [DSN]}\n  binary: {requires: [BINARYMIME]}")});
    bench.options.selection.shard = shard;
    bench.options.selection.shards = shards;
    return bench.run().left_out;
  };
  EXPECT_EQ(left_out(1, 1), 2u);
  EXPECT_EQ(left_out(1, 3) + left_out(2, 3) + left_out(3, 3), 2u);
}

TEST(Selection, WhereNobodySaidWhatIsOfferedNothingIsLeftOut) {
  Bench bench({case_of("a", "start: greeted\neach:\n  any: {}\n  asks: {requires: [DSN]}")});
  bench.target.hello = "451 later\r\n";
  const auto run = bench.run();
  EXPECT_EQ(run.left_out, 0u);
  EXPECT_EQ(result_of(run, "a[asks]").summary, "DSN is not offered");
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
            "needs an account and a target that smtpspec starts: give --user NAME (password from SMTPSPEC_PASSWORD), --start COMMAND");
}

}  // namespace
}  // namespace smtpspec::run
