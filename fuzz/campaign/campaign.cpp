#include "fuzz/campaign/campaign.hpp"

#include <deque>
#include <unordered_set>

#include "fuzz/campaign/shorten.hpp"
#include "fuzz/oracle/compare.hpp"
#include "smtpspec/selftest/reference.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::fuzz {
namespace {

using session::Session;
using smtp::Role;

constexpr int reproductions = 2;  // beside the first sight
constexpr int most_unheard = 20;
constexpr std::size_t most_of_corpus = 4096;

// A scenario as it is played.
struct Playing {
  Scenario scenario;
  Rendered rendered;
  std::unique_ptr<Session> session;
  std::function<void(Playing&, Evaluation)> then;
};

Result<std::unique_ptr<Playing>> prepare(Scenario scenario, script::Facts facts, const session::Setup& setup, std::uint64_t serial) {
  auto out = std::make_unique<Playing>();
  out->scenario = std::move(scenario);
  out->rendered = render(out->scenario);
  facts.values["token"] = std::string(facts.get("token")) + "x" + std::to_string(serial);
  const script::Case& test = out->rendered.test;
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), out->scenario.role, facts);
  if (!plan) return tl::unexpected(plan.error());
  session::Setup own = setup;
  own.credentials = {std::string(facts.get("user")), std::string(facts.get("password"))};
  own.nonce += std::to_string(serial);
  out->session = std::make_unique<Session>(std::move(*plan), std::move(own));
  return out;
}

Evaluation evaluation_of(const Playing& play, const script::Registry& registry) {
  return evaluate(play.scenario, play.rendered, play.session->plan(), play.session->transcript(), registry);
}

const judge::Finding* find(const Evaluation& evaluation, const std::string& wanted) {
  for (const auto& finding : evaluation.findings)
    if (key(finding) == wanted) return &finding;
  return nullptr;
}

// The scenario as it is played on the reference server; nullptr where that one lacks a fact.
std::unique_ptr<Playing> on_reference(const Scenario& scenario, const Target& target) {
  serve::MemoryStore store;
  // Silence of the client counts only when it outlasts all that a scenario waits for.
  serve::Server server({.idle = std::chrono::minutes(30)}, store, target.setup.digests);
  session::MemoryTransport transport([&server](Role role) { return server.accept(role); },
                                     [&server] {
                                       server.restart();
                                       return std::string();
                                     });
  run::Profile profile = selftest::reference_profile(server.config());
  complete_facts(profile, "control");
  auto play = prepare(scenario, profile.facts, target.setup, 0);
  if (!play) return {};
  transport.play(*(*play)->session, [] {});
  transport.run();
  return std::move(*play);
}

}  // namespace

Evaluation control(const Scenario& scenario, const Target& target, const script::Registry& registry) {
  const auto play = on_reference(scenario, target);
  return play ? evaluation_of(*play, registry) : Evaluation{};
}

struct Campaign::State {
  State(Target of, session::Transport& by, const script::Registry& with, Options how, std::function<void(const Report&)> progress_to)
      : target(std::move(of)), transport(by), registry(with), options(how), progress(std::move(progress_to)), next(how.first) {}

  Report run() {
    began = transport.now();
    asking = target.roles.size();
    for (const Role role : target.roles) ask_offer(role);
    if (options.time.count() > 0) transport.after(last(), [this] { transport.stop(); });
    transport.run();
    out.time = transport.now() - began;
    out.corpus = corpus.size();
    return std::move(out);
  }

  void ask_offer(Role role) {
    Random none(0);
    Scenario hello{role, {Act{.tree = Grammar::instance().command("hello", ground(role), none)}}};
    play(std::move(hello), [this, role](const Playing& played, const Evaluation&) {
      out.offered[role] = played.session->transcript().offered;
      if (--asking == 0) fill();
    });
  }

  Ground ground(Role role) const {
    const auto offer = out.offered.find(role);
    return {&target.facts, offer == out.offered.end() ? nullptr : &offer->second};
  }

  bool over() const {
    return stopping || next - options.first >= options.scenarios || (options.time.count() > 0 && transport.now() - began >= options.time);
  }

  // A fifth of the time behind its end is for looking into what was found, and for sessions that still wait.
  session::Duration last() const { return options.time + options.time / 5; }
  bool late() const { return options.time.count() > 0 && transport.now() - began >= last(); }

  // Keeps as many sessions in flight as there may be; those that look into a suspicion go first.
  void fill() {
    while (in_flight < options.connections && !urgent.empty()) {
      auto job = std::move(urgent.front());
      urgent.pop_front();
      job();
    }
    while (in_flight < options.connections && !over()) explore();
    if (in_flight == 0 && urgent.empty()) transport.stop();
  }

  void explore() {
    const std::uint64_t index = next++;
    Random random(options.seed, index);
    const Role role = target.roles[random.below(target.roles.size())];
    const Ground where = ground(role);
    Scenario scenario;
    if (options.corpus && !corpus.empty() && random.percent(40)) {
      scenario = random.pick(corpus);
      for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) mutate(scenario, ground(scenario.role), random);
    } else {
      scenario = generate(role, where, random, options.limits);
    }
    ++out.scenarios;
    play(std::move(scenario), [this, index](Playing& played, Evaluation evaluation) {
      learn(played, evaluation);
      for (judge::Finding& finding : evaluation.findings)
        if (!finding.by_letter) suspect(played, std::move(finding), index);
    });
  }

  void play(Scenario scenario, std::function<void(Playing&, Evaluation)> then) {
    auto made = prepare(std::move(scenario), target.facts, target.setup, ++serial);
    if (!made) return;  // it names what the target does not have
    Playing* key = made->get();
    key->then = std::move(then);
    playing.emplace(key, std::move(*made));
    ++in_flight;
    ++out.plays;
    transport.play(*key->session, [this, key] { changed(key); });
  }

  void changed(Playing* key) {
    if (!key->session->finished()) return;
    const auto owned = std::move(playing.extract(key).mapped());
    --in_flight;
    watch(owned->session->transcript());
    for (const auto& entry : owned->session->transcript().entries) out.replies += entry.kind == session::Entry::Kind::reply;
    owned->then(*owned, evaluation(*owned));
    if (progress) progress(out);
    if (asking == 0) fill();
  }

  // A target that takes no connection any more is not there any more.
  void watch(const session::Transcript& transcript) {
    unheard = transcript.greeting.empty() ? unheard + 1 : 0;
    if (unheard < std::max(most_unheard, options.connections) || stopping) return;
    stopping = true;
    urgent.clear();
    out.dead = "the last " + std::to_string(unheard) + " sessions got no greeting";
  }

  Evaluation evaluation(const Playing& played) const {
    Evaluation what = evaluation_of(played, registry);
    if (!options.compare) return what;
    if (const auto reference = on_reference(played.scenario, target))
      if (auto unlike = compare(played.session->transcript(), reference->session->transcript()))
        what.findings.push_back(std::move(*unlike));
    return what;
  }

  void learn(const Playing& played, const Evaluation& evaluation) {
    bool fresh = false, hello = false;
    for (const Visit& visit : evaluation.visits) {
      out.seen.emplace(visit.context.state, visit.input);
      hello = hello || visit.context.state >= smtp::State::ready;
      fresh = known.insert(novelty(visit)).second || fresh;
    }
    out.past_hello += hello;
    for (const Act& act : played.scenario.acts) {
      if (act.says()) note(act.tree);
      for (const Node& tree : act.more) note(tree);
    }
    if (options.corpus && fresh && corpus.size() < most_of_corpus) corpus.push_back(played.scenario);
  }

  void note(const Node& tree) {
    out.productions.insert(tree.production);
    for (const Node& child : tree.children) note(child);
  }

  // --- from a suspicion to a finding -----------------------------------------------------------------------------

  struct Suspicion {
    judge::Finding finding;
    Scenario scenario;
    std::string what;
    std::uint64_t index = 0;
    int left = reproductions;
    std::optional<Shortening> shortening;
  };

  void suspect(const Playing& played, judge::Finding finding, std::uint64_t index) {
    std::string what = key(finding);
    if (options.stop_at_first && finding.verdict == judge::Verdict::observed && !out.findings.empty()) return;
    if (const auto before = suspected.find(what); before != suspected.end()) {
      if (before->second < out.findings.size()) ++out.findings[before->second].seen;
      return;
    }
    suspected.emplace(what, std::string::npos);
    auto suspicion = std::make_shared<Suspicion>(Suspicion{std::move(finding), played.scenario, std::move(what), index});
    if (find(control(suspicion->scenario, target, registry), suspicion->what)) return drop(*suspicion);
    again(suspicion);
  }

  void drop(const Suspicion& suspicion) {
    out.dropped.push_back(suspicion.what);
    suspected.erase(suspicion.what);
    // What is dropped once is not worth another look for long.
    if (++dropped[suspicion.what] >= 3) suspected.emplace(suspicion.what, std::string::npos);
  }

  void again(const std::shared_ptr<Suspicion>& suspicion) {
    urgent.push_back([this, suspicion] {
      play(suspicion->scenario, [this, suspicion](const Playing& played, const Evaluation& evaluation) {
        if (!find(evaluation, suspicion->what)) return drop(*suspicion);
        if (--suspicion->left > 0) return again(suspicion);
        suspected[suspicion->what] = out.findings.size();
        out.findings.emplace_back();
        keep(*suspicion, played, evaluation);
        suspicion->shortening.emplace(suspicion->scenario, ground(suspicion->scenario.role), options.most_plays);
        shorten(suspicion);
      });
    });
  }

  // The finding as this play shows it.
  void keep(const Suspicion& suspicion, const Playing& played, const Evaluation& evaluation) {
    Found& found = out.findings[suspected[suspicion.what]];
    found = {*find(evaluation, suspicion.what),     played.scenario,    suspicion.index, suspicion.scenario.acts.size(),
             played.session->transcript().masked(), evaluation.answers, found.seen};
  }

  void shorten(const std::shared_ptr<Suspicion>& suspicion) {
    auto candidate = stopping || late() ? std::optional<Scenario>() : suspicion->shortening->next();
    if (!candidate) {
      if (options.stop_at_first && suspicion->finding.verdict != judge::Verdict::observed) stopping = true;
      return;
    }
    urgent.push_back([this, suspicion, scenario = std::move(*candidate)] {
      play(scenario, [this, suspicion](const Playing& played, const Evaluation& evaluation) {
        const bool shows = find(evaluation, suspicion->what) && !find(control(played.scenario, target, registry), suspicion->what);
        if (shows) keep(*suspicion, played, evaluation);
        suspicion->shortening->tried(shows);
        shorten(suspicion);
      });
    });
  }

  Target target;
  session::Transport& transport;
  const script::Registry& registry;
  Options options;
  std::function<void(const Report&)> progress;
  Report out;
  session::Time began{};
  std::uint64_t next;
  std::uint64_t serial = 0;
  std::size_t asking = 0;
  int in_flight = 0;
  int unheard = 0;  // sessions in a row
  bool stopping = false;
  std::deque<std::function<void()>> urgent;
  std::map<Playing*, std::unique_ptr<Playing>> playing;
  std::unordered_set<std::uint64_t> known;
  std::vector<Scenario> corpus;
  std::map<std::string, std::size_t> suspected;  // and which finding it became
  std::map<std::string, int> dropped;
};

Campaign::Campaign(Target target, session::Transport& transport, const script::Registry& registry, Options options,
                   std::function<void(const Report&)> progress)
    : state_(std::make_unique<State>(std::move(target), transport, registry, options, std::move(progress))) {}
Campaign::~Campaign() = default;

Report Campaign::run() { return state_->run(); }

void Campaign::interrupt() {
  state_->stopping = true;
  state_->out.interrupted = true;
  state_->urgent.clear();
}

}  // namespace smtpspec::fuzz
