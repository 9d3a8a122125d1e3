// The end of a connection (RFC 5321 sections 3.8 and 4.1.1.10): who ends it, when, and what is said behind it.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

// The connection ends behind the reply to the n-th input that `is` names, without a 421.
template <typename Is>  // bool(Input)
void close_behind(Seams& seams, int n, Is is) {
  on_rows(seams, [n, is, count = std::make_shared<int>(0)](const Context&, Input input, Row& row) {
    if (is(input) && ++*count == n) row.next = Next::closed;
  });
}

// The server does not live on: new connections end without a greeting.
void die(Seams& seams, const Shared& shared) {
  on_rows(seams, [&shared](const Context&, Input input, Row& row) {
    if (shared.count > 0 && input == Input::greeting) row.next = Next::closed;
  });
  on_reply(seams, Input::greeting, [&shared](const Context&, std::string& reply) {
    if (shared.count > 0) reply.clear();
  });
}

// The silence that the server allows in a state.
void allow_silence(Seams& seams, State state, smtp::Duration most) {
  seams.idle = [state, most](const Context& context, smtp::Duration lawful) { return context.state == state ? most : lawful; };
}

// What comes to pass with a line or a content that kills the server's process: the connection ends without a reply.
template <typename Kills>  // bool(const Context&, const Transaction&, std::string_view line, Input)
auto crash(Kills kills) {
  return [kills](Seams& seams, Shared&) {
    const auto dead = std::make_shared<bool>(false);
    on_input(seams, [dead, kills](const Context& context, const Transaction& transaction, std::string_view line, Input lawful) {
      *dead = kills(context, transaction, line, lawful);
      return lawful;
    });
    on_rows(seams, [dead](const Context&, Input, Row& row) {
      if (*dead) row.next = Next::closed;
    });
    on_octets(seams, [dead](std::string& reply) {
      if (*dead) reply.clear();
    });
  };
}

}  // namespace

std::vector<Fault> closing_faults() {
  return {
      // --- QUIT
      subtle({"closing/quit-unanswered-behind-message", "RFC5321-4.1.1.10-1", "behind a message, QUIT closes the connection without a 221",
              [](Seams& seams, Shared&) {
                const auto had = std::make_shared<bool>(false);
                on_after(seams, [had](const Context&, Input input, Context&) {
                  *had = *had || input == Input::content || input == Input::last_chunk;
                });
                on_reply(seams, Input::quit, [had](const Context&, std::string& reply) {
                  if (*had) reply.clear();
                });
              }}),
      subtle({"closing/line-behind-221", "RFC5321-4.1.1.10-P2",
              "the 221 to a QUIT inside a transaction is followed by a word about the transaction",
              [](Seams& seams, Shared&) {
                on_reply(seams, Input::quit, [](const Context& context, std::string& reply) {
                  if (in_transaction(context.state)) reply += "250 2.0.0 Transaction dropped\r\n";
                });
              }}),
      subtle({"closing/open-behind-221-in-tls", "RFC5321-4.1.1.10-1", "inside TLS, QUIT gets its 221 and the connection stays open",
              [](Seams& seams, Shared&) {
                on_row(seams, Input::quit, [](const Context& context, Row& row) {
                  if (context.tls) row.next = Next::stay;
                });
              }}),
      subtle({"closing/answers-behind-quit", "RFC5321-4.1.1.10-P2", "commands behind QUIT in its segment are answered too",
              [](Seams& seams, Shared&) {
                const auto commands = std::make_shared<std::size_t>(0);
                seams.flush = [commands](const Context&, Input input, std::string_view unread) {
                  if (input == Input::quit) *commands = static_cast<std::size_t>(std::count(unread.begin(), unread.end(), '\n'));
                  return std::size_t{0};
                };
                seams.release = [commands](const Context&, std::string& held, std::string_view) {
                  for (std::size_t i = std::exchange(*commands, 0); i > 0; --i) held += "250 2.0.0 OK\r\n";
                  return std::exchange(held, {});
                };
              }}),
      subtle({"closing/quit-drops-replies", "RFC5321-4.2-1", "of a group that ends in QUIT, only QUIT is answered",
              [](Seams& seams, Shared&) {
                seams.release = [](const Context& context, std::string& held, std::string_view) {
                  const std::size_t last = held.rfind("\r\n221 ");
                  return std::exchange(held, {}).substr(context.state == State::closed && last != std::string::npos ? last + 2 : 0);
                };
              }}),

      // --- closed without QUIT
      {"closing/two-unknown-verbs", "RFC5321-3.8-P1", "the second unknown verb of a session gets its 500 and ends the connection",
       [](Seams& seams, Shared&) { close_behind(seams, 2, [](Input input) { return input == Input::unknown_verb; }); }},
      subtle({"closing/three-refusals", "RFC5321-4.1.1.10-2", "the third MAIL or RCPT that is refused in a session ends the connection",
              [](Seams& seams, Shared&) {
                close_behind(seams, 3, [](Input input) {
                  return (Input::mail < input && input <= Input::mail_refused) || (Input::rcpt < input && input <= Input::rcpt_refused);
                });
              }}),
      subtle({"closing/three-rsets", "RFC5321-4.1.1.5-3", "the third RSET of a session gets its 250 and ends the connection",
              [](Seams& seams, Shared&) { close_behind(seams, 3, [](Input input) { return input == Input::rset; }); }}),
      subtle({"closing/two-messages", "RFC5321-3.8-1", "the second message of a session gets its 250 and ends the connection",
              [](Seams& seams, Shared&) {
                close_behind(seams, 2, [](Input input) { return input == Input::content || input == Input::last_chunk; });
              }}),
      subtle({"closing/two-failed-logins", "RFC4954-9-3", "the second login that fails in a session ends the connection",
              [](Seams& seams, Shared&) { close_behind(seams, 2, [](Input input) { return input == Input::auth_failure; }); }}),
      subtle({"closing/two-cancelled-logins", "RFC4954-4-6", "the second login that is cancelled in a session ends the connection",
              [](Seams& seams, Shared&) { close_behind(seams, 2, [](Input input) { return input == Input::auth_cancelled; }); }}),
      subtle({"closing/nul", "RFC3030-2-13", "a NUL in a command line ends the connection without a reply",
              [](Seams& seams, Shared&) {
                const auto has_nul = std::make_shared<bool>(false);
                on_input(seams, [has_nul](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  *has_nul = line.find('\0') != line.npos;
                  return lawful;
                });
                on_rows(seams, [has_nul](const Context&, Input, Row& row) {
                  if (*has_nul) row.next = Next::closed;
                });
                on_octets(seams, [has_nul](std::string& reply) {
                  if (*has_nul) reply.clear();
                });
              }}),
      {"closing/half-a-minute-for-hello", "RFC5321-4.5.3.2.7-1", "a client that is silent for half a minute behind the greeting gets 421",
       [](Seams& seams, Shared&) { allow_silence(seams, State::greeted, std::chrono::seconds(30)); }},
      subtle({"closing/two-minutes-inside-data", "RFC5321-4.5.3.2.7-1", "a client that is silent for two minutes inside the data gets 421",
              [](Seams& seams, Shared&) { allow_silence(seams, State::data, std::chrono::minutes(2)); }}),

      // --- the client's end, and what outlives it
      subtle({"closing/end-completes-data", "RFC5321-4.1.1.4-P2", "the end of the client's octets ends the data like a final dot",
              [](Seams& seams, Shared&) {
                seams.at_end = [](const Context& context, std::string_view) {
                  return std::string(context.state == State::data ? "\r\n.\r\n" : "");
                };
              }}),
      subtle({"closing/end-completes-command", "RFC5321-2.4-P2", "the end of the client's octets ends a command like CRLF",
              [](Seams& seams, Shared&) {
                seams.at_end = [](const Context& context, std::string_view unread) {
                  return std::string(context.state != State::data && !unread.empty() ? "\r\n" : "");
                };
              }}),
      subtle({"closing/failed-handshake-is-fatal", "RFC3207-4.2-P2", "behind a TLS handshake that failed, the server takes no connection",
              [](Seams& seams, Shared& shared) {
                const auto begun = std::make_shared<bool>(false);
                on_row(seams, Input::starttls, [begun](const Context&, Row& row) { *begun = row.next == Next::tls; });
                on_after(seams, [begun](const Context&, Input input, Context&) {
                  if (input == Input::starttls) *begun = false;
                });
                when_over(seams, [begun, &shared] { shared.count += std::exchange(*begun, false); });
                die(seams, shared);
              }}),
      subtle({"closing/loss-inside-data-is-fatal", "RFC5321-4.5.4.2-1",
              "behind a connection that was lost inside the data, the server takes none",
              [](Seams& seams, Shared& shared) {
                const auto inside = std::make_shared<bool>(false);
                on_after(seams, [inside](const Context&, Input, Context& next) { *inside = next.state == State::data; });
                when_over(seams, [inside, &shared] { shared.count += std::exchange(*inside, false); });
                die(seams, shared);
              }}),

      // --- lines that kill
      subtle({"closing/octet-ff", "RFC3030-2-13", "the octet 0xFF in a command is taken for the end of the file, and the connection ends",
              crash([](const Context& context, const Transaction&, std::string_view line, Input input) {
                return is_command(context, input) && line.find('\xff') != line.npos;
              })}),
      subtle({"closing/percent-n", "RFC5321-4.1.1.10-2", "an unknown command is the format of its own log line, so that %n in it kills",
              crash([](const Context& context, const Transaction&, std::string_view line, Input input) {
                return is_command(context, input) && input == Input::unknown_verb && line.find("%n") != line.npos;
              })}),
      subtle({"closing/long-verb", "RFC5321-4.1.1.10-2",
              "an unknown verb of more than 255 octets overruns its buffer, and the connection ends",
              crash([](const Context& context, const Transaction&, std::string_view line, Input input) {
                return is_command(context, input) && input == Input::unknown_verb && std::min(line.find(' '), line.size()) > 255;
              })}),
      subtle({"closing/brackets-in-header", "RFC5321-4.1.1.10-2",
              "empty brackets by the dozen in an address of the header overrun a buffer, and the connection ends behind the final dot",
              crash([](const Context&, const Transaction& transaction, std::string_view, Input input) {
                constexpr std::string_view pairs = "<><><><><><><><><><><><><><><><><><><><><><><><>";
                return input == Input::content && transaction.content.find(pairs) != std::string::npos;
              })}),

      // --- spellings and numbers
      subtle({"closing/quit-in-small-letters", "RFC5321-4.1.1.10-1", "quit in small letters gets its 221, and the connection stays open",
              [](Seams& seams, Shared&) {
                const auto small = std::make_shared<bool>(false);
                on_input(seams, [small](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  *small = line.starts_with("quit");
                  return lawful;
                });
                on_row(seams, Input::quit, [small](const Context&, Row& row) {
                  if (*small) row.next = Next::stay;
                });
              }}),
      subtle({"closing/fifty-noops", "RFC5321-3.8-1", "the fiftieth NOOP of a session gets its 250 and ends the connection",
              [](Seams& seams, Shared&) { close_behind(seams, 50, [](Input input) { return input == Input::noop; }); }}),

      subtle({"closing/ten-messages", "RFC5321-3.8-1", "the tenth message of a session gets its 250 and ends the connection",
              [](Seams& seams, Shared&) {
                close_behind(seams, 10, [](Input input) { return input == Input::content || input == Input::last_chunk; });
              }}),
  };
}

}  // namespace smtpspec::faults
