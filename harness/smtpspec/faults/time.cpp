// Silence allowed, and replies too late.
#include <algorithm>
#include <chrono>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using namespace std::chrono_literals;

// A shorter silence allowed, where `fits` holds.
template <typename Fits>  // bool(const Context&)
void shorten_idle(Seams& seams, smtp::Duration most, const Fits& fits) {
  seams.idle = [most, fits](const Context& context, smtp::Duration lawful) { return fits(context) ? std::min(most, lawful) : lawful; };
}

// A wait before some replies.
template <typename Fits>  // bool(const Context&, Input)
auto answer_late(smtp::Duration wait, Fits fits) {
  return [wait, fits](Seams& seams, Shared&) {
    seams.delay = [wait, fits](const Context& context, Input input) mutable { return fits(context, input) ? wait : smtp::Duration{}; };
  };
}

}  // namespace

std::vector<Fault> time_faults() {
  return {
      // --- silence allowed
      {"time/idle-one-minute", "RFC5321-4.5.3.2.7-1", "a client may be silent for one minute",
       [](Seams& seams, Shared&) { shorten_idle(seams, 1min, [](const Context&) { return true; }); }},
      subtle(
          {"time/idle-in-transaction", "RFC5321-4.5.3.2.7-1", "a client may be silent for two minutes once a recipient was taken",
           [](Seams& seams, Shared&) { shorten_idle(seams, 2min, [](const Context& context) { return context.state == State::rcpt; }); }}),
      subtle({"time/idle-behind-message", "RFC5321-4.5.3.2.7-1", "a client that has sent a message is to send the next within ten seconds",
              [](Seams& seams, Shared&) {
                const auto sent = std::make_shared<bool>(false);
                on_after(seams, [sent](const Context&, Input input, Context&) { *sent = input == Input::content; });
                shorten_idle(seams, 10s, [sent](const Context&) { return *sent; });
              }}),
      subtle(
          {"time/idle-under-stress", "RFC5321-4.5.3.2.7-1", "a client with a refused recipient may be silent for ten seconds from then on",
           [](Seams& seams, Shared&) {
             const auto refused = std::make_shared<bool>(false);
             on_after(seams, [refused](const Context&, Input input, Context&) { *refused = *refused || input == Input::rcpt_no_mailbox; });
             shorten_idle(seams, 10s, [refused](const Context&) { return *refused; });
           }}),

      // --- replies too late
      {"time/greeting-late", "RFC5321-4.5.3.2-P1", "the greeting comes after six minutes",
       answer_late(6min, [](const Context&, Input input) { return input == Input::greeting; })},
      subtle({"time/bounce-late", "RFC5321-4.5.3.2-P1", "the reply to MAIL with the null reverse-path comes after six minutes",
              [](Seams& seams, Shared&) {
                const auto null = std::make_shared<bool>(false);
                on_input(seams, [null](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  *null = lawful == Input::mail && smtp::parse_command(line, {.utf8 = true}).path.null;
                  return lawful;
                });
                seams.delay = [null](const Context&, Input) { return *null ? smtp::Duration(6min) : smtp::Duration{}; };
              }}),
      subtle({"time/tarpit", "RFC5321-4.5.3.2-P1", "behind two refused recipients each further RCPT is answered after six minutes",
              answer_late(6min,
                          [refused = 0](const Context&, Input input) mutable {
                            const bool late = refused >= 2 && input >= Input::rcpt && input <= Input::rcpt_refused;
                            refused += input == Input::rcpt_no_mailbox;
                            return late;
                          })}),
      subtle({"time/data-late", "RFC5321-4.5.3.2-P1",
              "the reply to DATA comes after three minutes, later than the two that a client waits for it",
              answer_late(3min, [](const Context&, Input input) { return input == Input::data; })}),
      {"time/final-dot-late", "RFC5321-6.1-8", "the reply to the final dot comes after eleven minutes",
       answer_late(11min, [](const Context&, Input input) { return input == Input::content; })},
      subtle({"time/submission-late", "RFC6409-5.3-1", "the reply to the final dot comes after three minutes on submission",
              answer_late(
                  3min, [](const Context& context, Input input) { return input == Input::content && context.role != smtp::Role::relay; })}),

      // --- silence inside something
      subtle(
          {"time/idle-in-login", "RFC5321-4.5.3.2.7-1", "a client that looks for its password may be silent for one minute",
           [](Seams& seams, Shared&) { shorten_idle(seams, 1min, [](const Context& context) { return context.state == State::auth; }); }}),
      subtle({"time/idle-in-command", "RFC5321-4.5.3.2.7-1", "a client may be silent for half a minute inside a command line",
              [](Seams& seams, Shared&) {
                const auto half = std::make_shared<bool>(false);
                seams.arrive = [half](const Context& context, std::string_view, std::string octets) {
                  *half = context.state != State::data && !octets.ends_with('\n');
                  return octets;
                };
                shorten_idle(seams, 30s, [half](const Context&) { return *half; });
              }}),
      {"time/last-chunk-late", "RFC5321-6.1-8", "the reply to the last chunk comes after eleven minutes",
       answer_late(11min, [](const Context&, Input input) { return input == Input::last_chunk; })},
  };
}

}  // namespace smtpspec::faults
