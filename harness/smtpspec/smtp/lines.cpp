#include "smtpspec/smtp/lines.hpp"

#include <algorithm>

#include "smtpspec/smtp/plain.hpp"

namespace smtpspec::smtp {

namespace {

// Where the first CR or LF stands at or behind `at`; the text's size when there is none.
std::size_t next_break(std::string_view text, std::size_t at) {
  while (true) {
    at += plain_size(text.substr(at));
    if (at == text.size() || text[at] == '\r' || text[at] == '\n') return at;
    ++at;
  }
}

}  // namespace

Line LineSplitter::take(std::size_t size, std::size_t next, LineEnding ending) {
  const Line line{size, next, ending, in_long_, stray_cr_, stray_lf_ || ending == LineEnding::lf};
  in_long_ = ending == LineEnding::too_long;
  scanned_ = 0;
  stray_cr_ = stray_lf_ = false;
  return line;
}

std::optional<Line> LineSplitter::next_odd(std::string_view buffer) {
  const std::size_t reach = std::min(buffer.size(), rules_.limit);
  while (scanned_ < reach) {
    const std::size_t i = next_break(buffer.substr(0, reach), scanned_);
    if (i == reach) {
      scanned_ = reach;
      break;
    }
    if (buffer[i] == '\n') {
      if (rules_.lf_ends_line) return take(i, i + 1, LineEnding::lf);
      stray_lf_ = true;
      scanned_ = i + 1;
      continue;
    }
    // A CR is judged by the octet behind it, so it is not passed before that octet is here.
    if (i + 1 >= buffer.size()) {
      scanned_ = i;
      if (i + 1 < rules_.limit || rules_.cr_ends_line) return std::nullopt;
      break;
    }
    if (buffer[i + 1] == '\n') {
      if (i + 2 > rules_.limit) break;
      return take(i, i + 2, LineEnding::crlf);
    }
    if (rules_.cr_ends_line) return take(i, i + 1, LineEnding::cr);
    if (i + 1 == rules_.limit) break;
    stray_cr_ = true;
    scanned_ = i + 1;
  }
  if (buffer.size() < rules_.limit) return std::nullopt;
  // A CR on the limit stays with the octet behind it, or the CRLF would be torn apart.
  const std::size_t cut = rules_.limit > 1 && buffer[rules_.limit - 1] == '\r' ? rules_.limit - 1 : rules_.limit;
  return take(cut, cut, LineEnding::too_long);
}

std::optional<Line> LineSplitter::finish(std::string_view buffer) {
  if (buffer.empty()) return std::nullopt;
  if (auto line = next(buffer)) return line;
  if (buffer.back() == '\r' && rules_.cr_ends_line) return take(buffer.size() - 1, buffer.size(), LineEnding::cr);
  if (buffer.back() == '\r') stray_cr_ = true;
  return take(buffer.size(), buffer.size(), LineEnding::eof);
}

}  // namespace smtpspec::smtp
