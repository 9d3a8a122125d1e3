#include "smtpspec/smtp/lines.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/octets.hpp"
#include "test/naive.hpp"

namespace smtpspec::smtp {

void PrintTo(const Line& line, std::ostream* out) {
  constexpr std::string_view endings[] = {"crlf", "lf", "cr", "eof", "too_long"};
  *out << line.size << "+" << line.next - line.size << " " << endings[static_cast<std::size_t>(line.ending)]
       << (line.rest_of_long ? " rest" : "") << (line.stray_cr ? " stray-cr" : "") << (line.stray_lf ? " stray-lf" : "");
}

namespace {

using enum LineEnding;

std::vector<Line> read(std::string_view stream, const LineRules& rules) {
  std::vector<Line> out;
  for (const auto& placed : naive::read_lines({stream}, rules)) out.push_back(placed.line);
  return out;
}

TEST(Lines, OnlyCrlfEndsALineByTheLaw) {
  EXPECT_EQ(read("ab\r\nc\r\n", {}), (std::vector<Line>{{2, 4, crlf}, {1, 3, crlf}}));
  EXPECT_EQ(read("a\nb\rc\r\n", {}), (std::vector<Line>{{5, 7, crlf, false, true, true}}));
  EXPECT_EQ(read("\r\r\n", {}), (std::vector<Line>{{1, 3, crlf, false, true, false}})) << "the last CR belongs to the end";
  EXPECT_EQ(read("\n\r", {}), (std::vector<Line>{{2, 2, eof, false, true, true}}));
}

TEST(Lines, TolerancesAreNamedAndStillRecorded) {
  EXPECT_EQ(read("a\nb\r\n", {.lf_ends_line = true}), (std::vector<Line>{{1, 2, lf, false, false, true}, {1, 3, crlf}}));
  EXPECT_EQ(read("a\rb\r\n", {.cr_ends_line = true}), (std::vector<Line>{{1, 2, cr}, {1, 3, crlf}}));
  EXPECT_EQ(read("a\r", {.cr_ends_line = true}), (std::vector<Line>{{1, 2, cr}})) << "no octet will come to make it a CRLF";
}

TEST(Lines, CutsWhatIsTooLongAndNeverInsideACrlf) {
  const LineRules four{.limit = 4};
  EXPECT_EQ(read("ab\r\n", four), (std::vector<Line>{{2, 4, crlf}})) << "the limit counts the line end";
  EXPECT_EQ(read("abc\r\n", four), (std::vector<Line>{{3, 3, too_long}, {0, 2, crlf, true}}));
  EXPECT_EQ(read("abcdefghi\r\n", four), (std::vector<Line>{{4, 4, too_long}, {4, 4, too_long, true}, {1, 3, crlf, true}}));
  EXPECT_EQ(read("abc\rd", four), (std::vector<Line>{{3, 3, too_long}, {2, 2, eof, true, true}})) << "the CR is recorded where it stands";
}

TEST(Lines, FinishGivesNothingMoreBehindALineEnd) {
  LineSplitter splitter{LineRules{}};
  EXPECT_EQ(splitter.next("a\r\n")->ending, crlf);
  EXPECT_EQ(splitter.finish(""), std::nullopt);
}

// Every stream of up to seven octets, cut in every way, under all rules: one answer, the naive model's.
TEST(Lines, AgreesWithTheModelHoweverTheStreamIsCut) {
  for (const std::size_t limit : {2u, 3u, 4u, 512u})
    for (const bool lf_ends : {false, true})
      for (const bool cr_ends : {false, true}) {
        const LineRules rules{lf_ends, cr_ends, limit};
        naive::all_texts({"\r", "\n", "a"}, 7, [&](std::string_view stream) {
          const auto expected = naive::lines(stream, rules);
          naive::all_cuts(stream, [&](const naive::Chunks& chunks) {
            if (HasFailure()) return;
            ASSERT_EQ(naive::read_lines(chunks, rules), expected) << spell(stream) << " in " << chunks.size() << " chunks, limit " << limit
                                                                  << (lf_ends ? ", LF ends" : "") << (cr_ends ? ", CR ends" : "");
          });
        });
      }
}

// What was looked at is overwritten with line ends: a splitter that looked again would find them.
TEST(Lines, LooksAtEachOctetOnce) {
  std::string buffer(4096, 'x');
  LineSplitter splitter({.lf_ends_line = true, .cr_ends_line = true, .limit = 1 << 20});
  for (std::size_t size = 1; size < buffer.size(); ++size) {
    ASSERT_EQ(splitter.next(std::string_view(buffer).substr(0, size)), std::nullopt) << size;
    buffer[size - 1] = '\n';
  }
  buffer += "\r\n";
  EXPECT_EQ(splitter.next(buffer), (Line{4096, 4098, crlf}));
}

}  // namespace
}  // namespace smtpspec::smtp
