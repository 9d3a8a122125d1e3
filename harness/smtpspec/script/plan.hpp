// A plan: a case made concrete for one row, one role and one target. Names are filled in, the preamble that reaches the
// start state stands in front, and what a `check` stands for is written out. The interpreter (session) runs it as it is.
#pragma once

#include "smtpspec/script/case.hpp"

namespace smtpspec::script {

// A step with its octets. `segments` is what a sending step writes; for the others the Step says all.
struct Move {
  Step step;
  std::vector<Segment> segments;
  bool preamble = false;      // its failure hides the answer instead of being one
  int commands = 0;           // replies that the sending of this move asks for, as far as can be told
  bool is_data = false;       // mail content or a chunk: answered within the end-of-data deadline
  bool late = false;          // its octets hang on what the session hears: fill_in() makes them
  std::size_t block_end = 0;  // of a move in a block: the move behind the block
};

struct Plan {
  smtp::Role role = smtp::Role::relay;
  std::vector<Move> moves;  // the preamble, the dialogue, and behind each `open` the other connection's preamble
  Start start = Start::ehlo;
  Facts facts;  // that it was made from
};

// The dialogue that reaches `start` in this role: the one place that knows it. With an account, submission roles log
// in on the way to ehlo, mail, rcpt, data and bdat; without one they stop at EHLO under TLS.
std::string preamble(Start start, smtp::Role role, bool account);

// `steps` is the case's dialogue or its twin. A name without a value is an error at its place.
Result<Plan> make_plan(const Case& test, const std::vector<Step>& steps, const CaseRow& row, smtp::Role role, const Facts& facts);

// The move with its octets, once the session has `heard` (template.hpp) what they hang on. An error says what is missing.
Result<Move> fill_in(const Plan& plan, const Move& move, const Facts& heard);

// Facts that the plan needs and the target does not have: the names of dialogue and row, and `account` for a login.
std::vector<std::string> missing_facts(const Case& test, const CaseRow& row, smtp::Role role, const Facts& facts);

}  // namespace smtpspec::script
