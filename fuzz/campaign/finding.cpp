#include "fuzz/campaign/finding.hpp"

#include <algorithm>

#include "fuzz/scenario/marker.hpp"
#include "smtpspec/smtp/octets.hpp"
#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::fuzz {
namespace {

using script::Expect;
using script::Step;

// What was answered stands there for the others: who answers something else does not come to the point.
Expect as_answered(const Answer& answer) { return *script::parse_expect(std::to_string(answer.code) + ", else any is inconclusive"); }

Expect as_lawful(const Answer& answer, judge::Verdict verdict) {
  std::string text = answer.lawful.empty() ? "any" : answer.lawful;
  // In front, since a class that is lawful may have the code.
  if (verdict == judge::Verdict::deviation) text = std::to_string(answer.code) + " is a deviation, else " + text;
  else if (!answer.deviates.empty()) text += ", else " + answer.deviates + " is a deviation";
  return *script::parse_expect(text);
}

// None of the other connections' words.
Expect without_others(const Found& found, int connection) {
  std::string text = "any";
  for (int other = 1; other <= connections_of(found.scenario); ++other)
    if (other != connection)
      for (const std::string& word : {mark_of(other), smtp::to_upper(mark_of(other))}) text += " text not \"*" + word + "*\"";
  return *script::parse_expect(text + ", else any is a deviation");
}

class Writer {
 public:
  Writer(const Found& found, const Rendered& rendered) : found_(found), rendered_(rendered) {}

  std::vector<Step> run() {
    take(rendered_.test.dialogue);
    return std::move(out_);
  }

 private:
  // False where the dialogue broke off.
  bool take(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (step.kind == Step::Kind::times) {
        if (!take(step.inside)) continue;  // the block ended early; what is behind it goes on
      } else if (step.kind != Step::Kind::expect || step.place.line == 0) {
        out_.push_back(step);
      } else if (!answered(step)) {
        return false;
      }
    }
    return true;
  }

  bool answered(const Step& step) {
    const Part& part = rendered_.parts[static_cast<std::size_t>(step.place.line - 1)].front();
    const auto& answers = found_.answers;
    const auto answer = std::find_if(answers.begin(), answers.end(), [&](const Answer& one) { return one.part == part; });
    Step expected = step;
    if (answer == answers.end()) {
      // Nothing came: the reply that is missing is what it is about.
      expected.expect = *script::parse_expect("any");
      out_.push_back(std::move(expected));
      return false;
    }
    const bool culprit = answer->entry == found_.finding.entry;
    // Of a process that dies no answer is the point, unless the dialogue hangs on it.
    if (culprit && found_.finding.rule == session_leak && step.expect.tiers.size() == 1)
      expected.expect = without_others(found_, step.connection);
    else if (found_.finding.rule != dead_process || step.expect.tiers.size() > 1)
      expected.expect =
          culprit && found_.finding.rule.starts_with("fuzz/") ? as_lawful(*answer, found_.finding.verdict) : as_answered(*answer);
    out_.push_back(std::move(expected));
    // The first tier is what the block goes on with.
    const smtp::ReplySet& first = step.expect.tiers.front().answers.front().codes;
    return step.expect.tiers.size() == 1 || first.has(answer->code);
  }

  const Found& found_;
  const Rendered& rendered_;
  std::vector<Step> out_;
};

// Another connection, opened before and asked behind it.
void watch_over(std::vector<Step>& steps, const Found& found) {
  const int number = connections_of(found.scenario) + 1;
  if (number > most_connections) return;
  const Step open{.kind = Step::Kind::act, .act = Step::Act::open, .other = number, .at = script::Start::greeted};
  steps.insert(steps.begin(), open);
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(2 * found.died_after + std::chrono::milliseconds(200));
  steps.push_back({.kind = Step::Kind::act, .act = Step::Act::wait, .time = wait});
  steps.push_back({.kind = Step::Kind::line, .connection = number, .text = *script::parse_template("NOOP")});
  steps.push_back({.kind = Step::Kind::expect, .connection = number, .expect = *script::parse_expect("any")});
}

}  // namespace

std::string name_of(const Found& found) {
  const std::string what = key(found.finding), out = what.substr(what.find('/') + 1);
  std::string name;
  for (const char c : smtp::to_lower(out)) {
    const bool plain = (c >= 'a' && c <= 'z') || smtp::is_digit(c);
    if (plain) name += c;
    else if (!name.empty() && name.back() != '-') name += '-';
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name;
}

std::string as_case(const Found& found, const script::Registry& registry, const std::string& origin) {
  const Rendered rendered = render(found.scenario);
  script::Case out;
  out.title = "Found by fuzzing, " + name_of(found);
  out.why = smtp::spell(found.finding.expected) + ", but what came was: " + smtp::spell(found.finding.came) + ". Origin: " + origin +
            "; rule " + found.finding.rule + ".";
  for (const std::string& line : found.log) out.why += " Log: " + line;
  for (const std::string& id : found.finding.requirements)
    if (registry.find(id)) out.covers.push_back(id);
  out.roles = {found.scenario.role};
  out.start = script::Start::greeted;
  out.rows.resize(1);
  out.dialogue = Writer(found, rendered).run();
  // Where all was answered before it died, somebody has to be there when it does.
  if (found.finding.rule == dead_process && found.transcript.complete) watch_over(out.dialogue, found);
  return script::print_case(out);
}

}  // namespace smtpspec::fuzz
