#include "smtpspec/report/dialogue.hpp"

#include <fmt/format.h>

namespace smtpspec::report {
namespace {

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const std::string rest = fmt::format("... {} more", text.size() - most);
  return std::string(text.substr(0, most - std::min(most, rest.size()))) + fmt::format("... {} more", text.size() - most + rest.size());
}

}  // namespace

std::string speaker(const session::Entry& entry) {
  const char* who = entry.kind == session::Entry::Kind::sent ? "C" : entry.kind == session::Entry::Kind::note ? "*" : "S";
  return entry.connection == 1 ? who : who + std::to_string(entry.connection);
}

std::vector<std::string> wire_lines(const session::Entry& entry, bool marked, int verbosity) {
  std::vector<std::string> lines;
  const bool whole = verbosity >= 2;
  const std::string shown = entry.shown(whole ? 1u << 20 : 16384);
  if (entry.kind == session::Entry::Kind::note) return {shown};
  for (std::string_view rest = shown; !rest.empty();) {
    const std::size_t end = rest.find("\\r\\n");
    std::string line(rest.substr(0, end));
    // The last piece did not end in CRLF: that is worth a sign of its own.
    if (end == std::string_view::npos && lines.empty() && entry.kind == session::Entry::Kind::sent) line += "   (no CRLF)";
    constexpr std::size_t widest = 200;
    lines.push_back(whole ? std::move(line) : cut(line, widest));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 4);
  }
  const std::ptrdiff_t kept = marked || verbosity > 0 ? 10 : 2;  // at either end
  if (const std::ptrdiff_t left_out = std::ssize(lines) - 2 * kept; !whole && left_out > kept) {
    lines.erase(lines.begin() + kept, lines.end() - kept);
    lines.insert(lines.begin() + kept, fmt::format("... {} lines ...", left_out));
  }
  return lines;
}

}  // namespace smtpspec::report
