// coverage: which requirements of the registry the suite covers, and why not the others.
#include "smtpspec/script/coverage.hpp"

#include <cstdio>

#include "cli/cli.hpp"
#include "smtpspec/judge/rules.hpp"
#include "smtpspec/report/coverage.hpp"
#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {
namespace {

struct CoverageFlags {
  std::vector<int> rfcs;
  std::string level;
  bool rows = false, missing = false, json = false, check = false, renew = false;
};

std::string file_of(const Environment& environment) { return environment.cases + "/coverage.tsv"; }

int check(const Environment& environment, const std::vector<script::RowCoverage>& rows) {
  const std::string file = file_of(environment);
  const auto text = script::read_regular_file(file);
  const auto moved = text ? script::drift(*text, file, rows) : Result<script::Drift>(tl::unexpected(text.error()));
  if (!moved) {
    complain(moved.error());
    return usage;
  }
  for (const auto* lines : {&moved->lost, &moved->stale})
    for (const std::string& line : *lines) std::printf("%s\n", line.c_str());
  if (!moved->lost.empty())
    std::printf("Coverage is lost. Bring it back; where that is not meant, say why in the commit that renews the snapshot.\n");
  if (moved->lost.empty() && moved->stale.empty()) return ok;
  const std::string cases = environment.cases_given ? "--cases " + environment.cases + " " : "";
  std::printf("%s is not what the suite covers; 'smtpspec %scoverage --renew' writes it anew.\n", file.c_str(), cases.c_str());
  return nonconformance;
}

int coverage(const Environment& environment, const CoverageFlags& flags) {
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  auto rows = script::coverage(*suite, citing_rules());
  if (flags.check) return suite->errors.empty() ? check(environment, rows) : usage;
  if (flags.renew) {
    if (!suite->errors.empty()) return usage;
    const auto written = write_to(file_of(environment), script::snapshot(rows));
    if (!written) complain(written.error());
    return written ? ok : usage;
  }
  for (const int rfc : flags.rfcs)
    if (!suite->registry.rfcs().count(rfc)) {
      std::vector<std::string> known;
      for (const auto& [number, title] : suite->registry.rfcs()) known.push_back(std::to_string(number));
      complain(
          {"the registry has no RFC " + std::to_string(rfc), {}, smtp::nearest(std::to_string(rfc), std::span<const std::string>(known))});
      return usage;
    }
  std::optional<script::Level> level;
  if (!flags.level.empty()) {
    const auto parsed = script::parse_level(flags.level);
    if (!parsed) {
      complain(parsed.error());
      return usage;
    }
    level = *parsed;
  }
  std::erase_if(rows, [&](const script::RowCoverage& found) {
    const bool other_rfc = !flags.rfcs.empty() && std::find(flags.rfcs.begin(), flags.rfcs.end(), found.row->rfc) == flags.rfcs.end();
    return other_rfc || (level && found.row->level != *level);
  });
  if (rows.empty()) {
    complain({"no requirement is of that RFC and level"});
    return empty_selection;
  }
  std::string out;
  if (flags.json) {
    out = report::coverage_json(rows, suite->registry, version());
  } else {
    if (flags.rows) out += report::coverage_rows(rows, environment.color_out) + "\n";
    if (flags.missing) out += report::coverage_missing(rows, environment.color_out);
    out += report::coverage_table(rows, suite->registry, environment.color_out);
  }
  std::fputs(out.c_str(), stdout);
  return suite->errors.empty() ? ok : usage;
}

}  // namespace

std::vector<script::CitingRule> citing_rules() {
  std::vector<script::CitingRule> out;
  for (const auto& rule : judge::rules())
    for (const std::string& watched : judge::requirements_of(rule)) out.push_back({rule.name, watched});
  return out;
}

void add_coverage(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<CoverageFlags>();
  CLI::App* command = app.add_subcommand("coverage", "Which requirements have a case or a rule, and why the others have none");
  command->add_option("--rfc", flags->rfcs, "Only this RFC")->type_name("N")->allow_extra_args(false);
  command->add_option("--level", flags->level, "Only this level: must, should or may")->type_name("LEVEL");
  command->add_flag("--rows", flags->rows, "Each requirement with what covers it, or why nothing does");
  command->add_flag("--missing", flags->missing, "Each requirement that binds a server and that nothing covers, by reason");
  auto* json = command->add_flag("--json", flags->json, "One JSON document (reports/schema/coverage.v1.json)");
  auto* renew = command->add_flag("--renew", flags->renew, "Write coverage.tsv of the suite: which requirement is covered by what kind");
  auto* check = command->add_flag("--check", flags->check, "Hold the suite against its coverage.tsv: nothing is lost, nothing is new");
  renew->excludes(json)->excludes(check);
  check->excludes(json);
  command->callback([flags, &environment, &status] { status = coverage(environment, *flags); });
}

}  // namespace smtpspec::cli
