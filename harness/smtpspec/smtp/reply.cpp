#include "smtpspec/smtp/reply.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <utility>

#include "smtpspec/smtp/plain.hpp"

namespace smtpspec::smtp {
namespace {

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

using common::StatusWord;

// Makes of how a reply's last line begins how the others do.
constexpr std::uint32_t last_to_other = std::bit_cast<std::uint32_t>(std::array<char, 4>{0, 0, 0, ' ' ^ '-'});

// Three digits at the start of a line, or 0.
int reply_code(std::string_view text) {
  if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) return 0;
  return common::code_of(text);
}

bool is_status_class(char c) { return c == '2' || c == '4' || c == '5'; }

[[gnu::noinline]] StatusWord long_status(std::string_view text) {
  const EnhancedCodeAt read = parse_enhanced_code(text);
  return read.leading_zero ? common::no_status : std::bit_cast<StatusWord>(read);
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

void ReplyParser::set_room(std::size_t lines) {
  table_.resize(lines);
  room_ = std::min(lines, limits_.lines);
}

ReplyParser::ReplyParser(ReplyLimits limits, std::size_t common_line_limit)
    : limits_(limits),
      common_size_(std::max<std::size_t>(std::min(common_line_limit, limits.line), 6) - 6),
      splitter_({.lf_ends_line = true, .cr_ends_line = false, .limit = limits.line}) {
  set_room(16);
}

bool ReplyParser::take(std::string_view buffer, const Line& line) {
  Anomalies& anomalies = reply_.anomalies;
  const std::size_t start = place_.parsed;
  const std::string_view text = line.text(buffer.substr(start));
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
    if (!common::is_lawful_code(text)) anomalies.add(Anomaly::code_out_of_range, start);
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
    if (text[i] == '\t') continue;
    const auto octet = static_cast<unsigned char>(text[i]);
    anomalies.add(octet == '\r' ? Anomaly::bare_cr : octet >= 0x80 ? Anomaly::eight_bit : Anomaly::control_octet, start + i);
  }
  return line.ending == LineEnding::eof || (whole && last);
}

// Takes common lines, up to one that is odd or has not come whole; true when one was the reply's last.
[[gnu::always_inline]] inline bool ReplyParser::take_common_lines(std::string_view buffer) {
  const char *const end = buffer.data() + buffer.size(), *line = buffer.data() + place_.parsed;
  ReplyLine *const first = table_.data(), *const room = first + room_, *out = first + place_.lines;
  std::size_t size = place_.plain;
  bool last = false;
  while (!last) {
    const std::string_view rest(line, static_cast<std::size_t>(end - line));
    if (!plain::is_near(rest, size)) {
      size = plain::far(rest, size);
      if (rest.size() - size < 2) break;
    }
    const std::size_t text_size = size - 4;
    if (!is_common_size(text_size) || !is_crlf(line + size)) break;
    if (out == first && !is_common_code(line)) break;
    const std::uint32_t head = common::head_of(line);
    if (head != head_ && (head != (head_ ^ last_to_other) || out + 1 >= room)) break;
    StatusWord status = common::short_status(line + 4, text_size);
    if (status == common::no_status) status = long_status({line + 4, text_size});
    if (status == common::no_status) break;
    common::write_line(*out, static_cast<std::size_t>(line + 4 - buffer.data()), text_size, status);
    if (std::memcmp(&first->status, &status, sizeof status) != 0) break;
    ++out;
    line += size + 2;
    size = 0;
    last = head == head_;
  }
  place_ = {static_cast<std::size_t>(out - first), static_cast<std::size_t>(line - buffer.data()), size};
  return last;
}

// One line after the other, each as a common one if it is that. `plain`: octets of the next line that are plain.
const ReplyView* ReplyParser::read(std::string_view buffer, std::size_t plain) {
  if (place_.lines == 0) reply_.anomalies.clear();
  fresh_ = false;
  place_.plain = plain;
  for (;;) {
    if (!odd_) {
      if (take_common_lines(buffer)) return end_reply();
      // A line that has not come whole; a CR may be the first half of its end.
      const std::string_view left = buffer.substr(place_.parsed + place_.plain);
      if ((left.empty() || left == "\r") && place_.plain + 2 <= std::min(reply_line_limit, limits_.line)) return nullptr;
      odd_ = true;
      place_.plain = 0;
    }
    const auto line = splitter_.next(buffer.substr(place_.parsed));
    if (!line) return nullptr;
    if (take(buffer, *line)) return end_reply();
  }
}

const ReplyView* ReplyParser::finish(std::string_view buffer) {
  if (const ReplyView* complete = next(buffer)) return complete;
  const auto line = splitter_.finish(buffer.substr(place_.parsed));
  if (line) take(buffer, *line);
  else if (place_.lines == 0) return nullptr;
  reply_.anomalies.add(Anomaly::truncated, buffer.size());
  return end_reply();
}

const ReplyView* ReplyParser::end_reply() {
  const Place whole = std::exchange(place_, {});
  fresh_ = !reply_.anomalies.any();
  odd_ = false;
  return give(table_.data(), whole.lines, whole.parsed);
}

}  // namespace smtpspec::smtp
