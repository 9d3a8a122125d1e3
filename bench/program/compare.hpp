// Two documents of --report json, side by side.
#pragma once

#include <string>

namespace smtpspec::bench {

struct Comparison {
  std::string text;    // a table
  std::string fault;   // why there is none
  bool worse = false;  // an instruction count grew by more than the tolerance, or what was measured before was not
};
Comparison compare(const std::string& before, const std::string& after, double tolerance_percent);

}  // namespace smtpspec::bench
