#include "smtpspec/run/run.hpp"

#include <algorithm>
#include <atomic>
#include <deque>

namespace smtpspec::run {

using script::Case;
using script::Condition;
using script::Start;
using session::Session;

namespace {

// What a result keeps of its transcript; the judge has seen it whole.
constexpr std::size_t most_octets_of_an_entry = 8192;
constexpr std::size_t most_octets = 128u << 10;       // in all; behind that …
constexpr std::size_t most_octets_of_the_rest = 256;  // … so much of each entry
constexpr std::size_t most_entries = 300;
constexpr std::size_t entries_at_the_ends = 100;
constexpr std::size_t entries_around_a_finding = 10;
constexpr std::size_t most_restarts = 3;
constexpr std::size_t most_log_lines = 40;

bool any_glob(const std::vector<std::string>& globs, std::string_view text) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
    if (script::glob_match(glob, text)) return true;
    // A folder selects what is in it; a case selects its rows.
    return text.size() > glob.size() && text.starts_with(glob) && (text[glob.size()] == '/' || text[glob.size()] == '[');
  });
}

std::string full_id(const Case& test, const script::CaseRow& row) { return row.name.empty() ? test.id : test.id + "[" + row.name + "]"; }

// Takes entries out of the middle of a long transcript; the findings go on pointing at theirs.
void leave_out(std::vector<session::Entry>& entries, std::vector<judge::Finding>& findings) {
  if (entries.size() <= most_entries) return;
  std::vector<bool> kept(entries.size(), false);
  const auto keep = [&](std::size_t from, std::size_t to) {
    std::fill(kept.begin() + static_cast<std::ptrdiff_t>(from), kept.begin() + static_cast<std::ptrdiff_t>(std::min(to, kept.size())),
              true);
  };
  keep(0, entries_at_the_ends);
  keep(entries.size() - entries_at_the_ends, entries.size());
  for (const auto& finding : findings)
    if (finding.entry >= 0) {
      const auto at = static_cast<std::size_t>(finding.entry);
      keep(at - std::min(at, entries_around_a_finding), at + entries_around_a_finding);
    }
  std::vector<session::Entry> out;
  std::vector<int> moved(entries.size(), -1);
  std::size_t gap = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!kept[i]) {
      ++gap;
      continue;
    }
    if (gap > 0) {
      session::Entry note = entries[i - 1];
      note = {.kind = session::Entry::Kind::note, .at = note.at, .connection = note.connection, .octets = {}, .reply = {}};
      note.octets = std::to_string(gap) + " entries are left out";
      out.push_back(std::move(note));
      gap = 0;
    }
    moved[i] = static_cast<int>(out.size());
    out.push_back(std::move(entries[i]));
  }
  for (auto& finding : findings)
    if (finding.entry >= 0)
      finding.entry = static_cast<std::size_t>(finding.entry) < moved.size() ? moved[static_cast<std::size_t>(finding.entry)] : -1;
  entries = std::move(out);
}

void shrink(session::Transcript& transcript, std::vector<judge::Finding>& findings) {
  leave_out(transcript.entries, findings);
  std::size_t size = 0;
  for (auto& entry : transcript.entries) {
    std::string& octets = entry.reply ? entry.reply->octets : entry.octets;
    const std::size_t most = size < most_octets ? most_octets_of_an_entry : most_octets_of_the_rest;
    if (octets.size() > most) octets = session::mask(std::move(octets), transcript.secrets).substr(0, most);  // no secret is cut in two
    size += octets.size();
    if (entry.reply) entry.reply->lines = {};  // they point into the octets
  }
  transcript.outcomes = {};
  transcript.offered = {};
  transcript.greeting.resize(std::min(transcript.greeting.size(), most_octets_of_the_rest));
}

}  // namespace

std::size_t Run::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(tests.begin(), tests.end(), [&](const TestResult& test) { return test.verdict == verdict; }));
}
std::size_t Run::by_letter() const {
  return static_cast<std::size_t>(std::count_if(tests.begin(), tests.end(), [](const TestResult& test) { return test.by_letter; }));
}

struct Runner::State {
  const script::Suite& suite;
  Profile profile;
  Options options;
  session::Transport& transport;
  session::Setup setup;
  Progress progress;
  Attendant attendant;

  struct Test {
    const Case* test;
    const script::CaseRow* row;
    smtp::Role role;
    int attempts = 0;
    bool settled = false;
    bool confirming = false;
    judge::Judgement first{};  // before its confirmation
  };
  // Sessions that are judged together: one, or the clones of a case.
  struct Group {
    std::size_t test = 0;
    std::vector<std::unique_ptr<Session>> sessions;
    std::vector<bool> counted;  // decided() was seen
    std::size_t open = 0;
    session::Time began{};
    std::uint64_t log_from = 0;
    std::function<void(Group&)> done;
    int weight = 1;
  };
  struct Twin {
    bool known = false;
    bool passed = false;
    std::string summary;
    std::vector<std::pair<std::size_t, std::function<void(bool, const std::string&)>>> waiting;
  };
  struct RuleTally {
    std::size_t broken = 0;
    judge::Finding finding;
    session::Transcript transcript;
    std::string example;
  };

  std::vector<Test> tests;
  std::deque<std::size_t> queue;
  std::map<Group*, std::unique_ptr<Group>> groups;
  std::map<std::string, Twin> twins;
  std::map<std::pair<const judge::Rule*, smtp::Role>, RuleTally> tallies;
  std::map<smtp::Role, std::size_t> replies;
  Run out;
  int undecided = 0;
  int connections = 0;
  int silent_in_a_row = 0;
  bool asking = false;  // a known-good session decides whether the target is dead
  std::size_t finished = 0;
  std::uint64_t serial = 0;
  std::string token_base;
  std::atomic<bool> interrupted = false;
  bool stopping = false;

  State(const script::Suite& suite_, Profile profile_, Options options_, session::Transport& transport_, session::Setup setup_,
        Progress progress_, Attendant attendant_)
      : suite(suite_),
        profile(std::move(profile_)),
        options(std::move(options_)),
        transport(transport_),
        setup(std::move(setup_)),
        progress(std::move(progress_)),
        attendant(std::move(attendant_)) {}

  // --- selection -------------------------------------------------------------------------------------------------
  bool wanted(const Case& test, const script::CaseRow& row) const {
    const Selection& s = options.selection;
    if (test.tagged("slow") && !s.slow) return false;
    const std::string id = full_id(test, row);
    if (!s.globs.empty() && !any_glob(s.globs, id)) return false;
    if (any_glob(s.skip, id)) return false;
    if (!s.covers.empty() &&
        std::none_of(test.covers.begin(), test.covers.end(), [&](const std::string& r) { return any_glob(s.covers, r); }))
      return false;
    if (!s.tags.empty() && std::none_of(s.tags.begin(), s.tags.end(), [&](const std::string& tag) { return test.tagged(tag); }))
      return false;
    return true;
  }

  void select() {
    std::size_t index = 0;
    for (const Case& test : suite.cases)
      for (const script::CaseRow& row : test.rows) {
        if (!wanted(test, row)) continue;
        for (const smtp::Role role : test.roles) {
          if (!profile.endpoints.count(role)) continue;
          if (!options.selection.roles.empty() &&
              std::find(options.selection.roles.begin(), options.selection.roles.end(), role) == options.selection.roles.end())
            continue;
          if (index++ % static_cast<std::size_t>(options.selection.shards) != static_cast<std::size_t>(options.selection.shard - 1))
            continue;
          tests.push_back({&test, &row, role});
        }
      }
  }

  // --- one group of sessions -------------------------------------------------------------------------------------
  script::Facts fresh_facts() {
    script::Facts facts = profile.facts;
    facts.values["token"] = token_base + std::to_string(++serial);
    return facts;
  }

  session::Setup setup_for(const Case& test) {
    session::Setup out_setup = setup;
    out_setup.credentials = {std::string(profile.facts.get("user")), std::string(profile.facts.get("password"))};
    out_setup.nonce += std::to_string(serial);
    if (test.timeout) out_setup.deadlines.reply = out_setup.deadlines.data = *test.timeout;
    return out_setup;
  }

  // How many of the target's connections a dialogue takes. One that restarts the target runs alone.
  int weight_of(const Case& test, const std::vector<script::Step>& steps) const {
    int weight = 1;
    for (const auto& step : steps) {
      if (step.kind != script::Step::Kind::act) continue;
      if (step.act == script::Step::Act::open) ++weight;
      if (step.act == script::Step::Act::restart) return profile.connections;
    }
    return weight * test.clones;
  }

  // Starts the sessions of a dialogue; `done` gets the group when the last one has ended.
  Result<void> start(const Case& test, const std::vector<script::Step>& steps, const script::CaseRow& row, smtp::Role role, int clones,
                     std::size_t index, std::function<void(Group&)> done) {
    auto group = std::make_unique<Group>();
    group->test = index;
    group->weight = weight_of(test, steps);
    group->done = std::move(done);
    group->began = transport.now();
    group->log_from = attendant.log_size ? attendant.log_size() : 0;
    for (int i = 0; i < clones; ++i) {
      auto plan = script::make_plan(test, steps, row, role, fresh_facts());
      if (!plan) return tl::unexpected(plan.error());
      group->sessions.push_back(std::make_unique<Session>(std::move(*plan), setup_for(test)));
    }
    Group* key = group.get();
    key->open = key->sessions.size();
    key->counted.assign(key->open, false);
    undecided += static_cast<int>(key->open);
    connections += key->weight;
    groups.emplace(key, std::move(group));
    for (std::size_t i = 0; i < key->sessions.size(); ++i) transport.play(*key->sessions[i], [this, key, i] { changed(*key, i); });
    return {};
  }

  void changed(Group& group, std::size_t index) {
    Session& session = *group.sessions[index];
    if (session.decided() && !group.counted[index]) {
      group.counted[index] = true;
      --undecided;
    }
    if (session.finished() && --group.open == 0) {
      connections -= group.weight;
      const auto owned = std::move(groups.extract(&group).mapped());
      owned->done(*owned);
    }
    // New sessions start from here, never from inside the transport's own work on this one.
    transport.after({}, [this] { fill(); });
  }

  // --- one test --------------------------------------------------------------------------------------------------
  // Why a test does not apply, or "".
  std::string not_applicable(const Test& test) {
    const auto missing = script::missing_facts(*test.test, test.role, profile.facts);
    if (!missing.empty()) {
      ++out.missing[missing.front()];
      return "needs " + missing.front() + ": give " + how_to_give(missing.front());
    }
    const Offer& offer = out.offers[test.role];
    const bool early = test.test->start == Start::connected || test.test->start == Start::greeted;
    const auto& offered = early ? offer.clear : offer.ready;
    for (const Condition& condition : test.test->conditions) {
      if (condition.kind == Condition::Kind::keyword) {
        if (!meets(condition, offered))
          return condition.negated ? to_string(condition).substr(4) + " is offered" : to_string(condition) + " is not offered";
      } else if (condition.name == "ipv6") {
        if (profile.endpoints.at(test.role).host.find(':') == std::string::npos) return "the endpoint has no IPv6 address";
      } else if (profile.has(condition.name) == condition.negated) {
        if (!condition.negated) ++out.missing[condition.name];
        return condition.negated ? "the profile has " + condition.name
                                 : "needs " + condition.name + ": give " + how_to_give(condition.name);
      }
    }
    return "";
  }

  TestResult blank(const Test& test) const {
    TestResult result;
    result.test = test.test;
    result.id = full_id(*test.test, *test.row);
    result.row = test.row->name;
    result.role = test.role;
    result.level = level_of(*test.test, suite.registry);
    result.requirements = test.test->covers;
    result.title = test.test->title;
    result.place = Place{test.test->file};
    return result;
  }

  void finish(std::size_t index, TestResult result) {
    tests[index].settled = true;
    out.tests.push_back(std::move(result));
    ++finished;
    if (progress.on_result) progress.on_result(finished, tests.size(), out.tests.back());
    if (options.fail_fast && out.tests.back().verdict == Verdict::fail && !out.tests.back().by_letter) stop_all();
  }

  void finish_judged(std::size_t index, const judge::Judgement& judgement, session::Transcript transcript, session::Duration duration,
                     std::vector<std::string> log) {
    TestResult result = blank(tests[index]);
    result.verdict = judgement.verdict;
    result.summary = judgement.summary;
    result.choice = judgement.choice;
    result.findings = judgement.findings;
    result.duration = duration;
    if (judgement.verdict >= Verdict::deviation) result.log = std::move(log);
    result.transcript = std::move(transcript);
    const judge::Finding* worst = nullptr;
    for (const auto& finding : judgement.findings)
      if (!worst || finding.verdict > worst->verdict) worst = &finding;
    if (worst) {
      result.marked = worst->entry;
      result.place = worst->place;
      result.by_letter = worst->by_letter && worst->verdict >= Verdict::deviation;
    }
    finish(index, std::move(result));
  }

  // What the target wrote while the group was under way; lines of other sessions may be among it.
  std::vector<std::string> log_of(const Group& group, const std::vector<std::string>& secrets) const {
    std::vector<std::string> lines;
    if (!attendant.log_since) return lines;
    const std::string text = attendant.log_since(group.log_from);
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      lines.push_back(smtp::spell(session::mask(std::string(rest.substr(0, end)), secrets)));
      rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    if (lines.size() > most_log_lines) lines.erase(lines.begin(), lines.end() - most_log_lines);
    return lines;
  }

  void finish_plain(std::size_t index, Verdict verdict, std::string why) {
    TestResult result = blank(tests[index]);
    result.verdict = verdict;
    result.summary = std::move(why);
    finish(index, std::move(result));
  }

  void hear(const Case* test, smtp::Role role, const session::Transcript& transcript, const std::string& id) {
    for (const auto& entry : transcript.entries)
      if (entry.kind == session::Entry::Kind::reply) {
        ++replies[role];
        ++out.replies;
      }
    if (options.quiet_rules) return;
    for (auto& finding : judge::judge_rules(test, role, transcript, suite.registry)) {
      RuleTally& tally = tallies[{judge::find_rule(finding.rule), role}];
      if (tally.broken++ > 0 && finding.verdict <= tally.finding.verdict) continue;
      tally.finding = std::move(finding);
      tally.transcript = transcript;
      std::vector<judge::Finding> one{std::move(tally.finding)};
      shrink(tally.transcript, one);
      tally.finding = std::move(one.front());
      tally.example = id;
    }
  }

  void begin(std::size_t index) {
    Test& test = tests[index];
    ++test.attempts;
    auto started = start(*test.test, test.test->dialogue, *test.row, test.role, test.test->clones, index,
                         [this](Group& group) { primary_done(group); });
    if (!started) finish_plain(index, Verdict::error, to_string(started.error()));
  }

  void primary_done(Group& group) {
    const std::size_t index = group.test;
    Test& test = tests[index];
    if (stopping) return finish_plain(index, Verdict::inconclusive, why_stopped());
    judge::Judgement judgement;
    const Session* shown = group.sessions.front().get();
    bool first = true;
    for (const auto& session : group.sessions) {
      hear(test.test, test.role, session->transcript(), full_id(*test.test, *test.row));
      auto one = judge::judge_case(*test.test, session->plan(), session->transcript(), suite.registry);
      if (first || one.verdict > judgement.verdict) {
        judgement = std::move(one);
        shown = session.get();
      }
      first = false;
    }
    if (judgement.no_greeting && test.test->start != Start::connected) ++silent_in_a_row;
    else silent_in_a_row = 0;
    const session::Duration duration = transport.now() - group.began;
    const bool worth_a_log = judgement.verdict >= Verdict::deviation && test.confirming;
    auto log = worth_a_log ? log_of(group, shown->transcript().secrets) : std::vector<std::string>{};

    if (judgement.verdict == Verdict::inconclusive && judgement.policy && test.attempts == 1 && !test.confirming) {
      transport.after(options.retry_delay, [this, index] { requeue(index); });
      return;
    }
    const bool accuses = judgement.verdict == Verdict::fail || judgement.verdict == Verdict::deviation;
    if (accuses && !test.confirming) {
      // Nobody is accused on the strength of one connection.
      test.confirming = true;
      test.first = std::move(judgement);
      requeue(index);
      return;
    }
    if (test.confirming && judgement.verdict != test.first.verdict) {
      judgement.verdict = Verdict::inconclusive;
      judgement.summary = "seen once, but not on a second connection: " + test.first.summary;
      judgement.findings.clear();
    }
    session::Transcript transcript = shown->transcript();
    shrink(transcript, judgement.findings);
    // The twin speaks only for a result that stands on the server's own answer.
    if (test.test->twin.empty() || judgement.verdict == Verdict::inconclusive || judgement.verdict == Verdict::error) {
      finish_judged(index, judgement, std::move(transcript), duration, std::move(log));
      return;
    }
    with_twin(index, [this, index, judgement, transcript = std::move(transcript), duration, log = std::move(log)](
                         bool passed, const std::string& summary) mutable {
      if (!passed) {
        judgement.verdict = Verdict::inconclusive;
        judgement.summary = "the positive twin did not pass, so that a refusal proves nothing: " + summary;
        judgement.findings.clear();
      }
      finish_judged(index, judgement, std::move(transcript), duration, std::move(log));
    });
  }

  void with_twin(std::size_t index, std::function<void(bool, const std::string&)> then) {
    const Test& test = tests[index];
    std::string key = std::string(to_string(test.role)) + "\n" + std::string(to_string(test.test->start)) + "\n" +
                      script::print_dialogue(test.test->twin);
    bool row_used = false;
    script::visit_templates(test.test->twin, [&](const script::Template& text, const script::Step&) {
      text.names([&](std::string_view name) { row_used = row_used || test.row->variables.count(std::string(name)) > 0; });
    });
    if (row_used) key += "\n" + full_id(*test.test, *test.row);
    Twin& twin = twins[key];
    if (twin.known) return then(twin.passed, twin.summary);
    twin.waiting.emplace_back(index, std::move(then));
    if (twin.waiting.size() > 1) return;
    auto started = start(*test.test, test.test->twin, *test.row, test.role, 1, index, [this, key](Group& group) {
      Twin& done = twins[key];
      const Test& owner = tests[group.test];
      hear(owner.test, owner.role, group.sessions.front()->transcript(), full_id(*owner.test, *owner.row));
      const auto judgement =
          judge::judge_case(*owner.test, group.sessions.front()->plan(), group.sessions.front()->transcript(), suite.registry);
      done.known = true;
      done.passed = judgement.verdict == Verdict::pass || judgement.verdict == Verdict::observed;
      done.summary = judgement.summary;
      auto waiting = std::move(done.waiting);
      for (auto& [waiter, call] : waiting) call(done.passed, done.summary);
    });
    if (!started) {
      twin.waiting.clear();
      finish_plain(index, Verdict::error, "twin: " + to_string(started.error()));
    }
  }

  void requeue(std::size_t index) {
    queue.push_front(index);
    transport.after({}, [this] { fill(); });
  }

  // --- the schedule ----------------------------------------------------------------------------------------------
  std::string why_stopped() const {
    return interrupted ? "interrupted before it ran" : out.dead ? "the target stopped answering: " + out.trouble : "not run: --fail-fast";
  }

  void stop_all() {
    if (stopping) return;
    stopping = true;
    out.interrupted = interrupted;
  }

  void fill() {
    if (interrupted && !stopping) stop_all();
    if (stopping) {
      queue.clear();  // run() says of each what became of it
      transport.stop();
      return;
    }
    if (asking) return;
    if (silent_in_a_row >= 2) return ask_whether_dead();
    while (!queue.empty()) {
      const std::size_t index = queue.front();
      const Test& test = tests[index];
      const int weight = weight_of(*test.test, test.test->dialogue);
      if (undecided >= options.jobs || (connections > 0 && connections + weight > profile.connections)) return;
      queue.pop_front();
      if (test.attempts == 0)
        if (const std::string why = not_applicable(test); !why.empty()) {
          finish_plain(index, Verdict::skip, why);
          continue;
        }
      begin(index);
    }
  }

  // The target's process has ended: that is said, and it is started again, a few times.
  bool revived() {
    const std::string how = attendant.death ? attendant.death() : "";
    if (how.empty()) return false;
    std::string meanwhile;
    for (const auto& [key, group] : groups)
      meanwhile += (meanwhile.empty() ? "" : ", ") + full_id(*tests[group->test].test, *tests[group->test].row);
    out.deaths.push_back("the target's process " + how + (meanwhile.empty() ? "" : "; under way: " + meanwhile));
    return out.deaths.size() <= most_restarts && attendant.restart && attendant.restart().empty();
  }

  void ask_whether_dead() {
    asking = true;
    const smtp::Role role = profile.endpoints.begin()->first;
    static const Case good = probe_case("greeted", "C: NOOP\n  S: any");
    const auto answered = [this](Group& group) {
      asking = false;
      silent_in_a_row = 0;
      const auto judgement = judge::judge_case(good, group.sessions.front()->plan(), group.sessions.front()->transcript(), suite.registry);
      if (!judgement.no_greeting) return;
      if (revived()) return;
      out.dead = true;
      out.trouble = out.deaths.empty() ? judgement.summary : out.deaths.back();
      stop_all();
    };
    if (!start(good, good.dialogue, good.rows.front(), role, 1, 0, answered)) asking = false;
  }

  // --- what the target offers --------------------------------------------------------------------------------------
  void probe_all(std::function<void()> then) {
    static const Case hello = probe_case("greeted", "C: EHLO {client}\n  S: 250");
    static const Case ready = probe_case("ehlo", "C: NOOP\n  S: any");
    auto left = std::make_shared<int>(static_cast<int>(profile.endpoints.size()) * 2);
    const auto finish_one = [left, then = std::move(then)] {
      if (--*left == 0) then();
    };
    for (const auto& [role_key, endpoint] : profile.endpoints) {
      const smtp::Role role = role_key;
      const auto probe = [this, role, finish_one](const Case& test, bool first) {
        auto started = start(test, test.dialogue, test.rows.front(), role, 1, 0, [this, role, first, finish_one, &test](Group& group) {
          const auto& transcript = group.sessions.front()->transcript();
          hear(nullptr, role, transcript, first ? "probe of EHLO" : "probe of the way to MAIL");
          Offer& offer = out.offers[role];
          const auto judgement = judge::judge_case(test, group.sessions.front()->plan(), transcript, suite.registry);
          if (judgement.verdict == Verdict::inconclusive && offer.trouble.empty()) offer.trouble = judgement.summary;
          const bool heard = std::any_of(transcript.entries.begin(), transcript.entries.end(),
                                         [](const auto& entry) { return entry.kind == session::Entry::Kind::reply; });
          offer.probed = offer.probed || heard;  // a greeting without a text is one
          if (!transcript.greeting.empty()) offer.greeting = transcript.greeting;
          (first ? offer.clear : offer.ready) = transcript.offered;
          if (transcript.tls.version) offer.tls = transcript.tls;
          finish_one();
        });
        if (!started) finish_one();
      };
      probe(hello, true);
      probe(ready, false);
    }
  }

  static Case probe_case(const std::string& start, const std::string& dialogue) {
    return *script::parse_case("title: probe\ncovers: probe\nstart: " + start + "\ndialogue: |\n  " + dialogue + "\n", "", "probe");
  }

  // --- rules as tests ------------------------------------------------------------------------------------------------
  void add_rules() {
    if (options.quiet_rules) return;
    for (const auto& [role, heard] : replies)
      for (const judge::Rule& rule : judge::rules()) {
        if (any_glob(options.selection.skip, rule.name)) continue;
        TestResult result;
        result.rule = &rule;
        result.id = rule.name;
        result.role = role;
        result.title = rule.title;
        result.requirements = {std::string(rule.requirement)};
        if (const auto* requirement = suite.registry.find(rule.requirement)) result.level = requirement->level;
        result.checked = heard;
        result.verdict = Verdict::pass;
        result.summary = std::to_string(heard) + " replies looked at";
        const auto it = tallies.find({&rule, role});
        if (it != tallies.end()) {
          const RuleTally& tally = it->second;
          result.verdict = tally.finding.verdict;
          result.summary = tally.finding.came;
          result.findings = {tally.finding};
          result.by_letter = tally.finding.by_letter && tally.finding.verdict >= Verdict::deviation;
          result.transcript = tally.transcript;
          result.marked = tally.finding.entry;
          result.seen_in = tally.broken;
          result.example = tally.example;
        }
        out.tests.push_back(std::move(result));
        if (progress.on_result && it != tallies.end()) progress.on_result(finished, tests.size(), out.tests.back());
      }
  }
};

Runner::Runner(const script::Suite& suite, Profile profile, Options options, session::Transport& transport, session::Setup setup,
               Progress progress, Attendant attendant)
    : state_(std::make_unique<State>(suite, std::move(profile), std::move(options), transport, std::move(setup), std::move(progress),
                                     std::move(attendant))) {
  state_->setup.deadlines = state_->profile.deadlines;
  // Roles that were not asked for are left in peace.
  const auto& roles = state_->options.selection.roles;
  std::erase_if(state_->profile.endpoints, [&](const auto& endpoint) {
    return !roles.empty() && std::find(roles.begin(), roles.end(), endpoint.first) == roles.end();
  });
  if (state_->options.jobs == 0) state_->options.jobs = state_->profile.connections;
  state_->token_base = std::string(state_->profile.facts.get("token")) + "x";
  state_->select();
}
Runner::~Runner() = default;

std::size_t Runner::selected() const { return state_->tests.size(); }

std::vector<Error> Runner::unknown_globs() const {
  std::vector<Error> out;
  for (const std::string& glob : state_->options.selection.globs) {
    bool known = glob.starts_with("rules/");
    for (const Case& test : state_->suite.cases)
      for (const auto& row : test.rows) known = known || any_glob({glob}, full_id(test, row));
    if (known) continue;
    std::string hint = state_->suite.nearest(glob);
    for (const auto& stone : state_->suite.removed)
      if (stone.id == glob) hint = stone.instead;
    out.push_back({"no test case '" + glob + "'", {}, hint});
  }
  return out;
}

void Runner::interrupt() { state_->interrupted = true; }

Run Runner::run() {
  State& s = *state_;
  s.out = {};
  s.out.target = s.profile.name;
  s.out.version = s.profile.version;
  s.out.endpoints = s.profile.endpoints;
  s.out.deadlines = s.profile.deadlines;
  const session::Time began = s.transport.now();
  s.probe_all([&s] {
    const bool anybody = std::any_of(s.out.offers.begin(), s.out.offers.end(), [](const auto& offer) { return offer.second.probed; });
    for (std::size_t i = 0; i < s.tests.size(); ++i) s.queue.push_back(i);
    if (!anybody && !s.out.offers.empty()) {
      s.out.dead = true;
      s.out.trouble = s.out.offers.begin()->second.trouble;
      s.stop_all();
    }
    s.transport.after({}, [&s] { s.fill(); });
  });
  s.transport.run();
  // What an interrupt left in flight.
  s.stopping = true;
  s.out.interrupted = s.interrupted;
  for (std::size_t i = 0; i < s.tests.size(); ++i)
    if (!s.tests[i].settled) s.finish_plain(i, Verdict::inconclusive, s.why_stopped());
  s.add_rules();
  std::stable_sort(s.out.tests.begin(), s.out.tests.end(), [](const TestResult& a, const TestResult& b) {
    const bool rule_a = a.rule != nullptr, rule_b = b.rule != nullptr;
    return std::tie(rule_a, a.id, a.role) < std::tie(rule_b, b.id, b.role);
  });
  s.out.duration = s.transport.now() - began;
  return std::move(s.out);
}

}  // namespace smtpspec::run
