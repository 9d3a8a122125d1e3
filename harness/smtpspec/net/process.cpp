#include "smtpspec/net/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace smtpspec::net {
namespace {

constexpr std::size_t most_output = 1u << 20;

using Clock = std::chrono::steady_clock;

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

// Waits up to `time` for the process to be gone; a negative number stands for a process group.
bool gone_within(int pid, std::chrono::milliseconds time) {
  for (const auto until = Clock::now() + time;;) {
    ::waitpid(pid, nullptr, WNOHANG);  // reaps it when it is a child of ours
    if (::kill(pid, 0) != 0 && errno == ESRCH) return true;
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

Result<Output> run_command(const std::vector<std::string>& command, smtp::Duration deadline) {
  int out[2], error[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return failure(std::string("no pipe: ") + std::strerror(errno));
  if (::pipe2(error, O_CLOEXEC) != 0) return failure(std::string("no pipe: ") + std::strerror(errno));
  std::vector<char*> argv;
  for (const auto& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const int pid = ::fork();
  if (pid < 0) return failure(std::string("no new process: ") + std::strerror(errno));
  if (pid == 0) {
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out[1], 1);
    ::dup2(error[1], 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::setpgid(pid, pid);  // here too: whoever is first, the group is there before it is killed
  ::close(out[1]);
  ::close(error[1]);
  Output result;
  const auto until = Clock::now() + deadline;
  pollfd waiting[2] = {{out[0], POLLIN, 0}, {error[0], POLLIN, 0}};
  std::string* texts[2] = {&result.out, &result.error};
  int open = 2;
  bool late = false;
  while (open > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) {
      late = true;
      ::kill(-pid, SIGKILL);
      break;
    }
    if (::poll(waiting, 2, static_cast<int>(left)) < 0 && errno != EINTR) break;
    for (int i = 0; i < 2; ++i) {
      if (waiting[i].fd < 0 || !(waiting[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
      char buffer[4096];
      const ssize_t size = ::read(waiting[i].fd, buffer, sizeof buffer);
      if (size > 0) {
        if (texts[i]->size() < most_output) texts[i]->append(buffer, static_cast<std::size_t>(size));
      } else if (size == 0 || errno != EINTR) {
        waiting[i].fd = -1;
        --open;
      }
    }
  }
  ::close(out[0]);
  ::close(error[0]);
  // It may have closed its streams and live on.
  int status = 0;
  while (!late && ::waitpid(pid, &status, WNOHANG) == 0) {
    late = Clock::now() >= until;
    if (late) ::kill(-pid, SIGKILL);
    else std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  while (late && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  if (late) return failure("'" + command.front() + "' did not end in time");
  result.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

Result<Process> Process::start(const std::string& command, const std::string& log) {
  const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return failure(std::string("cannot write the target's log: ") + std::strerror(errno), Place{log});
  const int pid = ::fork();
  if (pid < 0) return failure(std::string("no new process: ") + std::strerror(errno));
  if (pid == 0) {
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(file, 1);
    ::dup2(file, 2);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::setpgid(pid, pid);
  ::close(file);
  Process process;
  process.pid_ = pid;
  return process;
}

Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)), ended_(std::move(other.ended_)) {}
Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    stop();
    pid_ = std::exchange(other.pid_, -1);
    ended_ = std::move(other.ended_);
  }
  return *this;
}
Process::~Process() { stop(); }

std::string Process::ended() {
  int status = 0;
  if (ended_.empty() && pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) ended_ = how_it_ended(status);
  return ended_;
}

void Process::stop() {
  if (pid_ <= 0) return;
  // Its whole group: a shell's children do not end with it.
  ended();
  ::kill(-pid_, SIGTERM);
  const bool gone = gone_within(pid_, std::chrono::seconds(3));
  if (!gone || !gone_within(-pid_, std::chrono::milliseconds(500))) {
    ::kill(-pid_, SIGKILL);
    gone_within(pid_, std::chrono::seconds(1));
  }
  pid_ = -1;
}

void stop_pids(const std::vector<int>& pids) {
  for (const int pid : pids) ::kill(pid, SIGTERM);
  for (const int pid : pids)
    if (!gone_within(pid, std::chrono::seconds(3))) ::kill(pid, SIGKILL);
}

std::uint16_t free_ports(int span) {
  // Below the range that the kernel gives to outgoing connections, so that none of ours takes one away.
  static std::uint16_t next = static_cast<std::uint16_t>(20000 + ::getpid() % 500 * 20);
  for (int tries = 0; tries < 500; ++tries, next = static_cast<std::uint16_t>(next + 20 > 31000 ? 20000 : next + 20)) {
    bool all = true;
    for (int i = 0; i < span && all; ++i) {
      const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(static_cast<std::uint16_t>(next + i));
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      const int on = 1;
      ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      all = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      ::close(probe);
    }
    if (all) {
      const std::uint16_t found = next;
      next = static_cast<std::uint16_t>(next + 20);
      return found;
    }
  }
  return 0;
}

bool port_answers(std::uint16_t port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool answers = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (!answers && errno == EINPROGRESS) {
    // A full queue leaves the attempt without an answer.
    pollfd waiting{probe, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    answers = ::poll(&waiting, 1, 1000) == 1 && ::getsockopt(probe, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  ::close(probe);
  return answers;
}

}  // namespace smtpspec::net
