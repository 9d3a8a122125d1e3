// What a session remembers or forgets wrongly: behind RSET, EHLO, a message, a refusal, a handshake, a login.
#include <optional>
#include <set>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::faults {
namespace {

bool is_rcpt(Input input) { return Input::rcpt <= input && input <= Input::rcpt_refused; }
bool ends_message(Input input) { return input == Input::content || input == Input::last_chunk; }
bool accepts_mail(const Context& before, Input input) { return input == Input::mail && before.state == State::ready; }

template <typename T>
std::shared_ptr<T> memory(T initial = {}) {
  return std::make_shared<T>(std::move(initial));
}

// Recipients outlive a transaction that ends by `end`: the next one has them from its MAIL on, and DATA goes on.
void keep_recipients(Seams& seams, Input end) {
  const auto kept = memory<std::vector<serve::Recipient>>();
  on_forget(seams, [kept, end](const Context& before, Input input, const Transaction& ended, Transaction&) {
    if (input == end && !ended.envelope.recipients.empty()) *kept = ended.envelope.recipients;
    else if (in_transaction(before.state)) kept->clear();
  });
  on_record(seams, [kept](const Context& before, Input input, std::string_view, Transaction& transaction) {
    if (accepts_mail(before, input)) transaction.envelope.recipients = *kept;
  });
  on_row(seams, Input::data, [kept](const Context& context, Row& row) {
    if (context.state == State::mail && !kept->empty()) row = row_in(State::rcpt, context, Input::data);
  });
}

// BODY=BINARYMIME of a transaction that ends by `end` holds for the next ones.
void keep_binary(Seams& seams, Input end) {
  const auto kept = memory(false);
  on_forget(seams, [kept, end](const Context& before, Input input, const Transaction& ended, Transaction&) {
    if (in_transaction(before.state)) *kept = input == end && ended.envelope.binary;
  });
  on_record(seams, [kept](const Context& before, Input input, std::string_view, Transaction& transaction) {
    if (accepts_mail(before, input)) transaction.envelope.binary = transaction.envelope.binary || *kept;
  });
}

// How often what `counted` names happened in the session.
template <typename Counted>  // bool(const Context& before, Input, const Context& next)
std::shared_ptr<int> count(Seams& seams, Counted counted) {
  const auto so_far = memory(0);
  on_after(seams, [so_far, counted](const Context& before, Input input, Context& next) { *so_far += counted(before, input, next); });
  return so_far;
}

// An address of RCPT, whatever its letter case.
std::string forward_path(std::string_view line) {
  const smtp::Command command = smtp::parse_command(line, {.utf8 = true});
  return smtp::to_lower(command.path.all.in(line));
}

}  // namespace

std::vector<Fault> order_faults() {
  return {
      // --- recipients
      {"order/rset-keeps-recipients", "RFC5321-4.1.1.5-1", "recipients of before RSET are recipients of the next transaction",
       [](Seams& seams, Shared&) { keep_recipients(seams, Input::rset); }},
      {"order/ehlo-keeps-recipients", "RFC5321-4.1.4-4", "recipients of before EHLO are recipients of the next transaction",
       [](Seams& seams, Shared&) { keep_recipients(seams, Input::ehlo); }},
      subtle({"order/helo-keeps-recipients", "RFC5321-4.1.4-4b", "recipients of before HELO are recipients of the next transaction",
              [](Seams& seams, Shared&) { keep_recipients(seams, Input::helo); }}),
      {"order/message-keeps-recipients", "RFC5321-4.1.1.4-P5", "recipients of a message are recipients of the next one",
       [](Seams& seams, Shared&) { keep_recipients(seams, Input::content); }},
      subtle({"order/refused-message-keeps-recipients", "RFC5321-4.1.1.4-P5",
              "recipients of a message that was refused behind the final dot are recipients of the next one",
              [](Seams& seams, Shared&) { keep_recipients(seams, Input::content_refused); }}),
      subtle({"order/first-recipient-decides", "RFC5321-4.1.1.3-P4",
              "when the first RCPT of a transaction is refused, every later one is refused as out of order",
              [](Seams& seams, Shared&) {
                const auto first = memory(true), failed = memory(false);
                on_row(seams, Input::rcpt, [failed](const Context& context, Row& row) {
                  if (*failed && context.state == State::mail) refuse(row, bad_sequence);
                });
                on_after(seams, [first, failed](const Context& before, Input input, Context&) {
                  if (accepts_mail(before, input)) *first = true, *failed = false;
                  else if (is_rcpt(input) && before.state == State::mail && std::exchange(*first, false)) *failed = input != Input::rcpt;
                });
              }}),
      subtle({"order/two-refused-recipients", "RFC5321-4.1.1.3-P4", "the second refused RCPT of a transaction ends it",
              [](Seams& seams, Shared&) {
                const auto refused = memory(0);
                on_after(seams, [refused](const Context& before, Input input, Context& next) {
                  if (accepts_mail(before, input)) *refused = 0;
                  else if (in_transaction(before.state) && is_rcpt(input) && input != Input::rcpt && ++*refused == 2)
                    next.state = State::ready;
                });
              }}),
      subtle({"order/recipient-once-a-session", "RFC5321-4.1.1.5-1", "a recipient given before RSET is out of order behind it",
              [](Seams& seams, Shared&) {
                const auto given = memory<std::set<std::string>>(), reset = memory<std::set<std::string>>();
                const auto again = memory(false);
                on_record(seams, [given](const Context&, Input input, std::string_view line, Transaction&) {
                  if (input == Input::rcpt) given->insert(forward_path(line));
                });
                on_forget(seams, [given, reset](const Context&, Input input, const Transaction&, Transaction&) {
                  if (input == Input::rset) reset->merge(*given);
                });
                on_input(seams, [reset, again](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  *again = lawful == Input::rcpt && reset->count(forward_path(line)) > 0;
                  return lawful;
                });
                on_row(seams, Input::rcpt, [again](const Context&, Row& row) {
                  if (*again) refuse(row, bad_sequence);
                });
              }}),
      subtle({"order/recipients-of-the-session", "RFC5321-4.5.3.1.8-1", "a session, not a message, has room for 100 recipients",
              [](Seams& seams, Shared&) {
                const auto so_far = count(seams, [](const Context&, Input input, const Context& next) {
                  return input == Input::rcpt && next.state == State::rcpt;
                });
                on_input(seams, [so_far](const Context& context, const Transaction&, std::string_view, Input lawful) {
                  return lawful == Input::rcpt && in_transaction(context.state) && *so_far >= 100 ? Input::rcpt_too_many : lawful;
                });
              }}),

      // --- the reverse-path and the number of transactions
      {"order/null-sender-is-none", "RFC5321-4.1.1.2-P1", "MAIL FROM:<> gets its 250, and RCPT is out of order behind it",
       [](Seams& seams, Shared&) {
         const auto null = memory(false);
         on_record(seams, [null](const Context& before, Input input, std::string_view line, Transaction&) {
           if (accepts_mail(before, input)) *null = forward_path(line) == "<>";
         });
         on_row(seams, Input::rcpt, [null](const Context& context, Row& row) {
           if (*null && context.state == State::mail) refuse(row, bad_sequence);
         });
       }},
      subtle({"order/two-messages-a-session", "RFC5321-4.1.4-P2", "MAIL is out of order behind the second message of a session",
              [](Seams& seams, Shared&) {
                const auto so_far = count(seams, [](const Context&, Input input, const Context&) { return ends_message(input); });
                on_row(seams, Input::mail, [so_far](const Context& context, Row& row) {
                  if (*so_far >= 2 && context.state == State::ready) refuse(row, bad_sequence);
                });
              }}),
      subtle({"order/one-data-a-transaction", "RFC5321-4.1.4-14",
              "behind a DATA that was refused for want of recipients, DATA is out of order when there are some",
              [](Seams& seams, Shared&) {
                const auto had = memory(false);
                on_after(seams, [had](const Context& before, Input input, Context&) {
                  if (accepts_mail(before, input)) *had = false;
                  else if (input == Input::data && before.state == State::mail) *had = true;
                });
                on_row(seams, Input::data, [had](const Context& context, Row& row) {
                  if (*had && context.state == State::rcpt) refuse(row, bad_sequence);
                });
              }}),

      // --- BODY, SMTPUTF8, SIZE and the DSN parameters
      subtle({"order/rset-keeps-binary", "RFC5321-4.1.1.5-1",
              "BODY=BINARYMIME of before RSET holds for the next transaction, so that DATA is refused",
              [](Seams& seams, Shared&) { keep_binary(seams, Input::rset); }}),
      subtle({"order/message-keeps-binary", "RFC5321-4.1.1.4-P5",
              "BODY=BINARYMIME of a message holds for the next one, so that DATA is refused",
              [](Seams& seams, Shared&) { keep_binary(seams, Input::last_chunk); }}),
      subtle({"order/refused-mail-leaves-binary", "RFC5321-4.1.1.11-P3",
              "BODY=BINARYMIME of a MAIL that was refused for another parameter holds for the next MAIL",
              [](Seams& seams, Shared&) {
                const auto left = memory(false);
                on_record(seams, [left](const Context& before, Input input, std::string_view line, Transaction& transaction) {
                  if (input == Input::mail_unknown_parameter || input == Input::mail_bad_parameter || input == Input::mail_too_big)
                    *left = mail_params(line).body == smtp::Body::binary_mime;
                  else if (accepts_mail(before, input))
                    transaction.envelope.binary = std::exchange(*left, false) || transaction.envelope.binary;
                });
              }}),
      subtle({"order/nested-mail-leaves-binary", "RFC5321-4.1.4-12b",
              "BODY=BINARYMIME of a refused second MAIL holds for the open transaction",
              [](Seams& seams, Shared&) {
                on_record(seams, [](const Context& before, Input input, std::string_view line, Transaction& transaction) {
                  if (input == Input::mail && in_transaction(before.state) && mail_params(line).body == smtp::Body::binary_mime)
                    transaction.envelope.binary = true;
                });
              }}),
      subtle({"order/smtputf8-remembered", "RFC6531-3.4-P1", "SMTPUTF8 of an earlier transaction holds for the rest of the session",
              [](Seams& seams, Shared&) {
                const auto had = memory(false);
                on_record(seams, [had](const Context& before, Input input, std::string_view, Transaction& transaction) {
                  if (accepts_mail(before, input)) *had = transaction.envelope.unicode = transaction.envelope.unicode || *had;
                });
              }}),
      subtle({"order/declared-sizes-add-up", "RFC1870-3-P2", "the sizes that a session's MAIL commands declared add up towards the limit",
              [](Seams& seams, Shared&) {
                const auto sum = memory<std::uint64_t>(0);
                on_input(seams, [sum](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  if (lawful != Input::mail || context.state != State::ready) return lawful;
                  return *sum + mail_params(line).size.value_or(0) > serve::Config{}.message_size ? Input::mail_too_big : lawful;
                });
                on_record(seams, [sum](const Context& before, Input input, std::string_view line, Transaction&) {
                  if (accepts_mail(before, input)) *sum += mail_params(line).size.value_or(0);
                });
              }}),
      subtle({"order/too-big-once", "RFC1870-3-P2", "behind a MAIL refused for its size, MAIL with any size is refused until RSET or EHLO",
              [](Seams& seams, Shared&) {
                const auto refused = memory(false);
                on_input(seams, [refused](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  if (lawful == Input::rset || lawful == Input::ehlo) *refused = false;
                  if (context.state != State::ready) return lawful;
                  if (lawful == Input::mail && *refused && mail_params(line).size) return Input::mail_too_big;
                  *refused = *refused || lawful == Input::mail_too_big;
                  return lawful;
                });
              }}),
      subtle({"order/message-too-big-once", "RFC5321-4.1.1.4-P5", "behind a message that was too big, every message of the session is",
              [](Seams& seams, Shared&) {
                const auto had = memory(false);
                on_input(seams, [had](const Context&, const Transaction&, std::string_view, Input lawful) {
                  *had = *had || lawful == Input::content_too_big;
                  return lawful == Input::content && *had ? Input::content_too_big : lawful;
                });
              }}),
      subtle({"order/ret-remembered", "RFC3461-5.1-2", "RET counts as given twice when a transaction of before RSET had one",
              [](Seams& seams, Shared&) {
                const auto had = memory(false);
                on_input(seams, [had](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  return lawful == Input::mail && context.state == State::ready && *had && mail_params(line).ret ? Input::mail_bad_parameter
                                                                                                                 : lawful;
                });
                on_forget(seams, [had](const Context& before, Input input, const Transaction& ended, Transaction&) {
                  if (in_transaction(before.state)) *had = input == Input::rset && !ended.envelope.ret.empty();
                });
              }}),
      subtle({"order/notify-of-all-recipients", "RFC3461-5.1-5",
              "NOTIFY=NEVER for one recipient and another value for the next count as a contradiction",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction& transaction, std::string_view line, Input lawful) {
                  if (lawful != Input::rcpt || !in_transaction(context.state)) return lawful;
                  const auto notify = rcpt_params(line).notify;
                  if (!notify) return lawful;
                  const bool never = smtp::iequals(notify->in(line), "NEVER");
                  for (const serve::Recipient& other : transaction.envelope.recipients)
                    if (!other.notify.empty() && smtp::iequals(other.notify, "NEVER") != never) return Input::rcpt_bad_parameter;
                  return lawful;
                });
              }}),

      // --- EHLO and HELO
      subtle({"order/helo-for-good", "RFC6152-3-P1", "a session that said HELO once has no parameters, whether EHLO follows or not",
              [](Seams& seams, Shared&) {
                const auto plain = memory(false);
                on_after(seams, [plain](const Context&, Input input, Context& next) {
                  *plain = *plain || input == Input::helo;
                  if (*plain) next.extended = false;
                });
              }}),
      subtle({"order/refused-ehlo-forgets-extensions", "RFC5321-4.1.4-6",
              "behind an EHLO that was refused, the parameters of extensions are unknown",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context&, Input input, Context& next) {
                  if (input == Input::ehlo_syntax || input == Input::ehlo_refused) next.extended = false;
                });
              }}),

      // --- TLS
      subtle({"order/starttls-keeps-hello", "RFC3207-4.2-1a", "the EHLO of before the handshake holds inside TLS",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context& before, Input input, Context& next) {
                  if (input != Input::starttls || before.state == State::connected || !next.tls) return;
                  next.state = before.state;
                  next.extended = before.extended;
                });
              }}),
      subtle({"order/starttls-keeps-transaction", "RFC3207-4-P5",
              "STARTTLS is taken inside a transaction, and the transaction goes on inside TLS",
              [](Seams& seams, Shared&) {
                on_row(seams, Input::starttls, [](const Context& context, Row& row) {
                  if (in_transaction(context.state)) row = row_in(State::ready, context, Input::starttls);
                });
                on_after(seams, [](const Context& before, Input input, Context& next) {
                  if (input == Input::starttls && in_transaction(before.state)) next.state = before.state;
                });
              }}),

      // --- the login
      {"order/login-for-one-message", "RFC5321-4.1.4-P2", "a login holds for one message",
       [](Seams& seams, Shared&) {
         on_after(seams, [](const Context&, Input input, Context& next) {
           if (ends_message(input)) next.authenticated = false;
         });
       }},
      {"order/rset-logs-out", "RFC5321-4.1.1.5-1", "RSET forgets the login",
       [](Seams& seams, Shared&) {
         on_after(seams, [](const Context&, Input input, Context& next) {
           if (input == Input::rset) next.authenticated = false;
         });
       }},
      subtle({"order/refused-auth-logs-out", "RFC5321-4.1.4-14", "an AUTH that is refused because there was one forgets the login",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context& before, Input input, Context& next) {
                  if (before.authenticated && is_auth(input)) next.authenticated = false;
                });
              }}),
      subtle({"order/one-auth-a-session", "RFC4954-4-P6", "behind an exchange that failed or was cancelled, AUTH is out of order",
              [](Seams& seams, Shared&) {
                const auto had = memory(false);
                on_after(seams, [had](const Context& before, Input input, Context& next) {
                  *had = *had || input == Input::auth_failure || (before.state == State::auth && next.state == State::ready);
                });
                on_rows(seams, [had](const Context& context, Input input, Row& row) {
                  if (*had && is_auth(input) && context.state == State::ready) refuse(row, bad_sequence);
                });
              }}),
  };
}

}  // namespace smtpspec::faults
