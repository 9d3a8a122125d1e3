// The interpreter in virtual time: what it sends and waits for, what it writes down, and how it takes leave.
#include "smtpspec/session/session.hpp"

#include <gtest/gtest.h>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/serve/server.hpp"
#include "smtpspec/session/transport.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "test/expect.hpp"
#include "test/plan.hpp"

namespace smtpspec::session {
namespace {

using namespace std::chrono_literals;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;

// --- servers ----------------------------------------------------------------------------------------------------------------

Action send(std::string octets) { return {.octets = std::move(octets)}; }
Action wait(Duration time) { return {.kind = Action::Kind::pause, .delay = time}; }
const Action close{.kind = Action::Kind::close}, reset{.kind = Action::Kind::reset}, half_close{.kind = Action::Kind::half_close},
    start_tls{.kind = Action::Kind::start_tls};

// Greets, and answers each line by `answer`; everything it heard is in `heard`.
struct Peer final : smtp::Machine {
  using Answer = std::function<Actions(const std::string& line)>;
  Peer(std::string* heard_, std::string greeting_, Answer answer_)
      : heard(heard_), greeting(std::move(greeting_)), answer(std::move(answer_)) {}
  void on(const Event& event, Actions& actions) override {
    if (event.kind == Event::Kind::opened && !greeting.empty()) actions.push_back(send(greeting));
    if (event.kind == Event::Kind::ended && heard) *heard += "<end>";
    if (event.kind == Event::Kind::broken && heard) *heard += "<reset>";
    if (event.kind != Event::Kind::octets) return;
    if (heard) *heard += event.octets;
    buffer += event.octets;
    for (std::size_t end; (end = buffer.find('\n')) != std::string::npos;) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      while (!line.empty() && line.back() == '\r') line.pop_back();
      for (Action& action : answer(line)) actions.push_back(std::move(action));
    }
  }
  std::string* heard;
  std::string greeting;
  Answer answer;
  std::string buffer;
};

constexpr char greeting[] = "220 mx.example.test ready\r\n";
constexpr char hello[] = "250-mx.example.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 1000\r\n";

// One answer by verb, everything else is lawful.
Peer::Answer but(std::map<std::string, Actions> special) {
  return [special = std::move(special), in_content = false](const std::string& line) mutable -> Actions {
    const std::string verb = line.substr(0, line.find(' '));
    if (in_content && line != ".") return {};
    in_content = verb == "DATA";
    if (const auto it = special.find(verb); it != special.end()) return it->second;
    if (verb == "EHLO") return {send(hello)};
    if (verb == "DATA") return {send("354 go on\r\n")};
    if (verb == "QUIT") return {send("221 2.0.0 bye\r\n"), close};
    return {send("250 2.0.0 fine\r\n")};
  };
}

// --- playing ----------------------------------------------------------------------------------------------------------------

script::Facts facts() {
  return {{{"client", "client.example.org"},
           {"sender", "sender@example.org"},
           {"recipient", "alice@example.test"},
           {"user", "alice"},
           {"password", "correct horse"},
           {"token", "t1"}}};
}

script::Plan plan_of(const std::string& start, const std::string& dialogue, Role role = Role::relay, const script::Facts& known = facts()) {
  return script::plan_of(start, dialogue, role, known);
}

Setup setup() { return {.deadlines = {}, .digests = crypto::digests(), .credentials = {"alice", "correct horse"}, .nonce = "nonce"}; }

struct Played {
  Transcript transcript;
  std::string heard;  // by the server, all connections together
  Time took{};

  const Outcome& outcome(std::size_t i) const { return transcript.outcomes.at(i); }
  const Outcome& last() const { return transcript.outcomes.back(); }
  std::string shown() const {
    std::string out;
    for (const Entry& entry : transcript.entries) {
      static const char* sides[] = {"C: ", "S: ", "s: ", "*: "};
      out += sides[static_cast<int>(entry.kind)] + entry.shown() + "\n";
    }
    return out;
  }
  std::vector<std::string> commands() const {  // that the replies were taken to answer
    std::vector<std::string> out;
    for (const Entry& entry : transcript.entries)
      if (entry.kind == Entry::Kind::reply) out.push_back(entry.command);
    return out;
  }
};

Played play(script::Plan plan, Peer::Answer answer, std::string greets = greeting, Setup with = setup(),
            smtp::TlsFacts tls = {13, "memory", {"mx.example.test"}}) {
  Played out;
  MemoryTransport transport([&](Role) { return std::make_unique<Peer>(&out.heard, greets, answer); }, [] { return std::string(); },
                            std::move(tls));
  Session session(std::move(plan), std::move(with));
  transport.play(session, [&] {
    if (session.finished()) out.took = transport.now();
  });
  transport.run();
  EXPECT_TRUE(session.finished());
  EXPECT_TRUE(session.decided());
  out.transcript = session.transcript();
  return out;
}

// --- the plain course -------------------------------------------------------------------------------------------------------

TEST(Session, WritesDownWhatHappened) {
  const auto played = play(plan_of("rcpt", "C: DATA\nS: 354\ncontent:\n  .dot\nS: 250\nC: NOOP\nS: 250"), but({}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_TRUE(played.transcript.connected);
  EXPECT_EQ(played.transcript.greeting, "mx.example.test ready");
  EXPECT_TRUE(played.transcript.offered.has("PIPELINING"));
  EXPECT_EQ(played.heard,
            "EHLO client.example.org\r\nMAIL FROM:<sender@example.org>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n..dot\r\n.\r\nNOOP\r\n"
            "QUIT\r\n");
  EXPECT_EQ(played.commands(), (std::vector<std::string>{"greeting", "EHLO", "MAIL", "RCPT", "DATA", ".", "NOOP", "QUIT"}));
  EXPECT_EQ(played.transcript.outcomes.size(), 7u);
  for (const Outcome& outcome : played.transcript.outcomes) {
    EXPECT_EQ(outcome.tier, 0);
    EXPECT_EQ(played.transcript.entries.at(outcome.entry).reply, outcome.came.reply);
  }
  for (const Entry& entry : played.transcript.entries) {
    EXPECT_EQ(entry.extended_status, entry.kind == Entry::Kind::reply && entry.command != "greeting" && entry.command != "EHLO");
    EXPECT_EQ(entry.closing, entry.kind == Entry::Kind::reply && entry.command == "QUIT");
    EXPECT_FALSE(entry.unasked);
  }
  EXPECT_EQ(played.took, 0us) << "nobody waited";
}

// However the octets are cut, the transcript is the same.
TEST(Session, RepliesInOctets) {
  const auto whole = play(plan_of("ehlo", "C: NOOP\nS: 250"), but({}));
  Peer::Answer lawful = but({});
  const auto cut = play(plan_of("ehlo", "C: NOOP\nS: 250"), [&](const std::string& line) {
    Actions out;
    for (const Action& action : lawful(line)) {
      if (action.kind != Action::Kind::send) out.push_back(action);
      for (const char octet : action.octets) {
        out.push_back(send(std::string(1, octet)));
        out.push_back(wait(1ms));
      }
    }
    return out;
  });
  EXPECT_EQ(whole.shown(), cut.shown());
}

TEST(Session, StopsAtTheFirstUnmetExpectation) {
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250\nC: RSET\nS: 250"), but({{"NOOP", {send("500 what?\r\n")}}}));
  EXPECT_EQ(played.last().tier, -1);
  EXPECT_FALSE(played.transcript.complete);
  EXPECT_EQ(played.heard, "NOOP\r\n<end>") << "neither RSET nor QUIT";
}

TEST(Session, StopsAtAnInconclusiveTier) {
  const auto played =
      play(plan_of("greeted", "C: NOOP\nS: 250, else 500 is inconclusive\nC: RSET\nS: 250"), but({{"NOOP", {send("500 what?\r\n")}}}));
  EXPECT_EQ(played.last().tier, 1);
  EXPECT_EQ(played.heard, "NOOP\r\n<end>");
}

TEST(Session, GoesOnAfterADeviation) {
  const auto played =
      play(plan_of("greeted", "C: NOOP\nS: 250, else 500 is a deviation\nC: RSET\nS: 250"), but({{"NOOP", {send("500 what?\r\n")}}}));
  EXPECT_EQ(played.outcome(1).tier, 1);
  EXPECT_TRUE(played.transcript.complete);
}

// --- deadlines --------------------------------------------------------------------------------------------------------------

struct Silence {
  const char* name;
  const char* start;
  const char* dialogue;
  const char* verb;  // that is not answered; "" the greeting
  Duration deadline;
};

TEST(Session, EachWaitHasItsDeadline) {
  const Deadlines deadlines;
  for (const Silence& silence : std::vector<Silence>{
           {"greeting", "greeted", "C: NOOP\nS: 250", "", deadlines.greeting},
           {"reply", "greeted", "C: NOOP\nS: 250", "NOOP", deadlines.reply},
           {"data", "data", "content:\n  a\nS: 250", ".", deadlines.data},
           {"chunk", "rcpt", "bdat last: a\nS: 250", "BDAT", deadlines.data},
           {"after data", "data", "content:\n  a\nS: 250\nC: NOOP\nS: 250", "NOOP", deadlines.reply},
           {"quiet", "greeted", "C: NOOP\nS: nothing", "NOOP", deadlines.quiet},
           {"quiet for a time", "greeted", "C: NOOP\nS: nothing for 3s", "NOOP", 3s},
       }) {
    SCOPED_TRACE(silence.name);
    const auto played = play(plan_of(silence.start, silence.dialogue), but({{silence.verb, {}}}), *silence.verb ? greeting : "");
    EXPECT_EQ(played.last().came.kind, Came::Kind::nothing);
    EXPECT_EQ(played.last().waited, silence.deadline);
    EXPECT_EQ(played.last().deadline, silence.deadline);
    EXPECT_LE(played.took, silence.deadline + deadlines.farewell);
    const bool expected = std::string_view(silence.name).starts_with("quiet");
    EXPECT_EQ(played.last().tier, expected ? 0 : -1);
  }
}

TEST(Session, NoDeadlineIsPutOffByOctets) {
  const auto trickle = [](const std::string& line) -> Actions {
    Actions out;
    for (int i = 0; line == "NOOP" && i < 100; ++i) {
      out.push_back(wait(1s));
      out.push_back(send("2"));
    }
    return out;
  };
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250"), trickle);
  EXPECT_EQ(played.last().came.kind, Came::Kind::nothing);
  EXPECT_EQ(played.last().waited, Deadlines().reply);
  EXPECT_EQ(describe(played.last().came), "only a part of a reply came");
}

// Half a reply is not the silence that was expected.
TEST(Session, OctetsAreNotSilence) {
  const auto half = play(plan_of("greeted", "C: NOOP\nS: nothing for 1s"), but({{"NOOP", {send("250 hal")}}}));
  EXPECT_EQ(half.last().tier, -1);
  EXPECT_CONTAINS(half.shown(), "s: 250 hal\n");
  const auto whole = play(plan_of("greeted", "C: NOOP\nS: nothing for 1s"), but({{"NOOP", {wait(900ms), send("250 fine\r\n")}}}));
  EXPECT_EQ(whole.last().tier, -1);
  EXPECT_EQ(whole.last().came.kind, Came::Kind::reply);
  const auto late = play(plan_of("greeted", "C: NOOP\nS: nothing for 1s"), but({{"NOOP", {wait(1100ms), send("250 fine\r\n")}}}));
  EXPECT_EQ(late.last().tier, 0);
  const auto closed = play(plan_of("greeted", "C: NOOP\nS: nothing for 1s"), but({{"NOOP", {close}}}));
  EXPECT_EQ(closed.last().tier, -1);
}

TEST(Session, WaitsForAsLongAsItIsTold) {
  const auto played = play(plan_of("greeted", "do: wait 3s\nC: NOOP\nS: 250"), but({}));
  EXPECT_EQ(played.took, 3s);
  EXPECT_TRUE(played.transcript.complete);
}

// A wait counts from the last octet of what was said, not from when it was thought of.
TEST(Session, WaitsBeginWhenTheCommandIsOut) {
  const auto answers = but({{"NOOP", {wait(200ms), send("250 fine\r\n")}}});
  const auto early = play(plan_of("greeted", "C: NO{pause 1s}OP\nS: nothing for 300ms"), answers);
  EXPECT_EQ(early.last().tier, -1) << "the reply came within the time";
  const auto silent = play(plan_of("greeted", "C: NO{pause 20s}OP\nS: nothing for 300ms"), but({{"NOOP", {}}}));
  EXPECT_TRUE(silent.transcript.complete) << describe(silent.last().came);
  EXPECT_EQ(silent.last().waited, 300ms);
  const auto late = play(plan_of("greeted", "C: NO{pause 1s}OP\ndo: wait 2s\nS: nothing for 1s"), but({{"NOOP", {}}}));
  EXPECT_EQ(late.transcript.outcomes.back().tier, 0);
  EXPECT_GE(late.took, 4s);
}

TEST(Session, WhatWasNotSentIsNotWrittenDown) {
  const auto played =
      play(plan_of("greeted", "C: RSET\nS: 250\nS: close\nC: NOOP\nS: close"), but({{"RSET", {send("250 bye\r\n"), close}}}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_EQ(played.shown().find("C: NOOP"), std::string::npos) << played.shown();
  EXPECT_CONTAINS(played.shown(), "*: 6 octets were not sent");
  const auto cut = play(plan_of("greeted", "C: NO{pause 1s}OP\nS: close"), [](const std::string&) -> Actions { return {}; }, "220 mx\r\n");
  EXPECT_CONTAINS(cut.shown(), "C: OP");
}

TEST(Session, ConnectDeadline) {
  Session session(plan_of("greeted", "C: NOOP\nS: 250"), setup());
  Actions actions;
  session.begin(0us, actions);
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].kind, Action::Kind::open);
  ASSERT_EQ(actions[1].kind, Action::Kind::alarm);
  EXPECT_EQ(actions[1].delay, Deadlines().connect);
  const std::uint64_t alarm = actions[1].alarm;
  actions.clear();
  session.on({.kind = Event::Kind::alarm, .at = 10s, .alarm = alarm + 1}, actions);
  EXPECT_FALSE(session.decided()) << "that alarm was never set";
  session.on({.kind = Event::Kind::alarm, .at = 10s, .alarm = alarm}, actions);
  EXPECT_TRUE(session.finished());
  EXPECT_EQ(session.transcript().outcomes.at(0).came.kind, Came::Kind::not_connected);
  EXPECT_EQ(actions.at(0).kind, Action::Kind::reset) << "the attempt is given up";
  EXPECT_EQ(actions.back().kind, Action::Kind::finish);
}

TEST(Session, AnAlarmOfBeforeDoesNotCount) {
  Session session(plan_of("greeted", "C: NOOP\nS: 250"), setup());
  Actions actions;
  session.begin(0us, actions);
  const std::uint64_t connect_alarm = actions[1].alarm;
  session.on({.kind = Event::Kind::opened, .connection = 1}, actions);
  session.on({.kind = Event::Kind::alarm, .at = 10s, .alarm = connect_alarm}, actions);
  EXPECT_FALSE(session.decided());
  session.on({.kind = Event::Kind::octets, .connection = 1, .at = 11s, .octets = greeting}, actions);
  EXPECT_EQ(actions.back().kind, Action::Kind::alarm);
  EXPECT_EQ(session.transcript().entries.back().octets, "NOOP\r\n");
}

TEST(Session, DecidedBeforeTheFarewell) {
  Session session(plan_of("greeted", "C: NOOP\nS: 250"), setup());
  Actions actions;
  session.begin(0us, actions);
  session.on({.kind = Event::Kind::opened, .connection = 1}, actions);
  session.on({.kind = Event::Kind::octets, .connection = 1, .octets = greeting}, actions);
  EXPECT_FALSE(session.decided());
  session.on({.kind = Event::Kind::octets, .connection = 1, .octets = "250 fine\r\n"}, actions);
  EXPECT_TRUE(session.decided());
  EXPECT_FALSE(session.finished());
  actions.clear();
  session.on({.kind = Event::Kind::ended, .connection = 1}, actions);
  EXPECT_TRUE(session.finished());
  actions.clear();
  session.on({.kind = Event::Kind::octets, .connection = 1, .octets = "250 fine\r\n"}, actions);
  EXPECT_TRUE(actions.empty()) << "what is over is over";
}

TEST(Session, Abandon) {
  Session session(plan_of("greeted", "C: NOOP\nS: 250"), setup());
  Actions actions;
  session.begin(0us, actions);
  session.on({.kind = Event::Kind::opened, .connection = 1}, actions);
  actions.clear();
  session.abandon(actions);
  EXPECT_TRUE(session.finished());
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[0].kind, Action::Kind::reset);
  EXPECT_EQ(actions[1].kind, Action::Kind::finish);
  EXPECT_EQ(session.transcript().entries.size(), 1u) << "what happened stays";
}

// --- tiers and answers ------------------------------------------------------------------------------------------------------

struct Graded {
  const char* expect;
  const char* reply;
  int tier;
  bool extended = true;
};

TEST(Session, Tiers) {
  for (const Graded& graded : std::vector<Graded>{
           {"250", "250 2.0.0 fine\r\n", 0},
           {"250", "251 2.0.0 fine\r\n", -1},
           {"250 251", "251 2.0.0 fine\r\n", 0},
           {"5yz", "554 5.0.0 no\r\n", 0},
           {"55z", "554 5.0.0 no\r\n", 0},
           {"55z", "501 5.0.0 no\r\n", -1},
           {"503, else 5yz is a deviation", "503 5.5.1 no\r\n", 0},
           {"503, else 5yz is a deviation", "500 5.5.1 no\r\n", 1},
           {"503, else 5yz is a deviation", "450 4.5.1 no\r\n", -1},
           {"501 or 503, else 500 or 502 is observed as unknown", "502 5.5.1 no\r\n", 1},
           {"501 5.5.4", "501 5.5.4 no\r\n", 0},
           {"501 5.5.4", "501 5.5.2 no\r\n", -1},
           {"501 5.5.z", "501 5.5.2 no\r\n", 0},
           {"501 5.y.z", "501 5.1.2 no\r\n", 0},
           {"501 5.5.4", "501 no\r\n", -1},
           {"501 5.5.4", "501 no\r\n", 0, false},
           {"any", "999 what\r\n", 0},
           {"any", "no code\r\n", 0},
           {"any lines 2", "250-2.0.0 a\r\n250 2.0.0 b\r\n", 0},
           {"any lines 1", "250-2.0.0 a\r\n250 2.0.0 b\r\n", -1},
           {"250 with SIZE", "250-x\r\n250-SIZE 1000\r\n250 HELP\r\n", 0},
           {"250 with size without DSN", "250-x\r\n250-SIZE 1000\r\n250 HELP\r\n", 0},
           {"250 without SIZE", "250-x\r\n250-SIZE 1000\r\n250 HELP\r\n", -1},
           {"250 with SIZE \"1*\"", "250-x\r\n250-SIZE 1000\r\n250 HELP\r\n", 0},
           {"250 with SIZE \"2*\"", "250-x\r\n250-SIZE 1000\r\n250 HELP\r\n", -1},
           {"250 text \"*ok*\"", "250 this is ok\r\n", 0},
           {"250 text \"ok\"", "250 this is ok\r\n", -1},
           {"250 text not \"*ok*\"", "250 this is ok\r\n", -1},
           {"250 text not \"*ok*\"", "250-this is\r\n250 right\r\n", 0},
           {"250 text not \"*ok*\"", "251 this is right\r\n", -1},
           {"250 text \"this*\" text not \"*ok*\"", "250 that is right\r\n", -1},
           {"close", "250 fine\r\n", -1},
           {"nothing", "250 fine\r\n", -1},
           {"tls", "250 fine\r\n", -1},
           {"no tls", "250 fine\r\n", -1},
           {"250 or close", "250 fine\r\n", 0},
       }) {
    SCOPED_TRACE(std::string(graded.expect) + " / " + smtp::spell(graded.reply));
    const auto played = play(plan_of("ehlo", std::string("C: NOOP\nS: ") + graded.expect),
                             but({{"NOOP", {send(graded.reply)}}, {"EHLO", {send(graded.extended ? hello : "250 mx.example.test\r\n")}}}));
    EXPECT_EQ(played.last().tier, graded.tier);
  }
}

TEST(Session, Captures) {
  const auto with = [](const char* second) { return but({{"RSET", {send(second)}}}); };
  const std::string dialogue = "C: NOOP\nS: any as first\nC: RSET\nS: same ";
  EXPECT_EQ(play(plan_of("greeted", dialogue + "code as first"), with("250 fine\r\n")).last().tier, 0);
  EXPECT_EQ(play(plan_of("greeted", dialogue + "code as first"), with("251 fine\r\n")).last().tier, -1);
  EXPECT_EQ(play(plan_of("greeted", dialogue + "class as first"), with("251 fine\r\n")).last().tier, 0);
  EXPECT_EQ(play(plan_of("greeted", dialogue + "class as first"), with("551 no\r\n")).last().tier, -1);
  EXPECT_EQ(play(plan_of("greeted", dialogue + "class as first"), but({{"RSET", {close}}})).last().tier, -1);
}

TEST(Session, SendsWhatItHasHeard) {
  const auto played = play(
      plan_of("ehlo", "C: MAIL FROM:<> SIZE={size-limit + 1}\nS: 250\nC: VRFY a\nS: 250 as shown\nC: RCPT TO:<{address in shown}>\nS: 250"),
      but({{"VRFY", {send("250-there are two\r\n250-Alice <alice@example.test>\r\n250 <b@example.test>\r\n")}}}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_NE(played.heard.find("SIZE=1001\r\nVRFY a\r\nRCPT TO:<alice@example.test>\r\nQUIT"), std::string::npos) << played.heard;
}

// RFC 1870 section 4: SIZE without a number, or with 0, names no limit.
TEST(Session, IsBrokenOffWhereItsServerDidNotSayWhatItNeeds) {
  for (const char* offer : {"250 mx.example.test\r\n", "250-mx.example.test\r\n250 SIZE\r\n", "250-mx.example.test\r\n250 SIZE 0\r\n",
                            "250-mx.example.test\r\n250 SIZE much\r\n"}) {
    const auto played = play(plan_of("ehlo", "C: MAIL FROM:<> SIZE={size-limit}\nS: 250"), but({{"EHLO", {send(offer)}}}));
    EXPECT_EQ(played.transcript.unmet, "the EHLO reply gave no number for SIZE") << offer;
    EXPECT_FALSE(played.transcript.complete);
    EXPECT_EQ(played.heard.find("MAIL"), std::string::npos);
  }
  const auto played = play(plan_of("greeted", "C: VRFY a\nS: 250 as shown\nC: RCPT TO:<{address in shown}>\nS: 250"), but({}));
  EXPECT_EQ(played.transcript.unmet, "the reply that was kept as 'shown' shows no address in angle brackets");
}

// The reply that ends the block is met; what stands behind the block is played, and nothing of the block any more.
TEST(Session, ABlockEndsWhereAReplySaysSo) {
  const std::string block =
      "times 5:\n  C: NOOP {count}\n  S: 250, else 452 is observed as full and ends the block\n  C: HELP\n  S: 250\nC: RSET\nS: 250";
  int asked = 0;
  const auto answer = [&asked](const std::string& line) -> Actions {
    if (line.starts_with("QUIT")) return {send("221 bye\r\n"), close};
    if (line.starts_with("NOOP") && ++asked == 3) return {send("452 full\r\n")};
    return {send("250 fine\r\n")};
  };
  const auto played = play(plan_of("greeted", block), answer);
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_EQ(played.heard, "NOOP 1\r\nHELP\r\nNOOP 2\r\nHELP\r\nNOOP 3\r\nRSET\r\nQUIT\r\n");
  EXPECT_EQ(played.outcome(5).tier, 1);
  asked = 3;
  EXPECT_NE(play(plan_of("greeted", block), answer).heard.find("NOOP 5\r\nHELP\r\nRSET\r\n"), std::string::npos)
      << "else it is played to its end";
}

TEST(Session, AGroupThatRepeatsGetsItsRepliesInOrder) {
  const auto played = play(plan_of("greeted", "together:\n  times 3:\n    C: NOOP\n  C: RSET\ntimes 4:\n  S: 250"), but({}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_EQ(played.commands(), (std::vector<std::string>{"greeting", "NOOP", "NOOP", "NOOP", "RSET", "QUIT"}));
}

TEST(Session, CloseAnswers) {
  const auto plan = [] { return plan_of("greeted", "C: NOOP\nS: close"); };
  for (const Action& end : {close, reset, half_close}) {
    const auto played = play(plan(), but({{"NOOP", {end}}}));
    EXPECT_EQ(played.last().tier, 0);
    EXPECT_EQ(played.last().came.kind, Came::Kind::close);
  }
  const auto broken = play(plan_of("greeted", "C: NOOP\nS: 250"), but({{"NOOP", {reset}}}));
  EXPECT_EQ(describe(broken.last().came), "the connection was closed (connection reset)");
  const auto after_reply = play(plan_of("greeted", "C: NOOP\nS: 421\nS: close"), but({{"NOOP", {send("421 bye\r\n"), close}}}));
  EXPECT_TRUE(after_reply.transcript.complete);
  const auto open = play(plan(), but({{"NOOP", {}}}));
  EXPECT_EQ(open.last().came.kind, Came::Kind::nothing);
}

TEST(Session, ReplyCutByTheEnd) {
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250\nS: close"), but({{"NOOP", {send("250 fi"), close}}}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_TRUE(played.outcome(1).came.reply.anomalies.has(smtp::Anomaly::truncated));
}

TEST(Session, Refused) {
  MemoryTransport transport([](Role) { return nullptr; });
  Session session(plan_of("greeted", "C: NOOP\nS: 250"), setup());
  transport.play(session, [] {});
  transport.run();
  ASSERT_TRUE(session.finished());
  EXPECT_FALSE(session.transcript().connected);
  EXPECT_EQ(describe(session.transcript().outcomes.at(0).came), "no connection: connection refused");
}

// --- TLS --------------------------------------------------------------------------------------------------------------------

const char* const starttls = "C: STARTTLS\nS: 220\ndo: handshake\nS: ";

TEST(Session, Tls) {
  const auto tls = but({{"STARTTLS", {send("220 go\r\n"), start_tls}}});
  const auto played = play(plan_of("ehlo", std::string(starttls) + "tls\nC: NOOP\nS: 250"), tls);
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_EQ(played.transcript.tls.version, 13);
  EXPECT_EQ(played.transcript.tls.names, std::vector<std::string>{"mx.example.test"});
  for (const Entry& entry : played.transcript.entries) {
    if (entry.kind != Entry::Kind::reply || entry.command != "NOOP") continue;
    EXPECT_TRUE(entry.in_tls);
    EXPECT_FALSE(entry.extended_status) << "nothing of before is known any more (RFC 3207 section 4.2)";
  }
  const auto version = [&](int is, const char* expected) {
    return play(plan_of("greeted", starttls + std::string(expected)), tls, greeting, setup(), {is, "memory", {}}).last().tier;
  };
  EXPECT_EQ(version(12, "tls 1.2+"), 0);
  EXPECT_EQ(version(13, "tls 1.2+"), 0);
  EXPECT_EQ(version(12, "tls 1.3+"), -1);
  EXPECT_EQ(version(12, "no tls"), -1);
}

TEST(Session, NoTls) {
  const auto clear = but({{"STARTTLS", {send("220 go\r\n"), wait(1ms), send("250 what handshake?\r\n")}}});
  EXPECT_EQ(play(plan_of("greeted", std::string(starttls) + "no tls"), clear).last().tier, 0);
  const auto failed = play(plan_of("greeted", std::string(starttls) + "tls"), clear);
  EXPECT_EQ(failed.last().tier, -1);
  EXPECT_CONTAINS(describe(failed.last().came), "the TLS handshake failed");
  const auto silent = play(plan_of("greeted", std::string(starttls) + "tls"), but({{"STARTTLS", {send("220 go\r\n")}}}));
  EXPECT_EQ(describe(silent.last().came), "no answer to the TLS handshake");
  EXPECT_EQ(silent.took, Deadlines().reply);
  // Slow is not refused.
  const auto go = but({{"STARTTLS", {send("220 go\r\n")}}});
  EXPECT_EQ(play(plan_of("greeted", std::string(starttls) + "tls, else no tls is a deviation"), go).last().tier, -1);
  EXPECT_EQ(play(plan_of("greeted", std::string(starttls) + "tls or no tls or nothing for 2s\nC: NOOP\nS: close"), go).took, 2s);
  const auto closed =
      play(plan_of("greeted", std::string(starttls) + "no tls"), but({{"STARTTLS", {send("220 go\r\n"), wait(1ms), close}}}));
  EXPECT_EQ(closed.last().tier, 0);
}

// The handshake's end and the replies around it are met in the order in which they came.
TEST(Session, TlsAnswerKeepsItsPlace) {
  const auto submissions = [](const char* dialogue) {
    MemoryTransport transport([](Role) {
      struct Server final : smtp::Machine {
        void on(const Event& event, Actions& actions) override {
          if (event.kind == Event::Kind::opened) actions.push_back(start_tls);
          if (event.kind == Event::Kind::tls_up) actions.push_back(send(greeting));
        }
      };
      return std::make_unique<Server>();
    });
    Session session(plan_of("connected", dialogue, Role::submissions), setup());
    transport.play(session, [] {});
    transport.run();
    return session.transcript().complete;
  };
  EXPECT_TRUE(submissions("do: handshake\nS: tls\nS: 220"));
  EXPECT_TRUE(submissions("do: handshake\ndo: wait 1s\nS: tls\nS: 220")) << "the greeting was there before its turn";
  const auto before = play(plan_of("greeted", "together:\n  C: STARTTLS\n  C: NOOP\nS: 220\ndo: handshake\ndo: wait 1s\nS: 250\nS: tls"),
                           but({{"STARTTLS", {send("220 go\r\n")}}, {"NOOP", {send("250 in clear\r\n"), start_tls}}}));
  EXPECT_TRUE(before.transcript.complete) << before.shown();
}

TEST(Session, OctetsOfBeforeTheHandshake) {
  const auto played =
      play(plan_of("greeted", std::string(starttls) + "tls\nC: NOOP\nS: 250"), but({{"STARTTLS", {send("220 go\r\n250-inj"), start_tls}}}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_CONTAINS(played.shown(), "s: 250-inj\n");
  EXPECT_FALSE(played.last().came.reply.anomalies.any());
}

TEST(Session, ClosedDuringTheHandshake) {
  const auto played = play(plan_of("greeted", std::string(starttls) + "tls"), but({{"STARTTLS", {send("220 go\r\n"), reset}}}));
  EXPECT_EQ(played.last().came.kind, Came::Kind::no_tls);
}

// --- several connections ----------------------------------------------------------------------------------------------------

TEST(Session, SeveralConnections) {
  const auto played = play(
      plan_of("mail", "do: open 2 at ehlo\nC2: RSET\nS2: 250\nC: RCPT TO:<{recipient}>\nS: 250\ndo2: reset\nC: NOOP\nS: 250"), but({}));
  EXPECT_TRUE(played.transcript.complete);
  std::map<int, std::string> sent;
  for (const Entry& entry : played.transcript.entries)
    if (entry.kind == Entry::Kind::sent) sent[entry.connection] += entry.octets;
  EXPECT_EQ(sent[1], "EHLO client.example.org\r\nMAIL FROM:<sender@example.org>\r\nRCPT TO:<alice@example.test>\r\nNOOP\r\nQUIT\r\n");
  EXPECT_EQ(sent[2], "EHLO client.example.org\r\nRSET\r\n");
  EXPECT_CONTAINS(played.heard, "<reset>");
}

TEST(Session, TheOtherConnectionsPreambleIsOne) {
  int opened = 0;
  MemoryTransport transport([&](Role) -> std::unique_ptr<smtp::Machine> {
    if (++opened == 2) return std::make_unique<Peer>(nullptr, "554 no more\r\n", but({}));
    return std::make_unique<Peer>(nullptr, greeting, but({}));
  });
  Session session(plan_of("greeted", "do: open 2 at ehlo\nC2: NOOP\nS2: 250"), setup());
  transport.play(session, [] {});
  transport.run();
  const Outcome& last = session.transcript().outcomes.back();
  EXPECT_EQ(last.tier, -1);
  EXPECT_TRUE(session.plan().moves.at(last.move).preamble);
}

TEST(Session, AConnectionThatWasNeverOpened) {
  const auto played = play(plan_of("greeted", "C2: NOOP\nS2: 250"), but({}));
  EXPECT_EQ(played.last().came.kind, Came::Kind::not_connected);
}

// --- AUTH -------------------------------------------------------------------------------------------------------------------

Transcript log_in(const std::string& step, Setup with,
                  std::vector<std::string> mechanisms = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
  serve::Config config;
  config.account = {"alice", "correct horse"};
  config.mechanisms = std::move(mechanisms);
  serve::MemoryStore store;
  serve::Server server(config, store, crypto::digests());
  MemoryTransport transport([&](Role role) { return server.accept(role); });
  Session session(plan_of("tls", step + "\nS: 235\nC: MAIL FROM:<{sender}>\nS: 250", Role::submission), std::move(with));
  transport.play(session, [] {});
  transport.run();
  return session.transcript();
}

TEST(Session, AuthExchanges) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    SCOPED_TRACE(mechanism);
    EXPECT_TRUE(log_in(std::string("do: auth ") + mechanism, setup()).complete);
    EXPECT_TRUE(log_in("do: auth", setup(), {mechanism}).complete) << "the one that is offered";
    auto wrong = setup();
    wrong.credentials.password = "wrong";
    const auto refused = log_in(std::string("do: auth ") + mechanism, wrong);
    EXPECT_FALSE(refused.complete);
    EXPECT_EQ(refused.outcomes.back().came.reply.code, 535);
  }
}

TEST(Session, AuthIsCancelledWhenTheChallengeIsWrong) {
  for (const char* mechanism : {"LOGIN", "CRAM-MD5", "SCRAM-SHA-256"})
    for (const char* challenge : {"334 not base64!\r\n", "334 VXNlcm5hbWU6=\r\n"}) {
      const auto played = play(plan_of("greeted", std::string("do: auth ") + mechanism + "\nS: 501"),
                               but({{"AUTH", {send(challenge)}}, {"*", {send("501 cancelled\r\n")}}}));
      EXPECT_TRUE(played.transcript.complete) << mechanism;
      EXPECT_CONTAINS(played.heard, "\r\n*\r\n");
    }
}

TEST(Session, AuthStepsAreBounded) {
  const auto played = play(plan_of("greeted", "do: auth PLAIN\nS: 235"),
                           [](const std::string& line) -> Actions { return {send(line == "*" ? "501 cancelled\r\n" : "334 \r\n")}; });
  EXPECT_CONTAINS(played.heard, "\r\n*\r\n");
  EXPECT_EQ(played.last().came.reply.code, 501);
  EXPECT_LT(played.transcript.entries.size(), 40u);
}

TEST(Session, AuthChallengesAreBounded) {
  const std::string challenge = "r=nonce" + std::string(20000, 'x') + ",s=" + smtp::encode_base64("salt") + ",i=4096";
  const auto played = play(plan_of("greeted", "do: auth SCRAM-SHA-256\nS: 235"),
                           but({{"AUTH", {send("334 " + smtp::encode_base64(challenge) + "\r\n")}}, {"*", {send("501 cancelled\r\n")}}}));
  EXPECT_CONTAINS(played.heard, "\r\n*\r\n");
}

TEST(Session, AnUnknownMechanismIsTriedByName) {
  const auto played = play(plan_of("greeted", "do: auth XNONE\nS: 504"), but({{"AUTH", {send("504 no\r\n")}}}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_CONTAINS(played.heard, "AUTH XNONE\r\n");
}

// --- secrets ----------------------------------------------------------------------------------------------------------------

// A server that repeats all it hears, and the password in forms of its own.
TEST(Session, SecretsAreMasked) {
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"})
    for (const std::string password : {"correct horse", "p\xc3\xa4ss\\word\x01", "three\"quotes"}) {
      SCOPED_TRACE(mechanism + (" " + smtp::spell(password)));
      auto with = setup();
      with.credentials.password = password;
      std::string said;
      const auto played = play(
          plan_of("greeted", std::string("do: auth ") + mechanism + "\nS: 235 or 250\nC: NOOP\nS: 250"),
          [&](const std::string& line) -> Actions {
            said += line + "\n";
            if (line == "NOOP") return {send("250-you said " + said.substr(said.find(' ') + 1, 50) + "\r\n250 and " + password + "\r\n")};
            if (line.starts_with("AUTH") && std::string_view(mechanism) == "LOGIN") return {send("334 VXNlcm5hbWU6\r\n")};
            if (line.starts_with("AUTH") && std::string_view(mechanism) == "CRAM-MD5") return {send("334 PGFiY0BkZWY+\r\n")};
            if (line == smtp::encode_base64("alice")) return {send("334 UGFzc3dvcmQ6\r\n")};
            return {send("250-" + line + "\r\n250-" + password + "\r\n250 " + smtp::encode_base64(password) + "\r\n")};
          },
          greeting, with);
      const std::string shown = played.shown();
      EXPECT_CONTAINS(shown, "***");
      EXPECT_EQ(shown.find(smtp::spell(password)), std::string::npos) << shown;
      EXPECT_EQ(shown.find(smtp::encode_base64(password)), std::string::npos) << shown;
      EXPECT_EQ(shown.find(smtp::encode_base64(std::string("\0alice\0", 7) + password)), std::string::npos) << shown;
      for (const Outcome& outcome : played.transcript.outcomes) {
        const std::string summary = describe(outcome.came);
        EXPECT_EQ(summary.find(smtp::spell(password)), std::string::npos) << summary;
      }
    }
}

TEST(Session, SecretsOfTheDialogueAreMasked) {
  const auto played = play(plan_of("greeted",
                                   "C: AUTH PLAIN {base64 \"\\0{user}\\0{password}\"}\nS: 250\nC: NOOP {password} "
                                   "{base64 \"{password}\"} {upper \"{password}\"}\nS: 250"),
                           [](const std::string& line) -> Actions { return {send("250 " + line + "\r\n")}; });
  const std::string shown = played.shown();
  EXPECT_CONTAINS(shown, "C: AUTH PLAIN ***\\r\\n");
  EXPECT_CONTAINS(shown, "C: NOOP *** *** ***\\r\\n");
  for (const std::string secret : {"correct horse", "CORRECT HORSE", "Y29ycmVjdCBob3JzZQ==", "AGFsaWNlAGNvcnJlY3QgaG9yc2U="})
    EXPECT_EQ(shown.find(secret), std::string::npos) << shown;
}

// What is there to be read only holds no secret; an entry keeps its octets, and knows.
TEST(Transcript, HidesSecrets) {
  const std::string password = "correct horse";
  const auto entry = [](Entry::Kind kind, const std::string& octets) { return Entry{.kind = kind, .octets = octets, .reply = {}}; };
  Transcript transcript;
  transcript.entries = {entry(Entry::Kind::note, "restart failed: " + password), entry(Entry::Kind::sent, "NOOP corr"),
                        entry(Entry::Kind::octets, "250-no corr"),  // which comes again
                        entry(Entry::Kind::octets, "250-no correct horse\r\n250 "), entry(Entry::Kind::sent, "ect horse\r\n")};
  transcript.tls = {13, password, {"a", password}, "not for " + password};
  transcript.outcomes.push_back({});
  transcript.outcomes.back().came = {.kind = Came::Kind::no_tls, .tls = transcript.tls, .detail = "alert: " + password};
  transcript.hide(Secrets(password));
  EXPECT_EQ(transcript.entries[3].octets, "250-no correct horse\r\n250 ");
  EXPECT_EQ(describe(transcript.outcomes.back().came), "the TLS handshake failed: alert: ***");
  const smtp::TlsFacts tls{13, "***", {"a", "***"}, "not for ***"};
  EXPECT_EQ(transcript.tls, tls);
  EXPECT_EQ(transcript.outcomes.back().came.tls, tls);
  const std::vector<std::string> shown = {"restart failed: ***", "NOOP ***", "250-no ***", R"(250-no ***\r\n250 )", R"(***\r\n)"};
  for (std::size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(transcript.entries[i].shown(), shown[i]);
    EXPECT_EQ(smtp::spell(transcript.masked().entries[i].said()), shown[i]);
  }
}

TEST(Transcript, ShowsAnEntryCut) {
  Transcript transcript;
  transcript.entries.push_back({.kind = Entry::Kind::octets, .octets = "ab\r\n" + std::string(100, 'x') + "0123456789", .reply = {}});
  transcript.hide(Secrets("0123456789"));
  const Entry& entry = transcript.entries.front();
  EXPECT_EQ(entry.shown(), R"(ab\r\n)" + std::string(100, 'x') + "***");
  EXPECT_EQ(entry.shown(5), R"(ab\r\nx... 102 more octets)");
}

// --- which reply answers what -----------------------------------------------------------------------------------------------

TEST(Session, RawOctetsLeaveItOpen) {
  const auto played = play(plan_of("greeted", "raw: NOOP\\n\nS: 250\nC: RSET\nS: 250"), but({}));
  EXPECT_EQ(played.commands(), (std::vector<std::string>{"greeting", "", "RSET", "QUIT"}));
  for (const Entry& entry : played.transcript.entries) EXPECT_FALSE(entry.unasked);
}

TEST(Session, Pipelined) {
  const auto played =
      play(plan_of("ehlo", "together:\n  C: MAIL FROM:<{sender}>\n  C: RCPT TO:<{recipient}>\n  C: RSET\nS: 250\nS: 250\nS: 250"), but({}));
  EXPECT_EQ(played.commands(), (std::vector<std::string>{"greeting", "EHLO", "MAIL", "RCPT", "RSET", "QUIT"}));
}

struct Extra {
  const char* name;
  const char* start;
  const char* dialogue;
  std::map<std::string, Actions> answers;
  int unasked;
};

// A reply too many is told from one that may have been asked for.
TEST(Session, UnaskedReplies) {
  for (const Extra& extra : std::vector<Extra>{
           {"none", "greeted", "C: NOOP\nS: 250", {}, 0},
           {"twice", "greeted", "C: NOOP\nS: 250", {{"NOOP", {send("250 a\r\n250 b\r\n")}}}, 1},
           {"twice, pipelined", "ehlo", "together:\n  C: NOOP\n  C: RSET\nS: 250\nS: 250", {{"RSET", {send("250 a\r\n250 b\r\n")}}}, 1},
           {"twice for content", "data", "content:\n  a\nS: 250", {{".", {send("250 a\r\n250 b\r\n")}}}, 1},
           {"in an exchange",
            "greeted",
            "do: auth LOGIN\nS: 250",
            {{"AUTH", {send("334 VXNlcm5hbWU6\r\n")}}, {"*", {send("250 a\r\n")}}},
            0},
           {"raw", "greeted", "raw: NOOP\\nNOOP\\n\nS: 250\ndo: wait 1s", {}, 0},
           {"two lines in one", "greeted", "C: NOOP\\r\\nRSET\nS: 250\ndo: wait 1s", {}, 0},
           {"two lines in one, pipelined", "ehlo", "together:\n  C: NOOP\\r\\nNOOP\n  C: RSET\nS: 250\nS: 250\ndo: wait 1s", {}, 0},
           {"a bare LF", "greeted", "C: NOOP\\nRSET\nS: 250\ndo: wait 1s", {}, 0},
           {"content that was not asked for", "greeted", "content:\n  NOOP\n  NOOP\nS: 250\ndo: wait 1s", {}, 0},
           {"a chunk", "rcpt", "bdat last: NOOP\\r\\nNOOP\\r\\n\nS: 500\ndo: wait 1s", {{"BDAT", {send("500 what?\r\n")}}}, 0},
           {"a long line", "greeted", "C: NOOP {\"x\" x 600}\nS: 250", {{"NOOP", {send("500 a\r\n500 b\r\n")}}}, 0},
       }) {
    SCOPED_TRACE(extra.name);
    const auto played = play(plan_of(extra.start, extra.dialogue), but(extra.answers));
    const auto unasked =
        std::count_if(played.transcript.entries.begin(), played.transcript.entries.end(), [](const Entry& entry) { return entry.unasked; });
    EXPECT_EQ(unasked, extra.unasked) << played.shown();
  }
}

// --- what a server can make the session keep --------------------------------------------------------------------------------

std::size_t count_of(const Transcript& transcript, Entry::Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(transcript.entries.begin(), transcript.entries.end(), [&](const Entry& entry) { return entry.kind == kind; }));
}

TEST(Session, CutsOffALineWithoutAnEnd) {
  Actions much;
  for (int i = 0; i < 100; ++i) much.push_back(send(std::string(32768, 'x')));
  const auto played = play(plan_of("greeted", "C: NOOP\ndo: wait 1s\nS: 250"), but({{"NOOP", much}}));
  EXPECT_CONTAINS(played.shown(), "*: cut off: the reply has no end");
  EXPECT_EQ(count_of(played.transcript, Entry::Kind::reply), 2u);
  EXPECT_TRUE(played.last().came.reply.anomalies.has(smtp::Anomaly::line_endless));
  EXPECT_CONTAINS(played.heard, "<reset>");
}

TEST(Session, CutsOffTooManyReplies) {
  std::string much;
  for (int i = 0; i < 10000; ++i) much += "250 a\r\n";
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250\ndo: wait 1s"), but({{"NOOP", {send(much), wait(1ms), send(much)}}}));
  EXPECT_EQ(count_of(played.transcript, Entry::Kind::reply), 5000u);
  EXPECT_CONTAINS(played.shown(), "*: cut off: more replies than a session can have");
}

TEST(Session, CutsOffTooManyOctets) {
  std::string reply;
  for (int i = 0; i < 1000; ++i) reply += "250-" + std::string(400, 'x') + "\r\n";
  reply += "250 a\r\n";
  Actions much;
  for (int i = 0; i < 100; ++i) {
    much.push_back(send(reply));
    much.push_back(wait(1ms));
  }
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250\ndo: wait 1s"), but({{"NOOP", much}}));
  EXPECT_CONTAINS(played.shown(), "*: cut off: more octets than a session can have");
  EXPECT_LE(count_of(played.transcript, Entry::Kind::reply), 8u);
}

// Octets that look like TLS records are counted like all others, and hide nothing behind them.
TEST(Session, RecordsInClearAreLimited) {
  const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);
  const auto unasked = [](const Played& played) {
    return std::count_if(played.transcript.entries.begin(), played.transcript.entries.end(),
                         [](const Entry& entry) { return entry.unasked; });
  };
  const auto hidden = but({{"NOOP", {send("250 a\r\n"), wait(1ms), send(alert + "250 b\r\n")}}});
  EXPECT_EQ(unasked(play(plan_of("greeted", "C: NOOP\nS: 250\ndo: wait 1s"), hidden)), 1);
  const auto behind = play(plan_of("greeted", "C: STARTTLS\nS: 250\nC: NOOP\nS: 250\ndo: wait 1s"), hidden);
  EXPECT_EQ(unasked(behind), 1);
  EXPECT_CONTAINS(behind.shown(), "s: \\x15\\x03\\x03\\0\\x02\\x02(\n");
  std::string alerts;
  for (int i = 0; i < 400; ++i) alerts += alert;
  for (const std::string& flood : {std::string(32768, '\x15'), std::string(4096, '\x15') + "\r\n", alerts}) {
    Actions much;
    for (int i = 0; i < 3000; ++i) much.push_back(send(flood));
    for (const char* verb : {"NOOP", "STARTTLS"}) {
      const auto played = play(plan_of("greeted", std::string("C: ") + verb + "\ndo: wait 1s\nS: 250"), but({{verb, much}}));
      EXPECT_NE(played.shown().find("*: cut off: "), std::string::npos) << verb;
      EXPECT_LE(played.transcript.entries.size(), 5010u);
    }
  }
}

// What the client itself sends counts for nothing.
TEST(Session, ManySegmentsAreNotManyReplies) {
  const auto played = play(plan_of("greeted", "octet by octet:\n  C: NOOP {\"x\" x 6000}\nS: 250\nC: NOOP\nS: 250"), but({}));
  EXPECT_TRUE(played.transcript.complete) << describe(played.last().came);
  EXPECT_GT(count_of(played.transcript, Entry::Kind::sent), 6000u);
}

// --- the farewell -----------------------------------------------------------------------------------------------------------

struct Farewell {
  const char* name;
  const char* start;
  const char* dialogue;
  std::map<std::string, Actions> answers;
  const char* end;  // of what the server heard
};

TEST(Session, TakesLeave) {
  for (const Farewell& farewell : std::vector<Farewell>{
           {"politely", "greeted", "C: NOOP\nS: 250", {}, "NOOP\r\nQUIT\r\n"},
           {"by a close after an unmet expectation", "greeted", "C: NOOP\nS: 550", {}, "NOOP\r\n<end>"},
           {"by a reset inside mail data", "data", "raw: text\\r\\n", {}, "text\r\n<reset>"},
           {"by a reset after half a line", "greeted", "raw: NOO", {}, "NOO<reset>"},
           {"by a reset after 354", "rcpt", "C: DATA\nS: 354", {}, "DATA\r\n<reset>"},
           {"by a close after a 421", "greeted", "C: NOOP\nS: 421", {{"NOOP", {send("421 bye\r\n")}}}, "NOOP\r\n<end>"},
           {"by a close after a 221", "greeted", "C: QUIT\nS: 221", {{"QUIT", {send("221 bye\r\n")}}}, "QUIT\r\n<end>"},
           {"by a close after a half-close", "greeted", "do: half-close", {}, "<end>"},
           {"by a close when a reply is owed", "greeted", "C: NOOP\nS: nothing", {{"NOOP", {}}}, "NOOP\r\n<end>"},
           {"by a close when a reply is left", "greeted", "C: NOOP\nS: 250", {{"NOOP", {send("250 a\r\n250 b\r\n")}}}, "NOOP\r\n<end>"},
           {"by a close before the greeting is read", "connected", "do: wait 1s", {}, "<end>"},
           {"not at all after a close", "greeted", "do: close", {}, "<end>"},
           {"not at all after a reset", "greeted", "do: reset", {}, "<reset>"},
       }) {
    SCOPED_TRACE(farewell.name);
    const auto played = play(plan_of(farewell.start, farewell.dialogue), but(farewell.answers));
    EXPECT_TRUE(played.heard.ends_with(farewell.end)) << smtp::spell(played.heard);
    EXPECT_EQ(played.heard.find("<end>"), played.heard.rfind("<end>")) << "once";
  }
}

TEST(Session, TheFarewellHasItsDeadline) {
  const auto played = play(plan_of("greeted", "C: NOOP\nS: 250"), but({{"QUIT", {}}}));
  EXPECT_EQ(played.took, Deadlines().farewell);
  EXPECT_TRUE(played.heard.ends_with("QUIT\r\n<end>"));
  const auto open = play(plan_of("greeted", "C: NOOP\nS: 250"), but({{"QUIT", {send("221 bye\r\n")}}}));
  EXPECT_EQ(open.commands().back(), "QUIT");
  EXPECT_EQ(open.took, Deadlines().farewell) << "the server may say more, or close";
}

TEST(Session, EveryConnectionTakesLeave) {
  const auto played = play(plan_of("greeted", "do: open 2 at ehlo\nC2: NOOP\nS2: 250\nC: NOOP\nS: 250"), but({}));
  std::size_t quits = 0;
  for (const Entry& entry : played.transcript.entries) quits += entry.octets == "QUIT\r\n";
  EXPECT_EQ(quits, 2u);
  EXPECT_EQ(played.took, 0us);
}

// --- restarts ---------------------------------------------------------------------------------------------------------------

TEST(Session, Restarts) {
  const auto played = play(plan_of("greeted", "do: restart target\ndo: open 2 at greeted\nC2: NOOP\nS2: 250"), but({}));
  EXPECT_TRUE(played.transcript.complete);
  EXPECT_FALSE(played.transcript.target_restart_failed);
  EXPECT_CONTAINS(played.shown(), "*: target restarted");

  Session session(plan_of("greeted", "do: restart target\nC: NOOP\nS: 250"), setup());
  Actions actions;
  session.begin(0us, actions);
  session.on({.kind = Event::Kind::opened, .connection = 1}, actions);
  session.on({.kind = Event::Kind::octets, .connection = 1, .octets = greeting}, actions);
  EXPECT_EQ(actions.at(actions.size() - 2).kind, Action::Kind::restart);
  session.on({.kind = Event::Kind::restarted, .at = 1s, .detail = "no start command"}, actions);
  EXPECT_TRUE(session.transcript().target_restart_failed);
  EXPECT_EQ(actions.at(actions.size() - 2).octets, "NOOP\r\n");
}

}  // namespace
}  // namespace smtpspec::session
