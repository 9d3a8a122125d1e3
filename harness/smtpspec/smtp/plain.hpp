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
// Bit i: octet i of 16 is not plain. What is below SP as a signed number is a control octet or above 127.
inline unsigned odd_of_16(const char* text) {
  const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i low = _mm_andnot_si128(_mm_cmpeq_epi8(octets, _mm_set1_epi8('\t')), _mm_cmplt_epi8(octets, _mm_set1_epi8(' ')));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(octets, _mm_set1_epi8('\x7f')))));
}
#endif

}  // namespace plain

// How many octets at the start of the text are plain.
inline std::size_t plain_size(std::string_view text) {
#if defined(__SSE2__)
  // Lines are short: a call would cost more than it saves.
  std::size_t at = 0;
  for (; at < 64 && at + 16 <= text.size(); at += 16)
    if (const unsigned odd = plain::odd_of_16(text.data() + at)) return at + static_cast<std::size_t>(std::countr_zero(odd));
  return at + (at == 64 ? plain::widest(text.data() + at, text.size() - at) : plain::by_word(text.data() + at, text.size() - at));
#else
  return plain::by_word(text.data(), text.size());
#endif
}

}  // namespace smtpspec::smtp
