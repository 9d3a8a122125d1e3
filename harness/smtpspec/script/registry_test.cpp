#include "smtpspec/script/registry.hpp"

#include <gtest/gtest.h>

namespace smtpspec::script {
namespace {

constexpr const char* good = R"(rfc: 5321
title: Simple Mail Transfer Protocol
requirements:
  4.1.4-14:
    level: MUST
    subject: server
    observable: wire
    says: Order of commands.
    check: RCPT before MAIL
    by-letter: {since: 2026-01-01, reason: nobody does}
    successor: 4.1.4-15
  2.3-P1: {level: SHOULD, subject: both, observable: none, says: A statement without a keyword.}
  2.3-2: {level: MAY, subject: client, observable: wire, says: What a client may do.}
)";

TEST(Registry, RowsAreFoundById) {
  Registry registry;
  ASSERT_TRUE(registry.add(good, "a.yaml"));
  EXPECT_EQ(registry.all().size(), 3u);
  EXPECT_EQ(registry.rfcs().at(5321), "Simple Mail Transfer Protocol");
  const Requirement* row = registry.find("RFC5321-4.1.4-14");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->rfc, 5321);
  EXPECT_EQ(row->section, "4.1.4");
  EXPECT_EQ(row->level, Level::must);
  EXPECT_EQ(row->says, "Order of commands.");
  EXPECT_EQ(row->check, "RCPT before MAIL");
  EXPECT_EQ(row->by_letter, "nobody does");
  EXPECT_EQ(row->since, "2026-01-01");
  EXPECT_EQ(row->successor, "4.1.4-15");
  EXPECT_EQ(row->place, (Place{"a.yaml", 4, 3}));
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
  EXPECT_EQ(to_string(twice.error()), "b.yaml:4:3: requirement RFC5321-4.1.4-14 is there already");
}

TEST(Registry, ErrorsNameThePlaceAndTheNearest) {
  const auto with = [](std::string row) { return "rfc: 5321\ntitle: A\nrequirements:\n  1-1: {" + row + "}\n"; };
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
      {with("level: MUST, subject: server, observable: wire, says: a, by-letter: {since: 2026-01-01}"),
       "a.yaml:4:77: a by-letter mark needs since and reason"},
      {with("level: MUST, subject: server, observable: wire, says: a, by-letter: yes"), "a.yaml:4:77: expected a by-letter mark"},
  };
  for (const auto& [text, message] : rows) {
    const auto added = Registry().add(text, "a.yaml");
    ASSERT_FALSE(added) << text;
    EXPECT_EQ(to_string(added.error()).substr(0, message.size()), message);
  }
}

TEST(Level, IsReadWithoutCase) {
  for (const Level level : {Level::must, Level::should, Level::may}) EXPECT_EQ(*parse_level(to_string(level)), level);
  EXPECT_EQ(*parse_level("should"), Level::should);
  EXPECT_FALSE(parse_level(""));
}

}  // namespace
}  // namespace smtpspec::script
