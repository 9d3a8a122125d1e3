#include "smtpspec/observe/reference.hpp"

#include <ctime>
#include <utility>

namespace smtpspec::observe {
namespace {

using smtp::Action;
using smtp::Actions;
using smtp::Event;

// Both ends of one connection, until the client is done or nobody has anything to say. Time stands still.
void connect(smtp::Machine& client, smtp::Machine& server) {
  Actions to_server, to_client;
  client.on({.kind = Event::Kind::opened}, to_server);
  server.on({.kind = Event::Kind::opened, .detail = "127.0.0.1"}, to_client);
  const auto deliver = [](const Actions& from, smtp::Machine& to, Actions& answers) {
    bool any = false;
    for (const Action& action : from) {
      const bool octets = action.kind == Action::Kind::send;
      if (!octets && action.kind != Action::Kind::close && action.kind != Action::Kind::reset) continue;
      to.on({.kind = octets ? Event::Kind::octets : Event::Kind::ended, .octets = action.octets}, answers);
      any = true;
    }
    return any;
  };
  for (bool goes_on = true; goes_on;) {
    goes_on = deliver(std::exchange(to_client, {}), client, to_server);
    goes_on = deliver(std::exchange(to_server, {}), server, to_client) || goes_on;
  }
}

}  // namespace

ReferenceMail::ReferenceMail(const smtp::Digests& digests, std::function<std::int64_t()> clock)
    : local_(behind_, {{"alice", delivery::Where::mailbox}, {"carol", delivery::Where::second_mailbox}}),
      sink_(serve::Config{}.relay_domain, digests, true),
      relay_(local_, {.call =
                          [this](const std::shared_ptr<serve::Handover>& handover, const std::function<void()>& done) {
                            connect(*handover, *sink_.accept());
                            done();
                          },
                      .later = [](smtp::Duration, const std::function<void()>& task) { task(); },
                      .clock = clock ? std::move(clock) : [] { return static_cast<std::int64_t>(std::time(nullptr)); }}) {}

std::map<delivery::Where, delivery::Observer*> ReferenceMail::observers() {
  auto out = local_.observers();
  out[delivery::Where::next_hop] = &sink_;
  return out;
}

}  // namespace smtpspec::observe
