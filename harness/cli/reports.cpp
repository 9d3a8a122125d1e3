#include "cli/reports.hpp"

#include <algorithm>

#include "smtpspec/report/run_page.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {

namespace {

// "json, junit and sarif" of these, each with what is put behind it.
std::string listed(ReportKinds kinds, std::string_view behind, std::string_view last) {
  std::string out;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (i > 0) out += i + 1 == kinds.size() ? " " + std::string(last) + " " : ", ";
    out += std::string(kinds[i]) + std::string(behind);
  }
  return out;
}

}  // namespace

void add_reports(CLI::App& command, std::vector<std::string>& words, ReportKinds kinds) {
  command.add_option("--report", words, "Write a report: " + listed(kinds, "=PATH", "or") + ", - for standard output")
      ->type_name("KIND=PATH")
      ->allow_extra_args(false);
}

Result<std::vector<WantedReport>> reports_of(const std::vector<std::string>& words, ReportKinds kinds) {
  std::vector<WantedReport> out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    WantedReport report{word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
    if (std::find(kinds.begin(), kinds.end(), report.kind) == kinds.end())
      return failure("--report: no report '" + report.kind + "'; there are " + listed(kinds, "", "and"), {},
                     smtp::nearest(report.kind, kinds));
    if (report.path.empty()) return failure("--report: expected " + report.kind + "=PATH, or " + report.kind + "=- for standard output");
    if (auto possible = can_write_to(report.path); !possible) return tl::unexpected(possible.error());
    out.push_back(std::move(report));
  }
  return out;
}

bool to_standard_output(const std::vector<WantedReport>& reports) {
  return std::any_of(reports.begin(), reports.end(), [](const WantedReport& report) { return report.path == "-"; });
}

std::string report_of(const std::string& kind, const report::Reported& reported, const script::Suite& suite) {
  if (kind == "html") return page_of({&reported, 1}, suite);
  const auto write = kind == "json"       ? report::json
                     : kind == "junit"    ? report::junit
                     : kind == "sarif"    ? report::sarif
                     : kind == "tap"      ? report::tap
                     : kind == "markdown" ? report::markdown
                                          : report::github;
  return write(reported.run, reported.suite, suite.registry);
}

std::string page_of(std::span<const report::Reported> runs, const script::Suite& suite) {
  return report::run_page(runs, script::coverage(suite, citing_rules()), suite);
}

}  // namespace smtpspec::cli
