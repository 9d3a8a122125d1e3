#include "fuzz/inprocess/inprocess.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "fuzz/campaign/finding.hpp"
#include "fuzz/campaign/shorten.hpp"
#include "fuzz/inprocess/requirements.hpp"
#include "fuzz/report/report.hpp"
#include "fuzz/scenario/text.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/run/profile.hpp"

namespace smtpspec::fuzz {
namespace {

using smtp::Action;
using smtp::Event;
using smtp::Role;

constexpr std::size_t most_plays = 200;  // to shorten a finding

// What libFuzzer counts as coverage beside the program's own: which states of the server model were seen with which replies. It guides
// the search also where the server is not instrumented.
#if defined(__linux__) && defined(__clang__)
[[gnu::section("__libfuzzer_extra_counters"), gnu::used]]
#endif
std::array<std::uint8_t, 1 << 14> visited;

class FunctionMachine final : public smtp::Machine {
 public:
  FunctionMachine(Connection connection, bool tls_first) : connection_(std::move(connection)), tls_first_(tls_first) {}

  void on(const Event& event, smtp::Actions& actions) override {
    switch (event.kind) {
      case Event::Kind::opened:
        if (tls_first_) actions.push_back({.kind = Action::Kind::start_tls, .connection = event.connection});
        else hear({}, event.connection, actions);
        break;
      case Event::Kind::octets:
        if (!event.octets.empty()) hear(event.octets, event.connection, actions);
        break;
      case Event::Kind::tls_up:
        if (std::exchange(tls_first_, false)) hear({}, event.connection, actions);
        break;
      case Event::Kind::ended:
      case Event::Kind::tls_failed: leave(event.connection, actions); break;
      case Event::Kind::broken: connection_ = {}; break;
      default: break;
    }
  }

 private:
  void hear(std::string_view octets, int number, smtp::Actions& actions) {
    if (!connection_) return;
    std::string reply;
    const Then then = connection_(octets, reply);
    if (!reply.empty()) actions.push_back({.connection = number, .octets = std::move(reply)});
    if (then == Then::start_tls) actions.push_back({.kind = Action::Kind::start_tls, .connection = number});
    else if (then == Then::close) leave(number, actions);
  }
  void leave(int number, smtp::Actions& actions) {
    if (connection_) actions.push_back({.kind = Action::Kind::close, .connection = number});
    connection_ = {};
  }

  Connection connection_;
  bool tls_first_;
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "smtpspec: %s\n", why.c_str());
  std::_Exit(2);  // and no crash, which the engine would make of another end
}

script::Registry embedded_registry() {
  script::Registry out;
  for (const RequirementFile& file : requirement_files())
    if (const auto added = out.add(std::string(file.text), std::string(file.name)); !added) give_up(added.error().message);
  return out;
}

// FNV-1a: the same octets, the same scenario.
std::uint64_t digest(std::string_view text) {
  std::uint64_t out = 0xcbf29ce484222325u;
  for (const char c : text) out = (out ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return out;
}

// What a finding is known by: "fuzz/reply-is-lawful RCPT 250".
std::string name_of(const judge::Finding& finding) {
  std::string out = key(finding);
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

// Nobody restarts a server that is linked.
void leave_out_restarts(Scenario& scenario) {
  std::erase_if(scenario.acts, [](const Act& act) { return act.kind == Act::Kind::restart; });
  for (Act& act : scenario.acts) act.restarts = false;
}

}  // namespace

std::unique_ptr<smtp::Machine> machine(Connection connection, bool tls_first) {
  return std::make_unique<FunctionMachine>(std::move(connection), tls_first);
}

struct InProcess::State {
  explicit State(ServerUnderTest under_test) : server(std::move(under_test)), registry(embedded_registry()) {
    if (!server.accept || server.roles.empty()) give_up("a server under test has `accept` and a role");
    run::Profile profile;
    for (const auto& [name, value] : server.facts) {
      if (!script::find_fact(name)) give_up("there is no fact '" + name + "'");
      profile.facts.values[name] = value;
      if (name == "user" || name == "password") continue;
      if (const auto good = run::check_fact(name, value); !good) give_up(name + ": " + good.error().message);
    }
    const std::string user(profile.facts.get("user")), password(profile.facts.get("password"));
    if (!user.empty() || !password.empty())
      if (const auto good = run::set_account(profile, user, password); !good) give_up(good.error().message);
    run::complete_facts(profile, "t");
    target = {server.roles, std::move(profile.facts), {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}};
    // In virtual time the longest waits cost nothing.
    target.setup.deadlines.greeting = target.setup.deadlines.reply = std::chrono::minutes(5);
    target.setup.deadlines.data = std::chrono::minutes(10);
    for (const Role role : server.roles) ask_offer(role);
  }

  void ask_offer(Role role) {
    const Scenario hello{role, {Act{.tree = Grammar::instance().plain("hello", ground(role))}}};
    const auto played = play(hello, 0);
    const bool greeted = played && !played->evaluation.answers.empty() && played->evaluation.answers.front().code == 250;
    if (!greeted) {
      std::string came;
      if (played)
        for (const auto& entry : played->transcript.entries) came += "\n  " + entry.shown(200);
      give_up("the server under test (" + std::string(to_string(role)) + ") does not accept an EHLO:" + came);
    }
    offered[role] = played->transcript.offered;
  }

  Ground ground(Role role) const {
    const auto offer = offered.find(role);
    return {&target.facts, offer == offered.end() ? nullptr : &offer->second};
  }

  std::optional<Played> play(const Scenario& scenario, std::uint64_t number) const {
    if (server.fresh) server.fresh();
    session::MemoryTransport transport(server.accept);
    return play_alone(scenario, target, transport, registry, number);
  }

  Scenario generated(Random& random) const {
    const Role role = server.roles[random.below(server.roles.size())];
    return generate(role, ground(role), random, {.patient = server.patient});
  }

  // The scenario of the octets; without acts for one of a role that the server has not.
  std::optional<Scenario> read(std::string_view input) const {
    auto scenario = from_text(input, "");
    if (!scenario) return std::nullopt;
    if (std::find(server.roles.begin(), server.roles.end(), scenario->role) == server.roles.end()) scenario->acts.clear();
    leave_out_restarts(*scenario);
    return std::move(*scenario);
  }
  Scenario meant_by(std::string_view input) const {
    if (auto scenario = read(input)) return std::move(*scenario);
    Random random(digest(input));
    return generated(random);
  }

  // The text, of so many octets at most: acts at its end are left out. Where even a small scenario has no room, octets that stand for one.
  static std::string written(Scenario scenario, std::size_t most, Random& random) {
    std::string text = to_text(scenario);
    while (text.size() > most && scenario.acts.size() > 1) {
      scenario.acts.resize(scenario.acts.size() - std::max<std::size_t>(scenario.acts.size() / 4, 1));
      scenario.acts.back().glued = false;
      text = to_text(scenario);
    }
    if (text.size() <= most) return text;
    std::string seed;
    for (std::size_t size = std::min<std::size_t>(most, 8); size > 0; --size) seed += static_cast<char>(random.next());
    return seed;
  }

  bool accuses(const judge::Finding& finding) const {
    return finding.verdict == judge::Verdict::fail && !finding.by_letter &&
           std::find(server.waived.begin(), server.waived.end(), name_of(finding)) == server.waived.end();
  }

  const judge::Finding* find(const Evaluation& evaluation, const std::string& what) const {
    const auto found = std::find_if(evaluation.findings.begin(), evaluation.findings.end(),
                                    [&](const judge::Finding& one) { return accuses(one) && name_of(one) == what; });
    return found == evaluation.findings.end() ? nullptr : &*found;
  }

  // The scenario played anew, where it shows the finding and the reference server does not.
  std::optional<Played> confirmed(const Scenario& scenario, const std::string& what) {
    auto played = play(scenario, ++serial);
    if (!played || !find(played->evaluation, what)) return std::nullopt;
    for (const auto& finding : control(scenario, target, registry).findings)
      if (name_of(finding) == what) return std::nullopt;
    return played;
  }

  std::string told(const Scenario& scenario, const std::string& what) {
    auto best = confirmed(scenario, what);
    if (!best) return "";
    Shortening shortening(scenario, ground(scenario.role), most_plays);
    while (const auto candidate = shortening.next()) {
      auto played = confirmed(*candidate, what);
      shortening.tried(played.has_value());
      if (played) best = std::move(played);
    }
    Report report;
    report.findings.push_back({.finding = *find(best->evaluation, what),
                               .scenario = shortening.best(),
                               .origin = "in process",
                               .acts_before = scenario.acts.size(),
                               .transcript = best->transcript.masked(),
                               .answers = best->evaluation.answers});
    const Found& found = report.findings.front();
    std::string out = "smtpspec: " + what + "\n\n" + report::terminal_test(as_run(report, {}).tests.back(), registry, {});
    out += "\n--- " + name_of(found) + ".yaml, of " + std::to_string(found.acts_before) + " acts shortened to " +
           std::to_string(found.scenario.acts.size()) + "\n" + as_case(found, registry, found.origin);
    return out + "\n--- the same as an input\n" + to_text(found.scenario) + "\n--- to go on without it: .waived = {\"" + what + "\"}\n";
  }

  ServerUnderTest server;
  script::Registry registry;
  Target target;
  std::map<Role, smtp::Capabilities> offered;
  std::uint64_t serial = 0;  // of the last play of an input
};

InProcess::InProcess(ServerUnderTest server) : state_(std::make_unique<State>(std::move(server))) {}
InProcess::~InProcess() = default;

std::string InProcess::play(std::string_view input) {
  const Scenario scenario = state_->meant_by(input);
  if (scenario.acts.empty()) return "";
  state_->serial = 0;
  const auto played = state_->play(scenario, 0);
  if (!played) return "";  // it names what the server has not
  for (const Visit& visit : played->evaluation.visits) visited[novelty(visit) % visited.size()] = 1;
  for (const auto& finding : played->evaluation.findings)
    if (state_->accuses(finding))
      if (std::string what = state_->told(scenario, name_of(finding)); !what.empty()) return what;
  return "";
}

std::string InProcess::mutate(std::string_view input, std::size_t most, unsigned seed) const {
  Random random(seed, digest(input));
  auto scenario = state_->read(input);
  if (!scenario || scenario->acts.empty() || random.percent(20)) scenario = state_->generated(random);
  else
    for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) fuzz::mutate(*scenario, state_->ground(scenario->role), random);
  return state_->written(std::move(*scenario), most, random);
}

std::string InProcess::cross_over(std::string_view one, std::string_view other, std::size_t most, unsigned seed) const {
  Random random(seed, digest(one) ^ digest(other));
  auto first = state_->read(one);
  const auto second = state_->read(other);
  if (!first || !second || first->acts.empty() || second->acts.empty()) return mutate(one, most, seed);
  splice(*first, *second, random);
  return state_->written(std::move(*first), most, random);
}

}  // namespace smtpspec::fuzz
