#include "smtpspec/smtp/model.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::smtp {
namespace {

constexpr std::uint16_t bit(State state) { return static_cast<std::uint16_t>(1u << static_cast<unsigned>(state)); }
constexpr std::uint16_t in_connected = bit(State::connected), in_refusing = bit(State::refusing), in_greeted = bit(State::greeted),
                        in_ready = bit(State::ready), in_mail = bit(State::mail), in_rcpt = bit(State::rcpt), in_data = bit(State::data),
                        in_bdat = bit(State::bdat), in_auth = bit(State::auth);
constexpr std::uint16_t in_transaction = in_mail | in_rcpt | in_bdat;
constexpr std::uint16_t in_command = in_greeted | in_ready | in_transaction;  // every state in which a command is carried out
constexpr std::uint16_t in_any = in_connected | in_refusing | in_command | in_data | in_auth;

using enum Input;
using W = When;

constexpr Said bad_sequence{503, "5.5.1", "Bad sequence of commands"};
constexpr Said tls_first{530, "5.7.0", "Must issue a STARTTLS command first"};
constexpr Said login_first{530, "5.7.0", "Authentication required"};
constexpr Said too_big{552, "5.3.4", "Message size exceeds the limit"};
constexpr Said message_refused{554, "5.6.0", "Message refused"};
constexpr Said not_stored{451, "4.3.0", "Message could not be stored, try again"};
constexpr Said no_recipients{554, "5.5.1", "No valid recipients"};

// clang-format off: one row a line, whatever its length
constexpr std::array rows = {
    // --- connection establishment: RFC 5321 section 3.1. Behind a 554 nothing is carried out but QUIT.
    Row{in_connected, W::always, greeting, greeting, {220, "", "ESMTP smtpspec"}, "220", "", Next::greeted, "RFC5321 3.1"},
    Row{in_connected, W::always, greeting_too_many, greeting_too_many, {421, "", "Too many connections, try again later"}, "421 554", "4yz 5yz", Next::closed, "RFC5321 3.1, 3.8"},
    Row{in_connected, W::always, greeting_refused, greeting_refused, {554, "", "No SMTP service here"}, "554 521 421", "5yz", Next::refusing, "RFC5321 3.1, RFC7504 3"},
    Row{in_refusing, W::always, quit, quit, {221, "2.0.0", "Goodbye"}, "221", "", Next::closed, "RFC5321 3.1, 4.1.1.10"},
    Row{in_refusing, W::always, ehlo, too_long_line, {503, "5.5.1", "No SMTP service here"}, "503", "5yz", Next::stay, "RFC5321 3.1"},

    // --- EHLO and HELO clear a transaction: RFC 5321 sections 4.1.1.1 and 4.1.4.
    Row{in_command, W::always, ehlo, ehlo, {250, "", ""}, "250", "", Next::ready_extended, "RFC5321 4.1.1.1, 4.1.4"},
    Row{in_command, W::always, ehlo_syntax, ehlo_syntax, {501, "5.5.4", "Syntax: EHLO hostname"}, "501 500 502 504 550", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, W::always, ehlo_refused, ehlo_refused, {550, "5.7.1", "Not welcome"}, "550 504 554 4yz", "5yz", Next::stay, "RFC5321 4.1.4, 4.3.2"},
    Row{in_command, W::clear_submission, helo, helo_refused, tls_first, "530 250", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::always, helo, helo, {250, "", ""}, "250", "", Next::ready_plain, "RFC5321 4.1.1.1, 4.1.4"},
    Row{in_command, W::always, helo_syntax, helo_syntax, {501, "5.5.4", "Syntax: HELO hostname"}, "501 500 502 504 550", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, W::always, helo_refused, helo_refused, {550, "5.7.1", "Not welcome"}, "550 504 554 4yz", "5yz", Next::stay, "RFC5321 4.1.4, 4.3.2"},

    // --- MAIL: RFC 5321 sections 3.3, 4.1.1.2, 4.1.1.11 and 4.1.4; RFC 6409 section 4.3.
    Row{in_command, W::clear_submission, mail, mail_refused, tls_first, "530", "5yz", Next::stay, "RFC3207 4, RFC6409 4.3"},
    Row{in_command, W::login_wanted, mail, mail_refused, login_first, "530", "5yz", Next::stay, "RFC4954 6, RFC6409 4.3"},
    Row{in_greeted, W::always, mail, mail_refused, bad_sequence, "503 250", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_transaction, W::always, mail, mail_refused, {503, "5.5.1", "Nested MAIL command"}, "503", "5yz 250", Next::stay, "RFC5321 4.1.4"},
    Row{in_ready, W::always, mail, mail, {250, "2.1.0", "Sender ok"}, "250", "2yz", Next::mail, "RFC5321 3.3, 4.1.1.2"},
    Row{in_command, W::always, mail_syntax, mail_syntax, {501, "5.5.4", "Syntax: MAIL FROM:<address>"}, "501 500 550 553 555", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, W::always, mail_unknown_parameter, mail_unknown_parameter, {555, "5.5.4", "MAIL parameter not recognized"}, "555 501 504", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, W::always, mail_bad_parameter, mail_bad_parameter, {501, "5.5.4", "Bad MAIL parameter value"}, "501 555 504 553", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, W::always, mail_too_big, mail_too_big, too_big, "552 452", "5yz", Next::stay, "RFC1870 6.1"},
    Row{in_ready, W::always, mail_refused, mail_refused, {550, "5.7.1", "Sender refused"}, "45z 55z 504 521 530", "4yz 5yz", Next::stay, "RFC5321 4.3.2, 7.9"},

    // --- RCPT: RFC 5321 sections 3.3, 3.6.2, 4.1.1.3, 4.1.4 and 4.5.3.1.10.
    Row{in_command, W::clear_submission, rcpt, rcpt_refused, tls_first, "530", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, rcpt, rcpt_refused, login_first, "530", "5yz", Next::stay, "RFC4954 6"},
    Row{in_greeted | in_ready | in_bdat, W::always, rcpt, rcpt_refused, bad_sequence, "503", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_mail | in_rcpt, W::always, rcpt, rcpt, {250, "2.1.5", "Recipient ok"}, "250 251", "2yz", Next::rcpt, "RFC5321 3.3, 4.1.1.3"},
    Row{in_command, W::always, rcpt_syntax, rcpt_syntax, {501, "5.5.4", "Syntax: RCPT TO:<address>"}, "501 500 550 553 555", "5yz", Next::stay, "RFC5321 4.1.4"},
    Row{in_command, W::always, rcpt_unknown_parameter, rcpt_unknown_parameter, {555, "5.5.4", "RCPT parameter not recognized"}, "555 501 504", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_command, W::always, rcpt_bad_parameter, rcpt_bad_parameter, {501, "5.5.4", "Bad RCPT parameter value"}, "501 555 504 553", "5yz", Next::stay, "RFC5321 4.1.1.11"},
    Row{in_mail | in_rcpt, W::always, rcpt_no_mailbox, rcpt_no_mailbox, {550, "5.1.1", "No such mailbox here"}, "550 551 553", "5yz", Next::stay, "RFC5321 3.3"},
    Row{in_mail | in_rcpt, W::always, rcpt_no_relay, rcpt_no_relay, {550, "5.7.1", "Relaying denied"}, "550 530", "5yz 45z", Next::stay, "RFC5321 3.6.2, 7.9"},
    Row{in_mail | in_rcpt, W::always, rcpt_too_many, rcpt_too_many, {452, "4.5.3", "Too many recipients"}, "452", "4yz 5yz", Next::stay, "RFC5321 4.5.3.1.10"},
    Row{in_mail | in_rcpt, W::always, rcpt_refused, rcpt_refused, {550, "5.7.1", "Recipient refused"}, "45z 55z 504 521 530", "4yz 5yz", Next::stay, "RFC5321 4.3.2, 7.9"},

    // --- DATA and the content behind its 354: RFC 5321 sections 3.3, 4.1.1.4; RFC 3030 sections 2 and 3 for the mixture with BDAT.
    Row{in_command, W::clear_submission, data, data_refused, tls_first, "530", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, data, data_refused, login_first, "530", "5yz", Next::stay, "RFC4954 6"},
    Row{in_greeted | in_ready, W::always, data, data_refused, bad_sequence, "503 554", "5yz", Next::stay, "RFC5321 3.3, 4.1.4"},
    Row{in_mail, W::always, data, data_refused, no_recipients, "503 554", "5yz", Next::stay, "RFC5321 3.3"},
    Row{in_bdat, W::always, data, data_refused, {503, "5.5.1", "DATA cannot follow BDAT"}, "503", "5yz", Next::stay, "RFC3030 2"},
    Row{in_rcpt, W::always, data_binary, data_binary, {503, "5.5.1", "BINARYMIME needs BDAT"}, "503", "5yz", Next::stay, "RFC3030 3"},
    Row{in_rcpt, W::always, data, data, {354, "", "End data with <CR><LF>.<CR><LF>"}, "354", "", Next::data, "RFC5321 3.3, 4.1.1.4"},
    Row{in_command, W::always, data_argument, data_argument, {501, "5.5.4", "DATA takes no argument"}, "501", "5yz 354", Next::stay, "RFC5321 4.3.2"},
    Row{in_rcpt, W::always, data_refused, data_refused, {554, "5.7.1", "No mail today"}, "45z 55z", "4yz 5yz", Next::stay, "RFC5321 4.3.2"},
    Row{in_data, W::always, content, content, {250, "2.0.0", "Message accepted"}, "250", "2yz", Next::ready, "RFC5321 4.1.1.4"},
    Row{in_data, W::always, content_too_big, content_too_big, too_big, "552 452", "4yz 5yz", Next::ready, "RFC1870 4"},
    Row{in_data, W::always, content_refused, content_refused, message_refused, "45z 55z 500 501 503", "4yz 5yz", Next::ready, "RFC5321 4.1.1.4, 4.3.2, 4.5.3.1.9"},
    Row{in_data, W::always, content_not_stored, content_not_stored, not_stored, "451 452 450", "4yz 554", Next::ready, "RFC5321 4.1.1.4, 4.3.2"},

    // --- BDAT: RFC 3030 section 2. The octets of a refused chunk are swallowed; behind one the law leaves the state open.
    Row{in_command, W::clear_submission, chunk, last_chunk_not_stored, tls_first, "530", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, chunk, last_chunk_not_stored, login_first, "530", "5yz", Next::stay, "RFC4954 6"},
    Row{in_greeted | in_ready, W::always, chunk, last_chunk_not_stored, bad_sequence, "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_mail, W::always, chunk, last_chunk_not_stored, no_recipients, "503 554", "5yz", Next::stay, "RFC3030 2"},
    Row{in_rcpt | in_bdat, W::always, chunk, chunk, {250, "2.0.0", "Chunk accepted"}, "250", "2yz", Next::bdat, "RFC3030 2"},
    Row{in_rcpt | in_bdat, W::always, last_chunk, last_chunk, {250, "2.0.0", "Message accepted"}, "250", "2yz", Next::ready, "RFC3030 2"},
    Row{in_command, W::always, chunk_syntax, chunk_syntax, {501, "5.5.4", "Syntax: BDAT size [LAST]"}, "501", "5yz", Next::stay, "RFC3030 2"},
    Row{in_rcpt | in_bdat, W::always, chunk_too_big, chunk_too_big, too_big, "552 452", "4yz 5yz", Next::ready_perhaps, "RFC3030 2, RFC1870 4"},
    Row{in_command, W::always, last_chunk_refused, last_chunk_refused, message_refused, "45z 55z 501", "4yz 5yz", Next::ready_perhaps, "RFC3030 2"},
    Row{in_rcpt | in_bdat, W::always, last_chunk_not_stored, last_chunk_not_stored, not_stored, "451 452 450", "4yz 554", Next::ready_perhaps, "RFC3030 2"},

    // --- RSET: RFC 5321 section 4.1.1.5.
    Row{in_command, W::clear_submission, rset, rset_argument, tls_first, "530 250 501", "5yz", Next::stay, "RFC3207 4"},
    Row{in_transaction, W::always, rset, rset, {250, "2.0.0", "OK"}, "250", "", Next::ready, "RFC5321 4.1.1.5"},
    Row{in_greeted, W::always, rset, rset, {250, "2.0.0", "OK"}, "250", "503", Next::stay, "RFC5321 4.1.1.5, 4.1.4"},
    Row{in_ready, W::always, rset, rset, {250, "2.0.0", "OK"}, "250", "", Next::stay, "RFC5321 4.1.1.5"},
    Row{in_command, W::always, rset_argument, rset_argument, {501, "5.5.4", "RSET takes no argument"}, "501", "5yz 250", Next::stay, "RFC5321 4.3.2"},

    // --- VRFY and EXPN leave a transaction alone: RFC 5321 sections 3.5 and 7.3.
    Row{in_command, W::clear_submission, vrfy, vrfy_syntax, tls_first, "530 25z 550 551 553 502 504 500", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, vrfy, vrfy_syntax, login_first, "530 25z 550 551 553 502 504 500", "5yz", Next::stay, "RFC4954 6"},
    Row{in_command, W::always, vrfy, vrfy, {250, "2.1.5", ""}, "250 251 252 502 504", "5yz", Next::stay, "RFC5321 3.5.1, 7.3"},
    Row{in_command, W::always, vrfy_no_mailbox, vrfy_no_mailbox, {550, "5.1.1", "No such mailbox here"}, "550 551 553 252 502 504", "5yz", Next::stay, "RFC5321 3.5.3, 7.3"},
    Row{in_command, W::always, vrfy_foreign, vrfy_foreign, {252, "2.5.0", "Cannot verify, but will try to deliver"}, "252 550 551 553 554 502 504", "5yz", Next::stay, "RFC5321 3.5.3, 7.3"},
    Row{in_command, W::always, vrfy_syntax, vrfy_syntax, {501, "5.5.4", "Syntax: VRFY string"}, "501 550 553 252 502 504", "5yz", Next::stay, "RFC5321 4.1.1.6"},
    Row{in_command, W::clear_submission, expn, expn_syntax, tls_first, "530 250 252 550 502 504 500", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, expn, expn_syntax, login_first, "530 250 252 550 502 504 500", "5yz", Next::stay, "RFC4954 6"},
    Row{in_command, W::always, expn, expn, {250, "2.1.5", ""}, "250 252 550 502 500 504", "5yz", Next::stay, "RFC5321 3.5.1, 7.3"},
    Row{in_command, W::always, expn_no_list, expn_no_list, {550, "5.1.1", "No such list here"}, "550 252 502 500 504", "5yz", Next::stay, "RFC5321 3.5.1, 7.3"},
    Row{in_command, W::always, expn_syntax, expn_syntax, {501, "5.5.4", "Syntax: EXPN string"}, "501 550 252 502 500 504", "5yz", Next::stay, "RFC5321 4.1.1.7"},

    // --- HELP, NOOP, QUIT: RFC 5321 sections 4.1.1.8 to 4.1.1.10.
    Row{in_command, W::clear_submission, help, help, tls_first, "530 211 214 502 504 500", "5yz", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, help, help, {214, "2.0.0"}, "530 211 214 502 504 500 501", "2yz", Next::stay, "RFC4954 6"},
    Row{in_command, W::always, help, help, {214, "2.0.0"}, "211 214 502 504 500 501", "2yz", Next::stay, "RFC5321 4.1.1.8"},
    Row{in_greeted, W::always, noop, noop, {250, "2.0.0", "OK"}, "250", "503", Next::stay, "RFC5321 4.1.1.9, 4.1.4"},
    Row{in_command, W::always, noop, noop, {250, "2.0.0", "OK"}, "250", "", Next::stay, "RFC5321 4.1.1.9"},
    Row{in_command, W::always, quit, quit, {221, "2.0.0", "Goodbye"}, "221", "", Next::closed, "RFC5321 4.1.1.10"},
    Row{in_command, W::always, quit_argument, quit_argument, {501, "5.5.4", "QUIT takes no argument"}, "501", "5yz 221", Next::stay, "RFC5321 4.3.2"},

    // --- STARTTLS: RFC 3207 sections 4 and 4.2. After the handshake everything is forgotten. Which code refuses it inside TLS, inside a transaction or before EHLO no RFC says.
    Row{in_command, W::in_tls, starttls, starttls_argument, {503, "5.5.1", "TLS is already active"}, "5yz", "454", Next::stay, "RFC3207 4.2"},
    Row{in_transaction, W::always, starttls, starttls_argument, {503, "5.5.1", "STARTTLS is not allowed inside a mail transaction"}, "5yz 220 454", "", Next::stay, "RFC3207 4"},
    Row{in_greeted | in_ready, W::not_extended, starttls, starttls, {220, "2.0.0", "Ready to start TLS"}, "220 454 5yz", "", Next::tls, "RFC3207 4, RFC5321 2.2.1"},
    Row{in_greeted | in_ready, W::always, starttls, starttls, {220, "2.0.0", "Ready to start TLS"}, "220 454", "5yz", Next::tls, "RFC3207 4"},
    Row{in_greeted | in_ready, W::not_extended, starttls_argument, starttls_argument, {501, "5.5.4", "STARTTLS takes no argument"}, "5yz", "", Next::stay, "RFC3207 4, RFC5321 2.2.1"},
    Row{in_greeted | in_ready, W::always, starttls_argument, starttls_argument, {501, "5.5.4", "STARTTLS takes no argument"}, "501", "5yz", Next::stay, "RFC3207 4"},

    // --- AUTH: RFC 4954 section 4. One success per session, none inside a transaction, none in clear, none but after EHLO.
    Row{in_command, W::on_relay, auth_challenge, auth_too_long, {502, "5.5.1", "AUTH is not offered here"}, "502 500 503 504 530 538", "5yz", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, W::clear_submission, auth_challenge, auth_too_long, {538, "5.7.11", "Encryption required for requested authentication mechanism"}, "538 530 504 503 502 500", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, W::logged_in, auth_challenge, auth_too_long, bad_sequence, "503", "5yz", Next::stay, "RFC4954 4"},
    Row{in_command, W::not_extended, auth_challenge, auth_too_long, bad_sequence, "5yz 334 235", "", Next::stay, "RFC4954 3, 4"},
    Row{in_ready | in_auth, W::login_wanted, auth_challenge, auth_challenge, {334, "", ""}, "334", "", Next::auth, "RFC4954 4"},
    Row{in_ready | in_auth, W::login_wanted, auth_success, auth_success, {235, "2.7.0", "Authentication succeeded"}, "235", "", Next::logged_in, "RFC4954 4, 6"},
    Row{in_ready | in_auth, W::login_wanted, auth_failure, auth_failure, {535, "5.7.8", "Authentication credentials invalid"}, "535 454", "432 534 5yz", Next::ready, "RFC4954 6"},
    Row{in_ready | in_auth, W::login_wanted, auth_malformed, auth_malformed, {501, "5.5.2", "Cannot decode response"}, "501", "5yz", Next::ready, "RFC4954 4"},
    Row{in_ready, W::login_wanted, auth_no_mechanism, auth_no_mechanism, {504, "5.5.4", "Unrecognized authentication mechanism"}, "504", "5yz", Next::stay, "RFC4954 4"},
    Row{in_ready, W::login_wanted, auth_syntax, auth_syntax, {501, "5.5.4", "Syntax: AUTH mechanism [initial-response]"}, "501", "5yz", Next::stay, "RFC4954 4"},
    Row{in_ready, W::login_wanted, auth_initial, auth_initial, {501, "5.7.0", "This mechanism takes no initial response"}, "501", "5yz", Next::stay, "RFC4954 4"},
    Row{in_auth, W::always, auth_cancelled, auth_cancelled, {501, "5.7.0", "Authentication cancelled"}, "501", "5yz", Next::ready, "RFC4954 4"},
    Row{in_auth, W::always, auth_too_long, auth_too_long, {500, "5.5.6", "Authentication exchange line is too long"}, "500", "5yz", Next::ready, "RFC4954 4"},

    // --- what is no command: RFC 5321 sections 4.2.4 and 4.5.3.1.9.
    Row{in_command, W::clear_submission, unknown_verb, not_implemented, tls_first, "530 500 502", "5yz 221", Next::stay, "RFC3207 4"},
    Row{in_command, W::login_wanted, unknown_verb, unknown_verb, {500, "5.5.1", "Command not recognized"}, "500 530", "5yz 221", Next::stay, "RFC5321 4.2.4, RFC4954 6"},
    Row{in_command, W::always, unknown_verb, unknown_verb, {500, "5.5.1", "Command not recognized"}, "500", "5yz 221", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, W::always, not_implemented, not_implemented, {502, "5.5.1", "Command not implemented"}, "502 500", "5yz 221", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, W::always, empty_line, empty_line, {500, "5.5.2", "Empty command line"}, "500", "5yz 221", Next::stay, "RFC5321 4.2.4"},
    Row{in_command, W::always, too_long_line, too_long_line, {500, "5.5.2", "Line too long"}, "500 501", "5yz 421", Next::stay, "RFC5321 4.5.3.1.9"},

    // --- the server takes leave: RFC 5321 sections 3.8, 4.5.3.2.7 and 7.8.
    Row{in_any, W::always, idle, idle, {421, "4.4.2", "Idle for too long, closing"}, "421", "", Next::closed, "RFC5321 3.8, 4.5.3.2.7"},
    Row{in_any, W::always, stopping, stopping, {421, "4.3.2", "Shutting down, try again"}, "421", "", Next::closed, "RFC5321 3.8"},
    Row{in_any, W::always, too_many_errors, too_many_errors, {421, "4.7.0", "Too many errors, closing"}, "421", "", Next::closed, "RFC5321 3.8, 7.8"},

    // --- what cannot come about in its state, such as content outside DATA.
    Row{in_any, W::always, greeting, too_many_errors, bad_sequence, "503", "5yz", Next::stay, "RFC5321 4.1.4"},
};
// clang-format on

// clang-format off: one verb a line
constexpr std::array<std::string_view, input_count> input_names = {
    "greeting", "greeting too-many", "greeting refused",
    "EHLO", "EHLO bad-syntax", "EHLO refused",
    "HELO", "HELO bad-syntax", "HELO refused",
    "MAIL", "MAIL bad-syntax", "MAIL unknown-parameter", "MAIL bad-parameter", "MAIL too-big", "MAIL refused",
    "RCPT", "RCPT bad-syntax", "RCPT unknown-parameter", "RCPT bad-parameter", "RCPT no-mailbox", "RCPT no-relay", "RCPT too-many", "RCPT refused",
    "DATA", "DATA argument", "DATA after-BINARYMIME", "DATA refused",
    ".", ". too-big", ". refused", ". not-stored",
    "BDAT", "BDAT LAST", "BDAT bad-syntax", "BDAT too-big", "BDAT LAST-refused", "BDAT LAST-not-stored",
    "RSET", "RSET argument",
    "VRFY", "VRFY no-mailbox", "VRFY foreign", "VRFY bad-syntax",
    "EXPN", "EXPN no-list", "EXPN bad-syntax",
    "HELP",
    "NOOP",
    "QUIT", "QUIT argument",
    "STARTTLS", "STARTTLS argument",
    "AUTH", "AUTH success", "AUTH failure", "AUTH malformed", "AUTH no-mechanism", "AUTH bad-syntax", "AUTH unwanted-initial-response",
    "AUTH cancelled", "AUTH too-long",
    "(unknown verb)", "(not implemented)", "(empty line)", "(too long line)",
    "(idle)", "(stopping)", "(too many errors)",
};
// clang-format on

// What is about a verb: its inputs, in their order.
std::string print_inputs(const Row& row) {
  if (row.first == row.last) return std::string(to_string(row.first));
  const std::string_view verb = verb_of(row.first);
  if (row.first == Input{} && static_cast<int>(row.last) == input_count - 1) return "anything else";
  if (verb_of(row.last) == verb && !verb.empty()) return std::string(verb) + ", whatever its argument";
  return std::string(to_string(row.first)) + " to " + std::string(to_string(row.last));
}

std::string print_states(std::uint16_t states) {
  if (states == in_any) return "any";
  if (states == in_command) return "any command state";
  std::string out;
  for (int i = 0; i < state_count; ++i)
    if (states >> i & 1) out += (out.empty() ? "" : " ") + std::string(to_string(static_cast<State>(i)));
  return out;
}

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
  constexpr std::array<std::string_view, state_count> names = {"connected", "refusing", "greeted", "ready", "mail",
                                                               "rcpt",      "data",     "bdat",    "auth",  "closed"};
  return names[static_cast<std::size_t>(state)];
}
std::string_view to_string(Input input) { return input_names[static_cast<std::size_t>(input)]; }
std::string_view verb_of(Input input) {
  const std::string_view name = to_string(input);
  return name[0] == '(' ? std::string_view{} : name.substr(0, name.find(' '));
}
std::string_view to_string(When when) {
  constexpr std::array<std::string_view, 7> names = {"",          "in TLS",        "on relay", "submission in clear", "login wanted",
                                                     "logged in", "not after EHLO"};
  return names[static_cast<std::size_t>(when)];
}
std::string_view to_string(Next next) {
  constexpr std::array<std::string_view, 15> names = {
      "",     "greeted", "refusing", "ready (EHLO)",  "ready (HELO)",      "ready", "ready (open)", "mail", "rcpt",
      "data", "bdat",    "auth",     "greeted (TLS)", "ready (logged in)", "closed"};
  return names[static_cast<std::size_t>(next)];
}

namespace {

constexpr bool holds_in(When when, const Context& context) {
  const bool submission = context.role != Role::relay;
  switch (when) {
    case When::always: return true;
    case When::in_tls: return context.tls;
    case When::on_relay: return !submission;
    case When::clear_submission: return submission && !context.tls;
    case When::login_wanted: return submission && context.tls && !context.authenticated;
    case When::logged_in: return context.authenticated;
    case When::not_extended: return !context.extended;
  }
  return false;
}

constexpr Context after_row(const Context& context, const Row& row) {
  Context next = context;
  switch (row.next) {
    case Next::stay: break;
    case Next::greeted: next.state = State::greeted; break;
    case Next::refusing: next.state = State::refusing; break;
    case Next::ready_extended:
    case Next::ready_plain:
      next.extended = row.next == Next::ready_extended;
      next.state = State::ready;
      break;
    case Next::ready:
    case Next::ready_perhaps: next.state = State::ready; break;
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

using Steps = std::array<Step, input_count>;
constexpr std::size_t contexts_of_a_state = context_count / state_count;

// For each context of a state the rows from the last to the first, so that the first that fits is what stays. A state at a time,
// since compilers take but so many steps at once.
template <std::size_t state>
constexpr auto steps_in = [] {
  std::array<Steps, contexts_of_a_state> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Context context = context_of(static_cast<ContextNumber>(state * contexts_of_a_state + i));
    for (std::size_t k = rows.size(); k-- > 0;) {
      const Row& row = rows[k];
      // Nothing comes behind closed; the last row stands for what no row is about.
      if (k + 1 != rows.size() && !((row.states & bit(context.state)) && holds_in(row.when, context))) continue;
      const Step step{static_cast<std::uint16_t>(row.reply.code), static_cast<std::uint8_t>(k), number_of(after_row(context, row))};
      for (auto input = static_cast<std::size_t>(row.first); input <= static_cast<std::size_t>(row.last); ++input) out[i][input] = step;
    }
  }
  return out;
}();
static_assert(rows.size() <= 256 && context_count <= 256);

}  // namespace

constexpr std::array<std::array<Step, input_count>, context_count> model_steps = []<std::size_t... states>(std::index_sequence<states...>) {
  std::array<Steps, context_count> out{};
  std::size_t at = 0;
  for (const auto& steps : {steps_in<states>...})
    for (const Steps& each : steps) out[at++] = each;
  return out;
}(std::make_index_sequence<state_count>());

bool holds(When when, const Context& context) { return holds_in(when, context); }
Context after(const Context& context, const Row& row) { return after_row(context, row); }

std::span<const Row> model_table() { return rows; }

bool fits(const Row& row, const Context& context, Input input) {
  return row.first <= input && input <= row.last && (row.states & bit(context.state)) && holds(row.when, context);
}

const Row& model_row(const Context& context, Input input) { return rows[model_step(number_of(context), input).row]; }

Lawfulness lawfulness(const Context& context, Input input, int code) {
  if (code == 421) return Lawfulness::lawful;
  Lawfulness out = Lawfulness::unlawful;
  bool first = true;
  for (const Row& row : rows) {
    if (!fits(row, context, input)) continue;
    if (!first && (row.reply.code < 400 || &row == &rows.back())) break;
    if (lists(row.passes, code)) return Lawfulness::lawful;
    if (lists(row.deviates, code)) out = Lawfulness::near_miss;
    if (row.reply.code < 400) break;
    first = false;
  }
  return out;
}

bool listed_for(std::string_view verb, int code) {
  static const auto passes = [] {
    std::map<std::string_view, std::vector<std::string_view>> out;
    for (const Row& row : rows)
      if (verb_of(row.first) == verb_of(row.last)) out[verb_of(row.first)].push_back(row.passes);
    return out;
  }();
  if (code == 421 || (verb != "greeting" && lists("500 501", code))) return true;
  const auto found = passes.find(verb);
  return found != passes.end() && std::any_of(found->second.begin(), found->second.end(), [&](auto each) { return lists(each, code); });
}

std::string print_model() {
  std::vector<std::vector<std::string>> lines = {{"states", "when", "input", "reply", "passes", "near misses", "next", "law"}};
  for (const Row& row : rows)
    lines.push_back({print_states(row.states), std::string(to_string(row.when)), print_inputs(row),
                     std::to_string(row.reply.code) + (row.reply.status.empty() ? "" : " " + std::string(row.reply.status)),
                     std::string(row.passes), std::string(row.deviates), std::string(to_string(row.next)), std::string(row.law)});
  std::vector<std::size_t> widths(lines.front().size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string out =
      "What an SMTP server does: for each input, the first row whose states and condition fit counts. No next state: it stays.\n"
      "Passes are the codes that its RFCs allow there, near misses those of the right class with the wrong number; 421 may come\n"
      "at any time. Where several reasons to refuse hold, the reply of any of them is lawful.\n\n";
  for (const auto& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i) out += line[i] + std::string(widths[i] + 2 - line[i].size(), ' ');
    out += line.back() + "\n";
  }
  return out;
}

}  // namespace smtpspec::smtp
