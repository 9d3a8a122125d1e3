#include "program/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <stdexcept>

namespace smtpspec::bench {

Child::Child(const std::function<void(int)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    ::close(ends[0]);
    if (const int nowhere = ::open("/dev/null", O_RDWR); nowhere >= 0)
      for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  if (pid_ > 0) end(true);
}

bool Child::wait(std::chrono::milliseconds deadline) const {
  pollfd one{pipe_, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(deadline.count())) > 0;
}

bool Child::read(void* to, std::size_t size, std::chrono::milliseconds deadline) const {
  for (auto* at = static_cast<char*>(to); size > 0;) {
    if (!wait(deadline)) return false;
    const ssize_t got = ::read(pipe_, at, size);
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool Child::read_all(std::string& to, std::chrono::milliseconds deadline) const {
  char piece[65536];
  for (;;) {
    if (!wait(deadline)) return false;
    const ssize_t got = ::read(pipe_, piece, sizeof piece);
    if (got <= 0) return got == 0;
    to.append(piece, static_cast<std::size_t>(got));
  }
}

int Child::end(bool kill) {
  if (kill) ::kill(pid_, SIGKILL);
  ::close(pipe_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

bool write_all(int pipe, const void* from, std::size_t size) {
  for (const auto* at = static_cast<const char*>(from); size > 0;) {
    const ssize_t put = ::write(pipe, at, size);
    if (put <= 0) return false;
    at += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

std::string how_it_ended(bool late, int end) {
  if (late) return "hung";
  if (end > 0) return "crashed (SIG" + std::string(::sigabbrev_np(end)) + ")";
  return "ended the process with status " + std::to_string(-end);
}

Told ask_child(const std::function<std::string()>& work, std::chrono::milliseconds deadline) {
  // Its last octet says that it came to its end.
  Child child([&](int pipe) {
    const std::string said = work() + '.';
    write_all(pipe, said.data(), said.size());
  });
  std::string said;
  const bool in_time = child.read_all(said, deadline);
  const int how = child.end(!in_time);
  if (!in_time || said.empty() || said.back() != '.') return {"", how_it_ended(!in_time, how)};
  said.pop_back();
  return {std::move(said), ""};
}

}  // namespace smtpspec::bench
