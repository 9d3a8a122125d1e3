#include "smtpspec/smtp/model.hpp"

#include <array>

namespace smtpspec::smtp {
namespace {

constexpr std::uint16_t bit(State state) { return static_cast<std::uint16_t>(1u << static_cast<unsigned>(state)); }
constexpr std::uint16_t in_greeted = bit(State::greeted), in_ready = bit(State::ready), in_mail = bit(State::mail),
                        in_rcpt = bit(State::rcpt), in_data = bit(State::data), in_bdat = bit(State::bdat), in_auth = bit(State::auth);
constexpr std::uint16_t in_transaction = in_mail | in_rcpt | in_bdat;
constexpr std::uint16_t in_command = in_greeted | in_ready | in_transaction;  // every state in which a command is read
constexpr std::uint16_t in_anywhere = in_command | in_data | in_auth;

using enum Input;
constexpr std::string_view bad_sequence = "503 5.5.1 Bad sequence of commands";
constexpr std::string_view tls_first = "530 5.7.0 Must issue a STARTTLS command first";
constexpr std::string_view login_first = "530 5.7.0 Authentication required";

// clang-format off: one row a line, whatever its length
// The first row whose states, condition and input fit is the one that counts.
constexpr std::array rows = {
    // --- session initiation: RFC 5321 sections 4.1.1.1 and 4.1.4. EHLO and HELO clear a transaction.
    Row{in_command, When::always, ehlo, "250 ", "250", "", Next::ready_extended, "RFC5321 4.1.1.1, 4.1.4"},
    Row{in_command, When::always, helo, "250 ", "250", "", Next::ready_plain, "RFC5321 4.1.1.1, 4.1.4"},
    Row{in_command, When::always, bad_hello, "501 5.5.4 Syntax: EHLO hostname", "501 500 502 504 550", "5yz", Next::stay, "RFC5321 4.1.4"},

    // --- always there: NOOP, RSET, HELP, QUIT (RFC 5321 sections 4.1.1.5, 4.1.1.8 to 4.1.1.10).
    Row{in_command, When::always, noop, "250 2.0.0 OK", "250", "", Next::stay, "RFC5321 4.1.1.9"},
    Row{in_transaction, When::always, rset, "250 2.0.0 OK", "250", "", Next::ready, "RFC5321 4.1.1.5"},
    Row{in_greeted | in_ready, When::always, rset, "250 2.0.0 OK", "250", "", Next::stay, "RFC5321 4.1.1.5"},
    Row{in_command, When::always, rset_argument, "501 5.5.4 RSET takes no argument", "501", "5yz 250", Next::stay, "RFC5321 4.3.2"},
    Row{in_command, When::always, help, "214 2.0.0 See RFC 5321", "211 214", "502 504", Next::stay, "RFC5321 4.1.1.8"},
    Row{in_command, When::always, quit, "221 2.0.0 Goodbye", "221", "", Next::closed, "RFC5321 4.1.1.10"},
    Row{in_command, When::always, quit_argument, "501 5.5.4 QUIT takes no argument", "501", "5yz 221", Next::stay, "RFC5321 4.3.2"},

    // --- STARTTLS: RFC 3207 sections 4 and 4.2. After the handshake everything is forgotten.
    Row{in_command, When::in_tls, starttls, "503 5.5.1 TLS is already active", "503", "5yz 454", Next::stay, "RFC3207 4.2"},
    Row{in_command, When::in_tls, starttls_argument, "501 5.5.4 STARTTLS takes no argument", "501 503", "5yz", Next::stay, "RFC3207 4"},
    Row{in_greeted | in_ready, When::in_clear, starttls, "220 2.0.0 Ready to start TLS", "220 454", "5yz", Next::tls, "RFC3207 4"},
    Row{in_transaction, When::in_clear, starttls, "503 5.5.1 STARTTLS is not allowed inside a mail transaction", "503 220 454", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, When::in_clear, starttls_argument, "501 5.5.4 STARTTLS takes no argument", "501", "5yz", Next::stay, "RFC3207 4"},

    // --- AUTH: RFC 4954 section 4. One success per session, none inside a transaction, none in clear.
    Row{in_command, When::logged_in, auth_challenge, bad_sequence, "503", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::logged_in, auth_success, bad_sequence, "503", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::logged_in, auth_failure, bad_sequence, "503", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::clear_submission, auth_challenge, "538 5.7.11 Encryption required for requested authentication mechanism", "538 530 5yz", "", Next::stay, "RFC4954 4"},
    Row{in_command, When::clear_submission, auth_success, "538 5.7.11 Encryption required for requested authentication mechanism", "538 530 5yz", "", Next::stay, "RFC4954 4"},
    Row{in_command, When::clear_submission, auth_failure, "538 5.7.11 Encryption required for requested authentication mechanism", "538 530 5yz", "", Next::stay, "RFC4954 4"},
    Row{in_ready | in_auth, When::login_wanted, auth_challenge, "334 ", "334", "", Next::auth, "RFC4954 4"},
    Row{in_ready | in_auth, When::login_wanted, auth_success, "235 2.7.0 Authentication succeeded", "235", "", Next::logged_in, "RFC4954 4, 6"},
    Row{in_ready | in_auth, When::login_wanted, auth_failure, "535 5.7.8 Authentication credentials invalid", "535", "454 534 432 5yz", Next::ready, "RFC4954 6"},
    Row{in_ready | in_auth, When::login_wanted, auth_no_mechanism, "504 5.5.4 Unrecognized authentication mechanism", "504", "5yz", Next::stay, "RFC4954 4"},
    Row{in_ready | in_auth, When::login_wanted, auth_syntax, "501 5.5.2 Cannot decode response", "501", "5yz", Next::ready, "RFC4954 4"},
    Row{in_ready, When::login_wanted, auth_initial, "501 5.7.0 This mechanism takes no initial response", "501", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::always, auth_initial, bad_sequence, "503 501 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_auth, When::always, auth_cancelled, "501 5.7.0 Authentication cancelled", "501", "5yz", Next::ready, "RFC4954 4"},
    Row{in_auth, When::always, auth_too_long, "500 5.5.6 Authentication exchange line is too long", "500", "5yz", Next::ready, "RFC4954 4"},
    Row{in_command, When::always, auth_challenge, bad_sequence, "503 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::always, auth_success, bad_sequence, "503 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::always, auth_failure, bad_sequence, "503 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::always, auth_no_mechanism, bad_sequence, "503 504 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, When::always, auth_syntax, bad_sequence, "503 501 502 500", "5yz", Next::stay, "RFC4954 4"},

    // --- submission wants TLS and a login before mail: RFC 6409 section 4.3, RFC 3207 section 4, RFC 4954 section 6.
    Row{in_command, When::clear_submission, mail, tls_first, "530", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::clear_submission, rcpt, tls_first, "530 503", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::clear_submission, data, tls_first, "530 503", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::clear_submission, chunk, tls_first, "530 503", "5yz", Next::stay, "RFC6409 7"},
    Row{in_command, When::clear_submission, last_chunk, tls_first, "530 503", "5yz", Next::stay, "RFC6409 7"},
    Row{in_command, When::clear_submission, vrfy, tls_first, "530 250 251 252", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, When::clear_submission, vrfy_no_mailbox, tls_first, "530 252 55z", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, When::clear_submission, vrfy_foreign, tls_first, "530 252 55z", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, When::clear_submission, expn, tls_first, "530 250 252 5yz", "", Next::stay, "RFC3207 4"},
    Row{in_command, When::clear_submission, expn_no_list, tls_first, "530 252 5yz", "", Next::stay, "RFC3207 4"},
    Row{in_command, When::login_wanted, mail, login_first, "530", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::login_wanted, rcpt, login_first, "530 503", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::login_wanted, data, login_first, "530 503", "5yz", Next::stay, "RFC6409 4.3"},
    Row{in_command, When::login_wanted, chunk, login_first, "530 503", "5yz", Next::stay, "RFC6409 7"},
    Row{in_command, When::login_wanted, last_chunk, login_first, "530 503", "5yz", Next::stay, "RFC6409 7"},

    // --- MAIL: RFC 5321 sections 3.3, 4.1.1.2, 4.1.1.11 and 4.1.4.
    Row{in_ready, When::always, mail, "250 2.1.0 Sender ok", "250", "2yz", Next::mail, "RFC5321 3.3, 4.1.1.2"},
    Row{in_ready, When::always, mail_too_big, "552 5.3.4 Message size exceeds the limit", "552", "5yz", Next::stay, "RFC1870 6.1"},
    Row{in_ready, When::always, mail_refused, "550 5.7.1 Sender refused", "55z", "5yz", Next::stay, "RFC5321 7.9"},
    Row{in_greeted, When::always, mail, bad_sequence, "503 250", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_transaction, When::always, mail, "503 5.5.1 Nested MAIL command", "503", "5yz 250", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, When::always, mail_syntax, "501 5.5.4 Syntax: MAIL FROM:<address>", "501 550 553 555", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, When::always, mail_unknown_parameter, "555 5.5.4 MAIL parameter not recognized", "555", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, When::always, mail_bad_parameter, "501 5.5.4 Bad MAIL parameter value", "501", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_greeted | in_transaction, When::always, mail_too_big, bad_sequence, "503 552", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_greeted | in_transaction, When::always, mail_refused, bad_sequence, "503 55z", "5yz", Next::stay, "RFC5321 4.1.4"},

    // --- RCPT: RFC 5321 sections 3.3, 4.1.1.3, 4.1.4, 4.5.3.1.10.
    Row{in_mail | in_rcpt, When::always, rcpt, "250 2.1.5 Recipient ok", "250 251", "2yz", Next::rcpt, "RFC5321 3.3, 4.1.1.3"},
    Row{in_mail | in_rcpt, When::always, rcpt_no_mailbox, "550 5.1.1 No such mailbox here", "550 551 553", "5yz", Next::stay, "RFC5321 3.3"},
    Row{in_mail | in_rcpt, When::always, rcpt_no_relay, "550 5.7.1 Relaying denied", "550", "551 553 554", Next::stay, "RFC5321 3.6.2"},
    Row{in_mail | in_rcpt, When::always, rcpt_too_many, "452 4.5.3 Too many recipients", "452 4yz", "5yz", Next::stay, "RFC5321 4.5.3.1.10"},
    Row{in_command, When::always, rcpt_syntax, "501 5.5.4 Syntax: RCPT TO:<address>", "501 503 550 553 555", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, When::always, rcpt_unknown_parameter, "555 5.5.4 RCPT parameter not recognized", "555 503", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, When::always, rcpt_bad_parameter, "501 5.5.4 Bad RCPT parameter value", "501 503", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, When::always, rcpt, bad_sequence, "503", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_command, When::always, rcpt_no_mailbox, bad_sequence, "503", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_command, When::always, rcpt_no_relay, bad_sequence, "503", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_command, When::always, rcpt_too_many, bad_sequence, "503", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},

    // --- DATA: RFC 5321 sections 3.3 and 4.1.1.4; RFC 3030 sections 2 and 3 for the mixture with BDAT.
    Row{in_rcpt, When::always, data, "354 End data with <CR><LF>.<CR><LF>", "354", "", Next::data, "RFC5321 3.3, 4.1.1.4"},
    Row{in_mail, When::always, data, "554 5.5.1 No valid recipients", "503 554", "5yz", Next::stay, "RFC5321 3.3"},
    Row{in_rcpt, When::always, data_binary, "503 5.5.1 BINARYMIME needs BDAT", "503", "5yz", Next::stay, "RFC3030 3"},
    Row{in_command, When::always, data_argument, "501 5.5.4 DATA takes no argument", "501", "5yz", Next::stay, "RFC5321 4.3.2"},
    Row{in_command, When::always, data, bad_sequence, "503 554", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_command, When::always, data_binary, bad_sequence, "503 554", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_data, When::always, content, "250 2.0.0 Message accepted", "250", "2yz", Next::ready, "RFC5321 4.1.1.4"},
    Row{in_data, When::always, content_too_big, "552 5.3.4 Message size exceeds the limit", "552", "5yz 452", Next::ready, "RFC1870 4"},
    Row{in_data, When::always, content_refused, "554 5.6.0 Message refused", "554 550 552", "5yz", Next::ready, "RFC5321 4.1.1.4"},

    // --- BDAT: RFC 3030 section 2. A failed chunk ends the transaction; its octets are swallowed all the same.
    Row{in_rcpt | in_bdat, When::always, chunk, "250 2.0.0 Chunk accepted", "250", "2yz", Next::bdat, "RFC3030 2"},
    Row{in_rcpt | in_bdat, When::always, last_chunk, "250 2.0.0 Message accepted", "250", "2yz", Next::ready, "RFC3030 2"},
    Row{in_rcpt | in_bdat, When::always, chunk_too_big, "552 5.3.4 Message size exceeds the limit", "552", "5yz 452", Next::ready, "RFC3030 2"},
    Row{in_rcpt | in_bdat, When::always, last_chunk_refused, "554 5.6.0 Message refused", "554 550 552", "5yz", Next::ready, "RFC3030 2"},
    Row{in_mail, When::always, chunk, "554 5.5.1 No valid recipients", "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_mail, When::always, last_chunk, "554 5.5.1 No valid recipients", "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_command, When::always, chunk_syntax, "501 5.5.4 Syntax: BDAT size [LAST]", "501", "5yz", Next::stay, "RFC3030 2"},
    Row{in_command, When::always, chunk, bad_sequence, "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_command, When::always, last_chunk, bad_sequence, "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_command, When::always, chunk_too_big, bad_sequence, "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_command, When::always, last_chunk_refused, bad_sequence, "503 554", "5yz", Next::stay, "RFC3030 2"},

    // --- VRFY and EXPN: RFC 5321 sections 3.5 and 7.3. They leave the transaction alone.
    Row{in_command, When::always, vrfy, "250 2.1.5 ", "250 251 252", "502", Next::stay, "RFC5321 3.5.1"},
    Row{in_command, When::always, vrfy_no_mailbox, "550 5.1.1 No such mailbox here", "550 551 553 252", "502", Next::stay, "RFC5321 3.5.3"},
    Row{in_command, When::always, vrfy_foreign, "252 2.5.0 Cannot verify, but will try to deliver", "252 550 551 553", "502", Next::stay, "RFC5321 3.5.3"},
    Row{in_command, When::always, vrfy_syntax, "501 5.5.4 Syntax: VRFY string", "501", "500 502 504 252", Next::stay, "RFC5321 4.1.1.6"},
    Row{in_command, When::always, expn, "250 2.1.5 ", "250 252", "5yz", Next::stay, "RFC5321 3.5.1"},
    Row{in_command, When::always, expn_no_list, "550 5.1.1 No such list here", "550 252", "5yz", Next::stay, "RFC5321 3.5.1"},
    Row{in_command, When::always, expn_syntax, "501 5.5.4 Syntax: EXPN string", "501", "500 502 504 550 252", Next::stay, "RFC5321 4.1.1.7"},

    // --- what is no command: RFC 5321 sections 4.2.4 and 4.5.3.1.9.
    Row{in_command, When::always, unknown_verb, "500 5.5.1 Command not recognized", "500", "5yz", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, When::always, not_implemented, "502 5.5.1 Command not implemented", "502 500", "5yz", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, When::always, empty_line, "500 5.5.2 Empty command line", "500", "5yz", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, When::always, too_long_line, "500 5.5.2 Line too long", "500", "5yz 421", Next::stay, "RFC5321 4.5.3.1.9"},

    // --- what the states above shut out: content outside DATA, commands inside it.
    Row{in_anywhere, When::always, Input::count_, bad_sequence, "503", "5yz", Next::stay, "RFC5321 4.1.4"},
};
// clang-format on

constexpr std::array<std::string_view, input_count> input_names = {"EHLO",
                                                                   "HELO",
                                                                   "EHLO bad-argument",
                                                                   "MAIL",
                                                                   "MAIL bad-syntax",
                                                                   "MAIL unknown-parameter",
                                                                   "MAIL bad-parameter",
                                                                   "MAIL too-big",
                                                                   "MAIL refused",
                                                                   "RCPT",
                                                                   "RCPT bad-syntax",
                                                                   "RCPT unknown-parameter",
                                                                   "RCPT bad-parameter",
                                                                   "RCPT no-mailbox",
                                                                   "RCPT no-relay",
                                                                   "RCPT too-many",
                                                                   "DATA",
                                                                   "DATA argument",
                                                                   "DATA after-BINARYMIME",
                                                                   "content",
                                                                   "content too-big",
                                                                   "content refused",
                                                                   "BDAT",
                                                                   "BDAT LAST",
                                                                   "BDAT bad-syntax",
                                                                   "BDAT too-big",
                                                                   "BDAT LAST refused",
                                                                   "RSET",
                                                                   "RSET argument",
                                                                   "NOOP",
                                                                   "QUIT",
                                                                   "QUIT argument",
                                                                   "HELP",
                                                                   "VRFY",
                                                                   "VRFY no-mailbox",
                                                                   "VRFY foreign",
                                                                   "VRFY bad-syntax",
                                                                   "EXPN",
                                                                   "EXPN no-list",
                                                                   "EXPN bad-syntax",
                                                                   "STARTTLS",
                                                                   "STARTTLS argument",
                                                                   "AUTH challenge",
                                                                   "AUTH success",
                                                                   "AUTH failure",
                                                                   "AUTH no-mechanism",
                                                                   "AUTH bad-syntax",
                                                                   "AUTH unwanted-initial-response",
                                                                   "AUTH cancelled",
                                                                   "AUTH too-long",
                                                                   "unknown verb",
                                                                   "not implemented",
                                                                   "empty line",
                                                                   "too long line"};

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::relay: return "relay";
    case Role::submission: return "submission";
    case Role::submissions: return "submissions";
  }
  return "";
}
std::string_view to_string(State state) {
  constexpr std::array<std::string_view, state_count> names = {"greeted", "ready", "mail", "rcpt", "data", "bdat", "auth", "closed"};
  return names[static_cast<std::size_t>(state)];
}
std::string_view to_string(Input input) { return input == Input::count_ ? "anything else" : input_names[static_cast<std::size_t>(input)]; }
std::string_view to_string(When when) {
  constexpr std::array<std::string_view, 6> names = {"", "in clear", "in TLS", "login wanted", "submission in clear", "logged in"};
  return names[static_cast<std::size_t>(when)];
}
std::string_view to_string(Next next) {
  constexpr std::array<std::string_view, 12> names = {"",     "ready (EHLO)",  "ready (HELO)",      "ready", "mail", "rcpt", "data", "bdat",
                                                      "auth", "greeted (TLS)", "ready (logged in)", "closed"};
  return names[static_cast<std::size_t>(next)];
}

bool holds(When when, const Context& context) {
  const bool submission = context.role != Role::relay;
  switch (when) {
    case When::always: return true;
    case When::in_clear: return !context.tls;
    case When::in_tls: return context.tls;
    case When::login_wanted: return submission && context.tls && !context.authenticated;
    case When::clear_submission: return submission && !context.tls;
    case When::logged_in: return context.authenticated;
  }
  return false;
}

std::span<const Row> model_table() { return rows; }

const Row& model_row(const Context& context, Input input) {
  for (const Row& row : rows)
    if ((row.input == input || row.input == Input::count_) && (row.states & bit(context.state)) && holds(row.when, context)) return row;
  return rows.back();
}

Context after(const Context& context, const Row& row) {
  Context next = context;
  switch (row.next) {
    case Next::stay: break;
    case Next::ready_extended:
    case Next::ready_plain:
      next.extended = row.next == Next::ready_extended;
      next.state = State::ready;
      break;
    case Next::ready: next.state = State::ready; break;
    case Next::mail: next.state = State::mail; break;
    case Next::rcpt: next.state = State::rcpt; break;
    case Next::data: next.state = State::data; break;
    case Next::bdat: next.state = State::bdat; break;
    case Next::auth: next.state = State::auth; break;
    case Next::tls: next = {.role = context.role, .state = State::greeted, .tls = true}; break;
    case Next::logged_in:
      next.authenticated = true;
      next.state = State::ready;
      break;
    case Next::closed: next.state = State::closed; break;
  }
  return next;
}

std::string print_model() {
  std::string out;
  const auto cell = [&out](std::string text, std::size_t width) {
    if (text.size() < width) text.resize(width, ' ');
    out += text + "  ";
  };
  cell("states", 24), cell("when", 19), cell("input", 23), cell("reply", 10), cell("passes", 20), cell("deviates", 20), cell("next", 17);
  out += "law\n";
  for (const Row& row : rows) {
    std::string states;
    if (row.states == in_command) states = "any command state";
    else if (row.states == in_anywhere) states = "any";
    else
      for (int i = 0; i < state_count; ++i)
        if (row.states >> i & 1) states += (states.empty() ? "" : " ") + std::string(to_string(static_cast<State>(i)));
    cell(states, 24);
    cell(std::string(to_string(row.when)), 19);
    cell(std::string(to_string(row.input)), 23);
    const bool enhanced = row.reply.size() > 5 && row.reply[5] == '.';
    cell(std::string(row.reply.substr(0, enhanced ? row.reply.find(' ', 4) : 3)), 10);
    cell(std::string(row.passes), 20);
    cell(std::string(row.deviates), 20);
    cell(std::string(to_string(row.next)), 17);
    out += std::string(row.law) + "\n";
  }
  return out;
}

}  // namespace smtpspec::smtp
