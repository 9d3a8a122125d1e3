// What the program does with its command line.
#pragma once

#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "program/measure.hpp"

namespace smtpspec::bench {

// Where a report goes; "-" is standard output.
struct Wanted {
  std::string kind, path;  // "json", "markdown", "html"
};

struct Options {
  std::vector<std::string> objects, names, inputs, compared;
  std::vector<std::pair<std::string, std::string>> gates;  // a case, "/ADAPTER" or our own, how many times the yardstick it has to be
  std::vector<std::tuple<std::string, std::string, std::string>> budgets;  // a case, how many times our own on another it may be
  std::vector<std::pair<std::string, std::string>> processes;              // a question, and who answers it
  double tolerance = 2;                                                    // percent by which instructions may grow
  bool all = false, list = false, check = false, instructions = false, growth = false, strictness = false;
  int deadline = 10, passes = 0;
  std::size_t times = 0;  // of the input that grows which `inputs` names; 0: none is meant
  std::vector<Wanted> reports;
  Plan plan;
};

// The exit status: 0, 1 when an adapter that has to be right is not or a gate is missed, 2 when nothing fits the options, or a report
// cannot be written.
int run(const Options& options);

}  // namespace smtpspec::bench
