// Inputs for state machines of a server, and for readers of mail data.
#pragma once

#include "inputs/inputs.hpp"

namespace smtpspec::bench::inputs {

Input sessions();  // 1 MiB
Input sessions_4k();
Input mistakes();        // 1 MiB
Input dialogue_steps();  // the octets of dialogue()

Input steps();  // 64 KiB of octets that are verbs
Input walk();
Input walk_4k();

Input text();  // 1 MiB
Input text_4k();
Input dots();

}  // namespace smtpspec::bench::inputs
