// What a case says once it is read, and its canonical form. What is refused is in cases/fixtures (lint_test.cpp).
#include "smtpspec/script/case.hpp"

#include <gtest/gtest.h>

namespace smtpspec::script {
namespace {

constexpr const char* dialogue = "dialogue: |\n  C: NOOP\n  S: 250\n";

Case parsed(const std::string& text) {
  auto test = parse_case(text, "a/b", "a/b.yaml");
  EXPECT_TRUE(test) << text << (test ? "" : to_string(test.error()));
  return test ? std::move(*test) : Case{};
}

TEST(Case, HasDefaults) {
  const Case test = parsed(std::string("title: A title\ncovers: RFC5321-1-1\n") + dialogue);
  EXPECT_EQ(test.id, "a/b");
  EXPECT_EQ(test.file, "a/b.yaml");
  EXPECT_EQ(test.title, "A title");
  EXPECT_EQ(test.covers, std::vector<std::string>{"RFC5321-1-1"});
  EXPECT_FALSE(test.weakened);
  EXPECT_EQ(test.roles, (std::vector<smtp::Role>{smtp::Role::relay, smtp::Role::submission, smtp::Role::submissions}));
  EXPECT_EQ(test.start, Start::ehlo);
  EXPECT_EQ(test.clones, 1);
  EXPECT_FALSE(test.timeout);
  ASSERT_EQ(test.rows.size(), 1u);
  EXPECT_EQ(test.rows[0].name, "");
  EXPECT_EQ(test.dialogue.size(), 2u);
  EXPECT_TRUE(test.why.empty() && test.tags.empty() && test.conditions.empty() && test.exempt.empty() && test.kills.empty() &&
              test.twin.empty());
}

TEST(Case, ReadsItsHeader) {
  const Case test = parsed(
      "title: ' A title '\nwhy: It matters.\ncovers: [RFC5321-1-1, RFC5321-1-2]\nlevel: should\nroles: [submissions, relay]\n"
      "tags: [slow, i18n]\nrequires: [STARTTLS, not account]\nstart: connected\neach:\n  lf: {end: '\\n', also: ''}\n  cr: {end: '\\r', "
      "also: }\n"
      "clones: 20\ntimeout: 90s\nexempt: {reply-ends-in-crlf: on purpose}\nkills: [content/lf-dot-lf, 'model/a/B-c,d/lost']\ntwin: |\n  C: "
      "RSET\n  S: 250\n" +
      std::string(dialogue));
  EXPECT_EQ(test.title, "A title");
  EXPECT_EQ(test.why, "It matters.");
  EXPECT_EQ(test.covers.size(), 2u);
  EXPECT_EQ(test.covers_places[1], (Place{"a/b.yaml", 3, 23}));
  EXPECT_EQ(test.weakened, Level::should);
  EXPECT_EQ(test.roles, (std::vector<smtp::Role>{smtp::Role::submissions, smtp::Role::relay}));
  EXPECT_TRUE(test.tagged("slow") && test.tagged("i18n") && !test.tagged("tls"));
  EXPECT_EQ(test.conditions.size(), 2u);
  EXPECT_EQ(test.start, Start::connected);
  ASSERT_EQ(test.rows.size(), 2u);
  EXPECT_EQ(test.rows[0].name, "lf");
  EXPECT_EQ(test.rows[0].variables.at("end"), *parse_template("\\n")) << "a text like that of the dialogue";
  EXPECT_EQ(test.rows[1].variables.at("also"), Template{});
  EXPECT_EQ(test.clones, 20);
  EXPECT_EQ(*test.timeout, std::chrono::seconds(90));
  EXPECT_EQ(test.exempt[0].rule, "reply-ends-in-crlf");
  ASSERT_EQ(test.kills.size(), 2u);
  EXPECT_EQ(test.kills[0].fault, "content/lf-dot-lf");
  EXPECT_EQ(test.kills[1].fault, "model/a/B-c,d/lost");
  EXPECT_EQ(print_dialogue(test.twin), "C: RSET\nS: 250\n");
}

TEST(Case, HasRowsWithConditionsAndAStartOfTheirOwn) {
  const Case test = parsed(
      "title: A title\ncovers: RFC5321-1-1\nrequires: [PIPELINING]\nstart: mail\neach:\n  one: {end: x}\n"
      "  two: {end: x, requires: [SIZE, account], start: bdat}\n" +
      std::string(dialogue));
  const auto conditions = [&](std::size_t row) {
    std::vector<std::string> out;
    for (const Condition& condition : conditions_of(test, test.rows[row])) out.push_back(to_string(condition));
    return out;
  };
  EXPECT_EQ(start_of(test, test.rows[0]), Start::mail);
  EXPECT_EQ(conditions(0), std::vector<std::string>{"PIPELINING"});
  EXPECT_EQ(start_of(test, test.rows[1]), Start::bdat);
  EXPECT_EQ(conditions(1), (std::vector<std::string>{"PIPELINING", "SIZE", "account", "CHUNKING"})) << "bdat asks for CHUNKING by itself";
  EXPECT_EQ(test.rows[1].variables.size(), 1u) << "keys of the header are no variables";
}

TEST(Case, AsksForChunkingWhereAnotherConnectionBeginsInAChunk) {
  const std::string header = "title: A title\ncovers: RFC5321-1-1\n";
  const Case test = parsed(header + "dialogue: |\n  do: open 2 at bdat\n  C2: NOOP\n  S2: 250\n");
  ASSERT_EQ(conditions_of(test, test.rows[0]).size(), 1u);
  EXPECT_EQ(to_string(conditions_of(test, test.rows[0])[0]), "CHUNKING");
}

// --- conditions -----------------------------------------------------------------------------------------------------------

TEST(Condition, IsReadAndPrinted) {
  struct {
    std::string_view text, printed;
    Condition condition;
  } const rows[] = {
      {"STARTTLS", "STARTTLS", {Condition::Kind::keyword, false, "STARTTLS"}},
      {" not  PIPELINING", "not PIPELINING", {Condition::Kind::keyword, true, "PIPELINING"}},
      {"AUTH  PLAIN", "AUTH PLAIN", {Condition::Kind::keyword, false, "AUTH", "PLAIN"}},
      {"SIZE >= 65536", "SIZE>=65536", {Condition::Kind::keyword, false, "SIZE", "", 65536}},
      {"8BITMIME", "8BITMIME", {Condition::Kind::keyword, false, "8BITMIME"}},
      {"account", "account", {Condition::Kind::fact, false, "account"}},
      {"not unknown-recipient", "not unknown-recipient", {Condition::Kind::fact, true, "unknown-recipient"}},
  };
  for (const auto& row : rows) {
    const auto condition = parse_condition(row.text);
    ASSERT_TRUE(condition) << row.text;
    EXPECT_EQ(*condition, row.condition) << row.text;
    EXPECT_EQ(to_string(*condition), row.printed);
    EXPECT_EQ(*parse_condition(row.printed), *condition);
  }
  for (const auto fact : condition_facts()) EXPECT_EQ(parse_condition(fact)->kind, Condition::Kind::fact) << fact;
  for (const FactName& fact : fact_names()) EXPECT_EQ(parse_condition(fact.name)->kind, Condition::Kind::fact) << fact.name;
}

TEST(Condition, IsMetByWhatEhloOffers) {
  const smtp::Capabilities offered{{{"size", "1000"}, {"AUTH", "PLAIN login"}, {"STARTTLS", ""}}};
  const std::pair<std::string_view, bool> rows[] = {
      {"STARTTLS", true},    {"PIPELINING", false},    {"not PIPELINING", true},    {"not STARTTLS", false},
      {"AUTH LOGIN", true},  {"AUTH CRAM-MD5", false}, {"not AUTH CRAM-MD5", true}, {"SIZE>=1000", true},
      {"SIZE>=1001", false}, {"not SIZE>=1001", true}, {"CHUNKING>=1", false},
  };
  for (const auto& [text, met] : rows) EXPECT_EQ(meets(*parse_condition(text), offered), met) << text;
  // RFC 1870 section 4: SIZE 0, and SIZE alone, set no limit.
  EXPECT_TRUE(meets(*parse_condition("SIZE>=1000"), {{{"SIZE", "0"}}}));
  EXPECT_TRUE(meets(*parse_condition("SIZE>=1000"), {{{"SIZE", ""}}}));
  EXPECT_FALSE(meets(*parse_condition("DELIVERBY>=10"), {{{"DELIVERBY", "0"}}}));
}

// --- canonical form ---------------------------------------------------------------------------------------------------------

TEST(Format, KeysStandInOrderAndRemarksStayAboveTheirKey) {
  const auto form = format_case(
      "# modeline\n\n"
      "dialogue: |-\n"
      "     C:NOOP\n"
      "     S:   250 # fine\n"
      "# of the twin: and its dialogue: |\n"
      "twin: |\n"
      "      C: RSET  \n"
      "\n\n"
      "      S: 250\n\n\n"
      "each:\r\n"
      "# the row\n"
      "  a: {x: y}   \n"
      "covers:\n"
      "- RFC5321-1-1\n"
      "why: |\n"
      "  One.\n"
      "\n"
      "  Two.\n"
      "\n"
      "title : A title\n"
      "# last\n",
      "a.yaml");
  ASSERT_TRUE(form) << to_string(form.error());
  EXPECT_EQ(*form,
            "title : A title\n"
            "why: |\n"
            "  One.\n"
            "\n"
            "  Two.\n"
            "covers:\n"
            "- RFC5321-1-1\n"
            "each:\n"
            "# the row\n"
            "  a: {x: y}\n"
            "# modeline\n"
            "dialogue: |\n"
            "  C: NOOP\n"
            "  S: 250  # fine\n"
            "# of the twin: and its dialogue: |\n"
            "twin: |\n"
            "  C: RSET  \n"
            "\n"
            "\n"
            "  S: 250\n"
            "# last\n");
  EXPECT_EQ(*format_case(*form, "a.yaml"), *form);
}

// YAML knows forms that cutting by lines does not understand: they are left alone, whole.
TEST(Format, WhatCannotBeFormattedIsRefusedAndNotSpoilt) {
  const std::string rest = std::string("covers: [RFC5321-1-1]\n") + dialogue;
  for (const std::string& text : {"title: \"A\nb: title\"\n" + rest, rest + "title: A\n...\n", "? title\n: A\n" + rest}) {
    ASSERT_TRUE(parse_case(text, "", "a.yaml")) << text;
    const auto form = format_case(text, "a.yaml");
    if (form) EXPECT_EQ(parsed(*form).title, parsed(text).title) << *form;
    else EXPECT_EQ(form.error().place, (Place{"a.yaml", 1, 1}));
  }
}

TEST(Format, ACaseThatDoesNotParseHasNone) { EXPECT_FALSE(format_case("title: A\n", "a.yaml")); }

}  // namespace
}  // namespace smtpspec::script
