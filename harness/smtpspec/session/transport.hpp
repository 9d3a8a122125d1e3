// What carries sessions out: sockets and TLS (net), or memory and virtual time (below). The scheduler, the fuzzer and
// the benchmarks know this interface only.
#pragma once

#include <functional>
#include <memory>

#include "smtpspec/session/session.hpp"

namespace smtpspec::session {

class Transport {
 public:
  virtual ~Transport() = default;
  virtual Time now() const = 0;
  // Plays the session against the endpoint of its plan's role. `changed` is called after every event; when it is called
  // with session.finished(), the transport has let go of the session. Never blocks; the session must live until then.
  virtual void play(Session& session, std::function<void()> changed) = 0;
  virtual void after(Duration delay, std::function<void()> task) = 0;
  // Works until nothing is left to do, or until stop().
  virtual void run() = 0;
  virtual void stop() = 0;
};

// One process, no sockets: each connection gets a server machine of its own, time passes only when everybody waits.
// TLS is an event with facts. Deterministic: the same plans give the same transcripts.
class MemoryTransport final : public Transport {
 public:
  using Serve = std::function<std::unique_ptr<smtp::Machine>(smtp::Role)>;  // nullptr refuses the connection
  using Restart = std::function<std::string()>;                             // "" or what failed
  explicit MemoryTransport(Serve serve, Restart restart = {}, smtp::TlsFacts facts = {13, "memory", {"mx.example.test"}});
  ~MemoryTransport() override;

  Time now() const override;
  void play(Session& session, std::function<void()> changed) override;
  void after(Duration delay, std::function<void()> task) override;
  void run() override;
  void stop() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::session
