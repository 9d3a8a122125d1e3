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

namespace {

#if defined(__SSE2__)
// by_blocks with other instructions, for 32 octets and more.
[[gnu::target("avx2")]] std::size_t by_32(const char* text, std::size_t size) {
  const std::size_t last = size - 32;
  for (std::size_t at = 0;; at = at + 32 < last ? at + 32 : last) {
    const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
    const __m256i low = _mm256_subs_epi8(_mm256_add_epi8(block, _mm256_set1_epi8(1)), _mm256_set1_epi8(' ' + 1));
    if (const auto odd = static_cast<unsigned>(_mm256_movemask_epi8(low))) return at + static_cast<std::size_t>(std::countr_zero(odd));
    if (at == last) return size;
  }
}
#endif

std::size_t by_block(const char* text, std::size_t size) { return by_blocks<Block>(text, size); }

using Kernel = std::size_t (*)(const char*, std::size_t);

std::size_t choose(const char* text, std::size_t size);
constinit std::atomic<Kernel> chosen = choose;

std::size_t choose(const char* text, std::size_t size) {
  Kernel best = by_block;
#if defined(__SSE2__)
  if (SMTPSPEC_WIDEST >= 32 && __builtin_cpu_supports("avx2")) best = by_32;
#endif
  chosen.store(best, std::memory_order_relaxed);
  return best(text, size);
}

}  // namespace

std::size_t widest(const char* text, std::size_t size) {
  return size < 32 ? by_block(text, size) : chosen.load(std::memory_order_relaxed)(text, size);
}

}  // namespace smtpspec::smtp::plain
