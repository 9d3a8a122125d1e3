#include "smtpspec/smtp/follow.hpp"

#include <gtest/gtest.h>

namespace smtpspec::smtp {
namespace {

// A client's line and the code that comes: "MAIL FROM:<a@b.example> 250"; "greeting 220", ". 250" and "tls".
Lawfulness last_of(Role role, std::initializer_list<std::string_view> talk, Follower* kept = nullptr) {
  Follower follower(role);
  follower.offer({{{"AUTH", "PLAIN"}, {"STARTTLS", ""}, {"CHUNKING", ""}}});
  Followed out;
  for (const std::string_view turn : talk) {
    if (turn == "tls") {
      follower.tls_up();
      continue;
    }
    const std::size_t blank = turn.rfind(' ');
    const std::string_view line = turn.substr(0, blank);
    const int code = std::stoi(std::string(turn.substr(blank + 1)));
    out = follower.take(line == "greeting" ? Asked::greeting : line == "." ? Asked::content : Asked::command, line, code);
  }
  if (kept) *kept = follower;
  return out.lawfulness;
}

constexpr auto lawful = Lawfulness::lawful;
constexpr auto near_miss = Lawfulness::near_miss;
constexpr auto unlawful = Lawfulness::unlawful;

TEST(Follow, ATransactionIsLawful) {
  Follower follower(Role::relay);
  EXPECT_EQ(last_of(Role::relay,
                    {"greeting 220", "EHLO c.example 250", "MAIL FROM:<a@b.example> 250", "RCPT TO:<c@d.example> 250", "DATA 354", ". 250"},
                    &follower),
            lawful);
  ASSERT_EQ(follower.contexts().size(), 1u);
  EXPECT_EQ(follower.contexts().front().state, State::ready);
}

TEST(Follow, ARecipientWithoutASenderIsUnlawful) {
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "RCPT TO:<c@d.example> 250"}), unlawful);
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "RCPT TO:<c@d.example> 503"}), lawful);
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "RCPT TO:<c@d.example> 550"}), near_miss);
}

// What is forgotten shows in the next reply.
TEST(Follow, RsetEndsTheTransaction) {
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "MAIL FROM:<> 250", "RSET 250", "RCPT TO:<c@d.example> 250"}),
            unlawful);
}

TEST(Follow, ARefusalByPolicyIsLawfulAndChangesNothing) {
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "MAIL FROM:<a@b.example> 550", "RCPT TO:<c@d.example> 503"}),
            lawful);
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "MAIL FROM:<a@b.example> 501"}), near_miss);
}

// A line that breaks the grammar may be taken or refused; both are followed.
TEST(Follow, LenienceIsNoFault) {
  for (const char* turn : {"MAIL FROM: a@b.example 250", "MAIL FROM: a@b.example 501"})
    EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", turn}), lawful) << turn;
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "MAIL FROM: a@b.example 250", "RCPT TO:<c@d.example> 250"}),
            lawful);
}

// What was accepted happened, whatever the reason that a server might have had to refuse it.
TEST(Follow, WhatIsAcceptedLeadsOn) {
  Follower follower(Role::submissions);
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "AUTH PLAIN 334", "AGEAYg== 235", "MAIL FROM:<a@b.example> 250"}, &follower),
            lawful);
  for (const Context& context : follower.contexts()) EXPECT_EQ(context.state, State::mail);
  // What follows a login that was taken behind HELO
  for (const char* next : {"MAIL FROM:<a@b.example> 250", "EHLO c.example 250", "XNONE 500"})
    EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "HELO c.example 250", "AUTH PLAIN AGEAYg== 235", next}), lawful) << next;
}

TEST(Follow, ATemporaryFailureAccusesNobody) {
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "NOOP 451"}), lawful);
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "NOOP 451", "RCPT TO:<c@d.example> 250"}), unlawful);
}

TEST(Follow, WhoMaySubmitIsTheSitesAffair) {
  for (const char* turn : {"MAIL FROM:<a@b.example> 250", "MAIL FROM:<a@b.example> 530"})
    EXPECT_EQ(last_of(Role::submission, {"greeting 220", "EHLO c.example 250", turn}), lawful) << turn;
}

TEST(Follow, ALoginIsTakenOnce) {
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "EHLO c.example 250", "AUTH PLAIN AGEAYg== 235", "AUTH PLAIN AGEAYg== 235"}),
            unlawful);
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "EHLO c.example 250", "AUTH PLAIN 334", "AGEAYg== 235", "MAIL FROM:<> 250"}),
            lawful);
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "EHLO c.example 250", "AUTH PLAIN 334", "* 535"}), near_miss);
  // A server that lets a stranger log in without EHLO has still ended the exchange; EHLO is still to come.
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "AUTH PLAIN 334", "AGEAYg== 235", "MAIL FROM:<> 250"}), lawful);
  EXPECT_EQ(last_of(Role::submissions, {"greeting 220", "AUTH PLAIN 334", "AGEAYg== 235", "MAIL FROM:<> 503"}), lawful);
}

TEST(Follow, TlsForgetsTheSession) {
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "STARTTLS 220", "tls", "RCPT TO:<c@d.example> 250"}), unlawful);
  EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", "STARTTLS 220", "tls", "EHLO c.example 250", "MAIL FROM:<> 250"}),
            lawful);
}

// Where nobody can tell what was asked for, or the law leaves the state open, nothing is judged any more.
TEST(Follow, IsLostWhereTheLawIsSilent) {
  for (const char* turn : {"RSET\x01 250", "XPRIVATE 250", "NOOP 421", "BDAT 5 554"}) {
    Follower follower(Role::relay);
    EXPECT_EQ(last_of(Role::relay, {"greeting 220", "EHLO c.example 250", turn}, &follower), lawful) << turn;
    EXPECT_TRUE(follower.contexts().empty()) << turn;
  }
}

}  // namespace
}  // namespace smtpspec::smtp
