#include "smtpspec/net/process.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "smtpspec/net/keeper.hpp"
#include "smtpspec/net/signals.hpp"

namespace smtpspec::net {
namespace {

constexpr int not_found = 127;  // by the shell's and execvp's custom

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "exited with status " + std::to_string(WEXITSTATUS(status)) +
         (WEXITSTATUS(status) == not_found ? ": the start command was not found" : "");
}

std::string last_error(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// Closed with this.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  operator int() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

// A pipe from the program to the keeper, and the file behind it.
struct Stream {
  Descriptor from, given, into;
  std::uint64_t room = 0;

  static Result<Stream> open(const Sink& sink) {
    Stream out;
    // Not even a pipe that nobody reads keeps us waiting.
    out.into = Descriptor(::open(sink.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600));
    struct stat what{};
    if (out.into < 0 || ::fstat(out.into, &what) != 0) return failure(last_error("cannot write"), Place{sink.path});
    const auto size = static_cast<std::uint64_t>(what.st_size);
    out.room = sink.most > size ? sink.most - size : 0;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return failure(last_error("no pipe"));
    out.from = Descriptor(ends[0]);
    out.given = Descriptor(ends[1]);
    ::fcntl(out.from, F_SETFL, O_NONBLOCK);
    return out;
  }
  Keeping::Stream keeping() const { return {given, from, into, room}; }
};

namespace fs = std::filesystem;

// Of a process, from its stat: what stands behind its name, which may hold anything.
struct Stat {
  int parent = 0, threads = 0;
  std::uint64_t pages = 0;
};
std::optional<Stat> stat_of(const fs::path& process) {
  std::ifstream in(process / "stat");
  std::string text;
  std::getline(in, text, '\0');
  const std::size_t name = text.rfind(')');
  if (name == std::string::npos) return {};
  std::istringstream fields(text.substr(name + 1));
  std::string state, skipped;
  Stat out;
  fields >> state >> out.parent;
  for (int field = 5; field < 20; ++field) fields >> skipped;  // numbered as in proc(5)
  fields >> out.threads;
  for (int field = 21; field < 24; ++field) fields >> skipped;
  fields >> out.pages;
  return fields ? std::optional(out) : std::nullopt;
}

int entries_of(const fs::path& folder) {
  std::error_code error;
  int out = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) ++out;
  return out;
}

// No handler of ours runs in the child.
int fork_without_signals() {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const int pid = ::fork();
  if (pid != 0) ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

}  // namespace

Result<Process> Process::start(const std::vector<std::string>& command, const Sink& out, const Sink& error) {
  auto output = Stream::open(out);
  auto errors = error.path.empty() ? Result<Stream>(Stream()) : Stream::open(error);
  for (const auto* stream : {&output, &errors})
    if (!*stream) return tl::unexpected(stream->error());
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failure(last_error("no socket"));
  Descriptor ours(ends[0]), keepers(ends[1]);
  Keeping keeping{words.data(), keepers, output->keeping(), errors->keeping()};
  if (error.path.empty()) keeping.error.given = keeping.out.given;
  const int pid = fork_without_signals();
  if (pid == 0) keep(keeping);
  if (pid < 0) return failure(last_error("no new process"));
  Process process;
  process.keeper_ = pid;
  process.socket_ = ours.release();
  return process;
}

Process::Process(Process&& other) noexcept { swap(other); }
Process& Process::operator=(Process other) noexcept {
  swap(other);
  return *this;
}

void Process::swap(Process& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(keeper_, other.keeper_);
  std::swap(ended_, other.ended_);
  std::swap(status_, other.status_);
  std::swap(cut_, other.cut_);
}

Process::~Process() {
  if (gone()) return;
  ask_to_end();
  while (!gone()) {
    if (wait_to_read(socket_)) continue;
    ::shutdown(socket_, SHUT_WR);  // the keeper asks no longer
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Usage Process::usage() const {
  std::map<int, Stat> all;
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (const auto stat = stat_of(entry->path())) all.emplace(std::stoi(name), *stat);
  }
  const auto ours = [&](int pid) {
    // A process is younger than its parent, but its number may be smaller: they are no more than there are.
    for (std::size_t steps = 0; steps < all.size(); ++steps) {
      const auto one = all.find(pid);
      if (one == all.end()) return false;
      if (one->second.parent == keeper_) return true;
      pid = one->second.parent;
    }
    return false;
  };
  Usage out;
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (const auto& [pid, stat] : all) {
    if (!ours(pid)) continue;
    ++out.processes;
    out.threads += stat.threads;
    out.memory += stat.pages * page;
    out.descriptors += entries_of("/proc/" + std::to_string(pid) + "/fd");
  }
  return out;
}

void Process::hear() {
  KeeperMessage message{};
  while (socket_ >= 0) {
    const ssize_t size = ::recv(socket_, &message, sizeof message, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      ::close(std::exchange(socket_, -1));
      while (::waitpid(keeper_, nullptr, 0) < 0 && errno == EINTR) {}
      if (ended_.empty()) ended_ = "was lost with its keeper";
    } else if (message.kind == KeeperMessage::Kind::cut) {
      cut_ = true;
    } else {
      ended_ = how_it_ended(message.status);
      status_ = WIFSIGNALED(message.status) ? 128 + WTERMSIG(message.status) : WEXITSTATUS(message.status);
    }
  }
}

const std::string& Process::ended() {
  hear();
  return ended_;
}

bool Process::gone() {
  hear();
  return socket_ < 0;
}

bool Process::cut() {
  hear();
  return cut_;
}

void Process::ask_to_end() {
  if (!gone()) ::send(socket_, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void stop_pids(const std::vector<int>& pids) {
  const auto is_gone = [](int pid) {
    ::waitpid(pid, nullptr, WNOHANG);  // reaps it when it is a child of ours
    return ::kill(pid, 0) != 0 && errno == ESRCH;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  for (const int pid : pids) ::kill(pid, SIGTERM);
  for (const int pid : pids) {
    while (!is_gone(pid) && std::chrono::steady_clock::now() < until && patience() != 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    if (!is_gone(pid)) ::kill(pid, SIGKILL);
  }
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

}  // namespace smtpspec::net
