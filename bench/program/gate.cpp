#include "program/gate.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <type_traits>

#include "program/child.hpp"
#include "program/drive.hpp"

namespace smtpspec::bench {
namespace {

// Octets between two pages that may not be read: they end at the second or begin behind the first.
class Guarded {
 public:
  explicit Guarded(std::size_t most) {
    page_ = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    size_ = (most + page_ - 1) / page_ * page_;
    void* at = ::mmap(nullptr, size_ + 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::runtime_error("no memory for the octets");
    start_ = static_cast<char*>(at) + page_;
    ::mprotect(start_ - page_, page_, PROT_NONE);
    ::mprotect(start_ + size_, page_, PROT_NONE);
  }
  ~Guarded() { ::munmap(start_ - page_, size_ + 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // For the octets that are placed from now on.
  void begin(bool at_start) {
    at_start_ = at_start;
    written_ = false;
    last_ = {};
  }
  const char* operator()(std::string_view octets) const {
    written_ = written();
    last_at_ = at_start_ ? start_ : start_ + size_ - octets.size();
    std::memcpy(last_at_, octets.data(), octets.size());
    last_ = octets;
    return last_at_;
  }
  // Whether somebody changed octets that were placed.
  bool written() const { return written_ || (!last_.empty() && std::string_view(last_at_, last_.size()) != last_); }
  // Their octets are never looked at.
  std::string_view guard_before() const { return {start_ - page_, page_}; }
  std::string_view guard_behind() const { return {start_ + size_, page_}; }

 private:
  char* start_ = nullptr;
  std::size_t page_ = 0, size_ = 0;
  bool at_start_ = false;
  mutable char* last_at_ = nullptr;
  mutable std::string_view last_;
  mutable bool written_ = false;
};

static_assert(std::is_trivially_copyable_v<Outcome>, "goes through a pipe");

// For the signal handler.
int report_fd = -1;
std::string_view guard_before, guard_behind;

void on_fault(int number, siginfo_t* info, void*) {
  const auto* at = static_cast<const char*>(info->si_addr);
  const auto inside = [at](std::string_view guard) { return at >= guard.data() && at < guard.data() + guard.size(); };
  if (inside(guard_before) || inside(guard_behind)) {
    const Outcome outcome{.end = inside(guard_behind) ? End::overread : End::underread};
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
  const Driven driven = drive(adapter, context, octets, ends, sink, place);
  out.end = driven.took_more ? End::took_more : driven.stopped ? End::stopped : End::done;
  if (out.end == End::done) {
    const std::string_view rest = octets.substr(octets.size() - driven.left);
    out.unfinished = adapter.finish(context, place(rest), rest.size(), &sink) != 0 || driven.left != 0;
  }
  out.sums = sink.sums;
  out.refused_first = sink.refused_first;
  out.last_code = sink.last_code;
  std::copy(sink.said.begin(), sink.said.end(), out.said.begin());
  adapter.destroy(context);
  if (place.written()) out.end = End::wrote;
  return out;
}

// All cuts in two see the same, or what the first other one saw.
Outcome attempt_every_offset(const smtpspec_adapter& adapter, std::string_view octets, const Guarded& place) {
  Outcome whole = attempt_once(adapter, octets, std::array{octets.size()}, place);
  for (std::size_t at = 1; at < octets.size(); ++at) {
    Outcome two = attempt_once(adapter, octets, std::array{at, octets.size()}, place);
    if (std::memcmp(&two.sums, &whole.sums, sizeof two.sums) == 0 && two.end == whole.end) continue;
    two.cut = at;
    return two;
  }
  return whole;
}

// In the child: never returns.
[[noreturn]] void attempt_from(const smtpspec_adapter& adapter, std::span<const Attempt> attempts, int fd) {
  std::size_t most = 0;
  for (const Attempt& each : attempts) most = std::max(most, each.octets.size());
  Guarded place(most);
  report_fd = fd;
  guard_before = place.guard_before();
  guard_behind = place.guard_behind();
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
    place.begin(each.at_start);
    const Outcome outcome =
        each.ends.empty() ? attempt_every_offset(adapter, each.octets, place) : attempt_once(adapter, each.octets, each.ends, place);
    if (::write(fd, &outcome, sizeof outcome) != sizeof outcome) ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace

std::vector<Outcome> attempt(const smtpspec_adapter& adapter, std::span<const Attempt> attempts, std::chrono::milliseconds deadline) {
  std::vector<Outcome> outcomes;
  int bad_in_a_row = 0;
  while (outcomes.size() < attempts.size() && bad_in_a_row < bad_ends_that_do) {
    Child child([&](int fd) { attempt_from(adapter, attempts.subspan(outcomes.size()), fd); });
    bool late = false;
    const auto touched_a_guard = [](const Outcome& of) { return of.end == End::overread || of.end == End::underread; };
    while (outcomes.size() < attempts.size()) {
      late = !child.wait(deadline);
      Outcome outcome;
      if (late || !child.read(&outcome, sizeof outcome, deadline)) break;
      bad_in_a_row = touched_a_guard(outcome) ? bad_in_a_row + 1 : 0;
      outcomes.push_back(outcome);
    }
    const int how = child.end(late);
    if (outcomes.size() == attempts.size() || (!outcomes.empty() && touched_a_guard(outcomes.back()) && how == 0)) continue;
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
    case End::took_more: return "took more octets than it was given";
    case End::overread: return "read beyond its octets";
    case End::underread: return "read before its octets";
    case End::wrote: return "wrote into its octets";
    case End::unknown_answer: return "answered in no word of the protocol";
    case End::crashed:
    case End::hung: return how_it_ended(outcome.end == End::hung, outcome.detail);
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

}  // namespace smtpspec::bench
