#include "smtpspec/net/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

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

namespace {

bool can_bind(const sockaddr* address, socklen_t size) {
  const int probe = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno == EAFNOSUPPORT;  // nobody can listen there
  const int on = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = ::bind(probe, address, size) == 0 || errno == EADDRNOTAVAIL;
  ::close(probe);
  return bound;
}

bool is_free(std::uint16_t port) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  return can_bind(reinterpret_cast<const sockaddr*>(&four), sizeof four) && can_bind(reinterpret_cast<const sockaddr*>(&six), sizeof six);
}

// A full queue leaves the attempt without an answer.
bool connects(const addrinfo& to) {
  const int probe = ::socket(to.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  bool there = ::connect(probe, to.ai_addr, to.ai_addrlen) == 0;
  if (!there && errno == EINPROGRESS) {
    pollfd waiting{probe, POLLOUT, 0};
    int error = 0;
    socklen_t size = sizeof error;
    there = ::poll(&waiting, 1, 1000) == 1 && ::getsockopt(probe, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  ::close(probe);
  return there;
}

}  // namespace

std::uint16_t free_ports(int span) {
  // Below the range that the kernel gives to outgoing connections, so that none of ours takes one away.
  static std::uint16_t next = static_cast<std::uint16_t>(20000 + ::getpid() % 500 * 20);
  for (int tries = 0; tries < 500; ++tries) {
    const std::uint16_t first = std::exchange(next, static_cast<std::uint16_t>(next + 20 > 31000 ? 20000 : next + 20));
    int free = 0;
    while (free < span && is_free(static_cast<std::uint16_t>(first + free))) ++free;
    if (free == span) return first;
  }
  return 0;
}

bool answers(const smtp::Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found) != 0) return false;
  bool there = false;
  for (const addrinfo* to = found; to && !there; to = to->ai_next) there = connects(*to);
  ::freeaddrinfo(found);
  return there;
}

bool is_address(const std::string& text) {
  in6_addr room{};
  return ::inet_pton(AF_INET, text.c_str(), &room) == 1 || ::inet_pton(AF_INET6, text.c_str(), &room) == 1;
}

}  // namespace smtpspec::net
