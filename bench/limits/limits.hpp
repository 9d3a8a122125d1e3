// How fast the machine is at the least that any parser must do with the octets: the measure beside which every result is shown.
// AVX2 where the processor has it, portable code with the same results elsewhere; nothing is read beyond the octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace smtpspec::bench {

struct Limit {
  std::string_view name;
  // Works over the octets; `scratch` has room for 4 octets each and 64 more. Returns a number that depends on all of them.
  std::size_t (*run)(std::string_view octets, std::uint32_t* scratch);
};
// memcpy, newline count, newline positions.
std::span<const Limit> limits();

std::size_t count_newlines(std::string_view octets);
// Writes the offset of each LF; returns how many.
std::size_t newline_positions(std::string_view octets, std::uint32_t* out);

namespace portable {
std::size_t count_newlines(std::string_view octets);
std::size_t newline_positions(std::string_view octets, std::uint32_t* out);
}  // namespace portable

}  // namespace smtpspec::bench
