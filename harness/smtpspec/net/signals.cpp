#include "smtpspec/net/signals.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>

namespace smtpspec::net {
namespace {

constexpr std::int64_t most_patience = 1000;  // ms
constexpr std::int64_t same_signal = 200;     // ms

std::atomic<int> first_signal = 0;
std::atomic<std::int64_t> first_at = 0;
int awake = -1;

std::int64_t milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Does what a handler may: nothing that takes memory or a lock.
void hear(int number) {
  const int error = errno;
  const std::int64_t now = milliseconds();
  std::int64_t none = 0;
  if (first_at.compare_exchange_strong(none, now)) {
    first_signal = number;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(awake, &one, sizeof one));
  } else if (now - none > same_signal) {
    ::_exit(128 + number);
  }
  errno = error;
}

bool wait_for(int descriptor, short what) {
  while (true) {
    pollfd waiting[] = {{descriptor, what, 0}, {awake, POLLIN, 0}};
    const int ready = ::poll(waiting, caught() ? 1 : 2, patience());
    if (ready == 0) return false;
    if (ready > 0 && waiting[0].revents != 0) return true;
  }
}

}  // namespace

void catch_signals() {
  if (awake >= 0) return;
  awake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction how{};
  how.sa_handler = hear;  // no SA_RESTART: what waits is to wake
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before{};
    ::sigaction(number, nullptr, &before);
    if (number != SIGHUP || before.sa_handler != SIG_IGN) ::sigaction(number, &how, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

int caught() { return first_signal; }
int caught_descriptor() { return awake; }

int patience() {
  if (!caught()) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(first_at + most_patience - milliseconds(), 0, most_patience));
}

bool wait_to_read(int descriptor) { return wait_for(descriptor, POLLIN); }
bool wait_to_write(int descriptor) { return wait_for(descriptor, POLLOUT); }

bool hung_up(int descriptor) {
  pollfd now{descriptor, 0, 0};
  return ::poll(&now, 1, 0) > 0 && (now.revents & (POLLERR | POLLHUP)) != 0;
}

}  // namespace smtpspec::net
