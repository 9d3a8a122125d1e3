#include "smtpspec/delivery/match.hpp"

#include <gtest/gtest.h>

namespace smtpspec::delivery {
namespace {

constexpr const char* content =
    "Received: from a.example by b.example; Mon, 02 Nov 2026 10:00:00 +0000\r\nSubject: s\r\n\r\nOne\r\nTwo \r\n";
constexpr const char* trace =
    "Return-Path: <me@example.org>\r\nReceived: from c.example ([127.0.0.1]) by mx.example with ESMTP id 1\r\n\tfor "
    "<a@mx.example>; Sat, 28 Nov 2026 14:32:07 +0000\r\n";

Seen seen(std::vector<std::string> arrivals, Where where = Where::mailbox, Storage storage = Storage::wire) {
  Seen out;
  out.sent = {{.content = content, .code = 250, .entry = 7, .recipients = 1, .client = "c.example"}};
  for (std::string& octets : arrivals) out.arrivals.push_back({.where = where, .octets = std::move(octets), .storage = storage});
  out.facts.values = {{"sender", "me@example.org"}, {"recipient", "a@mx.example"}, {"second-recipient", "b@mx.example"}};
  out.clock = 1795876327 + 60;
  return out;
}

// What is not met, "mailbox: once: it arrived 2 times".
std::vector<std::string> wrong(const std::string& delivery, const Seen& what) {
  const auto statements = script::parse_delivery(delivery, "t");
  EXPECT_TRUE(statements) << (statements ? "" : to_string(statements.error()));
  std::vector<std::string> out;
  for (const Graded& one : grade(*statements, what))
    if (one.is != Graded::Is::met)
      out.push_back(print_statement(*one.statement) + (one.is == Graded::Is::unsure ? " ? " : " ! ") + one.came);
  return out;
}
using Wrong = std::vector<std::string>;

const std::string good = std::string(trace) + content;

TEST(Grade, AConformingCopy) {
  const std::string all =
      "mailbox: once\n  body: same\n  fields: kept\n  fields: without Apparently-To\n  header: without {second-recipient}\n"
      "  return-path: on top\n  return-path: once\n  return-path: <{sender}>\n  received: on top\n  received: by the grammar\n"
      "  received: from\n  received: from the client\n  received: from an address\n  received: by\n  received: with SMTP ESMTP\n"
      "  received: with registered words\n  received: for one path\n  received: numeric zone\n  received: current date form\n"
      "  received: on time\n";
  EXPECT_EQ(wrong(all, seen({good})), Wrong{});
  EXPECT_EQ(wrong(all, seen({with_lf(good)}, Where::mailbox, Storage::lines)), Wrong{});
}

TEST(Grade, HowOftenItArrives) {
  EXPECT_EQ(wrong("mailbox: once\n", seen({})), Wrong{"mailbox: once ! it never arrived"});
  EXPECT_EQ(wrong("mailbox: once\n", seen({good, good})), Wrong{"mailbox: once ! it arrived 2 times"});
  const std::string head = std::string(trace) + "Subject: s\r\n\r\n";
  EXPECT_EQ(wrong("mailbox: once\n", seen({head + "One\r\n", head + "Two \r\n"})), Wrong{"mailbox: once ! it arrived in 2 pieces"});
  EXPECT_EQ(wrong("mailbox: once\nnext-hop: never\n", seen({good})), Wrong{});
  EXPECT_EQ(wrong("mailbox: never\n", seen({good})).size(), 1u);
  Seen late = seen({});
  late.unsure[Where::mailbox] = "not within 30s";
  EXPECT_EQ(wrong("mailbox: once\n  body: same\n", late), Wrong{"mailbox: once ? not within 30s"});
}

TEST(Grade, WhatIsInIt) {
  const auto replaced = [](std::string text, std::string_view what, std::string_view by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
  };
  const auto is_wrong = [&](const std::string& statement, std::string_view what, std::string_view by) {
    const auto found = wrong("mailbox: once\n  " + statement + "\n", seen({replaced(good, what, by)}));
    return found.size() == 1 && found.front().find(" ! ") != std::string::npos;
  };
  EXPECT_TRUE(is_wrong("body: same", "Two ", "Two"));
  EXPECT_TRUE(is_wrong("fields: kept", "Subject: s", "Subject: S"));
  EXPECT_TRUE(is_wrong("fields: kept", "Received: from a.example by b.example; Mon, 02 Nov 2026 10:00:00 +0000\r\n", ""));
  EXPECT_TRUE(is_wrong("fields: without Apparently-To", "Return-Path", "Apparently-To: x\r\nReturn-Path"));
  EXPECT_TRUE(is_wrong("header: without {second-recipient}", "for <a@", "for <B@"));
  EXPECT_TRUE(is_wrong("added: Received only", "Subject: s", "Subject: s"));
  EXPECT_TRUE(is_wrong("return-path: <{sender}>", "<me@", "<Me@"));
  EXPECT_FALSE(is_wrong("return-path: <{sender}>", "example.org>", "EXAMPLE.org>"));
  EXPECT_TRUE(is_wrong("return-path: <{sender}>", "<me@example.org>", "me@example.org"));
  EXPECT_TRUE(is_wrong("return-path: once", "Subject", "Return-Path: <>\r\nSubject"));
  EXPECT_TRUE(is_wrong("return-path: none", "Subject", "Subject"));
  EXPECT_FALSE(is_wrong("return-path: on top", "Return-Path", "Delivered-To: a\r\nReturn-Path")) << "the server's own may stand above";
  EXPECT_TRUE(is_wrong("received: on top", "Received: from c", "X: from c"));
  EXPECT_TRUE(is_wrong("received: by", "by mx.example", "by -"));
  EXPECT_TRUE(is_wrong("received: from the client", "c.example", "d.example"));
  EXPECT_TRUE(is_wrong("received: from an address", "[127.0.0.1]", "127.0.0.1"));
  EXPECT_TRUE(is_wrong("received: with SMTP", "ESMTP", "ESMTP"));
  EXPECT_FALSE(is_wrong("received: with SMTP", " with ESMTP", "")) << "the clause is optional";
  EXPECT_TRUE(is_wrong("received: with registered words", "ESMTP", "XSMTP"));
  EXPECT_TRUE(is_wrong("received: for one path", "<a@mx.example>", "<a@mx.example>,<b@mx.example>"));
  EXPECT_TRUE(is_wrong("received: numeric zone", "14:32:07 +0000", "14:32:07 UTC"));
  EXPECT_TRUE(is_wrong("received: current date form", "2026 14:32", "26 14:32"));
  EXPECT_TRUE(is_wrong("received: on time", "28 Nov", "27 Nov"));
}

TEST(Grade, TheFieldOfTheSessionIsTheLowest) {
  const std::string hop = "Received: from mx.example by inner.example with XYZ; Sat, 28 Nov 2026 14:32:08 +0000\r\n";
  EXPECT_EQ(wrong("mailbox: once\n  received: with ESMTP\n", seen({hop + good})), Wrong{});
}

TEST(Grade, WhatIsHiddenIsNoAccusation) {
  const std::string bare = "Return-Path: <me@example.org>\r\n" + std::string(content);
  EXPECT_EQ(wrong("mailbox: once\n  received: by the grammar\n", seen({bare})),
            Wrong{"received: by the grammar ? no Received field was added"});
  EXPECT_EQ(wrong("mailbox: once\n  received: on top\n", seen({bare})).front().find(" ! ") != std::string::npos, true);
  EXPECT_EQ(wrong("mailbox: once\n  body: same\n", seen({std::string(trace) + "Content-Transfer-Encoding: base64\r\n\r\nT25l\r\n"})),
            Wrong{"body: same ? it was encoded anew, as 'base64'"});
}

TEST(Grade, OneOfSeveralNoticesNamesHim) {
  const std::string head = "Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n";
  const std::string delivery = "mailbox: once\n  notice: names one@x\n  notice: names two@x\n  notice: report\n";
  EXPECT_EQ(wrong(delivery, seen({head + "one@x\r\n", head + "two@x\r\n"})).size(), 1u) << "but there are two";
  EXPECT_EQ(wrong(delivery, seen({head + "one@x, two@x\r\n"})), Wrong{});
  EXPECT_EQ(wrong(delivery, seen({head + "one@x\r\n"})), Wrong{"notice: names two@x ! it stands nowhere in the notice"});
}

TEST(Grade, AnEnvelopeHasToBeKnown) {
  Seen hop = seen({content}, Where::next_hop);
  const std::string delivery = "next-hop: once\n  reverse-path: <{sender}>\n  recipients: <b@x> <a@x>\n";
  EXPECT_EQ(wrong(delivery, hop).size(), 2u);
  hop.arrivals.front().envelope = Envelope{.reverse_path = "me@example.org", .recipients = {"a@x", "b@x"}};
  EXPECT_EQ(wrong(delivery, hop), Wrong{});
  hop.arrivals.front().envelope->recipients.pop_back();
  EXPECT_EQ(wrong(delivery, hop), Wrong{"recipients: <b@x> <a@x> ! they are <a@x>"});
}

}  // namespace
}  // namespace smtpspec::delivery
