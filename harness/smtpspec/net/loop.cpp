#include "smtpspec/net/loop.hpp"

#include <netinet/tcp.h>
#include <openssl/x509v3.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <set>

namespace smtpspec::net {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using smtp::Action;
using smtp::Actions;
using smtp::Event;

namespace {

constexpr auto with_code = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::seconds goodbye_time(1);  // how long a closed connection is drained
constexpr std::chrono::seconds stuck_time(3);    // how long a close waits for the octets in front of it
constexpr std::chrono::seconds handshake_time(30);
constexpr std::size_t most_queued = 64u << 20;

std::string reason(const error_code& error) {
  if (error == asio::error::eof || error == ssl::error::stream_truncated) return "closed by the peer";
  std::string text = error.message();
  return text;
}

smtp::TlsFacts facts_of(SSL* handle, bool verify) {
  smtp::TlsFacts facts;
  facts.version = 10 + (SSL_version(handle) - TLS1_VERSION);
  if (const char* name = SSL_get_cipher_name(handle)) facts.cipher = name;
  X509* certificate = SSL_get1_peer_certificate(handle);
  if (!certificate) return facts;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS)
      facts.names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(names);
  X509_free(certificate);
  if (verify) {
    const long result = SSL_get_verify_result(handle);
    facts.trust = result == X509_V_OK ? "verified" : X509_verify_cert_error_string(result);
  }
  return facts;
}

// One connection, for either end. Reads and the handshake run in one coroutine, writes in another; a machine's actions
// are queued and done in order. Events go to `sink` until it is taken away.
class Link : public std::enable_shared_from_this<Link> {
 public:
  using Sink = std::function<void(Event)>;
  Link(asio::io_context& io, ssl::context& context, ssl::stream_base::handshake_type side)
      : io_(io), socket_(io), context_(context), side_(side), goodbye_(io) {}

  tcp::socket& socket() { return socket_; }
  void set_sink(Sink sink) { sink_ = std::move(sink); }
  // Have the peer's certificate verified, for this name or, when it is empty, for the host's.
  void verify(std::string name) { verify_ = std::move(name); }

  void connect(Endpoint to, std::string source) {
    asio::co_spawn(
        io_,
        [self = shared_from_this(), to = std::move(to), source = std::move(source)]() -> asio::awaitable<void> {
          if (const error_code error = co_await self->connect_now(to, source)) {
            self->tell({.kind = Event::Kind::refused, .detail = reason(error)});
            co_return;
          }
          co_await self->serve();
          self->reader_ended();
        },
        asio::detached);
  }

  void start() {
    asio::co_spawn(
        io_,
        [self = shared_from_this()]() -> asio::awaitable<void> {
          co_await self->serve();
          self->reader_ended();
        },
        asio::detached);
  }

  void act(Action action) {
    if (dead_) return;
    if (action.kind == Action::Kind::reset) {
      error_code ignored;
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      shut();
      return;
    }
    queued_ += action.octets.size();
    if (queued_ > most_queued) return shut();  // a peer that never reads
    if (action.kind == Action::Kind::close) {
      close_queued_ = true;
      if (sending_) shut_after(stuck_time);
    }
    queue_.push_back(std::move(action));
    pump();
  }

  // No more events: what is under way ends by itself.
  void let_go() { sink_ = nullptr; }
  // … or, when a peer that never reads keeps it from ending, is ended after a moment.
  void leave() {
    let_go();
    if (!dead_) shut_after(goodbye_time);
  }
  void shut() {
    dead_ = true;
    queue_.clear();
    error_code ignored;
    goodbye_.cancel();
    socket_.close(ignored);
  }

 private:
  void shut_after(std::chrono::seconds time) {
    goodbye_.expires_after(time);
    goodbye_.async_wait([self = shared_from_this()](error_code error) {
      if (error) return;
      error_code ignored;
      // What the peer does not read would stay with the kernel otherwise.
      if (self->sending_) self->socket_.set_option(asio::socket_base::linger(true, 0), ignored);
      self->shut();
    });
  }

  void tell(Event event) {
    // The sink may let go of itself while it is called.
    if (const Sink sink = sink_) sink(std::move(event));
  }

  asio::awaitable<error_code> connect_now(const Endpoint& to, const std::string& source) {
    error_code not_numeric;
    asio::ip::make_address(to.host, not_numeric);
    if (verify_ && verify_->empty()) verify_ = to.host;
    if (not_numeric) server_name_ = to.host;  // SNI names hosts, never addresses (RFC 6066 section 3)
    tcp::resolver resolver(io_);
    auto [resolve_error, found] = co_await resolver.async_resolve(to.host, std::to_string(to.port), with_code);
    if (resolve_error) co_return resolve_error;
    if (dead_) co_return asio::error::operation_aborted;
    error_code last = asio::error::host_not_found;
    for (const auto& entry : found) {
      error_code ignored;
      socket_.close(ignored);
      socket_.open(entry.endpoint().protocol(), last);
      if (last) continue;
      if (!source.empty()) {
        const auto address = asio::ip::make_address(source, last);
        if (!last) socket_.bind(tcp::endpoint(address, 0), last);
        if (last) co_return last;
      }
      auto [connect_error] = co_await socket_.async_connect(entry.endpoint(), with_code);
      last = connect_error;
      if (!last || dead_) break;
    }
    co_return last;
  }

  asio::awaitable<void> serve() {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    tell({.kind = Event::Kind::opened});
    std::string buffer(32 * 1024, '\0');
    while (!dead_) {
      if (wants_tls_) {
        if (!co_await handshake()) co_return;
        continue;
      }
      auto target = asio::buffer(buffer);
      auto [error, size] =
          stream_ ? co_await stream_->async_read_some(target, with_code) : co_await socket_.async_read_some(target, with_code);
      if (size > 0 && !closing_) tell({.kind = Event::Kind::octets, .octets = std::string_view(buffer).substr(0, size)});
      if (!error) continue;
      if (error == asio::error::operation_aborted && wants_tls_ && !dead_) continue;
      const bool orderly = error == asio::error::eof || error == ssl::error::stream_truncated;
      if (!closing_) tell({.kind = orderly ? Event::Kind::ended : Event::Kind::broken, .detail = orderly ? "" : reason(error)});
      if (closing_ || !orderly) shut();
      co_return;
    }
  }

  // Nothing more can come. A handshake that was still wanted has failed; a close need not wait for the peer's end.
  void reader_ended() {
    reading_ = false;
    if (handshaking_) tell({.kind = Event::Kind::tls_failed, .detail = "closed by the peer"});
    handshaking_ = wants_tls_ = false;
    if (closing_ || dead_) {
      shut();
      let_go();
    }
  }

  asio::awaitable<bool> handshake() {
    wants_tls_ = false;
    if (stream_) {  // TLS inside TLS: nothing that a peer could answer
      tell({.kind = Event::Kind::tls_failed, .detail = "TLS is already up"});
      handshaking_ = false;
      co_return false;
    }
    stream_.emplace(socket_, context_);
    if (!server_name_.empty()) SSL_set_tlsext_host_name(stream_->native_handle(), server_name_.c_str());
    if (verify_) {
      X509_VERIFY_PARAM* expected = SSL_get0_param(stream_->native_handle());
      if (X509_VERIFY_PARAM_set1_ip_asc(expected, verify_->c_str()) != 1) X509_VERIFY_PARAM_set1_host(expected, verify_->c_str(), 0);
    }
    goodbye_.expires_after(handshake_time);
    goodbye_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && self->handshaking_) self->shut();
    });
    auto [error] = co_await stream_->async_handshake(side_, with_code);
    handshaking_ = false;
    goodbye_.cancel();
    if (error) {
      tell({.kind = Event::Kind::tls_failed, .detail = reason(error)});
      shut();
      co_return false;
    }
    tell({.kind = Event::Kind::tls_up, .tls = facts_of(stream_->native_handle(), verify_.has_value())});
    pump();
    co_return true;
  }

  void pump() {
    if (writing_ || handshaking_ || queue_.empty()) return;
    writing_ = true;
    asio::co_spawn(
        io_,
        [self = shared_from_this()]() -> asio::awaitable<void> {
          while (!self->queue_.empty() && !self->handshaking_ && !self->dead_) {
            const Action action = std::move(self->queue_.front());
            self->queue_.pop_front();
            self->queued_ -= action.octets.size();
            co_await self->perform(action);
          }
          self->writing_ = false;
        },
        asio::detached);
  }

  asio::awaitable<void> perform(const Action& action) {
    error_code ignored;
    switch (action.kind) {
      case Action::Kind::send:
        // A failure shows at the reading end.
        sending_ = true;
        if (close_queued_ && sink_) shut_after(stuck_time);
        if (stream_) co_await asio::async_write(*stream_, asio::buffer(action.octets), with_code);
        else co_await asio::async_write(socket_, asio::buffer(action.octets), with_code);
        sending_ = false;
        if (close_queued_ && sink_) goodbye_.cancel();
        break;
      case Action::Kind::pause: {
        asio::steady_timer timer(io_, action.delay);
        co_await timer.async_wait(with_code);
        break;
      }
      case Action::Kind::start_tls:
        if (!reading_) {
          tell({.kind = Event::Kind::tls_failed, .detail = "closed by the peer"});
          break;
        }
        handshaking_ = wants_tls_ = true;
        socket_.cancel(ignored);  // the reader turns to the handshake
        break;
      case Action::Kind::half_close:
        if (stream_) SSL_shutdown(stream_->native_handle());
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        break;
      case Action::Kind::close:
        closing_ = true;
        if (!reading_) {
          shut();
          let_go();
          break;
        }
        shut_after(goodbye_time);
        if (stream_) co_await stream_->async_shutdown(with_code);
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        break;
      default: break;
    }
  }

  asio::io_context& io_;
  tcp::socket socket_;
  ssl::context& context_;
  ssl::stream_base::handshake_type side_;
  asio::steady_timer goodbye_;
  std::optional<ssl::stream<tcp::socket&>> stream_;
  Sink sink_;
  std::deque<Action> queue_;
  std::size_t queued_ = 0;
  bool wants_tls_ = false;
  bool handshaking_ = false;
  bool writing_ = false;
  bool sending_ = false;
  bool close_queued_ = false;
  bool closing_ = false;
  bool dead_ = false;
  bool reading_ = true;
  std::string server_name_;
  std::optional<std::string> verify_;  // the name that the certificate should bear
};

struct Served;
}  // namespace

struct Loop::Impl {
  std::vector<std::weak_ptr<Served>> served;
  asio::io_context io{1};
  std::optional<asio::signal_set> signals;
  std::function<void(int)> handle_signal;
  ssl::context client_context{ssl::context::tls_client};
  std::vector<std::unique_ptr<ssl::context>> contexts;  // of listeners
  std::vector<std::unique_ptr<tcp::acceptor>> acceptors;

  // Waits again by itself, so that a second signal is heard too.
  void await_signal() {
    signals->async_wait([this](const error_code& error, int signal) {
      if (error) return;
      handle_signal(signal);
      await_signal();
    });
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->io.restart();
  impl_->io.run();
}
void Loop::stop() { impl_->io.stop(); }

void Loop::on_signal(std::function<void(int)> handle) {
  impl_->signals.emplace(impl_->io, SIGINT, SIGTERM);
  impl_->handle_signal = std::move(handle);
  impl_->await_signal();
}

// --- servers ---------------------------------------------------------------------------------------------------------

namespace {

// A connection that one machine holds: the machine, its link and its one alarm.
struct Served : std::enable_shared_from_this<Served> {
  Served(asio::io_context& io_, std::shared_ptr<smtp::Machine> machine_, const std::shared_ptr<Link>& link_)
      : machine(std::move(machine_)), weak_link(link_), alarm(io_) {}
  std::shared_ptr<smtp::Machine> machine;
  std::function<void()> finished;
  std::weak_ptr<Link> weak_link;  // the link owns this object, by its sink; its coroutines own the link
  asio::steady_timer alarm;

  void begin(Link& link) {
    link.set_sink([self = shared_from_this()](Event event) { self->on(std::move(event)); });
    link.start();
  }
  void on(Event event) {
    const auto link = weak_link.lock();
    if (!link) return;
    event.at = std::chrono::duration_cast<smtp::Time>(std::chrono::steady_clock::now().time_since_epoch());
    Actions actions;
    machine->on(event, actions);
    const bool over = event.kind == Event::Kind::refused || event.kind == Event::Kind::ended || event.kind == Event::Kind::broken ||
                      event.kind == Event::Kind::tls_failed;
    for (Action& action : actions) {
      if (action.kind == Action::Kind::alarm) {
        alarm.expires_after(action.delay);
        alarm.async_wait([weak = weak_from_this(), number = action.alarm](const error_code& error) {
          if (const auto self = weak.lock(); self && !error) self->on({.kind = Event::Kind::alarm, .alarm = number});
        });
      } else if (action.kind == Action::Kind::finish) {
        alarm.cancel();
        if (const auto call = std::exchange(finished, {})) call();
      } else {
        if (action.kind == Action::Kind::close || action.kind == Action::Kind::reset) alarm.cancel();
        link->act(std::move(action));
      }
    }
    if (over) {
      alarm.cancel();
      link->let_go();  // the last reference to this object may be in the sink
    }
  }
};

void remember(Loop::Impl& impl, const std::shared_ptr<Served>& served) {
  std::erase_if(impl.served, [](const auto& weak) { return weak.expired(); });
  impl.served.push_back(served);
}

asio::awaitable<void> accept_all(Loop::Impl& impl, tcp::acceptor& acceptor, ssl::context& context, smtp::Role role, Accept accept) {
  for (;;) {
    auto link = std::make_shared<Link>(impl.io, context, ssl::stream_base::server);
    auto [error] = co_await acceptor.async_accept(link->socket(), with_code);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, most likely: wait for some to come back
      asio::steady_timer timer(impl.io, std::chrono::milliseconds(50));
      co_await timer.async_wait(with_code);
      continue;
    }
    auto machine = accept(role);
    if (!machine) continue;
    const auto served = std::make_shared<Served>(impl.io, std::move(machine), link);
    remember(impl, served);
    served->begin(*link);
  }
}

}  // namespace

Result<std::uint16_t> listen(Loop& loop, const Endpoint& address, smtp::Role role, Accept accept, const crypto::Certificate& certificate) {
  auto& impl = loop.impl();
  error_code error;
  const auto ip = asio::ip::make_address(address.host, error);
  if (error) return failure("'" + address.host + "' is no IP address");
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context->use_certificate_chain(asio::buffer(certificate.certificate_pem), error);
  if (!error) context->use_private_key(asio::buffer(certificate.key_pem), ssl::context::pem, error);
  if (error) return failure("the server's certificate cannot be used: " + error.message());
  auto acceptor = std::make_unique<tcp::acceptor>(impl.io);
  const tcp::endpoint endpoint(ip, address.port);
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error) return failure("cannot listen on " + address.host + " port " + std::to_string(address.port) + ": " + error.message());
  const std::uint16_t port = acceptor->local_endpoint().port();
  asio::co_spawn(impl.io, accept_all(impl, *acceptor, *context, role, std::move(accept)), asio::detached);
  impl.contexts.push_back(std::move(context));
  impl.acceptors.push_back(std::move(acceptor));
  return port;
}

void Loop::shut_down() {
  for (const auto& weak : impl_->served)
    if (const auto served = weak.lock()) served->on({.kind = Event::Kind::stopping});
  after(*this, std::chrono::milliseconds(200), [this] { stop(); });
}

void after(Loop& loop, smtp::Duration delay, std::function<void()> task) {
  auto timer = std::make_shared<asio::steady_timer>(loop.impl().io, delay);
  timer->async_wait([timer, task = std::move(task)](const error_code& error) {
    if (!error) task();
  });
}

void call(Loop& loop, const Endpoint& address, std::shared_ptr<smtp::Machine> machine, std::function<void()> done) {
  auto& impl = loop.impl();
  auto link = std::make_shared<Link>(impl.io, impl.client_context, ssl::stream_base::client);
  auto caller = std::make_shared<Served>(impl.io, std::move(machine), link);
  caller->finished = std::move(done);
  link->set_sink([caller](Event event) { caller->on(std::move(event)); });
  link->connect(address, "");
}

// --- the client's side -------------------------------------------------------------------------------------------------

struct Transport::Impl {
  struct Player : std::enable_shared_from_this<Player> {
    Player(Impl& owner_, session::Session& session_, std::function<void()> changed_)
        : owner(owner_), session(&session_), changed(std::move(changed_)), alarm(owner_.loop.impl().io) {}
    Impl& owner;
    session::Session* session;
    std::function<void()> changed;
    std::map<int, std::shared_ptr<Link>> links;
    asio::steady_timer alarm;
    smtp::Role role = session->plan().role;

    void on(Event event) {
      if (!session) return;
      event.at = owner.now();
      Actions actions;
      session->on(event, actions);
      act(actions);
      tell();
    }
    void tell() {
      const auto self = shared_from_this();
      const auto call = changed;
      const bool over = session && session->finished();
      if (over) {
        session = nullptr;
        alarm.cancel();
        for (auto& [number, link] : links) link->leave();
        owner.players.erase(self);
      }
      call();
      if (over) owner.end_work();  // after the call, which may have brought new work
    }
    void act(Actions& actions) {
      for (Action& action : actions) {
        switch (action.kind) {
          case Action::Kind::open: {
            auto link = std::make_shared<Link>(owner.loop.impl().io, owner.loop.impl().client_context, ssl::stream_base::client);
            link->set_sink([weak = weak_from_this(), number = action.connection](Event event) {
              event.connection = number;
              if (const auto self = weak.lock()) self->on(std::move(event));
            });
            if (!owner.options.ca.empty()) link->verify(owner.options.name);
            if (const auto& before = links[action.connection]) before->leave();
            links[action.connection] = link;
            const auto endpoint = owner.endpoints.find(role);
            link->connect(endpoint == owner.endpoints.end() ? Endpoint{} : endpoint->second, owner.options.source);
            break;
          }
          case Action::Kind::alarm:
            alarm.expires_after(action.delay);
            alarm.async_wait([self = shared_from_this(), number = action.alarm](const error_code& error) {
              if (!error) self->on({.kind = Event::Kind::alarm, .alarm = number});
            });
            break;
          case Action::Kind::restart:
            asio::post(owner.loop.impl().io, [self = shared_from_this()] {
              self->on({.kind = Event::Kind::restarted,
                        .detail = self->owner.options.restart ? self->owner.options.restart() : "the profile has no start command"});
            });
            break;
          case Action::Kind::finish: break;
          default:
            if (const auto it = links.find(action.connection); it != links.end()) it->second->act(std::move(action));
        }
      }
    }
  };

  Loop& loop;
  std::map<smtp::Role, Endpoint> endpoints;
  TransportOptions options;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
  int work = 0;                                 // sessions and tasks under way
  std::set<std::shared_ptr<Player>> players{};  // those whose session is not over

  session::Time now() const { return std::chrono::duration_cast<session::Time>(std::chrono::steady_clock::now() - began); }
  void end_work() {
    if (--work == 0) loop.stop();
  }
};

Transport::Transport(Loop& loop, std::map<smtp::Role, Endpoint> endpoints, TransportOptions options)
    : impl_(new Impl{loop, std::move(endpoints), std::move(options)}) {
  // A test certificate is the rule: its names, and whether it verifies, are facts and refuse nothing.
  auto& context = loop.impl().client_context;
  context.set_verify_mode(ssl::verify_none);
  error_code ignored;
  if (const std::string& ca = impl_->options.ca; !ca.empty()) context.add_certificate_authority(asio::buffer(ca), ignored);
}
Transport::~Transport() {
  for (const auto& player : impl_->players) {
    player->session = nullptr;
    player->alarm.cancel();
    for (auto& [number, link] : player->links) {
      link->let_go();
      link->shut();
    }
  }
}

session::Time Transport::now() const { return impl_->now(); }

void Transport::play(session::Session& session, std::function<void()> changed) {
  ++impl_->work;
  auto player = std::make_shared<Impl::Player>(*impl_, session, std::move(changed));
  impl_->players.insert(player);
  asio::post(impl_->loop.impl().io, [player] {
    if (!player->session) return;
    Actions actions;
    player->session->begin(player->owner.now(), actions);
    player->act(actions);
  });
}

void Transport::after(session::Duration delay, std::function<void()> task) {
  ++impl_->work;
  auto run = [impl = impl_.get(), task = std::move(task)] {
    task();
    impl->end_work();
  };
  if (delay.count() <= 0) {
    asio::post(impl_->loop.impl().io, std::move(run));
    return;
  }
  auto timer = std::make_shared<asio::steady_timer>(impl_->loop.impl().io, delay);
  timer->async_wait([timer, run = std::move(run)](const error_code& error) {
    if (!error) run();
  });
}

void Transport::run() {
  if (impl_->work > 0) impl_->loop.run();
}
void Transport::stop() { impl_->loop.stop(); }

}  // namespace smtpspec::net
