#include "smtpspec/script/expect.hpp"

#include <gtest/gtest.h>

#include "test/naive.hpp"

namespace smtpspec::script {
namespace {

using namespace std::chrono_literals;

TEST(Expect, EveryConstructHasOneCanonicalForm) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"250", "250"},
      {"250 251  5yz 55Z", "250 251 5yz 55z"},
      {"501 5.5.z", "501 5.5.z"},
      {"250 with PIPELINING without STARTTLS", "250 with PIPELINING without STARTTLS"},
      {R"(250 with SIZE "1*" with AUTH)", R"(250 with SIZE "1*" with AUTH)"},
      {R"(250 with SIZE"1*")", R"(250 with SIZE "1*")"},
      {R"(250 text "*\"Bye\"\r\n\x41\\")", R"(250 text "*\"Bye\"\r\nA\\")"},
      {R"(250 text "")", R"(250 text "")"},
      {R"(250 text not "*x*" text "a*" text not"b")", R"(250 text not "*x*" text "a*" text not "b")"},
      {"250 lines 1", "250 lines 1"},
      {R"(250 2.1.0 lines 2 text "a" with X)", R"(250 2.1.0 with X text "a" lines 2)"},
      {"any", "any"},
      {"any as first", "any as first"},
      {"same code as first", "same code as first"},
      {"same class as first", "same class as first"},
      {"close", "close"},
      {"nothing", "nothing"},
      {"nothing for 0.5s", "nothing for 500ms"},
      {"tls", "tls"},
      {"tls 1.2+", "tls 1.2+"},
      {"no tls", "no tls"},
      {"501 or close or any", "501 or close or any"},
      {"503, else 530 is inconclusive, else 5yz is a deviation", "503, else 530 is inconclusive, else 5yz is a deviation"},
      {"503,else 5yz is a deviation", "503, else 5yz is a deviation"},
      {"250 is observed as accepted, else 5yz is observed", "250 is observed as accepted, else 5yz is observed"},
      {"250 is observed as accepted as first", "250 is observed as accepted as first"},
      {"close, else nothing for 30s is a failure", "close, else nothing for 30s is a failure"},
      {"220, else 503 ends the case as it", "220, else 503 ends the case as it"},
      {"220, else 503 is observed as refused and ends the case", "220, else 503 is observed as refused and ends the case"},
      {"250, else 452 ends the block", "250, else 452 ends the block"},
      {"250, else 5yz is observed as policy ends the block", "250, else 5yz is observed as policy and ends the block"},
      {"220, else 503 is a deviation ends the case", "220, else 503 is a deviation and ends the case"},
      {"250 [RFC5321-3.8-1]", "250 [RFC5321-3.8-1]"},
      {"250 or close, else 4yz is inconclusive as a-1 [RFC5321-3.8-1]", "250 or close, else 4yz is inconclusive as a-1 [RFC5321-3.8-1]"},
  };
  for (const auto& [text, printed] : rows) {
    const auto parsed = parse_expect(text);
    ASSERT_TRUE(parsed) << text << ": " << to_string(parsed.error());
    EXPECT_EQ(print_expect(*parsed), printed);
    EXPECT_EQ(*parse_expect(printed), *parsed) << text;
  }
}

TEST(Expect, IsReadAsTiersOfAnswers) {
  const Expect expect =
      *parse_expect(R"(250 25z 2.y.z with SIZE "1?" text "*" lines 3 or close, else nothing for 2s is observed as silent as it [ID-1])");
  ASSERT_EQ(expect.tiers.size(), 2u);
  ASSERT_EQ(expect.tiers[0].answers.size(), 2u);
  const Answer& first = expect.tiers[0].answers[0];
  EXPECT_EQ(first.kind, Answer::Kind::codes);
  EXPECT_TRUE(first.codes.has(259) && !first.codes.has(260));
  EXPECT_EQ(first.status, "2.y.z");
  EXPECT_EQ(first.keywords, (std::vector<Answer::Keyword>{{true, "SIZE", "1?"}}));
  EXPECT_EQ(first.texts, (std::vector<Answer::Text>{{true, "*"}}));
  EXPECT_EQ(first.lines, 3);
  EXPECT_EQ(expect.tiers[0].grade, Grade::pass);
  EXPECT_EQ(expect.tiers[0].answers[1].kind, Answer::Kind::close);
  EXPECT_EQ(expect.tiers[1].answers[0].time, Duration(2s));
  EXPECT_EQ(to_string(expect.tiers[1].grade), "observed");
  EXPECT_EQ(expect.tiers[1].choice, "silent");
  EXPECT_EQ(expect.tiers[0].ends, Ends::nothing);
  EXPECT_EQ(parse_expect("503 ends the case")->tiers[0].ends, Ends::the_case);
  EXPECT_EQ(parse_expect("503 is a deviation and ends the block")->tiers[0].ends, Ends::block);
  EXPECT_EQ(expect.capture, "it");
  EXPECT_EQ(expect.requirement, "ID-1");
  EXPECT_EQ(parse_expect("tls 1.3+")->tiers[0].answers[0].tls_version, 13);
}

TEST(Expect, ErrorsCarryColumnAndHint) {
  struct {
    std::string_view text;
    int column;
    std::string_view says, hint = "";
  } const rows[] = {
      {"", 1, "expected a reply code"},
      {"clos", 1, "expected a reply code", "close"},
      {"650", 1, "'650' is no reply code"},
      {"250 25x", 5, "'25x' is no reply code"},
      {"250 or", 7, "expected a reply code"},
      {"250 5.5", 5, "'5.5' is no reply code"},
      {"5.5.z", 1, "expected a reply code"},
      {"250 3.1.0", 5, "'3.1.0' is no reply code"},
      {"250 5.5.q", 5, "'5.5.q' is no reply code"},
      {"250 withh X", 5, "does not belong here", "with"},
      {"250 with", 9, "EHLO keyword"},
      {"250 with \"X\"", 10, "EHLO keyword"},
      {"250 text abc", 10, "pattern in double quotes"},
      {"250 text not abc", 14, "pattern in double quotes"},
      {"250 not text \"abc\"", 5, "does not belong here"},
      {"250 text \"abc", 10, "quote that opens here"},
      {R"(250 text "\q")", 10, "unknown escape"},
      {"250 lines x", 11, "expected a number"},
      {"250 lines 0", 11, "expected a number"},
      {"250 lines 10000", 11, "expected a number"},
      {"nothing for", 12, "expected a duration"},
      {"nothing for 5", 13, "no duration"},
      {"no reply", 4, "expected 'tls'"},
      {"tls 1.4+", 5, "no TLS version"},
      {"tls 1.2", 5, "no TLS version"},
      {"same as first", 6, "'code' or 'class'"},
      {"same code first", 11, "expected 'as'"},
      {"same code as", 13, "expected a name"},
      {"any as First", 8, "'First' is no name"},
      {"any as \"first\"", 8, "expected a name"},
      {"250 is", 7, "'a deviation'"},
      {"250 is a success", 10, "expected 'deviation' or 'failure'"},
      {"250 is a deviation and", 23, "expected 'ends the case' or 'ends the block'"},
      {"250 ends here", 10, "expected 'ends the case'"},
      {"250 ends the loop", 14, "'ends the block'"},
      {"250 and ends the case", 5, "does not belong here"},
      {"250 is observed as", 19, "expected a name"},
      {"503, 5yz", 6, "expected 'else'"},
      {"503 else 5yz", 5, "does not belong here", "else"},
      {"250 []", 5, "does not belong here"},
      {"250 [A-1] as x", 11, "does not belong here", "as"},
      {"250 as x y", 10, "does not belong here"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_expect(row.text);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_EQ(parsed.error().place.column, row.column) << row.text << ": " << parsed.error().message;
    EXPECT_NE(parsed.error().message.find(row.says), std::string::npos) << row.text << ": " << parsed.error().message;
    EXPECT_EQ(parsed.error().hint, row.hint) << row.text;
  }
}

// --- globs --------------------------------------------------------------------------------------------------------------

bool naive_glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '*') return naive_glob(pattern.substr(1), text) || (!text.empty() && naive_glob(pattern, text.substr(1)));
  return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) && naive_glob(pattern.substr(1), text.substr(1));
}

TEST(Glob, AgreesWithTheModelOnAllShortPatterns) {
  naive::all_texts({"a", "b", "*", "?"}, 5, [](std::string_view pattern) {
    naive::all_texts({"a", "b", "*"}, 4, [&](std::string_view text) {
      if (HasFailure()) return;
      ASSERT_EQ(glob_match(pattern, text), naive_glob(pattern, text)) << pattern << " on " << text;
    });
  });
}

TEST(Glob, ManyStarsCostLittle) {
  std::string pattern;
  for (int i = 0; i < 30; ++i) pattern += "*a";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(5000, 'a'))) << "a reader that tries all ways would not come back";
}

}  // namespace
}  // namespace smtpspec::script
