#include "smtpspec/smtp/reply.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>
#include <set>

#include "test/naive.hpp"

// Every allocation of this program is counted, so that a test can say that there was none. Not inlined: the compiler
// would take the pair of malloc and delete, or of new and free, for a mistake.
namespace {
std::atomic<std::size_t> allocations = 0;
[[gnu::noinline]] void* counted(std::size_t size) noexcept {
  ++allocations;
  return std::malloc(size ? size : 1);
}
[[gnu::noinline]] void release(void* block) noexcept { std::free(block); }
}  // namespace
void* operator new(std::size_t size) {
  if (void* block = counted(size)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void operator delete(void* block) noexcept { release(block); }
void operator delete[](void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete[](void* block, std::size_t) noexcept { release(block); }

namespace smtpspec::smtp {

void PrintTo(const Reply& reply, std::ostream* out) {
  *out << reply.brief() << " \"" << spell(reply.octets.substr(0, 200)) << "\" " << reply.lines.size() << " lines";
  for (std::size_t i = 0; i < anomaly_count; ++i)
    if (const auto anomaly = static_cast<Anomaly>(i); reply.anomalies.has(anomaly))
      *out << " " << to_string(anomaly) << "@" << reply.anomalies.at(anomaly);
}

namespace {

using namespace std::string_view_literals;
using enum Anomaly;

using Names = std::set<std::string_view>;
Names names(const Anomalies& anomalies) {
  Names out;
  for (std::size_t i = 0; i < anomaly_count; ++i)
    if (anomalies.has(static_cast<Anomaly>(i))) out.insert(to_string(static_cast<Anomaly>(i)));
  return out;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

// --- what a reply is --------------------------------------------------------------------------------------------

TEST(Reply, IsReadAsCodeLinesAndStatus) {
  const auto replies = naive::read_replies({"250-2.1.5 first\r\n250 2.1.5 last\r\n354 Go on\r\n"});
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[0].code, 250);
  EXPECT_EQ(replies[0].klass(), 2);
  EXPECT_EQ(replies[0].status, (EnhancedCode{2, 1, 5}));
  EXPECT_EQ(replies[0].lines.size(), 2u);
  EXPECT_EQ(replies[0].text(1), "2.1.5 last");
  EXPECT_EQ(replies[0].text(2), "") << "a line that is not there has no text";
  EXPECT_EQ(replies[0].octets, "250-2.1.5 first\r\n250 2.1.5 last\r\n");
  EXPECT_EQ(replies[0].brief(), "250 2.1.5");
  EXPECT_EQ(replies[1].brief(), "354");
  EXPECT_EQ(naive::read_replies({"junk\r\n"})[0].brief(), "a reply without a code");
}

TEST(Reply, ViewStaysTrueWhenTheBufferMoves) {
  ReplyParser parser;
  EXPECT_FALSE(parser.next("250-a\r\n25"));
  EXPECT_TRUE(parser.inside());
  const std::string elsewhere = "250-a\r\n250 b\r\n";
  const auto view = parser.next(elsewhere);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->lines[1].text.in(elsewhere), "b");
  EXPECT_EQ(view->size, elsewhere.size());
}

// RFC 2034 section 4: status-code = class "." subject "." detail, of one, one to three and one to three digits.
TEST(Reply, StatusIsReadByItsGrammar) {
  struct {
    std::string_view text;
    EnhancedCode code;
    std::size_t size;
    bool leading_zero = false;
  } const rows[] = {
      {"2.1.0 Ok", {2, 1, 0}, 5},
      {"5.7.11", {5, 7, 11}, 6},
      {"4.999.999\tlater", {4, 999, 999}, 9},
      {"2.01.5 x", {2, 1, 5}, 6, true},
      {"2.1.05 x", {2, 1, 5}, 6, true},
      {"2.0.0", {2, 0, 0}, 5},
      {"3.1.0 x", {}, 0},
      {"2.1.0Ok", {}, 0},
      {"2.1.0. x", {}, 0},
      {"2.1000.0 x", {}, 0},
      {"2.1.1000 x", {}, 0},
      {"2..0 x", {}, 0},
      {"2.1. x", {}, 0},
      {"2.1", {}, 0},
      {"", {}, 0},
  };
  for (const auto& row : rows) {
    const EnhancedCodeAt at = parse_enhanced_code(row.text);
    EXPECT_EQ(at.code, row.code) << row.text;
    EXPECT_EQ(at.size, row.size) << row.text;
    EXPECT_EQ(at.leading_zero, row.leading_zero) << row.text;
  }
  EXPECT_EQ(to_string(EnhancedCode{5, 7, 11}), "5.7.11");
}

// --- strictness: the inputs on which SMTP parsers differ ----------------------------------------------------------

enum class Verdict { accepted, rejected, incomplete };

TEST(Reply, StrictnessIsThatOfTheRfc) {
  using enum Verdict;
  struct {
    std::string octets;
    Verdict by_the_rfc;  // section 4.2
    Names anomalies;
  } const rows[] = {
      {"25 ok\r\n", rejected, {"no-code"}},
      {"250", incomplete, {"truncated", "no-text"}},
      // The grammar lets a text be absent, the prose calls that a violation: a name of its own says which case it is.
      {"250\r\n", accepted, {"no-text"}},
      {"250-a\r\n251 b\r\n", rejected, {"code-changed"}},
      {"250 x\n", rejected, {"bare-lf"}},
      {"2500 ok\r\n", rejected, {"bad-separator"}},
      {"600 ok\r\n", rejected, {"code-out-of-range"}},
      {"250\tx\r\n", rejected, {"bad-separator"}},
      {"250 x", incomplete, {"truncated"}},
      {std::string("250 a\0b\r\n"sv), rejected, {"control-octet"}},
      {"250 \xc3\xa9\r\n", rejected, {"eight-bit"}},
      {"250 \xff\r\n", rejected, {"eight-bit"}},
      {"250 " + std::string(1994, 'x') + "\r\n", rejected, {"line-too-long"}},
      {"250-\r\n250 \r\n", rejected, {"no-text"}},
      {"250-a\r\njunk\r\n250 b\r\n", rejected, {"no-code"}},
      {"250 a\rb\r\n", rejected, {"bare-cr"}},
      {"\r\n", rejected, {"no-code"}},
      {"250_x\r\n", rejected, {"bad-separator"}},
      {" 250 ok\r\n", rejected, {"no-code"}},
      {"+50 ok\r\n", rejected, {"no-code"}},
      {"280 x\r\n", rejected, {"code-out-of-range"}},
      {"199 x\r\n", rejected, {"code-out-of-range"}},
      {"250-a\r\n", incomplete, {"truncated"}},
      {repeated("250-x\r\n", 299) + "250 x\r\n", accepted, {}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(spell(row.octets.substr(0, 60)));
    const auto replies = naive::read_replies({row.octets});
    ASSERT_EQ(replies.size(), 1u);
    EXPECT_EQ(replies[0].octets, row.octets);
    EXPECT_EQ(names(replies[0].anomalies), row.anomalies);
    Names grave = row.anomalies;
    const bool truncated = grave.erase("truncated") > 0;
    if (row.by_the_rfc == accepted) grave.erase("no-text");
    EXPECT_EQ(truncated, row.by_the_rfc == incomplete);
    EXPECT_EQ(ReplyParser().next(row.octets) != nullptr, row.by_the_rfc != incomplete);
    if (row.by_the_rfc != incomplete) {
      EXPECT_EQ(!grave.empty(), row.by_the_rfc == rejected);
    }
  }
}

// A reply has no anomaly exactly when the naive reading of section 4.2 finds nothing to say.
TEST(Reply, AgreesWithTheGrammarOnAllShortTexts) {
  std::size_t clean = 0;
  naive::all_texts({"250", "550", "2", " ", "-", "\r\n", "\n", "\r", "x", "2.1.0"}, 6, [&](std::string_view text) {
    if (HasFailure()) return;
    const auto replies = naive::read_replies({text});
    std::size_t size = 0;
    for (const Reply& reply : replies) {
      size += reply.octets.size();
      ASSERT_EQ(!reply.anomalies.any(), naive::clean_reply(reply.octets)) << spell(text) << " gave " << testing::PrintToString(reply);
      clean += reply.anomalies.any() ? 0 : 1;
    }
    ASSERT_EQ(size, text.size()) << spell(text) << ": every octet belongs to one reply";
  });
  EXPECT_GT(clean, 1000u);
}

// --- anomalies and cuts -----------------------------------------------------------------------------------------

struct Sample {
  std::string octets;
  std::vector<int> codes;
  std::vector<std::pair<Anomaly, std::size_t>> anomalies = {};  // of the first reply that has any, with their places
  ReplyLimits limits = {};
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = {
      // Good ones.
      {"", {}},
      {"250 2.1.0 Ok\r\n", {250}},
      {"220 mx.example.test ESMTP\r\n250 ok\r\n221 bye\r\n", {220, 250, 221}},
      {"250-mx.example.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 HELP\r\n", {250}},
      {"550-5.1.1 one\r\n550-5.1.1 two\r\n550 5.1.1 three\r\n", {550}},
      {"250 a\tb\r\n", {250}},
      {"250 " + std::string(506, 'x') + "\r\n", {250}},
      // One for each anomaly, and where it stands.
      {"250-a\r\n250 b\n", {250}, {{bare_lf, 12}}},
      {"250 a\rb\rc\r\n", {250}, {{bare_cr, 5}}},
      {"250 a\r\r\n", {250}, {{bare_cr, 5}}},
      {"250 " + std::string(507, 'x') + "\r\n", {250}, {{line_too_long, 0}}},
      {"250 " + std::string(20, 'x') + "\r\n250 ok\r\n", {250, 250}, {{line_endless, 0}}, {.line = 16}},
      {"250-" + std::string(40, 'x') + "\r\n250 ok\r\n250 next\r\n", {250, 250}, {{line_endless, 0}}, {.line = 16}},
      {"250-a\r\noops\r\n250 b\r\n", {250}, {{no_code, 7}}},
      {"oops\r\n250 b\r\n", {0, 250}, {{no_code, 0}}},
      {"250-a\r\n260 b\r\n", {250}, {{code_out_of_range, 7}, {code_changed, 7}}},
      {"250-a\r\n550 b\r\n", {250}, {{code_changed, 7}}},
      {"250=a\r\n", {250}, {{bad_separator, 3}}},
      {"250-a\r\n250\r\n", {250}, {{no_text, 10}}},
      {"250-\r\n250 b\r\n", {250}, {{no_text, 4}}},
      {"250 a\x01\x7f\r\n", {250}, {{control_octet, 5}}},
      {"250 a\x7f\r\n", {250}, {{control_octet, 5}}},
      {"250 \x80\r\n", {250}, {{eight_bit, 4}}},
      {"250-2.1.0 a\r\n250 2.1.5 b\r\n", {250}, {{status_changed, 17}}},
      {"250-2.1.0 a\r\n250 b\r\n", {250}, {{status_changed, 17}}},
      {"250 2.01.0 a\r\n", {250}, {{status_malformed, 4}}},
      {"250-a\r\n250-b\r\n250 c\r\n", {250, 250}, {{too_many_lines, 7}}, {.lines = 2}},
      {"250-a\r\n250 b\r\n", {250}, {}, {.lines = 2}},
      {"250-a\r\n250-" + std::string(40, 'x') + "\r\n250 c\r\n",
       {250, 250},
       {{too_many_lines, 7}, {line_endless, 7}},
       {.line = 16, .lines = 2}},
      {"250-a\r\n", {250}, {{truncated, 7}}},
      {"250-a\r\n250 b", {250}, {{truncated, 12}}},
      {"250 a\r", {250}, {{bare_cr, 5}, {truncated, 6}}},
      {"25", {0}, {{no_code, 0}, {truncated, 2}}},
      // Several at once, and trouble at the borders of lines and limits.
      {"\n\r\n\r250 x\r\n", {0, 0, 0}, {{bare_lf, 0}, {no_code, 0}}},
      {"250-2.1.0 a\nx\r\n550=2.1.5\xff\x01\r\r\n",
       {250},
       {{bare_lf, 11},
        {no_code, 12},
        {code_changed, 15},
        {bad_separator, 18},
        {control_octet, 25},
        {eight_bit, 24},
        {bare_cr, 26},
        {status_changed, 12}}},
      {"250 abc\r\n250 abcd\r\n250 x\r\n", {250, 250, 250}, {{line_endless, 0}}, {.line = 9}},
      {"250 abc\rd\r\n250 x\r\n", {250, 250}, {{line_endless, 0}}, {.line = 8}},
  };
  return all;
}

TEST(Reply, AnomaliesAreNamedAndPlaced) {
  Names seen;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(spell(sample.octets.substr(0, 60)));
    const auto replies = naive::read_replies({sample.octets}, sample.limits);
    std::vector<int> codes;
    for (const Reply& reply : replies) codes.push_back(reply.code);
    EXPECT_EQ(codes, sample.codes);
    Anomalies expected;
    for (const auto& [anomaly, at] : sample.anomalies) expected.add(anomaly, at);
    const auto bad = std::find_if(replies.begin(), replies.end(), [](const Reply& reply) { return reply.anomalies.any(); });
    EXPECT_EQ(names(bad == replies.end() ? Anomalies{} : bad->anomalies), names(expected));
    if (bad != replies.end()) {
      EXPECT_EQ(bad->anomalies, expected) << testing::PrintToString(*bad);
    }
    seen.merge(names(expected));
  }
  EXPECT_EQ(seen.size(), anomaly_count) << "each anomaly has a sample, and a name of its own";
}

TEST(Reply, IsTheSameHoweverTheStreamIsCut) {
  for (const Sample& sample : samples()) {
    const std::string_view text = sample.octets;
    const auto whole = naive::read_replies({text}, sample.limits);
    ASSERT_EQ(naive::read_replies(naive::octet_by_octet(text), sample.limits), whole) << spell(text);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      ASSERT_EQ(naive::read_replies({text.substr(0, i), text.substr(i)}, sample.limits), whole) << spell(text) << " cut at " << i;
      if (text.size() > 100) continue;
      for (std::size_t j = i; j <= text.size(); ++j)
        ASSERT_EQ(naive::read_replies({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, sample.limits), whole)
            << spell(text) << " cut at " << i << " and " << j;
    }
  }
}

// --- the short way ----------------------------------------------------------------------------------------------

void expect_the_same_the_long_way(std::string_view stream, const naive::Chunks& chunks, ReplyLimits limits = {}) {
  ASSERT_EQ(naive::read_replies(chunks, limits), naive::read_replies({stream}, ReplyParser::plodding(limits)))
      << spell(stream) << " in " << chunks.size() << " chunks";
}

// Every octet at each place where the short way looks at several together.
TEST(Reply, ShortWayReadsCodeAndStatusAsTheLongOne) {
  for (const std::string_view reply : {"250 2.1.5 recipient ok\r\n", "250-2.1.5 recipient\r\n250 2.1.5 ok\r\n", "550 5.7.26 no\r\n"})
    for (std::size_t at = 0; at < 16; ++at)
      for (int octet = 0; octet < 256; ++octet) {
        std::string stream = "250 2.1.0 Ok\r\n" + std::string(reply) + "250 2.1.0 and one more that stands behind it\r\n";
        stream[14 + at] = static_cast<char>(octet);
        expect_the_same_the_long_way(stream, {stream});
        if (HasFatalFailure()) return;
      }
}

// Replies as servers write them, with lines of all lengths, and here and there an octet that does not belong where it stands.
std::string random_stream(std::mt19937& random) {
  const auto pick = [&](auto... words) { return std::array<std::string_view, sizeof...(words)>{words...}[random() % sizeof...(words)]; };
  std::string out;
  for (std::size_t replies = 1 + random() % 4; replies > 0; --replies) {
    const std::string_view code = pick("250", "250", "550", "354", "421"), status = pick("", "", "2.1.0 ", "2.1.5 ", "5.7.26 ", "2.0.0");
    for (std::size_t lines = random() % 3 ? 1 : 1 + random() % 20; lines > 0; --lines) {
      const std::size_t size = random() % 40 ? random() % 80 : 400 + random() % 200;
      out += std::string(code) + (lines > 1 ? "-" : " ") + std::string(status) + std::string(size, 'x') + "\r\n";
    }
  }
  for (std::size_t faults = random() % 3; faults > 0; --faults) {
    const std::size_t at = random() % out.size();
    out.replace(at, random() % 2, pick("", "\r", "\n", "\t", "\x7f", "\x80", ".", "0", " ", "-", "9", "\r\n"));
  }
  return out;
}

TEST(Reply, ShortWayGivesWhatTheLongOneGives) {
  std::mt19937 random(5321);
  std::size_t common = 0, odd = 0;
  for (int round = 0; round < 3000 && !HasFatalFailure(); ++round) {
    const std::string stream = random_stream(random);
    for (const ReplyLimits limits : {ReplyLimits{}, ReplyLimits{.line = 40, .lines = 5}}) {
      for (const naive::Chunks& chunks : {naive::Chunks{stream}, naive::octet_by_octet(stream), naive::cut_at_random(stream, random())})
        expect_the_same_the_long_way(stream, chunks, limits);
      for (std::size_t cut = 1; round % 30 == 0 && cut < stream.size(); ++cut)
        expect_the_same_the_long_way(stream, {std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}, limits);
    }
    for (const Reply& reply : naive::read_replies({stream})) ++(reply.anomalies.any() ? odd : common);
  }
  EXPECT_GT(common, 3000u);
  EXPECT_GT(odd, 1000u);
}

// --- cost -------------------------------------------------------------------------------------------------------

// A reply of many lines that comes octet by octet costs no more than one that comes whole: what was taken as lines is
// overwritten with the end of a reply, and is not found again.
TEST(Reply, LooksAtEachLineOnce) {
  std::string buffer = repeated("250-x\r\n", 1000) + "250 x\r\n";
  ReplyParser parser;
  for (std::size_t size = 1; size < buffer.size(); ++size) {
    ASSERT_FALSE(parser.next(std::string_view(buffer).substr(0, size))) << size;
    if (size % 7 == 0) buffer.replace(size - 7, 7, "250 x\r\n");
  }
  const auto view = parser.next(buffer);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->lines.size(), 1001u);
}

TEST(Reply, AllocatesNothingOnceTheLineTableHasGrown) {
  std::string stream;
  for (const Sample& sample : samples())
    if (sample.limits.line == ReplyLimits{}.line && sample.octets.ends_with('\n')) stream += sample.octets;
  ReplyParser parser;
  const auto pass = [&] {
    std::size_t replies = 0;
    std::string_view rest = stream;
    while (const auto view = parser.next(rest)) {
      ++replies;
      rest.remove_prefix(view->size);
    }
    return replies;
  };
  const std::size_t replies = pass();
  ASSERT_GT(replies, 20u);
  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(pass(), replies);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_GT(before, 0u) << "the counter counts";
}

}  // namespace
}  // namespace smtpspec::smtp
