#include "smtpspec/run/rule_watch.hpp"

#include <algorithm>

#include "smtpspec/run/excerpt.hpp"

namespace smtpspec::run {

void RuleWatch::hear(const Group& group) {
  for (const auto& session : group.sessions)
    for (const auto& entry : session->transcript().entries)
      if (entry.kind == session::Entry::Kind::reply) ++replies_[group.play.role];
  if (quiet_) return;
  for (auto& [rule, heard] : findings_of(group)) note(group.play, std::move(heard.first), *heard.second);
}

// Counts on the way what the rules were about.
RuleWatch::Heard RuleWatch::findings_of(const Group& group) {
  Heard out;
  for (const auto& session : group.sessions) {
    auto judgement = judge::judge_rules(group.play.test, group.play.role, session->transcript(), registry_);
    for (const auto& [rule, replies] : judgement.replies) tallies_[{rule, group.play.role}].replies += replies;
    for (auto& finding : judgement.findings) {
      const auto [it, fresh] = out.try_emplace(judge::find_rule(finding.rule), finding, &session->transcript());
      if (!fresh && it->second.first.verdict < finding.verdict) it->second = {std::move(finding), &session->transcript()};
    }
  }
  return out;
}

void RuleWatch::note(const Play& play, judge::Finding finding, const session::Transcript& transcript) {
  Tally& tally = tallies_[{judge::find_rule(finding.rule), play.role}];
  const Verdict verdict = finding.verdict;
  const auto [before, first] = tally.tests.try_emplace({play.steps, play.row}, verdict);
  if (!first) {
    tally.confirmed = std::max(tally.confirmed, std::min(before->second, verdict));
    before->second = std::max(before->second, verdict);
  }
  if (tally.sightings.count(verdict)) return;
  std::vector<judge::Finding> one{std::move(finding)};
  session::Transcript kept = transcript.masked();
  shorten(kept, one);
  tally.sightings[verdict] = {std::move(one.front()), std::move(kept), play};
}

std::vector<Play> RuleWatch::to_confirm(const std::function<bool(smtp::Role)>& answers) {
  std::map<std::pair<TestKey, smtp::Role>, Play> plays;  // one play serves all rules that it showed
  for (auto& [key, tally] : tallies_) {
    if (!answers(key.second) || tally.asked || !tally.accuses() || tally.confirmed >= tally.worst()) continue;
    tally.asked = true;
    const Play& play = tally.sightings.rbegin()->second.play;
    plays.try_emplace({TestKey{play.steps, play.row}, play.role}, play);
  }
  std::vector<Play> out;
  for (auto& [key, play] : plays) out.push_back(std::move(play));
  return out;
}

std::uint64_t RuleWatch::replies() const {
  std::uint64_t all = 0;
  for (const auto& [role, heard] : replies_) all += heard;
  return all;
}

std::vector<TestResult> RuleWatch::results() const {
  std::vector<TestResult> out;
  if (quiet_) return out;
  const auto seen = [this](const judge::Rule& rule, smtp::Role role) { return tallies_.count({&rule, role}) > 0; };
  const auto seen_anywhere = [&](const judge::Rule& rule) {
    return std::any_of(replies_.begin(), replies_.end(), [&](const auto& heard) { return seen(rule, heard.first); });
  };
  for (const auto& [role, heard] : replies_)
    for (const judge::Rule& rule : judge::rules()) {
      if (!seen(rule, role) && seen_anywhere(rule)) continue;
      TestResult result;
      result.rule = &rule;
      result.id = rule.name;
      result.role = role;
      result.title = rule.title;
      result.requirements = judge::requirements_of(rule);
      if (const auto* requirement = registry_.find(result.requirements.front())) result.level = requirement->level;
      result.summary = "not seen: no reply came that the rule is about";
      if (const auto it = tallies_.find({&rule, role}); it != tallies_.end()) describe(it->second, result);
      out.push_back(std::move(result));
    }
  return out;
}

void RuleWatch::describe(const Tally& tally, TestResult& result) {
  result.checked = tally.replies;
  result.verdict = Verdict::pass;
  result.summary = std::to_string(tally.replies) + (tally.replies == 1 ? " reply" : " replies") + " looked at";
  if (tally.sightings.empty()) return;
  const bool counts = !tally.accuses() || tally.confirmed >= Verdict::deviation;
  const Sighting& shown = tally.sightings.at(tally.accuses() && counts ? tally.confirmed : tally.worst());
  result.verdict = counts ? shown.finding.verdict : Verdict::inconclusive;
  result.summary = (counts        ? ""
                    : tally.asked ? "seen once, but not on a second connection: "
                                  : "seen once, and the run ended before it could be seen again: ") +
                   shown.finding.came;
  if (counts) {
    result.findings = {shown.finding};
    result.requirements = shown.finding.requirements;
    result.level = shown.finding.level;
  }
  result.by_letter = counts && shown.finding.by_letter && tally.accuses();
  result.transcript = shown.transcript;
  result.marked = shown.finding.entry;
  result.seen_in = tally.tests.size();
  result.example = shown.play.name;
  if (!shown.play.test->id.empty()) result.again = shown.play.name;  // a probe has none
}

}  // namespace smtpspec::run
