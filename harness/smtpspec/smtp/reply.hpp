// SMTP replies (RFC 5321 section 4.2) with enhanced status codes (RFC 2034, RFC 3463).
//
// The parser is fed a buffer however it was cut, gives whole replies and *names* every departure from the grammar
// instead of refusing the reply: what a departure is worth is the judge's business.
//
//   ReplyParser parser;
//   while (auto reply = parser.next(buffer)) { use(reply->code); buffer.remove_prefix(reply->size); }
//
// A ReplyView belongs to the parser and holds offsets into the caller's buffer: it is good until the next call. The line
// table is reused, so that nothing is allocated per reply once it has grown. `Reply` is the owning copy.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/lines.hpp"
#include "smtpspec/smtp/octets.hpp"
#include "smtpspec/smtp/plain.hpp"

namespace smtpspec::smtp {

// class.subject.detail; klass 0 means "none was given".
struct EnhancedCode {
  std::uint16_t klass = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  explicit operator bool() const { return klass != 0; }
  bool operator==(const EnhancedCode&) const = default;
};

// The code at the start of `text`, and how many octets it takes; size 0 when there is none.
struct EnhancedCodeAt {
  EnhancedCode code;
  std::uint8_t size = 0;
  bool leading_zero = false;  // "2.01.5", against RFC 3463 section 2
};
EnhancedCodeAt parse_enhanced_code(std::string_view text);
std::string to_string(EnhancedCode code);

// Ways in which a reply departs from RFC 5321 section 4.2; `to_string` gives each its name.
enum class Anomaly : std::uint8_t {
  bare_lf,            // a line ended by LF alone
  bare_cr,            // a CR inside the text
  line_too_long,      // over 512 octets with its CRLF (section 4.5.3.1.5)
  line_endless,       // over the parser's own limit: cut there
  no_code,            // a line that does not start with three digits
  code_out_of_range,  // first digit not 2-5 or second not 0-5
  code_changed,       // another code than on the first line (section 4.2.1)
  bad_separator,      // neither SP nor "-" behind the code
  no_text,            // nothing behind the code, or "-" and nothing
  control_octet,      // a text octet below SP other than HT, or DEL
  eight_bit,          // a text octet above 127
  status_changed,     // lines with unequal enhanced codes (RFC 2034 section 4)
  status_malformed,   // looks like an enhanced code, but leading zeros
  too_many_lines,     // over the parser's own limit: cut there
  truncated,          // the stream ended inside the reply
  count_              // not an anomaly
};
inline constexpr std::size_t anomaly_count = static_cast<std::size_t>(Anomaly::count_);
std::string_view to_string(Anomaly anomaly);

class Anomalies {
 public:
  // Keeps the place of the first of each kind.
  void add(Anomaly anomaly, std::size_t at) {
    if (!has(anomaly)) at_[static_cast<std::size_t>(anomaly)] = static_cast<std::uint32_t>(at);
    bits_ |= 1u << static_cast<unsigned>(anomaly);
  }
  bool has(Anomaly anomaly) const { return (bits_ >> static_cast<unsigned>(anomaly)) & 1u; }
  bool any() const { return bits_ != 0; }
  // Octet offset from the start of the reply; 0 of one that it has not.
  std::size_t at(Anomaly anomaly) const { return has(anomaly) ? at_[static_cast<std::size_t>(anomaly)] : 0; }
  void clear() { bits_ = 0; }
  bool operator==(const Anomalies& other) const;

 private:
  std::uint32_t bits_ = 0;
  std::array<std::uint32_t, anomaly_count> at_{};  // of those that it has
};

struct ReplyLine {
  Span text;  // behind code and separator, offsets from the start of the reply
  EnhancedCodeAt status;
  bool operator==(const ReplyLine& other) const { return text == other.text && status.code == other.status.code; }
};

struct ReplyView {
  int code = 0;  // 0 when the first line has none
  EnhancedCode status;
  std::span<const ReplyLine> lines;
  std::size_t size = 0;  // octets of the whole reply, line ends included
  Anomalies anomalies;
};

// A reply that owns its octets.
struct Reply {
  int code = 0;
  EnhancedCode status;
  std::string octets;
  std::vector<ReplyLine> lines;
  Anomalies anomalies;

  int klass() const { return code / 100; }
  std::string_view text(std::size_t line = 0) const { return line < lines.size() ? lines[line].text.in(octets) : std::string_view{}; }
  // "250 2.1.0", for messages.
  std::string brief() const;
  bool operator==(const Reply&) const = default;
};
Reply own(const ReplyView& view, std::string_view buffer);

inline constexpr std::size_t reply_line_limit = 512;  // octets with the CRLF (RFC 5321 section 4.5.3.1.5)

struct ReplyLimits {
  std::size_t line = 64 * 1024;
  std::size_t lines = 2000;
};

class ReplyParser {
 public:
  ReplyParser() : ReplyParser(ReplyLimits{}) {}
  explicit ReplyParser(ReplyLimits limits) : ReplyParser(limits, reply_line_limit) {}

  // One that takes no short ways: the same answers, slower, for tests to hold the others against.
  static ReplyParser plodding(ReplyLimits limits = {}) { return {limits, 0}; }

  // The first whole reply of `buffer`, whose start is the end of the reply before; nullptr until it has come.
  [[gnu::always_inline]] const ReplyView* next(std::string_view buffer) { return fresh_ ? next_whole(buffer) : read(buffer, place_.plain); }

  // The stream ended: what is left as a truncated reply, or nullptr.
  const ReplyView* finish(std::string_view buffer);

  // True while a reply has begun and not ended.
  bool inside() const { return place_.lines > 0; }

 private:
  // Where the lines that are not taken yet begin.
  struct Place {
    std::size_t lines = 0;   // that were taken
    std::size_t parsed = 0;  // their octets
    std::size_t plain = 0;   // octets of the next line that are known to be plain
  };

  ReplyParser(ReplyLimits limits, std::size_t common_line_limit);
  bool is_common_size(std::size_t text_size) const { return text_size - 1 < common_size_; }
  bool is_common_code(const char* line);
  const ReplyView* next_whole(std::string_view buffer);
  const ReplyView* read(std::string_view buffer, std::size_t plain);
  bool take_common_lines(std::string_view buffer);
  bool take(std::string_view buffer, const Line& line);  // true when the reply is whole
  const ReplyView* give(const ReplyLine* first, std::size_t lines, std::size_t size);
  const ReplyView* end_reply();
  void set_room(std::size_t lines);

  ReplyLimits limits_;
  std::size_t common_size_;  // the most octets of text that a common line has
  LineSplitter splitter_;
  ReplyView reply_;               // as far as it has come
  std::vector<ReplyLine> table_;  // longer than the reply has lines
  std::size_t room_ = 0;          // how many lines it may have before the table has to grow or the limit is reached
  Place place_;                   // in the unfinished reply
  bool fresh_ = true;             // place_ is the start, and reply_ has no anomalies
  bool odd_ = false;              // the line that stands at place_ is not common: the splitter sees to it
  bool last_ = false;             // the line read last, if perhaps not to its end, is the reply's last
  std::uint32_t head_ = 0;        // how the reply's last line begins if it is common: reply_.code and SP
};

// --- the short way ----------------------------------------------------------------------------------------------
//
// Most lines are common: they have nothing that is worth a word. Plain octets and CRLF, not too many, a lawful code, the same as on
// the first line, SP or "-", and a text with no enhanced code or a lawful one, the same as on the first line. Of most replies one
// such line is all. It is read where the caller stands; `read` asks the same of each line, and the splitter sees to those that are
// not common.

namespace common {

// The value of a digit; above 9 when it is none.
inline unsigned digit(char c) { return static_cast<unsigned char>(c) - unsigned{'0'}; }
inline bool is_lawful_code(std::string_view text) { return digit(text[0]) - 2 <= 3 && digit(text[1]) <= 5 && digit(text[2]) <= 9; }
inline int code_of(std::string_view digits) { return static_cast<int>(digit(digits[0]) * 100 + digit(digits[1]) * 10 + digit(digits[2])); }

// How a line of four octets or more begins, code and separator, as a word.
inline std::uint32_t head_of(const char* line) {
  std::uint32_t head = 0;
  std::memcpy(&head, line, sizeof head);
  return head;
}

// An EnhancedCodeAt as a word, as which it is read and compared. Most have a digit in each place.
using StatusWord = std::uint64_t;
static_assert(sizeof(EnhancedCodeAt) == sizeof(StatusWord) && offsetof(EnhancedCodeAt, size) == 6);
inline constexpr StatusWord no_status = ~StatusWord{0};

// The status of a text behind which CRLF stands; no_status when it takes a closer look.
inline StatusWord short_status(const char* text, std::size_t size) {
  if (text[1] != '.') return 0;
  if (std::endian::native != std::endian::little || size < 6) return no_status;
  StatusWord word = 0;
  std::memcpy(&word, text, sizeof word);
  word = (word ^ 0x20'30'2e'30'2e'30) << 16 >> 16;  // "0.0.0 ": three values below ten are left, with nothing between them
  if (((word | (word + 0x00'06'00'06'00'06)) & 0xff'f0'ff'f0'ff'f0) != 0 || (0b110100u >> (word & 15) & 1u) == 0) return no_status;
  return word | StatusWord{5} << 48;
}

inline void write_line(ReplyLine& out, std::size_t text_at, std::size_t text_size, StatusWord status) {
  out.text = {static_cast<std::uint32_t>(text_at), static_cast<std::uint32_t>(text_size)};
  std::memcpy(static_cast<void*>(&out.status), &status, sizeof status);
}

}  // namespace common

[[gnu::always_inline]] inline const ReplyView* ReplyParser::next_whole(std::string_view buffer) {
  std::size_t size = 0;
  const bool near = plain::is_near(buffer, size);
  const char* const line = buffer.data();
  const std::size_t text_size = size - 4;
  if (!near || !is_common_size(text_size) || !is_crlf(line + size)) return read(buffer, size);
  if (common::head_of(line) != head_ && (line[3] != ' ' || !is_common_code(line))) return read(buffer, size);
  const common::StatusWord status = common::short_status(line + 4, text_size);
  if (status == common::no_status) return read(buffer, size);
  ReplyLine* const first = table_.data();
  common::write_line(*first, 4, text_size, status);
  return give(first, 1, size + 2);
}

// `line`: the reply's first. Makes its code the reply's when it is lawful.
inline bool ReplyParser::is_common_code(const char* line) {
  if (!common::is_lawful_code({line, 3})) return false;
  reply_.code = common::code_of({line, 3});
  const char last[] = {line[0], line[1], line[2], ' '};
  head_ = common::head_of(last);
  return true;
}

inline const ReplyView* ReplyParser::give(const ReplyLine* first, std::size_t lines, std::size_t size) {
  reply_.status = first->status.code;
  reply_.lines = {first, lines};
  reply_.size = size;
  return &reply_;
}

}  // namespace smtpspec::smtp
