#include "smtpspec/smtp/word_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace smtpspec::smtp {
namespace {

constexpr WordTable numbers({{"ONE", 1}, {"TWO", 2}, {"FOUR", 4}, {"THREEFOLD", 3}, {"8BITS", 8}, {"SEVEN_7", 7}}, -1);

TEST(WordTable, FindsItsWordsInAnyCase) {
  EXPECT_EQ(numbers.find("ONE"), 1);
  EXPECT_EQ(numbers.find("tWo"), 2);
  EXPECT_EQ(numbers.find("four"), 4);
  EXPECT_EQ(numbers.find("ThreeFold"), 3);
  EXPECT_EQ(numbers.text_of(3), "THREEFOLD");
  EXPECT_EQ(numbers.text_of(5), "");
}

// One octet changed, taken away or put behind, whatever it is.
TEST(WordTable, FindsNothingElse) {
  for (const std::string word : {"ONE", "TWO", "FOUR", "THREEFOLD", "8BITS", "SEVEN_7"})
    for (std::size_t i = 0; i <= word.size(); ++i) {
      EXPECT_EQ(numbers.find(word.substr(0, i)), i == word.size() ? numbers.find(word) : -1) << word << " " << i;
      for (int octet = 0; octet < 256; ++octet) {
        std::string other = word;
        if (i == word.size()) other += static_cast<char>(octet);
        else other[i] = static_cast<char>(octet);
        EXPECT_EQ(numbers.find(other), iequals(other, word) ? numbers.find(word) : -1) << spell(other);
      }
    }
}

}  // namespace
}  // namespace smtpspec::smtp
