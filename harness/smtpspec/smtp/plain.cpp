#include "smtpspec/smtp/plain.hpp"

#include <atomic>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace smtpspec::smtp::plain {

std::size_t by_octet(const char* text, std::size_t size) {
  std::size_t at = 0;
  while (at < size && is_plain(text[at])) ++at;
  return at;
}

std::size_t by_word(const char* text, std::size_t size) {
  std::size_t at = 0;
  if constexpr (std::endian::native == std::endian::little) {
    constexpr std::uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
    for (; at + 8 <= size; at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text + at, 8);
      const std::uint64_t deletes = word ^ ones * 0x7f;
      // A borrow spoils the octets above a hit only, so that the first hit is a true one; HT is one that does not count.
      const std::uint64_t hits = (word | (word - ones * ' ') | (deletes - ones)) & tops;
      if (hits == 0) continue;
      const std::size_t hit = at + static_cast<std::size_t>(std::countr_zero(hits)) / 8;
      const std::size_t end = at + 8;
      for (at = hit; at < end; ++at)
        if (!is_plain(text[at])) return at;
      at = end - 8;
    }
  }
  return at + by_octet(text + at, size - at);
}

namespace {

#if defined(__SSE2__)
[[gnu::target("avx2")]] std::size_t by_32(const char* text, std::size_t size) {
  std::size_t at = 0;
  for (; at + 32 <= size; at += 32) {
    const __m256i octets = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(' ' + 1), _mm256_add_epi8(octets, _mm256_set1_epi8(1)));
    const auto odd =
        static_cast<unsigned>(_mm256_movemask_epi8(_mm256_andnot_si256(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8('\t')), low)));
    if (odd) return at + static_cast<std::size_t>(std::countr_zero(odd));
  }
  return at + by_word(text + at, size - at);
}

std::size_t by_16(const char* text, std::size_t size) {
  std::size_t at = 0;
  for (; at + 16 <= size; at += 16)
    if (const unsigned odd = odd_of_16(text + at)) return at + static_cast<std::size_t>(std::countr_zero(odd));
  return at + by_word(text + at, size - at);
}
#endif

using Kernel = std::size_t (*)(const char*, std::size_t);

std::size_t choose(const char* text, std::size_t size);
constinit std::atomic<Kernel> chosen = choose;

std::size_t choose(const char* text, std::size_t size) {
#if defined(__SSE2__)
  const Kernel best = __builtin_cpu_supports("avx2") ? by_32 : by_16;
#else
  const Kernel best = by_word;
#endif
  chosen.store(best, std::memory_order_relaxed);
  return best(text, size);
}

}  // namespace

std::size_t widest(const char* text, std::size_t size) { return chosen.load(std::memory_order_relaxed)(text, size); }

}  // namespace smtpspec::smtp::plain
