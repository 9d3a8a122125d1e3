#include "smtpspec/delivery/sent.hpp"

#include <gtest/gtest.h>

namespace smtpspec::delivery {
namespace {

using session::Entry;

struct Play {
  session::Transcript transcript;
  Play& c(std::string octets, int connection = 1) {
    transcript.entries.push_back({.kind = Entry::Kind::sent, .connection = connection, .octets = std::move(octets), .reply = {}});
    return *this;
  }
  Play& s(int code, const char* command = "", int connection = 1) {
    smtp::Reply reply;
    reply.code = code;
    transcript.entries.push_back({.kind = Entry::Kind::reply, .connection = connection, .octets = {}, .reply = reply, .command = command});
    return *this;
  }
  Play& begin(int connection = 1) {
    return s(220, "greeting", connection)
        .c("EHLO me.example\r\n", connection)
        .s(250, "", connection)
        .c("MAIL FROM:<a@b>\r\n", connection)
        .s(250, "", connection)
        .c("RCPT TO:<c@d>\r\n", connection)
        .s(250, "", connection);
  }
  std::vector<Sent> sent() const { return delivery::sent(transcript); }
};

TEST(Sent, DataLosesItsTransparency) {
  const auto sent = Play().begin().c("DATA\r\n").s(354).c("..a\r\n.").c("\r\n").s(250).c("QUIT\r\n").s(221).sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].content, ".a\r\n");
  EXPECT_EQ(sent[0].code, 250);
  EXPECT_EQ(sent[0].recipients, 1);
  EXPECT_EQ(sent[0].client, "me.example");
  EXPECT_EQ(sent[0].entry, 11);
}

TEST(Sent, ChunksAreJoined) {
  const auto sent = Play().begin().c("BDAT 3\r\n.\r\n").s(250).c("BDAT 1 LAST\r\nx").s(250).sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].content, ".\r\nx");
}

TEST(Sent, RefusedAndGivenUp) {
  auto sent = Play().begin().c("DATA\r\n").s(354).c("a\r\n.\r\n").s(550).sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_FALSE(sent[0].accepted());
  sent = Play().begin().c("BDAT 1\r\na").s(250).c("RSET\r\n").s(250).sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].code, 0);
  sent = Play().begin().c("DATA\r\n").s(354).c("half\r\n").sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].content, "half\r\n");
  EXPECT_TRUE(Play().begin().c("DATA\r\n").s(554).c("NOOP\r\n").s(250).sent().empty());
}

TEST(Sent, ConnectionsAreApart) {
  const auto sent = Play()
                        .begin(1)
                        .begin(2)
                        .c("DATA\r\n", 1)
                        .c("DATA\r\n", 2)
                        .s(354, "", 2)
                        .s(354, "", 1)
                        .c("one\r\n.\r\n", 1)
                        .c("two\r\n.\r\n", 2)
                        .s(250, "", 2)
                        .s(451, "", 1)
                        .sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].content, "two\r\n");
  EXPECT_EQ(sent[1].code, 451);
}

TEST(Sent, APipelinedGroup) {
  const auto sent = Play()
                        .s(220, "greeting")
                        .c("EHLO x\r\n")
                        .s(250)
                        .c("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
                        .s(250)
                        .s(550)
                        .s(250)
                        .s(354)
                        .c("t\r\n.\r\nQUIT\r\n")
                        .s(250)
                        .s(221)
                        .sent();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].recipients, 1);
  EXPECT_EQ(sent[0].code, 250);
}

}  // namespace
}  // namespace smtpspec::delivery
