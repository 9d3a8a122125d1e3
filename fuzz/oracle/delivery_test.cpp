#include "fuzz/oracle/delivery.hpp"

#include <gtest/gtest.h>

namespace smtpspec::fuzz {
namespace {

using judge::Verdict;

const std::string received = "Received: from a by b;\r\n\tMon, 2 Nov 2026\r\n";
const std::string message = "From: <a@a.example>\r\nSubject: b\r\n\r\nbody\r\n.\r\n";

std::vector<std::string> steps(const std::vector<Sent>& sent, const std::vector<std::string>& stored, bool exact = true) {
  std::vector<std::string> out;
  for (const auto& finding : compare_deliveries(sent, stored, exact)) out.push_back(finding.step);
  return out;
}
using Steps = std::vector<std::string>;

Sent taken(const std::string& content, int least = 1, int most = 1) {
  return {.content = content, .code = 250, .least = least, .most = most, .valid = true};
}

TEST(Delivery, TraceFieldsAreNoChange) {
  EXPECT_EQ(steps({taken(message)}, {received + message}), Steps{});
  EXPECT_EQ(steps({taken(message)}, {message}), Steps{});
  EXPECT_EQ(steps({taken("")}, {received}), Steps{});
  EXPECT_EQ(steps({taken(message)}, {received + "\r\n" + message}), Steps{"altered"});
  EXPECT_EQ(steps({taken(message)}, {received + message + "\r\n"}), Steps{"altered"});
  EXPECT_EQ(steps({taken(message)}, {"no field\r\n" + message}), Steps{"altered"});
}

TEST(Delivery, CopiesAreCounted) {
  EXPECT_EQ(steps({taken(message)}, {}), Steps{"lost"});
  EXPECT_EQ(steps({taken(message, 0, 1)}, {}), Steps{}) << "nobody knows whose mailbox it was for";
  EXPECT_EQ(steps({taken(message, 1, 2)}, {message, message}), Steps{});
  EXPECT_EQ(steps({taken(message)}, {message, message}), Steps{"doubled"});
  EXPECT_EQ(steps({taken(message), taken(message)}, {message, message}), Steps{});
  EXPECT_EQ(steps({taken(message), taken(message)}, {message}), Steps{"lost"});
  EXPECT_EQ(steps({taken(""), taken("X: a\r\n")}, {received, received + "X: a\r\n"}), Steps{});
}

TEST(Delivery, WhatWasNotTakenDoesNotArrive) {
  for (const int code : {451, 554}) EXPECT_EQ(steps({{.content = message, .code = code}}, {received + message}), Steps{"refused"});
  EXPECT_EQ(steps({{.content = message, .code = 554}}, {}), Steps{});
  EXPECT_EQ(steps({{.content = message}}, {received + message}), Steps{"given-up"});
  EXPECT_EQ(steps({}, {message}), Steps{"given-up"});
}

// Line ends and added fields are a server's own where a mailbox is all that is seen; and nothing there is certain of what is not mail.
TEST(Delivery, ARealMailboxIsReadWithCare) {
  const std::string stored = "Return-Path: <a@a.example>\nFrom: <a@a.example>\nDate: now\nSubject: b\n\nbody\n.\n";
  EXPECT_EQ(steps({taken(message)}, {stored}, false), Steps{});
  EXPECT_EQ(steps({taken(message)}, {stored + "\n"}, false), Steps{"altered"});
  EXPECT_EQ(steps({taken(message)}, {"From: <a@a.example>\n\nbody\n.\n"}, false), Steps{"altered"});
  Sent odd = taken("\xff\r\n");
  odd.valid = false;
  EXPECT_EQ(steps({odd}, {}, false), Steps{});
  EXPECT_EQ(steps({odd}, {"\n?\n"}, false), Steps{});
  EXPECT_EQ(steps({}, {stored}, false), Steps{}) << "who sent it is not known for certain";
  ASSERT_EQ(compare_deliveries({taken(message)}, {}, false).size(), 1u);
  EXPECT_EQ(compare_deliveries({taken(message)}, {}, false).front().verdict, Verdict::observed) << "it may come yet";
  EXPECT_EQ(compare_deliveries({taken(message)}, {}, true).front().verdict, Verdict::fail);
}

}  // namespace
}  // namespace smtpspec::fuzz
