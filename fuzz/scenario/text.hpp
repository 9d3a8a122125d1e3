// A scenario as text, trees and all: an entry of a corpus. It needs neither a seed nor this build, for a production is named by its
// symbol and its own text; one that the grammar does not have any more is an error at its place.
//
//   scenario 1 relay
//   command glued
//     mail "MAIL FROM:{reverse-path}{mail-parameters}{end}"
//       reverse-path "<{sender}>"
//       mail-parameters ""
//       end ""
//   data cuts=3,7
//     data "DATA{end}"
//       end ""
//     content "{text}"
//       text "a\r\n"
//
// A line an act: its kind and what else is true of it. Below it its tree and those behind it, a line a node, two blanks deeper than
// its parent. What stands between the first quote of a line and its last is the production's text as the grammar has it.
#pragma once

#include "fuzz/scenario/scenario.hpp"

namespace smtpspec::fuzz {

std::string to_text(const Scenario& scenario);

// from_text(to_text(s)) == s. `file` is for the places of errors.
Result<Scenario> from_text(std::string_view text, const std::string& file);

}  // namespace smtpspec::fuzz
