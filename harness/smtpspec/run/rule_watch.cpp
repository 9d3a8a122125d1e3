#include "smtpspec/run/rule_watch.hpp"

#include <algorithm>

#include "smtpspec/run/excerpt.hpp"

namespace smtpspec::run {

void RuleWatch::hear(const Group& group) {
  for (const auto& session : group.sessions) hear(group.play, session->transcript());
}

void RuleWatch::hear(const Play& play, const session::Transcript& transcript) {
  replies_[play.role] += static_cast<std::size_t>(std::count_if(
      transcript.entries.begin(), transcript.entries.end(), [](const auto& entry) { return entry.kind == session::Entry::Kind::reply; }));
  if (quiet_) return;
  for (auto& finding : judge::judge_rules(play.test, play.role, transcript, registry_)) {
    Tally& tally = tallies_[{judge::find_rule(finding.rule), play.role}];
    if (tally.broken++ > 0 && finding.verdict <= tally.finding.verdict) continue;
    tally.transcript = transcript;
    std::vector<judge::Finding> one{std::move(finding)};
    shorten(tally.transcript, one);
    tally.finding = std::move(one.front());
    tally.example = play.name;
  }
}

std::uint64_t RuleWatch::replies() const {
  std::uint64_t all = 0;
  for (const auto& [role, heard] : replies_) all += heard;
  return all;
}

std::vector<TestResult> RuleWatch::results() const {
  std::vector<TestResult> out;
  if (quiet_) return out;
  for (const auto& [role, heard] : replies_)
    for (const judge::Rule& rule : judge::rules()) {
      TestResult result;
      result.rule = &rule;
      result.id = rule.name;
      result.role = role;
      result.title = rule.title;
      result.requirements = {std::string(rule.requirement)};
      if (const auto* requirement = registry_.find(rule.requirement)) result.level = requirement->level;
      result.checked = heard;
      result.verdict = Verdict::pass;
      result.summary = std::to_string(heard) + " replies looked at";
      if (const auto it = tallies_.find({&rule, role}); it != tallies_.end()) {
        const Tally& tally = it->second;
        result.verdict = tally.finding.verdict;
        result.summary = tally.finding.came;
        result.findings = {tally.finding};
        result.by_letter = tally.finding.by_letter && tally.finding.verdict >= Verdict::deviation;
        result.transcript = tally.transcript;
        result.marked = tally.finding.entry;
        result.seen_in = tally.broken;
        result.example = tally.example;
      }
      out.push_back(std::move(result));
    }
  return out;
}

}  // namespace smtpspec::run
