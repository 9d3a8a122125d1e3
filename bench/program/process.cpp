#include "program/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <stdexcept>

namespace smtpspec::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_answer = 60;  // octets; none of the protocol has so many

class Process {
 public:
  explicit Process(const std::string& command) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("no process");
    if (pid_ == 0) {
      ::setpgid(0, 0);  // the shell's children end with it
      ::dup2(to[0], 0);
      ::dup2(from[1], 1);
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    ::setpgid(pid_, pid_);
    ::close(to[0]);
    ::close(from[1]);
    to_ = to[1];
    from_ = from[0];
  }
  ~Process() {
    if (pid_ > 0) end();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // How it ended: the signal, or minus the exit status.
  int end() {
    ::close(to_);
    ::close(from_);
    ::kill(-pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
  }

  bool write(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t size = ::write(to_, octets.data(), octets.size());
      if (size <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }

  enum class Read { line, late, closed };
  Read read_line(std::string& line, Clock::time_point until) {
    line.clear();
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      pollfd one{from_, POLLIN, 0};
      if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) <= 0) return Read::late;
      char octet = 0;
      if (::read(from_, &octet, 1) != 1) return Read::closed;
      if (octet == '\n' || line.size() == longest_answer) return Read::line;
      line += octet;
    }
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};

Outcome understood(const std::string& answer) {
  Outcome out{.end = End::done};
  if (answer.starts_with("accepted ")) {
    out.sums.items = 1;
    out.last_code = static_cast<std::uint32_t>(std::strtoul(answer.c_str() + 9, nullptr, 10));
  } else if (answer == "refused") {
    out.sums.errors = 1;
    out.refused_first = true;
  } else if (answer == "waits") {
    out.unfinished = true;
  } else {
    out.end = End::unknown_answer;
    answer.copy(out.said.data(), out.said.size() - 1);
  }
  return out;
}

}  // namespace

std::vector<Outcome> ask_process(const std::string& command, std::span<const std::string_view> octets, std::chrono::milliseconds deadline) {
  ::signal(SIGPIPE, SIG_IGN);  // a process that is gone is seen when it is read from
  std::vector<Outcome> out;
  std::optional<Process> process;
  int bad_in_a_row = 0;
  for (const std::string_view each : octets) {
    if (bad_in_a_row == bad_ends_that_do) break;
    if (!process) process.emplace(command);
    process->write(std::to_string(each.size()) + "\n" + std::string(each));
    std::string line;
    const auto read = process->read_line(line, Clock::now() + deadline);
    if (read == Process::Read::line) {
      out.push_back(understood(line));
      bad_in_a_row = out.back().end == End::done ? 0 : bad_in_a_row + 1;
      continue;
    }
    const int how = process->end();
    process.reset();
    out.push_back({.end = read == Process::Read::late ? End::hung : End::crashed, .detail = how});
    ++bad_in_a_row;
  }
  out.resize(octets.size());
  return out;
}

}  // namespace smtpspec::bench
