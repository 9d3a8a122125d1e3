// The mail of a reference server in one process: two mailboxes, and a next hop that it hands over to without a socket. What was
// answered has arrived, and what has not come is lost.
//
//   ReferenceMail mail(digests);
//   serve::Server server(config, mail.store(), digests);
//   mail.serve(server.config());
#pragma once

#include "smtpspec/observe/sink.hpp"
#include "smtpspec/serve/relay.hpp"

namespace smtpspec::observe {

class ReferenceMail {
 public:
  explicit ReferenceMail(const smtp::Digests& digests, std::function<std::int64_t()> clock = {});
  ReferenceMail(const ReferenceMail&) = delete;
  ReferenceMail& operator=(const ReferenceMail&) = delete;
  serve::Store& store() { return relay_; }
  void serve(const serve::Config& config) { relay_.serve(config); }
  std::map<delivery::Where, delivery::Observer*> observers();

 private:
  serve::MemoryStore behind_;
  WatchedStore local_;
  Sink sink_;
  serve::Relay relay_;
};

}  // namespace smtpspec::observe
