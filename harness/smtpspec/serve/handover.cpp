#include "smtpspec/serve/handover.hpp"

#include <algorithm>

#include "smtpspec/smtp/content.hpp"
#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::serve {

using smtp::Action;
using smtp::Actions;
using smtp::Event;

namespace {

// RFC 5321 section 4.5.3.2: the least that a client waits.
smtp::Duration patience(bool content) { return content ? std::chrono::minutes(10) : std::chrono::minutes(5); }

std::string one_line(const smtp::Reply& reply) { return std::to_string(reply.code) + " " + smtp::spell(reply.text()); }

}  // namespace

Handover::Handover(std::string host, Envelope envelope, std::string content)
    : host_(std::move(host)), envelope_(std::move(envelope)), content_(std::move(content)) {}

void Handover::say(Step next, std::string octets, Actions& actions) {
  step_ = next;
  actions.push_back({.kind = Action::Kind::send, .octets = std::move(octets)});
  actions.push_back({.kind = Action::Kind::alarm, .delay = patience(next == Step::content), .alarm = ++alarm_});
}

void Handover::end(Actions& actions) {
  step_ = Step::over;
  actions.push_back({.kind = Action::Kind::close});
  actions.push_back({.kind = Action::Kind::finish});
}

// Every recipient whose fate is open shares the reply. QUIT follows where the next hop still listens.
void Handover::fail_rest(const std::string& reply, bool for_good, Actions& actions) {
  auto& list = for_good ? refused_ : deferred_;
  for (const auto& recipient : accepted_) list.push_back({recipient, reply});
  for (; next_ < envelope_.recipients.size(); ++next_) list.push_back({envelope_.recipients[next_], reply});
  accepted_.clear();
  say(Step::quit, "QUIT\r\n", actions);
}

void Handover::next_recipient(Actions& actions) {
  if (next_ < envelope_.recipients.size()) {
    const Recipient& recipient = envelope_.recipients[next_];
    std::string line = "RCPT TO:<" + recipient.address + ">";
    if (offered_.has("DSN")) {
      if (!recipient.notify.empty()) line += " NOTIFY=" + recipient.notify;
      if (!recipient.orcpt.empty()) line += " ORCPT=" + recipient.orcpt;
    }
    say(Step::rcpt, line + "\r\n", actions);
  } else if (accepted_.empty()) {
    say(Step::quit, "QUIT\r\n", actions);
  } else {
    say(Step::data, "DATA\r\n", actions);
  }
}

void Handover::take(const smtp::Reply& reply, Actions& actions) {
  const bool positive = reply.klass() == 2;
  const bool for_good = reply.klass() == 5;
  const std::string line = one_line(reply);
  switch (step_) {
    case Step::greeting:
      if (!positive) return fail_rest(line, for_good, actions);
      return say(Step::ehlo, "EHLO " + host_ + "\r\n", actions);
    case Step::ehlo:
      // RFC 5321 section 3.2: a server that does not know EHLO is spoken to with HELO.
      if (reply.code == 500 || reply.code == 502) return say(Step::helo, "HELO " + host_ + "\r\n", actions);
      [[fallthrough]];
    case Step::helo: {
      if (!positive) return fail_rest(line, for_good, actions);
      if (step_ == Step::ehlo) offered_ = smtp::capabilities(reply);
      // RFC 6152 section 3: 8-bit content never goes where 8BITMIME is not offered.
      const bool eight_bit = smtp::has_eight_bit(content_);
      if ((envelope_.unicode && !offered_.has("SMTPUTF8")) || envelope_.binary || (eight_bit && !offered_.has("8BITMIME")))
        return fail_rest("554 5.6.3 Conversion required but not supported", true, actions);
      std::string mail = "MAIL FROM:<" + envelope_.reverse_path + ">";
      if (envelope_.eight_bit && offered_.has("8BITMIME")) mail += " BODY=8BITMIME";
      if (envelope_.unicode) mail += " SMTPUTF8";
      if (offered_.has("SIZE")) mail += " SIZE=" + std::to_string(content_.size());
      if (offered_.has("DSN")) {
        if (!envelope_.ret.empty()) mail += " RET=" + envelope_.ret;
        if (!envelope_.envid.empty()) mail += " ENVID=" + envelope_.envid;
      }
      return say(Step::mail, mail + "\r\n", actions);
    }
    case Step::mail:
      if (!positive) return fail_rest(line, for_good, actions);
      return next_recipient(actions);
    case Step::rcpt:
      if (positive) accepted_.push_back(envelope_.recipients[next_]);
      else (for_good ? refused_ : deferred_).push_back({envelope_.recipients[next_], line});
      ++next_;
      return next_recipient(actions);
    case Step::data:
      if (reply.klass() != 3) return fail_rest(line, for_good, actions);
      return say(Step::content, smtp::data_octets(content_), actions);
    case Step::content:
      if (!positive) return fail_rest(line, for_good, actions);
      accepted_.clear();
      return say(Step::quit, "QUIT\r\n", actions);
    case Step::quit: return end(actions);
    case Step::over: return;
  }
}

void Handover::on(const Event& event, Actions& actions) {
  if (done()) return;
  const auto lost = [&](const std::string& why) {
    if (step_ != Step::quit) {
      for (const auto& recipient : accepted_) deferred_.push_back({recipient, why});
      for (; next_ < envelope_.recipients.size(); ++next_) deferred_.push_back({envelope_.recipients[next_], why});
    }
    end(actions);
  };
  switch (event.kind) {
    case Event::Kind::opened: actions.push_back({.kind = Action::Kind::alarm, .delay = patience(false), .alarm = ++alarm_}); break;
    case Event::Kind::octets:
      buffer_ += event.octets;
      while (auto view = parser_.next(buffer_)) {
        const smtp::Reply reply = own(*view, buffer_);
        buffer_.erase(0, view->size);
        take(reply, actions);
        if (done()) return;
      }
      break;
    case Event::Kind::alarm:
      if (event.alarm == alarm_) lost("no reply in time");
      break;
    case Event::Kind::sent: break;
    case Event::Kind::refused: lost("no connection: " + event.detail); break;
    default: lost("the connection was lost"); break;
  }
}

bool wants_failure_notice(const Recipient& recipient) {
  return recipient.notify.empty() || smtp::to_upper(recipient.notify).find("FAILURE") != std::string::npos;
}

std::string failure_notice(const std::string& host, const std::string& date, const Envelope& envelope,
                           const std::vector<Handover::Failure>& failures, const std::string& content) {
  const std::string boundary = "smtpspec-notice";
  std::string out = "From: <postmaster@" + host + ">\r\nTo: <" + envelope.reverse_path + ">\r\nDate: " + date +
                    "\r\nSubject: Message not delivered\r\nMIME-Version: 1.0\r\n" +
                    "Auto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"" + boundary +
                    "\"\r\n\r\n";
  out += "--" + boundary + "\r\n\r\nYour message was not delivered to:\r\n\r\n";
  for (const auto& failure : failures) out += "  <" + failure.recipient.address + ">: " + failure.reply + "\r\n";
  out += "\r\n--" + boundary + "\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; " + host + "\r\n";
  if (!envelope.envid.empty()) out += "Original-Envelope-Id: " + envelope.envid + "\r\n";
  for (const auto& failure : failures) {
    const auto status = smtp::parse_enhanced_code(std::string_view(failure.reply).substr(std::min<std::size_t>(4, failure.reply.size())));
    out += "\r\n";
    if (!failure.recipient.orcpt.empty()) {
      // "rfc822;alice+2Bx@b.example": the type, and the address in xtext (RFC 3461 section 4.2).
      const std::string_view orcpt = failure.recipient.orcpt;
      const std::string_view type = orcpt.substr(0, orcpt.find(';'));
      const std::string_view address = orcpt.substr(std::min(type.size() + 1, orcpt.size()));
      out += "Original-Recipient: " + std::string(type) + "; " + smtp::decode_xtext(address).value_or(std::string(address)) + "\r\n";
    }
    out += "Final-Recipient: rfc822; " + failure.recipient.address +
           "\r\nAction: failed\r\nStatus: " + (status.code ? to_string(status.code) : "5.0.0") + "\r\nDiagnostic-Code: smtp; " +
           failure.reply + "\r\n";
  }
  // The header only: a notice never grows with what it is about.
  const std::size_t end = content.find("\r\n\r\n");
  out += "\r\n--" + boundary + "\r\nContent-Type: text/rfc822-headers\r\n\r\n" + content.substr(0, end == std::string::npos ? 0 : end + 2) +
         "\r\n--" + boundary + "--\r\n";
  return out;
}

}  // namespace smtpspec::serve
