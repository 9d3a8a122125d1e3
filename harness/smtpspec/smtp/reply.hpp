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
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/lines.hpp"
#include "smtpspec/smtp/octets.hpp"

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

struct ReplyLimits {
  std::size_t line = 64 * 1024;
  std::size_t lines = 2000;
};

class ReplyParser {
 public:
  ReplyParser() : ReplyParser(ReplyLimits{}) {}
  explicit ReplyParser(ReplyLimits limits);

  // The first whole reply of `buffer`, whose start is the end of the reply before; nullptr until it has come.
  const ReplyView* next(std::string_view buffer);

  // The stream ended: what is left as a truncated reply, or nullptr.
  const ReplyView* finish(std::string_view buffer);

  // True while a reply has begun and not ended.
  bool inside() const { return place_.lines > 0; }

 private:
  // How reading common lines ended: with the reply, before a line that is odd or may be, before one whose end is not near or not
  // there yet.
  enum class Came : std::uint8_t { reply, odd, far };
  // Where the lines that are not taken yet begin.
  struct Place {
    std::size_t lines = 0;   // that were taken
    std::size_t parsed = 0;  // their octets
    std::size_t plain = 0;   // octets of the next line that are plain
  };
  Came take_common_lines(std::string_view buffer, Place from, bool at_end);
  const ReplyView* read_on(std::string_view buffer, Came came);
  bool take(std::string_view buffer, const Line& line);  // true when the reply is whole
  void complete(std::size_t size, std::size_t lines);
  const ReplyView* end_reply(Came came);
  void set_room(std::size_t lines);

  ReplyLimits limits_;
  std::size_t common_size_;  // the most octets of text that a common line has
  LineSplitter splitter_;
  ReplyView reply_;               // as far as it has come
  std::vector<ReplyLine> table_;  // longer than the reply has lines
  std::size_t room_ = 0;          // how many lines it may have before the table has to grow or the limit is reached
  Place place_;                   // in the unfinished reply
  bool begun_ = false;            // place_ is not the start
  bool odd_ = false;              // the line that stands there is not plain: the splitter sees to it
  bool last_ = false;             // the line read last, if perhaps not to its end, is the reply's last
  std::uint32_t head_ = 0;        // the code of the last first line as its octets in a word, if it was common,
  int head_code_ = 0;             // and as a number
};

}  // namespace smtpspec::smtp
