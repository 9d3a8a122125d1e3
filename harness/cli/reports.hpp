// --report KIND=PATH, as run, replay, report and fuzz have it.
#pragma once

#include <span>
#include <vector>

#include "cli/cli.hpp"
#include "smtpspec/report/read.hpp"

namespace smtpspec::cli {

struct WantedReport {
  std::string kind;  // one of the command's
  std::string path;  // "-": standard output
};

using ReportKinds = std::span<const std::string_view>;
inline constexpr std::string_view run_reports[] = {"json", "junit", "sarif", "tap", "markdown", "github", "html"};
inline constexpr std::string_view fuzz_reports[] = {"json", "junit", "sarif", "html"};

void add_reports(CLI::App& command, std::vector<std::string>& words, ReportKinds kinds);
// An error for another kind, and where a path cannot be written to.
Result<std::vector<WantedReport>> reports_of(const std::vector<std::string>& words, ReportKinds kinds);
bool to_standard_output(const std::vector<WantedReport>& reports);

// The text of one of run_reports.
std::string report_of(const std::string& kind, const report::Reported& reported, const script::Suite& suite);
// Of html, which takes several.
std::string page_of(std::span<const report::Reported> runs, const script::Suite& suite);

}  // namespace smtpspec::cli
