// State that belongs to a session and that the server keeps for all of them (RFC 5321 section 2.3.6).
#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/content.hpp"

namespace smtpspec::faults {
namespace {

// How many sessions are in a certain way, kept up to date by each of them.
struct Census {
  std::shared_ptr<bool> mine;
  int* all;
  bool others() const { return *all > (*mine ? 1 : 0); }
};
template <typename Is>  // bool(const Context&): whether a session is that way
Census census(Seams& seams, Shared& shared, Is is) {
  const auto mine = std::make_shared<bool>(false);
  const auto set = [mine, &shared](bool now) {
    if (*mine != now) shared.count += now ? 1 : -1;
    *mine = now;
  };
  on_after(seams, [set, is](const Context&, Input, Context& next) { set(is(next)); });
  when_over(seams, [set] { set(false); });
  return {mine, &shared.count};
}

bool needs_login(Input input) {
  return (Input::mail <= input && input <= Input::data_refused) || (Input::chunk <= input && input <= Input::last_chunk_not_stored);
}

// What any session raises and the others see: passed since they began, raised or settled it.
struct Epoch {
  std::shared_ptr<int> seen;
  int* now;
  bool passed() const { return *seen != *now; }
  void settle() const { *seen = *now; }
  void raise() const { *seen = ++*now; }
};
Epoch epoch(Shared& shared) { return {std::make_shared<int>(shared.count), &shared.count}; }

}  // namespace

std::vector<Fault> sharing_faults() {
  return {
      // --- transactions
      {"sharing/recipients", "RFC5321-2.3.6-P1",
       "all sessions have one list of recipients, so that DATA is taken when another session gave one",
       [](Seams& seams, Shared& shared) {
         on_record(seams, [&shared](const Context&, Input input, std::string_view, Transaction& transaction) {
           if (input == Input::rcpt && !transaction.envelope.recipients.empty()) ++shared.count;
         });
         on_forget(seams, [&shared](const Context& before, Input, const Transaction&, Transaction&) {
           if (in_transaction(before.state)) shared.count = 0;
         });
         on_row(seams, Input::data, [&shared](const Context& context, Row& row) {
           if (context.state == State::mail && shared.count > 0) row = row_in(State::rcpt, context, Input::data);
         });
       }},
      {"sharing/one-transaction", "RFC5321-2.3.6-P1", "MAIL is out of order while another session has a transaction",
       [](Seams& seams, Shared& shared) {
         const Census open = census(seams, shared, [](const Context& context) { return in_transaction(context.state); });
         on_row(seams, Input::mail, [open](const Context& context, Row& row) {
           if (context.state == State::ready && open.others()) refuse(row, {503, "5.5.1", "Nested MAIL command"});
         });
       }},
      subtle({"sharing/rset-for-all", "RFC5321-2.3.6-P1", "RSET ends the transactions of all sessions",
              [](Seams& seams, Shared& shared) {
                const Epoch resets = epoch(shared);
                on_after(seams, [resets](const Context&, Input input, Context& next) {
                  if (input == Input::rset) resets.raise();
                  if (next.state == State::mail && input == Input::mail) resets.settle();
                });
                on_rows(seams, [resets](const Context& context, Input input, Row& row) {
                  const bool open = context.state == State::mail || context.state == State::rcpt || context.state == State::bdat;
                  if (open && resets.passed()) row = row_in(State::ready, context, input);
                });
              }}),
      subtle({"sharing/content-reader", "RFC5321-2.3.6-P1",
              "all sessions read mail data by one reader, so that a DATA in one makes another forget that it is in the middle of a line",
              [](Seams& seams, Shared& shared) {
                struct Common final : serve::ContentReader {
                  explicit Common(std::any& reader) : reader_(reader) { reader_ = smtp::DotReader(); }
                  smtp::DotReader& common() const { return std::any_cast<smtp::DotReader&>(reader_); }
                  std::size_t feed(std::string_view input, std::string& content) override { return common().feed(input, content); }
                  bool done() const override { return common().done(); }
                  std::any& reader_;
                };
                seams.content_reader = [&shared](const Context&) { return std::make_unique<Common>(shared.more); };
              }}),
      subtle({"sharing/way-of-content", "RFC5321-2.3.6-P1", "DATA is refused while another session is between two chunks",
              [](Seams& seams, Shared& shared) {
                const Census chunked = census(seams, shared, [](const Context& context) { return context.state == State::bdat; });
                on_row(seams, Input::data, [chunked](const Context& context, Row& row) {
                  if (context.state == State::rcpt && chunked.others()) row = row_in(State::bdat, context, Input::data);
                });
              }}),
      subtle({"sharing/recipients-counted-together", "RFC5321-4.5.3.1.8-1", "all open transactions together have room for 100 recipients",
              [](Seams& seams, Shared& shared) {
                const auto mine = std::make_shared<int>(0);
                const auto give_back = [mine, &shared] { shared.count -= std::exchange(*mine, 0); };
                on_after(seams, [mine, give_back, &shared](const Context&, Input input, Context& next) {
                  if (!in_transaction(next.state)) give_back();
                  else if (input == Input::rcpt && next.state == State::rcpt) ++*mine, ++shared.count;
                });
                when_over(seams, give_back);
                on_input(seams, [&shared](const Context& context, const Transaction&, std::string_view, Input lawful) {
                  const bool open = context.state == State::mail || context.state == State::rcpt;
                  return lawful == Input::rcpt && open && shared.count >= 100 ? Input::rcpt_too_many : lawful;
                });
              }}),
      subtle({"sharing/left-by-a-lost-session", "RFC5321-2.3.6-P1",
              "the session behind one that was lost inside a transaction finds its recipients, so that DATA is taken behind MAIL",
              [](Seams& seams, Shared& shared) {
                const bool found = std::exchange(shared.count, 0) > 0;
                const auto open = std::make_shared<bool>(false);
                on_after(seams, [open](const Context&, Input, Context& next) { *open = next.state == State::rcpt; });
                when_over(seams, [open, &shared] {
                  if (std::exchange(*open, false)) shared.count = 1;
                });
                on_row(seams, Input::data, [found](const Context& context, Row& row) {
                  if (found && context.state == State::mail) row = row_in(State::rcpt, context, Input::data);
                });
              }}),

      // --- the session
      {"sharing/login", "RFC6409-4.3-1", "a login holds for all sessions of the server",
       [](Seams& seams, Shared& shared) {
         on_after(seams, [&shared](const Context&, Input input, Context&) { shared.count += input == Input::auth_success; });
         on_rows(seams, [&shared](const Context& context, Input input, Row& row) {
           Context logged_in = context;
           logged_in.authenticated = true;
           if (shared.count > 0 && needs_login(input)) row = smtp::model_row(logged_in, input);
         });
       }},
      subtle({"sharing/failed-login", "RFC5321-2.3.6-P1", "a login that fails in one session is the end of those in all others",
              [](Seams& seams, Shared& shared) {
                const Epoch failures = epoch(shared);
                on_after(seams, [failures](const Context&, Input input, Context&) {
                  if (input == Input::auth_failure) failures.raise();
                  if (input == Input::auth_success) failures.settle();
                });
                on_rows(seams, [failures](const Context& context, Input input, Row& row) {
                  Context logged_out = context;
                  logged_out.authenticated = false;
                  if (failures.passed() && needs_login(input)) row = smtp::model_row(logged_out, input);
                });
              }}),
      subtle({"sharing/login-exchange", "RFC5321-2.3.6-P1", "AUTH is out of order while another session is in the middle of a login",
              [](Seams& seams, Shared& shared) {
                const Census exchange = census(seams, shared, [](const Context& context) { return context.state == State::auth; });
                on_rows(seams, [exchange](const Context& context, Input input, Row& row) {
                  const bool begins = Input::auth_challenge <= input && input <= Input::auth_too_long && context.state == State::ready;
                  if (begins && exchange.others()) refuse(row, bad_sequence);
                });
              }}),
      subtle({"sharing/hello", "RFC5321-2.3.6-P1",
              "the last HELO or EHLO of any session decides whether there are parameters in all of them",
              [](Seams& seams, Shared& shared) {
                on_after(seams, [&shared](const Context&, Input input, Context&) {
                  if (input == Input::helo || input == Input::ehlo) shared.count = input == Input::helo;
                });
                on_input(seams, [&shared](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  const bool parameters = smtp::parse_command(line, {.utf8 = true}).params.size() > 0;
                  return lawful == Input::mail && context.state == State::ready && shared.count > 0 && parameters
                             ? Input::mail_unknown_parameter
                             : lawful;
                });
              }}),
      subtle({"sharing/tls", "RFC5321-2.3.6-P1", "STARTTLS is not offered and refused in clear while another session is inside TLS",
              [](Seams& seams, Shared& shared) {
                const Census tls =
                    census(seams, shared, [](const Context& context) { return context.tls && context.state != State::closed; });
                on_keywords(seams, [tls](const Context&, std::vector<std::string>& keywords) {
                  if (tls.others()) std::erase(keywords, "STARTTLS");
                });
                on_row(seams, Input::starttls, [tls](const Context& context, Row& row) {
                  if (!context.tls && tls.others()) refuse(row, {503, "5.5.1", "TLS is already active"});
                });
              }}),
      subtle({"sharing/half-commands", "RFC5321-2.3.6-P1",
              "half a command of one session becomes the front of the next segment of any other",
              [](Seams& seams, Shared& shared) {
                seams.arrive = [&shared](const Context& context, std::string_view, std::string segment) {
                  if (context.state != State::greeted && context.state != State::ready) return segment;
                  if (shared.texts.empty()) shared.texts.emplace_back();
                  std::string& half = shared.texts.front();
                  segment.insert(0, std::exchange(half, {}));
                  if (segment.ends_with('\n')) return segment;
                  const std::size_t end = segment.rfind('\n') + 1;
                  half = segment.substr(end);
                  segment.resize(end);
                  return segment;
                };
              }}),
      subtle({"sharing/quit-for-all", "RFC5321-3.8-1",
              "QUIT ends the server's process, so that all other sessions are cut off at their next command",
              [](Seams& seams, Shared& shared) {
                const Epoch quits = epoch(shared);
                on_after(seams, [quits](const Context&, Input input, Context& next) {
                  if (input == Input::quit && next.state == State::closed && !quits.passed()) quits.raise();
                });
                on_rows(seams, [quits](const Context&, Input, Row& row) {
                  if (quits.passed()) row.next = Next::closed;
                });
                on_octets(seams, [quits](std::string& reply) {
                  if (quits.passed()) reply.clear();
                });
              }}),
      {"sharing/one-session",
       "RFC5321-4.5.4.2-P1",
       "the server has room for one session",
       {},
       [](serve::Config& config) { config.connections = 1; }},

      subtle({"sharing/body-of-the-last-mail", "RFC5321-2.3.6-P1",
              "the BODY of the last MAIL of any session is that of all transactions, so that DATA is refused for one that is not binary",
              [](Seams& seams, Shared& shared) {
                on_record(seams, [&shared](const Context&, Input input, std::string_view line, Transaction&) {
                  if (input == Input::mail) shared.count = mail_params(line).body == smtp::Body::binary_mime;
                });
                on_input(seams, [&shared](const Context&, const Transaction&, std::string_view, Input lawful) {
                  return lawful == Input::data && shared.count > 0 ? Input::data_binary : lawful;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
