#include "smtpspec/smtp/reply_set.hpp"

#include <gtest/gtest.h>

#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

TEST(ReplySet, HoldsCodesFamiliesAndClasses) {
  const ReplySet set = *ReplySet::parse("503  55z 4yz");
  EXPECT_EQ(to_string(set), "503 55z 4yz");
  for (int code = 0; code < 1000; ++code)
    EXPECT_EQ(set.has(code), code == 503 || (code >= 550 && code <= 559) || (code >= 400 && code <= 499)) << code;
  EXPECT_FALSE(ReplySet::parse("")->has(250)) << "the empty set";
}

// A word is a pattern exactly when it is printed as it was written (in small letters), and then it holds the codes
// that differ from it at its letters only.
TEST(ReplySet, TakesNoOtherWord) {
  std::size_t accepted = 0;
  naive::all_texts({"0", "1", "2", "5", "6", "9", "y", "z", "Z", "x"}, 4, [&](std::string_view word) {
    if (HasFailure()) return;
    const bool digits = word.size() == 3 && word[0] >= '2' && word[0] <= '5';
    const bool family =
        digits && word[1] >= '0' && word[1] <= '5' && ((word[2] >= '0' && word[2] <= '9') || word[2] == 'z' || word[2] == 'Z');
    const bool expected = family || (digits && word[1] == 'y' && (word[2] == 'z' || word[2] == 'Z'));
    const auto pattern = parse_code_pattern(word);
    ASSERT_EQ(pattern.has_value(), expected) << word;
    if (!expected) return;
    ++accepted;
    std::string lower(word);
    if (lower[2] == 'Z') lower[2] = 'z';
    ASSERT_EQ(to_string(*pattern), lower);
    for (int code = 100; code < 700; ++code) {
      const std::string text = std::to_string(code);
      bool fits = true;
      for (std::size_t i = 0; i < 3; ++i) fits = fits && (lower[i] == text[i] || lower[i] == "?yz"[i]);
      ASSERT_EQ(pattern->has(code), fits) << word << " " << code;
    }
  });
  EXPECT_GT(accepted, 20u);
}

TEST(ReplySet, ErrorNamesTheWord) {
  const auto set = ReplySet::parse("250 25x");
  ASSERT_FALSE(set);
  EXPECT_NE(set.error().message.find("'25x' is no reply code"), std::string::npos) << set.error().message;
}

}  // namespace
}  // namespace smtpspec::smtp
