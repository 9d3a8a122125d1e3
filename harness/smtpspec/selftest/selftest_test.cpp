#include "smtpspec/selftest/selftest.hpp"

#include <gtest/gtest.h>

#include "smtpspec/crypto/digests.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::selftest {
namespace {

script::Suite suite_of(std::initializer_list<std::pair<const char*, const char*>> dialogues) {
  script::Suite out;
  for (const auto& [id, dialogue] : dialogues) {
    auto test = script::parse_case(
        "title: t\ncovers: [RFC5321-4.1.1.9-P1]\nroles: [relay]\nstart: ehlo\ndialogue: |\n  " + std::string(dialogue) + "\n", id,
        std::string(id) + ".yaml");
    EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
    if (test) out.cases.push_back(std::move(*test));
  }
  return out;
}

Report try_it(const script::Suite& suite, std::vector<std::string> faults, std::optional<Options::Part> full = {}) {
  return selftest(suite, crypto::digests(), {.full = full, .faults = std::move(faults)});
}

const Trial& trial_of(const Report& report, std::string_view id) {
  static const Trial none;
  for (const Trial& trial : report.trials)
    if (trial.fault->id == id) return trial;
  ADD_FAILURE() << "no trial of " << id;
  return none;
}

TEST(Selftest, ACaseKillsTheFaultThatItIsAbout) {
  const auto suite = suite_of({{"noop", "C: NOOP\n  S: 250"}, {"rset", "C: RSET\n  S: 250"}});
  const Report report = try_it(suite, {"model/ready/RSET/code-500"});
  const Trial& trial = trial_of(report, "model/ready/RSET/code-500");
  EXPECT_TRUE(trial.killers.count("rset"));
  EXPECT_EQ(trial.played, std::set<std::string>{"rset"}) << "NOOP never comes through the cell";
  EXPECT_TRUE(report.accused.empty());
}

TEST(Selftest, AFullRunPlaysWhatDoesNotReachTheFaultToo) {
  const auto suite = suite_of({{"noop", "C: NOOP\n  S: 250"}, {"rset", "C: RSET\n  S: 250"}});
  const Report report = try_it(suite, {"model/ready/RSET/code-500"}, Options::Part{});
  EXPECT_EQ(report.plays, 2u + 1u + 1u) << "on the conforming server, the killer, and the one that comes not to the fault";
  EXPECT_EQ(report.unreached, 1u);
  EXPECT_EQ(report.tried, 1u);
  EXPECT_TRUE(report.unforeseen.empty());
  EXPECT_TRUE(report.holds());
}

// All parts together are the whole, and none is the same for every fault.
TEST(Selftest, AFullRunCanBeDoneInParts) {
  const auto suite = suite_of({{"noop", "C: NOOP\n  S: 250"}, {"help", "C: HELP\n  S: 214"}, {"vrfy", "C: VRFY alice\n  S: 2yz"}});
  const std::vector<std::string> faults = {"model/ready/RSET/code-500", "model/ready/RSET/lost"};
  std::size_t tried = 0;
  for (std::size_t part = 1; part <= 3; ++part) {
    const Report report = try_it(suite, faults, Options::Part{part, 3});
    EXPECT_EQ(report.unreached, 6u);
    EXPECT_EQ(report.tried, 2u) << "one of each fault";
    tried += report.tried;
  }
  EXPECT_EQ(tried, 6u);
}

TEST(Selftest, WhatNoCaseReachesOrLooksAtSurvives) {
  const auto suite = suite_of({{"noop", "C: NOOP\n  S: any"}});
  const Report report = try_it(suite, {"model/ready/NOOP/next-mail", "model/rcpt/DATA/lost"});
  ASSERT_EQ(report.survivors().size(), 2u);
  EXPECT_EQ(trial_of(report, "model/rcpt/DATA/lost").played.size(), 0u);
  EXPECT_EQ(trial_of(report, "model/ready/NOOP/next-mail").played.size(), 1u);
}

TEST(Selftest, AReasonExcusesASurvivorAndIsStaleWithoutOne) {
  auto suite = suite_of({{"noop", "C: NOOP\n  S: 250"}});
  suite.survivors = {{"model/ready/NOOP/next-*", "nothing is sent behind it", {}}, {"model/ready/NOOP/code-*", "no reason", {}}};
  const Report report = try_it(suite, {"model/ready/NOOP/next-mail", "model/ready/NOOP/code-500"});
  EXPECT_TRUE(report.survivors().empty());
  ASSERT_EQ(report.stale.size(), 1u);
  EXPECT_NE(report.stale.front().message.find("code-*"), std::string::npos);
}

TEST(Selftest, NoReasonExcusesAWrittenFault) {
  auto suite = suite_of({{"noop", "C: NOOP\n  S: any"}});
  suite.survivors = {{"grammar/*", "nobody writes so", {}}};
  const Report report = try_it(suite, {"grammar/hyphen-in-front"});
  EXPECT_EQ(report.survivors().size(), 1u);
  EXPECT_EQ(report.stale.size(), 1u);
  EXPECT_FALSE(report.holds());
}

// The first case kills what all of them reach; the others are tried until they have killed something, too.
TEST(Selftest, OnlyACaseThatCanKillNothingIsIdle) {
  const auto suite =
      suite_of({{"first", "C: NOOP\n  S: 250"}, {"second", "C: NOOP\n  S: 250"}, {"idle", "C: NOOP\n  S: any or close or nothing"}});
  const Report report = selftest(suite, crypto::digests(), {.jobs = 2, .cases = {"*"}});
  EXPECT_EQ(report.idle(), std::vector<std::string>{"idle"});
  EXPECT_FALSE(report.holds());
}

TEST(Selftest, OfAPartOfTheFaultsNobodySaysWhatKillsNothing) {
  const auto suite = suite_of({{"noop", "C: NOOP\n  S: 250"}, {"rset", "C: RSET\n  S: 250"}});
  const Report report = try_it(suite, {"model/ready/NOOP/code-500"});
  EXPECT_TRUE(report.idle().empty());
  EXPECT_TRUE(report.holds());
}

// A rule shows its faults in whatever case comes by, though another one has killed them.
TEST(Selftest, ARuleIsLookedForInEveryCase) {
  const auto suite = suite_of({{"help", "C: HELP\n  S: 214 text \"*Commands*\""}, {"noop", "C: NOOP\n  S: 250"}});
  const Report report = selftest(suite, crypto::digests(), {.jobs = 2, .generated = true});
  EXPECT_FALSE(report.judging.count("rules/421-closes")) << "at the level MAY a rule only records";
  const auto idle = report.idle();
  for (const char* rule : {"rules/reply-first-digit", "rules/pipelining-alone", "rules/reply-has-an-end"})
    EXPECT_TRUE(report.judging.count(rule) > 0 && std::count(idle.begin(), idle.end(), rule) == 0) << rule;
}

TEST(Selftest, ACaseIsHeldToTheFaultsThatItNames) {
  auto suite = suite_of({{"all", "C: NOOP\n  S: 250"}, {"noop", "C: NOOP\n  S: 250"}, {"rset", "C: RSET\n  S: any"}});
  suite.cases[1].kills = {{"model/ready/NOOP/code-500", {"noop.yaml", 1, 1}},
                          {"model/ready/NOOP/lots", {"noop.yaml", 2, 1}},
                          {"model/ready/NOOP/code-550", {"noop.yaml", 3, 1}}};
  suite.cases[2].kills = {{"model/ready/RSET/code-500", {"rset.yaml", 1, 1}}, {"model/rcpt/DATA/lost", {"rset.yaml", 2, 1}}};
  const Report report = try_it(suite, {"model/ready/RSET/code-500", "model/ready/NOOP/code-500", "model/rcpt/DATA/lost"});
  EXPECT_TRUE(trial_of(report, "model/ready/NOOP/code-500").killers.count("noop")) << "whoever else kills it";
  std::string said;
  for (const Error& error : report.unkept) said += to_string(error) + "\n";
  EXPECT_EQ(said,
            "noop.yaml:2:1: no fault 'model/ready/NOOP/lots'\n"
            "rset.yaml:1:1: the case does not kill model/ready/RSET/code-500\n"
            "rset.yaml:2:1: the case never comes to where model/rcpt/DATA/lost acts\n");
}

// A case that records a choice kills the fault that makes the server choose otherwise.
TEST(Selftest, AnotherChoiceIsAKill) {
  const auto suite = suite_of(
      {{"vrfy", "C: VRFY nobody\n  S: 250 is observed as knows, else 550 is observed as knows-not, else 5yz is observed as refuses"}});
  const Report report = try_it(suite, {"model/ready/VRFY-no-mailbox/code-500"});
  EXPECT_TRUE(trial_of(report, "model/ready/VRFY-no-mailbox/code-500").killers.count("vrfy"));
}

TEST(Selftest, AConformingServerThatIsAccusedIsNamed) {
  const auto suite = suite_of({{"wrong", "C: NOOP\n  S: 251"}});
  const Report report = try_it(suite, {"none"});
  ASSERT_FALSE(report.accused.empty());
  EXPECT_NE(report.accused.front().find("wrong relay: fail"), std::string::npos);
}

TEST(Faults, HaveIdsOfTheirOwnAndChangeSomething) {
  std::set<std::string> ids;
  for (const auto* all : {&faults::written(), &faults::generated()})
    for (const faults::Fault& fault : *all) {
      EXPECT_TRUE(ids.insert(fault.id).second) << fault.id << " stands twice";
      EXPECT_TRUE(fault.put || fault.config) << fault.id;
      EXPECT_FALSE(fault.says.empty() || fault.breaks.empty()) << fault.id;
    }
  EXPECT_GT(ids.size(), 1000u);
}

TEST(Faults, HaveIdsThatACaseCanName) {
  std::string text = "title: t\ncovers: [RFC5321-4.1.1.9-P1]\nkills:\n";
  for (const auto* all : {&faults::written(), &faults::generated()})
    for (const faults::Fault& fault : *all) text += "  - " + fault.id + "\n";
  const auto test = script::parse_case(text + "dialogue: |\n  C: NOOP\n  S: 250\n", "a", "a.yaml");
  EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
}

// What a written fault breaks is a requirement of the registry.
TEST(Faults, CiteTheRegistry) {
  const auto suite = script::load_suite(source_directory() + "/cases");
  ASSERT_TRUE(suite);
  for (const faults::Fault& fault : faults::written())
    EXPECT_NE(suite->registry.find(fault.breaks), nullptr) << fault.id << ": " << fault.breaks;
}

}  // namespace
}  // namespace smtpspec::selftest
