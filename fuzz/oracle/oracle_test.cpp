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

const std::string leave = "(leave)";  // in place of a reply

// Says the replies one after the other, one a line of the client, or none where it is empty; behind the last it is silent, and after the
// idle time gone.
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
    if (next < replies.size()) {
      const std::string& reply = replies[next++];
      if (reply == leave) actions.push_back({.kind = Action::Kind::close});
      else if (!reply.empty()) actions.push_back({.octets = reply + "\r\n"});
    }
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
                                    {"canary", "tmp/c"},
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

struct Heard {
  Scenario scenario;
  Rendered rendered;
  std::unique_ptr<session::Session> session;
  Evaluation evaluation() const { return evaluate(scenario, rendered, session->plan(), session->transcript(), script::Registry{}); }
  std::vector<std::string> keys() const {
    std::vector<std::string> out;
    for (const auto& finding : evaluation().findings) out.push_back(key(finding));
    return out;
  }
  bool shows(std::string_view rule) const {
    const auto findings = evaluation().findings;
    return std::any_of(findings.begin(), findings.end(), [&](const auto& finding) { return finding.rule == rule; });
  }
};

using Keys = std::vector<std::string>;

Heard play(std::vector<Act> acts, const std::vector<std::string>& replies, smtp::Duration idle = {}, smtp::Duration patience = 10min,
           const script::Facts& facts = facts_of_oracle()) {
  Heard out;
  out.scenario = {Role::relay, std::move(acts)};
  out.rendered = render(out.scenario);
  const auto& test = out.rendered.test;
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, facts);
  EXPECT_TRUE(plan);
  session::Setup setup;
  setup.deadlines.reply = patience;
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
  const Heard played = play({says("hello", "EHLO c.example"), open, other}, {greeting, hello, "250 2.1.0 Ok", "250 2.1.5 Ok", bye});
  EXPECT_FALSE(played.shows(unlawful_reply)) << "the recipient belongs to the other connection's transaction";
  EXPECT_TRUE(played.session->transcript().complete);
}

// Nobody has to know what he did not offer, and a parameter that is not known may be refused as a syntax error.
TEST(Oracle, WhatWasNotOfferedMayBeRefusedAsItLikes) {
  const std::vector<Act> acts = {says("hello", "HELO c.example"), says("mail", "MAIL FROM:<s@c.example> BODY=7BIT")};
  for (const char* refusal : {"501 5.5.4 No", "504 5.5.4 No", "555 5.5.4 No"})
    EXPECT_FALSE(play(acts, {greeting, "250 s.example", refusal, bye}).shows(unlawful_reply)) << refusal;
  EXPECT_TRUE(play(acts, {greeting, "250 s.example", "354 Go on", bye}).shows(unlawful_reply));
  const std::vector<Act> look_up = {says("hello", "HELO c.example"), says("look-up", "VRFY alice@s.example SMTPUTF8")};
  EXPECT_FALSE(play(look_up, {greeting, "250 s.example", "501 5.5.4 No", bye}).shows(unlawful_reply));
  const std::vector<Act> early = {{.kind = Act::Kind::starttls, .tree = tree("starttls", "STARTTLS")}};
  EXPECT_FALSE(play(early, {greeting, "503 5.5.1 Not offered", bye}).shows(unlawful_reply));
  const std::vector<Act> late = {says("hello", "EHLO c.example"), early.front()};
  EXPECT_TRUE(play(late, {greeting, "250-s.example\r\n250 STARTTLS", "503 5.5.1 No", bye}).shows(unlawful_reply));
}

// RFC 3030 section 2 warns of it: the chunk is then read as commands.
TEST(Oracle, AChunkIsForThoseWhoOfferChunking) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"),
                                 {.kind = Act::Kind::chunk, .tree = tree("chunk", "QUIT\r\n"), .last = true},
                                 says("mail", "MAIL FROM:<s@c.example>")};
  const std::vector<std::string> shifted = {greeting, hello, "500 5.5.1 What", "221 2.0.0 Bye", "250 2.1.0 Ok", bye};
  EXPECT_EQ(play(acts, shifted).keys(), Keys{});
  std::vector<std::string> offered = shifted;
  offered[1] = "250-s.example\r\n250 CHUNKING";
  offered[2] = "503 5.5.1 No";
  EXPECT_EQ(play(acts, offered).keys(), Keys{"rules/reply-asked-for BDAT"});
}

// Behind what may have been two commands no reply is taken for the answer to what it seems to answer.
TEST(Oracle, OneReplyTooManyIsAllThatIsSaidOfAShift) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("odd", "NOOP " + std::string(4092, 'x')), says("look-up", "HELP"),
                                 says("hello", "EHLO c.example")};
  EXPECT_EQ(play(acts, {greeting, hello, "500 5.5.2 Too long\r\n500 5.5.1 What", "214 2.0.0 Help", hello, bye}).keys(),
            Keys{"rules/reply-asked-for NOOP"});
  EXPECT_EQ(play(acts, {greeting, hello, "500 5.5.2 Too long", "214 2.0.0 Help", hello, bye}).keys(), Keys{});
}

// RFC 2920 section 3.1: what goes out together has to be such that it may.
TEST(Oracle, AGroupThatIsNoneMayBeRefusedAsAWhole) {
  std::vector<Act> acts = {says("hello", "EHLO c.example"), says("simple", "NOOP"), says("mail", "MAIL FROM:<s@c.example>")};
  const std::vector<std::string> refuses = {greeting, hello, "554 5.5.0 Synchronization error", leave};
  EXPECT_TRUE(play(acts, refuses).shows(unlawful_reply));
  EXPECT_TRUE(play(acts, refuses).shows(early_close));
  acts[1].glued = true;
  EXPECT_EQ(play(acts, refuses).keys(), Keys{});
  EXPECT_TRUE(play(acts, {greeting, hello, "354 Go on", "250 2.1.0 Ok", bye}).shows(unlawful_reply));
}

TEST(Oracle, SilenceThatNoRfcCallsTooLongAccusesNobody) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("simple", "NOOP")};
  const auto verdict = [&](smtp::Duration deadline) {
    const auto found = play(acts, {greeting, hello}, {}, deadline).evaluation().findings;
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? judge::Verdict::pass : found.front().verdict;
  };
  EXPECT_EQ(verdict(10s), judge::Verdict::observed);
  EXPECT_EQ(verdict(5min), judge::Verdict::fail);
}

// RFC 5321 section 7.8: a server may have had enough.
TEST(Oracle, WhoLeavesBehindManyErrorsMay) {
  std::vector<Act> acts = {says("hello", "EHLO c.example"), says("odd", "XNONE"), says("odd", "XNONE"), says("simple", "NOOP")};
  std::vector<std::string> replies = {greeting, hello, "500 5.5.1 What", "500 5.5.1 What", leave};
  EXPECT_TRUE(play(acts, replies).shows(early_close));
  acts.insert(acts.begin() + 1, says("odd", "XNONE"));
  replies.insert(replies.begin() + 2, "502 5.5.1 What");
  EXPECT_FALSE(play(acts, replies).shows(early_close));
}

// RFC 3030 section 2: what comes of DATA behind a chunk is indeterminate. RFC 3207 section 4.1: to do without TLS a server may not want.
TEST(Oracle, WhereTheLawLeavesTheStateOpenNothingIsSaid) {
  std::vector<Act> acts = {says("hello", "EHLO c.example"),
                           says("mail", "MAIL FROM:<s@c.example>"),
                           says("rcpt", "RCPT TO:<alice@s.example>"),
                           {.kind = Act::Kind::chunk, .tree = tree("chunk", ".")},
                           {.kind = Act::Kind::data, .tree = tree("data", "DATA"), .more = {tree("content", "")}},
                           says("hello", "HELO c.example")};
  std::vector<std::string> replies = {
      greeting, "250-s.example\r\n250 CHUNKING", "250 2.1.0 Ok", "250 2.1.5 Ok", "250 2.0.0 Ok", "503 5.5.1 No", "503 5.5.1 RSET first",
      bye};
  EXPECT_EQ(play(acts, replies).keys(), Keys{});
  acts.erase(acts.begin() + 4);
  replies.erase(replies.begin() + 5);
  EXPECT_TRUE(play(acts, replies).shows(unlawful_reply));
}

TEST(Oracle, WordsOfAnotherSessionAreADeviation) {
  script::Facts facts = facts_of_oracle();
  facts.values["token"] = "tx17";
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("simple", "NOOP")};
  const auto hears = [&](const std::string& text) {
    return play(acts, {greeting, hello, "250 2.0.0 " + text, bye}, {}, 10min, facts).evaluation();
  };
  // One of its own, one that is cut off, and one of a campaign that nobody knows of.
  for (const char* text : {"Ok tx17mark1z", "Ok tx17", "Ok tx1mark", "Ok ux3mark1z"}) {
    EXPECT_FALSE(hears(text).overheard) << text;
    EXPECT_TRUE(hears(text).findings.empty()) << text;
  }
  const Evaluation other = hears("<TX3MARK1Z>");
  ASSERT_TRUE(other.overheard);
  EXPECT_EQ(other.overheard->play, 3u);
  EXPECT_EQ(other.overheard->finding.verdict, judge::Verdict::deviation);
  EXPECT_TRUE(other.findings.empty());
  const Evaluation beside = hears("tx17mark2z");
  EXPECT_FALSE(beside.overheard);
  ASSERT_EQ(beside.findings.size(), 1u);
  EXPECT_EQ(key(beside.findings.front()), "fuzz/sessions-are-apart NOOP 250");
}

TEST(Compare, TheFirstDifferenceCounts) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("mail", "MAIL FROM:<s@c.example>"), says("simple", "NOOP")};
  const Heard one = play(acts, {greeting, hello, "250 2.1.0 Ok", "250 2.0.0 Ok", bye});
  const Heard same = play(acts, {"220 other.example", "250 other.example", "250 2.1.0 Fine", "250 Done", bye});
  const Heard other = play(acts, {greeting, hello, "550 5.7.1 No", "451 4.0.0 No", bye});
  EXPECT_FALSE(compare(one.session->transcript(), same.session->transcript()));
  const auto finding = compare(other.session->transcript(), one.session->transcript());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->verdict, judge::Verdict::observed);
  EXPECT_EQ(finding->step, "MAIL");
  EXPECT_EQ(finding->came, "550 5.7.1 No");
}

TEST(Compare, AReplyThatDidNotComeIsADifference) {
  const std::vector<Act> acts = {says("hello", "EHLO c.example"), says("simple", "NOOP")};
  const Heard one = play(acts, {greeting, hello, "250 2.0.0 Ok", bye}), other = play(acts, {greeting, hello});
  const auto finding = compare(other.session->transcript(), one.session->transcript());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->came, "no reply");
}

}  // namespace
}  // namespace smtpspec::fuzz
