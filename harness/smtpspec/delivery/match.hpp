// Whether what arrived is what was expected: the one place that says so, as session/match.hpp does for replies.
//
//   for (const Graded& one : grade(test.delivery, seen)) one.is == Graded::Is::broken
//
// Statements that hang on another one which is not met, such as the body of what never came, are left out.
#pragma once

#include <map>

#include "smtpspec/delivery/arrival.hpp"
#include "smtpspec/delivery/sent.hpp"

namespace smtpspec::delivery {

struct Seen {
  std::vector<Sent> sent;
  std::vector<Arrival> arrivals;  // of this play, as they came
  script::Facts facts;            // of its plan
  // Where absence proves nothing, why that is; where a place is not among them, what has not come is lost.
  std::map<Where, std::string> unsure;
  std::optional<std::int64_t> clock;  // seconds since 1970 when it was sent, where somebody knows
};

struct Graded {
  enum class Is : std::uint8_t { met, broken, unsure };
  const script::Statement* statement;
  Is is = Is::met;
  std::string came;  // where it is not met
  int entry = -1;    // of the transcript: the reply to the end of the message
};
std::vector<Graded> grade(const std::vector<script::Statement>& statements, const Seen& seen);

// All that may come has come: nothing is waited for but what must not come.
bool is_there(const std::vector<script::Statement>& statements, const std::vector<Arrival>& arrivals);

}  // namespace smtpspec::delivery
