// The reference server: strictly conforming, sans-I/O, driven by the server model. One Connection is a smtp::Machine;
// net gives it sockets and TLS, the in-memory transport gives it a client.
//
//   Server server(Config{}, store, digests);
//   std::unique_ptr<smtp::Machine> connection = server.accept(Role::submission);
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "smtpspec/serve/seams.hpp"
#include "smtpspec/smtp/sasl.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::serve {

// A notice of failure that a relay is about to send.
struct Notice {
  std::string to;            // a mailbox
  std::string reverse_path;  // it goes with
  std::string content;
};
// What a relay makes of failures: a seam, like those of a connection. Empty is lawful.
struct Relaying {
  // Changes the notice about the message; `lawful` is whether one is due. True sends it.
  std::function<bool(const Message& about, Notice&, bool lawful)> notice;
  std::optional<int> attempts;  // at one message
};

struct Config {
  std::string host = "mx.example.test";
  std::string domain = "example.test";  // served here
  std::vector<std::string> mailboxes = {"alice", "carol"};
  std::string relay_domain = "relay.test";  // forwarded for anybody
  smtp::Credentials account{"alice", "correct horse"};
  std::vector<std::string> mechanisms = {"PLAIN", "LOGIN", "SCRAM-SHA-256", "CRAM-MD5"};
  std::uint64_t message_size = 1u << 20;
  std::size_t recipients = 1000;
  std::size_t command_line = 2048;  // RFC 5321 section 4.5.3.1.4 with all extensions' additions
  std::size_t auth_line = 16384;    // RFC 4954 section 4
  int errors = 100;                 // then 421 (RFC 5321 section 7.8)
  int connections = 1000;
  bool refusing = false;                          // greet with 554 (RFC 5321 section 3.1)
  smtp::Duration idle = std::chrono::minutes(5);  // RFC 5321 section 4.5.3.2.7
  Relaying relaying;
};

class Server {
 public:
  // `seams` is asked once for each connection, so that a fault can count within a session, or wrongly share among them.
  Server(Config config, Store& store, smtp::Digests digests, std::function<Seams()> seams = Seams::lawful);

  // A new connection's machine, or one that says 421 when there are too many. The server must outlive its last event.
  std::unique_ptr<smtp::Machine> accept(smtp::Role role);

  const Config& config() const { return config_; }
  Seams seams() const { return seams_(); }
  const smtp::Digests& digests() const { return digests_; }
  Store& store() { return store_; }
  // The identity of one more message.
  std::string next_id(std::int64_t clock);
  // As if the process had been stopped and started: sessions of before get 421 at their next word (RFC 5321 section 3.8). From any thread.
  void restart() { ++generation_; }
  std::uint64_t generation() const { return generation_; }
  // How many connections there are. Shared, since a connection may be laid to rest after its server.
  const std::shared_ptr<int>& open() const { return open_; }

 private:
  Config config_;
  Store& store_;
  smtp::Digests digests_;
  std::function<Seams()> seams_;
  std::uint64_t messages_ = 0;
  std::atomic<std::uint64_t> generation_ = 0;
  std::shared_ptr<int> open_ = std::make_shared<int>(0);
};

// RFC 5322 section 3.3, in UTC.
std::string date_time(std::int64_t seconds);

}  // namespace smtpspec::serve
