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

class Generator {
 public:
  Generator(Role role, const Ground& ground, Random& random, const Limits& limits)
      : ground_(ground),
        random_(random),
        limits_(limits),
        context_{.role = role, .state = State::greeted, .tls = role == Role::submissions} {}

  Scenario run() {
    Scenario out{.role = context_.role, .acts = {}};
    const std::size_t acts = 2 + random_.below(limits_.acts - 1);
    while (out.acts.size() < acts && context_.state != State::closed) out.acts.push_back(next());
    out.acts.back().glued = false;
    return out;
  }

 private:
  static const Grammar& grammar() { return Grammar::instance(); }
  bool offers(std::string_view keyword) const { return !ground_.offered || ground_.offered->has(keyword); }
  bool logged_in_role() const { return context_.role != Role::relay; }
  bool account() const { return !ground_.facts || (ground_.facts->has("user") && ground_.facts->has("password")); }

  // The symbol that a client in its right mind would take next.
  std::string_view sensible() {
    if (context_.state == State::greeted || (context_.tls && !context_.extended && context_.state == State::greeted)) return "hello";
    if (context_.state == State::ready) {
      if (logged_in_role() && !context_.tls && offers("STARTTLS")) return "starttls";
      if (logged_in_role() && !context_.authenticated && account()) return "auth";
      return random_.percent(8) && offers("STARTTLS") && !context_.tls ? "starttls" : "mail";
    }
    if (context_.state == State::mail) return "rcpt";
    if (context_.state == State::bdat) return "chunk";
    return random_.percent(30) ? "rcpt" : random_.percent(30) && offers("CHUNKING") ? "chunk" : "data";
  }

  Act next() {
    constexpr std::string_view senseless[] = {"command", "command", "command", "simple", "data",     "mail",
                                              "rcpt",    "hello",   "bdat",    "chunk",  "starttls", "auth"};
    std::string_view symbol = random_.percent(72) ? sensible() : random_.pick(senseless);
    Act act{.tree = grammar().command(symbol, ground_, random_)};
    symbol = grammar().symbol_of(act.tree);
    if (symbol != "chunk" && errors_ < limits_.errors && random_.percent(22)) grammar().mutate(act.tree, ground_, random_);
    act = completed(std::move(act.tree), ground_, random_);
    if (limits_.pipelining && random_.percent(18) && (act.kind == Act::Kind::command || act.kind == Act::Kind::chunk)) act.glued = true;
    if (random_.percent(12)) act.cuts.push_back(static_cast<std::uint32_t>(random_.below(40)));
    move_on(act);
    return act;
  }

  // Where the reference server would be behind it.
  void move_on(const Act& act) {
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
  std::size_t errors_ = 0;
};

}  // namespace

Scenario generate(Role role, const Ground& ground, Random& random, const Limits& limits) {
  return Generator(role, ground, random, limits).run();
}

void mutate(Scenario& scenario, const Ground& ground, Random& random) {
  const Grammar& grammar = Grammar::instance();
  auto& acts = scenario.acts;
  const std::size_t at = random.below(acts.size());
  switch (random.below(8)) {
    case 0: acts.insert(acts.begin() + static_cast<std::ptrdiff_t>(at), acts[random.below(acts.size())]); break;
    case 1:
      if (acts.size() > 1) acts.erase(acts.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2: std::swap(acts[at], acts[random.below(acts.size())]); break;
    case 3:
      acts.insert(acts.begin() + static_cast<std::ptrdiff_t>(at), completed(grammar.command("command", ground, random), ground, random));
      break;
    case 4: acts[at].glued = !acts[at].glued && (acts[at].kind == Act::Kind::command || acts[at].kind == Act::Kind::chunk); break;
    case 5: acts[at].cuts.push_back(static_cast<std::uint32_t>(random.below(80))); break;
    case 6:
      if (!acts[at].more.empty()) {
        grammar.mutate(random.pick(acts[at].more), ground, random);
        break;
      }
      [[fallthrough]];
    default:
      if (acts[at].kind != Act::Kind::chunk) grammar.mutate(acts[at].tree, ground, random);
  }
  acts.back().glued = false;
}

}  // namespace smtpspec::fuzz
