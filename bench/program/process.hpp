// A parser in a process of its own, in any language: judged for what it makes of single inputs, never timed, since the pipes would
// be what is measured.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "program/gate.hpp"

namespace smtpspec::bench {

// Starts `command` with the shell. For each of the octets it is given a line with their number, and then the octets; it answers with
// a line: "accepted CODE", "refused", or "waits" when more would have to come. A fresh start and a closed stream for each. Behind
// three in a row that got no such answer the others are not tried.
std::vector<Outcome> ask_process(const std::string& command, std::span<const std::string_view> octets, std::chrono::milliseconds deadline);

}  // namespace smtpspec::bench
