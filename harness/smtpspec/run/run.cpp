#include "smtpspec/run/run.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>

#include "smtpspec/run/applicability.hpp"
#include "smtpspec/run/probe.hpp"
#include "smtpspec/run/trial.hpp"

namespace smtpspec::run {

namespace {

constexpr std::size_t most_restarts = 3;
constexpr std::size_t most_started_afresh = 20;  // for tests that spoilt the target for their confirmation
constexpr session::Duration look_again_after = std::chrono::milliseconds(50);
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
  Probes::Offers offers;
  Deliveries deliveries;
  Trials trials;
  Waivers waivers;
  std::deque<std::size_t> queue;
  std::deque<std::size_t> spoilt;  // tests that want a target started anew, when all others are through
  std::size_t started_afresh = 0;
  // Plays beside the tests, which go before them: a twin once more, a confirmation for the rules.
  struct Errand {
    Play play;
    std::function<void(Group&)> done;
  };
  std::deque<Errand> errands;
  std::size_t finished = 0;
  // Of each role: one may be dead while the others live.
  struct Life {
    int silent_in_a_row = 0;
    bool asking = false;  // a known-good session decides whether it is dead
    std::string trouble;  // why it is dead, or ""
  };
  std::map<smtp::Role, Life> lives;
  bool restarting = false;  // the target's process: nothing new is begun
  bool gone = false;        // it did not come back
  std::atomic<bool> interrupted = false;
  bool stopping = false;
  bool waiting = false;  // for a restart, or whoever takes the results

  State(const script::Suite& suite_, Profile profile_, Options options_, session::Transport& transport_, session::Setup setup,
        Progress progress_, Attendant attendant_)
      : suite(suite_),
        profile(as_far_as_seen(without_other_roles(std::move(profile_), options_.selection.roles), attendant_)),
        options(std::move(options_)),
        transport(transport_),
        progress(std::move(progress_)),
        attendant(std::move(attendant_)),
        stage(profile, transport, std::move(setup), attendant, [this] { fill(); }),
        watch(suite.registry, options.quiet_rules),
        probes(suite.registry, stage, watch),
        deliveries(profile, attendant, transport, stage),
        trials(suite.registry, select(suite, options.selection, profile), {options.repeat, options.retry_delay}, stage, watch,
               {.again = [this](std::size_t index, session::Duration delay) { requeue(index, delay); },
                .afresh =
                    [this](std::size_t index) {
                      if (!attendant.restart || started_afresh == most_started_afresh) return false;
                      ++started_afresh;
                      spoilt.push_back(index);
                      return true;
                    },
                .later = [this](Play play, session::Duration delay,
                                std::function<void(Group&)> done) { add_errand(std::move(play), delay, std::move(done)); },
                .done = [this](std::size_t, TestResult result) { take(std::move(result)); },
                .heard =
                    [this](smtp::Role role, bool greeted) {
                      int& silent = lives[role].silent_in_a_row;
                      silent = greeted ? 0 : silent + 1;
                    },
                .stopped = [this](smtp::Role role) { return stopping || dead(role) ? why_stopped(role) : ""; }}),
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

  // A mailbox that nobody looks into is as good as none.
  static Profile as_far_as_seen(Profile profile, const Attendant& attendant) {
    std::erase_if(profile.mailboxes, [&](const auto& mailbox) { return !attendant.observers.contains(mailbox.first); });
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
    if (restarting || (progress.behind && progress.behind())) return look_again();
    deliveries.look_now_and_then();
    for (auto& [role, life] : lives)
      if (life.silent_in_a_row >= most_silent && !life.asking && !dead(role)) ask_whether_dead(role, life);
    while (!errands.empty() && stage.has_room(errands.front().play, options.jobs)) {
      Errand errand = std::move(errands.front());
      errands.pop_front();
      // It was played before, so that it can be started.
      static_cast<void>(stage.start(std::move(errand.play), std::move(errand.done)));
    }
    // What waits for an answer stays where it is; the others go past it.
    for (std::size_t at = 0; at < queue.size();) {
      const std::size_t index = queue[at];
      const smtp::Role role = trials.test(index).role;
      if (lives[role].asking) {
        ++at;
        continue;
      }
      if (!dead(role) && !stage.has_room(trials.play_of(index), options.jobs)) return;
      queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(at));
      begin_test(index, role);
    }
    const std::size_t waits = trials.waiting_count();
    if (finished + spoilt.size() + waits < trials.size() || !errands.empty() || !stage.empty() || deliveries.busy()) return;
    waits > 0 ? await_deliveries() : spoilt.empty() ? confirm_rules() : start_afresh();
  }

  // Before a target is started anew, which may lose what is in its hands.
  void await_deliveries() {
    std::vector<Deliveries::Waiting> awaited;
    for (const std::size_t index : trials.waiting()) {
      const Test& test = trials.test(index);
      for (const auto& session : trials.sessions_of(index))
        awaited.push_back({test.role, std::string(session->plan().facts.get("token")), &test.test->delivery});
    }
    deliveries.await(std::move(awaited), [this] {
      for (const std::size_t index : trials.waiting()) trials.delivered(index, deliveries);
      transport.after({}, [this] { fill(); });
    });
  }

  void look_again() {
    if (std::exchange(waiting, true)) return;
    transport.after(look_again_after, [this] {
      waiting = false;
      fill();
    });
  }

  void begin_test(std::size_t index, smtp::Role role) {
    if (dead(role)) return trials.settle(index, Verdict::inconclusive, why_stopped(role));
    if (const std::string why = trials.untouched(index) ? not_applicable(index) : ""; !why.empty())
      return trials.settle(index, Verdict::skip, why);
    trials.play(index);
  }

  void start_afresh() {
    const std::size_t index = spoilt.front();
    spoilt.pop_front();
    restart([this, index](const std::string& trouble) {
      if (gone) return all_died("not started again: " + trouble);
      requeue(index, {});
    });
  }

  // Once the tests are through, and many a rule was confirmed on the way.
  void confirm_rules() {
    for (Play& play : watch.to_confirm([this](smtp::Role role) { return !dead(role); }))
      add_errand(std::move(play), {}, [this](Group& group) { watch.hear(group); });
  }

  void add_errand(Play play, session::Duration delay, std::function<void(Group&)> done) {
    transport.after(delay, [this, errand = Errand{std::move(play), std::move(done)}] {
      errands.push_back(errand);
      fill();
    });
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

  std::string why_stopped(smtp::Role role) const {
    return interrupted  ? "interrupted before it ran"
           : dead(role) ? "the target stopped answering: " + lives.at(role).trouble
                        : "not run: --fail-fast";
  }

  void stop_all() {
    if (stopping) return;
    stopping = true;
    out.interrupted = interrupted;
  }

  // Why a test does not apply, or "".
  std::string not_applicable(std::size_t index) {
    const Test& test = trials.test(index);
    if (const int wanted = stage.connections_of(trials.play_of(index)); wanted > profile.connections)
      return "opens " + std::to_string(wanted) + " connections at once: the target takes " + std::to_string(profile.connections) +
             " (limits.connections)";
    const auto applies = applicability(test, profile, offers.heard[test.role]);
    if (applies.missing.empty()) return applies.why_not;
    ++out.missing[{applies.missing.begin(), applies.missing.end()}][test.role];
    return needs(applies.missing);
  }

  // --- life and death of the target --------------------------------------------------------------------------------
  bool dead(smtp::Role role) const {
    const auto life = lives.find(role);
    return life != lives.end() && !life->second.trouble.empty();
  }

  void ask_whether_dead(smtp::Role role, Life& life) {
    const std::size_t deaths = out.deaths.size();
    life.asking = probes.ask_alive(role, [this, role, &life, deaths](const std::string& trouble) {
      life.asking = false;
      life.silent_in_a_row = 0;
      if (trouble.empty() || gone) return;
      // Another role's question found the process dead meanwhile; this one is asked once more when it is back.
      if (out.deaths.size() > deaths) life.silent_in_a_row = most_silent;
      else if (const std::string how = attendant.death ? attendant.death() : ""; !how.empty()) revive(how);
      else died(role, trouble);
    });
    if (!life.asking) life.silent_in_a_row = 0;
  }

  void died(smtp::Role role, const std::string& trouble) {
    if (dead(role)) return;
    lives[role].trouble = trouble;
    out.dead_roles[role] = trouble;
    if (out.dead_roles.size() < profile.endpoints.size()) return;
    out.dead = true;
    out.trouble = trouble;
    stop_all();
  }
  void all_died(const std::string& trouble) {
    for (const auto& [role, endpoint] : profile.endpoints) died(role, trouble);
  }

  // The target's process has ended: that is said, and it is started again, a few times.
  void revive(const std::string& how) {
    const std::string meanwhile = stage.under_way();
    const session::Secrets secrets(profile.facts.get("password"));
    out.deaths.push_back("the target's process " + secrets.mask(how) + (meanwhile.empty() ? "" : "; under way: " + meanwhile));
    const auto back = [this](const std::string& trouble) {
      if (!gone) return;
      out.deaths.back() += "; not started again: " + trouble;
      all_died(out.deaths.back());
    };
    if (out.deaths.size() <= most_restarts) return restart(back);
    gone = true;
    back("it died too often");
  }

  // Nothing is begun until it is back, or gone; `then` hears what failed, the password masked.
  void restart(std::function<void(const std::string& trouble)> then) {
    const auto done = [this, then = std::move(then)](const std::string& trouble) {
      restarting = false;
      gone = !trouble.empty();
      then(session::Secrets(profile.facts.get("password")).mask(trouble));
    };
    restarting = true;
    attendant.restart ? attendant.restart(done) : done("nobody can");
    if (restarting) look_again();  // a transport with nothing to do stops
  }

  // --- from the probes to the end ----------------------------------------------------------------------------------
  void begin() {
    out.target = profile.name;
    out.version = profile.version;
    out.endpoints = profile.endpoints;
    for (const auto& [name, value] : profile.facts.values)
      if (name != "token") out.facts[name] = name == "password" ? "***" : value;  // the token is the run's own
    out.deadlines = profile.deadlines;
    std::vector<smtp::Role> roles;
    for (const auto& [role, endpoint] : profile.endpoints) roles.push_back(role);
    probes.ask_offers(roles, offers, [this] {
      const bool process_ended = attendant.death && !attendant.death().empty();
      std::vector<Test> tests = trials.tests();
      for (const auto& [role, offer] : offers.shown)
        if (!offer.reached && !process_ended && !interrupted) {
          std::erase_if(tests, [unreached = role](const Test& test) { return test.role == unreached; });
          died(role, offer.trouble);
        }
      trials.set_tests(about(profile, offers.heard, tests, options.selection.globs));
      out.left_out = tests.size() - trials.size();
      for (std::size_t i = 0; i < trials.size(); ++i) queue.push_back(i);
      // What takes the target for itself goes last: in the midst of the others it would wait until all of them have ended.
      std::stable_partition(queue.begin(), queue.end(),
                            [this](std::size_t index) { return stage.connections_of(trials.play_of(index)) < profile.connections; });
      for (const auto& [role, offer] : offers.shown)
        if (!offer.probed) lives[role].silent_in_a_row = most_silent;
      transport.after({}, [this] { fill(); });
    });
  }

  void end() {
    // What an interrupt left in flight.
    stopping = true;
    out.interrupted = interrupted;
    stage.read_logs_now();
    for (std::size_t i = 0; i < trials.size(); ++i)
      if (!trials.settled(i)) trials.settle(i, Verdict::inconclusive, why_stopped(trials.test(i).role));
    out.replies = watch.replies();
    for (TestResult& result : watch.results()) {
      if (fits_any(options.selection.skip, result.id)) continue;
      waivers.apply(result);
      out.tests.push_back(std::move(result));
      if (progress.on_result && out.tests.back().seen_in > 0) progress.on_result(finished, trials.size(), out.tests.back());
    }
    out.offers = std::move(offers.shown);
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
