#include "smtpspec/script/dialogue.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "smtpspec/script/suite.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::script {
namespace {

std::vector<Step> steps_of(std::string_view text) {
  auto steps = parse_dialogue(text, "a.yaml");
  EXPECT_TRUE(steps) << text << ": " << (steps ? "" : to_string(steps.error()));
  return steps ? std::move(*steps) : std::vector<Step>{};
}

// --- text form ------------------------------------------------------------------------------------------------------------

struct Form {
  std::string_view text;
  std::string_view printed = text;  // canonical form
};
const Form forms[] = {
    {""},
    {"C: NOOP\n"},
    {"C:NOOP", "C: NOOP\n"},
    {"C:  NOOP  \n"},  // blanks are octets
    {"C:\n"},
    {"C:    \n", "C:    \n"},
    {"C9: NOOP\n"},
    {"C1: NOOP\n", "C: NOOP\n"},
    {"raw: NOOP\\n\n"},
    {"raw2: {\"x\" x 500}{cut}\n"},
    {"S: 250\n"},
    {"S2:   250   251 # both do\n", "S2: 250 251  # both do\n"},
    {"S: 250 text \"a # b\" #c\n", "S: 250 text \"a # b\"  # c\n"},
    {"S: 250 text \"\\\" # \"\n", "S: 250 text \"\\\" # \"\n"},
    {"# a remark\nC: NOOP\n#\n#  indented\n\nS: 250\n"},
    {"#   \nC: NOOP\n# last  \n", "#\nC: NOOP\n# last\n"},
    {"C: NOOP\n\n\n", "C: NOOP\n"},
    {"\nC: NOOP\n"},
    {"C: NOOP\n#\n"},
    {"together:\n  C: MAIL FROM:<>\n\n  # between\n  C: RCPT TO:<{recipient}>\n\nS: 250\n"},
    {"together2:\n    raw: a\n    bdat last: b\n", "together2:\n  raw: a\n  bdat last: b\n"},
    {"octet by octet:\n  C: NOOP\n"},
    {"octet by octet3:\n  message:\n    a\n"},
    {"times 60:\n  C: NOOP {count}\n\n  # between\n  S: 250, else 421 ends the block\n"},
    {"times  007:\n    message2:\n      a\n    S2: 250\n", "times 7:\n  message2:\n    a\n  S2: 250\n"},
    {"times 2:\n  together:\n    C: NOOP\n    C: NOOP\n  check: transaction\n"},
    {"together:\n  times 4000:\n    C: NOOP\n  C: QUIT\n"},
    {"message:\n"},
    {"message:\nS: 250\n"},
    {"message:\n  a\n   folded\n  .\n\n  # no remark\n  C: no step\nS: 250\n"},
    {"message:\n      a\n     \n", "message:\n  a\n"},
    {"message:\n\n  behind an empty line\n"},
    {"message:\n   \n  behind a line of blanks\n", "message:\n\n  behind a line of blanks\n"},
    {"message:\n  \\x20first\n   second\n  \\x20\n  \\x20 \\x20\n", "message:\n  \\x20first\n   second\n  \\x20\n  \\x20  \n"},
    {"message:\n\n  \\x20first behind an empty line\n"},
    {"message, unended2:\n  a\n"},
    {"content:\n  a\n"},
    {"content, unstuffed, unended:\n  .\n"},
    {"content,unended,  unstuffed:\n  .\n", "content, unstuffed, unended:\n  .\n"},
    {"bdat: abc\n"},
    {"bdat last:\n"},
    {"bdat last2: a b\n"},
    {"do: handshake\n"},
    {"do: half-close\n"},
    {"do: reset # hard\n", "do: reset  # hard\n"},
    {"do2: close\n"},
    {"do: wait 0.5s\n", "do: wait 500ms\n"},
    {"do: auth\n"},
    {"do: auth plain\n", "do: auth PLAIN\n"},
    {"do: open 2\n", "do: open 2 at ehlo\n"},
    {"do: open 9 at data\n"},
    {"do:  restart   target\n", "do: restart target\n"},
    {"check: transaction\n"},
    {"check3: no transaction # gone\n", "check3: no transaction  # gone\n"},
};

TEST(Dialogue, EveryConstructHasOneCanonicalForm) {
  for (const Form& form : forms) {
    const auto steps = steps_of(form.text);
    EXPECT_EQ(print_dialogue(steps), form.printed);
    EXPECT_EQ(steps_of(form.printed), steps) << form.text;
  }
}

// Each two constructs, one behind the other: none swallows the next.
TEST(Dialogue, ConstructsStandSideBySide) {
  for (const Form& a : forms)
    for (const Form& b : forms) {
      if (a.printed.empty() || b.printed.empty()) continue;
      const std::string text = std::string(a.printed) + std::string(b.printed);
      const auto steps = steps_of(text);
      // What stands behind them is not there when it is blank (it belongs to the step that follows).
      const std::string printed = print_dialogue(steps);
      ASSERT_EQ(printed, text);
      ASSERT_EQ(steps_of(printed), steps) << text;
    }
}

TEST(Dialogue, FormOfTheSuiteIsAFixpoint) {
  const auto suite = load_suite(source_directory() + "/cases");
  ASSERT_TRUE(suite);
  ASSERT_FALSE(suite->cases.empty());
  for (const Case& test : suite->cases)
    for (const auto* steps : {&test.dialogue, &test.twin}) {
      const std::string printed = print_dialogue(*steps);
      const auto again = steps_of(printed);
      EXPECT_EQ(again, *steps) << test.file;
      EXPECT_EQ(print_dialogue(again), printed) << test.file;
    }
}

TEST(Dialogue, StepsSayWhatTheirTextSays) {
  const auto steps = steps_of(
      "C2: NOOP\ndo: open 3 at rcpt\ndo: wait 2min\ndo: auth login\nbdat last: x\n"
      "octet by octet:\n  content, unended:\n    .\ncheck: transaction\nS: close  # why\n");
  ASSERT_EQ(steps.size(), 8u);
  EXPECT_EQ(steps[0].connection, 2);
  EXPECT_EQ(print_template(steps[0].text), "NOOP");
  EXPECT_TRUE(steps[1].act == Step::Act::open && steps[1].other == 3 && steps[1].at == Start::rcpt);
  EXPECT_TRUE(steps[2].act == Step::Act::wait && steps[2].time == std::chrono::minutes(2));
  EXPECT_TRUE(steps[3].act == Step::Act::auth && steps[3].mechanism == "LOGIN");
  EXPECT_TRUE(steps[4].kind == Step::Kind::chunk && steps[4].last);
  ASSERT_EQ(steps[5].inside.size(), 1u);
  EXPECT_TRUE(steps[5].kind == Step::Kind::together && steps[5].octet_by_octet);
  EXPECT_TRUE(steps[5].inside[0].kind == Step::Kind::content && steps[5].inside[0].stuffed && !steps[5].inside[0].ended);
  EXPECT_TRUE(steps[6].kind == Step::Kind::check && steps[6].transaction);
  EXPECT_EQ(steps[7].expect.tiers.front().answers.front().kind, Answer::Kind::close);
  EXPECT_EQ(steps[7].remark, "why");
  for (const Step& step : steps)
    EXPECT_EQ(step.sends(), step.kind == Step::Kind::line || step.kind == Step::Kind::chunk || step.kind == Step::Kind::together);
}

TEST(Dialogue, UnrolledBlocksCountFromOne) {
  EXPECT_EQ(print_dialogue(unrolled(steps_of("C: a\ntimes 3:\n  C: b{count}\n  message:\n    {upper \"c{count}\"}\nC: d\n"))),
            "C: a\nC: b1\nmessage:\n  {upper \"c1\"}\nC: b2\nmessage:\n  {upper \"c2\"}\nC: b3\nmessage:\n  {upper \"c3\"}\nC: d\n");
}

TEST(Dialogue, EqualityIsBlindToPlacesOnly) {
  EXPECT_EQ(steps_of("C: NOOP\n"), *parse_dialogue("C: NOOP\n", "b.yaml", 7, 2));
  for (std::size_t i = 0; i < std::size(forms); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_EQ(steps_of(forms[i].text) == steps_of(forms[j].text), forms[i].printed == forms[j].printed);
}

TEST(Dialogue, PlacesAreThoseOfTheFile) {
  const auto steps = *parse_dialogue("C: NOOP\ntogether:\n  C: NOOP\nmessage:\n  a\n    b\n", "a.yaml", 10, 2);
  EXPECT_EQ(steps[0].place, (Place{"a.yaml", 10, 3}));
  EXPECT_EQ(steps[1].inside[0].place, (Place{"a.yaml", 12, 5}));
  EXPECT_EQ(steps[2].inside[1].place, (Place{"a.yaml", 15, 7}));
}

// --- errors -----------------------------------------------------------------------------------------------------------------

TEST(Dialogue, ErrorsCarryPlaceAndHint) {
  struct {
    std::string_view text;
    int line, column;  // in a dialogue that begins at line 1, column 1
    std::string_view says, hint = "";
  } const rows[] = {
      {"NOOP", 1, 1, "expected a step"},
      {"C: NOOP\n  S: 250", 2, 3, "opens no block"},
      {"  C: NOOP", 1, 3, "opens no block"},
      {"c: NOOP", 1, 1, "no step 'c:'", "C"},
      {"mesage:\n  a", 1, 1, "no step 'mesage:'", "message"},
      {"C0: NOOP", 1, 2, "connections are numbered 1 to 9, not 0"},
      {"C12: NOOP", 1, 2, "connections are numbered 1 to 9, not 12"},
      {"message, unended10:", 1, 17, "connections are numbered 1 to 9, not 10"},
      {"line 25: a", 1, 1, "no step 'line 25:'"},
      {"C 2: NOOP", 1, 1, "no step 'C 2:'", "C2"},
      {"message2, unended:\n  a", 1, 1, "no step 'message2, unended:'", "message, unended2"},
      {"mesage2:\n  a", 1, 1, "no step 'mesage2:'", "message2"},
      {"bdat2 last: a", 1, 1, "no step 'bdat2 last:'", "bdat last2"},
      {"C: {user", 1, 4, "not closed"},
      {"C:   \\q", 1, 6, "unknown escape"},
      {"raw: a\xc3\xa9", 1, 7, "must be spelt"},
      {"bdat: }", 1, 7, "lone '}'"},
      {"S: 250\nS:   25x", 2, 6, "no reply code"},
      {"S: 250 witt X  # remark", 1, 8, "does not belong here", "with"},
      {"S: # nothing", 1, 4, "expected a reply code"},
      {"S:", 1, 3, "expected a reply code"},
      {"together: x", 1, 11, "on the lines below"},
      {"together:\nC: NOOP", 1, 1, "the block is empty"},
      {"together:\n  S: 250", 2, 3, "only what the client sends"},
      {"together:\n  C: NOOP\n  check: transaction", 3, 3, "only what the client sends"},
      {"together:\n  octet by octet:\n    C: NOOP", 2, 3, "block inside a block"},
      {"together:\n    C: a\n  C: b", 3, 3, ""},
      {"together:\n  times 2:\n    together:\n      C: a", 3, 5, "block inside a block"},
      {"together:\n  times 2:\n    S: 250", 3, 5, "only what the client sends"},
      {"times 1:\n  C: a", 1, 1, "a number from 2 to 4000"},
      {"times 4001:\n  C: a", 1, 1, "a number from 2 to 4000"},
      {"times 99999999999:\n  C: a", 1, 1, "a number from 2 to 4000"},
      {"times 6 0:\n  C: a", 1, 1, "a number from 2 to 4000"},
      {"times 60: C: a", 1, 11, "on the lines below"},
      {"times 60:\nC: a", 1, 1, "the block is empty"},
      {"times 2:\n  together:\n    times 2:\n      C: a", 3, 5, "'times' inside 'times'"},
      {"times 2:\n  do: restart target", 2, 3, "stand outside of blocks"},
      {"time 60:\n  C: a", 1, 1, "no step 'time 60:'", "times 60"},
      {"times 2:\n  C: a\nS: 250 ends the block", 3, 4, "inside 'times' only"},
      {"message: x", 1, 10, "below, indented"},
      {"message, unstufed:", 1, 8, "'unstufed' is no modifier of message", "unstuffed"},
      {"content, unended, x:", 1, 8, "'x' is no modifier of content"},
      {"message:\n    a\n  b", 3, 3, "indented less than the first one"},
      {"message:\n  a\n      {user", 3, 7, "not closed"},
      {"do:", 1, 4, "no act ''"},
      {"do: handshak", 1, 5, "no act 'handshak'", "handshake"},
      {"do: handshake now", 1, 5, "'handshake' stands alone"},
      {"do: wait", 1, 5, "as in 'do: wait 2s'"},
      {"do: wait 2", 1, 5, "no duration"},
      {"do: auth PLAIN x", 1, 5, "at most one mechanism"},
      {"do: open 1", 1, 5, "a connection from 2 to 9"},
      {"do: open 10", 1, 5, "a connection from 2 to 9"},
      {"do: open 2 in rcpt", 1, 5, "a connection from 2 to 9"},
      {"do: open 2 at rctp", 1, 5, "no start state", "rcpt"},
      {"do: restart", 1, 5, "'do: restart target'"},
      {"check: transactoin", 1, 8, "expected 'transaction'", "transaction"},
      {"check:", 1, 7, "expected 'transaction'"},
      {"C: a\n\tC: b", 2, 1, "a tab indents"},
      {"C: a\r\n", 1, 5, "octet \\r must be spelt"},
      {"C: a\tb", 1, 5, "octet \\t must be spelt"},
      {"# \x7f", 1, 3, "octet \\x7f must be spelt"},
  };
  for (const auto& row : rows) {
    const auto steps = parse_dialogue(row.text, "a.yaml", 1, 0);
    ASSERT_FALSE(steps) << row.text;
    EXPECT_EQ(steps.error().place, (Place{"a.yaml", row.line, row.column})) << row.text << "\n" << to_string(steps.error());
    EXPECT_NE(steps.error().message.find(row.says), std::string::npos) << row.text << "\n" << to_string(steps.error());
    EXPECT_EQ(steps.error().hint, row.hint) << row.text << "\n" << to_string(steps.error());
    const auto moved = parse_dialogue(row.text, "a.yaml", 11, 4);
    EXPECT_EQ(moved.error().place, (Place{"a.yaml", row.line + 10, row.column + 4})) << row.text;
  }
}

// Seen quadratic once: each blank line looked for the end of all that follow it.
TEST(Dialogue, BlankLinesCostTheirNumber) {
  const std::string text = "C: a\n" + std::string(300000, '\n') + "C: b\n";
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(steps_of(text).size(), 300002u);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

TEST(Dialogue, VisitsTemplatesInsideBlocks) {
  std::string seen;
  visit_templates(steps_of("C: a\ntogether:\n  C: b\n  message:\n    c\n"),
                  [&](const Template& text, const Step&) { seen += print_template(text); });
  EXPECT_EQ(seen, "abc");
}

}  // namespace
}  // namespace smtpspec::script
