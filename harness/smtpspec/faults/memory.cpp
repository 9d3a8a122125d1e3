// What one command leaves behind for a later one of its session, beyond what the state says: recipients, sizes, names, logins.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Role;

bool is_refused_recipient(Input input) { return Input::rcpt < input && input <= Input::rcpt_refused; }

}  // namespace

std::vector<Fault> memory_faults() {
  return {
      subtle({"memory/last-recipient-decides", "RFC5321-4.1.1.3-P4", "DATA is refused when the last RCPT was, whoever was accepted before",
              [](Seams& seams, Shared&) {
                const auto refused = std::make_shared<bool>(false);
                on_after(seams, [refused](const Context&, Input input, Context&) {
                  if (input == Input::rcpt || is_refused_recipient(input)) *refused = input != Input::rcpt;
                });
                on_row(seams, Input::data, [refused](const Context& context, Row& row) {
                  if (*refused && context.state == State::rcpt) refuse(row, {554, "5.5.1", "No valid recipients"});
                });
              }}),
      subtle({"memory/recipient-twice", "RFC5321-3.3-P2", "a recipient who is given again in a message is known already, and gets no reply",
              [](Seams& seams, Shared&) {
                const auto again = std::make_shared<bool>(false);
                on_input(seams, [again](const Context&, const Transaction& transaction, std::string_view line, Input lawful) {
                  const auto& known = transaction.envelope.recipients;
                  const smtp::Path path = smtp::parse_command(line, {.utf8 = true}).path;
                  const std::string address = std::string(path.local.in(line)) + "@" + std::string(path.domain.in(line));
                  *again = lawful == Input::rcpt && std::any_of(known.begin(), known.end(), [&](const serve::Recipient& recipient) {
                             return smtp::iequals(recipient.address, address);
                           });
                  return lawful;
                });
                on_reply(seams, Input::rcpt, [again](const Context&, std::string& reply) {
                  if (*again) reply.clear();
                });
              }}),
      subtle({"memory/contents-add-up", "RFC5321-4.1.1.4-P5", "the sizes of a session's messages add up towards the limit of one",
              [](Seams& seams, Shared&) {
                on_input(seams,
                         [sum = std::uint64_t{0}](const Context&, const Transaction& transaction, std::string_view, Input lawful) mutable {
                           if (lawful != Input::content) return lawful;
                           sum += transaction.content.size();
                           return sum > serve::Config{}.message_size ? Input::content_too_big : lawful;
                         });
              }}),
      subtle({"memory/other-name", "RFC5321-4.1.4-5", "a later EHLO is out of order when its name is another than that of the first",
              [](Seams& seams, Shared&) {
                const auto other = std::make_shared<bool>(false);
                on_input(seams, [other, first = std::string()](const Context& context, const Transaction&, std::string_view line,
                                                               Input lawful) mutable {
                  if (lawful != Input::ehlo) return lawful;
                  const std::string name = smtp::to_lower(smtp::parse_command(line).argument.in(line));
                  if (context.state == State::greeted) first = name;
                  *other = name != first;
                  return lawful;
                });
                on_row(seams, Input::ehlo, [other](const Context& context, Row& row) {
                  if (*other && context.state != State::greeted) refuse(row, bad_sequence);
                });
              }}),

      // --- logins
      subtle({"memory/ehlo-logs-out", "RFC5321-4.1.4-4", "EHLO behind a login forgets the login",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context&, Input input, Context& next) {
                  if (input == Input::ehlo) next.authenticated = false;
                });
              }}),
      subtle({"memory/second-login-behind-ehlo", "RFC5321-4.1.4-14", "behind a login and another EHLO, AUTH is taken once more",
              [](Seams& seams, Shared&) {
                const auto hello = std::make_shared<bool>(false);
                on_after(seams, [hello](const Context& before, Input input, Context&) {
                  *hello = *hello || (input == Input::ehlo && before.authenticated);
                });
                on_row(seams, Input::auth_challenge, [hello](const Context& context, Row& row) {
                  Context unknown = context;
                  unknown.authenticated = false;
                  if (*hello && context.state == State::ready) row = smtp::model_row(unknown, Input::auth_challenge);
                });
              }}),
      subtle({"memory/no-login-behind-helo", "RFC6409-4.3-1", "a login is wanted of clients that said EHLO, and of no others",
              [](Seams& seams, Shared&) {
                on_rows(seams, [](const Context& context, Input input, Row& row) {
                  Context known = context;
                  known.authenticated = true;
                  const bool plain = context.tls && context.state != State::greeted && !context.extended;
                  if (plain && context.role != Role::relay && !is_auth(input) && row.reply.code == 530) row = smtp::model_row(known, input);
                });
              }}),

      // --- RSET
      subtle({"memory/second-rset", "RFC5321-4.1.1.5-1", "the second RSET of a session gets its 250 and clears nothing",
              [](Seams& seams, Shared&) {
                const auto resets = std::make_shared<int>(0);
                on_after(seams, [resets](const Context& before, Input input, Context& next) {
                  if (input == Input::rset && ++*resets == 2) next = before;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
