// What a session said, as people read it.
#pragma once

#include <string>
#include <vector>

#include "smtpspec/session/transcript.hpp"

namespace smtpspec::report {

// "C", "S", or "*" for what happened; behind it the number of the connection where that is not the first: "C2".
std::string speaker(const session::Entry& entry);

// An entry's octets, a line for each line of the wire. CRLF is taken for granted; any other line end shows. Of long content and
// long replies the middle is left out, most of it where nothing is wrong; of a long line the end. From verbosity 2 on it is all there.
std::vector<std::string> wire_lines(const session::Entry& entry, bool marked, int verbosity);

}  // namespace smtpspec::report
