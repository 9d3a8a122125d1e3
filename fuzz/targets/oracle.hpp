// How a fuzz target says that something is wrong.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::fuzz {

// Ends the program, as libFuzzer wants it, when `holds` is false; `about` is what it is about.
inline void require(bool holds, const char* what, std::string_view about) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\nwith:   %s\n", what, smtp::spell(about).c_str());
  std::abort();
}

inline std::string_view text_of(const unsigned char* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace smtpspec::fuzz
