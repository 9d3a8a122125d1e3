// The written faults by theme, a file each.
#pragma once

#include "smtpspec/faults/fault.hpp"

namespace smtpspec::faults {

std::vector<Fault> address_faults();     // corners of the address grammar, and what an address is judged by
std::vector<Fault> auth_faults();        // AUTH and STARTTLS
std::vector<Fault> chunk_faults();       // BDAT: counting, LAST, refused chunks, the mixture with DATA
std::vector<Fault> claim_faults();       // keywords of EHLO, and what is kept of them
std::vector<Fault> closing_faults();     // who ends a connection, when, and what comes behind it
std::vector<Fault> content_faults();     // where mail data end, and what of them is refused
std::vector<Fault> delivery_faults();    // what becomes of a message that was taken, or was not
std::vector<Fault> grammar_faults();     // what the parser refuses and takes
std::vector<Fault> limit_faults();       // sizes and counts
std::vector<Fault> memory_faults();      // what one command leaves behind for a later one
std::vector<Fault> order_faults();       // what a session remembers or forgets wrongly
std::vector<Fault> parameter_faults();   // parameters of MAIL, RCPT, VRFY and EXPN
std::vector<Fault> pipelining_faults();  // groups of commands, their replies, and segments
std::vector<Fault> reply_faults();       // octets and texts of replies
std::vector<Fault> segment_faults();     // data, chunks and commands that TCP cuts apart
std::vector<Fault> sharing_faults();     // one session's state in another
std::vector<Fault> time_faults();        // silence allowed, and replies too late
std::vector<Fault> tls_faults();         // when STARTTLS is taken and offered

}  // namespace smtpspec::faults
