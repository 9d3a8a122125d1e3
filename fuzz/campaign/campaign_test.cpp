#include "fuzz/campaign/campaign.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "fuzz/campaign/finding.hpp"
#include "fuzz/scenario/text.hpp"

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/faults/put.hpp"
#include "smtpspec/observe/store.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::fuzz {
namespace {

using smtp::Role;

Target target_of(const serve::Config& config, std::vector<Role> roles) {
  run::Profile profile = selftest::reference_profile(config);
  complete_facts(profile, "t1");
  Target target{std::move(roles), profile.facts, {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}};
  target.setup.deadlines.greeting = target.setup.deadlines.reply = std::chrono::minutes(5);
  target.setup.deadlines.data = std::chrono::minutes(10);
  return target;
}

// A store that does something wrong with what it passes on.
using InFront = std::function<std::unique_ptr<serve::Store>(serve::Store&)>;

// A campaign in memory against the reference server with a fault.
Report campaign(const faults::Fault& fault, Options options, std::vector<Role> roles = {Role::relay, Role::submission, Role::submissions},
                Calls calls = {}, std::vector<Replayed> corpus = {}, const InFront& before = {}) {
  serve::MemoryStore behind;
  observe::WatchedStore store(behind, {{"alice", delivery::Where::mailbox}});
  calls.mailbox = &store.at(delivery::Where::mailbox);
  const std::unique_ptr<serve::Store> wrong = before ? before(store) : nullptr;
  faults::FaultyServer server(fault, {.idle = std::chrono::minutes(30)}, wrong ? *wrong : store, crypto::digests());
  session::MemoryTransport transport([&](Role role) { return (*server).accept(role); });
  const script::Registry registry;
  return Campaign(target_of((*server).config(), std::move(roles)), transport, registry, options, std::move(calls)).run(std::move(corpus));
}

// With one of the known faults, or with none.
Report campaign(const std::string& fault_id, Options options, std::vector<Role> roles = {Role::relay, Role::submission, Role::submissions},
                Calls calls = {}, std::vector<Replayed> corpus = {}) {
  static const faults::Fault none{"none", "", ""};
  const faults::Fault* fault = &none;
  for (const faults::Fault* one : faults::all())
    if (one->id == fault_id) fault = one;
  EXPECT_TRUE(fault_id.empty() || fault != &none) << fault_id;
  return campaign(*fault, options, std::move(roles), std::move(calls), std::move(corpus));
}

TEST(Campaign, TheReferenceServerShowsNothing) {
  const Report report = campaign("", {.seed = 3, .scenarios = 3000});
  EXPECT_EQ(report.scenarios, 3000u);
  EXPECT_EQ(report.dropped.size(), 0u);
  for (const Found& found : report.findings) ADD_FAILURE() << found.finding.rule << ": " << found.finding.came;
  EXPECT_GT(report.past_hello, 2400u);
}

TEST(Campaign, AFaultIsFoundAndShortened) {
  const Report report = campaign("model/mail/MAIL/code-250", {.seed = 1, .scenarios = 2000, .stop_at_first = true}, {Role::relay});
  ASSERT_EQ(report.findings.size(), 1u);
  const Found& found = report.findings.front();
  EXPECT_EQ(found.finding.step, "MAIL") << found.finding.came;
  EXPECT_LE(found.scenario.acts.size(), 3u);
  EXPECT_LT(found.scenario.acts.size(), found.acts_before);
}

TEST(Campaign, TheSameSeedFindsTheSame) {
  const Options options{.seed = 9, .scenarios = 400};
  const Report one = campaign("model/rcpt/RSET/next-same", options), other = campaign("model/rcpt/RSET/next-same", options);
  ASSERT_EQ(one.findings.size(), other.findings.size());
  EXPECT_EQ(one.replies, other.replies);
  for (std::size_t i = 0; i < one.findings.size(); ++i) EXPECT_EQ(one.findings[i].scenario, other.findings[i].scenario);
}

TEST(Campaign, PlacesOfTheTargetsCodeAreNewLikeAnythingElse) {
  // Each play reaches a place that none before it reached.
  const auto corpus_of = [](bool guided) {
    std::uint64_t place = 0;
    const Calls calls{.places = [&] { return Shows{++place}; }};
    const Report report = campaign("", {.seed = 5, .scenarios = 200, .guided = guided}, {Role::relay}, calls);
    EXPECT_EQ(report.places, report.scenarios);
    return report.corpus;
  };
  EXPECT_EQ(corpus_of(true), 200u);
  EXPECT_LT(corpus_of(false), 150u);
}

TEST(Campaign, WhatWasReachedIsCounted) {
  const Report report = campaign("", {.seed = 4, .scenarios = 300}, {Role::relay});
  std::uint64_t replies = 0, seen = 0, moved = 0;
  for (const auto& [code, verbs] : report.codes)
    for (const auto& [verb, times] : verbs) replies += times;
  EXPECT_EQ(replies, report.replies);
  EXPECT_GE(report.codes.at(220).at("greeting"), report.plays) << "a session has a connection at least";
  EXPECT_GT(report.codes.at(500).at("(unknown verb)"), 0u);
  // The reference server goes where the model says, and says what it says.
  std::set<std::pair<smtp::State, smtp::State>> possible;
  for (int number = 0; number < smtp::context_count; ++number)
    for (const auto& step : smtp::model_steps[static_cast<std::size_t>(number)])
      possible.emplace(smtp::state_of(static_cast<smtp::ContextNumber>(number)), smtp::state_of(step.next));
  for (const auto& [move, times] : report.moves) {
    EXPECT_TRUE(possible.contains(move)) << to_string(move.first) << " to " << to_string(move.second);
    moved += times;
  }
  for (const auto& [place, codes] : report.seen)
    for (const auto& [code, times] : codes) seen += times;
  EXPECT_LE(moved, seen);
  EXPECT_LT(seen, replies);
  EXPECT_GT(moved, seen / 2);
  EXPECT_EQ(report.seen.at({smtp::State::rcpt, smtp::Input::data}).begin()->first, 354);
  EXPECT_GT(report.moves.at({smtp::State::rcpt, smtp::State::data}), 0u);
}

TEST(Campaign, AFindingIsNoLongerOneWhereItDoesNotComeAgain) {
  // What one connection in a hundred gets wrong does not come three times.
  const Report report = campaign("model/mail/MAIL/code-250", {.seed = 1, .scenarios = 0}, {Role::relay});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(report.scenarios, 0u);
}

TEST(Campaign, ShardsShareOutTheIndices) {
  const Report whole = campaign("", {.seed = 5, .scenarios = 30, .corpus = false}, {Role::relay});
  EXPECT_EQ(whole.next, 30u);
  std::set<std::uint16_t> said;
  std::uint64_t past_hello = 0;
  for (std::uint64_t shard = 1; shard <= 3; ++shard) {
    const Report part = campaign("", {.seed = 5, .scenarios = 10, .shard = shard, .shards = 3, .corpus = false}, {Role::relay});
    EXPECT_EQ(part.next, 29 + shard);
    said.insert(part.productions.begin(), part.productions.end());
    past_hello += part.past_hello;
  }
  EXPECT_EQ(said, whole.productions);
  EXPECT_EQ(past_hello, whole.past_hello);
  // From the middle it goes on with its own.
  EXPECT_EQ(campaign("", {.seed = 5, .first = 31, .scenarios = 2, .shard = 1, .shards = 3}, {Role::relay}).next, 39u);
}

TEST(Campaign, AnEarlierCorpusIsPlayedFirst) {
  std::vector<Replayed> corpus;
  Calls keep;
  keep.fresh = [&](const Scenario& scenario) { corpus.push_back({std::to_string(corpus.size()), scenario}); };
  const Report first = campaign("", {.seed = 2, .scenarios = 300}, {Role::relay}, keep);
  ASSERT_EQ(corpus.size(), first.corpus);
  ASSERT_GT(corpus.size(), 20u);
  std::vector<Shows> shows(corpus.size());
  std::size_t fresh = 0;
  Calls calls;
  calls.replayed = [&](std::size_t number, const Shows& what) { shows[number] = what; };
  calls.fresh = [&](const Scenario&) { ++fresh; };
  const Report again = campaign("", {.seed = 2, .scenarios = 0}, {Role::relay}, calls, corpus);
  EXPECT_EQ(again.replayed, corpus.size());
  EXPECT_EQ(again.scenarios, 0u);
  EXPECT_EQ(fresh, 0u);
  // What a scenario shows may hang on the octets of a token, or on the sessions beside it.
  EXPECT_GE(again.seen.size(), first.seen.size() * 95 / 100) << "the corpus shows what the campaign saw";
  EXPECT_LT(distilled(shows).size(), corpus.size());
  // What it shows is found without a scenario of the seed.
  const Report faulty = campaign("model/mail/MAIL/code-250", {.scenarios = 0}, {Role::relay}, {}, corpus);
  ASSERT_FALSE(faulty.findings.empty());
  EXPECT_EQ(faulty.findings.front().origin.substr(0, 13), "corpus entry ");
}

// The server shows the argument of the NOOP before, whoever said it; or of the last session that is over.
TEST(Campaign, WordsOfAnotherSessionAreHeard) {
  const auto tells = [](bool only_when_over) {
    return faults::Fault{"test/noop-of-another", "", "", [only_when_over](faults::Seams& seams, faults::Shared& shared) {
                           shared.texts.resize(1);
                           const auto said = std::make_shared<std::string>();
                           faults::on_answer(seams, smtp::Input::noop,
                                             [&shared, said, only_when_over](std::string_view line, serve::Saying& saying) {
                                               saying.lines.front() += " " + shared.texts.front();
                                               *said = std::string(line.substr(std::min<std::size_t>(line.size(), 5)));
                                               if (!only_when_over) shared.texts.front() = *said;
                                             });
                           if (only_when_over) faults::when_over(seams, [&shared, said] { shared.texts.front() = *said; });
                         }};
  };
  for (const bool only_when_over : {false, true}) {
    const Report report = campaign(tells(only_when_over), {.seed = 1, .scenarios = 1500}, {Role::relay});
    for (const Found& found : report.findings) EXPECT_EQ(key(found.finding), "fuzz/sessions-are-apart NOOP 250") << to_text(found.scenario);
    ASSERT_EQ(report.findings.size(), 1u) << only_when_over;
    const Found& found = report.findings.front();
    EXPECT_EQ(found.finding.rule, session_leak);
    EXPECT_EQ(found.finding.verdict, judge::Verdict::deviation);
    EXPECT_EQ(found.finding.step, "NOOP");
    EXPECT_EQ(connections_of(found.scenario), 2) << to_text(found.scenario);
    EXPECT_LE(found.scenario.acts.size(), only_when_over ? 4u : 3u) << to_text(found.scenario);
    const std::string text = as_case(found, {}, "test");
    EXPECT_NE(text.find("NOOP {token}mark"), std::string::npos) << text;
    EXPECT_NE(text.find(R"(any text not "*mark)"), std::string::npos) << text;
    EXPECT_EQ(text.find("reset") != std::string::npos, only_when_over) << text;
  }
}

// What a store does with each message in place of passing it on.
struct WrongStore final : serve::Store {
  using How = std::function<bool(serve::Store&, serve::Message)>;
  WrongStore(serve::Store& behind, How does) : store(behind), how(std::move(does)) {}
  bool take(const serve::Message& message) override { return how(store, message); }
  serve::Store& store;
  How how;
};

const Found* delivery_found(const WrongStore::How& how) {
  static Report report;
  static const faults::Fault none{"none", "", ""};
  report = campaign(none, {.seed = 1, .scenarios = 1500, .stop_at_first = true}, {Role::relay}, {}, {},
                    [&](serve::Store& behind) { return std::make_unique<WrongStore>(behind, how); });
  return report.findings.empty() ? nullptr : &report.findings.front();
}

TEST(Campaign, WhatIsSentHasToArrive) {
  struct Wrong {
    const char* name;
    std::string step;
    judge::Verdict verdict;
    WrongStore::How how;
  };
  const auto replace = [](std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) text.replace(at, what.size(), by);
  };
  const Wrong all[] = {
      {"loses", "lost", judge::Verdict::fail, [](serve::Store&, const serve::Message&) { return true; }},
      {"doubles", "doubled", judge::Verdict::deviation,
       [](serve::Store& store, const serve::Message& message) { return store.take(message) && store.take(message); }},
      {"keeps what it refuses", "refused", judge::Verdict::fail,
       [](serve::Store& store, const serve::Message& message) { return store.take(message) && false; }},
      {"takes a dot away", "altered", judge::Verdict::fail,
       [&](serve::Store& store, serve::Message message) {
         replace(message.content, "\r\n.", "\r\n");
         return store.take(message);
       }},
      {"cuts at a NUL", "altered", judge::Verdict::fail,
       [](serve::Store& store, serve::Message message) {
         message.content.resize(std::min(message.content.find('\0'), message.content.size()));
         return store.take(message);
       }},
      {"adds an empty line", "altered", judge::Verdict::fail,
       [](serve::Store& store, serve::Message message) {
         message.content += "\r\n";
         return store.take(message);
       }},
  };
  for (const Wrong& wrong : all) {
    const Found* found = delivery_found(wrong.how);
    ASSERT_TRUE(found) << wrong.name;
    EXPECT_EQ(found->finding.rule, wrong_delivery) << wrong.name << found->finding.came;
    EXPECT_EQ(found->finding.step, wrong.step) << wrong.name;
    EXPECT_EQ(found->finding.verdict, wrong.verdict) << wrong.name;
    EXPECT_LE(found->scenario.acts.size(), 5u) << wrong.name << to_text(found->scenario);
  }
  EXPECT_FALSE(delivery_found([](serve::Store& store, const serve::Message& message) { return store.take(message); }));
  EXPECT_FALSE(delivery_found([](serve::Store&, const serve::Message&) { return false; })) << "who refuses all loses nothing";
}

// A server that makes a file of a name, a while later; the folder is one of names only.
TEST(Campaign, AFileThatACommandMadeIsASideEffect) {
  for (const auto delay : {std::chrono::milliseconds(0), std::chrono::milliseconds(400)}) {
    serve::MemoryStore store;
    std::deque<std::string> made;
    session::MemoryTransport* world = nullptr;
    serve::Server server({.idle = std::chrono::minutes(30)}, store, crypto::digests(), [&] {
      auto seams = faults::Seams::lawful();
      seams.content = [&, before = seams.content](const serve::Transaction& transaction, std::string content) {
        const std::string_view begins = "Content-ID: <../../../../../tmp/c/";
        if (const std::size_t at = content.find(begins); at != std::string::npos) {
          const std::size_t name = at + begins.size();
          world->after(delay, [&made, file = content.substr(name, content.find('>', name) - name)] { made.push_back(file); });
        }
        return before(transaction, std::move(content));
      };
      return seams;
    });
    session::MemoryTransport transport([&](Role role) { return server.accept(role); });
    world = &transport;
    Target target = target_of(server.config(), {Role::relay});
    target.facts.values["canary"] = "tmp/c";
    Calls calls;
    calls.canaries = [&] {
      const std::vector<std::string> names(made.begin(), made.end());
      made.clear();
      return names;
    };
    const script::Registry registry;
    const Report report = Campaign(std::move(target), transport, registry, {.seed = 1, .scenarios = 1500}, calls).run();
    ASSERT_EQ(report.findings.size(), 1u);
    const Found& found = report.findings.front();
    EXPECT_EQ(found.finding.rule, side_effect);
    EXPECT_LE(found.scenario.acts.size(), 4u) << to_text(found.scenario);
    const std::string text = as_case(found, {}, "test");
    EXPECT_NE(text.find("Content-ID: <../../../../../{canary}/{token}mark"), std::string::npos) << text;
  }
}

TEST(Campaign, ARateIsKept) {
  const Report report = campaign("", {.seed = 2, .scenarios = 100, .rate = 10}, {Role::relay});
  EXPECT_EQ(report.scenarios, 100u);
  EXPECT_GE(report.time, std::chrono::seconds(9));
  EXPECT_LE(report.time, std::chrono::seconds(60));
}

// The reference server as a process that some commands end, at once or a moment later.
class Mortal {
 public:
  Mortal(std::function<bool(const std::vector<std::string>&)> kills, session::Duration delay) : kills_(std::move(kills)), delay_(delay) {}

  Report campaign(Options options) {
    Calls calls;
    calls.attendant.death = [this] {
      if (dies_at_ && transport_.now() >= *dies_at_) dead_ = true;
      return dead_ ? std::string("exited with status 3") : "";
    };
    calls.attendant.restart = [this](const auto& done) {
      said_.clear();
      dies_at_.reset();
      dead_ = false;
      ++restarts;
      done(start_again ? "" : "the port is taken");
    };
    calls.attendant.log_size = [] { return std::uint64_t{20}; };
    calls.attendant.log_since = [](std::uint64_t) { return std::string("x\nSUMMARY: AddressSanitizer: heap-use-after-free a.c:3\n"); };
    const script::Registry registry;
    Target target = target_of(server_.config(), {Role::relay});
    // Connections of a process that ends are closed; these only fall silent.
    target.setup.deadlines.greeting = target.setup.deadlines.reply = target.setup.deadlines.data = std::chrono::milliseconds(100);
    return Campaign(std::move(target), transport_, registry, options, calls).run();
  }

  bool start_again = true;
  int restarts = 0;

 private:
  struct Machine final : smtp::Machine {
    Machine(Mortal& of, std::unique_ptr<smtp::Machine> inner) : owner(of), machine(std::move(inner)) {}
    void on(const smtp::Event& event, smtp::Actions& actions) override {
      if (event.kind == smtp::Event::Kind::octets) owner.heard(event.octets);
      if (!owner.dead_) return machine->on(event, actions);
      actions.push_back({.kind = smtp::Action::Kind::close, .connection = event.connection});
    }
    Mortal& owner;
    std::unique_ptr<smtp::Machine> machine;
  };
  void heard(std::string_view octets) {
    said_.emplace_back(octets);
    if (dies_at_ || !kills_(said_)) return;
    dies_at_ = transport_.now() + delay_;
    dead_ = delay_.count() == 0;
  }

  std::function<bool(const std::vector<std::string>&)> kills_;
  session::Duration delay_;
  serve::MemoryStore store_;
  serve::Server server_{{.idle = std::chrono::minutes(30)}, store_, crypto::digests()};
  session::MemoryTransport transport_{[this](Role role) -> std::unique_ptr<smtp::Machine> {
    if (dead_) return nullptr;
    return std::make_unique<Machine>(*this, server_.accept(role));
  }};
  std::vector<std::string> said_;  // in this life
  std::optional<session::Time> dies_at_;
  bool dead_ = false;
};

bool says(const std::vector<std::string>& all, std::string_view what) {
  return std::any_of(all.begin(), all.end(), [&](const std::string& one) { return one.find(what) != std::string::npos; });
}

TEST(Death, TheScenarioThatKillsIsFoundAndShortened) {
  for (const auto delay : {std::chrono::milliseconds(0), std::chrono::milliseconds(1000)}) {
    Mortal mortal([](const auto& said) { return says(said, "EXPN"); }, delay);
    const Report report = mortal.campaign({.seed = 1, .scenarios = 300});
    ASSERT_EQ(report.findings.size(), 1u);
    const Found& found = report.findings.front();
    EXPECT_EQ(found.finding.rule, dead_process);
    EXPECT_EQ(found.finding.came, "exited with status 3: AddressSanitizer: heap-use-after-free a.c:3");
    EXPECT_LE(found.scenario.acts.size(), 2u) << to_text(found.scenario);  // at most with an `open` in front
    EXPECT_EQ(found.died_after >= std::chrono::milliseconds(900), delay.count() > 0);
    EXPECT_EQ(found.log.back(), "SUMMARY: AddressSanitizer: heap-use-after-free a.c:3");
    // It goes on, and dies again.
    EXPECT_GE(report.deaths.size(), delay.count() == 0 ? 3u : 1u);
    EXPECT_EQ(found.seen, std::min<std::size_t>(report.deaths.size(), 20));
    const std::string text = as_case(found, {}, "test");
    EXPECT_NE(text.find("EXPN"), std::string::npos) << text;
    EXPECT_EQ(text.find("do: wait") != std::string::npos, found.transcript.complete) << text;
  }
}

TEST(Death, TwoScenariosThatKillTogether) {
  Mortal mortal([](const auto& said) { return says(said, "EXPN") && says(said, "HELP"); }, {});
  const Report report = mortal.campaign({.seed = 2, .scenarios = 150, .connections = 1});
  ASSERT_EQ(report.findings.size(), 1u);
  const auto& acts = report.findings.front().scenario.acts;
  EXPECT_LE(acts.size(), 3u) << to_text(report.findings.front().scenario);
}

TEST(Death, WhoDoesNotComeBackIsLost) {
  Mortal mortal([](const auto& said) { return says(said, "EXPN"); }, {});
  mortal.start_again = false;
  const Report report = mortal.campaign({.seed = 1, .scenarios = 150});
  EXPECT_NE(report.dead.find("not started again: the port is taken"), std::string::npos) << report.dead;
  EXPECT_LT(report.scenarios, 150u);
}

TEST(Death, WhoDiesAllTheTimeIsGivenUp) {
  Mortal mortal([](const auto&) { return true; }, {});
  const Report report = mortal.campaign({.seed = 1, .scenarios = 150});
  EXPECT_NE(report.dead.find("it died 21 times"), std::string::npos) << report.dead;
  EXPECT_LE(report.findings.size(), 1u);
}

}  // namespace
}  // namespace smtpspec::fuzz
