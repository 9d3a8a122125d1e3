// Verdicts and findings (ISO/IEC 9646: pass, fail, inconclusive; and the finer ones of a suite that reads RFC 2119).
#pragma once

#include <string>
#include <vector>

#include "smtpspec/script/registry.hpp"

namespace smtpspec::judge {

enum class Verdict : std::uint8_t {
  pass,
  observed,      // a MAY, recorded with its named choice
  skip,          // not applicable: a capability is not offered or a fact is missing
  inconclusive,  // policy, a 4yz or a failed preamble hides the answer
  deviation,     // a SHOULD is not followed, or a MUST is met by a near miss
  fail,          // a MUST is broken
  error,         // our fault
};
inline constexpr int verdict_count = 7;
std::string_view to_string(Verdict verdict);

struct Finding {
  std::string rule;                       // the case's id, or "rules/…"
  std::vector<std::string> requirements;  // the first is the one that is broken
  script::Level level = script::Level::must;
  Verdict verdict = Verdict::fail;  // fail, deviation or observed
  std::string step;                 // what was answered: "RCPT", "greeting", "end of data"; "after RCPT" when no reply came; "" when unsure
  std::string expected;
  std::string came;
  std::string choice;  // of an observed one
  Place place;         // of the expectation in the case file
  int entry = -1;      // of the transcript
  bool by_letter = false;
};

// "RCPT: expected 250, but came 500 what?", "accepted: 250 fine" of a named choice; what is wrong of a rule.
std::string what_is_wrong(const Finding& finding);

// It quotes a reply, and does not tell of a close or of silence.
bool is_reply(std::string_view came);

}  // namespace smtpspec::judge
