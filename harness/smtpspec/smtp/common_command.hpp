// Commands as nearly all of them come: without fault, in their usual spelling, and short. They are read 32 octets at a time, by the
// classes of octet_class.hpp; for every other line parse_command has the grammar.
//
// Known here are, in any case of letters, EHLO and HELO with a Domain, MAIL and RCPT with <Dot-string@Domain> and parameters, and
// DATA, RSET, NOOP and QUIT alone. What is read is what parse_command_by_octet gives for the line under every tolerance.
#pragma once

#include <string_view>

#include "smtpspec/smtp/command.hpp"

namespace smtpspec::smtp::common_command {

// Whether the processor has the instructions: AVX2, BMI and BMI2. Not known, and false, while static objects are made.
extern const bool possible;

// The command with whose line `octets` begins, CRLF behind it. Gives the size of the line without CRLF, or 0 when that is no such
// command or stands too near to the end of the octets; `command` holds nothing of use then. Call it only if `possible`.
std::size_t read(std::string_view octets, Command& command);

// So many octets from the start of a line without parameters are enough, and so many from the start of each parameter.
inline constexpr std::size_t room = 96;

}  // namespace smtpspec::smtp::common_command
