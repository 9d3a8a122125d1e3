// Hands one message to the next hop: the client's side of a relay, as a pure machine (RFC 5321 sections 3.3 and 4.5.4.1).
//
//   Handover handover("mx.example.test", envelope, content);
//   … play it on a connection to the next hop until done() …
//   handover.refused()    // recipients that got a 5yz: a notice goes to the reverse-path
//   handover.deferred()   // recipients to try again later
//
// Commands go out one at a time; parameters only where the next hop listed their extension.
#pragma once

#include <string>
#include <vector>

#include "smtpspec/serve/store.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::serve {

class Handover final : public smtp::Machine {
 public:
  struct Failure {
    Recipient recipient;
    std::string reply;  // what the next hop said, one line
  };
  Handover(std::string host, Envelope envelope, std::string content);
  void on(const smtp::Event& event, smtp::Actions& actions) override;

  bool done() const { return step_ == Step::over; }
  const std::vector<Failure>& refused() const { return refused_; }
  const std::vector<Failure>& deferred() const { return deferred_; }

 private:
  enum class Step { greeting, ehlo, helo, mail, rcpt, data, content, quit, over };
  void take(const smtp::Reply& reply, smtp::Actions& actions);
  void say(Step next, std::string octets, smtp::Actions& actions);
  void next_recipient(smtp::Actions& actions);
  void fail_rest(const std::string& reply, bool for_good, smtp::Actions& actions);
  void end(smtp::Actions& actions);

  std::string host_;
  Envelope envelope_;
  std::string content_;
  smtp::ReplyParser parser_;
  std::string buffer_;
  smtp::Capabilities offered_;
  Step step_ = Step::greeting;
  std::size_t next_ = 0;
  std::vector<Recipient> accepted_;
  std::vector<Failure> refused_, deferred_;
  std::uint64_t alarm_ = 0;
};

// Whether the sender wants to hear that this recipient failed (RFC 3461 section 4.1).
bool wants_failure_notice(const Recipient& recipient);

// A notice of failure (RFC 3464, RFC 5321 section 6.1), to be sent with a null reverse-path.
std::string failure_notice(const std::string& host, const std::string& date, const Envelope& envelope,
                           const std::vector<Handover::Failure>& failures, const std::string& content);

}  // namespace smtpspec::serve
