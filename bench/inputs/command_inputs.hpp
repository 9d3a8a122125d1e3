// Inputs for parsers of commands.
#pragma once

#include "inputs/inputs.hpp"

namespace smtpspec::bench::inputs {

Input commands();  // 1 MiB: EHLO, MAIL with SIZE and BODY, RCPT with and without NOTIFY, DATA, NOOP, RSET, QUIT
Input commands_4k();
Input commands_plain();
Input dialogue();   // sessions without mail data, in which every command is in order  // the same without SIZE and NOTIFY
Input pipelined();  // MAIL, a hundred RCPT, DATA
Input addresses();  // quoted local-parts, address literals, long ORCPT and ENVID
Input login();      // AUTH, STARTTLS, BDAT
Input rejected();   // outside the grammar, each in another way

}  // namespace smtpspec::bench::inputs
