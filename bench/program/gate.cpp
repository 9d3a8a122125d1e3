#include "program/gate.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "program/drive.hpp"

namespace smtpspec::bench {
namespace {

constexpr int bad_ends_that_do = 3;  // in a row, before the rest is left

// Octets whose end is the end of what may be read.
class Guarded {
 public:
  explicit Guarded(std::size_t most) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (most + page - 1) / page * page;
    void* at = ::mmap(nullptr, size_ + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error("no memory for the octets");
    start_ = static_cast<char*>(at);
    ::mprotect(start_ + size_, page, PROT_NONE);
    guard_ = {start_ + size_, page};
  }
  ~Guarded() { ::munmap(start_, size_ + guard_.size()); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  const char* operator()(std::string_view octets) const {
    written_ = written();
    char* const at = start_ + size_ - octets.size();
    std::memcpy(at, octets.data(), octets.size());
    last_ = octets;
    return at;
  }
  // Whether somebody changed octets that were placed.
  bool written() const { return written_ || std::string_view(start_ + size_ - last_.size(), last_.size()) != last_; }
  std::string_view guard() const { return guard_; }

 private:
  char* start_ = nullptr;
  std::size_t size_ = 0;
  std::string_view guard_;  // its octets are never looked at
  mutable std::string_view last_;
  mutable bool written_ = false;
};

static_assert(std::is_trivially_copyable_v<Outcome>, "goes through a pipe");

// For the signal handler.
int report_fd = -1;
std::string_view guard_page;

void on_fault(int number, siginfo_t* info, void*) {
  const auto* at = static_cast<const char*>(info->si_addr);
  if (at >= guard_page.data() && at < guard_page.data() + guard_page.size()) {
    const Outcome outcome{.end = End::overread};
    if (::write(report_fd, &outcome, sizeof outcome) == sizeof outcome) ::_exit(0);
  }
  ::signal(number, SIG_DFL);
  ::raise(number);
}

Outcome attempt_once(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends, const Guarded& place) {
  Outcome out;
  void* context = adapter.create();
  if (context == nullptr) {
    out.end = End::no_context;
    return out;
  }
  const CheckingSink sink;
  const std::size_t left = drive(adapter, context, octets, ends, sink, place);
  out.end = left == std::string_view::npos ? End::stopped : End::done;
  if (out.end == End::done) {
    const std::string_view rest = octets.substr(octets.size() - left);
    out.unfinished = adapter.finish(context, place(rest), rest.size(), &sink) != 0 || left != 0;
  }
  out.sums = sink.sums;
  out.refused_first = sink.refused_first;
  out.last_code = sink.last_code;
  adapter.destroy(context);
  if (place.written()) out.end = End::wrote;
  return out;
}

// All cuts in two see the same, or what the first other one saw.
Outcome attempt_every_offset(const smtpspec_adapter& adapter, std::string_view octets, const Guarded& place) {
  Outcome whole = attempt_once(adapter, octets, std::array{octets.size()}, place);
  for (std::size_t at = 1; at < octets.size(); ++at) {
    const Outcome two = attempt_once(adapter, octets, std::array{at, octets.size()}, place);
    if (std::memcmp(&two.sums, &whole.sums, sizeof two.sums) != 0 || two.end != whole.end) return two;
  }
  return whole;
}

// In the child: never returns.
[[noreturn]] void attempt_from(const smtpspec_adapter& adapter, std::span<const Attempt> attempts, int fd) {
  std::size_t most = 0;
  for (const Attempt& each : attempts) most = std::max(most, each.octets.size());
  const Guarded place(most);
  report_fd = fd;
  guard_page = place.guard();
  // A stack of its own, for a parser that has used up the other.
  static char stack[64 * 1024];
  const stack_t alternative{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof stack};
  ::sigaltstack(&alternative, nullptr);
  struct sigaction action{};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGBUS, &action, nullptr);
  for (const Attempt& each : attempts) {
    const Outcome outcome =
        each.ends.empty() ? attempt_every_offset(adapter, each.octets, place) : attempt_once(adapter, each.octets, each.ends, place);
    if (::write(fd, &outcome, sizeof outcome) != sizeof outcome) ::_exit(1);
  }
  ::_exit(0);
}

struct Child {
  pid_t pid = -1;
  int fd = -1;
};

// `work` gets the end of the pipe to write to; its own output goes nowhere.
template <class Work>
Child start(const Work& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("no process");
  if (pid == 0) {
    ::close(ends[0]);
    if (const int nowhere = ::open("/dev/null", O_RDWR); nowhere >= 0)
      for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  return {pid, ends[0]};
}

// True when there is something to read, or the end, before the deadline.
bool wait_for(int fd, std::chrono::milliseconds deadline) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(deadline.count())) > 0;
}

// How the child ended: the signal, or minus the exit status.
int reap(const Child& child, bool kill) {
  if (kill) ::kill(child.pid, SIGKILL);
  ::close(child.fd);
  int status = 0;
  ::waitpid(child.pid, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

}  // namespace

std::vector<Outcome> attempt(const smtpspec_adapter& adapter, std::span<const Attempt> attempts, std::chrono::milliseconds deadline) {
  std::vector<Outcome> outcomes;
  int bad_in_a_row = 0;
  while (outcomes.size() < attempts.size() && bad_in_a_row < bad_ends_that_do) {
    const Child child = start([&](int fd) { attempt_from(adapter, attempts.subspan(outcomes.size()), fd); });
    bool late = false;
    while (outcomes.size() < attempts.size()) {
      if (!wait_for(child.fd, deadline)) {
        late = true;
        break;
      }
      Outcome outcome;
      if (::read(child.fd, &outcome, sizeof outcome) != sizeof outcome) break;
      bad_in_a_row = outcome.end == End::overread ? bad_in_a_row + 1 : 0;
      outcomes.push_back(outcome);
    }
    const int how = reap(child, late);
    if (outcomes.size() == attempts.size() || (!outcomes.empty() && outcomes.back().end == End::overread && how == 0)) continue;
    outcomes.push_back({.end = late ? End::hung : End::crashed, .detail = how});
    ++bad_in_a_row;
  }
  outcomes.resize(attempts.size());
  return outcomes;
}

std::string describe(const Outcome& outcome) {
  switch (outcome.end) {
    case End::done:
    case End::stopped: return "";
    case End::no_context: return "gives no context";
    case End::overread: return "read beyond its octets";
    case End::wrote: return "wrote into its octets";
    case End::crashed:
      return outcome.detail > 0 ? "crashed (SIG" + std::string(::sigabbrev_np(outcome.detail)) + ")"
                                : "ended the process with status " + std::to_string(-outcome.detail);
    case End::hung: return "hung";
    case End::not_tried: return "not tried";
  }
  return "";
}

bool right(const Outcome& outcome, const Sums& expected, const smtpspec_adapter& adapter) {
  const Sums& seen = outcome.sums;
  const bool texts = (adapter.does & SMTPSPEC_TEXTS) != 0, status = (adapter.does & SMTPSPEC_STATUS) != 0;
  return outcome.end == End::done && !outcome.unfinished && seen.items == expected.items && seen.errors == expected.errors &&
         seen.codes == expected.codes && (!texts || (seen.parts == expected.parts && seen.text.value() == expected.text.value())) &&
         (!status || seen.status == expected.status);
}

std::string try_in_child(const std::function<void()>& work, std::chrono::milliseconds deadline) {
  const Child child = start([&](int fd) {
    work();
    const char done = 1;
    if (::write(fd, &done, 1) != 1) ::_exit(1);
  });
  const bool late = !wait_for(child.fd, deadline);
  char done = 0;
  const bool came = !late && ::read(child.fd, &done, 1) == 1;
  const int how = reap(child, late);
  return came ? "" : describe({.end = late ? End::hung : End::crashed, .detail = how});
}

}  // namespace smtpspec::bench
