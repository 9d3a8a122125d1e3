#include "smtpspec/delivery/arrival.hpp"

#include <gtest/gtest.h>

namespace smtpspec::delivery {
namespace {

TEST(Split, FieldsAndBody) {
  const std::string octets = "Return-Path: <a@b>\r\nReceived: from x\r\n\tby y\r\nSubject:  hi \r\n\r\nNot: a field\r\n";
  const Message message = split(octets);
  ASSERT_EQ(message.fields.size(), 3u);
  EXPECT_EQ(message.field("received")->value, "from x\r\n\tby y");
  EXPECT_EQ(message.fields[1].whole, "Received: from x\r\n\tby y\r\n");
  EXPECT_EQ(message.fields[2].value, "hi");
  EXPECT_EQ(message.body, "Not: a field\r\n");
  EXPECT_EQ(message.count("SUBJECT"), 1u);
  EXPECT_EQ(message.field("To"), nullptr);
}

TEST(Split, OddEnds) {
  EXPECT_EQ(split("").fields.size(), 0u);
  EXPECT_EQ(split("\nbody\n").body, "body\n");
  EXPECT_EQ(split("no field\nA: b\n").body, "no field\nA: b\n");
  EXPECT_EQ(split("A: b").fields.front().value, "b");
  EXPECT_EQ(split("A: b\r\n").body, "");
  EXPECT_EQ(split("A: b\n c").fields.front().value, "b\n c");
  EXPECT_EQ(split("A : b\n").fields.front().name, "A");
  EXPECT_EQ(split(": b\n").fields.size(), 0u);
}

TEST(IsSame, AsFarAsTheStorageLeavesOctetsAlone) {
  EXPECT_TRUE(is_same("a\r\n", "a\r\n", Storage::wire));
  EXPECT_FALSE(is_same("a\n", "a\r\n", Storage::wire));
  EXPECT_TRUE(is_same("a\n", "a\r\n", Storage::lines));
  EXPECT_TRUE(is_same("a\n", "a", Storage::lines)) << "a file ends its last line";
  EXPECT_FALSE(is_same("a\n\n", "a\r\n", Storage::lines));
  EXPECT_FALSE(is_same("a \n", "a\r\n", Storage::lines));
  EXPECT_FALSE(is_same(">From x\n", "From x\r\n", Storage::lines));
  EXPECT_TRUE(is_same(">From x\n", "From x\r\n", Storage::mbox));
  EXPECT_FALSE(is_same("> From x\n", "From x\r\n", Storage::mbox));
}

TEST(Tokens, OfOneRun) {
  Arrival arrival{.octets = "Message-ID: <t1x23@c>\nt1x23 t1x4. t2x5 t1x t1xa at1x6", .envelope = Envelope{.reverse_path = "t1x7@c"}};
  EXPECT_EQ(tokens_in(arrival, "t1"), (std::vector<std::string>{"t1x23", "t1x4", "t1x6", "t1x7"}));
}

}  // namespace
}  // namespace smtpspec::delivery
