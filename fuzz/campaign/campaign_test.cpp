#include "fuzz/campaign/campaign.hpp"

#include <gtest/gtest.h>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/faults/fault.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::fuzz {
namespace {

using smtp::Role;

// A campaign in memory against the reference server with a fault, or without one.
Report campaign(const std::string& fault_id, Options options,
                std::vector<Role> roles = {Role::relay, Role::submission, Role::submissions}) {
  static const faults::Fault none{"none", "", ""};
  const faults::Fault* fault = &none;
  for (const faults::Fault* one : faults::all())
    if (one->id == fault_id) fault = one;
  EXPECT_TRUE(fault_id.empty() || fault != &none) << fault_id;
  serve::MemoryStore store;
  faults::FaultyServer server(*fault, {.idle = std::chrono::minutes(30)}, store, crypto::digests());
  session::MemoryTransport transport([&](Role role) { return (*server).accept(role); });
  run::Profile profile = selftest::reference_profile((*server).config());
  complete_facts(profile, "t1");
  Target target{std::move(roles), profile.facts, {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}};
  target.setup.deadlines.greeting = target.setup.deadlines.reply = std::chrono::minutes(5);
  target.setup.deadlines.data = std::chrono::minutes(10);
  const script::Registry registry;
  return Campaign(std::move(target), transport, registry, options).run();
}

TEST(Campaign, TheReferenceServerShowsNothing) {
  const Report report = campaign("", {.seed = 3, .scenarios = 3000});
  EXPECT_EQ(report.scenarios, 3000u);
  EXPECT_EQ(report.dropped.size(), 0u);
  for (const Found& found : report.findings) ADD_FAILURE() << found.finding.rule << ": " << found.finding.came;
  EXPECT_GT(report.past_hello, 2400u);
}

TEST(Campaign, AFaultIsFoundAndShortened) {
  const Report report = campaign("model/mail/MAIL/code-250", {.seed = 1, .scenarios = 2000, .stop_at_first = true}, {Role::relay});
  ASSERT_EQ(report.findings.size(), 1u);
  const Found& found = report.findings.front();
  EXPECT_EQ(found.finding.step, "MAIL") << found.finding.came;
  EXPECT_LE(found.scenario.acts.size(), 3u);
  EXPECT_LT(found.scenario.acts.size(), found.acts_before);
}

TEST(Campaign, TheSameSeedFindsTheSame) {
  const Options options{.seed = 9, .scenarios = 400};
  const Report one = campaign("model/rcpt/RSET/next-same", options), other = campaign("model/rcpt/RSET/next-same", options);
  ASSERT_EQ(one.findings.size(), other.findings.size());
  EXPECT_EQ(one.replies, other.replies);
  for (std::size_t i = 0; i < one.findings.size(); ++i) EXPECT_EQ(one.findings[i].scenario, other.findings[i].scenario);
}

TEST(Campaign, AFindingIsNoLongerOneWhereItDoesNotComeAgain) {
  // What one connection in a hundred gets wrong does not come three times.
  const Report report = campaign("model/mail/MAIL/code-250", {.seed = 1, .scenarios = 0}, {Role::relay});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.scenarios, 0u);
}

}  // namespace
}  // namespace smtpspec::fuzz
