#include "smtpspec/serve/relay.hpp"

#include <algorithm>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::serve {
namespace {

constexpr int most_attempts = 5;
constexpr std::chrono::seconds pause(10);

}  // namespace

bool Relay::take(const Message& message) {
  Message here = message;
  std::erase_if(here.envelope.recipients, [](const Recipient& recipient) { return recipient.mailbox.empty(); });
  if (!here.envelope.recipients.empty() && !local_.take(here)) return false;
  const Message rest = onward(message);
  if (!rest.envelope.recipients.empty()) attempt(rest, 1);
  return true;
}

void Relay::attempt(const Message& message, int number) {
  const Relaying& relaying = config_.relaying;
  auto handover = std::make_shared<Handover>(config_.host, message.envelope, message.content);
  world_.call(handover, [this, &relaying, handover, message, number] {
    auto failures = handover->refused();
    Message rest = message;
    rest.envelope.recipients.clear();
    for (const auto& failure : handover->deferred()) {
      if (number < relaying.attempts.value_or(most_attempts)) rest.envelope.recipients.push_back(failure.recipient);
      else failures.push_back(failure);
    }
    if (!rest.envelope.recipients.empty()) world_.later(pause, [this, rest, number] { attempt(rest, number + 1); });
    if (!failures.empty()) notify(message, failures);
  });
}

// No notice about a notice, and none to whom nothing can be sent (RFC 5321 section 6.1).
void Relay::notify(const Message& message, std::vector<Handover::Failure> failures) {
  std::erase_if(failures, [](const auto& failure) { return !wants_failure_notice(failure.recipient); });
  if (failures.empty()) return;
  Notice notice{.to = message.envelope.reverse_path,
                .reverse_path = "",
                .content = failure_notice(config_.host, date_time(world_.clock()), message.envelope, failures, message.content)};
  bool sends = !message.envelope.reverse_path.empty();
  if (config_.relaying.notice) sends = config_.relaying.notice(message, notice, sends);
  if (!sends) return;
  Message out{.envelope = {.reverse_path = notice.reverse_path}, .content = notice.content};
  const std::size_t at = notice.to.rfind('@');
  const std::string_view domain = at == std::string::npos ? std::string_view{} : std::string_view(notice.to).substr(at + 1);
  if (!smtp::iequals(domain, config_.domain) && !smtp::iequals(domain, config_.host)) {
    out.envelope.recipients.push_back({.address = notice.to});
    return attempt(out, 1);
  }
  // The sender's name came over the wire: only one that has a mailbox gets the notice.
  const std::string mailbox = smtp::to_lower(notice.to.substr(0, at));
  const auto& boxes = config_.mailboxes;
  if (std::find(boxes.begin(), boxes.end(), mailbox) == boxes.end()) return;
  out.envelope.recipients.push_back({.address = notice.to, .mailbox = mailbox});
  local_.take(out);
}

}  // namespace smtpspec::serve
