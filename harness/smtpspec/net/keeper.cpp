#include "smtpspec/net/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

namespace smtpspec::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds grace(3);     // between SIGTERM and SIGKILL
constexpr std::chrono::seconds farewell(2);  // for the dead to be gone; who is not by then is left alone
constexpr int turn = 10;                     // ms between two looks at who is still there
constexpr int last_reads = 16;               // as much as a pipe may hold by far

class Keeper {
 public:
  explicit Keeper(const Keeping& keeping) : keeping_(keeping), streams_{&keeping_.out, &keeping_.error} {}

  [[noreturn]] void run() {
    ::setsid();  // no terminal's signals
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, "smtpspec-keeper");
    ::signal(SIGCHLD, SIG_DFL);
    close_the_rest();
    sigset_t deaths;
    ::sigemptyset(&deaths);
    ::sigaddset(&deaths, SIGCHLD);
    deaths_ = ::signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const int self = ::getpid();
    program_ = ::fork();
    if (program_ == 0) execute(self, null);
    if (program_ < 0) ::_exit(1);
    ::setpgid(program_, program_);  // here too: whoever is first, the group is there before it is asked to end
    for (const int ours : {0, 1, 2}) null < 0 ? ::close(ours) : ::dup2(null, ours);
    for (const Keeping::Stream* stream : streams_) ::close(stream->given);
    while (reap()) {
      wait();
      hear_owner();
      pump(1);
      if (asked_) end_all();
    }
    pump(last_reads);
    ::_exit(0);
  }

 private:
  // Sockets and pipes of the owner's, which would seem to live on.
  void close_the_rest() {
    std::array kept = {keeping_.owner,       keeping_.out.given,  keeping_.out.from,  keeping_.out.into,
                       keeping_.error.given, keeping_.error.from, keeping_.error.into};
    std::sort(kept.begin(), kept.end());
    unsigned from = 3;
    for (const int descriptor : kept) {
      if (descriptor < static_cast<int>(from)) continue;
      if (descriptor > static_cast<int>(from)) ::close_range(from, static_cast<unsigned>(descriptor) - 1, 0);
      from = static_cast<unsigned>(descriptor) + 1;
    }
    ::close_range(from, ~0U, 0);
  }

  [[noreturn]] void execute(int keeper, int null) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(127);  // it died before that
    ::dup2(null, 0);
    ::dup2(keeping_.out.given, 1);
    ::dup2(keeping_.error.given, 2);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execvp(keeping_.command[0], keeping_.command);
    ::_exit(127);
  }

  void wait() {
    pollfd waiting[] = {{hung_up_ ? -1 : keeping_.owner, POLLIN, 0},
                        {deaths_, POLLIN, 0},
                        {keeping_.out.from, POLLIN, 0},
                        {keeping_.error.from, POLLIN, 0}};
    ::poll(waiting, std::size(waiting), asked_ ? turn : -1);
    signalfd_siginfo which;
    while (::read(deaths_, &which, sizeof which) > 0) {}
  }

  void hear_owner() {
    char word;
    const ssize_t size = hung_up_ ? -1 : ::recv(keeping_.owner, &word, sizeof word, MSG_DONTWAIT);
    if (size < 0) return;
    if (!asked_) {
      kill_at_ = Clock::now() + grace;
      if (!ended_) ::kill(-program_, SIGTERM);
      group_asked_ = !ended_;
    }
    asked_ = true;
    hung_up_ = size == 0;
    if (hung_up_) kill_at_ = std::min(kill_at_, Clock::now());
  }

  void tell(KeeperMessage message) { ::send(keeping_.owner, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT); }

  // False when nobody is left.
  bool reap() {
    int status = 0;
    int pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != program_) continue;
      ended_ = true;
      pump(last_reads);  // who hears of its end finds its last words
      tell({KeeperMessage::Kind::ended, status});
    }
    return pid == 0;
  }

  void end_all() {
    const auto now = Clock::now();
    if (now >= kill_at_ + farewell) ::_exit(1);
    if (now < kill_at_) return for_each_child([this](int pid) { ask(pid); });
    if (!ended_) ::kill(-program_, SIGKILL);
    for_each_child([](int pid) { ::kill(pid, SIGKILL); });
  }

  // Each is asked once. Those whom the table has no room for are killed unasked.
  void ask(int pid) {
    if (group_asked_ && ::getpgid(pid) == program_) return;
    const auto end = asked_pids_.begin() + asked_count_;
    if (end == asked_pids_.end() || std::find(asked_pids_.begin(), end, pid) != end) return;
    asked_pids_[static_cast<std::size_t>(asked_count_++)] = pid;
    ::kill(pid, SIGTERM);
  }

  template <class Call>
  void for_each_child(Call call) {
    const int list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (list < 0) return;  // a kernel that does not tell: the group is all that there is to be ended
    int pid = 0;
    for (ssize_t size; (size = ::read(list, buffer_.data(), buffer_.size())) > 0;)
      for (const char digit : std::string_view(buffer_.data(), static_cast<std::size_t>(size))) {
        if (digit != ' ') pid = pid * 10 + (digit - '0');
        else call(std::exchange(pid, 0));
      }
    ::close(list);
  }

  void pump(int reads) {
    for (Keeping::Stream* stream : streams_)
      for (int i = 0; i < reads && stream->from >= 0; ++i) {
        const ssize_t size = ::read(stream->from, buffer_.data(), buffer_.size());
        if (size < 0) break;
        if (size == 0) ::close(std::exchange(stream->from, -1));
        write(*stream, static_cast<std::size_t>(size));
      }
  }

  void write(Keeping::Stream& stream, std::size_t size) {
    const std::size_t most = static_cast<std::size_t>(std::min<std::uint64_t>(size, stream.room));
    std::size_t done = 0;
    for (ssize_t part; done < most && (part = ::write(stream.into, buffer_.data() + done, most - done)) > 0;)
      done += static_cast<std::size_t>(part);
    stream.room -= done;
    if (done == size) return;
    stream.room = 0;  // a gap would read as if it were none
    if (!std::exchange(cut_, true)) tell({KeeperMessage::Kind::cut, 0});
  }

  Keeping keeping_;
  std::array<Keeping::Stream*, 2> streams_;
  int deaths_ = -1;
  int program_ = -1;
  bool ended_ = false;
  bool asked_ = false, hung_up_ = false, group_asked_ = false, cut_ = false;
  Clock::time_point kill_at_{};
  std::array<int, 256> asked_pids_{};
  int asked_count_ = 0;
  std::array<char, 65536> buffer_;
};

}  // namespace

void keep(const Keeping& keeping) { Keeper(keeping).run(); }

}  // namespace smtpspec::net
