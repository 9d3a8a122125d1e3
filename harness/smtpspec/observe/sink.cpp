#include "smtpspec/observe/sink.hpp"

#include "smtpspec/smtp/command.hpp"

namespace smtpspec::observe {
namespace {

using smtp::Context;
using smtp::Input;

constexpr std::chrono::seconds slowness(2);

serve::Config config_of(const std::string& domain) {
  return {.host = "sink.example.test", .domain = "sink.example.test", .mailboxes = {}, .relay_domain = domain, .message_size = 64u << 20};
}

// The path of a MAIL or RCPT without its brackets, a route and all.
std::string path_of(std::string_view line) {
  const smtp::Span all = smtp::parse_command(line, {.utf8 = true}).path.all;
  return all.size < 2 ? std::string() : std::string(all.in(line).substr(1, all.size - 2));
}

// The local-part that a RCPT names.
std::string local_part(std::string_view line) { return std::string(smtp::parse_command(line, {.utf8 = true}).path.local.in(line)); }

}  // namespace

Sink::Sink(const std::string& domain, smtp::Digests digests, bool at_once)
    : at_once_(at_once), server_(config_of(domain), store_, std::move(digests), [this] { return seams(); }) {}

serve::Seams Sink::seams() {
  serve::Seams out = serve::Seams::lawful();
  const auto local = std::make_shared<std::string>();
  out.classify = [local](const Context&, const serve::Transaction&, std::string_view line, Input lawful) {
    *local = lawful == Input::rcpt ? local_part(line) : "";
    return lawful == Input::rcpt && local->starts_with("refuse-") ? Input::rcpt_no_mailbox : lawful;
  };
  out.model = [this, local](const Context&, Input, smtp::Row row) {
    if (local->starts_with("defer-") && deferred_.insert(*local).second) {
      row.reply = {451, "4.3.0", "Try again later"};
      row.next = smtp::Next::stay;
    }
    if (local->starts_with("drop-")) row.next = smtp::Next::closed;
    return row;
  };
  out.delay = [local](const Context&, Input) { return local->starts_with("slow-") ? smtp::Duration(slowness) : smtp::Duration{}; };
  out.printer = [local](const Context&, const serve::Saying& saying) {
    return local->starts_with("drop-") ? "" : serve::print_saying(saying);
  };
  // What arrives is kept as it came.
  out.record = [](const Context&, Input input, std::string_view line, serve::Transaction& transaction) {
    serve::Envelope& envelope = transaction.envelope;
    if (input == Input::mail) envelope.reverse_path = path_of(line);
    if (input == Input::rcpt && !envelope.recipients.empty()) envelope.recipients.back().address = path_of(line);
  };
  out.trace = [](const serve::Transaction&, const std::string&) { return std::string(); };
  return out;
}

}  // namespace smtpspec::observe
