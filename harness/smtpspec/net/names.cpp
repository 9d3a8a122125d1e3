#include "smtpspec/net/names.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <system_error>
#include <thread>

#include "smtpspec/net/coroutine.hpp"
#include "smtpspec/net/loop_impl.hpp"

namespace smtpspec::net {

using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds look_again(5);

// Shared with the thread that does it, which may outlive all others.
struct LookUp {
  std::vector<std::string> addresses;
  std::string trouble;
  std::atomic<bool> ready = false;

  void work(const std::string& host) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found)) trouble = ::gai_strerror(error);
    for (const addrinfo* one = found; one; one = one->ai_next) {
      char text[NI_MAXHOST];
      if (::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) addresses.emplace_back(text);
    }
    if (found) ::freeaddrinfo(found);
    ready = true;
  }
};

std::shared_ptr<LookUp> look_up(const std::string& host) {
  auto out = std::make_shared<LookUp>();
  if (is_address(host)) {
    out->addresses = {host};
    out->ready = true;
    return out;
  }
  try {
    std::thread([out, host] { out->work(host); }).detach();
  } catch (const std::system_error& error) {
    out->trouble = error.what();
    out->ready = true;
  }
  return out;
}

asio::awaitable<Result<Addresses>> look_up_all(asio::io_context& io, std::set<std::string> hosts, smtp::Duration deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  std::map<std::string, std::shared_ptr<LookUp>> all;
  for (const std::string& host : hosts) all[host] = look_up(host);
  Addresses out;
  for (const auto& [host, one] : all) {
    while (!one->ready && std::chrono::steady_clock::now() < until) co_await asio::steady_timer(io, look_again).async_wait(with_code);
    if (!one->ready) co_return failure("cannot resolve '" + host + "': timed out");
    if (one->addresses.empty()) co_return failure("cannot resolve '" + host + "': " + one->trouble);
    out[host] = one->addresses;
  }
  co_return out;
}

}  // namespace

void resolve(Loop& loop, const std::set<std::string>& hosts, smtp::Duration deadline, std::function<void(Result<Addresses>)> done) {
  asio::co_spawn(
      loop.impl().io,
      [&impl = loop.impl(), hosts, deadline, done = std::move(done)]() -> asio::awaitable<void> {
        const auto found = co_await look_up_all(impl.io, hosts, deadline);
        if (found) impl.addresses.insert(found->begin(), found->end());
        done(found);
      },
      asio::detached);
}

bool is_address(const std::string& text) {
  error_code error;
  asio::ip::make_address(text, error);
  return !error;
}

bool is_loopback(const std::string& text) {
  error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error) return false;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

}  // namespace smtpspec::net
