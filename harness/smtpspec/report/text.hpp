// Text for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace smtpspec::report {

// Text in a colour, by its SGR code, where colours are wanted.
struct Paint {
  bool on;
  std::string operator()(std::string_view text, std::string_view code) const;
};

// Wrapped to `width` columns behind an indentation of blanks.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width = 80);

// "1 test", "2 tests".
std::string plural(std::size_t n, std::string_view noun);

}  // namespace smtpspec::report
