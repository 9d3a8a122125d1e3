// AUTH and STARTTLS: verdicts, base64, the exchange, what holds before and inside TLS.
#include <algorithm>
#include <optional>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Command;
using smtp::CommandFault;
using smtp::Role;

smtp::Credentials account() { return serve::Config{}.account; }

// The parts, NULs between them, of what a line brings to the exchange: an initial response of PLAIN, or a response.
std::vector<std::string> parts_of(const Context& context, std::string_view line) {
  if (context.state != State::auth) {
    const Command command = smtp::parse_command(line);
    if (!command.initial || !smtp::iequals(command.mechanism.in(line), "PLAIN")) return {};
    line = command.initial->in(line);
  }
  const auto message = smtp::decode_base64(line);
  if (!message) return {};
  std::vector<std::string> out(1);
  for (const char c : *message) c == '\0' ? out.emplace_back() : out.back() += c;
  return out;
}

// A message of PLAIN that is judged in another way: `judge` is asked where the lawful verdict is `lawful`.
template <typename Judge>  // bool(const std::vector<std::string>& parts)
auto judge_plain(Input lawful, Input verdict, Judge judge) {
  return [lawful, verdict, judge](Seams& seams, Shared&) {
    on_input(seams, [lawful, verdict, judge](const Context& context, const Transaction&, std::string_view line, Input input) {
      return input == lawful && judge(parts_of(context, line)) ? verdict : input;
    });
  };
}

// A line of the exchange that fits gets no reply, and the state is another.
template <typename Fits>  // bool(std::string_view line, Input)
auto unanswered(Next next, Fits fits) {
  return [next, fits](Seams& seams, Shared&) {
    const auto here = std::make_shared<bool>(false);
    on_input(seams, [fits, here](const Context& context, const Transaction&, std::string_view line, Input lawful) {
      *here = context.state == State::auth && fits(line, lawful);
      return lawful;
    });
    on_rows(seams, [next, here](const Context&, Input, Row& row) {
      if (*here) row.next = next;
    });
    on_octets(seams, [here](std::string& reply) {
      if (*here) reply.clear();
    });
  };
}

}  // namespace

std::vector<Fault> auth_faults() {
  return {
      {"auth/clear-on-465", "RFC8314-3.3-P3", "the port where TLS comes first is served in clear",
       [](Seams& seams, Shared&) { seams.tls_first = [](const Context&, bool) { return false; }; }},

      // --- verdicts on PLAIN
      subtle({"auth/empty-password", "RFC4616-2-7", "a user with an empty password is logged in, as by an unauthenticated bind of LDAP",
              judge_plain(Input::auth_failure, Input::auth_success,
                          [](const auto& parts) { return parts.size() == 3 && parts[1] == account().user && parts[2].empty(); })}),
      subtle({"auth/eight-octets-of-password", "RFC4954-4-21", "a password is compared in its first eight octets, as by crypt",
              judge_plain(Input::auth_failure, Input::auth_success,
                          [](const auto& parts) {
                            return parts.size() == 3 && parts[1] == account().user &&
                                   parts[2].substr(0, 8) == account().password.substr(0, 8);
                          })}),
      subtle({"auth/three-nuls", "RFC4616-2-3", "what follows a third NUL in a PLAIN message is not seen",
              judge_plain(
                  Input::auth_malformed, Input::auth_success,
                  [](const auto& parts) { return parts.size() > 3 && parts[1] == account().user && parts[2] == account().password; })}),
      subtle({"auth/one-nul", "RFC4616-2-3", "a PLAIN message of user and password alone is taken",
              judge_plain(
                  Input::auth_malformed, Input::auth_success,
                  [](const auto& parts) { return parts.size() == 2 && parts[0] == account().user && parts[1] == account().password; })}),
      subtle({"auth/long-names", "RFC4616-2-4", "a PLAIN message with a part of more than 128 octets is malformed",
              judge_plain(Input::auth_failure, Input::auth_malformed,
                          [](const auto& parts) {
                            return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.size() > 128; });
                          })}),

      // --- base64
      subtle({"auth/foreign-characters", "RFC4954-4-14", "characters that are not of base64 are left out",
              [](Seams& seams, Shared&) {
                seams.response = [](std::string_view base64, const std::optional<std::string>&) {
                  std::string text(base64);
                  std::erase_if(text, [](char c) { return !smtp::is_alnum(c) && c != '+' && c != '/' && c != '='; });
                  return smtp::decode_base64(text);
                };
              }}),
      subtle({"auth/equals-inside", "RFC4954-4-14", "base64 ends at its first padding, and what follows is not seen",
              [](Seams& seams, Shared&) {
                seams.response = [](std::string_view base64, const std::optional<std::string>& lawful) {
                  const std::size_t pad = base64.find('=');
                  return pad == base64.npos ? lawful : smtp::decode_base64(base64.substr(0, (pad / 4 + 1) * 4));
                };
              }}),

      // --- challenges and initial responses
      subtle({"auth/empty-initial-response", "RFC4954-4-9", "a lone equals sign is taken for no initial response",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::auth_malformed, Input::auth_challenge,
                         [](const Command& c, std::string_view line) { return c.initial && c.initial->in(line) == "="; });
              }}),
      {"auth/initial-response-ignored", "RFC4954-4-1", "PLAIN asks for a response although an initial one was there",
       [](Seams& seams, Shared&) {
         on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
           const bool judged = lawful == Input::auth_success || lawful == Input::auth_failure;
           return judged && context.state != State::auth && !parts_of(context, line).empty() ? Input::auth_challenge : lawful;
         });
       }},
      {"auth/initial-response-of-cram-md5", "RFC4954-4-10", "CRAM-MD5 passes over an initial response and sends its challenge",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::auth_initial, Input::auth_challenge,
                  [](const Command& c, std::string_view line) { return smtp::iequals(c.mechanism.in(line), "CRAM-MD5"); });
         on_answer(seams, Input::auth_challenge, [nonce = seams.nonce](std::string_view line, Saying& saying) {
           const Command command = smtp::parse_command(line);
           if (command.initial && smtp::iequals(command.mechanism.in(line), "CRAM-MD5"))
             saying.lines.front() = smtp::encode_base64("<" + nonce() + "@smtpspec>");
         });
       }},
      subtle({"auth/challenge-of-plain", "RFC4954-4-7", "PLAIN without an initial response is asked by a challenge that is not empty",
              [](Seams& seams, Shared&) {
                on_saying(seams, Input::auth_challenge, [](Saying& saying) {
                  if (saying.code == 334 && saying.lines.front().empty()) saying.lines.front() = smtp::encode_base64("PLAIN message:");
                });
              }}),
      {"auth/challenge-in-words", "RFC4954-4-5", "the challenges of LOGIN are sent as they are, not in base64",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::auth_challenge, [](Saying& saying) {
           for (const char* words : {"Username:", "Password:"})
             if (saying.lines.front() == smtp::encode_base64(words)) saying.lines.front() = words;
         });
       }},
      {"auth/no-blank-behind-334", "RFC4954-4-P3", "an empty challenge is sent as the code alone",
       [](Seams& seams, Shared&) {
         on_reply(seams, Input::auth_challenge, [](const Context&, std::string& reply) {
           if (reply == "334 \r\n") reply = "334\r\n";
         });
       }},
      subtle({"auth/mechanism-in-small-letters", "RFC4954-8-1", "mechanisms are known in capitals only",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  if (!is_auth(lawful) || context.state == State::auth) return lawful;
                  const std::string_view mechanism = smtp::parse_command(line).mechanism.in(line);
                  return mechanism != smtp::to_upper(mechanism) ? Input::auth_no_mechanism : lawful;
                });
              }}),
      subtle({"auth/third-argument", "RFC4954-4-P7", "what follows the initial response of AUTH is not seen",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  if (lawful != Input::auth_syntax || smtp::parse_command(line).fault != CommandFault::bad_initial_response) return lawful;
                  const auto parts = parts_of(context, line.substr(0, line.find(' ', line.find(' ', line.find(' ') + 1) + 1)));
                  return parts.size() == 3 && parts[1] == account().user && parts[2] == account().password ? Input::auth_success
                                                                                                           : Input::auth_failure;
                });
              }}),

      // --- the exchange and what follows it
      subtle({"auth/star-is-a-password", "RFC4954-4-6",
              "an asterisk cancels the exchange at its first challenge, and is a response like others at its second",
              [](Seams& seams, Shared&) {
                on_input(seams, [challenges = 0](const Context& context, const Transaction&, std::string_view, Input lawful) mutable {
                  if (context.state != State::auth) challenges = 0;
                  challenges += lawful == Input::auth_challenge;
                  return lawful == Input::auth_cancelled && challenges > 1 ? Input::auth_failure : lawful;
                });
              }}),
      subtle({"auth/lines-of-512",
              "RFC4954-4-15",
              "lines of the exchange may have 512 octets, as those of commands",
              {},
              [](serve::Config& config) { config.auth_line = 512; }}),
      subtle({"auth/long-response-goes-on", "RFC4954-4-P4",
              "a response that fills the buffer fails there and then, and its rest is a command",
              [](Seams& seams, Shared&) { seams.cuts_long_line = [](const Context& context) { return context.state == State::auth; }; }}),
      subtle({"auth/plain-before-tls", "RFC4616-5-1", "PLAIN is not offered before TLS, and taken all the same",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  if (lawful != Input::auth_challenge || context.role != Role::submission || context.tls) return lawful;
                  const auto parts = parts_of(context, line);
                  if (parts.size() != 3) return lawful;
                  return parts[1] == account().user && parts[2] == account().password ? Input::auth_success : Input::auth_failure;
                });
                for (const Input verdict : {Input::auth_success, Input::auth_failure})
                  on_row(seams, verdict, [verdict](const Context& context, Row& row) {
                    Context covered = context;
                    covered.tls = true;
                    if (!context.tls && context.state == State::ready) row = smtp::model_row(covered, verdict);
                  });
              }}),
      subtle({"auth/bounce-without-login", "RFC6409-4.3-1", "the null reverse-path is taken from a client that has not logged in",
              [](Seams& seams, Shared&) {
                const auto null = std::make_shared<bool>(false);
                on_input(seams, [null](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  *null = lawful == Input::mail && smtp::parse_command(line, {.utf8 = true}).path.null;
                  return lawful;
                });
                on_row(seams, Input::mail, [null](const Context& context, Row& row) {
                  Context known = context;
                  known.authenticated = true;
                  if (*null) row = smtp::model_row(known, Input::mail);
                });
              }}),

      // --- the AUTH parameter
      subtle({"auth/nobody-in-parameter", "RFC4954-5-2", "AUTH=<> in MAIL is refused, since it names no mailbox",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_bad_parameter, [](const Command& c, std::string_view line) {
                  const smtp::Param* param = c.param(line, "AUTH");
                  return param && param->value.in(line) == "<>";
                });
              }}),
      {"auth/any-xtext", "RFC4954-5-P1", "the AUTH parameter of MAIL is taken with any value",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_bad_parameter, Input::mail, [](const Command& c, std::string_view line) {
           return c.param(line, "AUTH") == &c.params[static_cast<std::size_t>(smtp::mail_params(c, line).bad)];
         });
       }},

      // --- STARTTLS
      {"auth/starttls-with-argument", "RFC3207-4-P2", "STARTTLS passes over its argument",
       [](Seams& seams, Shared&) { take_for(seams, Input::starttls_argument, Input::starttls); }},
      subtle({"auth/blank-line-before-tls", "RFC3207-4-P4", "an empty line goes out in clear behind the reply to STARTTLS",
              [](Seams& seams, Shared&) {
                on_reply(seams, Input::starttls, [](const Context&, std::string& reply) {
                  if (reply.starts_with("220")) reply += "\r\n";
                });
              }}),
      {"auth/second-greeting", "RFC3207-4.2-P1", "the server greets again behind the handshake of STARTTLS",
       [](Seams& seams, Shared&) {
         // A line that nobody sent wakes the server inside TLS, and what it says to that is the greeting.
         const auto due = std::make_shared<bool>(false);
         on_row(seams, Input::starttls, [due](const Context&, Row& row) { *due = row.next == Next::tls; });
         seams.behind_starttls = [due](const std::string&) { return *due ? "\r\n" : ""; };
         on_input(seams, [due](const Context& context, const Transaction&, std::string_view, Input lawful) {
           return context.tls && std::exchange(*due, false) ? Input::greeting : lawful;
         });
         on_row(seams, Input::greeting, [](const Context& context, Row& row) {
           if (context.state == State::connected) return;
           row = smtp::model_row({.role = context.role}, Input::greeting);
           row.next = Next::stay;
         });
       }},
      subtle({"auth/rset-forgets-tls", "RFC3207-4.2-5",
              "behind a RSET the server no longer knows that TLS is active, and takes STARTTLS again",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context&, Input input, Context& next) {
                  if (input == Input::rset && next.role != Role::submissions) next.tls = false;
                });
              }}),

      // --- passwords, names and encodings that are nearly right
      subtle({"auth/longer-password", "RFC4954-4-21", "a password that goes on behind the right one is taken",
              judge_plain(Input::auth_failure, Input::auth_success,
                          [](const auto& parts) {
                            return parts.size() == 3 && parts[1] == account().user && parts[2].starts_with(account().password);
                          })}),
      subtle({"auth/beginning-of-password", "RFC4954-4-21",
              "a password is compared as far as the client gave it, so that its first octet is enough",
              judge_plain(Input::auth_failure, Input::auth_success,
                          [](const auto& parts) {
                            return parts.size() == 3 && parts[1] == account().user && !parts[2].empty() &&
                                   account().password.starts_with(parts[2]);
                          })}),
      subtle({"auth/no-padding", "RFC4954-4-12", "base64 is taken without its padding",
              [](Seams& seams, Shared&) {
                seams.response = [](std::string_view base64, const std::optional<std::string>& lawful) {
                  if (lawful || base64.find('=') != base64.npos) return lawful;
                  return smtp::decode_base64(std::string(base64) + std::string((4 - base64.size() % 4) % 4, '='));
                };
              }}),
      subtle({"auth/beginning-of-mechanism", "RFC4954-4-P1", "a word that begins with PLAIN or LOGIN is taken for that mechanism",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::auth_no_mechanism, Input::auth_challenge, [](const Command& c, std::string_view line) {
                  const std::string_view name = c.mechanism.in(line);
                  return smtp::istarts_with(name, "PLAIN") || smtp::istarts_with(name, "LOGIN");
                });
              }}),
      subtle({"auth/one-mechanism-a-session", "RFC4954-4-P6", "behind a login that failed, other mechanisms than its own are unknown",
              [](Seams& seams, Shared&) {
                on_input(seams, [tried = std::string(), failed = std::string()](const Context& context, const Transaction&,
                                                                                std::string_view line, Input lawful) mutable {
                  if (!is_auth(lawful)) return lawful;
                  if (context.state != State::auth) tried = smtp::to_upper(smtp::parse_command(line).mechanism.in(line));
                  if (context.state == State::ready && !failed.empty() && tried != failed) return Input::auth_no_mechanism;
                  if (lawful == Input::auth_failure) failed = tried;
                  return lawful;
                });
              }}),
      subtle({"auth/empty-response-unanswered", "RFC5321-4.2-1", "an empty line in the exchange gets no reply",
              unanswered(Next::stay, [](std::string_view line, Input input) { return line.empty() && is_auth(input); })}),
      subtle({"auth/three-of-four", "RFC4954-4-12",
              "a response that is one character short of whole groups of four overruns its buffer, and the connection ends",
              unanswered(Next::closed,
                         [](std::string_view line, Input input) { return input == Input::auth_malformed && line.size() % 4 == 3; })}),
      {"auth/status-of-530", "RFC4954-6-1", "the demand for a login has the enhanced code of another refusal",
       [](Seams& seams, Shared&) {
         on_rows(seams, [](const Context& context, Input, Row& row) {
           if (context.tls && row.reply.code == 530) row.reply.status = "5.7.1";
         });
       }},
      subtle({"auth/status-of-long-response", "RFC4954-4-16",
              "a response that is too long is refused by the enhanced code of a long command",
              [](Seams& seams, Shared&) {
                on_row(seams, Input::auth_too_long, [](const Context&, Row& row) {
                  if (row.reply.code == 500) row.reply.status = "5.5.2";
                });
              }}),

      subtle({"auth/nobody", "RFC4616-2-7", "a PLAIN message with neither user nor password logs in, as by an anonymous bind of LDAP",
              [](Seams& seams, Shared& shared) {
                for (const Input refusal : {Input::auth_failure, Input::auth_malformed})
                  judge_plain(refusal, Input::auth_success,
                              [](const auto& parts) { return parts.size() == 3 && parts[1].empty() && parts[2].empty(); })(seams, shared);
              }}),
      subtle({"auth/quit-in-exchange", "RFC4954-4-21", "a response that reads QUIT is the command, although it is base64",
              [](Seams& seams, Shared&) {
                const auto quit = std::make_shared<bool>(false);
                on_input(seams, [quit](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  *quit = context.state == State::auth && is_auth(lawful) && smtp::iequals(line, "QUIT");
                  return *quit ? Input::quit : lawful;
                });
                on_row(seams, Input::quit, [quit](const Context& context, Row& row) {
                  if (*quit) row = row_in(State::ready, context, Input::quit);
                });
              }}),
  };
}

}  // namespace smtpspec::faults
