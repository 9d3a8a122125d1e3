#include "smtpspec/judge/judge.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

namespace smtpspec::judge {

using script::Grade;
using script::Level;
using session::Came;

namespace {

constexpr std::array<std::string_view, verdict_count> verdict_names = {"pass",      "observed", "skip", "inconclusive",
                                                                       "deviation", "fail",     "error"};

Verdict verdict_of(Level level) {
  return level == Level::must ? Verdict::fail : level == Level::should ? Verdict::deviation : Verdict::observed;
}

// Whether the octets that went out last before a move were mail content.
bool content_before(const script::Plan& plan, std::size_t move) {
  const int connection = plan.moves[move].step.connection;
  while (move-- > 0)
    if (plan.moves[move].step.connection == connection && plan.moves[move].step.sends()) return plan.moves[move].is_data;
  return false;
}

std::string last_command(const session::Transcript& transcript, int connection, std::size_t before) {
  for (std::size_t i = std::min(before, transcript.entries.size()); i-- > 0;) {
    const auto& entry = transcript.entries[i];
    if (entry.kind == session::Entry::Kind::sent && entry.connection == connection)
      return entry.octets.substr(0, entry.octets.find_first_of(" \r\n"));
  }
  return "";
}

// What was answered, as Finding::step says it.
std::string step_of(const script::Plan& plan, const session::Transcript& transcript, const session::Outcome& outcome) {
  constexpr std::size_t most = 30;
  if (outcome.came.kind == Came::Kind::reply && outcome.entry < transcript.entries.size()) {
    const std::string& command = transcript.entries[outcome.entry].command;
    if (command == ".") return "end of data";
    if (!command.empty()) return smtp::spell(command.substr(0, most));
  }
  const int connection = plan.moves[outcome.move].step.connection;
  for (std::size_t i = std::min(outcome.entry, transcript.entries.size()); i-- > 0;) {
    const auto& entry = transcript.entries[i];
    if (entry.kind != session::Entry::Kind::sent || entry.connection != connection) continue;
    const std::string word = entry.shown(std::string_view(entry.octets).substr(0, entry.octets.find_first_of(" \r\n")), most);
    const bool content = content_before(plan, outcome.move) && !smtp::iequals(word, "BDAT");
    return content ? "after the end of data" : word.empty() ? "" : "after " + word;
  }
  return outcome.came.kind == Came::Kind::not_connected ? "" : "greeting";
}

// What the case covers, first of it `requirement` where that is not empty.
void break_requirement(Finding& finding, const script::Case& test, const std::string& requirement, const script::Registry& registry) {
  finding.requirements = test.covers;
  if (!requirement.empty()) {
    std::erase(finding.requirements, requirement);
    finding.requirements.insert(finding.requirements.begin(), requirement);
  }
  finding.level = level_of(test, registry, finding.requirements.front());
  if (const auto* found = registry.find(finding.requirements.front())) finding.by_letter = found->by_letter.has_value();
}

}  // namespace

std::string_view to_string(Verdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

bool is_reply(std::string_view came) {
  return came.size() >= 3 && std::all_of(came.begin(), came.begin() + 3, [](char c) { return smtp::is_digit(c); });
}

std::string what_is_wrong(const Finding& finding) {
  if (find_rule(finding.rule)) return finding.came;
  if (!finding.choice.empty()) return finding.choice + ": " + finding.came;
  return (finding.step.empty() ? "" : finding.step + ": ") + "expected " + finding.expected + ", but " +
         (is_reply(finding.came) ? "came " : "") + finding.came;
}

session::Duration lawful_wait(std::string_view verb) {
  using namespace std::chrono_literals;
  return smtp::iequals(verb, "DATA") ? session::Duration(2min) : verb == "." ? session::Duration(10min) : session::Duration(5min);
}

bool judges(const script::Case& test, const script::Registry& registry) {
  const std::function<bool(const std::vector<script::Step>&)> any_of = [&](const std::vector<script::Step>& steps) {
    return std::any_of(steps.begin(), steps.end(), [&](const script::Step& step) {
      if (any_of(step.inside)) return true;
      if (step.kind != script::Step::Kind::expect && step.kind != script::Step::Kind::check) return false;
      const auto& [tiers, capture, requirement] = step.expect;
      if (level_of(test, registry, requirement.empty() ? test.covers.front() : requirement) != Level::may) return true;
      return std::any_of(tiers.begin(), tiers.end(), [](const script::Tier& tier) { return tier.grade == Grade::deviation; });
    });
  };
  const auto accuses = [&](const script::Statement& statement) {
    return statement.trait != script::Trait::remark &&
           level_of(test, registry, statement.requirement.empty() ? test.covers.front() : statement.requirement) != Level::may;
  };
  return any_of(test.dialogue) || std::any_of(test.delivery.begin(), test.delivery.end(), accuses);
}

bool judges(const Rule& rule, const script::Registry& registry) {
  const auto requirements = requirements_of(rule);
  return std::any_of(requirements.begin(), requirements.end(), [&](const std::string& id) {
    const auto* requirement = registry.find(id);
    return !requirement || requirement->level != Level::may;
  });
}

Judgement judge_case(const script::Case& test, const script::Plan& plan, const session::Transcript& transcript,
                     const script::Registry& registry) {
  Judgement out;
  const auto worse = [&](Verdict verdict, std::string summary) {
    if (verdict <= out.verdict && !out.summary.empty()) return;
    out.verdict = std::max(out.verdict, verdict);
    out.summary = std::move(summary);
  };
  for (const session::Outcome& outcome : transcript.outcomes) {
    const script::Move& move = plan.moves[outcome.move];
    const auto& expect = move.step.expect;
    const Grade grade = outcome.tier >= 0 ? expect.tiers[static_cast<std::size_t>(outcome.tier)].grade : Grade::pass;
    if (outcome.tier >= 0 && (grade == Grade::pass || move.preamble)) continue;
    if (outcome.came.kind == Came::Kind::not_connected ||
        ((outcome.came.kind == Came::Kind::nothing || outcome.came.kind == Came::Kind::no_tls) && move.preamble &&
         transcript.outcomes.size() == 1))
      out.no_greeting = true;
    Finding finding;
    finding.rule = test.id;
    finding.step = step_of(plan, transcript, outcome);
    finding.expected = print_expect(expect);
    finding.came = describe(outcome.came);
    // A server that took connections and takes none any more is no preamble's misfortune.
    const bool went_away = outcome.came.kind == Came::Kind::not_connected && move.step.connection != 1 && transcript.connected;
    if (outcome.tier < 0 && outcome.came.kind == Came::Kind::not_connected && !went_away) {
      worse(Verdict::inconclusive, finding.came);
      continue;
    }
    if (move.preamble && !went_away) {
      const int code = outcome.came.kind == Came::Kind::reply ? outcome.came.reply.code : 0;
      out.policy = code / 100 == 4;
      worse(Verdict::inconclusive, "the state '" + std::string(to_string(plan.start)) + "' was not reached: " + what_is_wrong(finding));
      continue;
    }
    if (grade == Grade::inconclusive) {
      worse(Verdict::inconclusive, what_is_wrong(finding));
      continue;
    }
    break_requirement(finding, test, expect.requirement, registry);
    finding.place = move.step.place;
    finding.entry = static_cast<int>(outcome.entry);
    if (grade == Grade::failure || outcome.tier < 0) finding.verdict = verdict_of(finding.level);
    else finding.verdict = grade == Grade::deviation ? Verdict::deviation : Verdict::observed;
    if (grade == Grade::observed) finding.choice = expect.tiers[static_cast<std::size_t>(outcome.tier)].choice;
    if (!finding.choice.empty()) out.choice = finding.choice;
    // What no tier lists. A 421 or 4yz hides the answer; silence hides it until RFC 5321 section 4.5.3.2's time is over.
    if (outcome.tier < 0 && outcome.came.kind == Came::Kind::reply && outcome.came.reply.klass() == 4) {
      out.policy = true;
      worse(Verdict::inconclusive, "a temporary refusal hides the answer; " + what_is_wrong(finding));
      continue;
    }
    if (outcome.tier < 0 && outcome.came.kind == Came::Kind::nothing) {
      const auto lawful =
          lawful_wait(content_before(plan, outcome.move) ? "." : last_command(transcript, move.step.connection, outcome.entry));
      if (outcome.waited < lawful) {
        worse(Verdict::inconclusive, what_is_wrong(finding) + " within " + script::print_duration(outcome.deadline) +
                                         "; RFC 5321 section 4.5.3.2 grants " + script::print_duration(lawful));
        continue;
      }
    }
    worse(finding.verdict, what_is_wrong(finding));
    out.findings.push_back(std::move(finding));
  }
  if (transcript.target_restart_failed) worse(Verdict::inconclusive, "the target could not be restarted");
  if (!transcript.unmet.empty()) worse(Verdict::skip, transcript.unmet);
  if (!transcript.complete && out.verdict == Verdict::pass) worse(Verdict::inconclusive, "the session was broken off before its end");
  return out;
}

bool awaits_delivery(const script::Case& test, const script::Plan& plan, const session::Transcript& transcript,
                     const Judgement& judgement) {
  if (test.delivery.empty() || !transcript.complete || !transcript.unmet.empty()) return false;
  if (judgement.verdict != Verdict::pass && judgement.verdict != Verdict::observed) return false;
  return std::none_of(transcript.outcomes.begin(), transcript.outcomes.end(), [&](const session::Outcome& outcome) {
    if (outcome.tier < 0) return true;
    const auto& tiers = plan.moves[outcome.move].step.expect.tiers;
    return tiers[static_cast<std::size_t>(outcome.tier)].ends == script::Ends::the_case;
  });
}

Judgement judge_delivery(const script::Case& test, const std::vector<delivery::Graded>& graded, Judgement before,
                         const script::Registry& registry) {
  Judgement out = std::move(before);
  const auto worse = [&](Verdict verdict, std::string summary) {
    if (verdict <= out.verdict && !out.summary.empty()) return;
    out.verdict = std::max(out.verdict, verdict);
    out.summary = std::move(summary);
  };
  for (const delivery::Graded& one : graded) {
    if (one.is == delivery::Graded::Is::met) continue;
    const script::Statement& statement = *one.statement;
    Finding finding;
    finding.rule = test.id;
    finding.step = to_string(statement.where);
    finding.expected = statement.is_place() ? (statement.trait == script::Trait::once ? "the message once" : "no message")
                                            : script::print_statement(statement);
    finding.came = one.came;
    if (one.is == delivery::Graded::Is::unsure) {
      worse(Verdict::inconclusive, what_is_wrong(finding));
      continue;
    }
    break_requirement(finding, test, statement.requirement, registry);
    finding.verdict = verdict_of(finding.level);
    finding.place = statement.place;
    finding.entry = one.entry;
    worse(finding.verdict, what_is_wrong(finding));
    out.findings.push_back(std::move(finding));
  }
  return out;
}

namespace {

// The server model, followed on each connection of a session.
class Following {
 public:
  explicit Following(smtp::Role role) : role_(role) {}

  smtp::Followed take(const session::Entry& entry) {
    if (entry.command == "greeting") connections_.erase(entry.connection);  // a number may be opened again
    auto& [follower, in_tls] = connections_.try_emplace(entry.connection, smtp::Follower(role_), entry.in_tls).first->second;
    if (entry.in_tls && !std::exchange(in_tls, entry.in_tls)) follower.tls_up();
    const bool verb = entry.command != "greeting" && entry.command != ".";
    if (entry.command.empty() || (verb && entry.line.empty())) {
      follower.lose();
      return {};
    }
    const auto asked = entry.command == "greeting" ? smtp::Asked::greeting
                       : entry.command == "."      ? smtp::Asked::content
                                                   : smtp::Asked::command;
    const auto out = follower.take(asked, entry.line, entry.reply->code);
    if (entry.command == "EHLO" && entry.reply->code == 250) follower.offer(capabilities(*entry.reply));
    return out;
  }

 private:
  smtp::Role role_;
  std::map<int, std::pair<smtp::Follower, bool>> connections_;
};

}  // namespace

RulesJudgement judge_rules(const script::Case* test, smtp::Role role, const session::Transcript& transcript,
                           const script::Registry& registry) {
  RulesJudgement out;
  Following following(role);
  for (std::size_t i = 0; i < transcript.entries.size(); ++i) {
    const session::Entry& entry = transcript.entries[i];
    if (entry.kind != session::Entry::Kind::reply) continue;
    const smtp::Followed followed = following.take(entry);
    const Heard heard{entry, *entry.reply, role, transcript, i, followed};
    for (const Rule& rule : rules()) {
      if (test && std::any_of(test->exempt.begin(), test->exempt.end(), [&](const auto& exemption) { return exemption.rule == rule.name; }))
        continue;
      if (!rule.about(heard)) continue;
      ++out.replies[&rule];
      const auto wrong = rule.check(heard);
      if (!wrong) continue;
      Finding finding;
      finding.rule = rule.name;
      finding.requirements = requirements_of(rule);
      const auto broken = std::find(finding.requirements.begin(), finding.requirements.end(), wrong->requirement);
      if (broken != finding.requirements.end()) std::rotate(finding.requirements.begin(), broken, broken + 1);
      const auto* requirement = registry.find(finding.requirements.front());
      finding.level = requirement ? requirement->level : Level::must;
      finding.by_letter = requirement && requirement->by_letter;
      finding.verdict = wrong->near_miss && finding.level == Level::must ? Verdict::deviation : verdict_of(finding.level);
      finding.expected = rule.title;
      finding.came = wrong->what;
      finding.entry = static_cast<int>(i);
      if (test) finding.place = Place{test->file};
      // One finding a rule and session: the first of the worst.
      const auto before =
          std::find_if(out.findings.begin(), out.findings.end(), [&](const Finding& other) { return other.rule == rule.name; });
      if (before == out.findings.end()) out.findings.push_back(std::move(finding));
      else if (before->verdict < finding.verdict) *before = std::move(finding);
    }
  }
  return out;
}

}  // namespace smtpspec::judge
