// Which rows of the registry the suite covers, by what, and why it does not cover the others.
//
//   std::vector<RowCoverage> rows = coverage(suite, rules);
//   rows[0].cases; rows[0].standing() == "covered"
//
// A row is covered by the cases whose `covers` names it and by the always-on rules that cite it; one that only says again
// what another says (`same-as`) is covered by what covers that one.
#pragma once

#include "smtpspec/script/suite.hpp"

namespace smtpspec::script {

// An always-on rule, as far as it matters here.
struct CitingRule {
  std::string_view name;
  std::string requirement;
};

struct RowCoverage {
  const Requirement* row = nullptr;
  const Requirement* same = nullptr;  // the row that says the same, or null
  std::vector<std::string> cases;     // ids
  std::vector<std::string> rules;     // names

  bool covered() const { return !cases.empty() || !rules.empty(); }
  // "case", "rule", "case rule"; "" when nothing covers it.
  std::string_view kinds() const;
  // "covered"; else why not: who is bound (client, operator, document), the kind of the row's gap, or "open".
  std::string_view standing() const;
  const std::optional<Gap>& gap() const { return same ? same->gap : row->gap; }
};

// All rows in the order of RFC and section. The suite must outlive them.
std::vector<RowCoverage> coverage(const Suite& suite, std::span<const CitingRule> rules);

// Gaps of rows that are covered after all, and rows said to be the same as one that is not there.
std::vector<Error> lint_registry(const Suite& suite, std::span<const CitingRule> rules);

// The snapshot, cases/coverage.tsv: a line for each covered row, with the kinds of what covers it.
std::string snapshot(std::span<const RowCoverage> rows);

struct Drift {
  std::vector<std::string> lost;   // "RFC5321-4.1.4-14 was covered by case, and is no more"
  std::vector<std::string> stale;  // what the snapshot does not know yet, and what it names that is gone
};
// How the suite has moved away from a snapshot. Another case or rule for a row that has its kinds already is no drift.
Result<Drift> drift(const std::string& snapshot, const std::string& file, std::span<const RowCoverage> rows);

}  // namespace smtpspec::script
