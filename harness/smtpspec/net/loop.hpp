// Sockets and TLS: the one place that has them (Boost.Asio, OpenSSL). A Loop and all that is in it run on one thread. A host
// that is a name is connected to by the addresses that resolve() found (names.hpp), and by no others.
//
//   net::Loop loop;
//   auto server = net::listen(loop, {"127.0.0.1", 0}, Role::relay, accept, certificate);   // -> port
//   net::Transport transport(loop, {{Role::relay, {"127.0.0.1", port}}}, {});
//   runner.run();                                                                        // plays over the transport
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/net/signals.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::net {

class Loop {
 public:
  Loop();
  ~Loop();
  // Works until stop(); for servers.
  void run();
  void stop();  // from any thread
  // Tells every served connection to take leave, and stops a moment later.
  void shut_down();
  // Calls `handle` when a signal has come (signals.hpp), or comes, while the loop works.
  void on_signal(std::function<void()> handle);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Works until `begin` calls what it is given: what it was called with, or nothing when a signal came first. In that case
// the loop shall not work again.
template <class T>
std::optional<T> await(Loop& loop, const std::function<void(std::function<void(T)>)>& begin) {
  auto result = std::make_shared<std::optional<T>>();
  begin([&loop, result](T value) {
    *result = std::move(value);
    loop.stop();
  });
  if (!*result && !caught()) loop.run();
  return std::move(*result);
}

using smtp::Endpoint;

using Accept = std::function<std::unique_ptr<smtp::Machine>(smtp::Role)>;

// Listens until the Loop ends; each connection gets a machine from `accept`. Returns the port.
Result<std::uint16_t> listen(Loop& loop, const Endpoint& address, smtp::Role role, Accept accept, const crypto::Certificate& certificate);

// Plays one client machine on one connection; `done` is called when it has finished.
void call(Loop& loop, const Endpoint& address, std::shared_ptr<smtp::Machine> machine, std::function<void()> done);
// From any thread; the task runs on the Loop's.
void after(Loop& loop, smtp::Duration delay, std::function<void()> task);

struct TransportOptions {
  std::string source;   // local address to connect from
  std::string ca;       // in PEM: certificates are verified by these. Nothing is refused; TlsFacts say what came of it
  std::string name;     // that a certificate should bear; "": the host's
  bool resume = false;  // TLS sessions of the same role, where the dialogue is not about the handshake
  std::function<void(std::function<void(std::string trouble)> done)> restart;  // of the target; "" or what failed
};

class Transport final : public session::Transport {
 public:
  Transport(Loop& loop, std::map<smtp::Role, Endpoint> endpoints, TransportOptions options);
  ~Transport() override;
  session::Time now() const override;
  void play(session::Session& session, std::function<void()> changed) override;
  void after(session::Duration delay, std::function<void()> task) override;
  void run() override;
  void stop() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smtpspec::net
