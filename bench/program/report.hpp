// A run of the program as values, and its readers: text for a terminal, Markdown, a page with plots. Google Benchmark's JSON
// is made where times are taken (measure.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "program/table.hpp"

namespace smtpspec::bench {

// What one adapter did on one input.
struct Result {
  enum class Kind : std::uint8_t { adapter, baseline, limit };
  Kind kind = Kind::adapter;
  std::string name, version;
  std::string fault;                  // "crashed (SIGSEGV)": stands in the place of all figures
  bool timed = false;                 // else the answers were checked and nothing else
  double least = 0, median = 0;       // seconds of an item
  double instructions = 0;            // of an item; 0: not counted
  double rate = 0;                    // octets in a second; 0: there are none
  double allocations = 0;             // of an item
  std::optional<double> of_limit;     // share of the speed of the hardware's limit
  std::size_t right = 0, strict = 0;  // of so many inputs at the edge of the grammar so many judged right; 0: not asked
  std::optional<double> factor;       // how many times the yardstick
  bool counted = false;               // … by instructions, else by time
};

// An input, cut in one way, with all that were given it.
struct Asked {
  std::string name, about, unit;  // "reply/mixed", "what a client reads, 1 MiB", "reply"
  std::uint64_t items = 0;
  std::string sha256;
  std::vector<Result> results;
};

struct Judgement {
  std::string title;               // "reply pegtl"
  std::string score;               // "22 of 24"
  std::vector<std::string> lines;  // "! another code on the last line: accepted 251"
};

struct Growing {
  std::string name, about;
  Table table;
};

struct Report {
  std::string date, processor, compiler;
  std::string yardstick;  // the name that Result::factor is about
  std::string own;        // and ours, which the plots show in a colour
  bool timed = false;
  std::vector<Asked> asked;
  std::vector<std::string> faults;  // of what could not be opened, or is wrong when octets come in pieces
  std::vector<Judgement> judged;
  std::vector<Growing> growth;
  std::string missed;  // lines about what of our own grows too fast
};

std::string text(const Report& report);
std::string markdown(const Report& report);
std::string html(const Report& report);

// "21121 items, sha256 782a0f09a6d8574c"
std::string extent_of(const Asked& asked);
// "22 of 24", or "" where nothing was asked.
std::string score_of(const Result& result);
inline constexpr const char* growth_about = "Time of 2n over time of n, and of 4n over 2n; 2 is linear, 4 quadratic.";

// The columns of one input.
Table table_of(const Asked& asked, const Report& report);
// Inputs against adapters: what the README shows.
Table overview(const Report& report);

}  // namespace smtpspec::bench
