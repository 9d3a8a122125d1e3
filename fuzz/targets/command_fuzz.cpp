// A command line: read at once it is what it is octet by octet; what is accepted is printed, what is printed is the same
// command and prints the same; a tolerance refuses nothing that the grammar takes; faults and parts lie inside the line.
#include "oracle.hpp"
#include "smtpspec/smtp/command.hpp"

using namespace smtpspec;
using fuzz::inside;
using fuzz::require;
using smtp::Command;

namespace {

void check_parts(const Command& command, std::string_view line) {
  for (const smtp::Span span : {command.verb_text, command.argument, command.path.all, command.path.route, command.path.local,
                                command.path.domain, command.mechanism, command.initial.value_or(smtp::Span{})})
    require(inside(span, line), "parts are inside the line", line);
  for (std::size_t i = 0; i < command.params.size(); ++i)
    require(inside(command.params[i].keyword, line) && inside(command.params[i].value, line), "parameters are inside the line", line);
  require(command.fault_at <= line.size(), "a fault is inside the line", line);
  const auto mail = mail_params(command, line);
  const auto rcpt = rcpt_params(command, line);
  for (const int index : {mail.bad, mail.unknown, rcpt.bad, rcpt.unknown})
    require(index < static_cast<int>(command.params.size()), "parameters that are named are there", line);
}

// Equal in all that a server acts upon.
bool same(const Command& a, std::string_view a_line, const Command& b, std::string_view b_line) {
  if (a.verb != b.verb || a.params.size() != b.params.size() || a.chunk_size != b.chunk_size || a.last != b.last) return false;
  if (a.path.null != b.path.null || a.path.quoted != b.path.quoted || a.path.domain_kind != b.path.domain_kind) return false;
  if (a.path.all.in(a_line) != b.path.all.in(b_line) || a.path.local.in(a_line) != b.path.local.in(b_line)) return false;
  if (!smtp::iequals(a.mechanism.in(a_line), b.mechanism.in(b_line)) || a.initial.has_value() != b.initial.has_value()) return false;
  if (a.initial && a.initial->in(a_line) != b.initial->in(b_line)) return false;
  for (std::size_t i = 0; i < a.params.size(); ++i)
    if (!smtp::iequals(a.params[i].keyword.in(a_line), b.params[i].keyword.in(b_line)) ||
        a.params[i].value.in(a_line) != b.params[i].value.in(b_line) || a.params[i].has_value != b.params[i].has_value)
      return false;
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view line = fuzz::text_of(data, size);
  const Command strict = smtp::parse_command(line);
  fuzz::all_tolerances([&](const smtp::Tolerance& tolerance) {
    const Command command = smtp::parse_command(line, tolerance);
    check_parts(command, line);
    const Command plain = smtp::parse_command_by_octet(line, tolerance);
    require(command.fault == plain.fault && command.fault_at == plain.fault_at && same(command, line, plain, line),
            "read at once it is the same", line);
    if (strict) require(command && same(command, line, strict, line), "a tolerance changes nothing that is right", line);
    if (!command) return;
    const std::string printed = print_command(command, line);
    const Command again = smtp::parse_command(printed, tolerance);
    require(static_cast<bool>(again), "what is printed is accepted", line);
    require(same(command, line, again, printed), "what is printed is the same command", line);
    require(print_command(again, printed) == printed, "printing is its own fixpoint", line);
    if (command.path.local.empty()) return;
    const std::string mailbox = smtp::unquote_local(command.path.local.in(line));
    require(smtp::unquote_local(smtp::quote_local(mailbox)) == mailbox, "a mailbox survives its quoting", line);
  });
  return 0;
}
