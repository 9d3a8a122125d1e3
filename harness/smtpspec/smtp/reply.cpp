#include "smtpspec/smtp/reply.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "smtpspec/smtp/plain.hpp"

namespace smtpspec::smtp {
namespace {

constexpr std::size_t reply_line_limit = 512;  // RFC 5321 section 4.5.3.1.5

struct Number {
  std::uint16_t value = 0;
  std::size_t digits = 0;
};
Number number(std::string_view text) {
  Number n;
  while (n.digits < 3 && n.digits < text.size() && is_digit(text[n.digits]))
    n.value = static_cast<std::uint16_t>(n.value * 10 + (text[n.digits++] - '0'));
  return n;
}

// The value of a digit; above 9 when it is none.
unsigned digit(char c) { return static_cast<unsigned char>(c) - unsigned{'0'}; }

bool is_lawful_code(std::string_view text) { return digit(text[0]) - 2 <= 3 && digit(text[1]) <= 5 && digit(text[2]) <= 9; }

int code_of(std::string_view digits) { return static_cast<int>(digit(digits[0]) * 100 + digit(digits[1]) * 10 + digit(digits[2])); }

// The three octets of a code as one number, of a text that has four.
std::uint32_t code_octets(const char* text) {
  std::uint32_t word = 0;
  std::memcpy(&word, text, 4);
  return word & (std::endian::native == std::endian::little ? 0x00ffffffu : 0xffffff00u);
}

// Three digits at the start of a line, or 0.
int reply_code(std::string_view text) {
  if (text.size() < 3 || digit(text[0]) > 9 || digit(text[1]) > 9 || digit(text[2]) > 9) return 0;
  return code_of(text);
}

bool is_status_class(char c) { return c == '2' || c == '4' || c == '5'; }

// Most enhanced codes have one digit in each place, and many texts none. What follows reads and compares those as words.
static_assert(sizeof(EnhancedCodeAt) == 8 && offsetof(EnhancedCodeAt, size) == 6);

// The code at the start of a text of five octets or more, behind which CRLF stands; 0 when it takes a closer look.
inline std::uint64_t common_status(const char* text, std::size_t size) {
  if constexpr (std::endian::native != std::endian::little) return 0;
  std::uint32_t head = 0;
  std::memcpy(&head, text, 4);
  head ^= 0x2e302e30;  // "0.0."
  const std::uint32_t klass = head & 0xffff, subject = head >> 16;
  const unsigned detail = digit(text[4]);
  const bool is_class = klass <= 5 && (1u << klass & 0b110100u) != 0;
  const bool common = is_class && subject <= 9 && detail <= 9 && (text[5] == ' ' || size == 5);
  return common ? head | std::uint64_t{detail} << 32 | std::uint64_t{5} << 48 : 0;
}

}  // namespace

EnhancedCodeAt parse_enhanced_code(std::string_view text) {
  if (text.size() < 5 || !is_status_class(text[0]) || text[1] != '.') return {};
  const Number subject = number(text.substr(2));
  const std::size_t dot = 2 + subject.digits;
  if (subject.digits == 0 || dot >= text.size() || text[dot] != '.') return {};
  const Number detail = number(text.substr(dot + 1));
  const std::size_t end = dot + 1 + detail.digits;
  if (detail.digits == 0 || (end < text.size() && text[end] != ' ' && text[end] != '\t')) return {};
  const auto leading_zero = [&](std::size_t at, std::size_t digits) { return digits > 1 && text[at] == '0'; };
  return {{static_cast<std::uint16_t>(text[0] - '0'), subject.value, detail.value},
          static_cast<std::uint8_t>(end),
          leading_zero(2, subject.digits) || leading_zero(dot + 1, detail.digits)};
}

std::string to_string(EnhancedCode code) {
  return std::to_string(code.klass) + "." + std::to_string(code.subject) + "." + std::to_string(code.detail);
}

std::string_view to_string(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::bare_lf: return "bare-lf";
    case Anomaly::bare_cr: return "bare-cr";
    case Anomaly::line_too_long: return "line-too-long";
    case Anomaly::line_endless: return "line-endless";
    case Anomaly::no_code: return "no-code";
    case Anomaly::code_out_of_range: return "code-out-of-range";
    case Anomaly::code_changed: return "code-changed";
    case Anomaly::bad_separator: return "bad-separator";
    case Anomaly::no_text: return "no-text";
    case Anomaly::control_octet: return "control-octet";
    case Anomaly::eight_bit: return "eight-bit";
    case Anomaly::status_changed: return "status-changed";
    case Anomaly::status_malformed: return "status-malformed";
    case Anomaly::too_many_lines: return "too-many-lines";
    case Anomaly::truncated: return "truncated";
    case Anomaly::count_: break;
  }
  return "";
}

std::string Reply::brief() const {
  std::string out = code ? std::to_string(code) : std::string("a reply without a code");
  if (status) out += " " + to_string(status);
  return out;
}

Reply own(const ReplyView& view, std::string_view buffer) {
  return {view.code, view.status, std::string(buffer.substr(0, view.size)), {view.lines.begin(), view.lines.end()}, view.anomalies};
}

bool Anomalies::operator==(const Anomalies& other) const {
  if (bits_ != other.bits_) return false;
  for (std::size_t i = 0; i < anomaly_count; ++i)
    if (at(static_cast<Anomaly>(i)) != other.at(static_cast<Anomaly>(i))) return false;
  return true;
}

// Most lines have nothing that is worth a word: plain octets, CRLF, a lawful code, the same as on the first line, and a text, with
// no enhanced code or a short one. Takes those that stand at `from`, up to the last one of the reply. `at_end`: the first one is
// known to end behind its plain octets.
[[gnu::always_inline]] inline ReplyParser::Came ReplyParser::take_common_lines(std::string_view buffer, Place from, bool at_end) {
  const char* const end = buffer.data() + buffer.size();
  const char* line = buffer.data() + from.parsed;
  const char* at = line + from.plain;
  ReplyLine *const first = table_.data(), *const room = first + room_;
  ReplyLine* out = first + from.lines;
  Came came = Came::odd;
  for (;;) {
    if (!at_end && !plain::is_near(at, end)) {
      came = Came::far;
      break;
    }
    at_end = false;
    const auto size = static_cast<std::size_t>(at - line), text_size = size - 4;
    if (text_size - 1 >= common_size_ || std::memcmp(at, "\r\n", 2) != 0) break;
    const bool last = line[3] == ' ';
    if (!last && (line[3] != '-' || out + 1 >= room)) break;
    const std::uint32_t head = code_octets(line);
    std::uint64_t status = 0;
    if (line[5] == '.' && (text_size < 5 || (status = common_status(line + 4, text_size)) == 0)) {
      const EnhancedCodeAt other = parse_enhanced_code({line + 4, text_size});
      if (other.leading_zero) break;
      std::memcpy(&status, &other, sizeof status);
    }
    std::memcpy(static_cast<void*>(&out->status), &status, sizeof status);
    if (out == first) {
      if (head != head_) {
        if (!is_lawful_code({line, 3})) break;
        head_ = head;
        head_code_ = code_of({line, 3});
      }
      reply_.code = head_code_;
      reply_.anomalies.clear();
    } else if (head != head_ || std::memcmp(&status, &first->status, sizeof status) != 0) {
      break;
    }
    out->text = {static_cast<std::uint32_t>(line + 4 - buffer.data()), static_cast<std::uint32_t>(text_size)};
    ++out;
    line = at += 2;
    if (last) {
      complete(static_cast<std::size_t>(line - buffer.data()), static_cast<std::size_t>(out - first));
      return Came::reply;
    }
  }
  place_ = {static_cast<std::size_t>(out - first), static_cast<std::size_t>(line - buffer.data()), static_cast<std::size_t>(at - line)};
  begun_ = true;
  return came;
}

inline void ReplyParser::complete(std::size_t size, std::size_t lines) {
  const ReplyLine* const first = table_.data();
  reply_.status = first->status.code;
  reply_.lines = {first, lines};
  reply_.size = size;
}

void ReplyParser::set_room(std::size_t lines) {
  table_.resize(lines);
  room_ = std::min(lines, limits_.lines);
}

ReplyParser::ReplyParser(ReplyLimits limits)
    : limits_(limits),
      common_size_(std::max<std::size_t>(std::min(reply_line_limit, limits.line), 6) - 6),
      splitter_({.lf_ends_line = true, .cr_ends_line = false, .limit = limits.line}) {
  set_room(16);
}

bool ReplyParser::take(std::string_view buffer, const Line& line) {
  Anomalies& anomalies = reply_.anomalies;
  const std::size_t start = place_.parsed;
  const std::string_view text = line.text(buffer.substr(start));
  if (place_.lines == 0) anomalies.clear();
  place_.parsed = start + line.next;
  if (line.ending == LineEnding::too_long) anomalies.add(Anomaly::line_endless, start);
  if (line.ending == LineEnding::lf) anomalies.add(Anomaly::bare_lf, start + line.size);
  if (line.ending == LineEnding::eof) anomalies.add(Anomaly::truncated, start + line.size);
  if (line.next > reply_line_limit) anomalies.add(Anomaly::line_too_long, start);
  // The rest of a line that was cut says nothing new; the reply ends with it if it would have ended with the line.
  const bool whole = line.ending != LineEnding::too_long;
  if (whole) odd_ = false;
  if (line.rest_of_long) return line.ending == LineEnding::eof || (whole && last_);

  const int code = reply_code(text);
  const bool first = place_.lines == 0;
  if (first) {
    reply_.code = code;
    head_ = 0;
  }
  std::size_t text_at = 0;
  bool last = true;
  if (code == 0) {
    anomalies.add(Anomaly::no_code, start);
    last = first;  // inside a multi-line reply the lines that follow may still end it
  } else {
    if (!is_lawful_code(text)) anomalies.add(Anomaly::code_out_of_range, start);
    if (code != reply_.code) anomalies.add(Anomaly::code_changed, start);
    text_at = 3;
    if (text.size() == 3) {
      anomalies.add(Anomaly::no_text, start + 3);
    } else {
      last = text[3] != '-';
      if (text[3] != ' ' && text[3] != '-') anomalies.add(Anomaly::bad_separator, start + 3);
      else text_at = 4;
      if (text.size() == 4) anomalies.add(Anomaly::no_text, start + 4);
    }
  }
  const EnhancedCodeAt status = parse_enhanced_code(text.substr(text_at));
  if (status.leading_zero) anomalies.add(Anomaly::status_malformed, start + text_at);
  if (!first && status.code != table_.front().status.code) anomalies.add(Anomaly::status_changed, start + text_at);
  table_[place_.lines++] = {span(start + text_at, start + text.size()), status};
  if (place_.lines == table_.size()) set_room(2 * place_.lines);
  if (!last && place_.lines >= limits_.lines) {
    anomalies.add(Anomaly::too_many_lines, start);
    last = true;
  }
  last_ = last;
  for (std::size_t i = text_at; i < text.size(); ++i) {
    i += plain_size(text.substr(i));
    if (i == text.size()) break;
    const auto octet = static_cast<unsigned char>(text[i]);
    anomalies.add(octet == '\r' ? Anomaly::bare_cr : octet >= 0x80 ? Anomaly::eight_bit : Anomaly::control_octet, start + i);
  }
  return line.ending == LineEnding::eof || (whole && last);
}

const ReplyView* ReplyParser::next(std::string_view buffer) {
  if (begun_) return read_on(buffer, odd_ ? Came::odd : Came::far);
  const Came came = take_common_lines(buffer, {}, false);
  return came == Came::reply ? &reply_ : read_on(buffer, came);
}

// What common lines are not, one line after the other, and common ones between them.
[[gnu::noinline]] const ReplyView* ReplyParser::read_on(std::string_view buffer, Came came) {
  while (came != Came::reply) {
    if (came == Came::far) {
      const char *const end = buffer.data() + buffer.size(), *const line = buffer.data() + place_.parsed;
      const char* const at = plain::far(line + place_.plain, end);
      place_.plain = static_cast<std::size_t>(at - line);
      if (end - at >= 2) {
        came = take_common_lines(buffer, place_, true);
        continue;
      }
      // A CR may be the first half of the line's end.
      if ((at == end || *at == '\r') && place_.plain + 2 <= std::min(reply_line_limit, limits_.line)) return nullptr;
    }
    odd_ = true;
    place_.plain = 0;
    const auto line = splitter_.next(buffer.substr(place_.parsed));
    if (!line) return nullptr;
    if (take(buffer, *line)) break;
    came = odd_ ? Came::odd : take_common_lines(buffer, place_, false);
  }
  return end_reply(came);
}

const ReplyView* ReplyParser::finish(std::string_view buffer) {
  if (const ReplyView* complete = next(buffer)) return complete;
  const auto line = splitter_.finish(buffer.substr(place_.parsed));
  if (line) take(buffer, *line);
  else if (place_.lines == 0) return nullptr;
  reply_.anomalies.add(Anomaly::truncated, buffer.size());
  return end_reply(Came::odd);
}

// `came`: what it ended with. A common line has completed it.
const ReplyView* ReplyParser::end_reply(Came came) {
  if (came != Came::reply) complete(place_.parsed, place_.lines);
  place_ = {};
  begun_ = odd_ = false;
  return &reply_;
}

}  // namespace smtpspec::smtp
