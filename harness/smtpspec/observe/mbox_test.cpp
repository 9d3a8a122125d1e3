#include "smtpspec/observe/mbox.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "test/files.hpp"

namespace smtpspec::observe {
namespace {

std::vector<std::string_view> messages(std::string_view text, bool open) {
  std::size_t end = 0;
  return messages_of(text, open, end);
}
using Messages = std::vector<std::string_view>;

TEST(MessagesOf, CutsAtFromBehindAnEmptyLine) {
  EXPECT_EQ(messages("From a Mon\nA: b\n\nx\nFrom here on\n\nFrom c Tue\nC: d\n\n", true),
            (Messages{"A: b\n\nx\nFrom here on\n", "C: d\n"}));
  EXPECT_EQ(messages("From a Mon\nA: b\n\nhalf", true), Messages{});
  EXPECT_EQ(messages("From a Mon\nA: b\n\nhalf", false), Messages{"A: b\n\nhalf"});
  EXPECT_EQ(messages("From a", false), Messages{""});
  EXPECT_EQ(messages("no mbox\n\n", false), Messages{});
  EXPECT_EQ(messages("", false), Messages{});
}

class MboxTest : public net::TestFiles {};

TEST_F(MboxTest, EachMessageComesOnce) {
  const std::string path = file("box");
  const auto put = [&](const std::string& text, std::ios::openmode mode = std::ios::app) { std::ofstream(path, mode) << text; };
  put("From old Mon\nA: b\n\n");
  Mbox box(path);
  EXPECT_TRUE(box.arrived().empty());
  put("From a Mon\nA: c\n\nhal");
  EXPECT_TRUE(box.arrived().empty());
  put("f\n\n");
  auto arrived = box.arrived();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived.front().octets, "A: c\n\nhalf\n");
  EXPECT_TRUE(box.arrived().empty());
  put("From b Mon\nB: b\n\n", std::ios::trunc);
  EXPECT_EQ(box.arrived().size(), 1u) << "it was emptied";
}

TEST_F(MboxTest, WhatCannotBeReadIsSaid) {
  EXPECT_FALSE(Mbox::open(file("nowhere/box")));
  EXPECT_TRUE(Mbox::open(file("comes-later")));
}

}  // namespace
}  // namespace smtpspec::observe
