// What stands behind a Loop: for the files of this folder only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>

#include "smtpspec/net/loop.hpp"

namespace smtpspec::net {

struct Served;

struct Loop::Impl {
  std::vector<std::weak_ptr<Served>> served;
  boost::asio::io_context io{1};
  std::optional<boost::asio::signal_set> signals;
  std::function<void(int)> handle_signal;
  boost::asio::ssl::context client_context{boost::asio::ssl::context::tls_client};
  std::vector<std::unique_ptr<boost::asio::ssl::context>> contexts;  // of listeners
  std::vector<std::unique_ptr<boost::asio::ip::tcp::acceptor>> acceptors;

  // Waits again by itself, so that a second signal is heard too.
  void await_signal() {
    signals->async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      handle_signal(signal);
      await_signal();
    });
  }
};

}  // namespace smtpspec::net
