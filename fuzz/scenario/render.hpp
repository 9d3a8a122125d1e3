// A scenario as a test case: the same octets, written in the language of the case files.
#pragma once

#include "fuzz/scenario/scenario.hpp"
#include "smtpspec/script/plan.hpp"

namespace smtpspec::fuzz {

// What of a scenario a step says: the tree of an act, or of what stands behind it.
struct Part {
  std::size_t act = 0;
  std::size_t more = 0;  // 0: the act's own tree, else the number, from 1; one too many: the end of an exchange
  bool operator==(const Part&) const = default;
};

// The words of an act: its own tree, or one of those behind it, with the marker of the connection.
script::Template text_of(const Act& act, const Node& tree);

// The mail data behind a DATA: a `line` for each, whose CRLF is added.
std::vector<script::Step> content_of(const Act& act);

struct Rendered {
  script::Case test;                     // it takes whatever is answered
  std::vector<std::vector<Part>> parts;  // that the step of this number says, or awaits the reply to; a step's place names it by its line
};
Rendered render(const Scenario& scenario);

// The parts that a move of the case's plan says, in the order of their replies.
std::vector<Part> parts_of(const Rendered& rendered, const script::Move& move);

}  // namespace smtpspec::fuzz
