// The server model: the command state machine of an SMTP server as one table (RFC 5321 sections 4.1.4 and 4.3.2,
// RFC 3207, RFC 4954, RFC 3030, RFC 6409), state x input -> replies + next state, for the three roles.
//
//   Context context{.role = Role::relay};
//   const Row& row = model_row(context, Input::rcpt);   // RCPT before EHLO
//   row.reply == "503 5.5.1 Bad sequence of commands"; row.passes == "503"
//   context = after(context, row);
//
// The reference server answers with `reply` and moves to `next`; an oracle accepts what `passes` lists and calls what
// `deviates` lists a near miss. An Input is a command after its argument, the policy and the store were asked: the
// model knows order, nothing else. Every (context, input) pair finds a row: the last rows catch what no other names.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smtpspec::smtp {

enum class Role : std::uint8_t { relay, submission, submissions };
inline constexpr Role all_roles[] = {Role::relay, Role::submission, Role::submissions};
std::string_view to_string(Role role);

enum class State : std::uint8_t {
  greeted,  // 220 was sent, no EHLO or HELO yet
  ready,    // EHLO or HELO accepted, no mail transaction
  mail,     // MAIL accepted, no recipient yet
  rcpt,     // at least one recipient
  data,     // 354 sent: content is read
  bdat,     // at least one chunk, not the last
  auth,     // a SASL exchange is under way
  closed,
};
inline constexpr int state_count = 8;
std::string_view to_string(State state);

enum class Input : std::uint8_t {
  ehlo,
  helo,
  bad_hello,
  mail,
  mail_syntax,
  mail_unknown_parameter,
  mail_bad_parameter,
  mail_too_big,
  mail_refused,
  rcpt,
  rcpt_syntax,
  rcpt_unknown_parameter,
  rcpt_bad_parameter,
  rcpt_no_mailbox,
  rcpt_no_relay,
  rcpt_too_many,
  data,
  data_argument,
  data_binary,
  content,
  content_too_big,
  content_refused,
  chunk,
  last_chunk,
  chunk_syntax,
  chunk_too_big,
  last_chunk_refused,
  rset,
  rset_argument,
  noop,
  quit,
  quit_argument,
  help,
  vrfy,
  vrfy_no_mailbox,
  vrfy_foreign,
  vrfy_syntax,
  expn,
  expn_no_list,
  expn_syntax,
  starttls,
  starttls_argument,
  auth_challenge,
  auth_success,
  auth_failure,
  auth_no_mechanism,
  auth_syntax,
  auth_initial,
  auth_cancelled,
  auth_too_long,
  unknown_verb,
  not_implemented,
  empty_line,
  too_long_line,
  count_
};
inline constexpr int input_count = static_cast<int>(Input::count_);
std::string_view to_string(Input input);

// What the next state is decided by, beside the input.
struct Context {
  Role role = Role::relay;
  State state = State::greeted;
  bool tls = false;
  bool authenticated = false;
  bool extended = false;  // EHLO, not HELO
  bool operator==(const Context&) const = default;
};

// A condition on the context.
enum class When : std::uint8_t {
  always,
  in_clear,  // no TLS yet
  in_tls,
  login_wanted,      // a submission role without a login
  clear_submission,  // a submission role without TLS
  logged_in,
};
std::string_view to_string(When when);
bool holds(When when, const Context& context);

enum class Next : std::uint8_t { stay, ready_extended, ready_plain, ready, mail, rcpt, data, bdat, auth, tls, logged_in, closed };
std::string_view to_string(Next next);

struct Row {
  std::uint16_t states;  // bit i: State i
  When when;
  Input input;
  std::string_view reply;     // what the reference server says
  std::string_view passes;    // reply codes that the law allows, as ReplySet::parse reads them
  std::string_view deviates;  // near misses: right class, wrong code
  Next next;                  // after a 2yz or 3yz that `reply` is, or stay
  std::string_view law;       // sections
};

std::span<const Row> model_table();
const Row& model_row(const Context& context, Input input);
Context after(const Context& context, const Row& row);

// The table as text, one row a line, for a reader who holds RFC 5321 beside it.
std::string print_model();

}  // namespace smtpspec::smtp
