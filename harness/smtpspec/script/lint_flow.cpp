#include <algorithm>
#include <deque>
#include <functional>
#include <span>

#include "smtpspec/script/lint_parts.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr int most_errors = 3;  // refused commands on one connection: servers hang up at 5, 10, 26

// A command, or the greeting, that has no reply yet.
struct Owed {
  const Step* step = nullptr;
  std::vector<Use> uses{};
};

struct Connection {
  enum class End : std::uint8_t { none, half_closed, leaving, closed };
  End end = End::none;
  bool tls_first = false;           // implicit TLS, and no handshake yet
  bool data = false;                // 354 came
  bool unknown = false;             // raw octets were sent, so that nobody knows how many replies are owed
  const Step* handshake = nullptr;  // whose result nothing has awaited yet
  std::deque<Owed> owed{};
  int refusals = 0;
};

bool leaves_block(const Tier& tier) { return tier.ends == Ends::block; }

bool acts_on_connection(const Step& step) {
  return step.kind != Step::Kind::act || (step.act != Step::Act::open && step.act != Step::Act::wait && step.act != Step::Act::restart);
}

bool writes(const Step& step) {
  return step.sends() || step.kind == Step::Kind::check || (step.kind == Step::Kind::act && acts_on_connection(step));
}

bool is_http(const Template& text) {
  const std::string line = smtp::to_upper(print_template(text));
  return line.starts_with("GET ") || line.starts_with("POST ") || line.starts_with("HEAD ");
}

// Steps in order: what is sent has to be answered, what is answered has to be asked.
struct Flow {
  Linter& linter;
  const bool twin;
  std::map<int, Connection> connections{};
  std::vector<std::string> asked{};  // keywords that the EHLO reply was asked for
  const Step* last_sent = nullptr;
  bool over = false;  // no grade of the last expectation went on

  Connection opened(Start start) const {
    const auto& roles = linter.test.roles;
    Connection out;
    if (start == Start::connected) {
      out.owed.push_back({});  // the greeting
      out.tls_first = std::find(roles.begin(), roles.end(), smtp::Role::submissions) != roles.end();
    }
    out.data = start == Start::data;
    return out;
  }

  void run(const std::vector<Step>& steps) {
    connections[1] = opened(start_of(linter.test, *linter.row));
    all(steps);
    ending(steps);
  }

  void all(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (step.kind == Step::Kind::remark) continue;
      if (step.kind == Step::Kind::times) {
        block(step);
        continue;
      }
      if (over) linter.say("no grade of the expectation above goes on to this step", step.place);
      over = false;
      one(step, reached(step));
      if (step.sends()) last_sent = &step;
    }
  }

  void block(const Step& step) {
    for (int i = 0; i < step.count; ++i) all(step.inside);
    over = over && std::none_of(step.inside.begin(), step.inside.end(), [&](const Step& inner) {
             return std::any_of(inner.expect.tiers.begin(), inner.expect.tiers.end(), leaves_block);
           });
  }

  // The step's connection, which has to be there.
  Connection& reached(const Step& step) {
    const std::string number = std::to_string(step.connection);
    const auto found = connections.find(step.connection);
    if (found == connections.end()) {
      linter.say("connection " + number + " is not open; 'do: open " + number + " at ehlo' opens it", step.place);
      return connections[step.connection];
    }
    Connection& connection = found->second;
    if (!acts_on_connection(step)) return connection;
    if (connection.end == Connection::End::closed)
      linter.say("connection " + number + " was closed above; another one is opened by 'do: open'", step.place);
    else if (connection.end == Connection::End::half_closed && writes(step))
      linter.say("the client has ended its side of connection " + number + " above", step.place);
    else if (connection.end == Connection::End::leaving && writes(step) && step.act != Step::Act::close && step.act != Step::Act::reset)
      linter.say("the server has said goodbye on connection " + number + " above; only 'S: close' can follow", step.place);
    if (connection.end == Connection::End::closed) connection.end = Connection::End::none;
    if (writes(step)) unawaited(connection);
    return connection;
  }

  void unawaited(Connection& connection) {
    if (connection.handshake)
      linter.say("what becomes of the handshake meets the next expectation: 'S: tls' or 'S: no tls' is missing behind it",
                 connection.handshake->place);
    connection.handshake = nullptr;
  }

  void one(const Step& step, Connection& connection) {
    switch (step.kind) {
      case Step::Kind::together: together(step, connection); break;
      case Step::Kind::expect: expect(step, connection); break;
      case Step::Kind::act: act(step, connection); break;
      default: send(step, connection);
    }
  }

  void send(const Step& step, Connection& connection) {
    switch (step.kind) {
      case Step::Kind::line:
        connection.owed.push_back({&step, uses(linter, step.text, asked)});
        if (is_http(step.text)) linter.say("HTTP-like lines make servers hang up in self-defence; choose another unknown verb", step.place);
        break;
      case Step::Kind::chunk:
        // Who does not know BDAT takes the chunk for commands: no answer makes that right.
        unlawful(step, uses(linter, {{{Piece::Kind::octets, "BDAT"}}}, asked));
        connection.owed.push_back({&step});
        break;
      case Step::Kind::raw:
        if (!connection.data) unlawful(step, uses(linter, step.text, asked));
        connection.unknown = true;
        break;
      case Step::Kind::message:
      case Step::Kind::content:
        if (!connection.data)
          linter.say("a message needs a 354 in front of it: 'S: 354', where every other grade ends the case or is inconclusive",
                     step.place);
        connection.data = !step.ended;
        if (step.ended) connection.owed.push_back({&step});
        else connection.unknown = true;
        break;
      default: break;
    }
  }

  void unlawful(const Step& step, const std::vector<Use>& found) {
    for (const Use& use : found)
      linter.say(use.what + " needs 'requires: [" + use.keyword + "]': what a server does not offer it may refuse", step.place);
  }

  void together(const Step& step, Connection& connection) {
    const std::size_t before = connection.owed.size();
    bool tls = false;
    for (const Step& inner : step.inside) {
      const auto steps = inner.kind == Step::Kind::times ? std::span(inner.inside) : std::span(&inner, 1);
      for (int i = 0; i < std::max(inner.count, 1); ++i)
        for (const Step& sent : steps) send(sent, connection);
      tls = tls || std::any_of(steps.begin(), steps.end(),
                               [](const Step& sent) { return smtp::to_upper(print_template(sent.text)).starts_with("STARTTLS"); });
    }
    // What stands behind STARTTLS in the same write has to be thrown away: it may go without an answer.
    if (tls) connection.unknown = true;
    if (connection.owed.size() - before > 1 && !linter.requires_keyword("PIPELINING") && !linter.test.tagged("smuggling") && !tls)
      linter.say("several commands in one write need 'requires: [PIPELINING]': servers that do not offer it may refuse them", step.place);
  }

  void act(const Step& step, Connection& connection) {
    switch (step.act) {
      case Step::Act::handshake:
        connection.handshake = &step;
        connection.tls_first = false;
        break;
      case Step::Act::half_close: connection.end = Connection::End::half_closed; break;
      case Step::Act::close:
      case Step::Act::reset: connection.end = Connection::End::closed; break;
      case Step::Act::auth: connection.owed.push_back({&step}); break;
      case Step::Act::restart:
        if (!linter.requires_fact("restart")) linter.say("'do: restart target' needs 'requires: [restart]'", step.place);
        break;
      case Step::Act::open: {
        const auto found = connections.find(step.other);
        if (found != connections.end() && found->second.end != Connection::End::closed)
          linter.say("connection " + std::to_string(step.other) + " is open already", step.place);
        linter.start(step.at, step.place);
        connections[step.other] = opened(step.at);
        break;
      }
      case Step::Act::wait: break;
    }
  }

  void expect(const Step& step, Connection& connection) {
    const auto& tiers = step.expect.tiers;
    tls_result(step, connection);
    // The first tier says what is expected; the others may name what comes unasked, a 421 for instance.
    const auto& expected = tiers.front().answers;
    if (std::any_of(expected.begin(), expected.end(), is_reply)) {
      const bool only = std::all_of(expected.begin(), expected.end(), is_reply);
      if (only && connection.tls_first)
        linter.say("on submissions TLS comes before the greeting: 'do: handshake' and 'S: tls', or 'roles: [relay, submission]'",
                   step.place);
      connection.tls_first = false;
      if (!connection.owed.empty()) answered(step, connection);
      else if (only && !connection.unknown) linter.say("nothing was sent that this reply could answer", step.place);
    }
    const Answer& first = expected.front();
    if (first.kind == Answer::Kind::codes &&
        std::all_of(first.codes.members.begin(), first.codes.members.end(), [](const auto& code) { return code.code >= 500; }) &&
        ++connection.refusals > most_errors)
      linter.say("more than three refused commands on one connection: servers hang up on that", step.place);
    if (std::any_of(tiers.begin(), tiers.end(), leaves_block) && !connection.owed.empty())
      linter.say("where this ends the block, the reply to a command above it is still owed", step.place);
    afterwards(step.expect, connection);
  }

  void answered(const Step& step, Connection& connection) {
    const Owed owed = std::move(connection.owed.front());
    connection.owed.pop_front();
    std::vector<Use> found;
    for (const Use& use : owed.uses)
      if (!notes_refusal(step.expect, use)) found.push_back(use);
    if (owed.step) unlawful(*owed.step, found);
  }

  void tls_result(const Step& step, Connection& connection) {
    const bool about_tls = std::any_of(step.expect.tiers.begin(), step.expect.tiers.end(), [](const Tier& tier) {
      return std::any_of(tier.answers.begin(), tier.answers.end(),
                         [](const Answer& a) { return a.kind == Answer::Kind::tls || a.kind == Answer::Kind::no_tls; });
    });
    if (about_tls && !connection.handshake)
      linter.say("no handshake was begun that this could be about; 'do: handshake' begins one", step.place);
    if (about_tls) connection.handshake = nullptr;
    // What was asked before the handshake is answered in front of its result.
    else if (connection.owed.empty() && !connection.unknown) unawaited(connection);
  }

  // What is known of the connection when the play goes on.
  void afterwards(const Expect& expect, Connection& connection) {
    std::vector<const Answer*> answers;
    for (const Tier& tier : expect.tiers)
      for (const Answer& answer : tier.answers)
        if (goes_on(tier)) answers.push_back(&answer);
    over = answers.empty();
    if (over) return;
    const auto all = [&](const auto& test) {
      return std::all_of(answers.begin(), answers.end(), [&](const Answer* a) { return test(*a); });
    };
    const auto closes = [](const Answer& a) { return a.kind == Answer::Kind::close; };
    const auto has_only = [](const Answer& a, int code) {
      return a.kind == Answer::Kind::codes && std::all_of(a.codes.members.begin(), a.codes.members.end(),
                                                          [&](const auto& member) { return member.code == code && member.width == 3; });
    };
    if (all(closes)) connection.end = Connection::End::closed;
    else if (all([&](const Answer& a) { return closes(a) || has_only(a, 221); })) connection.end = Connection::End::leaving;
    else if (all([&](const Answer& a) { return closes(a) || has_only(a, 354); })) connection.data = true;
    for (const Answer::Keyword& keyword : answers.front()->keywords)
      if (all([&](const Answer& a) {
            return std::any_of(a.keywords.begin(), a.keywords.end(), [&](const auto& k) { return k.keyword == keyword.keyword; });
          }))
        asked.push_back(keyword.keyword);
  }

  void ending(const std::vector<Step>& steps) {
    for (auto& [number, connection] : connections) {
      unawaited(connection);
      for (const Owed& owed : connection.owed)
        if (connection.unknown && owed.step) unlawful(*owed.step, owed.uses);
      const std::size_t count = connection.owed.size();
      if (count > 0 && !connection.unknown && last_sent)
        linter.say("the dialogue ends with " + std::to_string(count) + " unanswered command" + (count == 1 ? "" : "s") +
                       "; say what the server answers",
                   last_sent->place);
    }
    std::vector<const Step*> played;
    for (const Step& step : steps)
      if (step.kind != Step::Kind::remark) played.push_back(&step);
    const std::function<bool(const Step&)> asks = [&](const Step& step) {
      return step.kind == Step::Kind::expect || step.kind == Step::Kind::check ||
             (step.kind == Step::Kind::times && std::any_of(step.inside.begin(), step.inside.end(), asks));
    };
    if (std::none_of(steps.begin(), steps.end(), asks))
      linter.say("the dialogue expects nothing, so that it cannot fail", steps.front().place);
    // A twin does as its case does.
    if (!twin && played.size() > 2) farewell(*played[played.size() - 2], *played.back());
  }

  // The session takes leave by itself. A QUIT that is tested says more than that 221 comes, or names its requirement.
  void farewell(const Step& quit, const Step& reply) {
    static const Expect plain = *parse_expect("221");
    if (quit.kind == Step::Kind::line && print_template(quit.text) == "QUIT" && reply.kind == Step::Kind::expect && reply.expect == plain)
      linter.say("the session takes leave with QUIT by itself; a case about QUIT goes on to 'S: close' or names the requirement",
                 quit.place);
  }
};

}  // namespace

void lint_flow(Linter& linter, const std::vector<Step>& steps, bool twin) { Flow{linter, twin}.run(steps); }

}  // namespace smtpspec::script
