#include "fuzz/minimise/minimise.hpp"

#include <gtest/gtest.h>

namespace smtpspec::fuzz {
namespace {

script::Case case_of(const std::string& dialogue, const std::string& header = "") {
  std::string text = "title: t\ncovers: [RFC5321-4.2-1]\n" + header + "dialogue: |\n";
  for (std::size_t at = 0; at < dialogue.size(); at = dialogue.find('\n', at) + 1)
    text += "  " + dialogue.substr(at, dialogue.find('\n', at) + 1 - at);
  auto parsed = script::parse_case(text, "a", "a.yaml");
  EXPECT_TRUE(parsed) << to_string(parsed.error()) << text;
  return *parsed;
}

// What is left of the case as long as `shows` holds of its dialogue.
template <class Shows>
std::string minimised(const script::Case& test, const Shows& shows, std::size_t most_plays = 200) {
  Minimising minimising(test, test.rows.front(), most_plays);
  while (const auto candidate = minimising.next()) minimising.tried(shows(script::print_dialogue(candidate->dialogue)));
  EXPECT_LE(minimising.plays(), most_plays);
  return script::print_dialogue(minimising.best().dialogue);
}

bool has(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

TEST(Minimising, StepsGoWithTheirReplies) {
  const auto test = case_of("C: NOOP\nS: 250\nC: RSET\nS: 250\nC: VRFY x\nS: 500\nC: NOOP\nS: 250\n");
  EXPECT_EQ(minimised(test, [](const std::string& text) { return has(text, "VRFY x") && has(text, "S: 500"); }), "C: VRFY x\nS: 500\n");
}

TEST(Minimising, OneOfSeveralInAWriteGoesWithItsReply) {
  const auto test = case_of("together:\n  C: NOOP\n  C: RSET\n  C: VRFY x\nS: 250\nS: 251\nS: 500\n");
  EXPECT_EQ(minimised(test, [](const std::string& text) { return has(text, "RSET") && has(text, "S: 251"); }),
            "together:\n  C: RSET\nS: 251\n");
}

TEST(Minimising, ALengthComesDownToItsBoundary) {
  const auto length = [](const std::string& text) {
    const std::size_t at = text.find("\" x ");
    return at == std::string::npos ? std::size_t{0} : std::stoul(text.substr(at + 4));
  };
  for (const std::string& line : {std::string("C: NOOP {\"x\" x 60000}\nS: 250\n"), "C: NOOP " + std::string(700, 'x') + "\nS: 250\n"}) {
    const auto test = case_of(line);
    Minimising minimising(test, test.rows.front(), 200);
    while (const auto candidate = minimising.next())
      minimising.tried(length(script::print_dialogue(candidate->dialogue)) >= 256 &&
                       has(script::print_dialogue(candidate->dialogue), "NOOP {"));
    EXPECT_EQ(script::print_dialogue(minimising.best().dialogue), "C: NOOP {\"x\" x 256}\nS: 250\n");
    EXPECT_EQ(minimising.boundaries(), std::vector<std::string>{"from 256 of {\"x\" x 256}"});
  }
}

TEST(Minimising, BlocksLinesAndWordsGetFewer) {
  const auto test = case_of(
      "times 60:\n  C: NOOP\n  S: 250\n  C: HELP\n  S: 214\nmessage:\n  one\n  two\n  three\nS: 250\nC: MAIL FROM:<a@b.example> SIZE=1 "
      "BODY=7BIT\nS: 250\n");
  const auto times = [](const std::string& text) { return has(text, "times ") ? std::stoi(text.substr(text.find("times ") + 6)) : 0; };
  EXPECT_EQ(
      minimised(test,
                [&](const std::string& text) { return times(text) >= 7 && has(text, "HELP") && has(text, "two") && has(text, "SIZE=1"); }),
      "times 7:\n  C: HELP\n  S: 214\nmessage:\n  two\nS: 250\nC: MAIL SIZE=1\nS: 250\n");
}

TEST(Minimising, ARowIsPutIn) {
  const auto test = case_of("C: {what}\nS: 250\n", "start: ehlo\neach:\n  a: {what: NOOP}\n  b: {what: RSET, start: mail}\n");
  const Minimising minimising(test, test.rows.back(), 10);
  EXPECT_EQ(minimising.best().start, script::Start::mail);
  EXPECT_EQ(script::print_dialogue(minimising.best().dialogue), "C: RSET\nS: 250\n");
  const std::string text = script::print_case(minimising.best());
  const auto again = script::parse_case(text, "a", "a.yaml");
  ASSERT_TRUE(again) << text;
  EXPECT_EQ(again->dialogue, minimising.best().dialogue);
}

TEST(Minimising, ThePlaysAreBounded) {
  std::string dialogue;
  for (int i = 0; i < 60; ++i) dialogue += "C: NOOP " + std::to_string(i) + "\nS: 250\n";
  minimised(case_of(dialogue), [](const std::string&) { return false; }, 17);
}

}  // namespace
}  // namespace smtpspec::fuzz
