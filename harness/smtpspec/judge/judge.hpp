// From a transcript to a verdict. Two readings: the case's own expectations, and the always-on rules.
//
//   Judgement j = judge_case(test, session.plan(), session.transcript(), registry);
//   for (const Finding& f : judge_rules(test, role, transcript, registry).findings) …
#pragma once

#include <map>

#include "smtpspec/delivery/match.hpp"
#include "smtpspec/judge/finding.hpp"
#include "smtpspec/judge/rules.hpp"
#include "smtpspec/session/match.hpp"

namespace smtpspec::judge {

struct Judgement {
  Verdict verdict = Verdict::pass;
  std::string summary;  // one line: what was expected, what came
  std::string choice;   // named choice of an observed verdict
  std::vector<Finding> findings;
  bool policy = false;       // inconclusive by a 421 or 4yz: worth another try
  bool no_greeting = false;  // the target did not answer at all
};

Judgement judge_case(const script::Case& test, const script::Plan& plan, const session::Transcript& transcript,
                     const script::Registry& registry);

// Whether the session went so that the case's word on the delivery holds: to its end, and with nothing against it.
bool awaits_delivery(const script::Case& test, const script::Plan& plan, const session::Transcript& transcript, const Judgement& judgement);
// What became of its messages; `before` is the judgement of the session.
Judgement judge_delivery(const script::Case& test, const std::vector<delivery::Graded>& graded, Judgement before,
                         const script::Registry& registry);

// Whether a server could be accused by the case, or by the rule: at the level MAY they only record, but for a deviation that
// a case names.
bool judges(const script::Case& test, const script::Registry& registry);
bool judges(const Rule& rule, const script::Registry& registry);

struct RulesJudgement {
  std::vector<Finding> findings;               // one of a rule: the first of the worst
  std::map<const Rule*, std::size_t> replies;  // that a rule was about; a rule that is not here saw nothing to judge
};

// The case may be null (a probe).
RulesJudgement judge_rules(const script::Case* test, smtp::Role role, const session::Transcript& transcript,
                           const script::Registry& registry);

// Silence below this proves nothing (RFC 5321 section 4.5.3.2); `verb` is the command that was not answered.
session::Duration lawful_wait(std::string_view verb);

}  // namespace smtpspec::judge
