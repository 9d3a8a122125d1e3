#include "smtpspec/net/starter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>

#include "smtpspec/net/coroutine.hpp"
#include "smtpspec/net/loop_impl.hpp"

namespace smtpspec::net {

using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t most_log = 64u << 20;
constexpr std::chrono::seconds ready_time(30);
constexpr std::chrono::seconds connect_time(1);  // a full queue leaves an attempt without an answer
constexpr std::chrono::milliseconds look_again(20);

std::uint64_t size_of(const std::string& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  return error ? 0 : size;
}

asio::awaitable<void> pause(asio::io_context& io) {
  asio::steady_timer timer(io, look_again);
  co_await timer.async_wait(with_code);
}

asio::awaitable<bool> takes_connections(asio::io_context& io, const Endpoint& at) {
  const auto socket = std::make_shared<tcp::socket>(io);
  asio::steady_timer limit(io, connect_time);
  limit.async_wait([socket](const error_code& error) {
    error_code ignored;
    if (!error) socket->close(ignored);
  });
  auto [error] = co_await socket->async_connect({asio::ip::make_address(at.host), at.port}, with_code);
  co_return !error;
}

}  // namespace

struct Starter::Impl {
  asio::io_context& io;
  std::string command;
  std::vector<Port> ports;
  Sink log;
  std::optional<Process> process{};
  std::vector<Done> waiting{};  // for a restart under way
  bool stopped = false;
  bool cut = false;  // in an earlier life

  asio::awaitable<std::string> bring_up() {
    if (process) {
      process->ask_to_end();
      while (!process->gone()) co_await pause(io);
      cut = cut || process->cut();
    }
    if (stopped) co_return "it was stopped";
    auto started = Process::start({"/bin/sh", "-c", command}, log);
    if (!started) co_return to_string(started.error());
    process = std::move(*started);
    std::string silent;
    for (const auto until = Clock::now() + ready_time; Clock::now() < until; co_await pause(io)) {
      silent = co_await silent_ports();
      if (const std::string& end = process->ended(); !end.empty()) co_return "'" + command + "' " + end;
      if (silent.empty()) co_return "";
    }
    co_return "'" + command + "' did not listen at " + silent + " within 30 s";
  }

  asio::awaitable<std::string> silent_ports() {
    std::string out;
    for (const Port& port : ports) {
      bool taken = false;
      for (const Endpoint& at : port.at)
        if (!taken) taken = co_await takes_connections(io, at);
      if (!taken) out += (out.empty() ? "" : ", ") + port.url;
    }
    co_return out;
  }

  asio::awaitable<void> restart() {
    co_await asio::post(io, asio::use_awaitable);
    const std::string trouble = co_await bring_up();
    for (const Done& done : std::exchange(waiting, {})) done(trouble);
  }
};

Starter::Starter(Loop& loop, std::string command, std::vector<Port> ports, const std::string& log)
    : impl_(new Impl{loop.impl().io, std::move(command), std::move(ports), {log, size_of(log) + most_log}}) {}
Starter::~Starter() = default;

void Starter::restart(Done done) {
  impl_->waiting.push_back(std::move(done));
  if (impl_->waiting.size() == 1) asio::co_spawn(impl_->io, impl_->restart(), asio::detached);
}

std::string Starter::death() {
  const bool ours = impl_->stopped || !impl_->waiting.empty();
  return impl_->process && !ours ? impl_->process->ended() : "";
}

void Starter::stop() {
  impl_->stopped = true;
  if (impl_->process) impl_->process->ask_to_end();
}

Usage Starter::usage() const { return impl_->process ? impl_->process->usage() : Usage{}; }

bool Starter::log_was_cut() { return impl_->cut || (impl_->process && impl_->process->cut()); }

}  // namespace smtpspec::net
