#include "smtpspec/run/run.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>

#include "smtpspec/run/probe.hpp"
#include "smtpspec/run/trial.hpp"

namespace smtpspec::run {

namespace {

constexpr std::size_t most_restarts = 3;
constexpr int most_silent = 2;  // plays in a row without a greeting, before it is asked whether the target is dead

}  // namespace

struct Runner::State {
  const script::Suite& suite;
  Profile profile;
  Options options;
  session::Transport& transport;
  Progress progress;
  Attendant attendant;

  Run out;
  Stage stage;
  RuleWatch watch;
  Probes probes;
  Trials trials;
  Waivers waivers;
  std::deque<std::size_t> queue;
  std::deque<Play> to_confirm;  // for the rules
  std::size_t finished = 0;
  int silent_in_a_row = 0;
  bool asking = false;  // a known-good session decides whether the target is dead
  std::atomic<bool> interrupted = false;
  bool stopping = false;

  State(const script::Suite& suite_, Profile profile_, Options options_, session::Transport& transport_, session::Setup setup,
        Progress progress_, Attendant attendant_)
      : suite(suite_),
        profile(without_other_roles(std::move(profile_), options_.selection.roles)),
        options(std::move(options_)),
        transport(transport_),
        progress(std::move(progress_)),
        attendant(std::move(attendant_)),
        stage(profile, transport, std::move(setup), attendant, [this] { fill(); }),
        watch(suite.registry, options.quiet_rules),
        probes(suite.registry, stage, watch),
        trials(suite.registry, select(suite, options.selection, profile), {options.repeat, options.retry_delay}, stage, watch,
               {.again = [this](std::size_t index, session::Duration delay) { requeue(index, delay); },
                .done = [this](std::size_t, TestResult result) { take(std::move(result)); },
                .heard = [this](bool greeted) { silent_in_a_row = greeted ? 0 : silent_in_a_row + 1; },
                .stopped = [this] { return stopping ? why_stopped() : ""; }}),
        waivers(options.waivers, options.today) {
    if (options.jobs == 0) options.jobs = profile.connections;
  }

  // Roles that were not asked for are left in peace.
  static Profile without_other_roles(Profile profile, const std::vector<smtp::Role>& roles) {
    std::erase_if(profile.endpoints, [&](const auto& endpoint) {
      return !roles.empty() && std::find(roles.begin(), roles.end(), endpoint.first) == roles.end();
    });
    return profile;
  }

  // --- the schedule ----------------------------------------------------------------------------------------------
  void fill() {
    if (interrupted && !stopping) stop_all();
    if (stopping) {
      queue.clear();  // run() says of each what became of it
      transport.stop();
      return;
    }
    if (asking) return;
    if (silent_in_a_row >= most_silent) return ask_whether_dead();
    while (!queue.empty()) {
      const std::size_t index = queue.front();
      if (!stage.has_room(trials.play_of(index), options.jobs)) return;
      queue.pop_front();
      if (const std::string why = trials.untouched(index) ? not_applicable(trials.test(index)) : ""; !why.empty())
        trials.settle(index, Verdict::skip, why);
      else trials.play(index);
    }
    if (finished == trials.size()) confirm_rules();
  }

  // Once the tests are through, and many a rule was confirmed on the way.
  void confirm_rules() {
    if (to_confirm.empty() && stage.empty()) {
      const auto plays = watch.to_confirm();
      to_confirm.assign(plays.begin(), plays.end());
    }
    while (!to_confirm.empty() && stage.has_room(to_confirm.front(), options.jobs)) {
      const Play play = std::move(to_confirm.front());
      to_confirm.pop_front();
      // It was played before, so that it can be started.
      static_cast<void>(stage.start(play, [this](Group& group) { watch.hear(group); }));
    }
  }

  void requeue(std::size_t index, session::Duration delay) {
    const auto push = [this, index] {
      queue.push_front(index);
      transport.after({}, [this] { fill(); });
    };
    if (delay.count() > 0) transport.after(delay, push);
    else push();
  }

  void take(TestResult result) {
    waivers.apply(result);
    out.tests.push_back(std::move(result));
    ++finished;
    if (progress.on_result) progress.on_result(finished, trials.size(), out.tests.back());
    if (options.fail_fast && counts_for_fail_fast(out.tests.back())) stop_all();
  }

  static bool counts_for_fail_fast(const TestResult& test) {
    return test.verdict == Verdict::fail && !test.by_letter && test.waived.empty();
  }

  std::string why_stopped() const {
    return interrupted ? "interrupted before it ran" : out.dead ? "the target stopped answering: " + out.trouble : "not run: --fail-fast";
  }

  void stop_all() {
    if (stopping) return;
    stopping = true;
    out.interrupted = interrupted;
  }

  // Why a test does not apply, or "".
  std::string not_applicable(const Test& test) {
    const Offer& offer = out.offers[test.role];
    const bool early = test.test->start == script::Start::connected || test.test->start == script::Start::greeted;
    const auto& offered = early ? offer.clear : offer.ready;
    const auto facts = script::missing_facts(*test.test, test.role, profile.facts);
    std::set<std::string> missing(facts.begin(), facts.end());
    for (const script::Condition& condition : test.test->conditions) {
      if (condition.kind == script::Condition::Kind::keyword) {
        if (!meets(condition, offered))
          return condition.negated ? to_string(condition).substr(4) + " is offered" : to_string(condition) + " is not offered";
      } else if (condition.name == "ipv6") {
        if (profile.endpoints.at(test.role).host.find(':') == std::string::npos) return "the endpoint has no IPv6 address";
      } else if (profile.has(condition.name) == condition.negated) {
        if (condition.negated) return "the profile has " + condition.name;
        missing.insert(condition.name);
      }
    }
    if (missing.empty()) return "";
    ++out.missing[{missing.begin(), missing.end()}][test.role];
    std::string names, ways;
    for (const std::string& fact : missing) {
      names += (names.empty() ? "" : " and ") + fact;
      ways += (ways.empty() ? "" : ", ") + how_to_give(fact);
    }
    return "needs " + names + ": give " + ways;
  }

  // --- life and death of the target --------------------------------------------------------------------------------
  void ask_whether_dead() {
    asking = probes.ask_alive(profile.endpoints.begin()->first, [this](const std::string& trouble) {
      asking = false;
      silent_in_a_row = 0;
      if (trouble.empty() || revived()) return;
      out.dead = true;
      out.trouble = out.deaths.empty() ? trouble : out.deaths.back();
      stop_all();
    });
  }

  // The target's process has ended: that is said, and it is started again, a few times.
  bool revived() {
    const std::string how = attendant.death ? attendant.death() : "";
    if (how.empty()) return false;
    const std::string meanwhile = stage.under_way();
    out.deaths.push_back("the target's process " + how + (meanwhile.empty() ? "" : "; under way: " + meanwhile));
    return out.deaths.size() <= most_restarts && attendant.restart && attendant.restart().empty();
  }

  // --- from the probes to the end ----------------------------------------------------------------------------------
  void begin() {
    out.target = profile.name;
    out.version = profile.version;
    out.endpoints = profile.endpoints;
    out.deadlines = profile.deadlines;
    std::vector<smtp::Role> roles;
    for (const auto& [role, endpoint] : profile.endpoints) roles.push_back(role);
    probes.ask_offers(roles, out.offers, [this] {
      const bool anybody = std::any_of(out.offers.begin(), out.offers.end(), [](const auto& offer) { return offer.second.probed; });
      for (std::size_t i = 0; i < trials.size(); ++i) queue.push_back(i);
      if (!anybody && !out.offers.empty()) {
        out.dead = true;
        out.trouble = out.offers.begin()->second.trouble;
        stop_all();
      }
      transport.after({}, [this] { fill(); });
    });
  }

  void end() {
    // What an interrupt left in flight.
    stopping = true;
    out.interrupted = interrupted;
    for (std::size_t i = 0; i < trials.size(); ++i)
      if (!trials.settled(i)) trials.settle(i, Verdict::inconclusive, why_stopped());
    out.replies = watch.replies();
    for (TestResult& result : watch.results()) {
      if (fits_any(options.selection.skip, result.id)) continue;
      waivers.apply(result);
      out.tests.push_back(std::move(result));
      if (progress.on_result && out.tests.back().seen_in > 0) progress.on_result(finished, trials.size(), out.tests.back());
    }
    out.waivers = waivers.uses();
    std::stable_sort(out.tests.begin(), out.tests.end(), [](const TestResult& a, const TestResult& b) {
      const bool rule_a = a.rule != nullptr, rule_b = b.rule != nullptr;
      return std::tie(rule_a, a.id, a.role) < std::tie(rule_b, b.id, b.role);
    });
  }
};

Runner::Runner(const script::Suite& suite, Profile profile, Options options, session::Transport& transport, session::Setup setup,
               Progress progress, Attendant attendant)
    : state_(std::make_unique<State>(suite, std::move(profile), std::move(options), transport, std::move(setup), std::move(progress),
                                     std::move(attendant))) {}
Runner::~Runner() = default;

std::size_t Runner::selected() const { return state_->trials.size(); }

void Runner::interrupt() { state_->interrupted = true; }

Run Runner::run() {
  State& s = *state_;
  const session::Time began = s.transport.now();
  s.begin();
  s.transport.run();
  s.end();
  s.out.duration = s.transport.now() - began;
  return std::move(s.out);
}

}  // namespace smtpspec::run
