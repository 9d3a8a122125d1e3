// Two documents of --report json, side by side.
#pragma once

#include <string>

namespace smtpspec::bench {

struct Comparison {
  std::string text;   // a table
  std::string fault;  // why there is none
  bool grew = false;  // an instruction count did, by more than the tolerance
};
Comparison compare(const std::string& before, const std::string& after, double tolerance_percent);

}  // namespace smtpspec::bench
