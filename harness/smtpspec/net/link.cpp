#include "smtpspec/net/link.hpp"

#include <netinet/tcp.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "smtpspec/net/coroutine.hpp"
#include "smtpspec/net/names.hpp"

namespace smtpspec::net {

using asio::ip::tcp;
using smtp::Action;
using smtp::Event;

namespace {

constexpr std::chrono::seconds goodbye_time(1);  // how long a closed connection is drained
constexpr std::chrono::seconds stuck_time(3);    // how long a close waits for the octets in front of it
constexpr std::chrono::seconds handshake_time(30);
constexpr std::size_t most_queued = 64u << 20;
constexpr std::size_t most_of_tls = 1u << 20;  // that its engine may hold back
constexpr std::size_t most_at_once = 64u << 10;

std::string reason(const boost::system::error_code& error) {
  return error == asio::error::eof ? std::string("closed by the peer") : error.message();
}

}  // namespace

// Everything that a link does begins here. What a coroutine throws is a failure of the connection.
void Link::spawn(std::function<Awaitable<void>()> work) {
  asio::co_spawn(
      io_,
      [self = shared_from_this(), work = std::move(work)]() -> asio::awaitable<void> {
        co_await asio::post(self->io_, asio::use_awaitable);
        co_await work();
      },
      [self = shared_from_this()](const std::exception_ptr& thrown) {
        if (thrown) self->failed(thrown);
      });
}

void Link::failed(const std::exception_ptr& thrown) {
  std::string what;
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "unknown exception";
  }
  shut();
  tell({.kind = Event::Kind::broken, .detail = "internal error: " + what});
}

void Link::connect(Endpoint to, std::vector<std::string> addresses, std::string source) {
  spawn([this, to = std::move(to), addresses = std::move(addresses), source = std::move(source)]() -> asio::awaitable<void> {
    if (const Code error = co_await connect_now(to, addresses, source)) {
      tell({.kind = Event::Kind::refused, .detail = reason(error)});
      co_return;
    }
    co_await serve();
    reader_ended();
  });
}

void Link::start() {
  spawn([this]() -> asio::awaitable<void> {
    co_await serve();
    reader_ended();
  });
}

void Link::act(Action action) {
  if (dead_) return;
  if (action.kind == Action::Kind::reset) {
    last_words();
    Code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    shut();
    return;
  }
  if (may_go_now(action)) {
    action.octets.erase(0, write_now(action.octets));
    if (action.octets.empty()) return;
  }
  // Whoever asks without end and never reads the replies. What a client sends is as long as its plan says.
  queued_ += action.octets.size();
  if (side_ == Side::server && queued_ > most_queued) return shut();
  if (action.kind == Action::Kind::close) {
    close_queued_ = true;
    if (sending_) shut_after(stuck_time);
  }
  // A server has asked for TLS by what stands in the queue before it; a client that has nothing to say before it means
  // now. What comes behind a client's last words in clear may still answer them.
  if (action.kind == Action::Kind::start_tls && (side_ == Side::server || !has_work())) await_tls();
  queue_.push_back(std::move(action));
  pump();
}

// Most that is said waits for nothing, and goes without a turn of the loop of its own.
bool Link::may_go_now(const Action& action) const {
  return action.kind == Action::Kind::send && open_ && !tls_ && !writing_ && queue_.empty() && !close_queued_ && !closing_;
}

// Returns how many octets the kernel took.
std::size_t Link::write_now(std::string_view octets) {
  Code error;
  const std::size_t gone = socket_.write_some(asio::buffer(octets), error);
  if (error != asio::error::would_block) note_failure(error);
  if (gone > 0) tell_sent(gone);
  return gone;
}

void Link::tell_sent(std::size_t size) {
  if (side_ == Side::client) asio::post(io_, [self = shared_from_this(), size] { self->tell({.kind = Event::Kind::sent, .size = size}); });
}

// What stands in front of a reset goes out if it can go at once.
void Link::last_words() {
  if (!open_ || sending_ || handshaking_) return;
  std::size_t size = 0;
  Code error;
  for (; !error && !queue_.empty() && queue_.front().kind == Action::Kind::send; queue_.pop_front()) {
    std::string octets = std::move(queue_.front().octets);
    const std::size_t all = octets.size();
    if (in_tls()) octets = tls_->write(octets) ? tls_->output() : "";
    const std::size_t gone = socket_.write_some(asio::buffer(octets), error);
    size += in_tls() ? (gone == octets.size() ? all : 0) : gone;
  }
  if (size > 0) tell_sent(size);
}

void Link::leave() {
  let_go();
  if (!dead_) shut_after(goodbye_time);
}

void Link::shut() {
  dead_ = true;
  queue_.clear();
  Code ignored;
  goodbye_.cancel();
  socket_.close(ignored);
}

void Link::shut_after(std::chrono::seconds time) {
  goodbye_.expires_after(time);
  goodbye_.async_wait([self = shared_from_this()](Code error) {
    if (error) return;
    Code ignored;
    // What the peer does not read would stay with the kernel otherwise.
    if (self->sending_) self->socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    self->shut();
  });
}

void Link::tell(Event event) {
  // The sink may let go of itself while it is called.
  if (const Sink sink = sink_) sink(std::move(event));
}

asio::awaitable<Link::Code> Link::connect_now(const Endpoint& to, const std::vector<std::string>& addresses, const std::string& source) {
  if (verify_ && verify_->empty()) verify_ = to.host;
  if (!is_address(to.host)) server_name_ = to.host;  // SNI names hosts, never addresses (RFC 6066 section 3)
  Code last = asio::error::host_not_found;
  for (const std::string& text : addresses) {
    const auto address = asio::ip::make_address(text, last);
    if (last) continue;
    const tcp::endpoint endpoint(address, to.port);
    Code ignored;
    socket_.close(ignored);
    socket_.open(endpoint.protocol(), last);
    if (last) continue;
    if (!source.empty()) {
      const auto local = asio::ip::make_address(source, last);
      if (!last) socket_.bind(tcp::endpoint(local, 0), last);
      if (last) co_return last;
    }
    auto [error] = co_await socket_.async_connect(endpoint, with_code);
    last = error;
    if (!last || dead_) break;
  }
  co_return last;
}

// --- what comes ----------------------------------------------------------------------------------------------------------

asio::awaitable<void> Link::serve() {
  Code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  // For what is written beside the coroutines; they never wait in the kernel anyway.
  socket_.non_blocking(true, ignored);
  open_ = !ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  tell({.kind = Event::Kind::opened, .detail = ignored ? "" : peer.address().to_string()});
  constexpr std::size_t room = 32u << 10;
  const auto buffer = std::make_unique_for_overwrite<char[]>(room);
  while (!dead_ && reading_) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(buffer.get(), room), with_code);
    if (size > 0 && !closing_) take({buffer.get(), size});
    if (error) {
      take_end(error);
      co_return;
    }
  }
}

void Link::take(std::string_view octets) {
  if (!tls_) return tell({.kind = Event::Kind::octets, .octets = octets});
  tls_->feed(octets);
  if (tls_begun_) advance_tls();
  else if (tls_->held() > most_of_tls) shut();
}

// A peer that reads no more ends in a reset. The kernel tells of it once, and whoever hears it is not told again: a read
// then finds an orderly end, with what the peer had sent thrown away all the same.
void Link::note_failure(const Code& error) {
  if (error && error != asio::error::operation_aborted && !reset_) reset_ = error;
}

void Link::take_end(const Code& end) {
  const Code& error = end == asio::error::eof && reset_ ? reset_ : end;
  const bool orderly = error == asio::error::eof;
  if (handshaking_) fail_tls(reason(error));
  else if (!closing_) tell({.kind = orderly ? Event::Kind::ended : Event::Kind::broken, .detail = orderly ? "" : reason(error)});
  if (closing_ || !orderly) shut();
}

// Nothing more can come; a close need not wait for the peer's end.
void Link::reader_ended() {
  reading_ = false;
  if (!closing_ && !dead_) return;
  shut();
  let_go();
}

// --- TLS -----------------------------------------------------------------------------------------------------------------

// What comes from now on is TLS, though its turn to begin may be later.
void Link::await_tls() {
  if (tls_) return;
  tls_ = std::make_unique<Tls>(context_, side_ == Side::server, server_name_);
  if (verify_) tls_->verify(*verify_);
}

void Link::begin_tls(bool full_handshake) {
  if (!reading_) return tell({.kind = Event::Kind::tls_failed, .detail = "closed by the peer"});
  if (tls_begun_) return fail_tls("TLS is already up");  // TLS inside TLS: nothing that a peer could answer
  await_tls();
  if (kept_ && *kept_ && !full_handshake) tls_->offer(*kept_);
  tls_begun_ = handshaking_ = true;
  // A client's machine has a deadline of its own, which is a fact about the wait and not about TLS.
  if (side_ == Side::server) {
    goodbye_.expires_after(handshake_time);
    goodbye_.async_wait([self = shared_from_this()](Code error) {
      if (!error && self->handshaking_) self->fail_tls("no handshake in time");
    });
  }
  advance_tls();
}

void Link::advance_tls() {
  if (handshaking_) {
    const auto step = tls_->handshake();
    if (step == Tls::Step::failed) return fail_tls(tls_->trouble());
    if (step == Tls::Step::more) return pump();
    handshaking_ = false;
    goodbye_.cancel();
    if (kept_ && !tls_->resumed()) kept_->reset();  // the server knows it no longer, or gives a new one
    tell({.kind = Event::Kind::tls_up, .tls = tls_->facts()});
  }
  std::string_view text;
  for (auto got = Tls::Got::text; got == Tls::Got::text && !dead_ && !closing_;) {
    got = tls_->read(text);
    if (got == Tls::Got::text) tell({.kind = Event::Kind::octets, .octets = text});
    else if (got != Tls::Got::nothing) reading_ = false;
    if (got == Tls::Got::end) tell({.kind = Event::Kind::ended});
    if (got == Tls::Got::failure) {
      tell({.kind = Event::Kind::broken, .detail = tls_->trouble()});
      shut();
    }
  }
  if (kept_ && !*kept_) *kept_ = tls_->session();
  if (tls_->pending() > most_of_tls) return shut();
  pump();
}

// The peer may still hear why.
void Link::fail_tls(const std::string& why) {
  handshaking_ = false;
  reading_ = false;
  queue_.clear();
  queue_.push_back({.kind = Action::Kind::close});
  shut_after(goodbye_time);
  tell({.kind = Event::Kind::tls_failed, .detail = why});
  pump();
}

// --- what goes -------------------------------------------------------------------------------------------------------------

bool Link::has_work() const { return (in_tls() && tls_->pending() > 0) || (!queue_.empty() && !handshaking_) || writing_; }

void Link::pump() {
  if (writing_ || dead_ || !has_work()) return;
  writing_ = true;
  spawn([this]() -> asio::awaitable<void> {
    while (!dead_) {
      if (in_tls() && tls_->pending() > 0) {
        co_await put(tls_->output());
        continue;
      }
      if (queue_.empty() || handshaking_) break;
      const Action action = std::move(queue_.front());
      queue_.pop_front();
      queued_ -= action.octets.size();
      co_await perform(action);
    }
    writing_ = false;
  });
}

// The reading end tells of a failure.
asio::awaitable<Link::Code> Link::put(const std::string& octets) {
  auto [error, size] = co_await asio::async_write(socket_, asio::buffer(octets), with_code);
  note_failure(error);
  co_return error;
}

asio::awaitable<void> Link::send(std::string_view octets) {
  while (!octets.empty() && !dead_) {
    std::string_view part = octets.substr(0, most_at_once);
    if (in_tls()) {
      if (!tls_->write(part) || co_await put(tls_->output())) co_return;
    } else {
      auto [error, size] = co_await socket_.async_write_some(asio::buffer(octets), with_code);
      note_failure(error);
      if (error) co_return;
      part = octets.substr(0, size);
    }
    octets.remove_prefix(part.size());
    if (side_ == Side::client) tell({.kind = Event::Kind::sent, .size = part.size()});
  }
}

asio::awaitable<void> Link::say_end() {
  if (in_tls()) {
    tls_->end();
    co_await put(tls_->output());
  }
  Code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> Link::perform(const Action& action) {
  switch (action.kind) {
    case Action::Kind::send:
      sending_ = true;
      if (close_queued_ && sink_) shut_after(stuck_time);
      co_await send(action.octets);
      sending_ = false;
      if (close_queued_ && sink_) goodbye_.cancel();
      break;
    case Action::Kind::pause: {
      asio::steady_timer timer(io_, action.delay);
      co_await timer.async_wait(with_code);
      break;
    }
    case Action::Kind::start_tls: begin_tls(action.full_handshake); break;
    case Action::Kind::half_close: co_await say_end(); break;
    case Action::Kind::close:
      closing_ = true;
      shut_after(goodbye_time);
      co_await say_end();
      if (reading_) break;
      shut();
      let_go();
      break;
    default: break;
  }
}

}  // namespace smtpspec::net
