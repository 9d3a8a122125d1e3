// One connection as a pure machine sees it: events go in, actions come out, and the machine holds no socket, no
// clock and no randomness. The client session and the reference server are both machines; a transport (sockets and
// TLS, or memory and virtual time) carries out the actions and brings the events.
//
//   machine.on({.kind = Event::Kind::octets, .at = now, .octets = "250 ok\r\n"}, actions);
//
// Ownership: an Event's octets are good for the call only; an Action owns what it says.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smtpspec::smtp {

using Duration = std::chrono::microseconds;
using Time = std::chrono::microseconds;  // since the run began

// What a TLS handshake left behind. `version` is 10 x major + minor of the TLS version: 12 for TLS 1.2.
struct TlsFacts {
  int version = 0;
  std::string cipher;
  std::vector<std::string> names;  // of the peer's certificate: DNS and IP subject alternative names, else the CN
  std::string trust;               // "verified", or why the certificate does not verify; "" when nobody asked
  bool operator==(const TlsFacts&) const = default;
};

// Where a server listens; IPv6 addresses stand without brackets.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

struct Event {
  enum class Kind : std::uint8_t {
    opened,      // the connection is there; to a server `detail` says from which address
    refused,     // it could not be made; `detail` says why
    octets,      // octets came
    sent,        // `size` octets of what was to be sent went out; for clients
    ended,       // the peer sent its end (FIN, or close_notify inside TLS)
    broken,      // reset, or another failure of the transport; `detail` says which
    tls_up,      // the handshake is done; `tls` holds its facts
    tls_failed,  // the handshake failed; `detail` says why
    stopping,    // the process is about to end: take leave
    restarted,   // the target was restarted; `detail` says what failed, if anything
    alarm,       // an alarm that was set is due; `alarm` says which
  };
  Kind kind = Kind::octets;
  int connection = 0;
  Time at{};
  std::string_view octets{};
  std::string detail{};
  TlsFacts tls{};
  std::uint64_t alarm = 0;
  std::size_t size = 0;
};

struct Action {
  enum class Kind : std::uint8_t {
    open,        // connect
    send,        // write `octets` in one segment
    start_tls,   // begin the TLS handshake
    half_close,  // send our end, go on reading
    close,       // close in an orderly way
    reset,       // abort (RST)
    alarm,       // an Event::alarm with this number after `delay`
    pause,       // hold back the following actions of this connection for `delay`
    restart,     // have the target stopped and started again; an Event::restarted follows
    finish,      // the machine has nothing more to do
  };
  Kind kind = Kind::send;
  int connection = 0;
  std::string octets{};
  Duration delay{};
  std::uint64_t alarm = 0;
  bool full_handshake = false;  // of start_tls: it takes up no earlier TLS session
};

using Actions = std::vector<Action>;

// Both ends of a connection implement this.
class Machine {
 public:
  virtual ~Machine() = default;
  virtual void on(const Event& event, Actions& actions) = 0;
};

}  // namespace smtpspec::smtp
