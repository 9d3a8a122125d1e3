// How a fuzz target says that something is wrong.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "smtpspec/smtp/address.hpp"
#include "smtpspec/smtp/octets.hpp"
#include "smtpspec/smtp/result.hpp"

namespace smtpspec::fuzz {

// Ends the program, as libFuzzer wants it, when `holds` is false; `about` is what it is about.
inline void require(bool holds, const char* what, std::string_view about) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\nwith:   %s\n", what, smtp::spell(about).c_str());
  std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

inline bool inside(smtp::Span span, std::string_view text) { return span.begin <= text.size() && span.size <= text.size() - span.begin; }

// Each set of leniencies once.
template <class Use>
void all_tolerances(const Use& use) {
  for (unsigned bits = 0; bits < 64; ++bits)
    use(smtp::Tolerance{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0, (bits & 16) != 0, (bits & 32) != 0});
}

// An error about the text says what is wrong, at a place that is in it.
inline void check_error(const Error& error, std::string_view text) {
  require(!error.message.empty(), "an error says what is wrong", text);
  const Place& place = error.place;
  if (place.line == 0) return;  // the file as a whole
  require(place.line > 0 && place.column >= 0, "lines and columns count from 1", text);
  for (int line = 1; line < place.line; ++line) {
    const std::size_t end = text.find('\n');
    require(end != text.npos, "the line of an error is there", text);
    text.remove_prefix(end + 1);
  }
  require(static_cast<std::size_t>(place.column) <= text.substr(0, text.find('\n')).size() + 1, "the column of an error is in its line",
          text);
}

}  // namespace smtpspec::fuzz
