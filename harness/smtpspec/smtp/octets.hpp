// Octets and their one spelling.
//
// Everything that a person reads (case files, transcripts, JSON, dictionaries) shows octets the same way:
// printable ASCII as itself, `\r \n \t \0 \\` by name, every other octet as `\xNN`.
//
//   spell("NOOP\r\n")        == R"(NOOP\r\n)"
//   *unspell(R"(a\x07\0)")   == std::string("a\x07\0", 3)
//
// unspell(spell(x)) == x for all octets x.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::smtp {

// A piece of a caller's buffer: offset and size, so that it stays true when the buffer moves.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  constexpr std::uint32_t end() const { return begin + size; }
  constexpr bool empty() const { return size == 0; }
  constexpr std::string_view in(std::string_view buffer) const { return buffer.substr(begin, size); }
  bool operator==(const Span&) const = default;
};
constexpr Span span(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

std::string spell(std::string_view octets);

// The error's column counts octets of `spelling` from 1.
Result<std::string> unspell(std::string_view spelling);

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr bool is_eight_bit(char c) { return static_cast<unsigned char>(c) >= 0x80; }
constexpr bool has_eight_bit(std::string_view text) {
  for (const char c : text)
    if (is_eight_bit(c)) return true;
  return false;
}
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// ASCII case-blind comparison, the only one SMTP knows (RFC 5321 section 2.4).
constexpr bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}
constexpr bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string_view trim(std::string_view text);

// The first length at which `text` stops being well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF), or npos when it is all well formed.
std::size_t utf8_error(std::string_view text);

// The candidate nearest to `word` by edit distance, or "" when none is near enough to be what was meant.
std::string nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace smtpspec::smtp
