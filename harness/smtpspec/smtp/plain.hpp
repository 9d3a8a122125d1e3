// Where a stretch of plain text ends. Plain are printable ASCII and SP: all that stands in most lawful lines before their CRLF
// (the one other octet of a textstring, RFC 5321 section 4.2, is HT). So one look at many octets at once finds the end of a line
// and everything in it that is odd.
//
//   plain_size("250 Ok\r\n") == 6
//
// No octet behind the text is read. The widest registers that the processor has are used, chosen once. Built with
// SMTPSPEC_WIDEST=8 or 16, blocks of so many octets are the widest: what another processor would do, to be measured on this one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if !defined(SMTPSPEC_WIDEST)
#define SMTPSPEC_WIDEST 32
#endif

namespace smtpspec::smtp {

constexpr bool is_plain(char c) { return c >= ' ' && c < '\x7f'; }

namespace plain {

// Octets that are looked at together, in any processor's word.
struct Words {
  static constexpr std::size_t octets = 8;
  // Its lowest bit stands for the first octet that is not plain; 0: all are.
  static std::uint64_t odd(const char* text) {
    constexpr std::uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
    std::uint64_t word = 0;
    std::memcpy(&word, text, octets);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    // No sum of seven bits and of what is added carries into the next octet.
    const std::uint64_t low = word & ~tops, not_control = low + ones * (0x80 - ' '), is_delete = low + ones;
    return (word | ~not_control | is_delete) & tops;
  }
  static std::size_t first(std::uint64_t odd) { return static_cast<unsigned>(std::countr_zero(odd)) / 8; }
};

#if defined(__SSE2__)
struct Sse2 {
  static constexpr std::size_t octets = 16;
  // With one more, what is plain is above SP as a signed number, and nothing else is; the difference keeps its sign.
  static unsigned odd(const char* text) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_subs_epi8(_mm_add_epi8(block, _mm_set1_epi8(1)), _mm_set1_epi8(' ' + 1))));
  }
  static std::size_t first(unsigned odd) { return static_cast<unsigned>(std::countr_zero(odd)); }
};
#endif

#if defined(__SSE2__) && SMTPSPEC_WIDEST >= 16
using Block = Sse2;
#else
using Block = Words;
#endif

// How far plain octets go on. All give the same.
std::size_t by_octet(const char* text, std::size_t size);
template <class Blocks>
[[gnu::always_inline]] inline std::size_t by_blocks(const char* text, std::size_t size) {
  if (size < Blocks::octets) {
    if constexpr (Blocks::octets > Words::octets) return by_blocks<Words>(text, size);
    else return by_octet(text, size);
  }
  // The last block reaches back into the one before, which is plain.
  const std::size_t last = size - Blocks::octets;
  for (std::size_t at = 0;; at = at + Blocks::octets < last ? at + Blocks::octets : last) {
    if (const auto odd = Blocks::odd(text + at)) return at + Blocks::first(odd);
    if (at == last) return size;
  }
}
std::size_t widest(const char* text, std::size_t size);

// Goes on from `at` behind blocks of plain octets, over 64 octets and no more than there are; true when an octet that is not plain,
// and not the last, stands at `at` then. Lines are short: a call would cost more than it saves.
inline bool is_near(std::string_view text, std::size_t& at) {
  const char* const from = text.data() + at;
  const std::size_t size = text.size() - at;
#pragma GCC unroll 8
  for (std::size_t block = 0; block < 64; block += Block::octets) {
    if (size <= block + Block::octets) return false;
    if (const auto odd = Block::odd(from + block)) {
      at += Block::first(odd);
      return true;
    }
    at += Block::octets;
  }
  return false;
}

// The first place at or behind `at` whose octet is not plain; the text's size when there is none.
inline std::size_t far(std::string_view text, std::size_t at) { return at + widest(text.data() + at, text.size() - at); }

}  // namespace plain

// How many octets at the start of the text are plain.
inline std::size_t plain_size(std::string_view text) {
  std::size_t at = 0;
  return plain::is_near(text, at) ? at : plain::far(text, at);
}

}  // namespace smtpspec::smtp
