// --report KIND=PATH, as run, replay and fuzz have it.
#pragma once

#include <vector>

#include "cli/cli.hpp"

namespace smtpspec::cli {

struct WantedReport {
  std::string kind;  // json, junit, sarif
  std::string path;  // "-": standard output
};

void add_reports(CLI::App& command, std::vector<std::string>& words);
// An error also where a path cannot be written to.
Result<std::vector<WantedReport>> reports_of(const std::vector<std::string>& words);
bool to_standard_output(const std::vector<WantedReport>& reports);

}  // namespace smtpspec::cli
