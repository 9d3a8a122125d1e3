#include "smtpspec/report/coverage.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "test/expect.hpp"

namespace smtpspec::report {
namespace {

// A suite of one case and one rule, and what it covers.
struct Covered {
  script::Suite suite;
  std::vector<script::RowCoverage> rows;

  Covered() {
    const auto added = suite.registry.add(
        "rfc: 5321\ntitle: Simple Mail Transfer Protocol\nrequirements:\n"
        "  1-1: {level: MUST, subject: server, observable: wire, says: By a case., lenient: {since: 2026-01-01, reason: many do more}}\n"
        "  1-2: {level: MUST, subject: both, observable: timing, says: By nothing.}\n"
        "  1-3: {level: MAY, subject: server, observable: delivery, says: It shows elsewhere., gap: {kind: mailbox, reason: it is there}}\n"
        "  1-4: {level: MUST, subject: client, observable: none, says: No server's.}\n"
        "  1-5: {level: MAY, subject: server, observable: none, says: A freedom., gap: {kind: freedom, reason: both are right}}\n"
        "  1-6: {level: MUST, subject: server, observable: wire, says: The same as the first., same-as: RFC5321-1-1}\n",
        "a.yaml");
    EXPECT_TRUE(added) << (added ? "" : to_string(added.error()));
    EXPECT_TRUE(suite.registry.add(
        "rfc: 1870\ntitle: SIZE\nrequirements:\n  2-1: {level: SHOULD, subject: server, observable: wire, says: By a rule.}\n", "b.yaml"));
    script::Case test;
    test.id = "order/one";
    test.covers = {"RFC5321-1-1"};
    suite.cases = {test};
    static const script::CitingRule rules[] = {{"rules/a", "RFC1870-2-1"}};
    rows = script::coverage(suite, rules);
  }
};

TEST(CoverageReport, TheTableIsRfcByLevel) {
  const Covered covered;
  EXPECT_EQ(coverage_table(covered.rows, covered.suite.registry, false),
            "                                                                    on the wire    beyond  not to others'\n"
            "RFC                                          MUST         SHOULD            MAY  the wire be seen  duties  open\n"
            "1870  SIZE                                             1/1  100%\n"
            "5321  Simple Mail Transfer Protoco      2/3   66%                                     0/1       1       1     1\n"
            "all                                     2/3   66%      1/1  100%                      0/1       1       1     1\n"
            "\n"
            "not covered, and why                                        MUST  SHOULD     MAY\n"
            "open      no reason is given: a case or rule is missing        1\n"
            "mailbox   it needs a look at what is delivered                                 1\n"
            "freedom   it leaves servers free: nothing breaks it                            1\n"
            "client    it binds clients                                     1\n");
}

TEST(CoverageReport, ColumnsAreThoseOfTheRows) {
  const Covered covered;
  const std::string table = coverage_table(Rows(covered.rows).first(1), covered.suite.registry, false);
  EXPECT_CONTAINS(table, "1870  SIZE                              1/1  100%\n");
  EXPECT_EQ(table.find("MUST"), std::string::npos);
  EXPECT_EQ(table.find("all"), std::string::npos) << "of one RFC the sum is its own line";
  EXPECT_EQ(table.find("not covered"), std::string::npos);
}

TEST(CoverageReport, RowsSayWhatCoversThemOrWhyNothingDoes) {
  const Covered covered;
  EXPECT_EQ(coverage_rows(covered.rows, false),
            "RFC1870-2-1  SHOULD  covered\n    By a rule.\n      rules/a\n"
            "RFC5321-1-1  MUST  covered\n    By a case.\n      order/one\n"
            "RFC5321-1-2  MUST  open\n    By nothing.\n"
            "RFC5321-1-3  MAY  mailbox\n    It shows elsewhere.\n      it is there\n"
            "RFC5321-1-4  MUST  client\n    No server's.\n"
            "RFC5321-1-5  MAY  freedom\n    A freedom.\n      both are right\n"
            "RFC5321-1-6  MUST  covered\n    The same as the first.\n      as the same as RFC5321-1-1:\n      order/one\n");
}

TEST(CoverageReport, WhatIsMissingStandsByReasonAndWhatIsOpenFirst) {
  const Covered covered;
  EXPECT_EQ(coverage_missing(covered.rows, false),
            "open: no reason is given: a case or rule is missing (1 row)\n  RFC5321-1-2  MUST\n    By nothing.\n\n"
            "mailbox: it needs a look at what is delivered (1 row)\n  RFC5321-1-3  MAY\n    It shows elsewhere.\n      it is there\n\n"
            "freedom: it leaves servers free: nothing breaks it (1 row)\n  RFC5321-1-5  MAY\n    A freedom.\n      both are right\n\n");
  EXPECT_CONTAINS(coverage_missing(covered.rows, true), "\x1b[1mRFC5321-1-2\x1b[0m");
}

TEST(CoverageReport, JsonHasAllRowsAndTheirSums) {
  const Covered covered;
  const auto document = boost::json::parse(coverage_json(covered.rows, covered.suite.registry, "1.2")).as_object();
  EXPECT_EQ(document.at("schema").as_string(), "smtpspec.coverage.v1");
  EXPECT_EQ(document.at("suite").at("version").as_string(), "1.2");
  const auto& rows = document.at("requirements").as_array();
  ASSERT_EQ(rows.size(), covered.rows.size());
  EXPECT_EQ(rows[0].at("rules").as_array().at(0).as_string(), "rules/a");
  EXPECT_EQ(rows[1].at("lenient").at("since").as_string(), "2026-01-01");
  EXPECT_EQ(rows[1].at("cases").as_array().at(0).as_string(), "order/one");
  EXPECT_EQ(rows[2].at("standing").as_string(), "open");
  EXPECT_FALSE(rows[2].as_object().contains("reason"));
  EXPECT_EQ(rows[3].at("reason").as_string(), "it is there");
  EXPECT_EQ(rows[6].at("same_as").as_string(), "RFC5321-1-1");
  const auto& summary = document.at("summary").as_array();
  ASSERT_EQ(summary.size(), 3u) << "an RFC has a sum for each level that it has";
  const auto& must = summary.at(1).as_object();
  EXPECT_EQ(must.at("level").as_string(), "MUST");
  EXPECT_EQ(must.at("rows").as_int64(), 4);
  EXPECT_EQ(must.at("wire").at("rows").as_int64(), 3);
  EXPECT_EQ(must.at("wire").at("covered").as_int64(), 2);
  EXPECT_EQ(must.at("not_covered").at("open").as_int64(), 1);
  EXPECT_EQ(must.at("not_covered").at("client").as_int64(), 1);
}

}  // namespace
}  // namespace smtpspec::report
