// Processes of targets: run a launcher and read what it prints, start a server in a process group of its own, notice
// its death, stop it by pid.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::net {

struct Output {
  int status = 0;  // exit status, 128 + signal
  std::string out;
  std::string error;
};
// Runs `command` to its end; both streams are read up to 1 MiB each.
Result<Output> run_command(const std::vector<std::string>& command, smtp::Duration deadline);

class Process {
 public:
  // `command` goes to /bin/sh; its output goes to `log`.
  static Result<Process> start(const std::string& command, const std::string& log);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();  // stop()
  // "" while it runs, else "exited with status 3" or "ended by signal 11".
  std::string ended();
  void stop();
  int pid() const { return pid_; }

 private:
  Process() = default;
  int pid_ = -1;
  std::string ended_;
};

// Asks processes to end, then insists.
void stop_pids(const std::vector<int>& pids);

// A port of loopback and the `span` - 1 above it that nobody listens on just now, by IPv4 or IPv6.
std::uint16_t free_ports(int span);

// True when something takes a connection there.
bool answers(const smtp::Endpoint& endpoint);

// "192.0.2.1" and "2001:db8::1" are addresses, "localhost" is none.
bool is_address(const std::string& text);

}  // namespace smtpspec::net
