#include "fuzz/report/report.hpp"

#include <algorithm>

#include "fuzz/campaign/finding.hpp"
#include "smtpspec/report/json.hpp"

namespace smtpspec::fuzz {
namespace {

using boost::json::array;
using boost::json::object;

std::string death_of(const std::string& how) { return "the target's process " + how; }

run::TestResult test_of(const Found& found, std::size_t number, const Setting& setting) {
  run::TestResult out;
  out.id = "fuzz/" + name_of(found);
  out.role = found.scenario.role;
  out.requirements = found.finding.requirements;
  out.title = "found by fuzzing, " + found.origin;
  out.verdict = found.finding.verdict;
  out.summary = judge::what_is_wrong(found.finding);
  out.findings = {found.finding};
  out.findings.front().rule = out.id;  // a bug is known by its name
  out.transcript = found.transcript;
  out.marked = found.finding.entry;
  if (number < setting.files.size()) out.place = {setting.files[number], 1, 0};
  if (setting.known.contains(number)) out.waived = "it was known before";
  out.log = found.log;
  return out;
}

run::TestResult campaign_of(smtp::Role role, const Report& report, const Setting& setting) {
  run::TestResult out;
  out.id = "fuzz/campaign";
  out.role = role;
  out.title = "seed " + std::to_string(setting.options.seed) + ", " + std::to_string(report.scenarios) + " scenarios";
  out.summary = setting.trouble;
  for (const std::string& how : untold_deaths(report)) out.summary += (out.summary.empty() ? "" : "; ") + death_of(how);
  out.verdict = out.summary.empty() ? run::Verdict::pass : run::Verdict::error;
  out.duration = report.time;
  return out;
}

}  // namespace

Shares shares_of(const Report& report, session::Duration ours) {
  const double all = std::max(static_cast<double>(report.time.count()), 1.0);
  Shares out{.ours = std::min(static_cast<double>(ours.count()) / all, 1.0)};
  const double waits = static_cast<double>((report.answering + report.waiting).count());
  out.waiting = waits > 0 ? (1 - out.ours) * static_cast<double>(report.waiting.count()) / waits : 0;
  out.server = std::max(1 - out.ours - out.waiting, 0.0);  // and not the rounding of what is left
  return out;
}

std::vector<std::string> untold_deaths(const Report& report) {
  std::vector<std::string> out;
  for (const std::string& how : report.deaths)
    if (std::none_of(report.findings.begin(), report.findings.end(), [&](const Found& found) { return found.finding.came == how; }))
      out.push_back(how);
  return out;
}

run::Run as_run(const Report& report, const Setting& setting) {
  run::Run out;
  out.target = setting.target;
  out.version = setting.target_version;
  out.started = setting.started;
  out.endpoints = setting.endpoints;
  out.replies = report.replies;
  out.duration = report.time;
  out.interrupted = report.interrupted;
  out.dead = !setting.trouble.empty();
  out.trouble = setting.trouble;
  for (const std::string& how : report.deaths) out.deaths.push_back(death_of(how));
  for (const auto& [role, endpoint] : setting.endpoints) out.tests.push_back(campaign_of(role, report, setting));
  for (std::size_t i = 0; i < report.findings.size(); ++i) out.tests.push_back(test_of(report.findings[i], i, setting));
  return out;
}

std::string json(const Report& report, const Setting& setting) {
  const run::Run run = as_run(report, setting);
  object target{{"name", report::text(setting.target)}}, endpoints, ehlo;
  if (!setting.target_version.empty()) target["version"] = report::text(setting.target_version);
  for (const auto& [role, endpoint] : setting.endpoints) endpoints[to_string(role)] = report::text(run::to_url(role, endpoint));
  for (const auto& [role, offered] : report.offered) ehlo[to_string(role)] = report::capabilities(offered);
  target["endpoints"] = std::move(endpoints);
  target["ehlo"] = std::move(ehlo);

  object campaign{{"seed", setting.options.seed},   {"first", setting.options.first},   {"next", report.next},
                  {"shard", setting.options.shard}, {"shards", setting.options.shards}, {"connections", setting.options.connections}};
  if (setting.options.rate > 0) campaign["rate"] = setting.options.rate;
  if (report.interrupted) campaign["interrupted"] = true;
  if (!setting.trouble.empty()) campaign["trouble"] = report::text(setting.trouble);

  const auto count = [&](judge::Verdict verdict) {
    return std::count_if(report.findings.begin(), report.findings.end(), [&](const Found& one) { return one.finding.verdict == verdict; });
  };
  const Shares shares = shares_of(report, setting.ours);
  object summary{{"scenarios", report.scenarios},
                 {"replayed", report.replayed},
                 {"plays", report.plays},
                 {"replies", report.replies},
                 {"past_hello", report.past_hello},
                 {"productions", report.productions.size()},
                 {"productions_of", sayable_productions()},
                 {"state_and_input_pairs", report.seen.size()},
                 {"corpus", report.corpus},
                 {"findings", report.findings.size()},
                 {"fail", count(judge::Verdict::fail)},
                 {"deviation", count(judge::Verdict::deviation)},
                 {"observed", count(judge::Verdict::observed)},
                 {"known", setting.known.size()},
                 {"duration_ms", report::ms(report.time)},
                 {"shares", {{"ours", shares.ours}, {"server", shares.server}, {"waiting", shares.waiting}}}};

  if (setting.instrumented) summary["places"] = report.places;

  array places, moves, codes;
  for (const auto& [place, count_of] : report.seen) {
    object with;
    for (const auto& [code, times] : count_of) with[std::to_string(code)] = times;
    places.push_back({{"state", to_string(place.first)}, {"input", to_string(place.second)}, {"codes", std::move(with)}});
  }
  for (const auto& [move, times] : report.moves)
    moves.push_back({{"from", to_string(move.first)}, {"to", to_string(move.second)}, {"times", times}});
  for (const auto& [code, verbs] : report.codes)
    for (const auto& [verb, times] : verbs) codes.push_back({{"code", code}, {"verb", verb}, {"times", times}});

  array findings;
  for (std::size_t i = 0; i < report.findings.size(); ++i) {
    const Found& found = report.findings[i];
    object one = report::test_object(run.tests[setting.endpoints.size() + i]);
    one.erase("findings");  // the finding is the entry itself
    one["name"] = report::text(name_of(found));
    one["rule"] = report::text(found.finding.rule);
    one["origin"] = report::text(found.origin);
    one["seen"] = found.seen;
    one["acts"] = found.scenario.acts.size();
    one["acts_before"] = found.acts_before;
    findings.push_back(std::move(one));
  }
  object out{{"schema", "smtpspec.fuzz.v1"},
             {"suite", {{"version", report::text(setting.version)}}},
             {"target", std::move(target)},
             {"campaign", std::move(campaign)},
             {"summary", std::move(summary)},
             {"reached", {{"states", std::move(places)}, {"moves", std::move(moves)}, {"replies", std::move(codes)}}},
             {"findings", std::move(findings)},
             {"dropped", report::texts(report.dropped)},
             {"deaths", report::texts(report.deaths)}};
  if (!setting.started.empty()) out["started"] = setting.started;
  return boost::json::serialize(out) + "\n";
}

}  // namespace smtpspec::fuzz
