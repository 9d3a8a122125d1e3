#include "smtpspec/run/trial.hpp"

#include "smtpspec/run/excerpt.hpp"

namespace smtpspec::run {
namespace {

// The header that the server made of a message shows what a finding is about.
void note_arrivals(const std::vector<delivery::Arrival>& arrivals, const session::Secrets& secrets, session::Transcript& transcript) {
  constexpr std::size_t most = 1500;
  for (const delivery::Arrival& arrival : arrivals) {
    const std::string header = secrets.mask(smtp::spell(delivery::split(arrival.octets).header));
    transcript.entries.push_back({.kind = session::Entry::Kind::note,
                                  .at = arrival.at,
                                  .octets = "arrived at " + std::string(to_string(arrival.where)) + ": " + header.substr(0, most) +
                                            (header.size() > most ? "…" : ""),
                                  .reply = {}});
  }
}

}  // namespace

Trials::Trials(const script::Registry& registry, const std::vector<Test>& tests, Patience patience, Stage& stage, RuleWatch& watch,
               Calls calls)
    : registry_(registry), patience_(patience), stage_(stage), watch_(watch), calls_(std::move(calls)) {
  set_tests(tests);
}

std::vector<Test> Trials::tests() const {
  std::vector<Test> out;
  for (const Trial& trial : trials_) out.push_back(trial.test);
  return out;
}

Play Trials::play_of(std::size_t index) const {
  const Test& test = trials_[index].test;
  return {test.test, &test.test->dialogue, test.row, test.role, test.test->clones, full_id(*test.test, *test.row)};
}

void Trials::set_tests(const std::vector<Test>& tests) {
  trials_.clear();
  for (const Test& test : tests) trials_.push_back({test});
}

void Trials::play(std::size_t index) {
  ++trials_[index].plays;
  const auto started = stage_.start(play_of(index), [this, index](Group& group) { played(index, group); });
  if (!started) settle(index, Verdict::error, to_string(started.error()));
}

Trials::Judged Trials::assess(const Group& group) const {
  Judged out;
  const session::Session* shown = &group.front();
  for (const auto& session : group.sessions) {
    auto one = judge::judge_case(*group.play.test, session->plan(), session->transcript(), registry_);
    if (session.get() != &group.front() && one.verdict <= out.judgement.verdict) continue;
    out.judgement = std::move(one);
    shown = session.get();
  }
  out.transcript = shown->transcript().masked();
  out.duration = stage_.age(group);
  return out;
}

void Trials::played(std::size_t index, Group& group) {
  Trial& trial = trials_[index];
  if (const std::string why = calls_.stopped(trial.test.role); !why.empty()) return settle(index, Verdict::inconclusive, why);
  watch_.hear(group);
  Judged judged = assess(group);
  auto& judgement = judged.judgement;
  calls_.heard(trial.test.role, !judgement.no_greeting || group.front().plan().start == script::Start::connected);
  if (judgement.verdict == Verdict::inconclusive && judgement.policy && trial.plays == 1) return calls_.again(index, patience_.retry_delay);
  const bool awaits = judge::awaits_delivery(*trial.test.test, group.front().plan(), group.front().transcript(), judgement);
  if (awaits || judgement.verdict >= Verdict::deviation) judged.log = stage_.log_mark(group);
  if (awaits) {
    waiting_.insert_or_assign(index, Waiting{std::move(judged), std::move(group.sessions)});
    return;
  }
  this->judged(index, std::move(judged));
}

std::vector<std::size_t> Trials::waiting() const {
  std::vector<std::size_t> out;
  for (const auto& [index, waiting] : waiting_) out.push_back(index);
  return out;
}

void Trials::delivered(std::size_t index, const Deliveries& deliveries) {
  Waiting waiting = std::move(waiting_.extract(index).mapped());
  const Test& test = trials_[index].test;
  const auto statements = with(test.test->delivery, test.row->variables);
  judge::Judgement worst = waiting.judged.judgement;
  for (const auto& session : waiting.sessions) {
    const delivery::Seen seen = deliveries.seen(*session);
    auto graded = grade(statements, seen);
    const session::Secrets secrets = session->secrets();
    for (delivery::Graded& one : graded) one.came = secrets.mask(one.came);
    auto judgement = judge::judge_delivery(*test.test, graded, waiting.judged.judgement, registry_);
    const bool first = session == waiting.sessions.front();
    if (!first && judgement.verdict <= worst.verdict) continue;
    worst = std::move(judgement);
    waiting.judged.transcript = session->transcript().masked();
    note_arrivals(seen.arrivals, secrets, waiting.judged.transcript);
  }
  waiting.judged.judgement = std::move(worst);
  judged(index, std::move(waiting.judged));
}

void Trials::judged(std::size_t index, Judged judged) {
  Trial& trial = trials_[index];
  auto& judgement = judged.judgement;
  const bool accuses = judgement.verdict == Verdict::fail || judgement.verdict == Verdict::deviation;
  if (accuses && !trial.confirming) {
    // Nobody is accused on the strength of one connection.
    trial.confirming = true;
    trial.first = std::move(judgement);
    return calls_.again(index, {});
  }
  if (trial.confirming && judgement.verdict == Verdict::inconclusive && !std::exchange(trial.afresh, true) && calls_.afresh(index)) return;
  if (trial.confirming && judgement.verdict != trial.first.verdict) {
    judgement.verdict = Verdict::inconclusive;
    judgement.summary = "seen once, but not on a second connection: " + trial.first.summary;
    judgement.findings.clear();
  }
  shorten(judged.transcript, judgement.findings);
  // The twin speaks only for a result that stands on the server's own answer.
  if (trial.test.test->twin.empty() || judgement.verdict == Verdict::skip || judgement.verdict == Verdict::inconclusive ||
      judgement.verdict == Verdict::error)
    return finish(index, std::move(judged));
  with_twin(index, [this, index, judged = std::move(judged)](const Twin& twin) mutable {
    if (!twin.passed) {
      judged.judgement.verdict = Verdict::inconclusive;
      judged.judgement.summary = "the positive twin did not pass, so that a refusal proves nothing: " + twin.summary;
      judged.judgement.findings.clear();
    }
    finish(index, std::move(judged));
  });
}

// Twins that are the same in words and start are one; one that names the row's variables is each row's own.
std::string Trials::twin_key(const Test& test) const {
  std::string key = std::string(to_string(test.role)) + "\n" + std::string(to_string(start_of(*test.test, *test.row))) + "\n" +
                    script::print_dialogue(test.test->twin);
  bool row_used = false;
  script::visit_templates(test.test->twin, [&](const script::Template& text, const script::Step&) {
    text.names([&](std::string_view name) { row_used = row_used || test.row->variables.count(std::string(name)) > 0; });
  });
  return row_used ? key + "\n" + full_id(*test.test, *test.row) : key;
}

void Trials::with_twin(std::size_t index, std::function<void(const Twin&)> then) {
  const Test& test = trials_[index].test;
  Twin& twin = twins_[twin_key(test)];
  if (twin.known) return then(twin);
  twin.waiting.push_back(std::move(then));
  if (twin.waiting.size() > 1) return;
  const Play play{test.test, &test.test->twin, test.row, test.role, 1, full_id(*test.test, *test.row)};
  const auto started = stage_.start(play, [this, &twin](Group& group) { twin_played(twin, group); });
  if (started) return;
  twin.waiting.clear();
  settle(index, Verdict::error, "twin: " + to_string(started.error()));
}

// A temporary refusal proves as little about a twin, which may speak for many tests, as about a test.
void Trials::twin_played(Twin& twin, Group& group) {
  watch_.hear(group);
  const auto judgement = assess(group).judgement;
  if (judgement.verdict == Verdict::inconclusive && judgement.policy && !std::exchange(twin.retried, true))
    return calls_.later(group.play, patience_.retry_delay, [this, &twin](Group& again) { twin_played(twin, again); });
  twin.known = true;
  twin.passed = judgement.verdict == Verdict::pass || judgement.verdict == Verdict::observed;
  twin.summary = judgement.summary;
  const auto waiting = std::exchange(twin.waiting, {});
  for (const auto& call : waiting) call(twin);
}

TestResult Trials::blank(const Test& test) const {
  TestResult result;
  result.test = test.test;
  result.id = full_id(*test.test, *test.row);
  result.row = test.row->name;
  result.again = result.id;
  result.role = test.role;
  result.level = level_of(*test.test, registry_);
  result.requirements = test.test->covers;
  result.title = test.test->title;
  result.place = Place{test.test->file};
  return result;
}

void Trials::finish(std::size_t index, Judged judged) {
  TestResult result = blank(trials_[index].test);
  auto& judgement = judged.judgement;
  result.verdict = judgement.verdict;
  result.summary = std::move(judgement.summary);
  result.choice = std::move(judgement.choice);
  result.findings = std::move(judgement.findings);
  result.duration = judged.duration;
  result.transcript = std::move(judged.transcript);
  if (const judge::Finding* worst = result.worst()) {
    result.marked = worst->entry;
    result.place = worst->place;
    result.by_letter = worst->by_letter && worst->verdict >= Verdict::deviation;
  }
  if (result.verdict < Verdict::deviation) return end_round(index, std::move(result));
  stage_.read_log(std::move(judged.log), [this, index, result = std::move(result)](std::vector<std::string> lines) mutable {
    result.log = std::move(lines);
    end_round(index, std::move(result));
  });
}

void Trials::end_round(std::size_t index, TestResult result) {
  Trial& trial = trials_[index];
  ++trial.rounds[result.verdict];
  if (!trial.worst || trial.worst->verdict < result.verdict) trial.worst = std::move(result);
  int rounds = 0;
  std::string each;
  for (const auto& [verdict, n] : trial.rounds) {
    rounds += n;
    each += (each.empty() ? "" : ", ") + std::string(to_string(verdict)) + " " + std::to_string(n);
  }
  if (rounds < patience_.repeat) {
    trial.plays = 0;
    trial.confirming = trial.afresh = false;
    return calls_.again(index, {});
  }
  if (trial.rounds.size() > 1) {
    trial.worst->flaky = true;
    trial.worst->verdict = Verdict::inconclusive;
    trial.worst->summary = "flaky, of " + std::to_string(rounds) + " rounds " + each + ": " + trial.worst->summary;
    trial.worst->findings.clear();
    trial.worst->by_letter = false;
  }
  trial.settled = true;
  calls_.done(index, std::move(*trial.worst));
}

void Trials::settle(std::size_t index, Verdict verdict, std::string why) {
  TestResult result = blank(trials_[index].test);
  result.verdict = verdict;
  result.summary = std::move(why);
  trials_[index].settled = true;
  calls_.done(index, std::move(result));
}

}  // namespace smtpspec::run
