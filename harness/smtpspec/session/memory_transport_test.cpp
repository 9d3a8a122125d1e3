// The transport in memory: order, time, ends and handshakes, as sockets would have them.
#include <gtest/gtest.h>

#include "smtpspec/session/transport.hpp"
#include "test/plan.hpp"

namespace smtpspec::session {
namespace {

using namespace std::chrono_literals;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;

struct Custom final : smtp::Machine {
  using Handle = std::function<void(const Event&, Actions&)>;
  explicit Custom(Handle handle_) : handle(std::move(handle_)) {}
  void on(const Event& event, Actions& actions) override { handle(event, actions); }
  Handle handle;
};

MemoryTransport::Serve serve(Custom::Handle handle) {
  return [handle = std::move(handle)](Role) { return std::make_unique<Custom>(handle); };
}

script::Plan plan_for_client(const std::string& start, const std::string& dialogue, Role role = Role::relay) {
  return script::plan_of(start, dialogue, role, {{{"client", "client.example.org"}}});
}

TEST(MemoryTransport, TasksComeInTimeAndInOrder) {
  MemoryTransport transport(serve([](const Event&, Actions&) {}));
  std::string order;
  transport.after(2s, [&] { order += 'd'; });
  transport.after(1s, [&] {
    order += 'b';
    transport.after(0s, [&] { order += 'c'; });
  });
  transport.after({}, [&] { order += 'a'; });
  transport.run();
  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(transport.now(), 2s);
}

TEST(MemoryTransport, Stops) {
  MemoryTransport transport(serve([](const Event&, Actions&) {}));
  int done = 0;
  transport.after(1s, [&] {
    ++done;
    transport.stop();
  });
  transport.after(2s, [&] { ++done; });
  transport.run();
  EXPECT_EQ(done, 1);
  transport.run();
  EXPECT_EQ(done, 2) << "what is left waits for the next run";
}

TEST(MemoryTransport, PausesHoldBackWhatFollows) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind != Event::Kind::opened) return;
    for (const char* part : {"22", "0 x", "\r\n"}) {
      actions.push_back({.kind = Action::Kind::pause, .delay = 2s});
      actions.push_back({.octets = part});
    }
    actions.push_back({.kind = Action::Kind::close});
  }));
  Session session(plan_for_client("connected", "S: 220\nS: close"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete);
  EXPECT_EQ(session.transcript().outcomes.at(0).waited, 6s);
}

TEST(MemoryTransport, EndsAreToldApart) {
  std::string heard;
  const auto server = [&](const Event& event, Actions&) {
    if (event.kind == Event::Kind::octets) heard += event.octets;
    if (event.kind == Event::Kind::ended) heard += "<end>";
    if (event.kind == Event::Kind::broken) heard += "<reset>";
  };
  for (const auto& [act, end] : {std::pair{"close", "x<end>"}, {"reset", "x<reset>"}, {"half-close", "x<end>"}}) {
    heard.clear();
    MemoryTransport transport(serve(server));
    Session session(plan_for_client("connected", std::string("raw: x\ndo: ") + act), {});
    transport.play(session, [] {});
    transport.run();
    EXPECT_TRUE(heard.starts_with(end)) << act << ": " << heard;
  }
}

// Our end is sent, and the server's words still come.
TEST(MemoryTransport, HalfCloseLeavesTheOtherHalf) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::ended) actions.push_back({.octets = "221 then bye\r\n"});
  }));
  Session session(plan_for_client("connected", "do: half-close\nS: 221"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete);
}

TEST(MemoryTransport, NothingIsHeardAfterTheEnd) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind != Event::Kind::opened) return;
    actions.push_back({.kind = Action::Kind::close});
    actions.push_back({.octets = "220 x\r\n"});
  }));
  Session session(plan_for_client("connected", "S: close"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete);
}

TEST(MemoryTransport, TlsNeedsBoth) {
  const auto both = [](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) actions.push_back({.kind = Action::Kind::start_tls});
    if (event.kind == Event::Kind::tls_up) actions.push_back({.octets = "220 x\r\n"});
  };
  MemoryTransport transport(serve(both), {}, {12, "cipher", {"a.test"}});
  Session session(plan_for_client("connected", "do: handshake\nS: tls\nS: 220", Role::submissions), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete);
  EXPECT_EQ(session.transcript().tls, (smtp::TlsFacts{12, "cipher", {"a.test"}}));
}

// A server that awaits no handshake sees the client's first record; one that awaits it sees no record in clear text.
TEST(MemoryTransport, TlsOfOneSideOnly) {
  std::string heard;
  MemoryTransport one(serve([&](const Event& event, Actions&) {
    if (event.kind == Event::Kind::octets) heard += event.octets;
  }));
  Session client(plan_for_client("connected", "do: handshake\nS: nothing for 1s"), {});
  one.play(client, [] {});
  one.run();
  EXPECT_TRUE(client.transcript().complete);
  EXPECT_EQ(heard.substr(0, 2), "\x16\x03");

  bool failed = false;
  MemoryTransport other(serve([&](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) actions.push_back({.kind = Action::Kind::start_tls});
    if (event.kind == Event::Kind::tls_failed) {
      failed = true;
      actions.push_back({.kind = Action::Kind::close});
    }
  }));
  Session clear(plan_for_client("connected", "C: NOOP\nS: close", Role::submissions), {});
  other.play(clear, [] {});
  other.run();
  EXPECT_TRUE(failed);
  EXPECT_TRUE(clear.transcript().complete);
}

// What was sent before the handshake, at once or after a pause, comes in clear and spoils it.
TEST(MemoryTransport, TlsComesInItsTurn) {
  for (const char* late : {"", "{pause 1s}"}) {
    std::string failed;
    MemoryTransport transport(serve([&, greeted = false](const Event& event, Actions& actions) mutable {
      if (event.kind == Event::Kind::octets && !std::exchange(greeted, true)) {
        actions.push_back({.octets = "220 go\r\n"});
        actions.push_back({.kind = Action::Kind::start_tls});
      }
      if (event.kind == Event::Kind::tls_failed) failed = event.detail;
    }));
    Session session(
        plan_for_client("connected", std::string("raw: STARTTLS\\r\\n{cut}") + late + "NOOP\\r\\n\nS: 220\ndo: handshake\nS: no tls"), {});
    transport.play(session, [] {});
    transport.run();
    EXPECT_EQ(failed, "what came is no TLS record") << late;
  }
}

TEST(MemoryTransport, ServersHaveAlarms) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) actions.push_back({.kind = Action::Kind::alarm, .delay = 5s, .alarm = 7});
    if (event.kind == Event::Kind::alarm && event.alarm == 7) actions.push_back({.octets = "421 too slow\r\n"});
  }));
  Session session(plan_for_client("connected", "S: 421"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete);
  EXPECT_EQ(session.transcript().outcomes.at(0).waited, 5s);
}

TEST(MemoryTransport, ASessionIsLetGoWhenItIsOver) {
  int machines = 0;
  struct Counted final : smtp::Machine {
    explicit Counted(int& count_) : count(count_) { ++count; }
    ~Counted() override { --count; }
    void on(const Event& event, Actions& actions) override {
      if (event.kind == Event::Kind::opened) actions.push_back({.octets = "220 x\r\n"});
    }
    int& count;
  };
  MemoryTransport transport([&](Role) { return std::make_unique<Counted>(machines); });
  auto session = std::make_unique<Session>(plan_for_client("connected", "S: 220\ndo: open 2 at greeted"), session::Setup{});
  int most = 0;
  transport.play(*session, [&] {
    most = std::max(most, machines);
    if (session->finished()) session.reset();
  });
  transport.run();
  EXPECT_EQ(session, nullptr);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(machines, 0);
}

// What was due for a session that is over does not reach the next one, wherever that one stands in memory.
TEST(MemoryTransport, AlarmsOfBeforeReachNobody) {
  MemoryTransport transport([answered = 0](Role) mutable {
    const Duration delay = answered++ == 0 ? 0s : 7s;
    return std::make_unique<Custom>([delay](const Event& event, Actions& actions) {
      if (event.kind == Event::Kind::opened) actions.push_back({.octets = "220 x\r\n"});
      if (event.kind != Event::Kind::octets) return;
      actions.push_back({.kind = Action::Kind::pause, .delay = delay});
      actions.push_back({.octets = event.octets == "QUIT\r\n" ? "221 x\r\n" : "250 x\r\n"});
      if (event.octets == "QUIT\r\n") actions.push_back({.kind = Action::Kind::close});
    });
  });
  std::optional<Session> session;
  session.emplace(plan_for_client("greeted", "C: NOOP\nS: 250"), session::Setup{});
  transport.play(*session, [&] {
    if (!session->finished()) return;
    EXPECT_TRUE(session->transcript().complete);
    transport.after(5s, [&] {
      session.reset();
      session.emplace(plan_for_client("greeted", "C: NOOP\nS: 250"), session::Setup{});
      transport.play(*session, [] {});
    });
  });
  transport.run();
  EXPECT_TRUE(session->transcript().complete) << describe(session->transcript().outcomes.back().came);
  EXPECT_EQ(session->transcript().outcomes.back().waited, 7s);
}

TEST(MemoryTransport, AlarmsGoWithTheirSession) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) {
      actions.push_back({.kind = Action::Kind::alarm, .delay = 30min, .alarm = 1});
      actions.push_back({.octets = "220 x\r\n"});
    }
    if (event.kind == Event::Kind::octets) actions.push_back({.octets = event.octets == "QUIT\r\n" ? "221 x\r\n" : "250 x\r\n"});
    if (event.octets == "QUIT\r\n") actions.push_back({.kind = Action::Kind::close});
  }));
  Session session(plan_for_client("greeted", "C: NOOP\nS: 250"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.finished());
  EXPECT_LT(transport.now(), 1min) << "time went on to an alarm of a server that nobody talks to";
}

// The last octets and the end come to the server, though the session has nothing more to do.
TEST(MemoryTransport, TheServerHearsTheRest) {
  std::string heard;
  MemoryTransport transport(serve([&](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) actions.push_back({.octets = "220 x\r\n"});
    if (event.kind == Event::Kind::octets) heard += event.octets;
    if (event.kind == Event::Kind::ended) heard += "<end>";
  }));
  Session session(plan_for_client("connected", "S: 220\nraw: last words\\r\\n{pause 3s}and more\\r\\n"), {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_EQ(heard, "last words\r\nand more\r\n<end>");
}

// Sessions share the time and nothing else.
TEST(MemoryTransport, ManySessionsAtOnce) {
  MemoryTransport transport(serve([](const Event& event, Actions& actions) {
    if (event.kind == Event::Kind::opened) actions.push_back({.octets = "220 x\r\n"});
    if (event.kind == Event::Kind::octets) {
      actions.push_back({.kind = Action::Kind::pause, .delay = 1s});
      actions.push_back({.octets = "250 " + std::string(event.octets.substr(0, 6)) + "\r\n"});
    }
  }));
  std::vector<std::unique_ptr<Session>> sessions;
  for (int i = 10; i < 60; ++i) {
    const std::string number = std::to_string(i);
    sessions.push_back(std::make_unique<Session>(plan_for_client("greeted", "C: NOOP" + number + "\nS: 250 text \"NOOP" + number + "\""),
                                                 session::Setup{}));
    transport.play(*sessions.back(), [] {});
  }
  transport.run();
  for (const auto& session : sessions) {
    EXPECT_TRUE(session->transcript().complete);
    EXPECT_EQ(session->transcript().outcomes.back().waited, 1s);
  }
}

}  // namespace
}  // namespace smtpspec::session
