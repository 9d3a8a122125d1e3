// What the suite covers of the registry, as a person and as a program reads it.
#pragma once

#include <span>
#include <string>

#include "smtpspec/script/coverage.hpp"

namespace smtpspec::report {

using Rows = std::span<const script::RowCoverage>;

// RFC by level in figures, and below it what is not covered, by reason. Columns of levels that no row has are left out.
std::string coverage_table(Rows rows, const script::Registry& registry, bool color);
// A line a row: what covers it, or why nothing does.
std::string coverage_rows(Rows rows, bool color);
// The rows that bind a server and that nothing covers, by reason.
std::string coverage_missing(Rows rows, bool color);
// Schema "smtpspec.coverage.v1" (reports/schema/coverage.v1.json).
std::string coverage_json(Rows rows, const script::Registry& registry, const std::string& version);

}  // namespace smtpspec::report
