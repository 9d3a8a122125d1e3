// A next hop of ours: an SMTP server that takes mail for one domain and keeps it as it came. Recipients ask for what it does by
// how their local-parts begin:
//
//   refuse-…   550 at RCPT            defer-…   451 at the first RCPT of that address, later 250
//   slow-…     the reply to RCPT takes 2 seconds
//   drop-…     the connection ends in place of a reply to RCPT
//
//   Sink sink("relay.test", digests);
//   net::listen(loop, endpoint, Role::relay, [&](Role) { return sink.accept(); }, certificate);
//   sink.arrived()
//
// It may work in another thread than who looks.
#pragma once

#include <set>

#include "smtpspec/observe/store.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::observe {

class Sink final : public delivery::Observer {
 public:
  // `at_once`: who hands over to it does so before he answers.
  Sink(const std::string& domain, smtp::Digests digests, bool at_once = false);
  std::unique_ptr<smtp::Machine> accept() { return server_.accept(smtp::Role::relay); }
  std::vector<delivery::Arrival> arrived() override { return store_.at(delivery::Where::next_hop).arrived(); }
  bool at_once() const override { return at_once_; }

 private:
  serve::Seams seams();

  serve::MemoryStore behind_{0};
  WatchedStore store_{behind_, {{"", delivery::Where::next_hop}}};
  std::set<std::string> deferred_;
  bool at_once_;
  serve::Server server_;
};

}  // namespace smtpspec::observe
