#include "fuzz/campaign/campaign.hpp"

#include <algorithm>
#include <deque>
#include <sstream>

#include "fuzz/campaign/culprit.hpp"
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

// Of a target that dies.
constexpr std::size_t most_deaths = 20;
constexpr std::size_t least_recent = 64, most_recent = 4000;  // scenarios that may have done it …
constexpr std::chrono::seconds recent_time(3);                // … of the last so much
constexpr std::chrono::milliseconds look_again(20), least_grace(250);
constexpr std::chrono::milliseconds last_watch(1500);  // at the end, for one that dies a moment later
constexpr std::size_t most_culprit_plays = 60, most_death_plays = 200;
constexpr std::chrono::seconds examination_time(60), examination_deadline(1);
constexpr std::uint64_t log_tail = 8192;  // octets
constexpr std::size_t log_lines = 8;

// Of a command in a transcript, as Report::codes has it.
std::string_view known_verb(std::string_view command) {
  static const std::set<std::string_view> verbs = [] {
    std::set<std::string_view> out;
    for (int i = 0; i < smtp::input_count; ++i) out.insert(smtp::verb_of(static_cast<smtp::Input>(i)));  // "" too
    return out;
  }();
  const auto verb = verbs.find(command);
  return verb == verbs.end() ? to_string(smtp::Input::unknown_verb) : *verb;
}

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

// To its end, over a transport that nobody else uses; nullptr where a fact is lacking.
std::unique_ptr<Playing> play_over(session::Transport& transport, const Scenario& scenario, const script::Facts& facts,
                                   const session::Setup& setup, std::uint64_t serial) {
  auto play = prepare(scenario, facts, setup, serial);
  if (!play) return {};
  transport.play(*(*play)->session, [] {});
  transport.run();
  return std::move(*play);
}

// The scenario as it is played on the reference server; nullptr where that one lacks a fact.
std::unique_ptr<Playing> on_reference(const Scenario& scenario, const Target& target) {
  // Silence of the client counts only when it outlasts all that a scenario waits for.
  selftest::ReferenceInMemory reference({.idle = std::chrono::minutes(30)}, target.setup.digests, "control");
  return play_over(reference.transport(), scenario, reference.profile().facts, target.setup, 0);
}

}  // namespace

std::optional<Played> play_alone(const Scenario& scenario, const Target& target, session::Transport& transport,
                                 const script::Registry& registry, std::uint64_t serial) {
  const auto play = play_over(transport, scenario, target.facts, target.setup, serial);
  if (!play) return std::nullopt;
  return Played{play->session->transcript(), evaluation_of(*play, registry)};
}

Evaluation control(const Scenario& scenario, const Target& target, const script::Registry& registry) {
  const auto play = on_reference(scenario, target);
  return play ? evaluation_of(*play, registry) : Evaluation{};
}

struct Campaign::State {
  State(Target of, session::Transport& by, const script::Registry& with, Options how, Calls and_calls)
      : target(std::move(of)), transport(by), registry(with), options(how), calls(std::move(and_calls)), next(first_of(how)) {
    out.next = next;
  }

  static std::uint64_t first_of(const Options& options) {
    const std::uint64_t ahead = (options.shard - 1 + options.shards - options.first % options.shards) % options.shards;
    return options.first + ahead;
  }

  Report run(std::vector<Replayed> known_scenarios) {
    old = std::move(known_scenarios);
    began = transport.now();
    asking = target.roles.size();
    for (const Role role : target.roles) ask_offer(role);
    if (options.time.count() > 0) transport.after(last(), [this] { time_is_up(); });
    transport.run();
    out.time = transport.now() - began;
    if (!out.interrupted) out.next = next;  // what still waits when the time is over is left behind
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
    return stopping || (replaying == old.size() && out.scenarios >= options.scenarios) ||
           (options.time.count() > 0 && transport.now() - began >= options.time);
  }

  // A fifth of the time behind its end is for looking into what was found, and for sessions that still wait.
  session::Duration last() const { return options.time + options.time / 5; }
  bool late() const { return options.time.count() > 0 && transport.now() - began >= last(); }
  void time_is_up() {
    if (phase == Phase::searching) transport.stop();
    stopping = true;
  }

  // Keeps as many sessions in flight as there may be; those that look into a suspicion go first.
  void fill() {
    while (in_flight < options.connections && (!urgent.empty() || !over())) {
      if (!has_slot()) return;
      if (urgent.empty()) {
        explore();
      } else {
        auto job = std::move(urgent.front());
        urgent.pop_front();
        job();
      }
    }
    if (in_flight == 0 && urgent.empty()) end();
  }

  // The rate's limit; behind it fill() is called again.
  bool has_slot() {
    if (options.rate <= 0) return true;
    const session::Time now = transport.now();
    if (now >= slot) {
      slot = std::max(slot + std::chrono::duration_cast<session::Duration>(std::chrono::duration<double>(1 / options.rate)), now);
      return true;
    }
    if (!std::exchange(awaiting_slot, true)) {
      if (in_flight == 0) out.waiting += slot - now;
      transport.after(slot - now, [this] {
        awaiting_slot = false;
        if (phase == Phase::searching) fill();
      });
    }
    return false;
  }

  void end() {
    if (!calls.attendant.death || out.interrupted || out.plays == 0 || watched >= last_watch) return transport.stop();
    watched += look_again;
    transport.after(look_again, [this] {
      if (phase != Phase::searching) return;
      died() ? examine() : fill();
    });
  }

  void explore() {
    if (replaying < old.size()) return replay(replaying++);
    const std::uint64_t index = next;
    next += options.shards;
    under_way.insert(index);
    Random random(options.seed, index);
    const Role role = target.roles[random.below(target.roles.size())];
    const Ground where = ground(role);
    Scenario scenario;
    if (options.corpus && !corpus.empty() && random.percent(40)) {
      scenario = corpus.pick(random);
      for (std::size_t changes = 1 + random.below(3); changes > 0; --changes) mutate(scenario, ground(scenario.role), random);
    } else {
      scenario = generate(role, where, random, options.limits);
    }
    ++out.scenarios;
    const bool played = play(std::move(scenario), [this, index](Playing& one, Evaluation evaluation) {
      // Nobody there, and perhaps dead: it tells nothing.
      if (calls.attendant.death && one.session->transcript().greeting.empty()) --out.scenarios;
      if (learn(one, evaluation).first && calls.fresh) calls.fresh(one.scenario);
      for (judge::Finding& finding : evaluation.findings)
        if (!finding.by_letter) suspect(one, std::move(finding), index, "scenario " + std::to_string(index));
      done_with(index);
    });
    if (!played) done_with(index);
  }

  void done_with(std::uint64_t index) {
    under_way.erase(index);
    out.next = under_way.empty() ? next : *under_way.begin();
    // One that waits for minutes does not hold up all that came behind it.
    const std::uint64_t held = 4 * static_cast<std::uint64_t>(options.connections) * options.shards;
    if (next - out.next > held) out.next = next - held;
  }

  // One of an earlier campaign.
  void replay(std::size_t number) {
    Scenario scenario = old[number].scenario;
    if (std::find(target.roles.begin(), target.roles.end(), scenario.role) == target.roles.end()) return;
    ++out.replayed;
    play(std::move(scenario), [this, number](Playing& one, Evaluation evaluation) {
      const auto shows = learn(one, evaluation).second;
      if (calls.replayed) calls.replayed(number, shows);
      for (judge::Finding& finding : evaluation.findings)
        if (!finding.by_letter) suspect(one, std::move(finding), number, "corpus entry " + old[number].name);
    });
  }

  // False of one that names what the target does not have.
  bool play(Scenario scenario, std::function<void(Playing&, Evaluation)> then) {
    session::Setup setup = target.setup;
    // Who asks for a death need not wait for what is never answered.
    if (phase == Phase::examining)
      for (auto* deadline : {&setup.deadlines.greeting, &setup.deadlines.reply, &setup.deadlines.data})
        *deadline = std::min<session::Duration>(*deadline, examination_deadline);
    auto made = prepare(std::move(scenario), target.facts, setup, ++serial);
    if (!made) return false;
    if (calls.attendant.death && phase == Phase::searching) remember((*made)->scenario);
    Playing* key = made->get();
    key->then = std::move(then);
    playing.emplace(key, std::move(*made));
    ++in_flight;
    ++out.plays;
    transport.play(*key->session, [this, key] { changed(key); });
    return true;
  }

  void changed(Playing* key) {
    if (!key->session->finished()) return;
    const auto owned = std::move(playing.extract(key).mapped());
    --in_flight;
    count(owned->session->transcript());
    if (phase == Phase::examining) return owned->then(*owned, evaluation(*owned));
    // What is seen of a target that dies is no finding of its own.
    if (phase == Phase::searching && !died()) watch(owned->session->transcript());
    if (phase == Phase::dying) {
      if (in_flight == 0) examine();
      return;
    }
    owned->then(*owned, evaluation(*owned));
    if (calls.progress) calls.progress(out);
    if (asking == 0) fill();
  }

  void count(const session::Transcript& transcript) {
    for (const auto& entry : transcript.entries)
      if (entry.kind == session::Entry::Kind::reply) {
        ++out.replies;
        ++out.codes[entry.reply->code][known_verb(entry.command)];
      }
    bool greeted = false;
    for (const session::Outcome& outcome : transcript.outcomes) {
      const bool silence = outcome.came.kind == session::Came::Kind::nothing && outcome.tier >= 0;
      (silence || !greeted ? out.waiting : out.answering) += outcome.waited;
      greeted = true;
    }
  }

  // A target that takes no connection any more is not there any more.
  void watch(const session::Transcript& transcript) {
    unheard = transcript.greeting.empty() ? unheard + 1 : 0;
    if (unheard < std::max(most_unheard, options.connections) || stopping) return;
    // The end of its process may be news a moment later.
    if (calls.attendant.death) return drop_all();
    stopping = true;
    urgent.clear();
    out.dead = silence();
  }
  std::string silence() const { return "the last " + std::to_string(unheard) + " sessions got no greeting"; }

  Evaluation evaluation(const Playing& played) const {
    Evaluation what = evaluation_of(played, registry);
    if (!options.compare) return what;
    if (const auto reference = on_reference(played.scenario, target))
      if (auto unlike = compare(played.session->transcript(), reference->session->transcript()))
        what.findings.push_back(std::move(*unlike));
    return what;
  }

  // What it showed, and whether something of that is new.
  std::pair<bool, Shows> learn(const Playing& played, const Evaluation& evaluation) {
    bool hello = false;
    Shows shows;
    for (const Visit& visit : evaluation.visits) {
      ++out.seen[{visit.context.state, visit.input}][visit.code];
      if (visit.next) ++out.moves[{visit.context.state, *visit.next}];
      hello = hello || visit.context.state >= smtp::State::ready;
      shows.push_back(novelty(visit));
    }
    out.past_hello += hello;
    for (const Act& act : played.scenario.acts) {
      if (act.says()) note(act.tree);
      for (const Node& tree : act.more) note(tree);
    }
    // With many under way it may have been another's doing: then this one is soon gone on from no more.
    if (calls.places) {
      const Shows places = calls.places();
      out.places += places.size();
      if (options.guided) shows.insert(shows.end(), places.begin(), places.end());
    }
    const bool fresh = options.corpus && corpus.add(played.scenario, shows);
    out.corpus = corpus.size();
    return {fresh, std::move(shows)};
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
    std::string origin;
    int left = reproductions;
    std::optional<Shortening> shortening;
  };

  void suspect(const Playing& played, judge::Finding finding, std::uint64_t index, const std::string& origin) {
    if (!options.accuse) return;
    std::string what = key(finding);
    if (options.stop_at_first && finding.verdict == judge::Verdict::observed && !out.findings.empty()) return;
    if (const auto before = suspected.find(what); before != suspected.end()) {
      if (before->second < out.findings.size()) ++out.findings[before->second].seen;
      return;
    }
    suspected.emplace(what, std::string::npos);
    auto suspicion =
        std::make_shared<Suspicion>(Suspicion{std::move(finding), played.scenario, std::move(what), index, origin, reproductions, {}});
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
    found = {.finding = *find(evaluation, suspicion.what),
             .scenario = played.scenario,
             .index = suspicion.index,
             .origin = suspicion.origin,
             .acts_before = suspicion.scenario.acts.size(),
             .transcript = played.session->transcript().masked(),
             .answers = evaluation.answers,
             .seen = found.seen};
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

  // --- the target's death ------------------------------------------------------------------------------------------

  // Behind the last scenarios comes what killed the target, perhaps a moment later.
  void remember(const Scenario& scenario) {
    const session::Time now = transport.now();
    recent.emplace_back(now, scenario);
    while (recent.size() > most_recent || (recent.size() > least_recent && recent.front().first + recent_time < now)) recent.pop_front();
  }

  // True when the target's process has just ended; what is in flight ends first then.
  bool died() {
    if (!calls.attendant.death || calls.attendant.death().empty()) return false;
    drop_all();
    return true;
  }

  void drop_all() {
    phase = Phase::dying;
    dying_since = transport.now();
    urgent.clear();
    out.scenarios -= under_way.size();
    under_way.clear();
    out.next = next;
    // What was being looked into may come again.
    std::erase_if(suspected, [this](const auto& one) { return one.second == std::string::npos && dropped[one.first] < 3; });
  }

  std::string masked(const std::string& text) const { return session::Secrets(target.facts.get("password")).mask(text); }

  std::vector<std::string> last_words() const {
    std::vector<std::string> lines;
    const run::Attendant& attendant = calls.attendant;
    if (!attendant.log_size || !attendant.log_since) return lines;
    const std::uint64_t size = attendant.log_size();
    std::istringstream in(masked(attendant.log_since(std::max(log_from, size - std::min(size, log_tail)))));
    for (std::string line; std::getline(in, line);) lines.push_back(smtp::spell(line));
    return lines;
  }

  // How it ended, and what a sanitizer says of it in a line.
  static std::string cause_of(const std::string& how, const std::vector<std::string>& log) {
    for (const std::string_view word : {"SUMMARY: ", "runtime error: "})
      for (const std::string& line : log)
        if (const std::size_t at = line.find(word); at != std::string::npos) return how + ": " + line.substr(at + word.size(), 120);
    return how;
  }

  // All that is known of a death while it is looked into.
  struct Examination {
    Culprit culprit;
    std::string origin;
    session::Time until;
    std::optional<Shortening> shortening{};
    session::Duration grace = recent_time;  // for which a target is watched behind a play
    std::size_t found = std::string::npos;  // its number
  };

  void examine() {
    if (calls.attendant.death().empty()) {
      if (transport.now() - dying_since > last_watch) return lose(silence());
      return transport.after(look_again, [this] { examine(); });
    }
    phase = Phase::examining;
    const std::vector<std::string> log = last_words();
    const std::string cause = cause_of(masked(calls.attendant.death()), log);
    out.deaths.push_back(cause);
    if (out.deaths.size() > most_deaths) return lose("it died " + std::to_string(out.deaths.size()) + " times, the last time it " + cause);
    const auto known = std::find_if(out.findings.begin(), out.findings.end(),
                                    [&](const Found& one) { return one.finding.rule == dead_process && one.finding.came == cause; });
    if (known != out.findings.end()) ++known->seen;
    if (known != out.findings.end() || !options.accuse || out.interrupted) return revive([this] { resume(); });
    std::vector<Scenario> scenarios;
    for (auto& [when, scenario] : recent) scenarios.push_back(std::move(scenario));
    examination.emplace(Examination{Culprit(std::move(scenarios), most_culprit_plays),
                                    "one of the last " + std::to_string(recent.size()) + " scenarios", transport.now() + examination_time});
    revive([this] { find_culprit(); });
  }

  // The target could not be brought back, or it is of no use.
  void lose(std::string why) {
    out.dead = std::move(why);
    stopping = true;
    transport.stop();
  }

  void revive(std::function<void()> then) {
    recent.clear();
    if (!calls.attendant.restart) return lose(out.deaths.back());
    const auto waiting = std::make_shared<bool>(true);
    calls.attendant.restart([this, waiting, here = std::weak_ptr(alive), then = std::move(then)](const std::string& trouble) {
      *waiting = false;
      if (here.expired()) return;
      if (!trouble.empty()) return lose("it " + out.deaths.back() + "; not started again: " + masked(trouble));
      if (calls.attendant.log_size) log_from = calls.attendant.log_size();
      then();
    });
    keep_busy(waiting);
  }
  // A transport with nothing to do stops.
  void keep_busy(const std::shared_ptr<bool>& waiting) {
    if (*waiting) transport.after(look_again, [this, waiting] { keep_busy(waiting); });
  }

  void resume() {
    examination.reset();
    phase = Phase::searching;
    unheard = 0;
    if (asking > 0) {
      asking = target.roles.size();
      for (const Role role : target.roles) ask_offer(role);
    } else {
      fill();
    }
  }

  bool enough() const { return out.interrupted || transport.now() >= examination->until; }

  void find_culprit() {
    if (auto sequence = enough() ? std::optional<std::vector<Scenario>>() : examination->culprit.next())
      return provoke(std::move(*sequence), [this](bool dies) {
        examination->culprit.tried(dies);
        find_culprit();
      });
    const Scenario whole = joined(examination->culprit.sequence());
    // Nobody did it again, or more together than a case can have connections: out.deaths tells of it.
    if (whole.acts.empty() || connections_of(whole) > most_connections) return resume();
    provoke({whole}, [this, whole](bool dies) {
      if (!dies) return resume();
      examination->shortening.emplace(whole, ground(whole.role), most_death_plays);
      shorten_death();
    });
  }

  void shorten_death() {
    auto candidate = enough() ? std::optional<Scenario>() : examination->shortening->next();
    if (!candidate) return resume();
    provoke({std::move(*candidate)}, [this](bool dies) {
      examination->shortening->tried(dies);
      shorten_death();
    });
  }

  // The death that came of one scenario.
  void keep_death(const Scenario& scenario, const session::Transcript& transcript, const std::vector<Answer>& answers,
                  session::Duration after) {
    std::vector<std::string> log = last_words();
    const std::string cause = cause_of(masked(calls.attendant.death()), log);
    if (log.size() > log_lines) log.erase(log.begin(), log.end() - static_cast<std::ptrdiff_t>(log_lines));
    if (examination->found == std::string::npos) {
      examination->found = out.findings.size();
      out.findings.push_back({.acts_before = scenario.acts.size()});
    }
    const std::size_t acts = out.findings[examination->found].acts_before;
    out.findings[examination->found] = {.finding = {.rule = std::string(dead_process),
                                                    .requirements = {"RFC5321-3.8-1"},
                                                    .verdict = judge::Verdict::fail,
                                                    .step = {},
                                                    .expected = "the target's process lives on",
                                                    .came = cause,
                                                    .choice = {},
                                                    .place = {}},
                                        .scenario = scenario,
                                        .origin = examination->origin,
                                        .acts_before = acts,
                                        .transcript = transcript,
                                        .answers = answers,
                                        .died_after = after,
                                        .log = std::move(log)};
  }

  // A sequence played on a target that was started anew.
  struct Provocation {
    std::vector<Scenario> scenarios;
    std::function<void(bool dies)> then;
    std::size_t next = 0;
    int open = 0;
    session::Time began{}, ended{};
    std::function<void(session::Duration after)> last{};  // of a single one: it was this
  };

  void provoke(std::vector<Scenario> scenarios, std::function<void(bool dies)> then) {
    go_on_with(
        std::make_shared<Provocation>(Provocation{.scenarios = std::move(scenarios), .then = std::move(then), .began = transport.now()}));
  }

  void go_on_with(const std::shared_ptr<Provocation>& it) {
    while (it->open < options.connections && it->next < it->scenarios.size() && calls.attendant.death().empty() && !enough()) {
      ++it->open;
      const bool single = it->scenarios.size() == 1;
      const bool played = play(it->scenarios[it->next++], [this, it, single](Playing& one, const Evaluation& evaluation) {
        if (single) {
          // It lives until the watch is over.
          it->last = [this, scenario = one.scenario, transcript = one.session->transcript().masked(),
                      answers = evaluation.answers](session::Duration after) { keep_death(scenario, transcript, answers, after); };
        }
        --it->open;
        go_on_with(it);
      });
      if (!played) --it->open;
    }
    if (it->open > 0) return;
    it->ended = transport.now();
    await_death(it);
  }

  void await_death(const std::shared_ptr<Provocation>& it) {
    const session::Duration after = transport.now() - it->ended;
    const bool dead = !calls.attendant.death().empty();
    if (!dead && after < examination->grace) return transport.after(look_again, [this, it] { await_death(it); });
    if (dead) {
      // It took no longer than this, whatever of it killed.
      const session::Duration took = 3 * (transport.now() - it->began) / 2;
      examination->grace = std::clamp<session::Duration>(took, least_grace, recent_time);
      if (it->last) it->last(after);
    }
    // What was said to one that lives on must not help the next.
    revive([it, dead] { it->then(dead); });
  }

  Target target;
  session::Transport& transport;
  const script::Registry& registry;
  Options options;
  Calls calls;
  Report out;
  session::Time began{};
  std::vector<Replayed> old;
  std::size_t replaying = 0;  // number of the next of them
  std::uint64_t next;
  std::set<std::uint64_t> under_way;  // indices
  std::uint64_t serial = 0;
  std::size_t asking = 0;
  int in_flight = 0;
  int unheard = 0;  // sessions in a row
  bool stopping = false;
  std::deque<std::function<void()>> urgent;
  std::map<Playing*, std::unique_ptr<Playing>> playing;
  Corpus corpus;
  std::map<std::string, std::size_t> suspected;  // and which finding it became
  std::map<std::string, int> dropped;
  session::Time slot{};  // when the next play may begin
  bool awaiting_slot = false;
  enum class Phase : std::uint8_t { searching, dying, examining } phase = Phase::searching;
  session::Time dying_since{};
  session::Duration watched{};  // for a death, at the end
  std::deque<std::pair<session::Time, Scenario>> recent;
  std::optional<Examination> examination;
  std::uint64_t log_from = 0;  // where the log of this life of the target begins
  std::shared_ptr<int> alive = std::make_shared<int>();
};

Campaign::Campaign(Target target, session::Transport& transport, const script::Registry& registry, Options options, Calls calls)
    : state_(std::make_unique<State>(std::move(target), transport, registry, options, std::move(calls))) {}
Campaign::~Campaign() = default;

Report Campaign::run(std::vector<Replayed> corpus) { return state_->run(std::move(corpus)); }

void Campaign::interrupt() {
  state_->stopping = true;
  state_->out.interrupted = true;
  state_->urgent.clear();
}

}  // namespace smtpspec::fuzz
