// What happened in a session, in order: every octet sent and received with its time, every reply parsed once, and for
// every expectation what came. The judge, the reports and the reader all work from this and nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "smtpspec/script/plan.hpp"
#include "smtpspec/session/secrets.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/reply.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::session {

using smtp::Duration;
using smtp::Time;

struct Entry {
  enum class Kind : std::uint8_t {
    sent,    // octets of the client
    reply,   // a whole reply of the server
    octets,  // octets of the server that are no whole reply when the session ends
    note,    // "connected", "closed by the server", "TLS 1.3 …"
  };
  Kind kind = Kind::note;
  Time at{};
  int connection = 1;
  std::string octets;  // or the note's text
  std::optional<smtp::Reply> reply;
  int move = -1;                 // sent: the move that sent it; -1: the session itself (QUIT at the end)
  std::string command{};         // reply: verb of the command it answers, "." for content, "greeting", "" when unsure
  std::string line{};            // reply: that command without its CRLF, or the client's line of a SASL exchange; not to be shown
  bool extended_status = false;  // reply: ENHANCEDSTATUSCODES was offered before it
  bool in_tls = false;
  bool unicode = false;              // reply: SMTPUTF8 was used on this connection, so that its text may be UTF-8
  bool closing = false;              // after the last move
  bool unasked = false;              // reply: every command that was sent had its reply before
  std::vector<smtp::Span> secret{};  // stretches of the octets that must not be shown

  const std::string& said() const { return reply ? reply->octets : octets; }
  // The octets, or a piece of them, as they may be shown: in their one spelling, secrets masked, cut to `most` octets.
  std::string shown(std::size_t most = 4096) const;
  std::string shown(std::string_view piece, std::size_t most) const;
};

// What an expectation met.
struct Came {
  enum class Kind : std::uint8_t { reply, close, nothing, tls, no_tls, not_connected };
  Kind kind = Kind::nothing;
  smtp::Reply reply{};
  smtp::TlsFacts tls{};
  std::string detail{};
};

struct Outcome {
  std::size_t move = 0;
  Came came;
  int tier = -1;          // index of the tier that was met, -1: none
  std::size_t entry = 0;  // of the transcript; entries.size() when nothing stands for it
  Duration waited{};
  Duration deadline{};  // that was in force
};

struct Transcript {
  std::vector<Entry> entries;
  std::vector<Outcome> outcomes;
  smtp::Capabilities offered;  // by the last EHLO reply of connection 1
  std::string greeting;        // text of the first reply of connection 1
  smtp::TlsFacts tls;          // of connection 1
  bool connected = false;
  bool complete = false;  // all moves were made
  bool target_restart_failed = false;
  std::string unmet;  // what the play hangs on and this server did not say, so that it was broken off

  // Once the session is over. Entries keep their octets, for the rules, and know what of them is secret; all that is there to
  // be read only (outcomes, notes, TLS facts) is masked.
  void hide(const Secrets& secrets);
  // Without a secret octet: what may leave the program.
  Transcript masked() const;
};

}  // namespace smtpspec::session
