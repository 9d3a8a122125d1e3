#include "smtpspec/smtp/octets.hpp"

#include <algorithm>
#include <vector>

namespace smtpspec::smtp {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost one each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1), back(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto same = [&](std::size_t x, std::size_t y) { return lower(a[x - 1]) == lower(b[y - 1]); };
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, back[j - 1] + (same(i, j) ? 0u : 1u)});
      if (i > 1 && j > 1 && same(i, j - 1) && same(i - 1, j)) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    std::swap(two_back, back);
    std::swap(back, row);
  }
  return back[b.size()];
}

template <class T>
std::string nearest_of(std::string_view word, std::span<const T> candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::string_view view = candidate;
    if (view.size() > word.size() + best_distance || word.size() > view.size() + best_distance) continue;
    const std::size_t distance = edit_distance(word, view);
    if (distance < best_distance) {
      best_distance = distance;
      best = view;
    }
  }
  return best;
}

}  // namespace

std::string spell(std::string_view octets) {
  std::string out;
  out.reserve(octets.size() + octets.size() / 8);
  for (const char c : octets) {
    switch (c) {
      case '\r': out += "\\r"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\0': out += "\\0"; break;
      case '\\': out += "\\\\"; break;
      default:
        if (c >= 0x20 && c < 0x7f) {
          out += c;
        } else {
          const auto u = static_cast<unsigned char>(c);
          out += "\\x";
          out += hex_digits[u >> 4];
          out += hex_digits[u & 15];
        }
    }
  }
  return out;
}

Result<std::string> unspell(std::string_view spelling) {
  std::string out;
  out.reserve(spelling.size());
  const auto bad = [](std::size_t at, std::string message) { return failure(std::move(message), Place{"", 1, static_cast<int>(at) + 1}); };
  for (std::size_t i = 0; i < spelling.size(); ++i) {
    const char c = spelling[i];
    if (c != '\\') {
      if (const auto u = static_cast<unsigned char>(c); u < 0x20 || u > 0x7e)
        return bad(i, "octet " + spell(spelling.substr(i, 1)) + " must be spelt, not written raw");
      out += c;
      continue;
    }
    if (i + 1 >= spelling.size()) return bad(i, "a lone '\\' at the end; a backslash is spelt \\\\");
    const char escape = spelling[++i];
    switch (escape) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case '\\': out += '\\'; break;
      case 'x': {
        const int high = i + 1 < spelling.size() ? hex_value(spelling[i + 1]) : -1;
        const int low = i + 2 < spelling.size() ? hex_value(spelling[i + 2]) : -1;
        if (high < 0 || low < 0) return bad(i - 1, "\\x needs two hexadecimal digits");
        out += static_cast<char>(high * 16 + low);
        i += 2;
        break;
      }
      default: return bad(i - 1, "unknown escape '\\" + spell(std::string_view(&escape, 1)) + "'; known are \\r \\n \\t \\0 \\\\ \\xNN");
    }
  }
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}
std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}
std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::size_t utf8_error(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned char first = octet(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                               : first >= 0xe0 && first <= 0xef ? 3
                               : first >= 0xf0 && first <= 0xf4 ? 4
                                                                : 0;
    if (length == 0 || i + length > text.size()) return i;
    // The second octet's range shuts out overlong forms, surrogates and code points above U+10FFFF.
    const unsigned char second = octet(i + 1);
    const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return i;
    for (std::size_t k = 2; k < length; ++k)
      if (octet(i + k) < 0x80 || octet(i + k) > 0xbf) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) { return nearest_of(word, candidates); }
std::string nearest(std::string_view word, std::span<const std::string> candidates) { return nearest_of(word, candidates); }

}  // namespace smtpspec::smtp
