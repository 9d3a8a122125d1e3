#include "smtpspec/smtp/command_reader.hpp"

#include <new>

namespace smtpspec::smtp {

const Command* CommandReader::next_odd(std::string_view& octets) {
  while (const auto line = splitter_.next(octets)) {
    line_ = line->text(octets);
    octets.remove_prefix(line->next);
    const bool too_long = line->ending == LineEnding::too_long;
    at_once_ = common_command::possible && !too_long;
    if (line->rest_of_long) continue;
    if (too_long) {
      new (&command_) Command;
      command_.fault = CommandFault::line_too_long;
    } else {
      new (&command_) Command(parse_command(line_, tolerance_));
    }
    return &command_;
  }
  at_once_ = false;
  return nullptr;
}

}  // namespace smtpspec::smtp
