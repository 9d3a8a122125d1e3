// STARTTLS and what changes with it (RFC 3207, RFC 8314): when it is taken, when it is offered.
#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Role;

// STARTTLS is out of order where `is` holds.
template <typename Is>  // bool()
void refuse_starttls(Seams& seams, const Is& is) {
  on_row(seams, Input::starttls, [is](const Context&, Row& row) {
    if (row.next == Next::tls && is()) refuse(row, bad_sequence);
  });
}

}  // namespace

std::vector<Fault> tls_faults() {
  return {
      subtle({"tls/one-try", "RFC3207-4-P2", "behind a STARTTLS that was refused for its argument, STARTTLS is out of order",
              [](Seams& seams, Shared&) {
                const auto tried = std::make_shared<bool>(false);
                on_after(seams, [tried](const Context&, Input input, Context&) { *tried = *tried || input == Input::starttls_argument; });
                refuse_starttls(seams, [tried] { return *tried; });
              }}),
      subtle({"tls/only-before-mail", "RFC3207-4-P1", "STARTTLS is out of order in a session that has had a mail transaction",
              [](Seams& seams, Shared&) {
                const auto mail = std::make_shared<bool>(false);
                on_after(seams, [mail](const Context&, Input, Context& next) { *mail = *mail || next.state == State::mail; });
                refuse_starttls(seams, [mail] { return *mail; });
              }}),
      subtle({"tls/alone-in-its-segment", "RFC3207-4-P1", "STARTTLS is out of order when it comes in a segment with the commands before it",
              [](Seams& seams, Shared&) {
                const auto answers = std::make_shared<int>(0);
                seams.arrive = [answers](const Context&, std::string_view, std::string octets) {
                  *answers = 0;
                  return octets;
                };
                on_after(seams, [answers](const Context&, Input, Context&) { ++*answers; });
                refuse_starttls(seams, [answers] { return *answers > 0; });
              }}),
      subtle({"tls/again-on-465", "RFC3207-4.2-5", "STARTTLS is taken on the port where TLS comes first, as if it were not there yet",
              [](Seams& seams, Shared&) {
                on_row(seams, Input::starttls, [](const Context& context, Row& row) {
                  Context clear = context;
                  clear.tls = false;
                  if (context.role == Role::submissions) row = smtp::model_row(clear, Input::starttls);
                });
              }}),
      subtle({"tls/offered-by-second-ehlo", "RFC3207-4.2-7",
              "inside TLS, the second EHLO is answered with the keywords of before the handshake",
              [](Seams& seams, Shared&) {
                const auto inside = std::make_shared<int>(0);
                on_after(seams, [inside](const Context&, Input input, Context& next) { *inside += input == Input::ehlo && next.tls; });
                on_keywords(seams, [inside](const Context& context, std::vector<std::string>& keywords) {
                  if (*inside > 0 && context.role != Role::submissions) keywords.emplace_back("STARTTLS");
                });
              }}),
      subtle({"tls/no-auth-inside", "RFC6409-7-1d", "AUTH is offered on the port where TLS comes first, and never behind STARTTLS",
              [](Seams& seams, Shared&) {
                on_keywords(seams, [](const Context& context, std::vector<std::string>& keywords) {
                  if (context.role == Role::submission)
                    std::erase_if(keywords, [](const std::string& k) { return k.starts_with("AUTH "); });
                });
              }}),
  };
}

}  // namespace smtpspec::faults
