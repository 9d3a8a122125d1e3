#include "limits/limits.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace smtpspec::bench {
namespace {

#if defined(__x86_64__)
constexpr std::size_t block = 64;

__attribute__((target("avx2"))) inline std::uint64_t newline_mask(const char* at) {
  const __m256i newline = _mm256_set1_epi8('\n');
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
  const auto bits = [](__m256i equal) __attribute__((target("avx2"))) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(equal)); };
  return bits(_mm256_cmpeq_epi8(low, newline)) | static_cast<std::uint64_t>(bits(_mm256_cmpeq_epi8(high, newline))) << 32;
}

__attribute__((target("avx2,popcnt"))) std::size_t count_avx2(std::string_view octets) {
  std::size_t count = 0, at = 0;
  for (; at + block <= octets.size(); at += block)
    count += static_cast<std::size_t>(__builtin_popcountll(newline_mask(octets.data() + at)));
  return count + portable::count_newlines(octets.substr(at));
}

__attribute__((target("avx2,bmi"))) std::size_t positions_avx2(std::string_view octets, std::uint32_t* out) {
  std::uint32_t* const start = out;
  std::size_t at = 0;
  for (; at + block <= octets.size(); at += block)
    for (std::uint64_t mask = newline_mask(octets.data() + at); mask != 0; mask &= mask - 1)
      *out++ = static_cast<std::uint32_t>(at + static_cast<std::size_t>(__builtin_ctzll(mask)));
  const std::size_t rest = portable::newline_positions(octets.substr(at), out);
  for (std::size_t i = 0; i < rest; ++i) out[i] += static_cast<std::uint32_t>(at);
  return static_cast<std::size_t>(out - start) + rest;
}

const bool avx2 = __builtin_cpu_supports("avx2") != 0;
#endif

constexpr std::uint64_t each = 0x0101010101010101u;

// The top bit of every octet of the word that is LF.
std::uint64_t newline_bits(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  word ^= each * '\n';
  return ~(((word & ~(each << 7)) + ~(each << 7)) | word) & (each << 7);
}

constexpr Limit all_limits[] = {
    {"memcpy",
     [](std::string_view octets, std::uint32_t* scratch) {
       std::memcpy(scratch, octets.data(), octets.size());
       return static_cast<std::size_t>(scratch[octets.size() / 8]);
     }},
    {"newline count", [](std::string_view octets, std::uint32_t*) { return count_newlines(octets); }},
    {"newline positions", [](std::string_view octets, std::uint32_t* scratch) { return newline_positions(octets, scratch); }},
};

}  // namespace

std::span<const Limit> limits() { return all_limits; }

std::size_t portable::count_newlines(std::string_view octets) {
  std::size_t count = 0, at = 0;
  for (; at + 8 <= octets.size(); at += 8) count += static_cast<std::size_t>(std::popcount(newline_bits(octets.data() + at)));
  return count + static_cast<std::size_t>(std::count(octets.begin() + static_cast<std::ptrdiff_t>(at), octets.end(), '\n'));
}

std::size_t portable::newline_positions(std::string_view octets, std::uint32_t* out) {
  std::uint32_t* const start = out;
  std::size_t at = 0;
  for (; at + 8 <= octets.size(); at += 8)
    for (std::uint64_t bits = newline_bits(octets.data() + at); bits != 0; bits &= bits - 1)
      *out++ = static_cast<std::uint32_t>(at + static_cast<std::size_t>(std::countr_zero(bits)) / 8);
  for (; at < octets.size(); ++at)
    if (octets[at] == '\n') *out++ = static_cast<std::uint32_t>(at);
  return static_cast<std::size_t>(out - start);
}

std::size_t count_newlines(std::string_view octets) {
#if defined(__x86_64__)
  if (avx2) return count_avx2(octets);
#endif
  return portable::count_newlines(octets);
}

std::size_t newline_positions(std::string_view octets, std::uint32_t* out) {
#if defined(__x86_64__)
  if (avx2) return positions_avx2(octets, out);
#endif
  return portable::newline_positions(octets, out);
}

}  // namespace smtpspec::bench
