#include "smtpspec/script/template.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/octets.hpp"
#include "test/naive.hpp"

namespace smtpspec::script {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

// --- text form --------------------------------------------------------------------------------------------------------

TEST(Template, EveryConstructHasOneCanonicalForm) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},
      {"RCPT TO:<{recipient}>", "RCPT TO:<{recipient}>"},
      {R"({"x" x 500})", R"({"x" x 500})"},
      {R"({"x"x 007})", R"({"x" x 7})"},
      {R"({"{user}, " x 2})", R"({"{user}, " x 2})"},
      {"{pad  512}{lines 70 }", "{pad 512}{lines 70}"},
      {R"(AUTH PLAIN {base64 "\0{user}\0{password}"})", R"(AUTH PLAIN {base64 "\0{user}\0{password}"})"},
      {R"({xtext "a+b"}{upper "a"}{lower "A"})", R"({xtext "a+b"}{upper "a"}{lower "A"})"},
      {R"({upper "{lower "{xtext "="}"}"})", R"({upper "{lower "{xtext "="}"}"})"},
      {"SIZE={size-limit}", "SIZE={size-limit}"},
      {"SIZE={size-limit+1}{size-limit -  2 }", "SIZE={size-limit + 1}{size-limit - 2}"},
      {R"({"x" x size-limit - 10}{lines  size-limit}{pad size-limit + 0})", R"({"x" x size-limit - 10}{lines size-limit}{pad size-limit})"},
      {"RCPT TO:<{address  in shown}>", "RCPT TO:<{address in shown}>"},
      {"{address}", "{address}"},
      {"NO{cut}OP{pause 0.2s}", "NO{cut}OP{pause 200ms}"},
      {"{{}}", "{{}}"},
      {"{{{user}}}", "{{{user}}}"},
      {R"(a\x41\x0a\x00\xFF)", R"(aA\n\0\xff)"},
      {R"({upper "say \"hi\" \\"})", R"({upper "say \"hi\" \\"})"},
      {R"("quoted")", R"("quoted")"},
  };
  for (const auto& [text, printed] : rows) {
    const auto parsed = parse_template(text);
    ASSERT_TRUE(parsed) << text << ": " << to_string(parsed.error());
    EXPECT_EQ(print_template(*parsed), printed);
  }
}

// parse(print(t)) == t for every sequence of up to three of these pieces.
TEST(Template, PrintedPiecesAreReadBack) {
  const auto text = [](std::string octets) { return Piece{Piece::Kind::octets, std::move(octets)}; };
  const std::vector<Piece> pieces = {
      text("a"),
      text("{}\"\\"),
      text(std::string("\r\n\0\xff "sv)),
      {Piece::Kind::name, "second-recipient"},
      {Piece::Kind::repeat, "", 500, {}, {text("\"{")}},
      {Piece::Kind::repeat, "", 0, {}, {}},
      {Piece::Kind::pad, "", 512},
      {Piece::Kind::lines, "", 70},
      {Piece::Kind::lines, "", 0, {}, {}, -70},
      {Piece::Kind::repeat, "", 0, {}, {text("a")}, 1},
      {Piece::Kind::limit, "", 0, {}, {}, 0},
      {Piece::Kind::limit, "", 0, {}, {}, 1},
      {Piece::Kind::address, "first-reply"},
      {Piece::Kind::base64, "", 0, {}, {text("}"), {Piece::Kind::name, "user"}, text("\\")}},
      {Piece::Kind::xtext, "", 0, {}, {{Piece::Kind::upper, "", 0, {}, {text("\"")}}}},
      {Piece::Kind::lower, "", 0, {}, {{Piece::Kind::cut}}},
      {Piece::Kind::cut},
      {Piece::Kind::pause, "", 0, 1500us},
  };
  const auto check = [](const std::vector<Piece>& sequence) {
    for (std::size_t i = 0; i + 1 < sequence.size(); ++i)
      if (sequence[i].kind == Piece::Kind::octets && sequence[i + 1].kind == Piece::Kind::octets) return;  // read back as one
    const std::string printed = print_template({sequence});
    const auto parsed = parse_template(printed);
    ASSERT_TRUE(parsed) << printed << ": " << to_string(parsed.error());
    ASSERT_EQ(*parsed, Template{sequence}) << printed;
  };
  for (const Piece& a : pieces) {
    check({a});
    for (const Piece& b : pieces) {
      check({a, b});
      for (const Piece& c : pieces) check({a, b, c});
    }
  }
}

TEST(Template, PrintedOctetsAreReadBackInAndOutOfQuotes) {
  naive::all_texts({"{", "}", "\"", "\\", "x", " ", "\n", "\xff", "0"}, 4, [](std::string_view octets) {
    if (HasFailure() || octets.empty()) return;
    const Piece piece{Piece::Kind::octets, std::string(octets)};
    for (const Template& text : {Template{{piece}}, Template{{{Piece::Kind::upper, "", 0, {}, {piece}}}}}) {
      const std::string printed = print_template(text);
      const auto parsed = parse_template(printed);
      ASSERT_TRUE(parsed) << printed;
      ASSERT_EQ(*parsed, text) << printed;
    }
  });
}

TEST(Template, ErrorsCarryColumnAndHint) {
  const std::string deep = R"({upper "{upper "{upper "{upper "{upper "{upper "{upper "{upper "{upper "a"}"}"}"}"}"}"}"}"})";
  struct {
    std::string_view text;
    int column;
    std::string_view says, hint = "";
  } const rows[] = {
      {"a}b", 2, "lone '}'"},
      {"ab{", 4, "expected a name"},
      {"{}", 2, "expected a name"},
      {"{ user}", 2, "expected a name"},
      {"{user", 1, "not closed"},
      {"ab{user]", 3, "not closed"},
      {"{user }", 2, "no function 'user'"},
      {"{uper \"a\"}", 2, "no function 'uper'", "upper"},
      {R"({base46 "x"})", 2, "no function 'base46'", "base64"},
      {"{base64 x}", 9, "double quotes"},
      {"{upper \"a", 8, "quote that opens here"},
      {R"({"x" 5})", 6, "expected 'x'"},
      {R"({"x" x})", 7, "expected a number"},
      {R"({"x" x 999999999})", 8, "expected a number up to"},
      {"{pad x}", 6, "expected a number"},
      {"{lines -1}", 8, "expected a number"},
      {"{size-limit 1}", 1, "not closed"},
      {"{size-limit + x}", 15, "expected a number"},
      {"{lines size-limt}", 8, "expected a number"},
      {"{adress in shown}", 2, "no function 'adress'", "address"},
      {"{address of shown}", 10, "as in {address in shown}"},
      {"{address in}", 10, "as in {address in shown}"},
      {"{address in Shown text}", 1, "not closed"},
      {"{pause 5}", 8, "no duration"},
      {"{pause}x{cut 1}", 10, "no function 'cut'"},
      {R"({{\q)", 3, "unknown escape"},
      {R"({upper "\"\q"})", 11, "unknown escape"},
      {R"(a\x4)", 2, "two hexadecimal digits"},
      {"a\xc3\xa9", 2, "must be spelt"},
      {deep, 72, "too deeply"},
  };
  for (const auto& row : rows) {
    const auto parsed = parse_template(row.text);
    ASSERT_FALSE(parsed) << row.text;
    EXPECT_EQ(parsed.error().place.column, row.column) << row.text << ": " << parsed.error().message;
    EXPECT_NE(parsed.error().message.find(row.says), std::string::npos) << row.text << ": " << parsed.error().message;
    EXPECT_EQ(parsed.error().hint, row.hint) << row.text;
  }
}

// RFC 1870 section 4: the number is the greatest size in octets.
TEST(Template, CountsThatHangOnTheSizeLimit) {
  const auto made = [](std::string_view text, std::string_view limit) {
    const auto out = expand(*parse_template(text), {{{"size-limit", std::string(limit)}}}, "");
    return out ? out->front().octets : to_string(out.error());
  };
  EXPECT_EQ(made("{size-limit} {size-limit + 1} {size-limit - 1}", "1000"), "1000 1001 999");
  EXPECT_EQ(made("{size-limit + 1}", "9223372036854775806"), "9223372036854775807") << "a number may be as large as it likes";
  EXPECT_EQ(made("{\"ab\" x size-limit - 7}{pad size-limit + 2}", "10"), "abababxxxxxx");
  EXPECT_EQ(made("{lines size-limit - 2}", "30").size(), 26u);
  EXPECT_EQ(made("{size-limit + 1}", "9223372036854775807"), "the number that the EHLO reply gave for SIZE is beyond all bounds");
  EXPECT_EQ(made("{size-limit}", "99999999999999999999"), "the number that the EHLO reply gave for SIZE is beyond all bounds");
  EXPECT_EQ(made("{size-limit - 11}", "10"), "the number that the EHLO reply gave for SIZE is less than 11");
  EXPECT_EQ(made("{lines size-limit}", "268435457"), "the text becomes more than 268435456 octets");
  const auto none = expand(*parse_template("{size-limit}"), {}, "");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "the EHLO reply gave no number for SIZE");
}

TEST(Template, KnowsWhatOnlyTheSessionCanFillIn) {
  for (const std::string_view text :
       {"{size-limit}", "{lines size-limit}", "{upper \"{pad size-limit + 1}\"}", "{\"a\" x size-limit}", "<{address in it}>"})
    EXPECT_TRUE(parse_template(text)->late()) << text;
  for (const std::string_view text : {"", "NOOP {user}", "{lines 5}{\"a\" x 5}", "{address}"})
    EXPECT_FALSE(parse_template(text)->late()) << text;
}

TEST(Template, NamesAreFoundInsideQuotesToo) {
  std::vector<std::string> names;
  parse_template(R"({a}{"{b}" x 2}{base64 "{upper "{c}"}"}{cut})")->names([&](std::string_view name) { names.emplace_back(name); });
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
}

// --- durations --------------------------------------------------------------------------------------------------------

TEST(Duration, IsReadAndPrintedInItsLargestUnit) {
  const std::tuple<std::string_view, Duration, std::string_view> rows[] = {
      {"200ms", 200ms, "200ms"}, {"5s", 5s, "5s"},          {"5 s", 5s, "5s"},          {"2min", 2min, "2min"},
      {"120s", 2min, "2min"},    {"0.5s", 500ms, "500ms"},  {"1.5ms", 1500us, "1.5ms"}, {"0.001ms", 1us, "0.001ms"},
      {"0s", 0s, "0s"},          {"60min", 60min, "60min"}, {"90s", 90s, "90s"},        {"1001ms", 1001ms, "1001ms"}};
  for (const auto& [text, duration, printed] : rows) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->count(), duration.count()) << text;
    EXPECT_EQ(print_duration(*parsed), printed);
  }
  for (std::int64_t us = 0; us < 3'600'000'000; us = us * 7 + 1) EXPECT_EQ(parse_duration(print_duration(Duration(us)))->count(), us);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "5", "s", "-1s", "5h", "61min", "3601s", "1e9s", "nans", "infs", "5s5s", "ms5"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

// --- octets for the wire ------------------------------------------------------------------------------------------------

const Facts mailbox_facts{{{"recipient", "alice@example.test"}, {"user", "alice"}, {"password", "se cret"}}};
using Row = std::map<std::string, std::string, std::less<>>;

Result<std::vector<Segment>> expanded(std::string_view text, std::string_view line_end = "\r\n", const Row& row = {}) {
  Variables variables;
  for (const auto& [name, value] : row) variables.emplace(name, *parse_template(value));
  return expand(with(*parse_template(text), variables), mailbox_facts, line_end);
}

TEST(Expansion, FillsNamesAndFunctions) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"RCPT TO:<{recipient}>", "RCPT TO:<alice@example.test>\r\n"},
      {R"({"ab" x 3})", "ababab\r\n"},
      {R"({"{user}" x 2})", "alicealice\r\n"},
      {R"({"" x 268435456}{"x" x 0})", "\r\n"},
      {R"({base64 "\0{user}\0{password}"})", "AGFsaWNlAHNlIGNyZXQ=\r\n"},
      {R"({xtext "a+b"}{upper "{user}"}{lower "AB"})", "a+2BbALICEab\r\n"},
      {"{{{user}}}", "{alice}\r\n"},
  };
  for (const auto& [text, octets] : rows) {
    const auto expansion = expanded(text);
    ASSERT_TRUE(expansion) << text;
    EXPECT_EQ(*expansion, (std::vector<Segment>{{std::string(octets), {}}})) << text;
  }
}

TEST(Expansion, ARowsVariableGoesBeforeAFact) {
  EXPECT_EQ(expanded("{user}{end}", "", {{"user", "bob"}, {"end", "\\n"}})->front().octets, "bob\n");
}

TEST(Expansion, NameWithoutAValueIsAnError) {
  for (const std::string_view text : {"{end}", R"({base64 "{end}"})", R"({"{end}" x 2})"}) {
    const auto expansion = expanded(text);
    ASSERT_FALSE(expansion) << text;
    EXPECT_EQ(expansion.error().message, "no value for {end}");
  }
}

TEST(Expansion, CutsAndPausesMakeSegments) {
  EXPECT_EQ(*expanded("a{cut}b{pause 2s}c"), (std::vector<Segment>{{"a", {}}, {"b", 5ms}, {"c\r\n", 2s}}));
  EXPECT_EQ(*expanded("{cut}"), (std::vector<Segment>{{"", {}}, {"\r\n", 5ms}}));
}

TEST(Expansion, PadFillsTheLineWithItsEnd) {
  EXPECT_EQ(expanded("NOOP {pad 12}")->front().octets, "NOOP xxxxx\r\n");
  EXPECT_EQ(*expanded("a{pad 8}b{cut}c"), (std::vector<Segment>{{"axxxb", {}}, {"c\r\n", 5ms}}));
  EXPECT_EQ(expanded("NOOP {pad 7}")->front().octets, "NOOP \r\n");
  const auto short_of = expanded("NOOP {pad 6}");
  ASSERT_FALSE(short_of);
  EXPECT_EQ(short_of.error().message, "{pad 6}: the line has 7 octets without it");
}

TEST(Expansion, LinesHaveTheirSizeAndNoLineIsLong) {
  for (std::size_t size = 2; size < 400; ++size) {
    const std::string octets = expanded("{lines " + std::to_string(size) + "}")->front().octets;
    ASSERT_EQ(octets.size(), size);
    ASSERT_TRUE(octets.ends_with("\r\n"));
    for (const auto& [at, line] : naive::lines(octets, {.limit = 160}))
      ASSERT_EQ(line.ending, smtp::LineEnding::crlf) << size << " at " << at;
  }
}

TEST(Expansion, RepetitionHasALimit) {
  EXPECT_FALSE(expanded(R"({"xx" x 268435456})"));
  EXPECT_FALSE(expanded(R"({"{"x" x 65536}" x 65536})"));
}

}  // namespace
}  // namespace smtpspec::script
