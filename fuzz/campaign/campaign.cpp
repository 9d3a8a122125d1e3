#include "fuzz/campaign/campaign.hpp"

#include <algorithm>
#include <deque>
#include <sstream>

#include "fuzz/campaign/culprit.hpp"
#include "fuzz/campaign/growth.hpp"
#include "fuzz/campaign/shorten.hpp"
#include "fuzz/oracle/compare.hpp"
#include "fuzz/scenario/marker.hpp"
#include "smtpspec/observe/store.hpp"
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
constexpr std::chrono::seconds effect_time(2);         // for a file to be made
constexpr std::chrono::seconds delivery_time(5);       // for mail to be on its way
constexpr std::size_t most_culprit_plays = 60, most_death_plays = 200;
constexpr std::chrono::seconds examination_time(60);
// Who plays a scenario again and again does not wait as long as he may for what is never said: so many times as long as the slowest reply
// took, and not less than this.
constexpr int hurry_factor = 4;
constexpr std::chrono::seconds least_hurry(1);
// Of one that keeps more and more.
constexpr std::uint64_t warm_up = 100;            // scenarios, before it is looked at first
constexpr std::chrono::seconds sample_every(2);   // while it is busy
constexpr std::chrono::milliseconds settles(50);  // between two looks that have to show the same …
constexpr int most_looks = 20;                    // … of so many
constexpr std::chrono::seconds least_weighing(20);
constexpr std::size_t most_weighed = 128, most_weighings = 40;
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

enum class Pace : std::uint8_t {
  usual,
  patient,  // what comes of it outside of the session is waited for
  hurried   // a reply that does not come is not waited for to the end
};

// A scenario as it is played.
struct Playing {
  std::shared_ptr<const Scenario> scenario;
  Rendered rendered;
  std::unique_ptr<Session> session;
  std::uint64_t serial = 0;
  Pace pace = Pace::usual;
  std::function<void(Playing&, Evaluation)> then;
};

Result<std::unique_ptr<Playing>> prepare(Scenario scenario, script::Facts facts, const session::Setup& setup, std::uint64_t serial) {
  auto out = std::make_unique<Playing>();
  out->serial = serial;
  out->scenario = std::make_shared<const Scenario>(std::move(scenario));
  out->rendered = render(*out->scenario);
  facts.values["token"] = token_of(facts.get("token"), serial);
  const script::Case& test = out->rendered.test;
  auto plan = script::make_plan(test, test.dialogue, test.rows.front(), out->scenario->role, facts);
  if (!plan) return tl::unexpected(plan.error());
  session::Setup own = setup;
  own.credentials = {std::string(facts.get("user")), std::string(facts.get("password"))};
  own.nonce += std::to_string(serial);
  out->session = std::make_unique<Session>(std::move(*plan), std::move(own));
  return out;
}

Evaluation evaluation_of(const Playing& play, const script::Registry& registry) {
  return evaluate(*play.scenario, play.rendered, play.session->plan(), play.session->transcript(), registry);
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

// Adds what is wrong with what stands in the mailbox.
void look_at_delivery(const Playing& play, Evaluation& evaluation, const std::vector<std::string>& stored, bool exact) {
  if (!evaluation.certain) return;
  const script::Plan& plan = play.session->plan();
  auto sent = deliveries(*play.scenario, plan, evaluation.answers);
  if (!sent) return;
  const std::string_view campaign = campaign_of(plan.facts.get("token"));
  const auto is_marked = [&](const std::string& text) {
    const auto markers = markers_in(text, campaign);
    return std::any_of(markers.begin(), markers.end(), [&](const Marker& marker) { return marker.play == play.serial; });
  };
  // One that is not marked may have come, and nobody knows whose it is; unless its trace fields say so.
  for (Sent& one : *sent)
    if (!is_marked(one.content)) one.least = 0;
  for (judge::Finding& finding : compare_deliveries(*sent, stored, exact)) evaluation.findings.push_back(std::move(finding));
}

// The scenario as it is played on the reference server; nullptr where that one lacks a fact.
std::unique_ptr<Playing> on_reference(const Scenario& scenario, const Target& target, std::vector<std::string>* stored = nullptr) {
  // Silence of the client counts only when it outlasts all that a scenario waits for.
  serve::MemoryStore behind;
  observe::WatchedStore store(behind, {{"alice", delivery::Where::mailbox}});
  selftest::ReferenceInMemory reference({.idle = std::chrono::minutes(30)}, target.setup.digests, "control", &store);
  script::Facts facts = reference.profile().facts;
  if (target.facts.has("canary")) facts.values["canary"] = target.facts.get("canary");
  auto play = play_over(reference.transport(), scenario, facts, target.setup, 0);
  if (play && stored)
    for (delivery::Arrival& arrival : store.at(delivery::Where::mailbox).arrived()) stored->push_back(std::move(arrival.octets));
  return play;
}

}  // namespace

std::optional<Played> play_alone(const Scenario& scenario, const Target& target, session::Transport& transport,
                                 const script::Registry& registry, std::uint64_t serial) {
  const auto play = play_over(transport, scenario, target.facts, target.setup, serial);
  if (!play) return std::nullopt;
  return Played{play->session->transcript(), evaluation_of(*play, registry)};
}

Evaluation control(const Scenario& scenario, const Target& target, const script::Registry& registry) {
  std::vector<std::string> stored;
  const auto play = on_reference(scenario, target, &stored);
  if (!play) return {};
  Evaluation out = evaluation_of(*play, registry);
  look_at_delivery(*play, out, stored, true);
  return out;
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
    while (in_flight < options.connections && (!urgent.empty() || !solitary.empty() || (!over() && !(wants_quiet && !looking_into())))) {
      if (alone || (!solitary.empty() && in_flight > 0) || !has_slot()) return;
      if (!solitary.empty()) {
        auto job = std::move(solitary.front());
        solitary.pop_front();
        alone = true;
        job();
      } else if (urgent.empty()) {
        explore();
      } else {
        auto job = std::move(urgent.front());
        urgent.pop_front();
        job();
      }
    }
    if (in_flight > 0 || !urgent.empty() || !solitary.empty()) return;
    wants_quiet ? look_at_usage() : end();
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
    if (before && !std::exchange(looked_at_end, true)) return look_at_usage();
    look_around();
    if (!urgent.empty() && !late()) return fill();
    if (!(calls.attendant.death || calls.canaries) || out.interrupted || out.plays == 0 || watched >= last_watch) return transport.stop();
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
      if (learn(one, evaluation).first && calls.fresh) calls.fresh(*one.scenario);
      suspect_all(one, std::move(evaluation), index, "scenario " + std::to_string(index));
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
      suspect_all(one, std::move(evaluation), number, "corpus entry " + old[number].name);
    });
  }

  // False of one that names what the target does not have.
  bool play(Scenario scenario, std::function<void(Playing&, Evaluation)> then, Pace pace = Pace::usual) {
    session::Setup setup = target.setup;
    if (pace == Pace::hurried)
      for (auto* deadline : {&setup.deadlines.greeting, &setup.deadlines.reply, &setup.deadlines.data})
        *deadline = std::min(*deadline, std::max<session::Duration>(hurry_factor * slowest, least_hurry));
    auto made = prepare(std::move(scenario), target.facts, setup, ++serial);
    if (!made) return false;
    if (phase == Phase::searching) remember(serial, (*made)->scenario);
    Playing* key = made->get();
    key->then = std::move(then);
    key->pace = pace;
    if (pace == Pace::patient) awaited.insert(key->serial);  // the file may be there before the session is over
    playing.emplace(key, std::move(*made));
    ++in_flight;
    ++out.plays;
    transport.play(*key->session, [this, key] { changed(key); });
    return true;
  }

  void changed(Playing* key) {
    if (!key->session->finished()) return;
    const std::shared_ptr<Playing> owned = std::move(playing.extract(key).mapped());
    count(owned->session->transcript());
    if (phase == Phase::examining) {
      --in_flight;
      return owned->then(*owned, evaluation(*owned));
    }
    // What is seen of a target that dies is no finding of its own.
    if (phase == Phase::searching && !died()) watch(owned->session->transcript());
    if (phase == Phase::dying) return over(*owned, {});
    Evaluation what = evaluation(*owned);
    wait_for_effects(owned, std::make_shared<Evaluation>(std::move(what)), transport.now());
  }

  // It and all that comes of it.
  void over(Playing& played, Evaluation what) {
    --in_flight;
    alone = false;
    if (phase == Phase::dying) {
      if (in_flight == 0) examine();
      return;
    }
    played.then(played, std::move(what));
    if (calls.progress) calls.progress(out);
    sample();
    if (asking == 0) fill();
  }

  // --- what comes of a session beside its replies ------------------------------------------------------------------------

  // What is there by now of all sessions.
  void look_around() {
    const std::string_view campaign = target.facts.get("token");
    if (calls.canaries)
      for (const std::string& name : calls.canaries())
        for (const Marker& marker : markers_in(name, campaign)) file_of(marker.play);
    if (!calls.mailbox) return;
    for (const delivery::Arrival& arrival : calls.mailbox->arrived()) {
      std::set<std::uint64_t> plays;
      for (const Marker& marker : markers_in(arrival.octets, campaign)) plays.insert(marker.play);
      for (const std::uint64_t one : plays) stored[one].push_back(arrival.octets);
    }
    // Of sessions that are long over.
    while (stored.size() > most_recent) stored.erase(stored.begin());
  }

  // A file that the play made. Where nobody waits for it any more it is looked into.
  void file_of(std::uint64_t play) {
    if (awaited.contains(play)) {
      touched.insert(play);
      return;
    }
    const auto made = std::find_if(recent.begin(), recent.end(), [&](const Recent& one) { return one.serial == play; });
    if (made != recent.end() && phase == Phase::searching && !suspected_before(file_made()))
      suspect({*made->scenario}, file_made(), play, "the file that play " + std::to_string(play) + " made");
  }
  // No RFC has a sentence that says it: RFC 5321 section 2.3.1 has mail data be content, and section 4.1.2 local-parts be names. But a file
  // that a client may make where he likes is nobody's choice.
  static judge::Finding file_made() {
    return {.rule = std::string(side_effect),
            .requirements = {},
            .verdict = judge::Verdict::fail,
            .step = {},
            .expected = "no file anywhere by a name that the client gave",
            .came = "a file",
            .choice = {},
            .place = {}};
  }

  // The file it may have made and the mail it sent; who sent none is done at once.
  void wait_for_effects(const std::shared_ptr<Playing>& played, const std::shared_ptr<Evaluation>& what, session::Time since) {
    const std::uint64_t serial_of = played->serial;
    look_around();
    const session::Duration waited = transport.now() - since;
    const bool settled =
        (played->pace != Pace::patient || touched.contains(serial_of) || waited >= effect_time) && is_delivered(*played, *what, waited);
    if (!settled && phase == Phase::searching) {
      transport.after(look_again, [this, played, what, since] { wait_for_effects(played, what, since); });
      return;
    }
    awaited.erase(serial_of);
    if (touched.erase(serial_of) > 0) what->findings.push_back(file_made());
    if (calls.mailbox) look_at_delivery(*played, *what, stored[serial_of], calls.mailbox->at_once());
    stored.erase(serial_of);
    over(*played, std::move(*what));
  }

  // What has to come has come, or there was time enough. What should not come is waited for a while.
  bool is_delivered(const Playing& played, const Evaluation& what, session::Duration waited) {
    if (!calls.mailbox || calls.mailbox->at_once() || !what.certain) return true;
    const auto sent = deliveries(*played.scenario, played.session->plan(), what.answers);
    if (!sent || sent->empty()) return true;
    std::size_t least = 0;
    for (const Sent& one : *sent) least += static_cast<std::size_t>(one.least);
    return waited >= delivery_time || (waited >= delivery_time / 20 && stored[played.serial].size() >= least);
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
      if (outcome.came.kind != session::Came::Kind::nothing) slowest = std::max(slowest, outcome.waited);
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
    solitary.clear();
    out.dead = silence();
  }
  std::string silence() const { return "the last " + std::to_string(unheard) + " sessions got no greeting"; }

  Evaluation evaluation(const Playing& played) const {
    Evaluation what = evaluation_of(played, registry);
    if (!options.compare) return what;
    if (const auto reference = on_reference(*played.scenario, target))
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
    for (const Act& act : played.scenario->acts) {
      if (act.says()) note(act.tree);
      for (const Node& tree : act.more) note(tree);
    }
    // With many under way it may have been another's doing: then this one is soon gone on from no more.
    if (calls.places) {
      const Shows places = calls.places();
      out.places += places.size();
      if (options.guided) shows.insert(shows.end(), places.begin(), places.end());
    }
    const bool fresh = options.corpus && corpus.add(*played.scenario, shows);
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
    std::vector<Scenario> others{};  // that may show it where this one does not
    std::shared_ptr<int> counted{};  // among those that are looked into
    int left = reproductions;
    std::optional<Shortening> shortening{};
    bool hasty = false;  // the shortest was seen in a hurry
  };
  bool looking_into() const { return suspicions.use_count() > 1; }

  void suspect_all(const Playing& played, Evaluation evaluation, std::uint64_t index, const std::string& origin) {
    for (judge::Finding& finding : evaluation.findings)
      if (!finding.by_letter && !suspected_before(finding)) suspect({*played.scenario}, std::move(finding), index, origin);
    if (evaluation.overheard) overhear(*played.scenario, std::move(*evaluation.overheard), index, origin);
  }

  // Who said it, and behind it, on another connection, who was told; as long as the first one is there, and when it is gone.
  void overhear(const Scenario& told, Overheard what, std::uint64_t index, const std::string& origin) {
    if (suspected_before(what.finding)) return;
    const auto said = std::find_if(recent.begin(), recent.end(), [&](const Recent& one) { return one.serial == what.play; });
    if (said == recent.end() || said->scenario->role != told.role ||
        connections_of(*said->scenario) + connections_of(told) > most_connections)
      return;
    Scenario gone = *said->scenario;
    for (int connection = connections_of(gone); connection > 0; --connection)
      gone.acts.push_back({.kind = Act::Kind::hang_up, .tree = {}, .connection = connection});
    suspect({joined({*said->scenario, told}), joined({gone, told})}, std::move(what.finding), index, origin);
  }

  // Then it is counted, or nobody wants to know.
  bool suspected_before(const judge::Finding& finding) {
    if (!options.accuse) return true;
    if (options.stop_at_first && finding.verdict == judge::Verdict::observed && !out.findings.empty()) return true;
    const auto known = suspected.find(key(finding));
    if (known != suspected.end() && known->second < out.findings.size()) ++out.findings[known->second].seen;
    return known != suspected.end();
  }

  // Any of the scenarios may show it, the first rather than the others. It was not suspected before: most are, and need no copy.
  void suspect(std::vector<Scenario> scenarios, judge::Finding finding, std::uint64_t index, const std::string& origin) {
    std::string what = key(finding);
    suspected.emplace(what, std::string::npos);
    Scenario first = std::move(scenarios.front());
    scenarios.erase(scenarios.begin());
    auto suspicion = std::make_shared<Suspicion>(
        Suspicion{std::move(finding), std::move(first), std::move(what), index, origin, std::move(scenarios), suspicions});
    if (!suspicion->others.empty()) ++suspicion->left;  // what was seen was another one
    if (find(control(suspicion->scenario, target, registry), suspicion->what)) return drop(*suspicion);
    again(suspicion);
  }

  void drop(const Suspicion& suspicion) {
    out.dropped.push_back(suspicion.what);
    suspected.erase(suspicion.what);
    // What is dropped once is not worth another look for long.
    if (++dropped[suspicion.what] >= 3) suspected.emplace(suspicion.what, std::string::npos);
  }

  void drop_or_try_another(const std::shared_ptr<Suspicion>& suspicion) {
    if (suspicion->others.empty()) return drop(*suspicion);
    suspicion->scenario = std::move(suspicion->others.front());
    suspicion->others.erase(suspicion->others.begin());
    suspicion->left = reproductions + 1;  // it did not show it yet
    if (find(control(suspicion->scenario, target, registry), suspicion->what)) return drop(*suspicion);
    again(suspicion);
  }

  // What a session hears of others is to be what the one beside it said.
  std::deque<std::function<void()>>& queue_of(const Suspicion& suspicion) {
    return suspicion.finding.rule == session_leak ? solitary : urgent;
  }

  void again(const std::shared_ptr<Suspicion>& suspicion) {
    queue_of(*suspicion).push_back([this, suspicion] {
      play(
          suspicion->scenario,
          [this, suspicion](const Playing& played, const Evaluation& evaluation) {
            if (!find(evaluation, suspicion->what)) return drop_or_try_another(suspicion);
            if (--suspicion->left > 0) return again(suspicion);
            suspected[suspicion->what] = out.findings.size();
            out.findings.emplace_back();
            keep(*suspicion, played, evaluation);
            suspicion->shortening.emplace(suspicion->scenario, ground(suspicion->scenario.role), options.most_plays);
            shorten(suspicion);
          },
          is_patient(*suspicion) ? Pace::patient : Pace::usual);
    });
  }

  static bool is_patient(const Suspicion& suspicion) { return suspicion.finding.rule == side_effect; }

  // A reply did not come in the time that there was.
  static bool gave_up(const session::Transcript& transcript) {
    return std::any_of(transcript.outcomes.begin(), transcript.outcomes.end(),
                       [](const session::Outcome& one) { return one.came.kind == session::Came::Kind::nothing && one.tier < 0; });
  }

  // The finding as this play shows it.
  void keep(const Suspicion& suspicion, const Playing& played, const Evaluation& evaluation) {
    Found& found = out.findings[suspected[suspicion.what]];
    found = {.finding = *find(evaluation, suspicion.what),
             .scenario = *played.scenario,
             .index = suspicion.index,
             .origin = suspicion.origin,
             .acts_before = suspicion.scenario.acts.size(),
             .transcript = played.session->transcript().masked(),
             .answers = evaluation.answers,
             .seen = found.seen};
  }

  // In a hurry; where the shortest hangs on a reply that did not come then, it is played once more with all the time that there is, and
  // what was shown before stays when it does not show it so.
  void shorten(const std::shared_ptr<Suspicion>& suspicion) {
    std::optional<Scenario> candidate;
    Pace pace = is_patient(*suspicion) ? Pace::patient : Pace::hurried;
    if (!stopping && !late()) {
      candidate = suspicion->shortening->next();
      if (!candidate && std::exchange(suspicion->hasty, false)) {
        candidate = suspicion->shortening->best();
        pace = Pace::usual;
      }
    }
    if (!candidate) {
      if (options.stop_at_first && suspicion->finding.verdict != judge::Verdict::observed) stopping = true;
      return;
    }
    queue_of(*suspicion).push_back([this, suspicion, pace, scenario = std::move(*candidate)] {
      play(
          scenario,
          [this, suspicion](const Playing& played, const Evaluation& evaluation) {
            const bool shows = find(evaluation, suspicion->what) && !find(control(*played.scenario, target, registry), suspicion->what);
            const bool hasty = played.pace == Pace::hurried && gave_up(played.session->transcript());
            if (shows && !hasty) keep(*suspicion, played, evaluation);
            if (played.pace != Pace::usual) {
              suspicion->shortening->tried(shows);
              if (shows) suspicion->hasty = hasty;
            }
            shorten(suspicion);
          },
          pace);
    });
  }

  // --- the target's death ------------------------------------------------------------------------------------------

  // Behind the last scenarios comes what killed the target, perhaps a moment later; and one may hear what another said.
  void remember(std::uint64_t number, std::shared_ptr<const Scenario> scenario) {
    const session::Time now = transport.now();
    recent.push_back({now, number, std::move(scenario)});
    while (recent.size() > most_recent || (recent.size() > least_recent && recent.front().at + recent_time < now)) recent.pop_front();
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
    solitary.clear();
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
    for (const Recent& one : recent) scenarios.push_back(*one.scenario);
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
      const bool played = play(
          it->scenarios[it->next++],
          [this, it, single](Playing& one, const Evaluation& evaluation) {
            if (single) {
              // It lives until the watch is over.
              it->last = [this, scenario = *one.scenario, transcript = one.session->transcript().masked(),
                          answers = evaluation.answers](session::Duration after) { keep_death(scenario, transcript, answers, after); };
            }
            --it->open;
            go_on_with(it);
          },
          Pace::hurried);
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

  // --- what the target keeps -----------------------------------------------------------------------------------------

  // Seldom, since it costs a walk through /proc. Who is busy is looked into when it is quiet.
  void sample() {
    if (!calls.attendant.usage || wants_quiet || asking > 0 || phase != Phase::searching) return;
    // What is looked into goes first.
    if (!before) wants_quiet = out.scenarios >= warm_up && !looking_into();
    else if (transport.now() - sampled >= sample_every) {
      sampled = transport.now();
      wants_quiet = urgent_growth(*before, calls.attendant.usage(), options.connections);
    }
  }

  // When nothing of it changes any more, or it takes too long.
  void settle(std::function<void(const run::Usage&)> then, run::Usage last = {}, int looks = 0) {
    const run::Usage now = calls.attendant.usage();
    const bool same = now.descriptors == last.descriptors && now.threads == last.threads && now.processes == last.processes;
    if ((looks > 0 && same) || looks == most_looks) return then(now);
    transport.after(settles, [this, then = std::move(then), now, looks] { settle(then, now, looks + 1); });
  }

  // Nothing is in flight.
  void look_at_usage() {
    phase = Phase::examining;
    settle([this](const run::Usage& now) {
      const auto what = before ? suspicious(*before, now) : std::nullopt;
      const bool news = what && !weighed.contains(*what) && options.accuse && !out.interrupted;
      const run::Usage earlier = before.value_or(now);
      before = now;
      news ? weigh_scenarios(*what, amount(now, *what) - amount(earlier, *what)) : search_on();
    });
  }
  void search_on() {
    examination.reset();
    weighing.reset();
    wants_quiet = false;
    sampled = transport.now();
    phase = Phase::searching;
    fill();
  }

  // All that is known while it is looked into what makes a resource grow.
  struct Weighing {
    Resource resource;
    std::int64_t plain = 0;
    Growth growth{};  // the last one that was kept
    session::Transcript transcript{};
    std::vector<Answer> answers{};
  };

  void weigh_scenarios(Resource resource, std::int64_t grew) {
    weighed.insert(resource);
    std::vector<Scenario> scenarios;
    for (auto one = recent.end() - static_cast<std::ptrdiff_t>(std::min(recent.size(), most_weighed)); one != recent.end(); ++one)
      scenarios.push_back(*one->scenario);
    const std::string last = "one of the last " + std::to_string(scenarios.size()) + " scenarios";
    examination.emplace(Examination{Culprit(std::move(scenarios), most_culprit_plays), last, transport.now() + weighing_time()});
    weighing.emplace(Weighing{resource});
    grown_by = grew;
    on_a_warm_one([this] { find_keeper(); });
  }

  // The target started anew, if anybody can do that, has served plain sessions, and it is known what more of them make of it.
  void on_a_warm_one(std::function<void()> then) {
    const auto warm = [this, then = std::move(then)] {
      const Scenario plain = plain_session(target.roles.front(), ground(target.roles.front()));
      const int rounds = rounds_for(1);
      play_all({plain}, rounds, [this, plain, rounds, then] {
        weigh({plain}, [this, rounds, then](const Growth& growth) {
          weighing->plain = (std::max(growth.first, growth.second) + rounds - 1) / rounds;
          then();
        });
      });
    };
    calls.attendant.restart ? revive(warm) : warm();
  }

  // A short campaign is not to end in a long examination.
  session::Duration weighing_time() const {
    if (options.time.count() == 0) return examination_time;
    return std::clamp<session::Duration>(options.time / 4, least_weighing, examination_time);
  }

  struct Rounds {
    std::vector<Scenario> scenarios;
    std::size_t left;
    std::function<void()> then;
    std::size_t next = 0;
    int open = 0;
  };
  void play_all(std::vector<Scenario> scenarios, int rounds, std::function<void()> then) {
    const std::size_t plays = scenarios.size() * static_cast<std::size_t>(rounds);
    go_round(std::make_shared<Rounds>(Rounds{std::move(scenarios), plays, std::move(then)}));
  }
  void go_round(const std::shared_ptr<Rounds>& it) {
    while (it->open < options.connections && it->left > 0 && !out.interrupted) {
      ++it->open;
      --it->left;
      const bool played = play(
          it->scenarios[it->next++ % it->scenarios.size()],
          [this, it](Playing& one, const Evaluation& evaluation) {
            if (it->left == 0) {
              weighing->transcript = one.session->transcript().masked();
              weighing->answers = evaluation.answers;
            }
            --it->open;
            go_round(it);
          },
          Pace::hurried);
      if (!played) --it->open;
    }
    if (it->open == 0) it->then();
  }

  // What so many plays make it keep, and as many again.
  void weigh(std::vector<Scenario> scenarios, std::function<void(const Growth&)> then) {
    const int rounds = rounds_for(scenarios.size());
    settle([this, scenarios = std::move(scenarios), then = std::move(then), rounds](const run::Usage& zero) {
      play_all(scenarios, rounds, [this, scenarios, then, rounds, zero] {
        settle([this, scenarios, then, rounds, zero](const run::Usage& one) {
          play_all(scenarios, rounds, [this, then, rounds, zero, one] {
            settle([this, then, rounds, zero, one](const run::Usage& two) {
              const Resource what = weighing->resource;
              // One that died keeps nothing; its death is news when the search goes on.
              if (zero.processes == 0 || two.processes == 0) return then({what, rounds, 0, 0, weighing->plain});
              then({what, rounds, amount(one, what) - amount(zero, what), amount(two, what) - amount(one, what), weighing->plain});
            });
          });
        });
      });
    });
  }

  void find_keeper() {
    if (auto sequence = enough() ? std::optional<std::vector<Scenario>>() : examination->culprit.next())
      return weigh(std::move(*sequence), [this](const Growth& growth) {
        examination->culprit.tried(keeps(growth));
        find_keeper();
      });
    const Scenario whole = joined(examination->culprit.sequence());
    if (whole.acts.empty() || connections_of(whole) > most_connections) return nobody_kept_it();
    examination->shortening.emplace(whole, ground(whole.role), most_weighings);
    shorten_keeper();
  }

  void shorten_keeper() {
    if (auto candidate = enough() ? std::optional<Scenario>() : examination->shortening->next())
      return weigh({std::move(*candidate)}, [this](const Growth& growth) {
        examination->shortening->tried(keeps(growth));
        shorten_keeper();
      });
    on_a_warm_one([this] {
      weigh({examination->shortening->best()}, [this](const Growth& growth) { keeps(growth) ? keep_growth(growth) : nobody_kept_it(); });
    });
  }

  void nobody_kept_it() {
    out.grew.push_back(std::string(to_string(weighing->resource)) + ": " + std::to_string(grown_by) + " more than before; " +
                       examination->origin + " alone does not show it");
    rebase();
  }

  void keep_growth(const Growth& growth) {
    const Scenario& best = examination->shortening->best();
    out.findings.push_back({.finding = {.rule = std::string(kept_resources),
                                        .requirements = {},
                                        .verdict = judge::Verdict::observed,
                                        .step = std::string(to_string(growth.resource)),
                                        .expected = "what a session took is given back behind it",
                                        .came = describe(growth),
                                        .choice = {},
                                        .place = {}},
                            .scenario = best,
                            .origin = examination->origin,
                            .acts_before = best.acts.size(),
                            .transcript = weighing->transcript,
                            .answers = weighing->answers});
    rebase();
  }

  void rebase() {
    settle([this](const run::Usage& now) {
      before = now;
      search_on();
    });
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
  int unheard = 0;              // sessions in a row
  session::Duration slowest{};  // of the replies so far
  bool stopping = false;
  std::deque<std::function<void()>> urgent;
  std::deque<std::function<void()>> solitary;  // of what wants the target for itself
  std::shared_ptr<int> suspicions = std::make_shared<int>();
  bool alone = false;  // such a one is in flight
  std::map<Playing*, std::unique_ptr<Playing>> playing;
  Corpus corpus;
  std::map<std::string, std::size_t> suspected;  // and which finding it became
  std::map<std::string, int> dropped;
  session::Time slot{};  // when the next play may begin
  bool awaiting_slot = false;
  enum class Phase : std::uint8_t { searching, dying, examining } phase = Phase::searching;
  session::Time dying_since{};
  session::Duration watched{};  // for a death, at the end
  struct Recent {
    session::Time at;
    std::uint64_t serial;
    std::shared_ptr<const Scenario> scenario;
  };
  std::deque<Recent> recent;
  std::optional<Examination> examination;
  std::uint64_t log_from = 0;                                  // where the log of this life of the target begins
  std::set<std::uint64_t> awaited, touched;                    // plays: whose effects are waited for; who made a file
  std::map<std::uint64_t, std::vector<std::string>> stored{};  // and their messages
  std::optional<run::Usage> before;                            // of the target, when it was looked at last
  session::Time sampled{};
  bool wants_quiet = false, looked_at_end = false;
  std::set<Resource> weighed;
  std::int64_t grown_by = 0;
  std::optional<Weighing> weighing;
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
  state_->solitary.clear();
}

}  // namespace smtpspec::fuzz
