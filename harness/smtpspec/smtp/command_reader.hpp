// Commands out of a stream (RFC 5321 section 4.1): lines.hpp and command.hpp in one.
//
//   CommandReader commands({.limit = 1012});
//   while (const Command* command = commands.next(octets)) use(*command, commands.line());
//   keep(octets);   // the start of a command that is not whole
//
// A line that is too long is a command with that fault, given as soon as the limit is reached; the rest of it is passed over.
// Nothing is copied: offsets of a command count from the start of its line, which is where it was fed.
#pragma once

#include <string_view>

#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/common_command.hpp"
#include "smtpspec/smtp/lines.hpp"

namespace smtpspec::smtp {

class CommandReader {
 public:
  explicit CommandReader(LineRules rules, Tolerance tolerance = {}) : limit_(rules.limit), splitter_(rules), tolerance_(tolerance) {}

  // The first command, whose octets are taken off; nullptr until more come behind those that are left. It is good until the next call.
  const Command* next(std::string_view& octets) {
    if (at_once_)
      if (const std::size_t size = common_command::read(octets.substr(0, limit_), command_)) {
        line_ = {octets.begin(), octets.begin() + size};
        octets.remove_prefix(size + 2);
        return &command_;
      }
    return next_odd(octets);
  }
  // That of the command, without its end.
  std::string_view line() const { return line_; }

 private:
  const Command* next_odd(std::string_view& octets);

  std::size_t limit_;
  LineSplitter splitter_;
  Tolerance tolerance_;
  bool at_once_ = common_command::possible;  // a line begins at the start of the octets
  std::string_view line_;
  Command command_;
};

}  // namespace smtpspec::smtp
