// What the oracles say of replies that nobody has to send over a network: transcripts of scripted servers.
#include "fuzz/oracle/oracle.hpp"

#include <gtest/gtest.h>

#include "fuzz/oracle/compare.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::fuzz {
namespace {

using namespace std::chrono_literals;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;

// Says the replies one after the other, one a line of the client; behind the last it is silent, and after the idle time gone.
struct Scripted final : smtp::Machine {
  explicit Scripted(std::vector<std::string> says, smtp::Duration idle) : replies(std::move(says)), patience(idle) {}
  void on(const Event& event, Actions& actions) override {
    if (event.kind == Event::Kind::alarm) {
      actions.push_back({.octets = "421 4.4.2 s.example Idle\r\n"});
      actions.push_back({.kind = Action::Kind::close});
    }
    if (event.kind == Event::Kind::opened) say(actions);
    if (event.kind != Event::Kind::octets) return;
    for (const char c : event.octets)
      if (c == '\n') say(actions);
  }
  void say(Actions& actions) {
    if (next < replies.size()) actions.push_back({.octets = replies[next++] + "\r\n"});
    if (patience.count() > 0 && next == replies.size()) actions.push_back({.kind = Action::Kind::alarm, .delay = patience, .alarm = 1});
  }
  std::vector<std::string> replies;
  smtp::Duration patience;
  std::size_t next = 0;
};

const script::Facts& facts_of_oracle() {
  static const script::Facts known{{{"client", "c.example"},
                                    {"sender", "s@c.example"},
                                    {"recipient", "alice@s.example"},
                                    {"unknown-recipient", "nobody@s.example"},
                                    {"denied-recipient", "bob@elsewhere.example"},
                                    {"domain", "s.example"},
                                    {"user", "alice"},
                                    {"password", "secret"},
                                    {"token", "t"}}};
  return known;
}

// The lawful tree of the symbol that is written so.
Node tree(std::string_view symbol, const std::string& line) {
  Random random(1);
  for (int i = 0; i < 200000; ++i) {
    Node out = Grammar::instance().command(symbol, {&facts_of_oracle(), nullptr}, random);
    const auto segments = script::expand(Grammar::instance().text(out), facts_of_oracle(), "");
    if (segments && segments->size() == 1 && segments->front().octets == line) return out;
  }
  ADD_FAILURE() << "the grammar has no " << line;
  return {};
}

struct Played {
  Scenario scenario;
  Rendered rendered;
  std::unique_ptr<session::Session> session;
  Evaluation evaluation() const { return evaluate(scenario, rendered, session->plan(), session->transcript(), script::Registry{}); }
  bool shows(std::string_view rule) const {
    const auto findings = evaluation().findings;
    return std::any_of(findings.begin(), findings.end(), [&](const auto& finding) { return finding.rule == rule; });
  }
};

Played play(std::vector<Act> acts, const std::vector<std::string>& replies, smtp::Duration idle = {}) {
  Played out;
  out.scenario = {Role::relay, std::move(acts)};
  out.rendered = render(out.scenario);
  const auto& test = out.rendered.test;
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, facts_of_oracle());
  EXPECT_TRUE(plan);
  session::Setup setup;
  setup.deadlines.reply = 10min;
  out.session = std::make_unique<session::Session>(std::move(*plan), std::move(setup));
  session::MemoryTransport transport([&](Role) { return std::make_unique<Scripted>(replies, idle); });
  transport.play(*out.session, [] {});
  transport.run();
  return out;
}

Act says(std::string_view symbol, const std::string& line) { return {.tree = tree(symbol, line)}; }

const std::string greeting = "220 s.example ESMTP", hello = "250-s.example\r\n250-SIZE\r\n250 DSN", bye = "221 2.0.0 s.example";

TEST(Oracle, AReplyThatNoInputExplainsIsUnlawful) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("rcpt", "RCPT TO:<alice@s.example>")};
  EXPECT_TRUE(play(acts, {greeting, hello, "250 2.1.5 Ok", bye}).shows(unlawful_reply));
  EXPECT_FALSE(play(acts, {greeting, hello, "503 5.5.1 No", bye}).shows(unlawful_reply));
}

TEST(Oracle, AnOfferedParameterIsNotUnknown) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("mail", "MAIL FROM:<s@c.example> BODY=7BIT"),
                                 says("mail", "MAIL FROM:<s@c.example> SIZE=1000")};
  // BODY was not offered, SIZE was.
  EXPECT_FALSE(play(acts, {greeting, hello, "555 5.5.4 What", "250 2.1.0 Ok", bye}).shows(unlawful_reply));
  EXPECT_TRUE(play(acts, {greeting, hello, "555 5.5.4 What", "555 5.5.4 What", bye}).shows(unlawful_reply));
}

TEST(Oracle, SpellingsOfAMailboxAreAlike) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("mail", "MAIL FROM:<s@c.example>"),
                                 says("rcpt", "RCPT TO:<Postmaster@s.example>"), says("rcpt", "RCPT TO:<postmaster@S.EXAMPLE>")};
  EXPECT_TRUE(play(acts, {greeting, hello, "250 2.1.0 Ok", "250 2.1.5 Ok", "550 5.1.1 Who", bye}).shows(unlike_spelling));
  EXPECT_FALSE(play(acts, {greeting, hello, "250 2.1.0 Ok", "550 5.1.1 Who", "550 5.1.1 Who", bye}).shows(unlike_spelling));
  EXPECT_FALSE(play(acts, {greeting, hello, "250 2.1.0 Ok", "250 2.1.5 Ok", "452 4.5.3 Enough", bye}).shows(unlike_spelling));
}

TEST(Oracle, FiveMinutesAreForTheNextCommand) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), {.kind = Act::Kind::silence, .tree = {}, .time = 290s}};
  EXPECT_TRUE(play(acts, {greeting, hello}, 60s).shows(early_leave));
  EXPECT_FALSE(play(acts, {greeting, hello, bye}, 300s).shows(early_leave));
}

TEST(Oracle, EachConnectionIsFollowedByItself) {
  Act open{.kind = Act::Kind::open, .tree = {}, .connection = 2, .at = script::Start::mail};
  Act other = says("rcpt", "RCPT TO:<alice@s.example>");
  other.connection = 2;
  const Played played = play({says("hello", "EHLO c.example"), open, other}, {greeting, hello, "250 2.1.0 Ok", "250 2.1.5 Ok", bye});
  EXPECT_FALSE(played.shows(unlawful_reply)) << "the recipient belongs to the other connection's transaction";
  EXPECT_TRUE(played.session->transcript().complete);
}

TEST(Compare, TheFirstDifferenceCounts) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("mail", "MAIL FROM:<s@c.example>"), says("simple", "NOOP")};
  const Played one = play(acts, {greeting, hello, "250 2.1.0 Ok", "250 2.0.0 Ok", bye});
  const Played same = play(acts, {"220 other.example", "250 other.example", "250 2.1.0 Fine", "250 Done", bye});
  const Played other = play(acts, {greeting, hello, "550 5.7.1 No", "451 4.0.0 No", bye});
  EXPECT_FALSE(compare(one.session->transcript(), same.session->transcript()));
  const auto finding = compare(other.session->transcript(), one.session->transcript());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->verdict, judge::Verdict::observed);
  EXPECT_EQ(finding->step, "MAIL");
  EXPECT_EQ(finding->came, "550 5.7.1 No");
}

TEST(Compare, AReplyThatDidNotComeIsADifference) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("simple", "NOOP")};
  const Played one = play(acts, {greeting, hello, "250 2.0.0 Ok", bye}), other = play(acts, {greeting, hello});
  const auto finding = compare(other.session->transcript(), one.session->transcript());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->came, "no reply");
}

}  // namespace
}  // namespace smtpspec::fuzz
