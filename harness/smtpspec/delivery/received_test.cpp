#include "smtpspec/delivery/received.hpp"

#include <gtest/gtest.h>

namespace smtpspec::delivery {
namespace {

std::string fault(std::string_view text) { return parse_received(text).fault; }

TEST(Received, ReadsTheClauses) {
  const Received field = parse_received(
      "from client.example.org (unknown [127.0.0.1])\r\n\t(using TLSv1.3 with cipher X (256/256 bits))\r\n\tby mx.local.test "
      "(Postfix) with ESMTPS id 4F1B3 for <\"a b; c\"@local.test>;\r\n\tSat, 28 Nov 2026 14:32:07 +0000 (UTC)");
  EXPECT_EQ(field.fault, "");
  ASSERT_EQ(field.clauses.size(), 5u);
  EXPECT_EQ(field.clause("FROM")->value, "client.example.org");
  EXPECT_EQ(field.clause("from")->rest.substr(0, 21), "(unknown [127.0.0.1])");
  EXPECT_EQ(field.clause("with")->value, "ESMTPS");
  EXPECT_EQ(field.clause("for")->value, "<\"a b; c\"@local.test>");
  EXPECT_EQ(field.date, "Sat, 28 Nov 2026 14:32:07 +0000 (UTC)");
  EXPECT_EQ(field.clause("via"), nullptr);
}

// The forms of five servers in use.
TEST(Received, TakesWhatServersWrite) {
  for (const char* text : {
           "from [127.0.0.1] (helo=client.example.org)\n\tby mx.local.test with esmtp (Exim 4.96)\n\t(envelope-from "
           "<a@example.org>)\n\tid 1abc-000-XX\n\tfor alice@local.test;\n\tSat, 28 Nov 2026 14:32:07 +0000",
           "from client.example.org (localhost [127.0.0.1])\n\tby mx.local.test (OpenSMTPD) with ESMTP id 1234abcd\n\tfor "
           "<alice@local.test>;\n\tSat, 28 Nov 2026 14:32:07 +0000 (UTC)",
           "from client.example.org (localhost [127.0.0.1])\n\tby mx.local.test (8.17.1.9/8.17.1.9) with ESMTPS id 2AS7\n\t"
           "(version=TLSv1.3 cipher=X bits=256 verify=NO)\n\tfor <alice@local.test>; Sat, 28 Nov 2026 14:32:07 GMT",
           "from a.example by b.example; 28 Nov 2026 14:32 +0000",
           "FROM [IPv6:::1] BY b.example VIA TCP WITH SMTP ID <x@y> tls X; Sat, 28 Nov 2026 14:32:07 +0000",
       })
    EXPECT_EQ(fault(text), "") << text;
}

TEST(Received, NamesWhatBreaksTheGrammar) {
  const struct {
    const char* text;
    const char* fault;
  } all[] = {
      {"", "it does not begin with a FROM clause"},
      {"by b.example; Sat", "it does not begin with a FROM clause"},
      {"from a_b.example! by b.example; Sat", "'a_b.example!' behind FROM is neither a domain nor an address literal"},
      {"from a.example with SMTP; Sat", "no BY clause stands behind the FROM clause"},
      {"from a.example by -; Sat", "'-' behind BY is neither a domain nor an address literal"},
      {"from a.example by b.example id 7 with SMTP; Sat", "'with' stands behind a clause that it belongs in front of"},
      {"from a.example by b.example with; Sat", "nothing stands behind 'with'"},
      {"from a.example by b.example for <a@b.example>, <c@b.example>; Sat", "'<a@b.example>,' behind FOR is no path"},
      {"from a.example by b.example with SMTP, Sat", "nothing stands behind 'Sat'"},
      {"from a.example by b.example with SMTP", "no ';' with a date stands at the end"},
      {"from a.example (an open comment by b.example; Sat", "a comment is not closed"},
  };
  for (const auto& one : all) EXPECT_EQ(fault(one.text), one.fault) << one.text;
}

TEST(DateTime, CountsSeconds) {
  EXPECT_EQ(parse_date_time("Thu, 01 Jan 1970 00:00:00 +0000").seconds, 0);
  EXPECT_EQ(parse_date_time("Sat, 28 Nov 2026 14:32:07 +0000").seconds, 1795876327);
  EXPECT_EQ(parse_date_time("28 Nov 2026 16:32:07 +0200 (CEST)").seconds, 1795876327);
  EXPECT_EQ(parse_date_time("Sat,28 Nov 2026 06:32:07 -0800").seconds, 1795876327);
  EXPECT_EQ(parse_date_time("29 Feb 2000 00:00 +0000").seconds, 951782400);
  EXPECT_EQ(parse_date_time("Sat, 28 Nov 2026 14:32:07 +0000").obsolete, "");
}

TEST(DateTime, KnowsObsoleteForms) {
  EXPECT_EQ(parse_date_time("28 Nov 26 14:32:07 +0000").obsolete, "a year of 2 digits");
  EXPECT_EQ(parse_date_time("28 Nov 26 14:32:07 +0000").seconds, 1795876327);
  const DateTime named = parse_date_time("28 Nov 2026 14:32:07 GMT");
  EXPECT_EQ(named.seconds, 1795876327);
  EXPECT_FALSE(named.numeric_zone);
}

TEST(DateTime, OtherTextIsNone) {
  for (const char* text :
       {"", "yesterday", "Xyz, 28 Nov 2026 14:32:07 +0000", "28 Nov 2026 14:32:07", "28 Foo 2026 14:32:07 +0000",
        "28 Nov 2026 14-32-07 +0000", "Nov 28 14:32:07 2026", "-8 Nov 2026 14:32:07 +0000", "28 Nov 2026 1", "2 3 4 5 6", ",,,,,,"})
    EXPECT_FALSE(parse_date_time(text).seconds) << text;
}

}  // namespace
}  // namespace smtpspec::delivery
