#include "smtpspec/run/applicability.hpp"

#include <algorithm>

namespace smtpspec::run {

Applicability applicability(const Test& test, const Profile& profile, const Offer& offer) {
  const script::Start start = start_of(*test.test, *test.row);
  const bool early = start == script::Start::connected || start == script::Start::greeted;
  const auto& offered = early ? offer.clear : offer.ready;
  const auto facts = script::missing_facts(*test.test, *test.row, test.role, profile.facts);
  std::set<std::string> missing(facts.begin(), facts.end());
  const auto& of_case = test.test->conditions;
  for (const script::Condition& condition : conditions_of(*test.test, *test.row)) {
    const bool of_row = std::find(of_case.begin(), of_case.end(), condition) == of_case.end();
    if (condition.kind == script::Condition::Kind::keyword) {
      if (meets(condition, offered)) continue;
      const std::string why = condition.negated ? to_string(condition).substr(4) + " is offered" : to_string(condition) + " is not offered";
      return {.why_not = why, .foreign = condition.negated, .of_row = of_row, .missing = {}};
    } else if (condition.name == "ipv6") {
      if (profile.endpoints.at(test.role).host.find(':') == std::string::npos)
        return {.why_not = "the endpoint has no IPv6 address", .missing = {}};
    } else if (profile.has(condition.name) == condition.negated) {
      if (condition.negated) return {.why_not = "the profile has " + condition.name, .missing = {}};
      missing.insert(condition.name);
    }
  }
  return {.why_not = "", .missing = std::move(missing)};
}

std::vector<Test> about(const Profile& profile, const std::map<smtp::Role, Offer>& offers, const std::vector<Test>& tests) {
  const auto of = [&](const Test& test) { return applicability(test, profile, offers.count(test.role) ? offers.at(test.role) : Offer()); };
  std::set<std::pair<const script::Case*, smtp::Role>> with_a_row;
  for (const Test& test : tests)
    if (of(test).why_not.empty()) with_a_row.emplace(test.test, test.role);
  std::vector<Test> out;
  for (const Test& test : tests) {
    const Applicability applies = of(test);
    if (!applies.foreign && !(applies.of_row && with_a_row.count({test.test, test.role}))) out.push_back(test);
  }
  return out.empty() ? tests : out;
}

std::string needs(const std::set<std::string>& missing) {
  std::string names, ways;
  for (const std::string& fact : missing) {
    names += (names.empty() ? "" : " and ") + fact_in_words(fact);
    ways += (ways.empty() ? "" : ", ") + how_to_give(fact);
  }
  return "needs " + names + ": give " + ways;
}

Costs costs(const std::vector<Test>& tests, const Profile& profile, const std::map<smtp::Role, Offer>& offers) {
  Costs out;
  std::set<std::string> covered;
  for (const Test& test : tests) {
    const auto offer = offers.find(test.role);
    const auto applies = applicability(test, profile, offer == offers.end() ? Offer() : offer->second);
    if (!applies.why_not.empty()) continue;
    const auto& covers = test.test->covers;
    if (applies.missing.empty()) {
      covered.insert(covers.begin(), covers.end());
      continue;
    }
    Cost& cost = out[{applies.missing.begin(), applies.missing.end()}];
    ++cost.tests[test.role];
    cost.cases.insert(test.test->id);
    cost.requirements.insert(covers.begin(), covers.end());
  }
  for (auto& [facts, cost] : out) std::erase_if(cost.requirements, [&](const std::string& id) { return covered.count(id) > 0; });
  return out;
}

}  // namespace smtpspec::run
