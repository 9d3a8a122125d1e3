#include "smtpspec/report/text.hpp"

#include <fmt/format.h>

namespace smtpspec::report {

std::string Paint::operator()(std::string_view text, std::string_view code) const {
  return on ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    const std::string_view word = text.substr(0, blank);
    text = blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
    if (column > 0 && indent + column + 1 + word.size() > width) {
      out += "\n";
      column = 0;
    }
    if (column == 0) out += std::string(indent, ' ');
    else out += ' ', ++column;
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string plural(std::size_t n, std::string_view noun) { return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s"); }

}  // namespace smtpspec::report
