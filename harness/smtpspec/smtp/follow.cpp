#include "smtpspec/smtp/follow.hpp"

#include <algorithm>

#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::smtp {
namespace {

using Inputs = std::vector<Input>;
using enum Input;

constexpr std::size_t line_limit = 512;  // RFC 5321 section 4.5.3.1.4

// A mailbox that no server can have a syntax of its own for.
bool is_plain(const Path& path, std::string_view line) {
  return path.null || (!path.quoted && path.route.empty() && path.domain_kind == DomainKind::name &&
                       path.domain.in(line).find('.') != std::string_view::npos);
}

// What a command may be to a server that the client cannot look into. A line that breaks the grammar may be taken all the
// same, and one with parameters is a matter of the extensions' own cases; none: nobody can tell.
Inputs inputs_of(std::string_view line, const Capabilities& offered) {
  if (has_eight_bit(line) || std::any_of(line.begin(), line.end(), [](char c) { return is_control(c); })) return {};
  const Command command = parse_command(line);
  Inputs out;
  const auto add = [&out](std::initializer_list<Input> more) { out.insert(out.end(), more); };
  const auto good_or = [&](std::initializer_list<Input> good, Input bad) {
    add(good);
    if (!command) out.push_back(bad);
  };
  const auto unless_offered = [&](std::string_view keyword) {
    if (!offered.has(keyword)) add({unknown_verb, not_implemented});
  };
  if (line.size() + 2 > line_limit) out.push_back(too_long_line);
  const bool plain = command && command.params.empty() && is_plain(command.path, line);
  switch (command.verb) {
    case Verb::ehlo: good_or({ehlo, ehlo_refused}, ehlo_syntax); break;
    case Verb::helo: good_or({helo, helo_refused}, helo_syntax); break;
    case Verb::mail:
      add({mail, mail_refused});
      if (!plain) add({mail_syntax, mail_unknown_parameter, mail_bad_parameter, mail_too_big});
      break;
    case Verb::rcpt:
      add({rcpt, rcpt_no_mailbox, rcpt_no_relay, rcpt_too_many, rcpt_refused});
      if (!plain) add({rcpt_syntax, rcpt_unknown_parameter, rcpt_bad_parameter});
      break;
    case Verb::data: good_or({data, data_refused, data_binary}, data_argument); break;
    case Verb::bdat:
      if (!command) out.push_back(chunk_syntax);
      if (!command || !command.last) out.push_back(chunk);
      if (!command || command.last) out.push_back(last_chunk);
      add({chunk_too_big, last_chunk_refused, last_chunk_not_stored});
      unless_offered("CHUNKING");
      break;
    case Verb::rset: good_or({rset}, rset_argument); break;
    case Verb::noop: add({noop}); break;
    case Verb::help: add({help}); break;
    case Verb::quit: good_or({quit}, quit_argument); break;
    case Verb::vrfy: add({vrfy, vrfy_no_mailbox, vrfy_foreign, vrfy_syntax}); break;
    case Verb::expn: add({expn, expn_no_list, expn_syntax}); break;
    case Verb::starttls:
      good_or({starttls}, starttls_argument);
      unless_offered("STARTTLS");
      break;
    case Verb::auth:
      add({auth_challenge, auth_success, auth_failure, auth_malformed, auth_no_mechanism, auth_syntax, auth_initial, auth_too_long});
      unless_offered("AUTH");
      break;
    case Verb::unknown:
      if (command.fault == CommandFault::empty) add({empty_line});
      else if (to_upper(line.substr(0, 1)) != "X") add({unknown_verb, not_implemented});
      break;
    case Verb::lhlo:
    case Verb::etrn: add({unknown_verb, not_implemented}); break;
  }
  return out;
}

// Whether the model is silent on what a server may do: a relay that offers AUTH to its customers has rows of its own.
bool is_private(std::string_view line, Role role, const Capabilities& offered) {
  const Verb verb = parse_command(line).verb;
  return (verb == Verb::etrn && offered.has("ETRN")) || (verb == Verb::auth && role == Role::relay && offered.has("AUTH"));
}

// Where a lawful reply leads. Where the reference server refuses and this one accepted, as if it were a state in which
// acceptance is the rule.
Context led(const Context& context, Input input, int code) {
  const Row& row = model_row(context, input);
  const bool accepts = code < 400;
  if ((row.reply.code < 400) == accepts) return after(context, row);
  if (!accepts) return context;
  // The row of this very input, or else of what the verb means in this state, or else of the verb.
  const auto likeness = [&](const Row& other) {
    if (verb_of(other.first) != verb_of(input) || other.reply.code >= 400) return 0;
    return other.first == input ? 3 : fits(other, context, other.first) ? 2 : 1;
  };
  const auto accepting = std::max_element(model_table().begin(), model_table().end(),
                                          [&](const Row& one, const Row& two) { return likeness(one) < likeness(two); });
  return likeness(*accepting) > 0 ? after(context, *accepting) : context;
}

// What a code says of AUTH by itself: a challenge is none but 334, and a success none but 235.
bool denies(int code, Input input) {
  return verb_of(input) == "AUTH" && ((code == 334 && input != auth_challenge) || (code == 235 && input != auth_success));
}

// Who may submit without TLS or a login is the site's affair: a server may see a stranger in any of these lights.
std::vector<Context> lights(const Context& context, std::string_view verb) {
  std::vector<Context> out = {context};
  if (context.role == Role::relay || verb == "STARTTLS" || verb == "AUTH") return out;
  Context trusted = context;
  trusted.tls = true;
  if (!context.tls) out.push_back(trusted);
  trusted.authenticated = true;
  if (!context.authenticated) out.push_back(trusted);
  return out;
}

}  // namespace

Follower::Follower(Role role) : contexts_{{.role = role, .state = State::connected, .tls = role == Role::submissions}} {}

void Follower::tls_up() {
  if (contexts_.empty() || contexts_.front().state == State::connected) return;  // TLS from the first octet changes nothing
  contexts_ = {{.role = contexts_.front().role, .state = State::greeted, .tls = true}};
  offered_ = {};
}

Followed Follower::take(Asked asked, std::string_view line, int code) {
  if (contexts_.empty()) return {};
  const bool in_exchange = std::any_of(contexts_.begin(), contexts_.end(), [](const Context& c) { return c.state == State::auth; });
  Inputs inputs;
  if (asked == Asked::greeting) inputs = {greeting, greeting_too_many, greeting_refused};
  else if (asked == Asked::content) inputs = {content, content_too_big, content_refused, content_not_stored};
  else if (in_exchange && line == "*") inputs = {auth_cancelled};
  else if (in_exchange) inputs = {auth_challenge, auth_success, auth_failure, auth_malformed, auth_too_long};
  else if (!is_private(line, contexts_.front().role, offered_)) inputs = inputs_of(line, offered_);
  return take(inputs, code);
}

Followed Follower::take(std::span<const Input> inputs, int code) {
  if (contexts_.empty()) return {};
  Followed out{.state = contexts_.front().state};
  if (inputs.empty() || code == 421) {
    lose();
    return out;
  }
  const std::string_view verb = verb_of(inputs.front());
  const bool chunked = std::any_of(contexts_.begin(), contexts_.end(), [](const Context& c) { return c.state == State::bdat; });
  std::vector<Context> next;
  const auto keep = [&next](const Context& context) {
    if (std::find(next.begin(), next.end(), context) == next.end()) next.push_back(context);
  };
  out.lawfulness = Lawfulness::unlawful;
  for (const Context& context : contexts_)
    for (const Input input : inputs) {
      if (denies(code, input)) continue;
      for (const Context& light : lights(context, verb_of(input))) {
        const Lawfulness lawful = lawfulness(light, input, code);
        if (lawful > out.lawfulness || lawful == Lawfulness::unlawful) continue;
        if (lawful < out.lawfulness) next.clear();
        out.lawfulness = lawful;
        Context after = led(light, input, code);
        if (light != context) {
          after.tls = context.tls;
          after.authenticated = context.authenticated;
        }
        keep(after);
        // A login before any EHLO is no EHLO.
        if (verb_of(input) == "AUTH" && after.state == State::ready && !after.extended) {
          after.state = State::greeted;
          keep(after);
        }
      }
    }
  const Row& row = model_row(contexts_.front(), inputs.front());
  out.lawful = row.passes;
  out.law = row.law;
  if (code / 100 == 4) {
    if (out.lawfulness != Lawfulness::lawful)
      for (const Context& context : contexts_) keep(context);
    out.lawfulness = Lawfulness::lawful;
  }
  contexts_ = std::move(next);  // none behind an unlawful reply: one accusation a session
  // RFC 3030 section 2 leaves open what becomes of the transaction, and of the chunks that are on their way.
  if (code >= 400 && (verb == "BDAT" || (verb == "DATA" && chunked))) lose();
  return out;
}

}  // namespace smtpspec::smtp
