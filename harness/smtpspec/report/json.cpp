#include "smtpspec/report/json.hpp"

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::report {

namespace json_ = boost::json;

double ms(session::Duration duration) { return static_cast<double>(duration.count()) / 1000.0; }

// Texts from the wire are spelt before they come here; everything else is ours. What is not UTF-8 all the same is spelt.
json_::string text(std::string_view value) {
  return json_::string(smtp::utf8_error(value) == std::string_view::npos ? std::string(value) : smtp::spell(value));
}

json_::array texts(const std::vector<std::string>& values) {
  json_::array out;
  for (const auto& value : values) out.push_back(text(value));
  return out;
}

namespace {

// Much longer octets are cut. What is a little longer is not, so that what was cut stays as it is when a document is read and written.
std::string cut_once(const session::Entry& entry) {
  constexpr std::size_t most = 4096, little = 64;
  return entry.shown(entry.said().size() > most + little ? most : most + little);
}

json_::array transcript(const session::Transcript& t) {
  json_::array out;
  for (const auto& entry : t.entries) {
    json_::object line;
    line["t_ms"] = ms(entry.at - t.entries.front().at);
    line["dir"] = entry.kind == session::Entry::Kind::sent ? "C" : entry.kind == session::Entry::Kind::note ? "*" : "S";
    if (entry.connection != 1) line["connection"] = entry.connection;
    line["octets"] = text(cut_once(entry));
    out.push_back(std::move(line));
  }
  return out;
}

json_::object finding_object(const judge::Finding& finding) {
  json_::object out;
  out["rule"] = text(finding.rule);
  out["requirements"] = texts(finding.requirements);
  out["level"] = to_string(finding.level);
  out["verdict"] = to_string(finding.verdict);
  if (!finding.step.empty()) out["step"] = text(finding.step);
  out["expected"] = text(finding.expected);
  out["came"] = text(finding.came);
  if (!finding.choice.empty()) out["choice"] = text(finding.choice);
  if (finding.by_letter) out["by_letter"] = true;
  if (finding.place.line) out["line"] = finding.place.line;
  if (finding.entry >= 0) out["entry"] = finding.entry;
  return out;
}

}  // namespace

json_::object test_object(const run::TestResult& test) {
  json_::object out;
  out["id"] = text(test.id);
  out["role"] = to_string(test.role);
  out["verdict"] = verdict_word(test);
  out["level"] = to_string(test.level);
  out["title"] = text(test.title);
  out["requirements"] = texts(test.requirements);
  out["summary"] = text(test.summary);
  if (!test.choice.empty()) out["choice"] = text(test.choice);
  if (test.by_letter) out["by_letter"] = true;
  if (test.flaky) out["flaky"] = true;
  if (!test.waived.empty()) out["waiver"] = {{"reason", text(test.waived)}, {"verdict", to_string(test.verdict)}};
  json_::array findings;
  for (const auto& finding : test.findings) findings.push_back(finding_object(finding));
  if (!findings.empty()) out["findings"] = std::move(findings);
  if (test.rule) {
    out["replies_checked"] = test.checked;
    out["seen_in"] = test.seen_in;
    if (!test.example.empty()) out["example"] = text(test.example);
  }
  if (!test.place.file.empty()) out["file"] = text(test.place.file);
  if (test.place.line) out["line"] = test.place.line;
  out["duration_ms"] = ms(test.duration);
  if (!test.log.empty()) out["log"] = texts(test.log);
  if (!test.transcript.entries.empty()) {
    out["transcript"] = transcript(test.transcript);
    if (test.marked >= 0) out["marked"] = test.marked;
  }
  return out;
}

json_::object bug_object(const Bug& bug, const script::Registry& registry) {
  const judge::Finding& finding = *bug.finding;
  json_::object out = finding_object(finding);
  out.erase("line");
  out.erase("entry");
  out["verdict"] = verdict_word(*bug.tests.front());
  if (!finding.requirements.empty())
    if (const auto* row = registry.find(finding.requirements.front())) out["says"] = text(row->says);
  json_::array cases, roles;
  for (const auto* test : bug.tests) cases.push_back(text(test->id + " (" + std::string(to_string(test->role)) + ")"));
  for (const smtp::Role role : bug.roles()) roles.push_back(json_::string(to_string(role)));
  out["cases"] = std::move(cases);
  out["count"] = bug.tests.size();
  out["rows"] = bug.rows().size();
  out["roles"] = std::move(roles);
  return out;
}

namespace {

json_::array waivers(const run::Run& run) {
  json_::array out;
  for (const run::WaiverUse& use : run.waivers) {
    json_::object one{
        {"case", text(use.waiver.glob)}, {"reason", text(use.waiver.reason)}, {"state", to_string(use.state)}, {"tests", use.tests}};
    if (use.waiver.role) one["role"] = to_string(*use.waiver.role);
    if (!use.waiver.until.empty()) one["until"] = text(use.waiver.until);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

json_::array capabilities(const smtp::Capabilities& offered) {
  json_::array out;
  for (const auto& capability : offered.list)
    out.push_back(text(smtp::spell(capability.keyword + (capability.params.empty() ? "" : " " + capability.params))));
  return out;
}

std::string json_line(const run::TestResult& test) { return json_::serialize(test_object(test)); }

json_::object about_object(const run::Run& run, const Suite& suite) {
  json_::object out;
  out["suite"] = {{"version", suite.version}, {"cases_sha256", suite.cases_sha256}, {"command", suite.command}};
  if (suite.shards > 1) out["suite"].as_object()["shard"] = {{"part", suite.shard}, {"of", suite.shards}};
  json_::object target, ehlo, endpoints, trust;
  json_::array roles;
  target["name"] = text(run.target);
  if (!run.version.empty()) target["version"] = text(run.version);
  for (const auto& [role, endpoint] : run.endpoints) {
    roles.push_back(json_::string(to_string(role)));
    endpoints[to_string(role)] = text(run::to_url(role, endpoint));
  }
  for (const auto& [role, offer] : run.offers) {
    if (!target.contains("greeting")) target["greeting"] = text(smtp::spell(offer.greeting));
    ehlo[to_string(role)] = capabilities(offer.ready);
    if (!offer.tls.trust.empty()) trust[to_string(role)] = text(offer.tls.trust);
  }
  if (!trust.empty()) target["trust"] = std::move(trust);
  if (!run.log.empty()) target["log"] = text(run.log);
  if (run.log_cut) target["log_cut"] = true;
  json_::object facts;
  for (const auto& [name, value] : run.facts) facts[name] = text(value);
  target["facts"] = std::move(facts);
  target["roles"] = std::move(roles);
  target["endpoints"] = std::move(endpoints);
  target["ehlo"] = std::move(ehlo);
  out["target"] = std::move(target);
  json_::object summary;
  summary["cases"] = run.tests.size();
  for (int v = 0; v < judge::verdict_count; ++v)
    summary[to_string(static_cast<judge::Verdict>(v))] = run.count(static_cast<judge::Verdict>(v));
  summary["waived"] = run.waived();
  summary["left-out"] = run.left_out;
  summary["stale-waiver"] = run.waivers_in(run::WaiverUse::State::stale);
  summary["by-letter"] = run.by_letter();
  out["summary"] = std::move(summary);
  if (!run.started.empty()) out["started"] = run.started;
  out["duration_ms"] = ms(run.duration);
  const auto& d = run.deadlines;
  out["deadlines_ms"] = {
      {"connect", ms(d.connect)}, {"greeting", ms(d.greeting)}, {"reply", ms(d.reply)}, {"data", ms(d.data)}, {"quiet", ms(d.quiet)}};
  out["replies"] = run.replies;
  if (run.interrupted) out["interrupted"] = true;
  if (!run.trouble.empty()) out["trouble"] = text(run.trouble);
  if (!run.dead_roles.empty()) {
    json_::object dead;
    for (const auto& [role, trouble] : run.dead_roles) dead[to_string(role)] = text(trouble);
    out["dead_roles"] = std::move(dead);
  }
  if (!run.deaths.empty()) out["deaths"] = texts(run.deaths);
  if (!run.waivers.empty()) out["waivers"] = waivers(run);
  return out;
}

std::string json(const run::Run& run, const Suite& suite, const script::Registry& registry) {
  json_::object out{{"schema", run_schema}};
  for (auto& [name, value] : about_object(run, suite)) out[name] = std::move(value);
  json_::array cases, findings;
  for (const auto& test : run.tests) cases.push_back(test_object(test));
  for (const Bug& bug : bugs(run))
    if (bug.finding) findings.push_back(bug_object(bug, registry));
  out["cases"] = std::move(cases);
  out["findings"] = std::move(findings);
  return json_::serialize(out) + "\n";
}

}  // namespace smtpspec::report
