#include "smtpspec/script/coverage.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr const char* two_rfcs = R"(rfc: 5321
title: SMTP
requirements:
  4.10-1: {level: MUST, subject: server, observable: wire, says: By a case.}
  4.9-1: {level: MUST, subject: both, observable: wire, says: By a rule.}
  4.9-2: {level: SHOULD, subject: server, observable: wire, says: By both.}
  5-1: {level: MAY, subject: server, observable: delivery, says: By nothing yet., gap: {kind: next-hop, reason: it has to be seen there}}
  5-2: {level: MUST, subject: server, observable: wire, says: By nothing and no reason.}
  5-3: {level: MUST, subject: client, observable: none, says: No server's.}
  6-1: {level: MUST, subject: server, observable: wire, says: Again by a case., same-as: RFC5321-4.10-1}
  6-2: {level: MUST, subject: server, observable: delivery, says: Again by nothing., same-as: RFC5321-5-1}
)";
const CitingRule citing_rules[] = {{"rules/a", "RFC5321-4.9-1"}, {"rules/b", "RFC5321-4.9-2"}, {"rules/c", "RFC9999-1-1"}};

Suite suite_of(const std::string& rows = two_rfcs) {
  Suite out;
  const auto added = out.registry.add(rows, "a.yaml");
  EXPECT_TRUE(added) << (added ? "" : to_string(added.error()));
  Case one, two;
  one.id = "one";
  one.covers = {"RFC5321-4.10-1", "RFC5321-4.9-2", "RFC9999-1-2"};
  two.id = "two";
  two.covers = {"RFC5321-4.10-1"};
  out.cases = {one, two};
  return out;
}

std::string lines_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += line + "\n";
  return out;
}

TEST(Coverage, IsByCasesAndRulesAndWhatSaysTheSame) {
  const Suite suite = suite_of();
  const auto rows = coverage(suite, citing_rules);
  std::string said;
  for (const auto& found : rows) said += found.row->id + " " + std::string(found.standing()) + " " + std::string(found.kinds()) + "\n";
  EXPECT_EQ(said,
            "RFC5321-4.10-1 covered case\n"
            "RFC5321-4.9-1 covered rule\n"
            "RFC5321-4.9-2 covered case rule\n"
            "RFC5321-5-1 next-hop \n"
            "RFC5321-5-2 open \n"
            "RFC5321-5-3 client \n"
            "RFC5321-6-1 covered case\n"
            "RFC5321-6-2 next-hop \n");
  EXPECT_EQ(rows[0].cases, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(rows[2].rules, (std::vector<std::string>{"rules/b"}));
  ASSERT_NE(rows[6].same, nullptr);
  EXPECT_EQ(rows[6].same->id, "RFC5321-4.10-1");
  EXPECT_EQ(rows[6].cases.size(), 2u);
  EXPECT_EQ(rows[7].gap()->reason, "it has to be seen there");
}

TEST(Coverage, RowsStandInTheOrderOfTheirFile) {
  Suite suite = suite_of("rfc: 7504\ntitle: A\nrequirements:\n  1-1: {level: MUST, subject: server, observable: wire, says: a}\n");
  ASSERT_TRUE(
      suite.registry.add("rfc: 1870\ntitle: A\nrequirements:\n  6.10-1: {level: MUST, subject: server, observable: wire, says: a}\n"
                         "  6.2-1: {level: MUST, subject: server, observable: wire, says: a}\n",
                         "b.yaml"));
  std::string said;
  for (const auto& found : coverage(suite, {})) said += found.row->id + "\n";
  EXPECT_EQ(said, "RFC1870-6.10-1\nRFC1870-6.2-1\nRFC7504-1-1\n");
}

TEST(Coverage, LintFindsWhatDoesNotHold) {
  EXPECT_TRUE(lint_registry(suite_of(), citing_rules).empty());
  const Suite suite = suite_of(R"(rfc: 5321
title: SMTP
requirements:
  4.10-1: {level: MUST, subject: server, observable: wire, says: a, gap: {kind: setup, reason: none}}
  4.9-1: {level: MUST, subject: client, observable: none, says: a, gap: {kind: unseen, reason: none}}
  4.9-2: {level: MUST, subject: server, observable: wire, says: a, same-as: RFC5321-4.10-1}
  5-1: {level: MUST, subject: server, observable: wire, says: a, same-as: RFC5321-4.10-2}
  5-2: {level: MUST, subject: server, observable: wire, says: a, same-as: RFC5321-5-2}
  5-3: {level: MUST, subject: server, observable: wire, says: a, same-as: RFC5321-5-2}
)");
  std::vector<std::string> said;
  for (const Error& error : lint_registry(suite, {})) said.push_back(to_string(error));
  EXPECT_EQ(lines_of(said),
            "a.yaml:4:3: requirement RFC5321-4.10-1 has a gap and is covered by one: take the gap away\n"
            "a.yaml:5:3: requirement RFC5321-4.9-1 binds no server; that is why nothing covers it, and a gap says no more\n"
            "a.yaml:6:3: requirement RFC5321-4.9-2 is covered by one itself, not as the same as RFC5321-4.10-1\n"
            "a.yaml:7:3: requirement RFC5321-5-1 is said to be the same as 'RFC5321-4.10-2', which the registry lacks (did you mean "
            "'RFC5321-4.10-1'?)\n"
            "a.yaml:8:3: requirement RFC5321-5-2 is said to be the same as RFC5321-5-2, which is no row of its own\n"
            "a.yaml:9:3: requirement RFC5321-5-3 is said to be the same as RFC5321-5-2, which is no row of its own\n");
}

constexpr const char* taken =
    "requirement\tcovered by\n"
    "RFC5321-4.10-1\tcase\n"
    "RFC5321-4.9-1\trule\n"
    "RFC5321-4.9-2\tcase rule\n"
    "RFC5321-6-1\tcase\n";

TEST(Snapshot, IsWhatItIsHeldAgainst) {
  const Suite suite = suite_of();
  const auto rows = coverage(suite, citing_rules);
  EXPECT_EQ(snapshot(rows), taken);
  const auto moved = drift(taken, "coverage.tsv", rows);
  ASSERT_TRUE(moved);
  EXPECT_EQ(lines_of(moved->lost) + lines_of(moved->stale), "");
}

TEST(Snapshot, MoreForACoveredRowIsNoDrift) {
  Suite suite = suite_of();
  suite.cases.push_back(suite.cases[1]);
  suite.cases.back().covers = {"RFC5321-4.9-1", "RFC5321-4.10-1"};
  const auto moved = drift(taken, "coverage.tsv", coverage(suite, citing_rules));
  ASSERT_TRUE(moved);
  EXPECT_EQ(lines_of(moved->lost) + lines_of(moved->stale), "");
}

TEST(Snapshot, WhatIsLostAndWhatIsStaleIsNamed) {
  Suite suite = suite_of();
  suite.cases.resize(1);
  suite.cases[0].covers = {"RFC5321-5-2"};
  const auto moved = drift(std::string(taken) + "RFC5321-9-9\trule\n", "coverage.tsv", coverage(suite, citing_rules));
  ASSERT_TRUE(moved);
  EXPECT_EQ(lines_of(moved->lost),
            "RFC5321-4.10-1 was covered by case, now by nothing\n"
            "RFC5321-4.9-2 was covered by case rule, now by rule alone\n"
            "RFC5321-6-1 was covered by case, now by nothing\n");
  EXPECT_EQ(lines_of(moved->stale),
            "RFC5321-9-9 is named, and is no row of the registry or stands here twice\n"
            "RFC5321-5-2 is covered by now, and not named\n");
}

TEST(Snapshot, WhatIsNoneIsAnErrorWithItsPlace) {
  const Suite suite = suite_of();
  const auto rows = coverage(suite, citing_rules);
  const std::pair<std::string, std::string_view> texts[] = {
      {"", "c.tsv:1:1: this is no snapshot of the coverage"},
      {"requirement\tcovered by\nRFC5321-4.10-1 case\n", "c.tsv:2:1: expected a requirement, a tab"},
      {"requirement\tcovered by\nRFC5321-4.9-1\trule\nRFC5321-4.10-1\tcases\n", "c.tsv:3:1: expected a requirement, a tab"},
      {"requirement\tcovered by\n\n", "c.tsv:2:1: expected a requirement, a tab"},
  };
  for (const auto& [text, message] : texts) {
    const auto moved = drift(text, "c.tsv", rows);
    ASSERT_FALSE(moved) << text;
    EXPECT_EQ(to_string(moved.error()).substr(0, message.size()), message);
  }
}

}  // namespace
}  // namespace smtpspec::script
