// Follows a server through the server model (model.hpp) from outside: what a client sends and what comes back is all that is
// known, so that the server is in one of several contexts, and a command is one of several inputs. A reply is unlawful when
// it is so in every context for every input; then, and only then, can a client accuse.
//
//   Follower follower(Role::relay);
//   follower.take(Asked::greeting, "", 220);
//   follower.take(Asked::command, "RCPT TO:<alice@example.test>", 250).lawfulness == Lawfulness::unlawful
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/model.hpp"

namespace smtpspec::smtp {

enum class Asked : std::uint8_t { greeting, command, content };

struct Followed {
  Lawfulness lawfulness = Lawfulness::lawful;
  std::string_view lawful{};       // the codes that would have been, in the notation of reply_set.hpp
  std::string_view law{};          // the sections
  State state = State::connected;  // one of those that it was in
};

class Follower {
 public:
  explicit Follower(Role role);

  // A reply's code and what it answers: a command line or a line of a SASL exchange without its CRLF, or the mail data. A
  // code of 4yz is never unlawful: why the server cannot just now is hidden.
  Followed take(Asked asked, std::string_view line, int code);
  // The same where the client knows what it asked for; no inputs: nobody can tell.
  Followed take(std::span<const Input> inputs, int code);
  // What the last EHLO reply offered: what is not offered may be unknown to the server.
  void offer(Capabilities offered) { offered_ = std::move(offered); }
  void tls_up();
  // Something was sent of which nobody can tell what it asked for: from here on everything is lawful.
  void lose() { contexts_.clear(); }

  // The contexts that fit all that was heard; none: it is lost.
  const std::vector<Context>& contexts() const { return contexts_; }

 private:
  std::vector<Context> contexts_;
  Capabilities offered_;
};

}  // namespace smtpspec::smtp
