// Whether what was sent is what arrived: every message that the server took stands in the recipient's mailbox as it was sent, once for each
// recipient at most, and none that it refused or that was given up.
//
//   deliveries(scenario, plan, evaluation.answers)      what a session handed over, as far as its replies tell
//   compare_deliveries(sent, stored, exact)             findings
//
// A message is known by the markers of its session (scenario/marker.hpp): one without is left alone.
#pragma once

#include "fuzz/oracle/oracle.hpp"

namespace smtpspec::fuzz {

inline constexpr std::string_view wrong_delivery = "fuzz/delivery";

// A message of a session.
struct Sent {
  std::string content;  // behind transparency
  int code = 0;         // of the reply to its end; 0: it was given up
  int least = 0;        // copies in the mailbox: 1 where its recipient was accepted
  int most = 0;         // one for each accepted recipient, who may all be the same
  bool valid = false;   // a header and text that no server has to mend
  int entry = -1;       // of the reply
};
// Nothing where what was sent hangs on what cannot be told.
std::optional<std::vector<Sent>> deliveries(const Scenario& scenario, const script::Plan& plan, const std::vector<Answer>& answers);

// `exact`: the octets are those that the server took, with CRLF and with nothing but trace fields in front, and what has not come is lost;
// else a line ends in LF, and a server may have added fields.
std::vector<judge::Finding> compare_deliveries(const std::vector<Sent>& sent, const std::vector<std::string>& stored, bool exact);

}  // namespace smtpspec::fuzz
