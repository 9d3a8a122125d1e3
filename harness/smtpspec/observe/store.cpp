#include "smtpspec/observe/store.hpp"

#include <utility>

namespace smtpspec::observe {

using delivery::Arrival;
using delivery::Where;

WatchedStore::WatchedStore(serve::Store& behind, const std::map<std::string, Where>& places) : behind_(behind), places_(places) {
  for (const auto& [mailbox, where] : places_) eyes_[where];
}

bool WatchedStore::take(const serve::Message& message) {
  if (!behind_.take(message)) return false;
  const auto see = [this](const std::string& mailbox, Arrival arrival) {
    const auto place = places_.find(mailbox);
    if (place != places_.end()) eyes_.at(place->second).put(std::move(arrival));
  };
  for (const serve::Recipient& recipient : message.envelope.recipients)
    if (!recipient.mailbox.empty()) see(recipient.mailbox, {.octets = message.delivered()});
  const serve::Message rest = onward(message);
  if (rest.envelope.recipients.empty()) return true;
  delivery::Envelope envelope{.reverse_path = rest.envelope.reverse_path, .recipients = {}, .client = {}, .protocol = {}};
  for (const serve::Recipient& recipient : rest.envelope.recipients) envelope.recipients.push_back(recipient.address);
  see("", {.octets = rest.content, .envelope = std::move(envelope)});
  return true;
}

std::map<Where, delivery::Observer*> WatchedStore::observers() {
  std::map<Where, delivery::Observer*> out;
  for (auto& [where, eye] : eyes_) out[where] = &eye;
  return out;
}

std::vector<Arrival> WatchedStore::Eye::arrived() {
  const std::lock_guard lock(mutex);
  return std::exchange(list, {});
}

void WatchedStore::Eye::put(Arrival arrival) {
  const std::lock_guard lock(mutex);
  list.push_back(std::move(arrival));
}

}  // namespace smtpspec::observe
