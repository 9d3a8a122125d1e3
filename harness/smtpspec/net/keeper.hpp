// The process that stands between us and a program that we start: for process.cpp only.
//
// It is forked, never exec'd, and takes every descendant of the program whose own parent has died (PR_SET_CHILD_SUBREAPER):
// whoever has it for an ancestor cannot get away, not by a process group or session of its own. It ends them all when its
// owner asks, and when its owner is gone however that came about, SIGKILL included: the end of the owner is the end of a
// socket, which nobody can miss. It also takes the program's output, and keeps so much of it as there is room for.
//
// Not guaranteed: that they end when the keeper itself is killed. Then the kernel kills the program (PR_SET_PDEATHSIG), and
// its children go to init. Nor can anybody end a process that the kernel holds, or one that became another user's.
#pragma once

#include <cstdint>

namespace smtpspec::net {

// To the owner. From the owner any message asks the keeper to end all: by SIGTERM, after `grace` by SIGKILL. Its end of the
// socket shut or gone: by SIGKILL at once. The keeper's end is gone when all of them are.
struct KeeperMessage {
  enum class Kind : std::int32_t {
    ended,  // the program; `status` is from waitpid
    cut,    // some of its output was dropped
  };
  Kind kind;
  std::int32_t status;
};

struct Keeping {
  struct Stream {
    int given = -1;          // what the program writes to …
    int from = -1;           // … comes here (non-blocking)
    int into = -1;           // … and goes there …
    std::uint64_t room = 0;  // … so many octets of it
  };
  char* const* command;  // as for execvp
  int owner;             // the keeper's end of a SOCK_SEQPACKET pair
  Stream out, error;     // of `error` only `given` is set when it goes with `out`
};

// Runs in the forked process, with all signals blocked. Calls nothing that takes memory or a lock.
[[noreturn]] void keep(const Keeping& keeping);

}  // namespace smtpspec::net
