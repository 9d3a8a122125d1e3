// A store with a next hop: what is for elsewhere is handed over there, tried again after a temporary failure, and in the end told to
// its sender (RFC 5321 sections 3.6.3, 4.5.4.1 and 6.1). Sans-I/O: whoever makes it connects and waits.
//
//   Relay relay(local, config, {.call = …, .later = …, .clock = …});
//   Server server(config, relay, digests);
#pragma once

#include <functional>
#include <memory>

#include "smtpspec/serve/handover.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::serve {

class Relay final : public Store {
 public:
  struct World {
    // Plays the handover on a connection to the next hop; `done` is called when it is over.
    std::function<void(std::shared_ptr<Handover>, std::function<void()> done)> call;
    std::function<void(smtp::Duration, std::function<void()>)> later;
    std::function<std::int64_t()> clock;  // seconds since 1970
  };
  // `local` gets what is for mailboxes, and has to outlive the relay. Who it is, serve() tells before the first message.
  Relay(Store& local, World world) : local_(local), world_(std::move(world)) {}
  void serve(const Config& config) { config_ = config; }
  bool take(const Message& message) override;

 private:
  void attempt(const Message& message, int number);
  void notify(const Message& message, std::vector<Handover::Failure> failures);

  Store& local_;
  World world_;
  Config config_;
};

}  // namespace smtpspec::serve
