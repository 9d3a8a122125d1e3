// What an adapter makes of octets, found out in a process of its own: one that crashes, hangs or reads beyond what it was
// given takes nothing with it. The octets of each feed end at a page that may not be read, or begin behind one.
//
//   const auto outcomes = attempt(*adapter, attempts, 10s);
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapter.h"
#include "inputs/sums.hpp"

namespace smtpspec::bench {

inline constexpr int bad_ends_that_do = 3;  // in a row, before the rest is left

struct Attempt {
  std::string_view octets;
  std::vector<std::size_t> ends;  // empty: in two pieces, cut at every place in turn
  bool at_start = false;          // the guard is in front of the octets
};

enum class End : std::uint8_t {
  done,        // everything fed, and the end of the stream told
  stopped,     // SMTPSPEC_STOP
  took_more,   // octets than there were
  no_context,  // create gave NULL
  overread,
  underread,
  wrote,    // into the octets that it was given
  crashed,  // `detail` is the signal, or minus the exit status
  hung,
  unknown_answer,  // of a process (process.hpp)
  not_tried,       // too many attempts before it had ended badly
};

struct Outcome {
  End end = End::not_tried;
  int detail = 0;
  bool unfinished = false;     // finish said so, or octets were left
  bool refused_first = false;  // the first that was reported is an error
  std::uint32_t last_code = 0;
  std::size_t cut = 0;          // where octets that were cut in two everywhere were seen otherwise
  std::array<char, 64> said{};  // with the first error, as far as there is room; ends with NUL
  Sums sums;
};

std::vector<Outcome> attempt(const smtpspec_adapter& adapter, std::span<const Attempt> attempts, std::chrono::milliseconds deadline);

// "crashed (SIGSEGV)", "hung", "read beyond its octets"; "" for done and stopped.
std::string describe(const Outcome& outcome);

// Whether the adapter saw what is there, as far as it says that it tells.
bool right(const Outcome& outcome, const Sums& expected, const smtpspec_adapter& adapter);

}  // namespace smtpspec::bench
