#include "smtpspec/smtp/encoding.hpp"

#include <cstdint>

#include "smtpspec/smtp/octet_class.hpp"

namespace smtpspec::smtp {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int capital_hex(char c) { return is_digit(c) ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

}  // namespace

std::string encode_base64(std::string_view octets) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, octets.size() - i);
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? static_cast<unsigned char>(octets[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) out += k <= have ? alphabet[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    std::size_t have = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const char c = text[i + k];
      const std::size_t value = c == '=' ? std::string_view::npos : alphabet.find(c);
      if (value == std::string_view::npos) {
        // Padding: only the last one or two characters of the whole.
        if (c != '=' || i + 4 != text.size() || k < 2 || (k == 2 && text[i + 3] != '=')) return std::nullopt;
        group <<= 6;
        continue;
      }
      if (have != k) return std::nullopt;
      ++have;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((have == 2 && group & 0xffff) || (have == 3 && group & 0xff)) return std::nullopt;
    for (std::size_t k = 0; k + 1 < have; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 0xff);
  }
  return out;
}

std::string encode_xtext(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    const auto u = static_cast<unsigned char>(c);
    if (is_in(in_xchar, c)) {
      out += c;
      continue;
    }
    out += '+';
    out += "0123456789ABCDEF"[u >> 4];
    out += "0123456789ABCDEF"[u & 15];
  }
  return out;
}

bool is_xtext(std::string_view text) {
  for (std::size_t at = 0;; at += 3) {
    at = end_of_run(in_xchar, text, at);
    if (at == text.size()) return true;
    if (text[at] != '+' || text.size() - at < 3 || capital_hex(text[at + 1]) < 0 || capital_hex(text[at + 2]) < 0) return false;
  }
}

std::optional<std::string> decode_xtext(std::string_view text) {
  if (!is_xtext(text)) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '+') {
      out += text[i];
      continue;
    }
    out += static_cast<char>(capital_hex(text[i + 1]) * 16 + capital_hex(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace smtpspec::smtp
