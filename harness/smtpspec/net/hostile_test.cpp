// A hostile server must not hang or crash the harness, nor make it grow. Each test plays real sessions over loopback
// against a server that misbehaves in one way, with short deadlines; it must end soon, say what happened, and keep little.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <thread>

#include "smtpspec/net/coroutine.hpp"
#include "smtpspec/net/loop.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "test/expect.hpp"

namespace smtpspec::net {
namespace {

using asio::ip::tcp;
using judge::Verdict;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_kept_of_a_session = 8u << 20;
constexpr std::size_t most_kept_of_a_result = 512u << 10;

// Far more than the deadlines add up to, far less than a hang.
class Within {
 public:
  explicit Within(std::chrono::milliseconds most = 5s) : most_(most) {}
  ~Within() { EXPECT_LT(Clock::now() - began_, most_); }
  std::chrono::milliseconds so_far() const { return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began_); }

 private:
  std::chrono::milliseconds most_;
  Clock::time_point began_ = Clock::now();
};

// For a test that waits for a deadline to pass; elsewhere none passes, however busy the machine.
session::Deadlines quick() { return {.connect = 1s, .greeting = 300ms, .reply = 250ms, .data = 400ms, .quiet = 50ms, .farewell = 150ms}; }
session::Deadlines patient() { return {.connect = 4s, .greeting = 4s, .reply = 4s, .data = 4s, .quiet = 50ms, .farewell = 150ms}; }

const crypto::Certificate& certificate() {
  static const auto made = crypto::self_signed({"mx.example.test"});
  return made;
}

// --- servers that speak the protocol, but for one fault ----------------------------------------------------------------

// Lawful but for what `spoil` makes of its k-th reply (the greeting is 0); `line` is what it answers.
class Spoilt final : public smtp::Machine {
 public:
  using Spoil = std::function<void(int k, const std::string& line, Actions& reply)>;
  Spoilt(Role role, Spoil spoil) : role_(role), spoil_(std::move(spoil)) {}

  void on(const Event& event, Actions& actions) override {
    if (event.kind == Event::Kind::opened) {
      if (role_ == Role::submissions) actions.push_back({.kind = Action::Kind::start_tls});
      else reply("", actions);
    } else if (event.kind == Event::Kind::tls_up) {
      in_tls_ = true;
      if (role_ == Role::submissions) reply("", actions);
    } else if (event.kind == Event::Kind::octets) {
      buffer_ += event.octets;
      for (std::size_t end; (end = buffer_.find("\r\n")) != std::string::npos;) {
        const std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        if (!in_content_ || line == ".") reply(line, actions);
      }
    }
  }

 private:
  void reply(const std::string& line, Actions& actions) {
    const std::string verb = line.substr(0, line.find(' '));
    Actions lawful;
    const auto say = [&](const char* text) { lawful.push_back({.octets = text}); };
    in_content_ = verb == "DATA";
    if (line.empty()) say("220 mx.example.test ready\r\n");
    else if (verb == "EHLO" && in_tls_) say("250-mx.example.test\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN SCRAM-SHA-256\r\n");
    else if (verb == "EHLO") say("250-mx.example.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n");
    else if (verb == "DATA") say("354 go on\r\n");
    else if (verb == "AUTH") say("235 welcome\r\n");
    else if (verb == "STARTTLS") {
      say("220 go on\r\n");
      lawful.push_back({.kind = Action::Kind::start_tls});
    } else if (verb == "QUIT") {
      say("221 mx.example.test bye\r\n");
      lawful.push_back({.kind = Action::Kind::close});
    } else {
      say("250 fine\r\n");
    }
    if (spoil_) spoil_(count_, line, lawful);
    ++count_;
    for (Action& action : lawful) actions.push_back(std::move(action));
  }

  Role role_;
  Spoil spoil_;
  std::string buffer_;
  int count_ = 0;
  bool in_content_ = false;
  bool in_tls_ = false;
};

Accept spoilt(Spoilt::Spoil spoil) {
  return [spoil = std::move(spoil)](Role role) { return std::make_unique<Spoilt>(role, spoil); };
}

// Answers one line its own way, everything else lawfully.
Accept answers(const std::string& verb, const std::string& octets) {
  return spoilt([=](int, const std::string& line, Actions& reply) {
    if (line.substr(0, line.find(' ')) == verb) reply = {{.octets = octets}};
  });
}

struct Custom final : smtp::Machine {
  explicit Custom(std::function<void(const Event&, Actions&)> handle_) : handle(std::move(handle_)) {}
  void on(const Event& event, Actions& actions) override { handle(event, actions); }
  std::function<void(const Event&, Actions&)> handle;
};

// --- servers of raw sockets, on a thread of their own --------------------------------------------------------------------

class Raw {
 public:
  using Play = std::function<asio::awaitable<void>(tcp::socket&)>;
  explicit Raw(Play play, int receive_buffer = 0) : play_(std::move(play)) {
    acceptor_.open(tcp::v4());
    if (receive_buffer) acceptor_.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    acceptor_.bind({asio::ip::address_v4::loopback(), 0});
    acceptor_.listen();
    port = acceptor_.local_endpoint().port();
    asio::co_spawn(io_, accept(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Raw() {
    io_.stop();
    thread_.join();
  }
  // No more connections: the next one is refused.
  void die_after(int more) { left_ = more; }

  std::uint16_t port = 0;

 private:
  asio::awaitable<void> accept() {
    while (left_ != 0) {
      auto [error, socket] = co_await acceptor_.async_accept(with_code);
      if (error) co_return;
      if (left_ > 0) --left_;
      asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
    }
    acceptor_.close();
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    socket.set_option(tcp::no_delay(true));
    co_await play_(socket);
  }

  Play play_;
  std::atomic<int> left_ = -1;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  std::thread thread_;
};

asio::awaitable<bool> write(tcp::socket& socket, std::string octets) {
  auto [error, size] = co_await asio::async_write(socket, asio::buffer(octets), with_code);
  co_return !error;
}
asio::awaitable<std::string> read(tcp::socket& socket) {
  std::string octets(4096, '\0');
  auto [error, size] = co_await socket.async_read_some(asio::buffer(octets), with_code);
  octets.resize(error ? 0 : size);
  co_return octets;
}
asio::awaitable<void> rest(tcp::socket& socket, std::chrono::milliseconds time) {
  asio::steady_timer timer(socket.get_executor(), time);
  co_await timer.async_wait(with_code);
}
// Says the same for ever, or `most` octets of it; returns how much went out.
asio::awaitable<std::size_t> flood(tcp::socket& socket, std::string octets, std::size_t most = std::string::npos) {
  while (octets.size() < 64 * 1024) octets += octets;
  std::size_t sent = 0;
  while (sent < most && co_await write(socket, octets)) sent += octets.size();
  co_return sent;
}

// --- the harness's side ----------------------------------------------------------------------------------------------------

script::Case case_of(const std::string& id, const std::string& header, const std::string& dialogue) {
  std::string text = "title: " + id + "\ncovers: [NONE-1-1]\n" + header + "\ndialogue: |\n  ";
  for (const char c : dialogue) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  auto parsed = script::parse_case(text, id, id + ".yaml");
  EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
  return parsed ? *parsed : script::Case{};
}

std::vector<script::Case> cases(int count, const std::string& header = "start: greeted", const std::string& dialogue = "C: NOOP\nS: 250") {
  std::vector<script::Case> out;
  for (int i = 0; i < count; ++i) out.push_back(case_of("t/" + std::to_string(100 + i), header, dialogue));
  return out;
}

run::Profile profile_of(const std::map<Role, Endpoint>& endpoints) {
  run::Profile profile;
  profile.name = "hostile";
  for (const auto& [role, address] : endpoints) profile.endpoints[role] = {address.host, address.port};
  profile.facts.values = {{"recipient", "alice@example.test"}, {"user", "alice"}, {"password", "correct horse"}};
  profile.deadlines = quick();
  run::complete_facts(profile, "t");
  return profile;
}

std::size_t octets_in(const smtp::Reply& reply) { return reply.octets.capacity() + reply.lines.capacity() * sizeof(smtp::ReplyLine); }

// What a transcript holds on to.
std::size_t size_of(const session::Transcript& transcript) {
  std::size_t size = transcript.greeting.capacity();
  for (const auto& entry : transcript.entries)
    size += sizeof entry + entry.octets.capacity() + entry.command.capacity() + (entry.reply ? octets_in(*entry.reply) : 0);
  for (const auto& outcome : transcript.outcomes) size += sizeof outcome + octets_in(outcome.came.reply);
  for (const auto& capability : transcript.offered.list) size += sizeof capability + capability.keyword.size() + capability.params.size();
  return size;
}

bool has_note(const session::Transcript& transcript, std::string_view text) {
  return std::any_of(transcript.entries.begin(), transcript.entries.end(), [&](const session::Entry& entry) {
    return entry.kind == session::Entry::Kind::note && entry.octets.find(text) != std::string::npos;
  });
}

struct Seen {
  session::Transcript transcript;
  judge::Judgement judgement;
  std::vector<judge::Finding> rules;

  bool broke(std::string_view rule) const {
    return std::any_of(rules.begin(), rules.end(), [&](const judge::Finding& finding) { return finding.rule == rule; });
  }
  int replies() const {
    return static_cast<int>(std::count_if(transcript.entries.begin(), transcript.entries.end(),
                                          [](const auto& entry) { return entry.kind == session::Entry::Kind::reply; }));
  }
};

// The target and what plays against it.
struct Bench {
  Bench() = default;
  explicit Bench(session::Deadlines those) : deadlines(those) {}

  Loop loop;
  std::map<Role, Endpoint> endpoints;
  session::Deadlines deadlines = patient();

  void serve(Role role, Accept accept) {
    const auto port = listen(loop, {"127.0.0.1", 0}, role, std::move(accept), certificate());
    ASSERT_TRUE(port) << to_string(port.error());
    endpoints[role] = {"127.0.0.1", *port};
  }
  void serve(Role role, const Raw& raw) { endpoints[role] = {"127.0.0.1", raw.port}; }

  // One session; the transcript is as the session left it.
  Seen play(const script::Case& test, Role role = Role::relay) {
    Transport transport(loop, endpoints, {});
    auto plan = script::make_plan(test, test.dialogue, test.rows.front(), role, profile_of(endpoints).facts);
    EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error()));
    session::Session session(std::move(*plan), {deadlines, crypto::digests(), {"alice", "correct horse"}, "n"});
    transport.play(session, [] {});
    transport.run();
    EXPECT_TRUE(session.finished());
    EXPECT_LT(size_of(session.transcript()), most_kept_of_a_session);
    Seen seen{session.transcript(), {}, {}};
    seen.judgement = judge::judge_case(test, session.plan(), seen.transcript, {});
    seen.rules = judge::judge_rules(&test, role, seen.transcript, {}).findings;
    return seen;
  }

  run::Run run(std::vector<script::Case> list, run::Options options = {}) {
    script::Suite suite;
    suite.cases = std::move(list);
    Transport transport(loop, endpoints, {});
    options.retry_delay = 10ms;
    auto profile = profile_of(endpoints);
    profile.deadlines = deadlines;
    run::Runner runner(suite, profile, options, transport,
                       {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"});
    run::Run done = runner.run();
    std::size_t results = 0;
    for (const auto& test : done.tests) {
      results += test.rule == nullptr;
      EXPECT_LT(size_of(test.transcript), most_kept_of_a_result) << test.id;
      EXPECT_LT(test.summary.size(), 2000u) << test.id;
    }
    EXPECT_EQ(results, runner.selected()) << "a result for every test";
    return done;
  }
};

std::size_t count(const run::Run& run, Verdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(run.tests.begin(), run.tests.end(), [&](const auto& test) { return !test.rule && test.verdict == verdict; }));
}
const run::TestResult& rule_of(const run::Run& run, std::string_view name) {
  const auto it = std::find_if(run.tests.begin(), run.tests.end(), [&](const auto& test) { return test.rule && test.id == name; });
  static const run::TestResult none;
  EXPECT_NE(it, run.tests.end()) << name;
  return it == run.tests.end() ? none : *it;
}

const script::Case& noop() {
  static const auto test = case_of("noop", "start: greeted", "C: NOOP\nS: 250\nC: RSET\nS: 250");
  return test;
}

// --- silence -----------------------------------------------------------------------------------------------------------------

TEST(Hostile, NeverAnswers) {
  Within within;
  Bench bench(quick());
  bench.serve(Role::relay, [](Role) { return std::make_unique<Custom>([](const Event&, Actions&) {}); });
  const auto run = bench.run(cases(20));
  EXPECT_TRUE(run.dead);
  EXPECT_CONTAINS(run.trouble, "nothing came");
  EXPECT_EQ(count(run, Verdict::inconclusive), 20u);
  for (const auto& test : run.tests) EXPECT_CONTAINS(test.summary, "the target stopped answering");
}

TEST(Hostile, GreetingOnly) {
  Within within;
  Bench bench(quick());
  bench.serve(Role::relay, spoilt([](int k, const std::string&, Actions& reply) {
                if (k > 0) reply.clear();
              }));
  const auto run = bench.run(cases(20));
  EXPECT_FALSE(run.dead) << "it greets";
  EXPECT_EQ(count(run, Verdict::inconclusive), 20u);
  for (const auto& test : run.tests) {
    if (!test.rule) {
      EXPECT_CONTAINS(test.summary, "nothing came within 250ms; RFC 5321 section 4.5.3.2 grants 5min");
    }
  }
}

TEST(Hostile, OneOctetAtATimeWithoutEnd) {
  Within within;
  Raw raw([](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test");
    while (co_await write(socket, "x")) co_await rest(socket, 3ms);
  });
  Bench bench(quick());
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(noop());
  EXPECT_EQ(seen.judgement.verdict, Verdict::inconclusive);
  EXPECT_CONTAINS(seen.judgement.summary, "only a part of a reply came");
  EXPECT_LT(within.so_far(), 2s) << "octets do not put the deadline off";
  EXPECT_TRUE(bench.run(cases(5)).dead);
}

// --- floods ------------------------------------------------------------------------------------------------------------------

// Greets, and answers the first command by a flood.
Raw::Play floods(std::string octets, std::atomic<std::size_t>* sent = nullptr, std::size_t most = std::string::npos) {
  return [=](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    if ((co_await read(socket)).empty()) co_return;
    const std::size_t went = co_await flood(socket, octets, most);
    if (sent) *sent = went;
    co_await write(socket, "\r\n250 fine\r\n");
    while (!(co_await read(socket)).empty()) {}
  };
}

TEST(Hostile, EndlessContinuationLines) {
  Within within;
  Raw raw(floods("250-more\r\n"));
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(noop());
  EXPECT_TRUE(seen.broke("rules/reply-has-an-end"));
  EXPECT_TRUE(has_note(seen.transcript, "cut off: the reply has no end"));
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  EXPECT_CONTAINS(seen.judgement.summary, "the connection was closed (the reply has no end)");
  const auto run = bench.run(cases(20));
  EXPECT_EQ(rule_of(run, "rules/reply-has-an-end").verdict, Verdict::fail);
}

TEST(Hostile, EndlessLine) {
  Within within;
  Raw raw(floods("250 more and "));
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(noop());
  EXPECT_TRUE(seen.broke("rules/reply-has-an-end"));
  EXPECT_FALSE(seen.broke("rules/reply-is-whole")) << "it was we who closed";
  EXPECT_TRUE(has_note(seen.transcript, "cut off: the reply has no end"));
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  const auto run = bench.run(cases(20));
  EXPECT_EQ(rule_of(run, "rules/reply-has-an-end").verdict, Verdict::fail);
}

// Octets without any line end and without a code; and the session has something else to do when they come.
TEST(Hostile, EndlessLineWhileTheClientWaits) {
  Within within;
  for (const char* octets : {"x", "250 x", "250-x\r\n", "250 x\r\n"}) {
    Raw raw(floods(octets));
    Bench bench;
    bench.serve(Role::relay, raw);
    const auto seen = bench.play(case_of("wait", "start: greeted", "C: NOOP\ndo: wait 300ms\nS: 250\nC: NOOP\nS: 250 500"));
    EXPECT_TRUE(has_note(seen.transcript, "cut off")) << octets;
    EXPECT_NE(seen.judgement.verdict, Verdict::error);
    EXPECT_FALSE(seen.rules.empty()) << octets;
  }
}

// The flood comes on a connection that nobody listens to just now.
TEST(Hostile, FloodOnAnotherConnection) {
  Within within;
  Raw raw([](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    for (;;) {
      const std::string line = co_await read(socket);
      if (line.empty()) co_return;
      if (line.starts_with("VRFY")) co_await flood(socket, "an endless line");
      else co_await write(socket, "250 fine\r\n");
    }
  });
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(
      case_of("two", "start: greeted", "do: open 2 at greeted\nC2: VRFY a\ndo: wait 200ms\nC: NOOP\nS: 250\nS2: any\nC2: NOOP\nS2: 250"));
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  EXPECT_TRUE(seen.broke("rules/reply-has-an-end"));
}

TEST(Hostile, HundredMegabyteLine) {
  Within within;
  std::atomic<std::size_t> sent = 0;
  Raw raw(floods("250 much ", &sent, 100u << 20));
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(noop());
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  EXPECT_TRUE(seen.broke("rules/reply-has-an-end"));
  while (sent == 0 && within.so_far() < 4s) std::this_thread::sleep_for(10ms);
  EXPECT_LT(sent, 50u << 20) << "the harness reads no more than it wants";
}

TEST(Hostile, StormOfRepliesToOneCommand) {
  Within within;
  std::string storm;
  for (int i = 0; i < 100000; ++i) storm += "250 again\r\n";
  Bench bench(quick());
  bench.serve(Role::relay, answers("NOOP", storm));
  const auto seen = bench.play(noop());
  EXPECT_TRUE(seen.broke("rules/reply-asked-for"));
  EXPECT_LE(seen.replies(), 5001);
  const auto waits = bench.play(case_of("waits", "start: greeted", "C: NOOP\ndo: wait 500ms\nS: 250"));
  EXPECT_TRUE(waits.broke("rules/reply-asked-for"));
  EXPECT_TRUE(has_note(waits.transcript, "cut off: more replies than a session can have"));
  EXPECT_LE(waits.replies(), 5001);
  const auto run = bench.run(cases(20));
  EXPECT_EQ(rule_of(run, "rules/reply-asked-for").verdict, Verdict::fail);
}

// Each reply is just small enough to be taken; together they are not.
TEST(Hostile, ManyBigReplies) {
  Within within;
  std::string reply;
  for (int i = 0; i < 1900; ++i) reply += "250-" + std::string(450, 'x') + "\r\n";
  reply += "250 done\r\n";
  Raw raw(floods(reply));
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(case_of("waits", "start: greeted", "C: NOOP\ndo: wait 300ms\nS: 250"));
  EXPECT_TRUE(has_note(seen.transcript, "cut off"));
  EXPECT_TRUE(seen.broke("rules/reply-asked-for"));
  bench.run(cases(20));
}

TEST(Hostile, FloodAtTheFarewell) {
  Within within;
  Raw raw([](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    for (;;) {
      const std::string line = co_await read(socket);
      if (line.empty()) co_return;
      if (line.starts_with("QUIT")) co_await flood(socket, "221 bye\r\n");
      else co_await write(socket, "250 fine\r\n");
    }
  });
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(noop());
  EXPECT_EQ(seen.judgement.verdict, Verdict::pass);
  EXPECT_TRUE(seen.broke("rules/nothing-behind-221"));
  EXPECT_LE(seen.replies(), 5001);
}

TEST(Hostile, VeryManyKeywords) {
  Within within;
  for (const int keywords : {1990, 100000}) {
    std::string reply = "250-mx.example.test\r\n";
    for (int i = 0; i < keywords; ++i) reply += "250-X" + std::to_string(i) + "\r\n";
    reply += "250 AUTH PLAIN\r\n";
    Bench bench;
    bench.deadlines.greeting = bench.deadlines.reply = 3s;  // it is a lot to read
    bench.serve(Role::relay, answers("EHLO", reply));
    const auto run = bench.run(cases(8, "start: ehlo"));
    EXPECT_EQ(count(run, keywords < 2000 ? Verdict::pass : Verdict::inconclusive) + count(run, Verdict::fail), 8u);
    EXPECT_EQ(rule_of(run, "rules/reply-has-an-end").verdict, keywords < 2000 ? Verdict::pass : Verdict::fail);
    EXPECT_LE(run.offers.at(Role::relay).clear.list.size(), 2000u);
  }
}

// A reply longer than it looks: 4 continuation lines of 60 000 octets each as parameters.
TEST(Hostile, HugeParametersInFindings) {
  Within within;
  const std::string much(60000, 'x');
  Bench bench;
  bench.serve(Role::relay,
              answers("EHLO", "250-mx.example.test\r\n250-SIZE " + much + "\r\n250-PIPELINING " + much + "\r\n250 AUTH " + much + "\r\n"));
  const auto run = bench.run(cases(3, "start: ehlo"));
  for (const char* rule : {"rules/size-number", "rules/pipelining-alone", "rules/auth-mechanisms", "rules/reply-line-length"})
    EXPECT_EQ(rule_of(run, rule).verdict, Verdict::fail) << rule;
}

// --- octets that do harm where they are shown -----------------------------------------------------------------------------

TEST(Hostile, Nuls) {
  Within within;
  Bench bench;
  const std::string nuls("250 a\0b\0\0\r\n", 11);
  bench.serve(Role::relay, answers("NOOP", nuls));
  const auto seen = bench.play(case_of("nul", "start: greeted", "C: NOOP\nS: 251"));
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  EXPECT_CONTAINS(seen.judgement.summary, R"(250 a\0b\0\0)");
  EXPECT_TRUE(seen.broke("rules/reply-line"));
  EXPECT_EQ(report::junit(bench.run(cases(3)), {"1", "x"}, {}).find('\0'), std::string::npos);
}

TEST(Hostile, TerminalEscapes) {
  Within within;
  const std::string evil = "\x1b[2J\x1b]0;owned\x07\x9b[31m";
  Bench bench;
  bench.serve(Role::relay, spoilt([=](int, const std::string& line, Actions& reply) {
                if (line.empty()) reply = {{.octets = "220 " + evil + "\r\n"}};
                else if (line.starts_with("EHLO"))
                  reply = {{.octets = "250-" + evil + "\r\n250-X" + evil + " " + evil + "\r\n250-SIZE " + evil + "\r\n250-PIPELINING " +
                                      evil + "\r\n250-AUTH " + evil + "\r\n250 ENHANCEDSTATUSCODES\r\n"}};
                else if (line.starts_with("VRFY")) reply = {{.octets = "250 2.1.5 " + evil + "\r\n"}};
                else if (line.starts_with("HELP")) reply = {{.octets = evil + "\r\n"}};
                else if (line.starts_with("RSET")) reply = {{.octets = "250 half" + evil}, {.kind = Action::Kind::close}};
                else if (line.starts_with("QUIT")) reply = {{.octets = "250 " + evil + "\r\n"}};
              }));
  std::vector<script::Case> list = {
      case_of("a", "start: ehlo", "C: VRFY x\nS: 5yz"),
      case_of("b", "start: ehlo", "C: HELP\nS: 5yz"),
      case_of("c", "start: ehlo", "C: RSET\nS: 5yz"),
      case_of("d", "start: ehlo\nlevel: MAY", "C: VRFY x\nS: 250 is observed as accepted"),
      case_of("e", "start: ehlo", "C: NOOP\nS: 250"),
      case_of("f", "start: ehlo", "C: VRFY x\nS: any as first\nC: HELP\nS: same code as first"),
      case_of("g", "start: greeted", "C: EHLO x\nS: 250 with X-NONE text \"*\""),
  };
  const auto run = bench.run(std::move(list));
  EXPECT_GE(run.count(Verdict::fail), 8u);
  const auto clean = [](const std::string& text) {
    for (const char c : text)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\n') || static_cast<unsigned char>(c) == 0x7f || c == '\x9b') return false;
    return true;
  };
  const script::Registry registry;
  for (const auto& test : run.tests) {
    for (const int verbosity : {-1, 0, 1, 2}) {
      const std::string shown =
          report::terminal_test(test, registry, {.verbosity = verbosity, .command = {"smtpspec", "run", "smtp://127.0.0.1"}});
      EXPECT_TRUE(clean(shown)) << smtp::spell(shown);
    }
    EXPECT_TRUE(clean(report::json_line(test)));
  }
  EXPECT_TRUE(clean(report::terminal_summary(run, {})));
  EXPECT_TRUE(clean(report::json(run, {"1", "x"}, registry)));
  EXPECT_TRUE(clean(report::junit(run, {"1", "x"}, {})));
  EXPECT_CONTAINS(report::json(run, {"1", "x"}, registry), R"(\\x1b[2J)");
}

// --- ends at every point of a dialogue ------------------------------------------------------------------------------------

enum class Fate { close, reset, half_close, half_a_reply, silence, garbage };
constexpr int preamble_replies = 7;  // 220, EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT
constexpr int all_replies = 11;      // … DATA, content, NOOP, QUIT

class AtEveryPoint : public testing::TestWithParam<std::tuple<Fate, int>> {};

TEST_P(AtEveryPoint, EndsAndSaysSo) {
  const auto [fate, at] = GetParam();
  Within within;
  Bench bench;
  // Up to the fault every reply comes, however busy the machine; only silence is waited for to the end.
  bench.deadlines.greeting = bench.deadlines.reply = bench.deadlines.data = fate == Fate::silence ? 800ms : 4s;
  bench.serve(Role::submission, spoilt([fate_now = fate, point = at](int k, const std::string&, Actions& reply) {
                if (k != point) return;
                const std::string octets = reply.front().octets;
                switch (fate_now) {
                  case Fate::close: reply = {{.kind = Action::Kind::close}}; break;
                  case Fate::reset: reply = {{.kind = Action::Kind::reset}}; break;
                  case Fate::half_close: reply = {{.kind = Action::Kind::half_close}}; break;
                  case Fate::half_a_reply: reply = {{.octets = octets.substr(0, octets.size() / 2)}, {.kind = Action::Kind::close}}; break;
                  case Fate::silence: reply.clear(); break;
                  case Fate::garbage: reply.front().octets = std::string("\xff\x00 \r\r\n", 6); break;
                }
              }));
  const auto test = case_of("all", "start: rcpt", "C: DATA\nS: 354\ncontent:\n  Hello\nS: 250\nC: NOOP\nS: 250");
  const auto seen = bench.play(test, Role::submission);
  SCOPED_TRACE(seen.judgement.summary);
  // Half a reply has its code all the same: what comes behind it is missed.
  const int first_missing = fate == Fate::half_a_reply ? at + 1 : at;
  const bool accuses = fate != Fate::silence;
  EXPECT_EQ(seen.judgement.verdict, first_missing < preamble_replies   ? Verdict::inconclusive
                                    : first_missing >= all_replies - 1 ? Verdict::pass
                                    : accuses                          ? Verdict::fail
                                                                       : Verdict::inconclusive);
  if (seen.judgement.verdict != Verdict::pass) {
    EXPECT_CONTAINS(seen.judgement.summary, fate == Fate::garbage   ? R"(\xff\0)"
                                            : fate == Fate::silence ? "nothing came"
                                                                    : "the connection was closed");
  }
  if (fate == Fate::half_a_reply && at < all_replies - 1) {
    EXPECT_TRUE(seen.broke("rules/reply-is-whole"));
  }
  if (fate == Fate::garbage) {
    EXPECT_TRUE(seen.broke("rules/reply-line"));
  }
}

std::string point_name(const testing::TestParamInfo<AtEveryPoint::ParamType>& info) {
  static const char* names[] = {"Close", "Reset", "HalfClose", "HalfAReply", "Silence", "Garbage"};
  return names[static_cast<int>(std::get<0>(info.param))] + std::string("AtReply") + std::to_string(std::get<1>(info.param));
}
INSTANTIATE_TEST_SUITE_P(Hostile, AtEveryPoint,
                         testing::Combine(testing::Values(Fate::close, Fate::reset, Fate::half_close, Fate::half_a_reply, Fate::silence,
                                                          Fate::garbage),
                                          testing::Range(0, all_replies)),
                         point_name);

// --- TLS ----------------------------------------------------------------------------------------------------------------------

const script::Case& starttls() {
  static const auto test = case_of("starttls", "start: greeted", "C: STARTTLS\nS: 220\ndo: handshake\nS: tls\nC: EHLO x\nS: 250");
  return test;
}

// Says 220 to STARTTLS, then `play` has the connection in place of a handshake.
Raw::Play instead_of_tls(Raw::Play play) {
  return [play = std::move(play)](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    co_await read(socket);
    co_await write(socket, "220 go on\r\n");
    co_await read(socket);  // ClientHello
    co_await play(socket);
  };
}

struct TlsTrouble {
  const char* name;
  Raw::Play play;
  const char* summary;
};

TEST(Hostile, InsteadOfTls) {
  Within within(10s);
  const std::vector<TlsTrouble> troubles = {
      {"garbage", [](tcp::socket& socket) -> asio::awaitable<void> { co_await write(socket, "250 what is this?\r\n"); },
       "handshake failed"},
      {"endless garbage", [](tcp::socket& socket) -> asio::awaitable<void> { co_await flood(socket, "garbage"); }, "handshake failed"},
      {"silence", [](tcp::socket& socket) -> asio::awaitable<void> { co_await rest(socket, 3s); },
       "no answer to the TLS handshake within 250ms"},
      {"close", [](tcp::socket&) -> asio::awaitable<void> { co_return; }, "handshake failed"},
      {"reset",
       [](tcp::socket& socket) -> asio::awaitable<void> {
         socket.set_option(asio::socket_base::linger(true, 0));
         socket.close();
         co_return;
       },
       "handshake failed"},
      {"half a record, then the end",
       [](tcp::socket& socket) -> asio::awaitable<void> { co_await write(socket, std::string("\x16\x03\x03\x00\x7a\x02\x00", 7)); },
       "handshake failed"},
      {"half a record, then silence",
       [](tcp::socket& socket) -> asio::awaitable<void> {
         co_await write(socket, std::string("\x16\x03\x03\x00\x7a\x02\x00", 7));
         co_await rest(socket, 3s);
       },
       "no answer to the TLS handshake within 250ms"},
      {"a record that never fills",
       [](tcp::socket& socket) -> asio::awaitable<void> {
         co_await write(socket, std::string("\x16\x03\x03\x40\x00", 5));
         while (co_await write(socket, "\x01")) co_await rest(socket, 3ms);
       },
       "no answer to the TLS handshake within 250ms"},
      {"endless handshake records",
       [](tcp::socket& socket) -> asio::awaitable<void> { co_await flood(socket, std::string("\x16\x03\x03\x00\x04\x02\xff\xff\xff", 9)); },
       "handshake failed"},
      {"endless warnings",
       [](tcp::socket& socket) -> asio::awaitable<void> { co_await flood(socket, std::string("\x15\x03\x03\x00\x02\x01\x5a", 7)); },
       "handshake failed"},
      {"an alert",
       [](tcp::socket& socket) -> asio::awaitable<void> { co_await write(socket, std::string("\x15\x03\x03\x00\x02\x02\x28", 7)); },
       "handshake failed"},
  };
  for (const TlsTrouble& trouble : troubles) {
    SCOPED_TRACE(trouble.name);
    Raw raw(instead_of_tls(trouble.play));
    Bench bench(quick());
    bench.serve(Role::relay, raw);
    const auto seen = bench.play(starttls());
    const bool slow = std::string_view(trouble.summary).starts_with("no answer");
    EXPECT_EQ(seen.judgement.verdict, slow ? Verdict::inconclusive : Verdict::fail);
    EXPECT_CONTAINS(seen.judgement.summary, trouble.summary);
    EXPECT_TRUE(has_note(seen.transcript, "TLS handshake")) << trouble.name;
  }
}

// The connection is over before the client turns to TLS: the failure is an event of its own, after the machine has acted.
TEST(Hostile, HandshakeOnAClosedConnection) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line == "STARTTLS") reply = {{.octets = "220 go on\r\n"}, {.kind = Action::Kind::close}};
              }));
  const auto test = case_of("late", "start: greeted", "C: STARTTLS\nS: 220\ndo: wait 100ms\ndo: handshake\nS: tls");
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, profile_of({}).facts);
  ASSERT_TRUE(plan);
  auto session = std::make_unique<session::Session>(std::move(*plan), session::Setup{quick(), crypto::digests(), {}, "n"});
  Transport transport(bench.loop, bench.endpoints, {});
  int finished = 0;
  transport.play(*session, [&] {
    if (session && !session->finished()) return;
    ++finished;
    session.reset();
  });
  transport.run();
  EXPECT_EQ(finished, 1) << "nobody is called for a session that has been let go";
}

// A server's TLS waits behind its 220; the ClientHello that comes meanwhile is TLS all the same.
TEST(Hostile, ClientHelloBeforeItsTurn) {
  Within within;
  Bench bench;
  bench.deadlines.reply = 3s;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line == "STARTTLS") reply.insert(reply.begin() + 1, {.kind = Action::Kind::pause, .delay = 100ms});
              }));
  const auto seen = bench.play(starttls());
  EXPECT_EQ(seen.judgement.verdict, Verdict::pass) << seen.judgement.summary;
}

// TLS from the first octet on: what was wrong with the handshake hides everything behind it.
TEST(Hostile, SubmissionsWithoutTls) {
  Within within;
  for (const bool talks : {true, false}) {
    Raw raw([talks](tcp::socket& socket) -> asio::awaitable<void> {
      if (talks) co_await write(socket, "220 mx.example.test in clear\r\n");
      while (!(co_await read(socket)).empty()) {}
    });
    Bench bench(quick());
    bench.serve(Role::submissions, raw);
    const auto run = bench.run(cases(10));
    EXPECT_TRUE(run.dead);
    EXPECT_CONTAINS(run.trouble, talks ? "the TLS handshake failed" : "no answer to the TLS handshake");
    EXPECT_EQ(count(run, Verdict::inconclusive), 10u);
  }
}

// Every record comes octet by octet: slow, but lawful.
TEST(Hostile, TlsRecordFragments) {
  Within within;
  Bench bench;
  bench.deadlines.reply = bench.deadlines.greeting = bench.deadlines.connect = 3s;
  bench.serve(Role::submission, spoilt({}));
  const std::uint16_t lawful = bench.endpoints[Role::submission].port;
  Raw raw([lawful](tcp::socket& client) -> asio::awaitable<void> {
    tcp::socket server(client.get_executor());
    co_await server.async_connect({asio::ip::address_v4::loopback(), lawful}, with_code);
    server.set_option(tcp::no_delay(true));
    asio::co_spawn(
        client.get_executor(),
        [&]() -> asio::awaitable<void> {
          for (;;) {
            const std::string octets = co_await read(client);
            if (octets.empty() || !co_await write(server, octets)) break;
          }
          server.close();
        },
        asio::detached);
    for (;;) {
      const std::string octets = co_await read(server);
      if (octets.empty()) break;
      for (const char octet : octets) co_await write(client, std::string(1, octet));
    }
    client.shutdown(tcp::socket::shutdown_send);
    co_await rest(client, 500ms);
  });
  bench.serve(Role::submission, raw);
  const auto seen = bench.play(case_of("tls", "start: rcpt", "C: NOOP\nS: 250"), Role::submission);
  EXPECT_EQ(seen.judgement.verdict, Verdict::pass) << seen.judgement.summary;
  EXPECT_TRUE(seen.rules.empty());
  EXPECT_EQ(seen.transcript.tls.version, 13);
}

// What came in clear behind the 220 is no part of what comes inside TLS.
TEST(Hostile, OctetsInClearBeforeTheHandshake) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line == "STARTTLS") reply.front().octets = "220 go on\r\n250-injec";
              }));
  const auto seen = bench.play(starttls());
  EXPECT_EQ(seen.judgement.verdict, Verdict::pass) << seen.judgement.summary;
  EXPECT_FALSE(seen.broke("rules/reply-line"));
}

// --- replies out of order -------------------------------------------------------------------------------------------------

TEST(Hostile, RepliesBeforeCommands) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, answers("", "220 mx.example.test ready\r\n250 fine\r\n250 fine\r\n250 fine\r\n"));
  const auto seen = bench.play(noop());
  EXPECT_TRUE(seen.broke("rules/reply-asked-for"));
  const auto run = bench.run(cases(3));
  EXPECT_EQ(rule_of(run, "rules/reply-asked-for").verdict, Verdict::fail);
  EXPECT_CONTAINS(rule_of(run, "rules/reply-asked-for").summary, "no command had asked for");
}

TEST(Hostile, PipelinedRepliesInTheWrongOrder) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line.starts_with("MAIL")) reply.clear();
                if (line.starts_with("RCPT")) reply.clear();
                if (line.starts_with("DATA")) reply = {{.octets = "354 go on\r\n250 recipient\r\n250 sender\r\n"}};
              }));
  const auto test = case_of("pipe", "requires: [PIPELINING]",
                            "together:\n  C: MAIL FROM:<{sender}>\n  C: RCPT TO:<{recipient}>\n  C: DATA\nS: 250\nS: 250\nS: 354");
  const auto seen = bench.play(test);
  EXPECT_EQ(seen.judgement.verdict, Verdict::fail);
  EXPECT_CONTAINS(seen.judgement.summary, "expected 250, but came 354 go on");
  EXPECT_TRUE(seen.broke("rules/3yz-has-its-place"));
  EXPECT_EQ(count(bench.run({test}), Verdict::fail), 1u);
}

TEST(Hostile, TemporaryRefusalOfEverything) {
  Within within;
  Bench bench;
  std::atomic<int> opened = 0;
  bench.serve(Role::relay, [&](Role role) {
    ++opened;
    return std::make_unique<Spoilt>(role, [](int, const std::string&, Actions& reply) { reply = {{.octets = "421 4.3.2 go away\r\n"}}; });
  });
  const auto run = bench.run(cases(20, "start: ehlo"));
  EXPECT_FALSE(run.dead) << "it answers";
  EXPECT_EQ(count(run, Verdict::inconclusive), 20u);
  for (const auto& test : run.tests) {
    if (!test.rule) {
      EXPECT_CONTAINS(test.summary, "421 4.3.2 go away");
    }
  }
  EXPECT_EQ(opened, 2 + 2 * 20) << "two probes, and each test twice";
}

// --- writing to somebody who does not read ------------------------------------------------------------------------------

struct Unread {
  const char* name;
  const char* start;
  const char* dialogue;
  const char* summary;
};

TEST(Hostile, NeverReads) {
  // The farewell is a reset inside mail data, and an orderly close elsewhere: neither may wait for the peer.
  const std::vector<Unread> all = {
      {"content", "start: data", "content:\n  {lines 8388608}\nS: 250", "are left) within 400ms; RFC 5321 section 4.5.3.2 grants 10min"},
      {"a line", "start: greeted", "C: NOOP {\"x\" x 8388608}\nS: 250", "are left) within 250ms; RFC 5321 section 4.5.3.2 grants 5min"},
  };
  for (const Unread& unread : all) {
    SCOPED_TRACE(unread.name);
    const auto test = case_of("big", unread.start, unread.dialogue);
    auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, profile_of({}).facts);
    ASSERT_TRUE(plan);
    Within within;
    std::atomic<bool> abandoned = false;
    Raw raw(
        [&](tcp::socket& socket) -> asio::awaitable<void> {
          co_await write(socket, "220 mx.example.test ready\r\n");
          if (std::string_view(unread.name) == "content")
            for (const char* reply : {"250 fine\r\n", "250 fine\r\n", "250 fine\r\n", "354 go on\r\n"}) {
              co_await read(socket);
              co_await write(socket, reply);
            }
          // The client's reset shows without a read.
          for (int i = 0; i < 300 && !abandoned; ++i) {
            pollfd state{socket.native_handle(), 0, 0};
            ::poll(&state, 1, 0);
            if (state.revents & (POLLHUP | POLLERR)) abandoned = true;
            co_await rest(socket, 10ms);
          }
        },
        4096);
    Bench bench;
    bench.serve(Role::relay, raw);
    session::Session session(std::move(*plan), {quick(), crypto::digests(), {}, "n"});
    Transport transport(bench.loop, bench.endpoints, {});
    session::Time ended{};
    transport.play(session, [&] { ended = session.finished() ? transport.now() : session::Time{}; });
    // Keeps the loop at work for longer than a goodbye takes, as the rest of a run does.
    transport.after(2500ms, [] {});
    transport.run();
    ASSERT_TRUE(session.finished());
    EXPECT_LT(ended, session::Time(2s));
    const auto judgement = judge::judge_case(test, session.plan(), session.transcript(), {});
    EXPECT_EQ(judgement.verdict, Verdict::inconclusive);
    EXPECT_CONTAINS(judgement.summary, "the server takes no more octets (");
    EXPECT_CONTAINS(judgement.summary, unread.summary);
    EXPECT_TRUE(abandoned) << "the connection and what was queued for it are given up";
  }
}

// A reset throws away what the server still had to send. That the write hears of it and not the read does not make an
// orderly end of it, or the server would be accused of half a reply.
TEST(Hostile, ResetThatTheWriteMeets) {
  Within within;
  Raw raw(
      [](tcp::socket& socket) -> asio::awaitable<void> {
        co_await write(socket, "220 mx.example.test ready\r\n");
        for (int i = 0; i < 300 && socket.available() == 0; ++i) co_await rest(socket, 10ms);
        co_await write(socket, "250-half a");
      },
      4096);
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto seen = bench.play(case_of("big", "start: greeted", "C: NOOP {\"x\" x 7000000}\nS: 250"));
  EXPECT_TRUE(has_note(seen.transcript, "broken: "));
}

// However much there is to send: who goes on taking it reads.
TEST(Hostile, ReadsSlowly) {
  Within within(30s);
  Raw raw([](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    std::string octets(1 << 20, '\0');
    for (std::size_t all = 0; all < (72u << 20);) {
      auto [error, size] = co_await socket.async_read_some(asio::buffer(octets), with_code);
      if (error) co_return;
      all += size;
      if (all % 8 == 0) co_await rest(socket, 1ms);
    }
    co_await write(socket, "500 line too long\r\n");
    while (!(co_await read(socket)).empty()) {}
  });
  Bench bench;
  bench.serve(Role::relay, raw);
  const auto test = case_of("big", "start: greeted", "C: NOOP {\"x\" x 33554432}{\"x\" x 33554432}{\"x\" x 8388608}\nS: 500");
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, profile_of({}).facts);
  ASSERT_TRUE(plan) << to_string(plan.error());
  session::Session session(std::move(*plan), {quick(), crypto::digests(), {}, "n"});
  Transport transport(bench.loop, bench.endpoints, {});
  transport.play(session, [] {});
  transport.run();
  EXPECT_TRUE(session.transcript().complete) << describe(session.transcript().outcomes.back().came);
}

// What stands before a reset goes out before it.
TEST(Hostile, LastWordsBeforeAReset) {
  Within within;
  std::string heard;
  Bench bench(quick());
  bench.serve(Role::relay, [&](Role) {
    return std::make_unique<Custom>([&](const Event& event, Actions& actions) {
      if (event.kind == Event::Kind::opened) actions.push_back({.octets = "220 mx.example.test\r\n"});
      if (event.kind == Event::Kind::octets) heard += event.octets;
    });
  });
  bench.play(case_of("reset", "start: greeted", "raw: half a line\ndo: reset\ndo: wait 100ms"));
  EXPECT_EQ(heard, "half a line");
}

// A server of ours whose client never reads: it does not hold the connection for ever either.
TEST(Hostile, ClientNeverReads) {
  Within within(20s);
  Loop loop;
  struct Alive {
    explicit Alive(std::atomic<int>& count_) : count(count_) { ++count; }
    ~Alive() { --count; }
    std::atomic<int>& count;
  };
  std::atomic<int> machines = 0;
  const auto port = listen(
      loop, {"127.0.0.1", 0}, Role::relay,
      [&](Role) {
        auto alive = std::make_shared<Alive>(machines);
        return std::make_unique<Custom>([alive](const Event& event, Actions& actions) {
          if (event.kind != Event::Kind::opened) return;
          actions.push_back({.octets = std::string(32u << 20, 'x')});
          actions.push_back({.kind = Action::Kind::close});
        });
      },
      certificate());
  ASSERT_TRUE(port);
  asio::io_context io;
  tcp::socket client(io);
  client.open(tcp::v4());
  client.set_option(asio::socket_base::receive_buffer_size(4096));
  client.connect({asio::ip::address_v4::loopback(), *port});
  std::thread watch([&] {
    for (int i = 0; i < 1500 && (i < 50 || machines > 0); ++i) std::this_thread::sleep_for(10ms);
    loop.stop();
  });
  loop.run();
  watch.join();
  EXPECT_EQ(machines, 0);
}

// --- dead targets -----------------------------------------------------------------------------------------------------------

std::uint16_t dead_port() {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

TEST(Hostile, DeadPort) {
  Within within(1s);
  Bench bench;
  bench.endpoints[Role::relay] = {"127.0.0.1", dead_port()};
  const auto run = bench.run(cases(50));
  EXPECT_TRUE(run.dead);
  EXPECT_EQ(run.trouble, "no connection: Connection refused");
  EXPECT_TRUE(run.nobody_there());
  EXPECT_TRUE(run.tests.empty());
}

TEST(Hostile, HostThatIsNone) {
  Within within;
  Bench bench;
  bench.endpoints[Role::relay] = {"no such host", 25};
  const auto run = bench.run(cases(3));
  EXPECT_TRUE(run.nobody_there());
  EXPECT_TRUE(run.tests.empty());
}

// Lawful for some connections; then it is gone.
TEST(Hostile, DiesByRefusingInTheMiddle) {
  Within within;
  Raw raw([](tcp::socket& socket) -> asio::awaitable<void> {
    co_await write(socket, "220 mx.example.test ready\r\n");
    for (;;) {
      const std::string line = co_await read(socket);
      if (line.empty()) co_return;
      co_await write(socket, line.starts_with("QUIT") ? "221 bye\r\n" : "250 fine\r\n");
      if (line.starts_with("QUIT")) co_return;
    }
  });
  raw.die_after(12);
  Bench bench;
  bench.serve(Role::relay, raw);
  run::Options options;
  options.jobs = 4;
  const auto run = bench.run(cases(200), options);
  EXPECT_TRUE(run.dead);
  EXPECT_CONTAINS(run.trouble, "Connection refused");
  EXPECT_GT(count(run, Verdict::pass), 0u);
  EXPECT_EQ(count(run, Verdict::pass) + count(run, Verdict::inconclusive), 200u);
  std::size_t never_ran = 0;
  for (const auto& test : run.tests) never_ran += test.summary.find("the target stopped answering") != std::string::npos;
  EXPECT_GT(never_ran, 150u) << "found out soon";
}

TEST(Hostile, DiesByFallingSilentInTheMiddle) {
  for (const Role role : {Role::relay, Role::submissions}) {
    SCOPED_TRACE(to_string(role));
    Within within;
    Bench bench(quick());
    int opened = 0;
    bench.serve(role, [&](Role r) -> std::unique_ptr<smtp::Machine> {
      if (++opened <= 12) return std::make_unique<Spoilt>(r, Spoilt::Spoil{});
      return std::make_unique<Custom>([](const Event&, Actions&) {});
    });
    run::Options options;
    options.jobs = 4;
    const auto run = bench.run(cases(200), options);
    EXPECT_TRUE(run.dead);
    EXPECT_GT(count(run, Verdict::pass), 0u);
    EXPECT_EQ(count(run, Verdict::pass) + count(run, Verdict::inconclusive), 200u);
    EXPECT_LT(opened, 40) << "a few deadlines, not one for each test";
  }
}

// --- SASL -------------------------------------------------------------------------------------------------------------------

int sent_lines(const session::Transcript& transcript) {
  return static_cast<int>(std::count_if(transcript.entries.begin(), transcript.entries.end(),
                                        [](const auto& entry) { return entry.kind == session::Entry::Kind::sent; }));
}

TEST(Hostile, SaslWithoutEnd) {
  Within within;
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "XUNKNOWN"}) {
    SCOPED_TRACE(mechanism);
    Bench bench;
    bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                  if (!line.empty() && !line.starts_with("EHLO") && !line.starts_with("QUIT")) reply = {{.octets = "334 \r\n"}};
                }));
    const auto seen = bench.play(case_of("auth", "", std::string("do: auth ") + mechanism + "\nS: 235"));
    EXPECT_NE(seen.judgement.verdict, Verdict::pass);
    EXPECT_LT(sent_lines(seen.transcript), 16);
    EXPECT_LT(seen.replies(), 16);
  }
}

// Each 334 comes just inside the deadline.
TEST(Hostile, SaslWithoutEndAndSlowly) {
  Within within(3s);
  Bench bench;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line.empty() || line.starts_with("EHLO")) return;
                reply = {{.kind = Action::Kind::pause, .delay = 100ms}, {.octets = "334 \r\n"}};
              }));
  const auto seen = bench.play(case_of("auth", "", "do: auth PLAIN\nS: 235"));
  EXPECT_NE(seen.judgement.verdict, Verdict::pass);
}

TEST(Hostile, SaslStorm) {
  Within within;
  std::string storm;
  for (int i = 0; i < 100000; ++i) storm += "334 \r\n";
  Bench bench;
  bench.serve(Role::relay, answers("AUTH", storm));
  const auto seen = bench.play(case_of("auth", "", "do: auth PLAIN\nS: 235"));
  EXPECT_NE(seen.judgement.verdict, Verdict::pass);
  EXPECT_LT(sent_lines(seen.transcript), 16);
}

TEST(Hostile, ScramWithHugeIterationCounts) {
  Within within;
  for (const char* iterations : {"2147483647", "4294967297", "999999", "1000000000000000000000000", "0", "-1", "1e9", ""}) {
    SCOPED_TRACE(iterations);
    Bench bench;
    bench.serve(Role::relay, spoilt([=](int, const std::string& line, Actions& reply) {
                  if (!line.starts_with("AUTH")) return;
                  const std::string first = smtp::decode_base64(line.substr(line.rfind(' ') + 1)).value_or("");
                  const std::string nonce = first.substr(first.find("r=") + 2);
                  const std::string challenge = "r=" + nonce + "server,s=" + smtp::encode_base64("salt") + ",i=" + iterations;
                  reply = {{.octets = "334 " + smtp::encode_base64(challenge) + "\r\n"}};
                }));
    const auto seen = bench.play(case_of("auth", "", "do: auth SCRAM-SHA-256\nS: 235"));
    EXPECT_LT(within.so_far(), 4s);
    EXPECT_TRUE(std::any_of(seen.transcript.entries.begin(), seen.transcript.entries.end(), [](const auto& entry) {
      return entry.kind == session::Entry::Kind::sent && entry.octets == "*\r\n";
    })) << "the exchange is cancelled";
  }
}

// --- interrupts ----------------------------------------------------------------------------------------------------------

// The server hangs, the deadlines are long, and somebody presses Ctrl-C.
TEST(Hostile, InterruptLeavesAResultForEveryTest) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, spoilt([](int, const std::string& line, Actions& reply) {
                if (line.starts_with("NOOP slow")) reply.clear();
              }));
  script::Suite suite;
  suite.cases = cases(10);
  for (int i = 0; i < 40; ++i) suite.cases.push_back(case_of("u/" + std::to_string(i), "start: greeted", "C: NOOP slow\nS: 250"));
  auto profile = profile_of(bench.endpoints);
  profile.deadlines = {};
  Transport transport(bench.loop, bench.endpoints, {});
  run::Runner runner(suite, profile, {}, transport, {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"});
  std::thread finger([&] {
    std::this_thread::sleep_for(500ms);
    runner.interrupt();
    bench.loop.stop();
  });
  const auto run = runner.run();
  finger.join();
  EXPECT_TRUE(run.interrupted);
  EXPECT_FALSE(run.dead);
  EXPECT_EQ(count(run, Verdict::pass), 10u);
  EXPECT_EQ(count(run, Verdict::inconclusive), 40u);
  for (const auto& test : run.tests) {
    if (!test.rule && test.verdict == Verdict::inconclusive) {
      EXPECT_CONTAINS(test.summary, "interrupted");
    }
  }
}

// In a process of its own: what is caught stays caught.
TEST(HostileDeathTest, InterruptBySignal) {
  const auto interrupted = [] {
    Bench bench;
    bench.serve(Role::relay, [](Role) { return std::make_unique<Custom>([](const Event&, Actions&) {}); });
    script::Suite suite;
    suite.cases = cases(10);
    auto profile = profile_of(bench.endpoints);
    profile.deadlines = {};
    Transport transport(bench.loop, bench.endpoints, {});
    run::Runner runner(suite, profile, {}, transport, {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"});
    bench.loop.on_signal([&] {
      runner.interrupt();
      bench.loop.stop();
    });
    after(bench.loop, 100ms, [] { ::raise(SIGTERM); });
    const auto run = runner.run();
    return run.interrupted && count(run, Verdict::inconclusive) == 10;
  };
  EXPECT_EXIT(::_exit(interrupted() ? 0 : 1), testing::ExitedWithCode(0), "");
}

// From inside the run: between two results.
TEST(Hostile, InterruptFromAResult) {
  Within within;
  Bench bench;
  bench.serve(Role::relay, spoilt({}));
  script::Suite suite;
  suite.cases = cases(100);
  Transport transport(bench.loop, bench.endpoints, {});
  run::Runner* self = nullptr;
  run::Progress progress{[&](std::size_t done, std::size_t, const run::TestResult&) {
    if (done == 5) self->interrupt();
  }};
  run::Options options;
  options.jobs = 2;
  run::Runner runner(suite, profile_of(bench.endpoints), options, transport,
                     {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}, progress);
  self = &runner;
  const auto run = runner.run();
  EXPECT_TRUE(run.interrupted);
  EXPECT_EQ(count(run, Verdict::pass) + count(run, Verdict::inconclusive), 100u);
  EXPECT_LT(count(run, Verdict::pass), 20u);
}

}  // namespace
}  // namespace smtpspec::net
