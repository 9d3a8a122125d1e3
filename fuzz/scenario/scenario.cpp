#include "fuzz/scenario/scenario.hpp"

#include <algorithm>

namespace smtpspec::fuzz {
namespace {

using smtp::Context;
using smtp::Input;
using smtp::Role;
using smtp::State;

// The command with what belongs behind it.
Act completed(Node tree, const Ground& ground, Random& random) {
  const Grammar& grammar = Grammar::instance();
  const std::string_view symbol = grammar.symbol_of(tree);
  Act act{.tree = std::move(tree)};
  if (symbol == "data") {
    act.kind = Act::Kind::data;
    act.more.push_back(grammar.generate("content", ground, random));
  } else if (symbol == "auth") {
    act.kind = Act::Kind::auth;
    for (std::size_t lines = 1 + random.below(2); lines > 0; --lines) act.more.push_back(grammar.generate("response", ground, random));
    if (random.percent(20)) grammar.mutate(act.more.front(), ground, random);
  } else if (symbol == "starttls") {
    act.kind = Act::Kind::starttls;
    if (random.percent(20)) act.more.push_back(grammar.command(random.percent(60) ? "simple" : "mail", ground, random));
  } else if (symbol == "chunk") {
    act.kind = Act::Kind::chunk;
    act.last = random.percent(50);
  }
  return act;
}

// Where to cut: at line ends and dots more often than elsewhere.
std::uint32_t place_to_cut(const Node& tree, Random& random) {
  std::string octets;
  for (const script::Piece& piece : Grammar::instance().text(tree).pieces)
    if (piece.kind == script::Piece::Kind::octets) octets += piece.text;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < octets.size(); ++i)
    if (octets[i] == '\r' || octets[i] == '\n' || octets[i] == '.') places.insert(places.end(), {i, i + 1});
  return static_cast<std::uint32_t>(places.empty() || random.percent(30) ? random.below(octets.size() + 2) : random.pick(places));
}
std::uint32_t a_place(const Act& act, Random& random) {
  return place_to_cut(act.kind == Act::Kind::data ? act.more.front() : act.tree, random);
}

class Generator {
 public:
  Generator(Role role, const Ground& ground, Random& random, const Limits& limits)
      : ground_(ground),
        random_(random),
        limits_(limits),
        context_{.role = role, .state = State::greeted, .tls = role == Role::submissions} {}

  Scenario run() {
    out_.role = context_.role;
    most_ = 2 + random_.below(limits_.acts - 1);
    const std::size_t way = random_.below(100);
    if (way < 50) aim();
    else if (way < 70) begin_anew();
    while (out_.acts.size() < most_ && context_.state != State::closed) next();
    if (out_.acts.empty()) say(plain("hello"));
    out_.acts.back().glued = false;
    return std::move(out_);
  }

 private:
  static const Grammar& grammar() { return Grammar::instance(); }
  bool offers(std::string_view keyword) const { return !ground_.offered || ground_.offered->has(keyword); }
  bool logged_in_role() const { return context_.role != Role::relay; }
  bool account() const { return !ground_.facts || (ground_.facts->has("user") && ground_.facts->has("password")); }

  // The symbol that a client in its right mind would take next.
  std::string_view sensible() {
    if (context_.state == State::greeted) return "hello";
    if (context_.state == State::ready) {
      if (logged_in_role() && !context_.tls && offers("STARTTLS")) return "starttls";
      if (logged_in_role() && !context_.authenticated && account()) return "auth";
      return random_.percent(8) && offers("STARTTLS") && !context_.tls ? "starttls" : "mail";
    }
    if (context_.state == State::mail) return "rcpt";
    if (context_.state == State::bdat) return "chunk";
    return random_.percent(30) ? "rcpt" : random_.percent(30) && offers("CHUNKING") ? "chunk" : "data";
  }

  Act plain(std::string_view symbol) { return completed(grammar().plain(symbol, ground_), ground_, random_); }

  void say(Act act) {
    move_on(act);
    out_.acts.push_back(std::move(act));
  }

  // By the shortest way to a state; there something that need not fit, and behind it what shows where the server is now.
  void aim() {
    constexpr State goals[] = {State::greeted, State::ready, State::mail, State::rcpt, State::bdat, State::rcpt};
    const State goal = random_.pick(goals);
    const bool hides = random_.percent(20);  // does without TLS, or a login
    for (int steps = 0; steps < 9 && context_.state != goal && context_.state != State::closed; ++steps) {
      if (context_.state == State::ready && goal != State::ready && hides) say(plain("mail"));
      else if (context_.state == State::rcpt && goal == State::bdat && offers("CHUNKING")) say(chunk(false));
      else say(likely());
    }
    // Greeted is also what a session is inside TLS.
    if (goal == State::greeted && random_.percent(50) && offers("STARTTLS") && !context_.tls) say(plain("starttls"));
    if (context_.role != Role::relay && goal == State::ready && !hides)
      for (int steps = 0; steps < 4 && !context_.authenticated && context_.state == State::ready; ++steps) say(likely());
    for (std::size_t rounds = 1 + random_.below(3); rounds > 0 && context_.state != State::closed; --rounds) {
      if (random_.percent(65)) anything();
      else next(30);
      if (out_.acts.back().glued) next(80);
      witness();
    }
  }

  // Each input of the model as often as the others, whether or not it has a place here.
  void anything() {
    for (int tries = 0; tries < 8; ++tries) {
      const auto input = static_cast<Input>(random_.below(smtp::input_count));
      auto tree = grammar().meaning_one(input, ground_, random_);
      if (tree) return say(completed(std::move(*tree), ground_, random_));
    }
    next(30);
  }

  // A transaction that comes to an end, one way or another, and the next, in which nothing of it may be left.
  void begin_anew() {
    for (int steps = 0; steps < 9 && !at_ease(); ++steps) say(likely());
    if (!at_ease()) return;
    for (std::size_t rounds = 1 + random_.below(2); rounds > 0; --rounds) {
      say_some("mail");
      for (std::size_t times = random_.below(4); times > 0; --times) say_some("rcpt");
      if (random_.percent(20) && offers("CHUNKING")) say(chunk(false));
      static constexpr std::string_view ends[] = {"simple", "simple", "hello", "data", "chunk", "mail", "odd"};
      const std::string_view end = random_.pick(ends);
      if (end == "simple") say({.tree = reset()});
      else if (end == "chunk" && offers("CHUNKING")) say(chunk(true));
      else if (end != "chunk") say_some(end);
    }
    say(random_.percent(60) ? plain("mail") : some("mail"));
    if (random_.percent(60)) say(plain("rcpt"));
    if (random_.percent(30) && offers("CHUNKING")) say(chunk(true));
    say(plain("data"));
    if (random_.percent(30)) witness();
  }
  bool at_ease() const { return context_.state == State::ready && (context_.role == Role::relay || context_.authenticated || !account()); }
  Act some(std::string_view symbol) {
    Node tree = grammar().command(symbol, ground_, random_);
    if (random_.percent(15) && errors_ < limits_.errors) grammar().mutate(tree, ground_, random_);
    return completed(std::move(tree), ground_, random_);
  }
  void say_some(std::string_view symbol) { say(random_.percent(30) ? plain(symbol) : some(symbol)); }
  Node reset() {
    Node tree = grammar().plain("simple", ground_);
    while (grammar().meaning(tree, {}).inputs != std::vector{Input::rset}) tree = grammar().generate("simple", ground_, random_);
    return tree;
  }

  Act likely() {
    const std::string_view symbol = sensible();
    if (symbol == "chunk") return chunk(random_.percent(50));
    Act act = plain(symbol);
    if (act.kind == Act::Kind::starttls) act.more.clear();
    if (act.kind == Act::Kind::auth) act.more = {grammar().plain("response", ground_)};
    return act;
  }

  Act chunk(bool last) {
    Act act{.kind = Act::Kind::chunk, .tree = grammar().generate("chunk", ground_, random_)};
    act.last = last;
    return act;
  }

  // Commands that are answered differently in different states.
  void witness() {
    static constexpr std::string_view shows[][3] = {{"rcpt", "data", ""}, {"mail", "rcpt", "data"}, {"simple", "rcpt", ""},
                                                    {"data", "", ""},     {"auth", "mail", ""},     {"chunk", "mail", ""},
                                                    {"mail", "", ""},     {"rcpt", "chunk", "mail"}};
    for (const std::string_view symbol : random_.pick(shows))
      if (symbol == "chunk" && offers("CHUNKING")) say(chunk(true));
      else if (!symbol.empty() && symbol != "chunk") say(plain(symbol));
  }

  // `sense`: in how many of a hundred cases what comes is what an ordinary client would say.
  void next(std::size_t sense = 72) {
    if (limits_.patient && random_.percent(2)) {
      constexpr int seconds[] = {50, 290, 1900};
      return say({.kind = Act::Kind::silence, .tree = {}, .time = std::chrono::seconds(random_.pick(seconds))});
    }
    if (limits_.restart && random_.percent(2)) return say({.kind = Act::Kind::restart, .tree = {}});
    constexpr std::string_view senseless[] = {"command", "command", "simple",  "simple",     "data", "mail",     "rcpt", "hello",
                                              "bdat",    "chunk",   "look-up", "sized-bdat", "odd",  "starttls", "auth", "look-up"};
    std::string_view symbol = random_.percent(sense) ? sensible() : random_.pick(senseless);
    if ((symbol == "sized-bdat" || symbol == "chunk") && !offers("CHUNKING")) symbol = "simple";
    Act act{.tree = grammar().command(symbol, ground_, random_)};
    symbol = grammar().symbol_of(act.tree);
    if (symbol != "chunk" && symbol != "sized-bdat" && errors_ < limits_.errors && random_.percent(22))
      grammar().mutate(act.tree, ground_, random_);
    act = completed(std::move(act.tree), ground_, random_);
    if (limits_.pipelining && random_.percent(offers("PIPELINING") ? 18 : 2) &&
        (act.kind == Act::Kind::command || act.kind == Act::Kind::chunk || act.kind == Act::Kind::data))
      act.glued = true;
    if (random_.percent(act.kind == Act::Kind::data ? 30 : 12)) act.cuts.push_back(a_place(act, random_));
    act.single = random_.percent(4);
    if (act.kind == Act::Kind::data || act.kind == Act::Kind::auth) {
      if (limits_.patient && random_.percent(8)) act.time = std::chrono::seconds(random_.percent(50) ? 290 : 1900);
      act.restarts = limits_.restart && random_.percent(4);
    }
    // Many of one kind: limits on recipients, transactions and commands.
    if (limits_.pipelining && random_.percent(1) && symbol == "rcpt" && context_.state == State::mail)
      for (int times = random_.percent(50) ? 100 : 99; times > 0; --times) {
        Act one = plain("rcpt");
        one.glued = true;
        say(std::move(one));
      }
    if (random_.below(200) == 0)
      for (int times = 0; times < 60 && context_.state != State::closed; ++times) say(symbol == "simple" ? plain("simple") : likely());
    say(std::move(act));
  }

  // Where the reference server would be behind it.
  void move_on(const Act& act) {
    if (act.kind == Act::Kind::restart || act.time > std::chrono::minutes(30)) most_ = std::min(most_, out_.acts.size() + 3);
    if (!act.says()) return;
    const auto take = [this](Input input) {
      const auto& row = smtp::model_row(context_, input);
      errors_ += row.reply.code >= 500;
      context_ = smtp::after(context_, row);
    };
    if (act.kind == Act::Kind::chunk) return take(act.last ? Input::last_chunk : Input::chunk);
    const Meaning meaning = grammar().meaning(act.tree, ground_.offered ? *ground_.offered : everything());
    if (meaning.inputs.empty()) return;
    if (meaning.validity > Validity::unusual) {
      ++errors_;
      return;
    }
    take(meaning.inputs.front());
    if (context_.state == State::data) take(Input::content);
    if (context_.state == State::auth)
      take(grammar().meaning(act.more.front(), {}).inputs.front() == Input::auth_success ? Input::auth_success : Input::auth_failure);
  }

  static const smtp::Capabilities& everything() {
    static const smtp::Capabilities all = [] {
      smtp::Capabilities out;
      for (const Production& production : productions())
        if (!production.needs.empty() && !out.has(production.needs)) out.list.push_back({std::string(production.needs), ""});
      return out;
    }();
    return all;
  }

  const Ground& ground_;
  Random& random_;
  const Limits& limits_;
  Context context_;
  Scenario out_;
  std::size_t most_ = 0;  // acts
  std::size_t errors_ = 0;
};

// Another session beside this one: opened somewhere in it, its acts among the others.
void put_beside(Scenario& scenario, std::vector<Act> acts, Random& random) {
  // What a login takes differs; on the relay the way to a state is the same everywhere.
  constexpr script::Start starts[] = {script::Start::greeted, script::Start::ehlo, script::Start::mail, script::Start::rcpt,
                                      script::Start::data};
  const script::Start at = scenario.role == Role::relay ? random.pick(starts) : script::Start::greeted;
  // One that is lost, and the servers have to forget it.
  if (at == script::Start::data) acts.clear();
  if (at == script::Start::data || random.percent(25)) acts.push_back({.kind = Act::Kind::hang_up, .tree = {}});
  std::size_t place = random.below(scenario.acts.size() + 1);
  const auto put = [&](Act act) {
    act.connection = 2;
    act.glued = false;
    scenario.acts.insert(scenario.acts.begin() + static_cast<std::ptrdiff_t>(place), std::move(act));
    place += 1 + random.below(std::min<std::size_t>(3, scenario.acts.size() - place));
  };
  put({.kind = Act::Kind::open, .tree = {}, .at = at});
  for (Act& act : acts) put(std::move(act));
}

}  // namespace

Scenario generate(Role role, const Ground& ground, Random& random, const Limits& limits) {
  Scenario out = Generator(role, ground, random, limits).run();
  if (random.percent(12)) put_beside(out, Generator(role, ground, random, limits).run().acts, random);
  return out;
}

int connections_of(const Scenario& scenario) {
  int most = 1;
  for (const Act& act : scenario.acts) most = std::max(most, act.connection);
  return most;
}

void mutate(Scenario& scenario, const Ground& ground, Random& random) {
  const Grammar& grammar = Grammar::instance();
  auto& acts = scenario.acts;
  const std::size_t at = random.below(acts.size());
  switch (random.below(9)) {
    case 0: acts.insert(acts.begin() + static_cast<std::ptrdiff_t>(at), acts[random.below(acts.size())]); break;
    case 1:
      if (acts.size() > 1) acts.erase(acts.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2: std::swap(acts[at], acts[random.below(acts.size())]); break;
    case 3:
      acts.insert(acts.begin() + static_cast<std::ptrdiff_t>(at), completed(grammar.command("command", ground, random), ground, random));
      break;
    case 4: acts[at].glued = !acts[at].glued && (acts[at].kind == Act::Kind::command || acts[at].kind == Act::Kind::chunk); break;
    case 5:
      if (acts[at].says()) acts[at].cuts.push_back(a_place(acts[at], random));
      break;
    case 6: acts[at].single = !acts[at].single && acts[at].says(); break;
    case 7:
      if (!acts[at].more.empty()) {
        grammar.mutate(random.pick(acts[at].more), ground, random);
        break;
      }
      [[fallthrough]];
    default:
      if (acts[at].kind != Act::Kind::chunk && acts[at].says()) grammar.mutate(acts[at].tree, ground, random);
  }
  acts.back().glued = false;
}

void splice(Scenario& scenario, const Scenario& other, Random& random) {
  auto& acts = scenario.acts;
  // From one place to another, or to the end.
  const auto stretch = [&random](const std::vector<Act>& of) {
    const std::size_t begin = random.below(of.size());
    return std::pair(begin, random.percent(50) ? of.size() : begin + 1 + random.below(of.size() - begin));
  };
  const auto [from, to] = stretch(other.acts);
  auto [begin, end] = stretch(acts);
  if (random.percent(30)) end = begin;
  const auto at = acts.erase(acts.begin() + static_cast<std::ptrdiff_t>(begin), acts.begin() + static_cast<std::ptrdiff_t>(end));
  acts.insert(at, other.acts.begin() + static_cast<std::ptrdiff_t>(from), other.acts.begin() + static_cast<std::ptrdiff_t>(to));
  acts.back().glued = false;
}

}  // namespace smtpspec::fuzz
