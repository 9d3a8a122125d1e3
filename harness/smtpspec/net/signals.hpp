// SIGINT, SIGTERM and SIGHUP: the first asks the program to finish with what it has, a later one ends it on the spot; what
// it started is ended by the keepers (process.hpp) all the same. Everything that waits waits here or in a Loop, so that
// nothing outlasts the first signal by more than a second.
//
//   catch_signals();
//   while (!process.gone())
//     if (!wait_to_read(process.descriptor())) break;   // patience is over
//   return caught() ? 128 + caught() : 0;
#pragma once

namespace smtpspec::net {

// From here on, for the rest of the program; and a pipe without a reader is an error like others, no SIGPIPE. A SIGHUP that
// is ignored already, as by nohup, stays ignored. Signals that come within a fifth of a second count as one: who forwards
// one to a process group often sends it twice.
void catch_signals();
// The first signal that came, or 0.
int caught();
// Becomes readable with the first signal and stays so; -1 before catch_signals().
int caught_descriptor();

// Milliseconds for which one may still wait: -1 without a limit, and what is left of a second once a signal has come.
int patience();
// Wait until the descriptor can be read or written, its other end is gone, or patience is over (false).
bool wait_to_read(int descriptor);
bool wait_to_write(int descriptor);
// Who reads what is written there has gone away.
bool hung_up(int descriptor);

}  // namespace smtpspec::net
