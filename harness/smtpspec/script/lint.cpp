#include "smtpspec/script/lint.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "smtpspec/script/lint_parts.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

// The requirement says how grave it is to break it; a header may only take something off.
void lint_level(Linter& linter) {
  const Case& test = linter.test;
  const auto* first = linter.suite.registry.find(test.covers.front());
  if (!first || !test.weakened || *test.weakened > first->level) return;
  linter.say("the level of " + first->id + " is " + std::string(to_string(first->level)) +
                 "; 'level:' stands only where a case judges more mildly than that",
             test.level_place, "leave it out");
}

void lint_header(Linter& linter, const Names& names) {
  const Case& test = linter.test;
  const Place top{test.file, 1, 1};
  std::set<std::string> seen;
  for (std::size_t i = 0; i < test.covers.size(); ++i) {
    linter.requirement(test.covers[i], test.covers_places[i]);
    if (!seen.insert(test.covers[i]).second) linter.say("requirement " + test.covers[i] + " stands here twice", test.covers_places[i]);
  }
  lint_level(linter);
  if (test.title.size() > 90) linter.say("the title is longer than 90 characters", top);
  if (test.title.ends_with('.')) linter.say("the title ends with a full stop; leave it out", top);
  for (const Exemption& exemption : test.exempt)
    if (std::find(names.rules.begin(), names.rules.end(), exemption.rule) == names.rules.end())
      linter.say("no always-on rule '" + exemption.rule + "'", exemption.place, smtp::nearest(exemption.rule, names.rules));
  std::set<std::string> killed;
  for (const Kill& kill : test.kills) {
    if (std::find(names.faults.begin(), names.faults.end(), kill.fault) == names.faults.end())
      linter.say("no fault '" + kill.fault + "'", kill.place, smtp::nearest(kill.fault, names.faults));
    if (!killed.insert(kill.fault).second) linter.say("fault " + kill.fault + " stands here twice", kill.place);
  }
}

void lint_conditions(Linter& linter, const std::vector<Condition>& conditions, const std::vector<Place>& places) {
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Condition& condition = conditions[i];
    if (condition.kind != Condition::Kind::keyword) continue;
    linter.keyword(condition.name, places[i]);
    const smtp::Extension* extension = smtp::find_extension(condition.name);
    if (extension && !condition.negated && !linter.offered(*extension))
      linter.say("no server offers " + condition.name + " in the roles of this case, so that it would never run", places[i]);
  }
}

// Asks for what one and the same server cannot have.
bool contradict(const Condition& a, const Condition& b) {
  Condition opposite = b;
  opposite.negated = !b.negated;
  return a == opposite;
}

void lint_row_headers(Linter& linter) {
  const Case& test = linter.test;
  for (const CaseRow& row : test.rows) {
    linter.row = &row;
    lint_conditions(linter, row.conditions, row.condition_places);
    for (std::size_t i = 0; i < row.conditions.size(); ++i)
      for (const Condition& other : test.conditions)
        if (contradict(row.conditions[i], other))
          linter.say("the case requires '" + to_string(other) + "', so that this row would never run", row.condition_places[i]);
    linter.start(start_of(test, row), row.start ? row.start_place : Place{test.file, 1, 1});
  }
}

}  // namespace

void Linter::say(std::string message, Place place, std::string hint) {
  for (const Error& problem : problems)
    if (problem.place == place && problem.message == message) return;
  problems.push_back({std::move(message), std::move(place), std::move(hint)});
}

void Linter::requirement(const std::string& id, const Place& place) {
  const auto* found = suite.registry.find(id);
  if (!found) return say("no requirement '" + id + "' in the registry", place, suite.registry.nearest(id));
  if (found->observable == Observable::none && found->check.empty())
    say("requirement " + id + " cannot be observed on a server, so that no case can cover it", place);
}

void Linter::keyword(const std::string& word, const Place& place) {
  const smtp::Extension* found = smtp::find_extension(word);
  if ((found && found->keyword == word) || smtp::is_local_keyword(word)) return;
  std::vector<std::string_view> known;
  for (const smtp::Extension& extension : smtp::extensions) known.push_back(extension.keyword);
  say("no EHLO keyword '" + smtp::spell(word) + "' is registered; local ones begin with X", place,
      smtp::nearest(word, std::span<const std::string_view>(known)));
}

void Linter::start(Start start, const Place& place) {
  if (std::find(test.roles.begin(), test.roles.end(), smtp::Role::relay) == test.roles.end()) return;
  if (start == Start::tls && !requires_keyword("STARTTLS")) say("start: tls on a relay needs 'requires: [STARTTLS]'", place);
  if (start == Start::auth) say("start: auth has no meaning on a relay", place);
}

std::vector<Condition> Linter::conditions() const { return row ? conditions_of(test, *row) : test.conditions; }

bool Linter::requires_keyword(std::string_view keyword) const {
  const auto all = conditions();
  return std::any_of(all.begin(), all.end(),
                     [&](const Condition& c) { return c.kind == Condition::Kind::keyword && c.name == keyword && !c.negated; });
}

bool Linter::requires_fact(std::string_view fact) const {
  const auto all = conditions();
  return std::any_of(all.begin(), all.end(),
                     [&](const Condition& c) { return c.kind == Condition::Kind::fact && c.name == fact && !c.negated; });
}

bool Linter::deals_with(std::string_view keyword) const {
  const auto all = conditions();
  return std::any_of(all.begin(), all.end(), [&](const Condition& c) {
    const smtp::Extension* extension = c.kind == Condition::Kind::keyword ? smtp::find_extension(c.name) : nullptr;
    return extension && (c.name == keyword || (!c.negated && extension->with == keyword));
  });
}

bool Linter::offered(const smtp::Extension& extension) const {
  return std::any_of(test.roles.begin(), test.roles.end(), [&](smtp::Role role) { return extension.offered_on(role); });
}

std::vector<Error> lint(const Case& test, const Suite& suite, const Names& names) {
  Linter linter{test, suite};
  lint_header(linter, names);
  lint_conditions(linter, test.conditions, test.condition_places);
  lint_row_headers(linter);
  lint_rows(linter);
  lint_delivery(linter);
  for (const auto* steps : {&test.dialogue, &test.twin}) {
    if (steps->empty()) continue;
    lint_names(linter, *steps);
    for (const CaseRow& row : test.rows) {
      linter.row = &row;
      const std::vector<Step> filled = with(*steps, row.variables);
      lint_texts(linter, filled);
      lint_expectations(linter, filled);
      lint_flow(linter, filled, steps == &test.twin);
    }
  }
  std::stable_sort(linter.problems.begin(), linter.problems.end(), [](const Error& a, const Error& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
  return std::move(linter.problems);
}

}  // namespace smtpspec::script
