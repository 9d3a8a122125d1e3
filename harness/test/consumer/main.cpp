#include <cstdio>
#include <smtpspec/smtp/command.hpp>
#include <smtpspec/smtp/reply.hpp>

int main() {
  using namespace smtpspec::smtp;
  const std::string_view line = "RCPT TO:<bob@b.example> NOTIFY=NEVER";
  const Command command = parse_command(line);
  ReplyParser parser;
  const std::string_view octets = "250-2.1.5 first\r\n250 2.1.5 second\r\n";
  const auto reply = parser.next(octets);
  const bool good = command && command.params[0].value.in(line) == "NEVER" && reply && reply->code == 250 && reply->lines.size() == 2;
  std::puts(good ? "the installed library works" : "the installed library is broken");
  return good ? 0 : 1;
}
