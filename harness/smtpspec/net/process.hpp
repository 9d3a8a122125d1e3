// Processes of targets: started, watched, and ended with all that they started in turn, whatever becomes of us.
//
//   auto process = Process::start({"/bin/sh", "-c", "server -p 2525"}, {"/tmp/log", 64 << 20});
//   if (const std::string how = process->ended(); !how.empty()) …   // "exited with status 3"
//   process->ask_to_end();                                          // and gone() some time later
//
// No call waits but the destructor. A Process that is dropped, a second signal, a crash and a SIGKILL of ours end the
// program and all its descendants, daemons among them; keeper.hpp says how, and what is not guaranteed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::net {

// A file at whose end a program's output is put, as long as it has no more than `most` octets. What comes then is dropped.
struct Sink {
  std::string path;
  std::uint64_t most = 0;
};

// What a program and all that it started hold.
struct Usage {
  std::uint64_t memory = 0;  // octets, resident
  int descriptors = 0, threads = 0, processes = 0;
};

class Process {
 public:
  // `command` as execvp takes it. The program has no input; what it says as an error goes with the rest without an `error`.
  static Result<Process> start(const std::vector<std::string>& command, const Sink& out, const Sink& error = {});
  Process(Process&& other) noexcept;
  Process& operator=(Process other) noexcept;
  ~Process();  // asks it to end and waits until it has: 5 s at most, and 1 s once a signal has come

  // "" while the program runs, else "exited with status 3" or "ended by signal 11". What it started may live on.
  const std::string& ended();
  // The exit status, 128 + signal; good when it has ended.
  int status() const { return status_; }
  // Asks the program and all that it started to end; who has not within 3 s is killed.
  void ask_to_end();
  // Nothing of it lives any more.
  bool gone();
  // Some of its output was dropped.
  bool cut();
  // From /proc; what may not be read there counts as nothing.
  Usage usage() const;

 private:
  Process() = default;
  void swap(Process& other) noexcept;
  void hear();

  int socket_ = -1;
  int keeper_ = -1;
  std::string ended_;
  int status_ = 0;
  bool cut_ = false;
};

// Asks processes of others to end, then insists: after 3 s, or 1 s after a signal.
void stop_pids(const std::vector<int>& pids);

// A port of loopback and the `span` - 1 above it that nobody listens on just now, by IPv4 or IPv6.
std::uint16_t free_ports(int span);

}  // namespace smtpspec::net
