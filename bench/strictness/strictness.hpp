// What a parser makes of single inputs at the edges of the grammar, judged by the RFC. The score stands beside every time,
// since the fastest wrong answer is free.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace smtpspec::bench {

enum class Judged : std::uint8_t {
  accepted,    // one item, with the code that is there
  refused,     // reported as an error, or the parser stops
  incomplete,  // nothing reported: more has to come, or the end of the stream is an error
  either,      // the grammar has no word for it, other text of the RFC allows it
};

struct StrictInput {
  std::string_view name;
  std::string_view octets;
  Judged right;
  std::string_view law;    // section
  std::uint32_t code = 0;  // of an accepted one
};

// The table of a question; empty when there is none.
std::span<const StrictInput> strict_inputs(std::uint32_t question);

}  // namespace smtpspec::bench
