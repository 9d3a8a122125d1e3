// What the law leaves open, a like server shows: the same scenario was played on two servers, and where they first went apart is
// worth a look. It accuses nobody: the finding is an observed one.
#pragma once

#include <optional>

#include "smtpspec/judge/finding.hpp"
#include "smtpspec/session/transcript.hpp"

namespace smtpspec::fuzz {

inline constexpr std::string_view unlike_reference = "fuzz/as-the-reference-server";

// Compares what came of each command: accepted, asked for more, put off or refused; how many replies there were; and whether the
// connection was ended. Codes, texts and what EHLO lists are a server's own. Of each connection the first difference counts,
// since behind it the servers are in different states.
std::optional<judge::Finding> compare(const session::Transcript& target, const session::Transcript& reference);

}  // namespace smtpspec::fuzz
