// Where a stretch of plain text ends. Plain are printable ASCII, SP and HT (RFC 5321 section 4.2, textstring): all that stands
// in lawful lines before their CRLF. So one look at many octets at once finds the end of a line and everything in it that is
// odd.
//
//   plain_size("250 Ok\r\n") == 6
//
// No octet behind the text is read. The widest registers that the processor has are used, chosen once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace smtpspec::smtp {

constexpr bool is_plain(char c) { return (c >= ' ' && c < '\x7f') || c == '\t'; }

namespace plain {

// All give the same.
std::size_t by_octet(const char* text, std::size_t size);
std::size_t by_word(const char* text, std::size_t size);
std::size_t widest(const char* text, std::size_t size);

#if defined(__SSE2__)
// Bit i: octet i of 16 is not plain. With one more, what is plain is above SP as a signed number, and but for HT nothing else.
inline unsigned odd_of_16(const char* text) {
  const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i plain = _mm_cmpgt_epi8(_mm_add_epi8(octets, _mm_set1_epi8(1)), _mm_set1_epi8(' '));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('\t')), plain))) ^ 0xffff;
}
#endif

// Goes on behind blocks of plain octets, over 64 octets and no more than there are; true when an octet that is not plain, and not
// the last, stands at `at` then. Lines are short: a call would cost more than it saves.
inline bool is_near(const char*& at, const char* end) {
#if defined(__SSE2__)
  for (int blocks = 4; blocks > 0 && end - at > 16; --blocks, at += 16)
    if (const unsigned odd = odd_of_16(at)) {
      at += static_cast<unsigned>(std::countr_zero(odd));
      return true;
    }
#endif
  return false;
}

// How far plain octets go on from `at`.
inline const char* far(const char* at, const char* end) {
  const auto rest = static_cast<std::size_t>(end - at);
  return at + (rest < 32 ? by_word(at, rest) : widest(at, rest));
}

}  // namespace plain

// How many octets at the start of the text are plain.
inline std::size_t plain_size(std::string_view text) {
  const char *at = text.data(), *const end = at + text.size();
  if (!plain::is_near(at, end)) at = plain::far(at, end);
  return static_cast<std::size_t>(at - text.data());
}

}  // namespace smtpspec::smtp
