// Time, instructions and allocations of one adapter on one case.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapter.h"

namespace smtpspec::bench {

// Seconds of processor time of one pass over the octets.
struct Timing {
  double least = 0, median = 0;
};

// Something to take the time of; `name` is unique.
struct Timed {
  std::string name;
  std::string_view octets;
  std::uint64_t items = 0;
  const smtpspec_adapter* adapter = nullptr;  // nullptr: the limit
  std::size_t limit = 0;                      // index into limits()
  std::vector<std::size_t> ends;
  // Shown beside the time in the JSON document.
  double instructions = 0, allocations = 0, strict = 0;
};

struct Plan {
  int repetitions = 25;
  double min_time = 0.02;                                    // seconds of a repetition
  std::string json;                                          // file for Google Benchmark's document, or ""
  std::vector<std::pair<std::string, std::string>> context;  // what the document says of the run
};

// One each, in the order of `timed`. Google Benchmark runs the repetitions in random order.
std::vector<Timing> take_times(std::span<const Timed> timed, const Plan& plan);

// Allocations in one pass, after a pass that was not counted.
double allocations_of(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends);

// Passes over the octets and nothing else, for a tool that counts.
void run_passes(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends, int passes);

// Instructions of one pass, by callgrind: this program is run again with `arguments` and --passes, twice, and the difference
// taken. Empty when valgrind is not there or fails.
std::optional<double> instructions_of(const std::vector<std::string>& arguments);
bool has_valgrind();

// The least time of a pass, in seconds, for inputs that grow.
double quick_time(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends);

}  // namespace smtpspec::bench
