#include "smtpspec/script/registry.hpp"

#include <gtest/gtest.h>

namespace smtpspec::script {
namespace {

constexpr const char* good = R"(rfc: 5321
title: Simple Mail Transfer Protocol
successor: the next one
requirements:
  4.1.4-14:
    level: MUST
    subject: server
    observable: wire
    says: Order of commands.
    check: RCPT before MAIL
    by-letter: {since: 2026-01-01, reason: nobody does}
    successor: F.4
  2.3-P1:
    level: SHOULD
    subject: both
    observable: none
    says: A statement without a keyword.
    lenient: {since: 2026-02-28, reason: many do}
  2.3-2: {level: MAY, subject: client, observable: wire, says: What a client may do.}
  2.3-3: {level: MAY, subject: server, observable: delivery, says: What arrives., gap: {kind: mailbox, reason: it stands there}}
  2.3-4: {level: MAY, subject: server, observable: delivery, says: The same., same-as: RFC5321-2.3-3}
)";

TEST(Registry, RowsAreFoundById) {
  Registry registry;
  ASSERT_TRUE(registry.add(good, "a.yaml"));
  EXPECT_EQ(registry.all().size(), 5u);
  EXPECT_EQ(registry.rfcs().at(5321), "Simple Mail Transfer Protocol");
  const Requirement* row = registry.find("RFC5321-4.1.4-14");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->rfc, 5321);
  EXPECT_EQ(row->section, "4.1.4");
  EXPECT_EQ(row->level, Level::must);
  EXPECT_EQ(row->says, "Order of commands.");
  EXPECT_EQ(row->check, "RCPT before MAIL");
  ASSERT_TRUE(row->by_letter);
  EXPECT_EQ(row->by_letter->reason, "nobody does");
  EXPECT_EQ(row->by_letter->since, "2026-01-01");
  EXPECT_FALSE(row->lenient);
  EXPECT_EQ(registry.successors().at(5321), "the next one");
  EXPECT_EQ(row->successor, "F.4");
  EXPECT_EQ(row->place, (Place{"a.yaml", 5, 3}));
  ASSERT_TRUE(registry.find("RFC5321-2.3-P1")->lenient);
  EXPECT_EQ(registry.find("RFC5321-2.3-P1")->lenient->since, "2026-02-28");
  EXPECT_EQ(registry.find("RFC5321-2.3-P1")->lenient->reason, "many do");
  EXPECT_EQ(registry.find("RFC5321-2.3-P1")->successor, "");
  ASSERT_TRUE(registry.find("RFC5321-2.3-3")->gap);
  EXPECT_EQ(registry.find("RFC5321-2.3-3")->gap->kind->name, "mailbox");
  EXPECT_EQ(registry.find("RFC5321-2.3-3")->gap->reason, "it stands there");
  EXPECT_FALSE(registry.find("RFC5321-2.3-4")->gap);
  EXPECT_EQ(registry.find("RFC5321-2.3-4")->same_as, "RFC5321-2.3-3");
  EXPECT_EQ(registry.find("RFC5321-2.3-P1")->section, "2.3");
  EXPECT_EQ(registry.find("RFC5321-9-9"), nullptr);
  EXPECT_EQ(registry.nearest("RFC5321-4.1.4-4"), "RFC5321-4.1.4-14");
}

TEST(Registry, TestableIsWhatAServerShows) {
  Registry registry;
  ASSERT_TRUE(registry.add(good, "a.yaml"));
  EXPECT_TRUE(registry.find("RFC5321-4.1.4-14")->testable());
  EXPECT_FALSE(registry.find("RFC5321-2.3-P1")->testable()) << "nobody can see it";
  EXPECT_FALSE(registry.find("RFC5321-2.3-2")->testable()) << "it binds clients";
}

TEST(Registry, FilesOfOneRfcAddUpButRowsAreUnique) {
  Registry registry;
  ASSERT_TRUE(registry.add(good, "a.yaml"));
  const auto twice = registry.add(good, "b.yaml");
  ASSERT_FALSE(twice);
  EXPECT_EQ(to_string(twice.error()), "b.yaml:5:3: requirement RFC5321-4.1.4-14 is there already");
}

TEST(Registry, ErrorsNameThePlaceAndTheNearest) {
  const auto with = [](std::string row) { return "rfc: 5321\ntitle: A\nrequirements:\n  1-1: {" + row + "}\n"; };
  const auto added = [&](std::string entry) { return with("level: MUST, subject: server, observable: wire, says: a, " + entry); };
  const auto succeeded = [&](std::string section) { return "successor: B\n" + added("successor: " + section); };
  const std::pair<std::string, std::string_view> rows[] = {
      {"rfc: 5321\ntitle: A\n", "a.yaml:1:1: a requirement file needs rfc, title and requirements"},
      {"rfc: 5321\ntitle: A\nrequirements: []\n", "a.yaml:1:1: a requirement file needs rfc"},
      {"rfc: 5321\ntitel: A\n", "a.yaml:2:1: no key 'titel' in a requirement file (did you mean 'title'?)"},
      {"rfc: RFC5321\ntitle: A\nrequirements: {}\n", "a.yaml:1:6: expected the RFC's number"},
      {"rfc: 5321\ntitle: A\nrequirements:\n  one: {level: MUST}\n", "a.yaml:4:3: 'one' is no requirement"},
      {with("level: MUST, subject: server, observable: wire"), "a.yaml:4:3: requirement 1-1 has no 'says'"},
      {with("leve: MUST"), "a.yaml:4:9: no key 'leve' in a requirement (did you mean 'level'?)"},
      {with("level: MUSTN, subject: server, observable: wire, says: a"),
       "a.yaml:4:16: expected a level, one of MUST, SHOULD, MAY (did you mean 'MUST'?)"},
      {with("level: MUST, subject: sever, observable: wire, says: a"), "a.yaml:4:31: expected who is bound"},
      {with("level: MUST, subject: server, observable: wires, says: a"), "a.yaml:4:51: expected where it is seen"},
      {added("by-letter: {since: 2026-01-01}"), "a.yaml:4:77: a by-letter mark needs since and reason"},
      {added("by-letter: yes"), "a.yaml:4:77: expected a by-letter mark"},
      {added("by-leter: {}"), "a.yaml:4:66: no key 'by-leter' in a requirement (did you mean 'by-letter'?)"},
      {added("lenient: {since: 2026-01-01, reason: ''}"), "a.yaml:4:103: expected the reason of the mark"},
      {added("lenient: {since: lately, reason: a}"), "a.yaml:4:83: 'lately' is no day; a day looks like 2026-12-31"},
      {added("lenient: {sinc: 2026-01-01, reason: a}"), "a.yaml:4:76: no key 'sinc' in a lenient mark (did you mean 'since'?)"},
      {added("gap: mailbox"), "a.yaml:4:71: expected a gap"},
      {added("gap: {kind: mailbox}"), "a.yaml:4:71: a gap needs kind and reason"},
      {added("gap: {kind: mailbx, reason: a}"),
       "a.yaml:4:78: expected why nothing covers it, one of mailbox, next-hop, notice, dns, "
       "setup, gateway, unseen, freedom (did you mean 'mailbox'?)"},
      {added("gap: {kind: setup, reason: ' '}"), "a.yaml:4:93: expected the reason of the gap"},
      {added("gap: {kind: setup, reason: a}, same-as: RFC5321-1-2"), "a.yaml:4:106: a row that is the same as another has no gap"},
      {added("same-as: []"), "a.yaml:4:75: expected the requirement that says the same"},
      {added("successor: 4.1"), "a.yaml:4:77: the file names no successor that this could be a section of"},
      {"successor: ''\n" + added("check: a"), "a.yaml:1:12: expected the document that replaces the RFC"},
      {succeeded("4.1.4-14"), "a.yaml:5:77: '4.1.4-14' is no section; sections look like 4.1.4 or F.2"},
      {succeeded("4..1"), "a.yaml:5:77: '4..1' is no section"},
      {succeeded("FF"), "a.yaml:5:77: 'FF' is no section"},
      {succeeded("[4]"), "a.yaml:5:77: '' is no section"},
  };
  for (const auto& [text, message] : rows) {
    const auto read = Registry().add(text, "a.yaml");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(to_string(read.error()).substr(0, message.size()), message);
  }
}

TEST(Level, IsReadWithoutCase) {
  for (const Level level : {Level::must, Level::should, Level::may}) EXPECT_EQ(*parse_level(to_string(level)), level);
  EXPECT_EQ(*parse_level("should"), Level::should);
  EXPECT_FALSE(parse_level(""));
}

}  // namespace
}  // namespace smtpspec::script
