#include "smtpspec/smtp/reply.hpp"

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

// Three digits at the start of a line, or 0.
int reply_code(std::string_view text) {
  if (text.size() < 3 || !is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) return 0;
  return (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
}

}  // namespace

EnhancedCodeAt parse_enhanced_code(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return {};
  const Number subject = number(text.substr(2));
  const std::size_t dot = 2 + subject.digits;
  if (subject.digits == 0 || dot >= text.size() || text[dot] != '.') return {};
  const Number detail = number(text.substr(dot + 1));
  const std::size_t end = dot + 1 + detail.digits;
  if (detail.digits == 0 || (end < text.size() && text[end] != ' ' && text[end] != '\t')) return {};
  const auto leading_zero = [&](std::size_t at, std::size_t digits) { return digits > 1 && text[at] == '0'; };
  return {{static_cast<std::uint8_t>(text[0] - '0'), subject.value, detail.value},
          end,
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
    if (text[0] < '2' || text[0] > '5' || text[1] > '5') anomalies_.add(Anomaly::code_out_of_range, start);
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
  for (std::size_t i = text_at; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (octet == '\r') anomalies_.add(Anomaly::bare_cr, start + i);
    else if (octet >= 0x80) anomalies_.add(Anomaly::eight_bit, start + i);
    else if ((octet < 0x20 && octet != '\t') || octet == 0x7f) anomalies_.add(Anomaly::control_octet, start + i);
  }
  const EnhancedCodeAt status = parse_enhanced_code(text.substr(text_at));
  if (status.leading_zero) anomalies_.add(Anomaly::status_malformed, start + text_at);
  if (!first && status.code != table_.front().status.code) anomalies_.add(Anomaly::status_changed, start + text_at);
  table_.push_back({{static_cast<std::uint32_t>(start + text_at), static_cast<std::uint32_t>(text.size() - text_at)}, status});
  if (!last && table_.size() >= limits_.lines) {
    anomalies_.add(Anomaly::too_many_lines, start);
    last = true;
  }
  last_ = last;
  return line.ending == LineEnding::eof || (whole && last);
}

ReplyView ReplyParser::view() {
  done_ = true;
  return {code_, table_.empty() ? EnhancedCode{} : table_.front().status.code, table_, parsed_, anomalies_};
}

std::optional<ReplyView> ReplyParser::next(std::string_view buffer) {
  if (done_) {
    table_.clear();
    parsed_ = 0;
    code_ = 0;
    anomalies_ = {};
    done_ = false;
  }
  while (auto line = splitter_.next(buffer.substr(parsed_)))
    if (take(buffer, *line)) return view();
  return std::nullopt;
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
