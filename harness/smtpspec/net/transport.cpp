#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <set>

#include "smtpspec/net/link.hpp"
#include "smtpspec/net/loop_impl.hpp"

namespace smtpspec::net {

namespace asio = boost::asio;
using boost::system::error_code;
using smtp::Action;
using smtp::Actions;
using smtp::Event;

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
      const bool over = session && session->finished();
      if (over) {
        session = nullptr;
        alarm.cancel();
        for (auto& [number, link] : links) link->leave();
        owner.players.erase(self);
      }
      changed();
      if (over) owner.end_work();  // after the call, which may have brought new work
    }
    void act(Actions& actions) {
      for (Action& action : actions) {
        switch (action.kind) {
          case Action::Kind::open: {
            auto link = std::make_shared<Link>(owner.loop.impl().io, owner.loop.impl().client_context.native_handle(), Link::Side::client);
            link->set_sink([weak = weak_from_this(), number = action.connection](Event event) {
              event.connection = number;
              if (const auto self = weak.lock()) self->on(std::move(event));
            });
            if (!owner.options.ca.empty()) link->verify(owner.options.name);
            if (owner.options.resume) link->resume(owner.kept.try_emplace(role, std::make_shared<Tls::Session>()).first->second);
            if (const auto& before = links[action.connection]) before->leave();
            links[action.connection] = link;
            const auto found = owner.endpoints.find(role);
            const Endpoint endpoint = found == owner.endpoints.end() ? Endpoint{} : found->second;
            link->connect(endpoint, owner.loop.impl().addresses_of(endpoint.host), owner.options.source);
            break;
          }
          case Action::Kind::alarm:
            alarm.expires_after(action.delay);
            alarm.async_wait([self = shared_from_this(), number = action.alarm](const error_code& error) {
              if (!error) self->on({.kind = Event::Kind::alarm, .alarm = number});
            });
            break;
          case Action::Kind::restart: {
            const auto done = [self = shared_from_this()](const std::string& trouble) {
              asio::post(self->owner.loop.impl().io, [self, trouble] { self->on({.kind = Event::Kind::restarted, .detail = trouble}); });
            };
            owner.options.restart ? owner.options.restart(done) : done("the profile has no start command");
            break;
          }
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
  std::map<smtp::Role, std::shared_ptr<Tls::Session>> kept{};  // that the next connection takes up
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
  context.set_verify_mode(asio::ssl::verify_none);
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
