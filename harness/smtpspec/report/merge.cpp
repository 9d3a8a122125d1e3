#include "smtpspec/report/merge.hpp"

#include <algorithm>
#include <map>

#include "smtpspec/report/text.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;

std::string shard_name(const Suite& suite) { return std::to_string(suite.shard) + "/" + std::to_string(suite.shards); }

// Why these are not all shards of one run, or nothing.
std::optional<Error> unlike(const std::vector<Reported>& shards, const std::vector<std::string>& files) {
  const Reported& first = shards.front();
  std::map<int, std::size_t> there;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const Reported& one = shards[i];
    const auto differ = [&](std::string_view what, const std::string& a, const std::string& b) {
      return Error{"no shard of the run of " + files.front() + ": its " + std::string(what) + " is '" + b + "', not '" + a + "'",
                   Place{files[i]}};
    };
    if (one.suite.shards == 1) return Error{"no shard: the run was of all tests", Place{files[i]}};
    for (const auto& [what, a, b] : std::initializer_list<std::tuple<std::string_view, std::string, std::string>>{
             {"target", first.run.target, one.run.target},
             {"target's version", first.run.version, one.run.version},
             {"smtpspec", first.suite.version, one.suite.version},
             {"suite of cases", first.suite.cases_sha256, one.suite.cases_sha256},
             {"number of shards", std::to_string(first.suite.shards), std::to_string(one.suite.shards)}})
      if (a != b) return differ(what, a, b);
    if (const auto [at, fresh] = there.try_emplace(one.suite.shard, i); !fresh)
      return Error{"shard " + shard_name(one.suite) + " is in " + files[at->second] + " already", Place{files[i]}};
  }
  std::string missing;
  for (int part = 1; part <= first.suite.shards; ++part)
    if (!there.count(part)) missing += (missing.empty() ? "" : ", ") + std::to_string(part);
  if (!missing.empty()) return Error{"not all of the " + std::to_string(first.suite.shards) + " shards are given: " + missing + " missing"};
  return std::nullopt;
}

// How much a result of a rule has to say: one that saw nothing to judge says least.
int weight(const run::TestResult& test) { return test.verdict == Verdict::skip ? -1 : static_cast<int>(test.verdict); }

void add_rule(run::TestResult& sum, run::TestResult&& other) {
  const std::size_t checked = sum.checked + other.checked, seen_in = sum.seen_in + other.seen_in;
  if (weight(other) > weight(sum)) sum = std::move(other);
  sum.checked = checked;
  sum.seen_in = seen_in;
  if (sum.verdict == Verdict::pass) sum.summary = std::to_string(checked) + (checked == 1 ? " reply" : " replies") + " looked at";
}

void add_waiver(run::WaiverUse& sum, const run::WaiverUse& other) {
  using State = run::WaiverUse::State;
  sum.tests += other.tests;
  if (sum.state == other.state) return;
  const bool lifts = sum.state == State::used || other.state == State::used;
  const bool expired = sum.state == State::expired || other.state == State::expired;
  sum.state = lifts ? State::used : expired ? State::expired : State::untested;
}

template <class To, class From>
void append(To& to, From&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Result<Reported> merged(std::vector<Reported> shards, const std::vector<std::string>& files) {
  if (auto error = unlike(shards, files)) return tl::unexpected(std::move(*error));
  Reported out = std::move(shards.front());
  run::Run& sum = out.run;
  for (auto it = std::next(shards.begin()); it != shards.end(); ++it) {
    run::Run& run = it->run;
    if (sum.started.empty() || (!run.started.empty() && run.started < sum.started)) sum.started = run.started;
    sum.duration = std::max(sum.duration, run.duration);
    sum.replies += run.replies;
    sum.left_out += run.left_out;
    sum.interrupted = sum.interrupted || run.interrupted;
    for (auto& [role, offer] : run.offers)
      if (offer.reached || !sum.offers.count(role)) sum.offers[role] = std::move(offer);
    sum.endpoints.merge(run.endpoints);
    sum.dead_roles.merge(run.dead_roles);
    if (!sum.dead && run.dead) sum.trouble = run.trouble;
    sum.dead = sum.dead || run.dead;
    append(sum.deaths, std::move(run.deaths));
    append(sum.tests, std::move(run.tests));
    for (const run::WaiverUse& use : run.waivers) {
      const auto same = std::find_if(sum.waivers.begin(), sum.waivers.end(), [&](const run::WaiverUse& known) {
        return known.waiver.glob == use.waiver.glob && known.waiver.role == use.waiver.role && known.waiver.reason == use.waiver.reason;
      });
      if (same == sum.waivers.end()) sum.waivers.push_back(use);
      else add_waiver(*same, use);
    }
  }
  // A case's rows stand together again, the rules behind the cases.
  std::vector<run::TestResult> tests = std::exchange(sum.tests, {}), rules;
  for (run::TestResult& test : tests) {
    if (!test.rule) {
      sum.tests.push_back(std::move(test));
      continue;
    }
    const auto same =
        std::find_if(rules.begin(), rules.end(), [&](const auto& one) { return one.rule == test.rule && one.role == test.role; });
    if (same == rules.end()) rules.push_back(std::move(test));
    else add_rule(*same, std::move(test));
  }
  const auto name = [](const run::TestResult& test) { return std::string_view(test.id).substr(0, test.id.find('[')); };
  std::stable_sort(sum.tests.begin(), sum.tests.end(), [&](const auto& a, const auto& b) { return name(a) < name(b); });
  append(sum.tests, std::move(rules));
  out.suite.shard = out.suite.shards = 1;
  return out;
}

}  // namespace smtpspec::report
