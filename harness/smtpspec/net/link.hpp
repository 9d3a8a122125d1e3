// One connection, for either end: a socket and perhaps TLS, driven by a machine's actions, which are queued and done in
// order. Events go to the sink until it is taken away, always from a turn of the loop of their own: no machine hears
// an event while it is still acting on another one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "smtpspec/net/loop.hpp"
#include "smtpspec/net/tls.hpp"

namespace smtpspec::net {

class Link : public std::enable_shared_from_this<Link> {
 public:
  using Sink = std::function<void(smtp::Event)>;
  enum class Side : std::uint8_t { client, server };
  Link(boost::asio::io_context& io, SSL_CTX* context, Side side) : io_(io), socket_(io), context_(context), side_(side), goodbye_(io) {}

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  void set_sink(Sink sink) { sink_ = std::move(sink); }
  // Have the peer's certificate verified, for this name or, when it is empty, for the host's.
  void verify(std::string name) { verify_ = std::move(name); }
  // Take up the TLS session that is kept here, and keep one where there is none. Links to one server share it.
  void resume(std::shared_ptr<Tls::Session> kept) { kept_ = std::move(kept); }
  // To the first of the host's addresses that takes it.
  void connect(Endpoint to, std::vector<std::string> addresses, std::string source);
  void start();  // the socket is connected
  void act(smtp::Action action);

  // No more events: what is under way ends by itself …
  void let_go() { sink_ = nullptr; }
  // … or, when a peer that never reads keeps it from ending, is ended after a moment.
  void leave();
  void shut();

 private:
  template <class T>
  using Awaitable = boost::asio::awaitable<T>;
  using Code = boost::system::error_code;

  bool may_go_now(const smtp::Action& action) const;
  std::size_t write_now(std::string_view octets);
  void tell_sent(std::size_t size);
  void last_words();
  void spawn(std::function<Awaitable<void>()> work);
  void failed(const std::exception_ptr& thrown);
  void shut_after(std::chrono::seconds time);
  void tell(smtp::Event event);

  Awaitable<Code> connect_now(const Endpoint& to, const std::vector<std::string>& addresses, const std::string& source);
  Awaitable<void> serve();
  void take(std::string_view octets);
  void note_failure(const Code& error);
  void take_end(const Code& end);
  void reader_ended();

  void await_tls();
  void begin_tls(bool full_handshake);
  void advance_tls();
  void fail_tls(const std::string& why);
  bool in_tls() const { return tls_ && tls_begun_; }

  void pump();
  bool has_work() const;
  Awaitable<void> perform(const smtp::Action& action);
  Awaitable<void> send(std::string_view octets);
  Awaitable<Code> put(const std::string& octets);
  Awaitable<void> say_end();

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::socket socket_;
  SSL_CTX* context_;
  Side side_;
  boost::asio::steady_timer goodbye_;
  std::unique_ptr<Tls> tls_;  // what comes is TLS's …
  bool tls_begun_ = false;    // … and what goes too
  bool handshaking_ = false;
  Sink sink_;
  std::deque<smtp::Action> queue_;
  std::size_t queued_ = 0;
  bool open_ = false;
  bool writing_ = false;
  bool sending_ = false;
  bool close_queued_ = false;
  bool closing_ = false;
  bool dead_ = false;
  bool reading_ = true;
  Code reset_;  // that writing met, or none
  std::string server_name_;
  std::shared_ptr<Tls::Session> kept_;  // nullptr: every handshake is a full one
  std::optional<std::string> verify_;   // the name that the certificate should bear
};

}  // namespace smtpspec::net
