// What of smtpspec itself is measured and has no competitor: no octets are given to it, and it needs no adapter.
#pragma once

#include "program/measure.hpp"

namespace smtpspec::bench {

struct Work {
  std::string_view name, unit, about;  // "session/memory", "session", one line for the table
  std::uint64_t items = 1;             // of one pass
  std::string (*fault)() = nullptr;    // works once, and says what is wrong with what came, or ""
  Pass (*begin)() = nullptr;
};

extern const Work session_memory, start_suite, start_run;

}  // namespace smtpspec::bench
