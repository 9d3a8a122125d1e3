#include "smtpspec/net/loop.hpp"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "smtpspec/net/coroutine.hpp"
#include "smtpspec/net/link.hpp"
#include "smtpspec/net/loop_impl.hpp"

namespace smtpspec::net {

namespace ssl = asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;
using smtp::Action;
using smtp::Actions;
using smtp::Event;

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->io.restart();
  impl_->io.run();
}
void Loop::stop() { impl_->io.stop(); }

void Loop::on_signal(std::function<void()> handle) {
  catch_signals();
  impl_->handle_signal = std::move(handle);
  if (impl_->signals) return;
  impl_->signals.emplace(impl_->io, ::dup(caught_descriptor()));
  impl_->signals->async_wait(asio::posix::descriptor_base::wait_read, [this](const error_code& error) {
    if (!error) impl_->handle_signal();
  });
}

// --- servers ---------------------------------------------------------------------------------------------------------

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

namespace {

void remember(Loop::Impl& impl, const std::shared_ptr<Served>& served) {
  std::erase_if(impl.served, [](const auto& weak) { return weak.expired(); });
  impl.served.push_back(served);
}

asio::awaitable<void> accept_all(Loop::Impl& impl, tcp::acceptor& acceptor, SSL_CTX* context, smtp::Role role, Accept accept) {
  for (;;) {
    auto link = std::make_shared<Link>(impl.io, context, Link::Side::server);
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
  SSL_CTX_set_num_tickets(context->native_handle(), 1);  // which may be used again and again
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
  asio::co_spawn(impl.io, accept_all(impl, *acceptor, context->native_handle(), role, std::move(accept)), asio::detached);
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
  auto link = std::make_shared<Link>(impl.io, impl.client_context.native_handle(), Link::Side::client);
  auto caller = std::make_shared<Served>(impl.io, std::move(machine), link);
  caller->finished = std::move(done);
  link->set_sink([caller](Event event) { caller->on(std::move(event)); });
  link->connect(address, impl.addresses_of(address.host), "");
}

}  // namespace smtpspec::net
