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
  const auto conditions = conditions_of(*test.test, *test.row);
  for (const script::Condition& condition : conditions) {
    if (condition.kind != script::Condition::Kind::keyword || meets(condition, offered)) continue;
    const std::string why = condition.negated ? to_string(condition).substr(4) + " is offered" : to_string(condition) + " is not offered";
    const bool of_row = std::find(of_case.begin(), of_case.end(), condition) == of_case.end();
    return {.why_not = why, .foreign = condition.negated, .of_row = of_row, .missing = {}};
  }
  for (const script::Condition& condition : conditions) {
    if (condition.kind == script::Condition::Kind::keyword) continue;
    if (condition.name == "ipv6") {
      if (profile.endpoints.at(test.role).host.find(':') == std::string::npos)
        return {.why_not = "the endpoint has no IPv6 address", .missing = {}};
    } else if (const auto why = profile.why_unobserved(condition.name); !why.empty() && !condition.negated) {
      return {.why_not = why, .missing = {}};
    } else if (profile.has(condition.name) == condition.negated) {
      if (condition.negated) return {.why_not = "the profile has " + condition.name, .missing = {}};
      missing.insert(condition.name);
    }
  }
  return {.why_not = "", .missing = std::move(missing)};
}

namespace {
const Offer& offer_of(const std::map<smtp::Role, Offer>& offers, smtp::Role role) {
  static const Offer none;
  const auto offer = offers.find(role);
  return offer == offers.end() ? none : offer->second;
}
}  // namespace

std::vector<Test> about(const Profile& profile, const std::map<smtp::Role, Offer>& offers, const std::vector<Test>& tests,
                        const std::vector<std::string>& named) {
  const auto is_named = [&](const std::string& id) { return std::find(named.begin(), named.end(), id) != named.end(); };
  const auto has_a_row = [&](const Test& test) {
    const auto& rows = test.test->rows;
    return std::any_of(rows.begin(), rows.end(), [&](const script::CaseRow& row) {
      return applicability({test.test, &row, test.role}, profile, offer_of(offers, test.role)).why_not.empty();
    });
  };
  std::vector<Test> out;
  for (const Test& test : tests) {
    const Offer& offer = offer_of(offers, test.role);
    const Applicability applies = applicability(test, profile, offer);
    const bool elsewhere = applies.foreign || (applies.of_row && has_a_row(test));
    if (!elsewhere || !offer.clear_known || !offer.ready_known || is_named(test.test->id) || is_named(full_id(*test.test, *test.row)))
      out.push_back(test);
  }
  return out;
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
    const auto applies = applicability(test, profile, offer_of(offers, test.role));
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
