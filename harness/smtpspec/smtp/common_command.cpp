#include "smtpspec/smtp/common_command.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "smtpspec/smtp/lines.hpp"
#include "smtpspec/smtp/octet_class.hpp"
#include "smtpspec/smtp/param_names.hpp"

namespace smtpspec::smtp::common_command {

#if defined(__x86_64__)
#define SMTPSPEC_WIDE gnu::target("avx2,bmi,bmi2")

namespace {

constexpr std::size_t width = 32;

// 32 octets, or what is known of each of them.
using Block = __m256i;
[[SMTPSPEC_WIDE]] inline Block load(const void* at) { return _mm256_loadu_si256(static_cast<const Block*>(at)); }
[[SMTPSPEC_WIDE]] inline void store_zeros(void* at) { _mm256_storeu_si256(static_cast<Block*>(at), _mm256_setzero_si256()); }
[[SMTPSPEC_WIDE]] inline std::uint32_t top_bits(Block of) { return static_cast<std::uint32_t>(_mm256_movemask_epi8(of)); }

// Of each octet the high half is turned into one bit; a class has for each low half the bits with which it is in it, twice, since
// registers have two lanes. No control octet is in a class: their two bits are free to mark dots and hyphens.
constexpr std::uint8_t dot_mark = 1, hyphen_mark = 2;
constexpr std::array<std::uint8_t, 8> high_halves = {0, 0, 1 << 2 | dot_mark | hyphen_mark, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7};
using LowHalves = std::array<std::uint8_t, width>;
consteval LowHalves low_halves(unsigned classes, bool with_dots) {
  LowHalves out{};
  for (unsigned octet = 32; octet < 128; ++octet) {
    const char c = static_cast<char>(octet);
    if (!is_in(classes, c) && !(c == '.' && with_dots)) continue;
    const int bits = 1 << octet / 16 | (c == '.' ? dot_mark : c == '-' ? hyphen_mark : 0);
    for (const unsigned lane : {0u, 16u}) out[lane + octet % 16] |= static_cast<std::uint8_t>(bits);
  }
  return out;
}
alignas(width) constexpr LowHalves label = low_halves(in_label, false), value = low_halves(in_value, false),
                                   local = low_halves(in_atext, true), domain = low_halves(in_label, true);

// What the class knows of each octet: nothing when it is outside.
[[SMTPSPEC_WIDE]] inline Block look_up(const LowHalves& of, Block octets) {
  const Block highs = _mm256_set1_epi64x(std::bit_cast<long long>(high_halves));
  const Block high = _mm256_shuffle_epi8(highs, _mm256_and_si256(_mm256_srli_epi16(octets, 4), _mm256_set1_epi8(0x0f)));
  return _mm256_and_si256(high, _mm256_shuffle_epi8(load(of.data()), octets));
}
// A bit for each octet.
[[SMTPSPEC_WIDE]] inline std::uint32_t outside(Block known) { return top_bits(_mm256_cmpeq_epi8(known, _mm256_setzero_si256())); }
[[SMTPSPEC_WIDE]] inline std::uint32_t dots(Block known) { return top_bits(_mm256_slli_epi16(known, 7)); }
[[SMTPSPEC_WIDE]] inline std::uint32_t hyphens(Block known) { return top_bits(_mm256_slli_epi16(known, 6)); }

// Up to eight octets, letters in any case.
class Phrase {
 public:
  explicit consteval Phrase(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      mask_ |= std::uint64_t{0xff} << 8 * i;
      fold_ |= std::uint64_t{is_alpha(text[i]) ? 0x20u : 0u} << 8 * i;
      octets_ |= std::uint64_t{static_cast<unsigned char>(lower(text[i]))} << 8 * i;
    }
  }
  bool is_at(const char* text) const {
    std::uint64_t octets;
    std::memcpy(&octets, text, sizeof octets);
    return ((octets & mask_) | fold_) == octets_;
  }

 private:
  std::uint64_t mask_ = 0, fold_ = 0, octets_ = 0;
};
constexpr Phrase from(" FROM:<"), to(" TO:<");

constexpr std::uint32_t verb(const char (&text)[5]) {
  std::uint32_t out = 0;
  for (unsigned i = 0; i < 4; ++i) out |= std::uint32_t{static_cast<unsigned char>(lower(text[i]))} << 8 * i;
  return out;
}

constexpr std::uint32_t lowest(std::uint32_t bits) { return bits & -bits; }
constexpr std::uint32_t up_to_lowest(std::uint32_t bits) { return bits ^ (bits - 1); }

// The last octet counts as one outside, so that there is one.
constexpr std::uint32_t last_octet = 1u << 31;

// How many octets stand before the first that is outside, when something is wrong none. Where nothing is, there are some.
[[SMTPSPEC_WIDE]] inline std::uint32_t size_unless(std::uint32_t wrong, std::uint32_t behind) {
  if (wrong != 0) return 0;
  const auto size = static_cast<std::uint32_t>(std::countr_zero(behind));
  if (size == 0) __builtin_unreachable();
  return size;
}

// The size of the Dot-string that stands there, or 0. Behind what separates atoms, and first of all, no dot may stand, nor the end.
[[SMTPSPEC_WIDE]] inline std::uint32_t dot_string_size(const char* at) {
  const Block known = look_up(local, load(at));
  const std::uint32_t behind = outside(known) | last_octet;
  const std::uint32_t separators = (dots(known) & up_to_lowest(behind)) | lowest(behind);
  return size_unless((separators << 1 | 1) & separators, behind);
}

// Likewise of a Domain, where no hyphen may stand beside what separates labels.
[[SMTPSPEC_WIDE]] inline std::uint32_t domain_size(const char* at) {
  const Block known = look_up(domain, load(at));
  const std::uint32_t behind = outside(known) | last_octet, inside = up_to_lowest(behind);
  const std::uint32_t separators = (dots(known) & inside) | lowest(behind), in_labels = hyphens(known) & inside;
  const std::uint32_t wrong = ((separators << 1 | 1) & (separators | in_labels)) | (in_labels << 1 & separators);
  return size_unless(wrong, behind);
}

// Whatever a command does not have is 0 in it; the room for parameters stays as it is.
[[SMTPSPEC_WIDE]] inline void clear(Command& command) {
  constexpr std::size_t head = offsetof(Command, params);
  static_assert(head >= 2 * width && head <= 3 * width);
  char* const at = reinterpret_cast<char*>(&command);
  store_zeros(at);
  store_zeros(at + width);
  store_zeros(at + head - width);
  command.params.clear();
}

// The command is whole; its argument, if any, stands behind a blank. The size of its line when that ends here, else 0.
inline std::size_t finish(const char* line, std::uint32_t end, Command& command) {
  if (!is_crlf(line + end)) return 0;
  command.argument = span(5, end);
  return end;
}

// 1*( SP esmtp-keyword [ "=" esmtp-value ] ) and the end of the line, block after block; what is not whole in one is read in the next.
[[SMTPSPEC_WIDE, gnu::noinline]] std::size_t read_params(const char* line, std::uint32_t start, std::size_t size, Command& command) {
  for (;;) {
    if (size < start + width + 2) return 0;
    const char* const base = line + start;
    const Block octets = load(base);
    const std::uint64_t labels = outside(look_up(label, octets)), values = outside(look_up(value, octets));
    std::uint32_t at = 0;
    do {
      const std::uint32_t keyword = at + 1;
      // Nothing outside: it goes on behind the block.
      const auto keyword_size = static_cast<std::uint32_t>(std::countr_zero(labels >> keyword));
      if (keyword_size > width) break;
      if (keyword_size == 0 || base[keyword] == '-' || command.params.full()) return 0;
      std::uint32_t end = keyword + keyword_size;
      Param param{{start + keyword, keyword_size}, {}, param_names.find({base + keyword, keyword_size}), base[end] == '='};
      if (param.has_value) {
        param.value = {start + end + 1, static_cast<std::uint32_t>(std::countr_zero(values >> (end + 1)))};
        if (param.value.size > width) break;
        if (param.value.size == 0) return 0;
        end += 1 + param.value.size;
      }
      command.params.add(param);
      at = end;
    } while (base[at] == ' ');
    if (base[at] != ' ') return finish(line, start + at, command);
    if (at == 0) return 0;
    start += at;
  }
}

// <Dot-string@Domain> and what follows, the Dot-string at `start`
[[SMTPSPEC_WIDE]] inline std::size_t read_path(const char* line, std::uint32_t start, std::size_t size, Command& command) {
  const std::uint32_t local_size = dot_string_size(line + start), at_sign = start + local_size;
  if (local_size == 0 || line[at_sign] != '@') return 0;
  const std::uint32_t name_size = domain_size(line + at_sign + 1), close = at_sign + 1 + name_size;
  if (name_size == 0 || line[close] != '>') return 0;
  command.path.all = {start - 1, local_size + name_size + 3};
  command.path.local = {start, local_size};
  command.path.domain = {at_sign + 1, name_size};
  command.path.domain_kind = DomainKind::name;
  return line[close + 1] == ' ' ? read_params(line, close + 1, size, command) : finish(line, close + 1, command);
}

// Nothing behind the verb
inline std::size_t read_end(const char* line, Command& command) {
  command.argument = {4, 0};
  return is_crlf(line + 4) ? 4 : 0;
}

// Domain
[[SMTPSPEC_WIDE]] inline std::size_t read_domain(const char* line, Command& command) {
  const std::uint32_t size = line[4] == ' ' ? domain_size(line + 5) : 0;
  return size == 0 ? 0 : finish(line, 5 + size, command);
}

}  // namespace

const bool possible =
    (__builtin_cpu_init(), __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2"));

[[SMTPSPEC_WIDE]] std::size_t read(std::string_view octets, Command& command) {
  // Of what stands before parameters nothing reaches farther.
  static_assert(std::string_view("MAIL FROM:<@").size() + 2 * width + std::string_view("> ").size() <= room);
  if (octets.size() < room) return 0;
  const char* const line = octets.data();
  clear(command);
  command.verb_text = {0, 4};
  std::uint32_t first;
  std::memcpy(&first, line, sizeof first);
  first |= 0x20202020;
  if (first == verb("RCPT")) {
    command.verb = Verb::rcpt;
    return to.is_at(line + 4) ? read_path(line, 9, octets.size(), command) : 0;
  }
  if (first == verb("MAIL")) {
    command.verb = Verb::mail;
    return from.is_at(line + 4) ? read_path(line, 11, octets.size(), command) : 0;
  }
  if (first == verb("DATA")) {
    command.verb = Verb::data;
    return read_end(line, command);
  }
  switch (first) {
    case verb("EHLO"): command.verb = Verb::ehlo; return read_domain(line, command);
    case verb("HELO"): command.verb = Verb::helo; return read_domain(line, command);
    case verb("RSET"): command.verb = Verb::rset; break;
    case verb("NOOP"): command.verb = Verb::noop; break;
    case verb("QUIT"): command.verb = Verb::quit; break;
    default: return 0;
  }
  return read_end(line, command);
}

#else

const bool possible = false;
std::size_t read(std::string_view, Command&) { return 0; }

#endif

}  // namespace smtpspec::smtp::common_command
