#include "cli/reports.hpp"

#include <algorithm>
#include <array>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {

void add_reports(CLI::App& command, std::vector<std::string>& words) {
  command.add_option("--report", words, "Write a report: json=PATH, junit=PATH or sarif=PATH, - for standard output")
      ->type_name("KIND=PATH")
      ->allow_extra_args(false);
}

Result<std::vector<WantedReport>> reports_of(const std::vector<std::string>& words) {
  static constexpr std::array<std::string_view, 3> kinds = {"json", "junit", "sarif"};
  std::vector<WantedReport> out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    WantedReport report{word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
    if (std::find(kinds.begin(), kinds.end(), report.kind) == kinds.end())
      return failure("--report: no report '" + report.kind + "'; there are json, junit and sarif", {},
                     smtp::nearest(report.kind, std::span<const std::string_view>(kinds)));
    if (report.path.empty()) return failure("--report: expected " + report.kind + "=PATH, or " + report.kind + "=- for standard output");
    if (auto possible = can_write_to(report.path); !possible) return tl::unexpected(possible.error());
    out.push_back(std::move(report));
  }
  return out;
}

bool to_standard_output(const std::vector<WantedReport>& reports) {
  return std::any_of(reports.begin(), reports.end(), [](const WantedReport& report) { return report.path == "-"; });
}

}  // namespace smtpspec::cli
