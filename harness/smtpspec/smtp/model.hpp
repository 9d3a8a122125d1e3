// The server model: the command state machine of an SMTP server as one table (RFC 5321 sections 4.1.4 and 4.3.2,
// RFC 3207, RFC 4954, RFC 3030, RFC 6409), state x input -> replies + next state, for the three roles.
//
//   Context context{.role = Role::relay, .state = State::greeted};
//   const Row& row = model_row(context, Input::rcpt);   // RCPT before EHLO
//   row.reply.code == 503; row.passes == "503"
//   lawfulness(context, Input::rcpt, 250) == Lawfulness::unlawful
//   context = after(context, row);
//
// The reference server answers with `reply` and moves to `next`. An Input is something that reached the server after
// its argument, the policy and the store were asked: the model knows order, nothing else. The first row that fits
// counts, so that what refuses a command whatever its argument (TLS, a login, the order) stands before what refuses the
// argument; every (context, input) pair finds a row.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace smtpspec::smtp {

enum class Role : std::uint8_t { relay, submission, submissions };
inline constexpr Role all_roles[] = {Role::relay, Role::submission, Role::submissions};
std::string_view to_string(Role role);

enum class State : std::uint8_t {
  connected,  // no greeting yet
  refusing,   // the greeting was 554: all that is left is QUIT (RFC 5321 section 3.1)
  greeted,    // 220 was sent, no EHLO or HELO yet
  ready,      // EHLO or HELO accepted, no mail transaction
  mail,       // MAIL accepted, no recipient yet
  rcpt,       // at least one recipient
  data,       // 354 sent: content is read
  bdat,       // at least one chunk, not the last
  auth,       // a SASL exchange is under way
  closed,
};
inline constexpr int state_count = 10;
std::string_view to_string(State state);

// The inputs of a verb stand together, the plain one first, so that a row can name all of them.
enum class Input : std::uint8_t {
  greeting,
  greeting_too_many,  // too many connections
  greeting_refused,   // no service for this client
  ehlo,
  ehlo_syntax,
  ehlo_refused,  // by policy
  helo,
  helo_syntax,
  helo_refused,
  mail,
  mail_syntax,
  mail_unknown_parameter,
  mail_bad_parameter,
  mail_too_big,
  mail_refused,  // by policy
  rcpt,
  rcpt_syntax,
  rcpt_unknown_parameter,
  rcpt_bad_parameter,
  rcpt_no_mailbox,
  rcpt_no_relay,
  rcpt_too_many,
  rcpt_refused,  // by policy
  data,
  data_argument,
  data_binary,   // after BODY=BINARYMIME
  data_refused,  // by policy
  content,
  content_too_big,
  content_refused,
  content_not_stored,
  chunk,
  last_chunk,
  chunk_syntax,
  chunk_too_big,
  last_chunk_refused,
  last_chunk_not_stored,
  rset,
  rset_argument,
  vrfy,
  vrfy_no_mailbox,
  vrfy_foreign,
  vrfy_syntax,
  expn,
  expn_no_list,
  expn_syntax,
  help,
  noop,
  quit,
  quit_argument,
  starttls,
  starttls_argument,
  auth_challenge,  // the command, or a response: what follows is a challenge,
  auth_success,    // the end of the exchange,
  auth_failure,
  auth_malformed,     // base64, or a message of the mechanism, that cannot be read
  auth_no_mechanism,  // the command with a mechanism that is not offered,
  auth_syntax,        // with none,
  auth_initial,       // or with an initial response that the mechanism does not have
  auth_cancelled,
  auth_too_long,
  unknown_verb,
  not_implemented,
  empty_line,
  too_long_line,
  idle,             // nothing came for too long
  stopping,         // the server is about to end
  too_many_errors,  // one reply of 5yz more than a session may have
};
inline constexpr int input_count = static_cast<int>(Input::too_many_errors) + 1;
std::string_view to_string(Input input);
// "MAIL", "." for mail data, "greeting"; "" for what is no command.
std::string_view verb_of(Input input);

// What the next state is decided by, beside the input.
struct Context {
  Role role = Role::relay;
  State state = State::connected;
  bool tls = false;
  bool authenticated = false;
  bool extended = false;  // EHLO, not HELO
  bool operator==(const Context&) const = default;
};

// A condition on the context.
enum class When : std::uint8_t {
  always,
  in_tls,
  on_relay,          // the role is relay
  clear_submission,  // a submission role without TLS
  login_wanted,      // a submission role without a login
  logged_in,
  not_extended,  // no EHLO, or HELO after it
};
std::string_view to_string(When when);
bool holds(When when, const Context& context);

enum class Next : std::uint8_t {
  stay,
  greeted,
  refusing,
  ready_extended,
  ready_plain,
  ready,
  ready_perhaps,  // ready, but the law leaves the state open: RSET is what a client should send
  mail,
  rcpt,
  data,
  bdat,
  auth,
  tls,
  logged_in,
  closed,
};
std::string_view to_string(Next next);

struct Said {
  int code = 0;
  std::string_view status{};  // "2.1.0", or ""
  std::string_view text{};    // "": the server fills in what only it knows
};

struct Row {
  std::uint16_t states;  // bit i: State i
  When when;
  Input first, last;          // the inputs it is about
  Said reply;                 // what the reference server says
  std::string_view passes;    // reply codes that the law allows, in the notation of reply_set.hpp
  std::string_view deviates;  // near misses: right class, wrong code
  Next next;
  std::string_view law;  // sections
};

std::span<const Row> model_table();
bool fits(const Row& row, const Context& context, Input input);
const Row& model_row(const Context& context, Input input);
Context after(const Context& context, const Row& row);

// The same for who takes many steps: every context is a number, and a step is looked up in a table that was made of the rows.
//
//   const Step step = model_step(number_of(context), Input::rcpt);
//   step.code == 503; context_of(step.next) == after(context, model_row(context, Input::rcpt))
using ContextNumber = std::uint8_t;
inline constexpr int context_count = state_count * 3 * 8;
constexpr ContextNumber number_of(const Context& context) {
  return static_cast<ContextNumber>((static_cast<int>(context.state) * 3 + static_cast<int>(context.role)) * 8 + context.tls * 4 +
                                    context.authenticated * 2 + context.extended);
}
constexpr State state_of(ContextNumber number) { return static_cast<State>(number / 24); }
constexpr Context context_of(ContextNumber number) {
  return {static_cast<Role>(number / 8 % 3), state_of(number), (number & 4) != 0, (number & 2) != 0, (number & 1) != 0};
}

struct Step {
  std::uint16_t code;  // of the row's reply
  std::uint8_t row;    // of model_table()
  ContextNumber next;
};
extern const std::array<std::array<Step, input_count>, context_count> model_steps;
inline Step model_step(ContextNumber context, Input input) { return model_steps[context][static_cast<std::size_t>(input)]; }

// Whether a reply code is right. Where several reasons to refuse hold, the reference server gives the first, and the
// law allows any of them; 421 may come at any time (RFC 5321 section 3.8).
enum class Lawfulness : std::uint8_t { lawful, near_miss, unlawful };
Lawfulness lawfulness(const Context& context, Input input, int code);

// Whether the code is lawful for the verb in any state: what RFC 5321 section 4.3.2 lists, with what extensions add.
bool listed_for(std::string_view verb, int code);

// The table as text, one row a line, verbs in the order of RFC 5321 section 4.3.2, for a reader who holds it beside.
std::string print_model();

}  // namespace smtpspec::smtp
