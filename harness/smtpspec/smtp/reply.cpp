#include "smtpspec/smtp/reply.hpp"

#include <algorithm>
#include <bit>
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

// Most enhanced codes have one digit in each place, and many texts none.
EnhancedCodeAt status_at(std::string_view text) {
  if (text.size() < 5 || text[1] != '.') return {};
  const unsigned subject = digit(text[2]), detail = digit(text[4]);
  if (text[3] != '.' || subject > 9 || detail > 9 || !is_status_class(text[0]) || (text.size() > 5 && text[5] != ' '))
    return parse_enhanced_code(text);
  return {{static_cast<std::uint8_t>(digit(text[0])), static_cast<std::uint16_t>(subject), static_cast<std::uint16_t>(detail)}, 5, false};
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
  return {{static_cast<std::uint8_t>(text[0] - '0'), subject.value, detail.value},
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

// Most lines have nothing that is worth a word: plain octets, CRLF, a lawful code, the same as on the first line, and a text.
// Takes those that stand at parsed_, up to the last one of the reply; true when it came to that. Else the line that stands there
// then is not whole yet, or odd_.
bool ReplyParser::take_common_lines(std::string_view buffer) {
  const std::size_t most = std::min(reply_line_limit, limits_.line);
  std::size_t at = parsed_, seen = plain_, count = table_.size();
  const auto stop = [&](bool odd, std::size_t plain) {
    parsed_ = at;
    plain_ = plain;
    odd_ = odd;
    return false;
  };
  while (true) {
    const char* const line = buffer.data() + at;
    const std::size_t rest = buffer.size() - at, size = seen + plain_size({line + seen, rest - seen});
    if (size + 2 > most) return stop(true, 0);
    if (size + 2 > rest) {
      const bool cut = size == rest || line[size] == '\r';
      return stop(!cut, cut ? size : 0);
    }
    if (size < 5 || std::memcmp(line + size, "\r\n", 2) != 0) return stop(true, 0);
    const bool last = line[3] == ' ';
    if (!last && (line[3] != '-' || count + 1 >= limits_.lines)) return stop(true, 0);
    const std::uint32_t head = code_octets(line);
    EnhancedCodeAt status;
    if (line[5] == '.') {
      status = status_at({line + 4, size - 4});
      if (status.leading_zero) return stop(true, 0);
    }
    if (count == 0) {
      if (!is_lawful_code({line, 3})) return stop(true, 0);
      head_ = head;
      code_ = code_of({line, 3});
      status_ = status.code;
    } else if (head != head_ || (line[5] == '.' ? status.code != status_ : static_cast<bool>(status_))) {
      return stop(true, 0);
    }
    table_.push_back({{static_cast<std::uint32_t>(at + 4), static_cast<std::uint32_t>(size - 4)}, status});
    ++count;
    at += size + 2;
    seen = 0;
    if (last) {
      stop(false, 0);
      return true;
    }
  }
}

bool ReplyParser::take(std::string_view buffer, const Line& line) {
  const std::size_t start = parsed_;
  const std::string_view text = line.text(buffer.substr(start));
  parsed_ = start + line.next;
  if (line.ending == LineEnding::too_long) anomalies_.add(Anomaly::line_endless, start);
  if (line.ending == LineEnding::lf) anomalies_.add(Anomaly::bare_lf, start + line.size);
  if (line.ending == LineEnding::eof) anomalies_.add(Anomaly::truncated, start + line.size);
  if (line.next > reply_line_limit) anomalies_.add(Anomaly::line_too_long, start);
  // The rest of a line that was cut says nothing new; the reply ends with it if it would have ended with the line.
  const bool whole = line.ending != LineEnding::too_long;
  if (whole) odd_ = false;
  if (line.rest_of_long) return line.ending == LineEnding::eof || (whole && last_);

  const int code = reply_code(text);
  const bool first = table_.empty();
  if (first) code_ = code;
  std::size_t text_at = 0;
  bool last = true;
  if (code == 0) {
    anomalies_.add(Anomaly::no_code, start);
    last = first;  // inside a multi-line reply the lines that follow may still end it
  } else {
    if (!is_lawful_code(text)) anomalies_.add(Anomaly::code_out_of_range, start);
    if (code != code_) anomalies_.add(Anomaly::code_changed, start);
    text_at = 3;
    if (text.size() == 3) {
      anomalies_.add(Anomaly::no_text, start + 3);
    } else {
      last = text[3] != '-';
      if (text[3] != ' ' && text[3] != '-') anomalies_.add(Anomaly::bad_separator, start + 3);
      else text_at = 4;
      if (text.size() == 4) anomalies_.add(Anomaly::no_text, start + 4);
    }
  }
  const EnhancedCodeAt status = status_at({text.data() + text_at, text.size() - text_at});
  if (status.leading_zero) anomalies_.add(Anomaly::status_malformed, start + text_at);
  if (first) status_ = status.code;
  else if (status.code != status_) anomalies_.add(Anomaly::status_changed, start + text_at);
  table_.push_back({span(start + text_at, start + text.size()), status});
  if (!last && table_.size() >= limits_.lines) {
    anomalies_.add(Anomaly::too_many_lines, start);
    last = true;
  }
  last_ = last;
  for (std::size_t i = text_at; i < text.size(); ++i) {
    i += plain_size(text.substr(i));
    if (i == text.size()) break;
    const auto octet = static_cast<unsigned char>(text[i]);
    anomalies_.add(octet == '\r' ? Anomaly::bare_cr : octet >= 0x80 ? Anomaly::eight_bit : Anomaly::control_octet, start + i);
  }
  return line.ending == LineEnding::eof || (whole && last);
}

std::optional<ReplyView> ReplyParser::view() {
  done_ = true;
  return std::optional<ReplyView>(std::in_place, code_, status_, table_, parsed_, anomalies_);
}

void ReplyParser::begin() {
  table_.clear();
  parsed_ = plain_ = 0;
  code_ = 0;
  head_ = 0;
  status_ = {};
  anomalies_.clear();
  odd_ = done_ = false;
}

std::optional<ReplyView> ReplyParser::next(std::string_view buffer) {
  if (done_) begin();
  while (true) {
    if (!odd_) {
      if (take_common_lines(buffer)) return view();
      if (!odd_) return std::nullopt;
    }
    const auto line = splitter_.next(buffer.substr(parsed_));
    if (!line) return std::nullopt;
    if (take(buffer, *line)) return view();
  }
}

std::optional<ReplyView> ReplyParser::finish(std::string_view buffer) {
  if (auto whole = next(buffer)) return whole;
  if (auto line = splitter_.finish(buffer.substr(parsed_))) {
    take(buffer, *line);
    anomalies_.add(Anomaly::truncated, buffer.size());
    return view();
  }
  if (table_.empty()) return std::nullopt;
  anomalies_.add(Anomaly::truncated, buffer.size());
  return view();
}

}  // namespace smtpspec::smtp
