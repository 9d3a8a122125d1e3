#include "smtpspec/smtp/octets.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

using namespace std::string_view_literals;

// --- the one spelling -------------------------------------------------------------------------------------------

TEST(Octets, SpellsEachSortInItsOwnWay) {
  EXPECT_EQ(spell("NOOP ~!\r\n"sv), R"(NOOP ~!\r\n)");
  EXPECT_EQ(spell("\t\0\\"sv), R"(\t\0\\)");
  EXPECT_EQ(spell("\x01\x1f\x7f\x80\xff"sv), R"(\x01\x1f\x7f\x80\xff)");
  EXPECT_EQ(spell("\0"
                  "7"sv),
            R"(\07)")
      << "\\0 is one octet, whatever follows: there is no octal";
}

TEST(Octets, SpellingIsPrintableAndRoundTrips) {
  const auto check = [](const std::string& octets) {
    const std::string spelling = spell(octets);
    ASSERT_TRUE(std::all_of(spelling.begin(), spelling.end(), [](char c) { return c >= ' ' && c <= '~'; })) << spelling;
    const auto back = unspell(spelling);
    ASSERT_TRUE(back) << spelling;
    ASSERT_EQ(*back, octets) << spelling;
  };
  for (int a = 0; a < 256; ++a) {
    check({static_cast<char>(a)});
    for (int b = 0; b < 256; ++b) check({static_cast<char>(a), static_cast<char>(b)});
  }
}

TEST(Octets, UnspellTakesHexadecimalDigitsOfEitherCase) { EXPECT_EQ(*unspell(R"(\xAb\xaB)"), "\xab\xab"); }

TEST(Octets, UnspellNamesThePlace) {
  struct {
    std::string_view spelling;
    int column;
    std::string_view says;
  } const rows[] = {
      {R"(ab\)", 3, "lone"},
      {R"(a\q)", 2, R"('\q')"},
      {"a\\\n", 2, R"('\\n')"},
      {R"(\x)", 1, "two hexadecimal digits"},
      {R"(abc\x1)", 4, "two hexadecimal digits"},
      {R"(\x1g)", 1, "two hexadecimal digits"},
      {R"(\xg1)", 1, "two hexadecimal digits"},
      {"a\tb", 2, R"(octet \t must be spelt)"},
      {"\x7f", 1, R"(octet \x7f must be spelt)"},
      {"abc\xc3\xa9", 4, R"(octet \xc3 must be spelt)"},
  };
  for (const auto& row : rows) {
    const auto result = unspell(row.spelling);
    ASSERT_FALSE(result) << spell(row.spelling);
    EXPECT_EQ(result.error().place.column, row.column) << spell(row.spelling);
    EXPECT_NE(result.error().message.find(row.says), std::string::npos) << result.error().message;
  }
}

// --- ASCII ------------------------------------------------------------------------------------------------------

TEST(Octets, ComparesAsciiLettersOnlyWithoutCase) {
  EXPECT_TRUE(iequals("MaIl", "mAiL"));
  EXPECT_FALSE(iequals("MAIL", "MAI"));
  EXPECT_FALSE(iequals("[", "{")) << "0x5b and 0x7b differ as A and a do";
  EXPECT_FALSE(iequals("\xc4", "\xe4")) << "letters of Latin-1 are octets here";
  EXPECT_TRUE(istarts_with("from:<>", "FROM:"));
  EXPECT_FALSE(istarts_with("FRO", "FROM"));
  EXPECT_EQ(to_upper("az{\xe4"), "AZ{\xe4");
  EXPECT_EQ(to_lower("AZ[\xc4"), "az[\xc4");
}

TEST(Octets, TrimsBlanksAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim("\r\na\r\n"), "\r\na\r\n");
}

// --- UTF-8 ------------------------------------------------------------------------------------------------------

std::string encode(std::uint32_t point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | point >> 18), tail(12), tail(6), tail(0)};
}

bool is_surrogate(std::uint32_t point) { return point >= 0xd800 && point <= 0xdfff; }

TEST(Utf8, EveryScalarValueIsWellFormedAndNoSurrogateIs) {
  for (std::uint32_t point = 0; point <= 0x10ffff; ++point)
    ASSERT_EQ(utf8_error(encode(point)), is_surrogate(point) ? 0 : std::string::npos) << std::hex << point;
  EXPECT_EQ(utf8_error(encode(0x110000)), 0u);
}

// RFC 3629 section 4: UTF8-octets = *( UTF8-char ), each char one row of the table.
std::size_t error_by_the_table(std::string_view text) {
  struct Range {
    int least, most;
  };
  using Row = std::vector<Range>;
  constexpr Range tail{0x80, 0xbf};
  static const std::vector<Row> table = {
      {{0x00, 0x7f}},
      {{0xc2, 0xdf}, tail},
      {{0xe0, 0xe0}, {0xa0, 0xbf}, tail},
      {{0xe1, 0xec}, tail, tail},
      {{0xed, 0xed}, {0x80, 0x9f}, tail},
      {{0xee, 0xef}, tail, tail},
      {{0xf0, 0xf0}, {0x90, 0xbf}, tail, tail},
      {{0xf1, 0xf3}, tail, tail, tail},
      {{0xf4, 0xf4}, {0x80, 0x8f}, tail, tail},
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto fits = [&](const Row& row) {
      if (at + row.size() > text.size()) return false;
      for (std::size_t i = 0; i < row.size(); ++i)
        if (const auto octet = static_cast<unsigned char>(text[at + i]); octet < row[i].least || octet > row[i].most) return false;
      return true;
    };
    const auto row = std::find_if(table.begin(), table.end(), fits);
    if (row == table.end()) return at;
    at += row->size();
  }
  return std::string::npos;
}

TEST(Utf8, AgreesWithTheTableOnAllShortTextsOfBorderOctets) {
  // The first and last octet of every range of the table, and their neighbours outside.
  static constexpr std::string_view borders =
      "\x00\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff"sv;
  naive::all_texts(naive::octet_by_octet(borders), 4,
                   [](std::string_view text) { ASSERT_EQ(utf8_error(text), error_by_the_table(text)) << spell(text); });
}

// --- nearest ----------------------------------------------------------------------------------------------------

TEST(Nearest, FindsWhatWasMeant) {
  const std::vector<std::string> words = {"PIPELINING", "STARTTLS", "SIZE", "HELP", "HELO"};
  struct {
    std::string_view word, nearest;
  } const rows[] = {
      {"PIPELINING", "PIPELINING"},
      {"PIPELINIG", "PIPELINING"},
      {"PIPELINNING", "PIPELINING"},
      {"PIPEL1N1NG", "PIPELINING"},
      {"PIEPLINING", "PIPELINING"},
      {"pipelinin", "PIPELINING"},
      {"hleo", "HELO"},  // neighbours swapped are one mistake, whatever the case
      {"SIE", "SIZE"},
      {"SZ", ""},
      {"HELX", "HELP"},  // both are as near: the first
      {"CHUNKING", ""},
      {"", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(nearest(row.word, words), row.nearest) << row.word;
  EXPECT_EQ(nearest("x", std::span<const std::string>()), "");
}

}  // namespace
}  // namespace smtpspec::smtp
