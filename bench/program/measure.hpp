// Time, instructions and allocations of one adapter on one case. An adapter that was right once may fail the thousandth time:
// whatever runs it here does so in a process of its own, and says of one that fails what it did.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapter.h"
#include "limits/limits.hpp"

namespace smtpspec::bench {

// Seconds of processor time of one pass over the octets.
struct Timing {
  double least = 0, median = 0;
};

// One pass over what is measured. Whoever begins gets a context of its own.
using Pass = std::function<void()>;
using Begin = std::function<Pass()>;
Begin passes_of(const smtpspec_adapter& adapter, std::string_view octets, std::vector<std::size_t> ends,
                bool anew = false);  // anew: as at the start of a stream, where the pass before may have ended inside something
Begin passes_of(const Limit& limit, std::string_view octets);

// Something to take the time of; `name` is unique.
struct Timed {
  std::string name;
  std::size_t octets = 0;
  std::uint64_t items = 0;
  Begin begin;
  // Shown beside the time in the JSON document.
  double instructions = 0, allocations = 0, strict = 0;
  std::string fault;  // stands in the document instead of a time; nothing is begun
};

struct Plan {
  int repetitions = 25;
  double min_time = 0.02;                                    // seconds of a repetition
  std::vector<std::pair<std::string, std::string>> context;  // what the document says of the run
};

struct Times {
  std::vector<Timing> each;  // in the order of what was timed
  std::string json;          // Google Benchmark's document
  // Under way when the process ended or the deadline passed; nothing else is good then.
  std::optional<std::size_t> failed;
  std::string fault;  // "crashed (SIGABRT)"
};

// Google Benchmark runs the repetitions in random order. Each has the deadline beyond the time that it is meant to take.
Times take_times(std::span<const Timed> timed, const Plan& plan, std::chrono::milliseconds deadline);

struct Figure {
  double value = 0;
  std::string fault;  // "hung"
};
// Allocations in one pass, after a pass that was not counted.
Figure allocations_of(const Begin& begin, std::chrono::milliseconds deadline);

// Passes and nothing else, for a tool that counts.
void run_passes(const Begin& begin, int passes);

// Instructions of one pass, by callgrind: this program is run again with `arguments` and --passes, twice, and the difference
// taken. Empty when valgrind is not there or fails; it has a hundred times the deadline, since it is so much slower.
std::optional<double> instructions_of(const std::vector<std::string>& arguments, std::chrono::milliseconds deadline);
bool has_valgrind();

// The least time of a pass, in seconds, for inputs that grow.
Figure quick_time(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends,
                  std::chrono::milliseconds deadline);

}  // namespace smtpspec::bench
