// Does what came fit what was expected? The one place that knows; session asks it to go on or stop, the judge to grade.
#pragma once

#include <map>
#include <string>

#include "smtpspec/session/transcript.hpp"

namespace smtpspec::session {

using Captures = std::map<std::string, smtp::Reply, std::less<>>;

// The index of the first tier that `came` fits, or -1. Enhanced codes are compared only when `extended_status`.
int match(const script::Expect& expect, const Came& came, bool extended_status, const Captures& captures);

// "503 5.5.1 bad sequence of commands", "the connection closed", "no reply": for messages.
std::string describe(const Came& came);

}  // namespace smtpspec::session
