// --report KIND=PATH, as run, replay and fuzz have it.
#pragma once

#include <span>
#include <vector>

#include "cli/cli.hpp"

namespace smtpspec::cli {

struct WantedReport {
  std::string kind;  // json, junit, sarif, html
  std::string path;  // "-": standard output
};

using ReportKinds = std::span<const std::string_view>;
inline constexpr std::string_view run_reports[] = {"json", "junit", "sarif"};
inline constexpr std::string_view fuzz_reports[] = {"json", "junit", "sarif", "html"};

void add_reports(CLI::App& command, std::vector<std::string>& words, ReportKinds kinds);
// An error for another kind, and where a path cannot be written to.
Result<std::vector<WantedReport>> reports_of(const std::vector<std::string>& words, ReportKinds kinds);
bool to_standard_output(const std::vector<WantedReport>& reports);

}  // namespace smtpspec::cli
