#include <algorithm>
#include <map>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/json.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::report {
namespace {

using boost::json::array;
using boost::json::object;

std::string_view level_of(const judge::Finding& finding) {
  if (finding.by_letter) return "note";
  if (finding.verdict == judge::Verdict::fail) return "error";
  return finding.verdict == judge::Verdict::deviation ? "warning" : "note";
}

std::string rule_of(const judge::Finding& finding) { return finding.requirements.empty() ? finding.rule : finding.requirements.front(); }

// A relative reference of RFC 3986: all else is percent-encoded.
std::string uri_of(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF", plain = "-._~/";
  std::string out = path.starts_with('/') ? "file://" : "";
  for (const char c : path)
    if (smtp::is_alnum(c) || plain.find(c) != std::string_view::npos) out += c;
    else out += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
  return out;
}

object rule_object(const std::string& id, const script::Registry& registry) {
  object out{{"id", text(id)}};
  const auto* row = registry.find(id);
  out["shortDescription"] = {{"text", text(row ? row->says : id)}};
  if (!row) return out;
  out["helpUri"] = "https://www.rfc-editor.org/rfc/rfc" + std::to_string(row->rfc) + "#" +
                   (smtp::is_digit(row->section.front()) ? "section-" : "appendix-") + row->section;
  out["properties"] = {{"rfc", row->rfc}, {"section", text(row->section)}, {"level", to_string(row->level)}};
  return out;
}

// The case's file; of an always-on rule that of the test that is shown.
Place place_of(const run::TestResult& shown, const run::Run& run) {
  if (!shown.place.file.empty() || shown.example.empty()) return shown.place;
  const auto example =
      std::find_if(run.tests.begin(), run.tests.end(), [&](const run::TestResult& test) { return test.id == shown.example; });
  return example == run.tests.end() || !example->test ? Place{} : Place{example->test->file, 1, 0};
}

// Without the text of a reply, which may hold a queue id or a time.
std::string fingerprint_of(const judge::Finding& finding) {
  const std::string came = judge::is_reply(finding.came) ? finding.came.substr(0, 3) : finding.came;
  std::string out = finding.rule + " / " + std::string(to_string(finding.verdict)) + " / " + finding.step + " / ";
  return out + (finding.choice.empty() ? came : finding.choice);
}

// Why the results are not all that there could be.
array notifications(const run::Run& run) {
  array out;
  const auto put = [&out](std::string_view level, const std::string& what) {
    out.push_back({{"level", level}, {"message", {{"text", text(what)}}}});
  };
  if (run.dead) put("error", run.trouble);
  else
    for (const auto& [role, trouble] : run.dead_roles) put("error", std::string(to_string(role)) + ": " + trouble);
  for (const std::string& death : run.deaths) put("warning", death);
  return out;
}

object location_of(const Bug& bug, const run::Run& run) {
  const run::TestResult& shown = *bug.tests.front();
  object out;
  if (const Place place = place_of(shown, run); !place.file.empty())
    out["physicalLocation"] = {{"artifactLocation", {{"uri", uri_of(place.file)}}}, {"region", {{"startLine", std::max(place.line, 1)}}}};
  out["logicalLocations"] = array{{{"fullyQualifiedName", text(run.target + "/" + std::string(to_string(shown.role)) + "/" + shown.id)}}};
  return out;
}

}  // namespace

std::string sarif(const run::Run& run, const Suite& suite, const script::Registry& registry) {
  array rules, results;
  std::map<std::string, std::size_t> numbers;
  for (const Bug& bug : bugs(run)) {
    if (!bug.finding) continue;
    const std::string id = rule_of(*bug.finding);
    const auto [number, fresh] = numbers.try_emplace(id, rules.size());
    if (fresh) rules.push_back(rule_object(id, registry));
    std::string message = bug.name() + ": " + bug.wrong();
    if (bug.tests.size() > 1) message += " (" + std::to_string(bug.tests.size()) + " tests show it)";
    object result{{"ruleId", text(id)},
                  {"ruleIndex", number->second},
                  {"level", level_of(*bug.finding)},
                  {"message", {{"text", text(message)}}},
                  {"locations", array{location_of(bug, run)}},
                  {"partialFingerprints", {{"finding/v1", text(fingerprint_of(*bug.finding))}}}};
    // The standard wants them of every result or of none.
    array& suppressions = result["suppressions"].emplace_array();
    if (const std::string& reason = bug.tests.front()->waived; !reason.empty())
      suppressions.push_back({{"kind", "external"}, {"justification", text(reason)}});
    results.push_back(std::move(result));
  }
  object invocation{{"executionSuccessful", !run.dead && !run.interrupted}};
  if (!run.started.empty()) invocation["startTimeUtc"] = run.started;
  if (array all = notifications(run); !all.empty()) invocation["toolExecutionNotifications"] = std::move(all);
  object driver{{"name", "smtpspec"}, {"rules", std::move(rules)}};
  if (!suite.version.empty()) driver["version"] = text(suite.version);
  object one{{"tool", {{"driver", std::move(driver)}}},
             {"automationDetails", {{"id", text("smtpspec/" + suite.command + "/" + run.target + "/")}}},
             {"invocations", array{std::move(invocation)}},
             {"results", std::move(results)}};
  const object out{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", array{std::move(one)}}};
  return boost::json::serialize(out) + "\n";
}

}  // namespace smtpspec::report
