#include "smtpspec/run/applicability.hpp"

namespace smtpspec::run {

Applicability applicability(const Test& test, const Profile& profile, const Offer& offer) {
  const script::Start start = start_of(*test.test, *test.row);
  const bool early = start == script::Start::connected || start == script::Start::greeted;
  const auto& offered = early ? offer.clear : offer.ready;
  const auto facts = script::missing_facts(*test.test, *test.row, test.role, profile.facts);
  std::set<std::string> missing(facts.begin(), facts.end());
  for (const script::Condition& condition : conditions_of(*test.test, *test.row)) {
    if (condition.kind == script::Condition::Kind::keyword) {
      if (!meets(condition, offered))
        return {condition.negated ? to_string(condition).substr(4) + " is offered" : to_string(condition) + " is not offered", {}};
    } else if (condition.name == "ipv6") {
      if (profile.endpoints.at(test.role).host.find(':') == std::string::npos) return {"the endpoint has no IPv6 address", {}};
    } else if (profile.has(condition.name) == condition.negated) {
      if (condition.negated) return {"the profile has " + condition.name, {}};
      missing.insert(condition.name);
    }
  }
  return {"", std::move(missing)};
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
