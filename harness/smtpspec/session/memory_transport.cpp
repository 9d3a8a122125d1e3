#include <algorithm>
#include <map>
#include <vector>

#include "smtpspec/session/transport.hpp"

namespace smtpspec::session {

using smtp::Action;
using smtp::Actions;
using smtp::Event;

namespace {

// One direction or the other.
enum Side { client = 0, server = 1 };

struct Link {
  std::unique_ptr<smtp::Machine> peer;
  Time ready[2] = {};  // a `pause` holds back what follows it
  bool wants_tls[2] = {};
  bool in_tls = false;
  bool gone[2] = {};   // that side has closed or reset
  bool ended[2] = {};  // that side has sent its end
};

// Sessions are known by number: the next one may stand at the same address while things for this one are still due.
using Number = std::uint64_t;

using Moment = std::pair<Time, std::uint64_t>;  // when something is due, and its turn among what is due then

struct Play {
  Session* session = nullptr;  // nullptr: it is over, and the servers hear the rest
  std::function<void()> changed;
  std::map<int, Link> links;
  int to_servers = 0;          // deliveries that are due
  std::vector<Moment> alarms;  // that were set, those that have rung among them
};

struct Due {
  Time at;
  std::uint64_t order;
  std::function<void()> task;
  bool operator>(const Due& other) const { return at != other.at ? at > other.at : order > other.order; }
};

}  // namespace

struct MemoryTransport::State {
  Serve serve;
  Restart restart;
  smtp::TlsFacts facts;
  Time now{};
  std::uint64_t order = 0;
  bool stopped = false;
  std::vector<Due> queue;  // a heap, the next one first
  // Apart, since they go with their session: minutes ahead in a time that sessions hardly move, they would pile up.
  std::map<Moment, std::function<void()>> alarms;
  std::map<Number, Play> plays;
  Number played = 0;

  void post(Time at, std::function<void()> task) {
    queue.push_back({at, order++, std::move(task)});
    std::push_heap(queue.begin(), queue.end(), std::greater<>());
  }
  void set_alarm(Play& play, Duration delay, std::function<void()> task) {
    play.alarms.emplace_back(now + delay, order++);
    alarms.emplace(play.alarms.back(), std::move(task));
  }
  bool idle() const { return queue.empty() && alarms.empty(); }
  // Moved out, where std::priority_queue would copy the octets that are on their way.
  Due next() {
    if (!alarms.empty() && (queue.empty() || alarms.begin()->first < Moment(queue.front().at, queue.front().order))) {
      const auto first = alarms.extract(alarms.begin());
      return {first.key().first, first.key().second, std::move(first.mapped())};
    }
    std::pop_heap(queue.begin(), queue.end(), std::greater<>());
    Due due = std::move(queue.back());
    queue.pop_back();
    return due;
  }

  Play* find(Number number) {
    const auto it = plays.find(number);
    return it == plays.end() ? nullptr : &it->second;
  }
  void forget_if_over(Number session) {
    const Play* play = find(session);
    if (!play || play->session || play->to_servers > 0) return;
    for (const Moment& alarm : play->alarms) alarms.erase(alarm);
    plays.erase(session);
  }

  void to_client(Number session, Event event) {
    Play* play = find(session);
    if (!play || !play->session) return;
    event.at = now;
    Actions actions;
    play->session->on(event, actions);
    act_client(session, actions);
    const auto changed = play->changed;
    if (play->session->finished()) play->session = nullptr;
    forget_if_over(session);
    changed();
  }

  void to_server(Number session, int number, Event event) {
    Play* play = find(session);
    if (!play) return;
    Link& link = play->links[number];
    if (!link.peer || link.gone[server]) return;
    event.at = now;
    Actions actions;
    link.peer->on(event, actions);
    act_server(session, number, actions);
  }

  void deliver(Number session, int number, Side to, Event::Kind kind, std::string octets = {}, std::string detail = {}) {
    Play* play = find(session);
    if (!play) return;
    Time at = std::max(now, play->links[number].ready[to == client ? server : client]);
    if (to == server) ++play->to_servers;
    post(at, [this, session, number, to, kind, octets = std::move(octets), detail = std::move(detail)] {
      delivered(session, number, to, kind, octets, detail);
      forget_if_over(session);
    });
  }

  void delivered(Number session, int number, Side to, Event::Kind kind, const std::string& octets, const std::string& detail) {
    Play* playing = find(session);
    if (!playing) return;
    if (to == server) --playing->to_servers;
    if (playing->links[number].gone[to]) return;
    if (to == server && kind == Event::Kind::octets) {
      to_client(session, {.kind = Event::Kind::sent, .connection = number, .size = octets.size()});
      playing = find(session);
      if (!playing) return;
    }
    Link& link = playing->links[number];
    // Octets in clear where a handshake is awaited, or the other way round: no TLS comes of it.
    if (kind == Event::Kind::octets && link.wants_tls[to] && !link.in_tls) {
      link.wants_tls[to] = false;
      Event failed{.kind = Event::Kind::tls_failed, .connection = number, .detail = "what came is no TLS record"};
      to == client ? to_client(session, failed) : to_server(session, number, failed);
      return;
    }
    Event event{.kind = kind, .connection = number, .octets = octets, .detail = detail};
    to == client ? to_client(session, event) : to_server(session, number, event);
  }

  // In its turn: what was sent before goes in clear.
  void start_tls(Number session, int number, Side who) {
    Play* play = find(session);
    post(std::max(now, play->links[number].ready[who]), [this, session, number, who] { want_tls(session, number, who); });
  }

  void want_tls(Number session, int number, Side who) {
    Play* play = find(session);
    if (!play) return;
    Link& link = play->links[number];
    if (link.in_tls || link.gone[who]) return;
    link.wants_tls[who] = true;
    if (link.wants_tls[client] && link.wants_tls[server]) {
      link.in_tls = true;
      link.wants_tls[client] = link.wants_tls[server] = false;
      for (const Side side : {server, client})
        post(now, [this, session, number, side] {
          Event up{.kind = Event::Kind::tls_up, .connection = number, .tls = facts};
          side == client ? to_client(session, up) : to_server(session, number, up);
        });
    } else if (who == client) {
      // A ClientHello is what the server gets to see when it awaits no handshake.
      post(now, [this, session, number] {
        Play* playing = find(session);
        if (playing && playing->links[number].wants_tls[client])
          deliver(session, number, server, Event::Kind::octets, std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", 10));
      });
    }
  }

  void close(Number session, int number, Side who, bool reset) {
    Play* play = find(session);
    if (!play) return;
    Link& link = play->links[number];
    if (link.gone[who]) return;
    const Side other = who == client ? server : client;
    if (reset || !link.ended[who])
      deliver(session, number, other, reset ? Event::Kind::broken : Event::Kind::ended, {}, reset ? "connection reset" : "");
    link.gone[who] = true;
  }

  void act_client(Number session, Actions& actions) {
    for (Action& action : actions) {
      Play* play = find(session);
      if (!play) return;
      const int number = action.connection;
      switch (action.kind) {
        case Action::Kind::open: {
          Link& link = play->links[number];
          link = {};
          link.peer = serve(play->session->plan().role);
          if (!link.peer) {
            post(now, [this, session, number] {
              to_client(session, {.kind = Event::Kind::refused, .connection = number, .detail = "connection refused"});
            });
            break;
          }
          post(now, [this, session, number] {
            to_server(session, number, {.kind = Event::Kind::opened, .connection = number, .detail = "127.0.0.1"});
            to_client(session, {.kind = Event::Kind::opened, .connection = number});
          });
          break;
        }
        case Action::Kind::send:
          if (!play->links[number].gone[client]) deliver(session, number, server, Event::Kind::octets, std::move(action.octets));
          break;
        case Action::Kind::start_tls: start_tls(session, number, client); break;
        case Action::Kind::half_close:
          deliver(session, number, server, Event::Kind::ended);
          play->links[number].ended[client] = true;
          break;
        case Action::Kind::close: close(session, number, client, false); break;
        case Action::Kind::reset: close(session, number, client, true); break;
        case Action::Kind::pause:
          play->links[number].ready[client] = std::max(now, play->links[number].ready[client]) + action.delay;
          break;
        case Action::Kind::alarm:
          set_alarm(*play, action.delay,
                    [this, session, alarm = action.alarm] { to_client(session, {.kind = Event::Kind::alarm, .alarm = alarm}); });
          break;
        case Action::Kind::restart:
          post(now, [this, session] {
            to_client(session, {.kind = Event::Kind::restarted, .detail = restart ? restart() : "nobody restarts it"});
          });
          break;
        case Action::Kind::finish: break;
      }
    }
  }

  void act_server(Number session, int number, Actions& actions) {
    for (Action& action : actions) {
      Play* play = find(session);
      if (!play) return;
      Link& link = play->links[number];
      switch (action.kind) {
        case Action::Kind::send:
          if (!link.gone[server]) deliver(session, number, client, Event::Kind::octets, std::move(action.octets));
          break;
        case Action::Kind::start_tls: start_tls(session, number, server); break;
        case Action::Kind::half_close:
          deliver(session, number, client, Event::Kind::ended);
          link.ended[server] = true;
          break;
        case Action::Kind::close: close(session, number, server, false); break;
        case Action::Kind::reset: close(session, number, server, true); break;
        case Action::Kind::pause: link.ready[server] = std::max(now, link.ready[server]) + action.delay; break;
        case Action::Kind::alarm:
          set_alarm(*play, action.delay, [this, session, number, alarm = action.alarm] {
            to_server(session, number, {.kind = Event::Kind::alarm, .connection = number, .alarm = alarm});
          });
          break;
        default: break;
      }
    }
  }
};

MemoryTransport::MemoryTransport(Serve serve, Restart restart, smtp::TlsFacts facts) : state_(std::make_unique<State>()) {
  state_->restart = std::move(restart);
  state_->serve = std::move(serve);
  state_->facts = std::move(facts);
}
MemoryTransport::~MemoryTransport() = default;

Time MemoryTransport::now() const { return state_->now; }

void MemoryTransport::play(Session& session, std::function<void()> changed) {
  const Number number = ++state_->played;
  state_->plays[number] = {&session, std::move(changed), {}, 0, {}};
  state_->post(state_->now, [this, number] {
    Play* play = state_->find(number);
    if (!play) return;
    Actions actions;
    play->session->begin(state_->now, actions);
    state_->act_client(number, actions);
  });
}

void MemoryTransport::after(Duration delay, std::function<void()> task) { state_->post(state_->now + delay, std::move(task)); }

void MemoryTransport::run() {
  state_->stopped = false;
  while (!state_->idle() && !state_->stopped) {
    const Due due = state_->next();
    state_->now = std::max(state_->now, due.at);
    due.task();
  }
}

void MemoryTransport::stop() { state_->stopped = true; }

}  // namespace smtpspec::session
