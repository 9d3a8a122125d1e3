// Which octets the terms of the grammar may hold, a bit each: one look into a table where there would be a chain of comparisons.
//
//   end_of_run(in_atext, "bob@b.example", 0) == 3
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {

inline constexpr unsigned in_label = 1;       // Let-dig and "-", of which sub-domains and keywords are made (RFC 5321 section 4.1.2)
inline constexpr unsigned in_underscore = 2;  // "_" alone
inline constexpr unsigned in_eight_bit = 4;   // above 127
inline constexpr unsigned in_atext = 8;       // RFC 5322 section 3.2.3
inline constexpr unsigned in_value = 16;      // esmtp-value (RFC 5321 section 4.1.2)
inline constexpr unsigned in_xchar = 32;      // stands for itself in xtext (RFC 3461 section 4)
inline constexpr unsigned in_atom = 64;       // RFC 822 section 3.3: printable, no specials
inline constexpr unsigned in_string = 128;    // printable, and SP

inline constexpr std::array<std::uint8_t, 256> octet_classes = [] {
  std::array<std::uint8_t, 256> out{};
  const auto one_of = [](char c, std::string_view list) { return list.find(c) != std::string_view::npos; };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char c = static_cast<char>(i);
    const bool printable = i > 32 && i < 127;
    const auto put = [&](unsigned octet_class, bool is) { out[i] |= static_cast<std::uint8_t>(is ? octet_class : 0); };
    put(in_label, is_alnum(c) || c == '-');
    put(in_underscore, c == '_');
    put(in_eight_bit, is_eight_bit(c));
    put(in_atext, is_alnum(c) || one_of(c, "!#$%&'*+-/=?^_`{|}~"));
    put(in_value, printable && c != '=');
    put(in_xchar, printable && c != '+' && c != '=');
    put(in_atom, printable && !one_of(c, "()<>@,;:\\\".[]"));
    put(in_string, printable || c == ' ');
  }
  return out;
}();

// `classes` is one or several.
constexpr bool is_in(unsigned classes, char c) { return (octet_classes[static_cast<unsigned char>(c)] & classes) != 0; }

// The first place at or behind `at` whose octet is in none of the classes; the text's size when there is none.
constexpr std::size_t end_of_run(unsigned classes, std::string_view text, std::size_t at) {
  while (at < text.size() && is_in(classes, text[at])) ++at;
  return at;
}
constexpr bool all_in(unsigned classes, std::string_view text) { return end_of_run(classes, text, 0) == text.size(); }

}  // namespace smtpspec::smtp
