// What is wrong with a server, by what it answered to a scenario. Three readings of one transcript: the always-on rules of the
// judge; the server model, followed by what the trees of the scenario mean; and that every command gets its one reply.
//
//   for (const auto& finding : evaluate(scenario, rendered, session.plan(), session.transcript(), registry).findings) …
//
// A finding is a fail or a deviation, as a case's would be, or an observed silence that no RFC calls too long. Its rule and what() together
// name a bug: two scenarios with the same ones show the same.
#pragma once

#include "fuzz/scenario/render.hpp"
#include "smtpspec/judge/judge.hpp"

namespace smtpspec::fuzz {

// The rules of this oracle, beside those of judge::rules().
inline constexpr std::string_view unlawful_reply = "fuzz/reply-is-lawful";  // by the model, to what the tree means
inline constexpr std::string_view lax_reply = "fuzz/broken-command-refused";
inline constexpr std::string_view lost_reply = "fuzz/command-has-its-reply";
inline constexpr std::string_view unlike_spelling = "fuzz/spellings-of-a-mailbox-are-alike";
inline constexpr std::string_view early_leave = "fuzz/five-minutes-for-a-command";
inline constexpr std::string_view early_close = "fuzz/connection-stays-open";
inline constexpr std::string_view session_leak = "fuzz/sessions-are-apart";
inline constexpr std::string_view side_effect = "fuzz/side-effect";   // of a command: a file; who looks makes the finding
inline constexpr std::string_view kept_resources = "fuzz/resources";  // of the process; likewise of who watches
inline constexpr std::string_view dead_process = "fuzz/process";      // it ended; who watches over it makes the finding

// A reply, and where it came: what of a server was seen.
struct Visit {
  smtp::Context context;  // before it
  smtp::Input input{};    // what the command is without its broken parts
  std::uint16_t production = 0;
  Validity validity = Validity::valid;
  int code = 0;
  std::optional<smtp::State> next{};  // behind it, where that is certain
};
// Two visits that are alike to the eye of a search have the same.
std::uint64_t novelty(const Visit& visit);

// The reply to a part of the scenario.
struct Answer {
  Part part;
  int entry = 0;  // of the transcript
  int code = 0;
  std::string lawful;    // of a reply that is found wrong: codes, in the notation of reply_set.hpp
  std::string deviates;  // near misses
};

// In a reply stands what another session said: of another play. Between connections of one play it is a finding.
struct Overheard {
  std::uint64_t play = 0;  // that said it
  judge::Finding finding;
};

struct Evaluation {
  std::vector<judge::Finding> findings;
  std::vector<Answer> answers;
  std::vector<Visit> visits;  // of replies before which the state was certain
  bool certain = false;       // of every reply it can be told what it answers
  std::optional<Overheard> overheard{};
};
Evaluation evaluate(const Scenario& scenario, const Rendered& rendered, const script::Plan& plan, const session::Transcript& transcript,
                    const script::Registry& registry);

// What two findings of one bug have in common: the rule, and of a rule of this oracle the command and what came. Of a reply too
// many it is what may have counted for several commands.
std::string key(const judge::Finding& finding);

}  // namespace smtpspec::fuzz
