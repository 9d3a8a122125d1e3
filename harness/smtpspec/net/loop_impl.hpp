// What stands behind a Loop: for the files of this folder only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <optional>

#include "smtpspec/net/loop.hpp"
#include "smtpspec/net/names.hpp"

namespace smtpspec::net {

struct Served;

struct Loop::Impl {
  std::vector<std::weak_ptr<Served>> served;
  boost::asio::io_context io{1};
  std::optional<boost::asio::posix::stream_descriptor> signals;
  std::function<void()> handle_signal;
  Addresses addresses;  // of the hosts that are names
  boost::asio::ssl::context client_context{boost::asio::ssl::context::tls_client};
  std::vector<std::unique_ptr<boost::asio::ssl::context>> contexts;  // of listeners
  std::vector<std::unique_ptr<boost::asio::ip::tcp::acceptor>> acceptors;

  // Where a host that is a name or an address is.
  std::vector<std::string> addresses_of(const std::string& host) const {
    const auto found = addresses.find(host);
    return found == addresses.end() ? std::vector{host} : found->second;
  }
};

}  // namespace smtpspec::net
