#include "smtpspec/script/coverage.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::string_view head = "requirement\tcovered by\n";
constexpr std::array<std::string_view, 3> kind_names = {"case", "rule", "case rule"};

}  // namespace

std::string_view RowCoverage::kinds() const {
  if (cases.empty()) return rules.empty() ? "" : kind_names[1];
  return rules.empty() ? kind_names[0] : kind_names[2];
}

std::string_view RowCoverage::standing() const {
  if (covered()) return "covered";
  if (!row->binds_server()) return row->subject;
  return gap() ? gap()->kind->name : "open";
}

std::vector<RowCoverage> coverage(const Suite& suite, std::span<const CitingRule> rules) {
  std::map<std::string_view, RowCoverage> by_id;
  for (const auto& [id, row] : suite.registry.all()) by_id[id].row = &row;
  for (const Case& test : suite.cases)
    for (const std::string& id : test.covers)
      if (const auto it = by_id.find(id); it != by_id.end()) it->second.cases.push_back(test.id);
  for (const CitingRule& rule : rules)
    if (const auto it = by_id.find(rule.requirement); it != by_id.end()) it->second.rules.emplace_back(rule.name);
  std::vector<RowCoverage> out;
  for (const auto& [id, found] : by_id) {
    out.push_back(found);
    const auto same = by_id.find(found.row->same_as);
    if (found.covered() || same == by_id.end()) continue;
    out.back() = same->second;
    out.back().row = found.row;
    out.back().same = same->second.row;
  }
  std::sort(out.begin(), out.end(), [](const RowCoverage& a, const RowCoverage& b) {
    const auto rank = [](const Requirement& row) { return std::tie(row.rfc, row.place.file, row.place.line); };
    return rank(*a.row) < rank(*b.row);
  });
  return out;
}

std::vector<Error> lint_registry(const Suite& suite, std::span<const CitingRule> rules) {
  std::vector<Error> out;
  const auto say = [&](const RowCoverage& found, std::string message, std::string hint = {}) {
    out.push_back({"requirement " + found.row->id + " " + std::move(message), found.row->place, std::move(hint)});
  };
  for (const RowCoverage& found : coverage(suite, rules)) {
    const Requirement& row = *found.row;
    const std::string by = found.covered() ? found.cases.empty() ? found.rules.front() : found.cases.front() : "";
    if (row.gap && !by.empty()) say(found, "has a gap and is covered by " + by + ": take the gap away");
    if (row.gap && !row.binds_server()) say(found, "binds no server; that is why nothing covers it, and a gap says no more");
    if (row.same_as.empty()) continue;
    const Requirement* same = suite.registry.find(row.same_as);
    if (!same) say(found, "is said to be the same as '" + row.same_as + "', which the registry lacks", suite.registry.nearest(row.same_as));
    else if (!same->same_as.empty() || same == &row)
      say(found, "is said to be the same as " + row.same_as + ", which is no row of its own");
    else if (!found.same) say(found, "is covered by " + by + " itself, not as the same as " + row.same_as);
  }
  return out;
}

std::string snapshot(std::span<const RowCoverage> rows) {
  std::string out(head);
  for (const RowCoverage& found : rows)
    if (found.covered()) out += found.row->id + "\t" + std::string(found.kinds()) + "\n";
  return out;
}

Result<Drift> drift(const std::string& snapshot, const std::string& file, std::span<const RowCoverage> rows) {
  std::map<std::string_view, const RowCoverage*> left;  // what no line has named yet
  for (const RowCoverage& found : rows) left[found.row->id] = &found;
  if (!snapshot.starts_with(head)) return failure("this is no snapshot of the coverage: its first line is another", Place{file, 1, 1});
  Drift out;
  int line = 1;
  for (std::string_view rest = std::string_view(snapshot).substr(head.size()); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    ++line;
    const std::size_t tab = text.find('\t');
    const std::string_view id = text.substr(0, tab);
    const std::string_view kinds = tab == std::string_view::npos ? std::string_view{} : text.substr(tab + 1);
    if (std::find(kind_names.begin(), kind_names.end(), kinds) == kind_names.end())
      return failure("expected a requirement, a tab, and 'case', 'rule' or 'case rule'", Place{file, line, 1});
    const auto it = left.find(id);
    if (it == left.end()) {
      out.stale.push_back(smtp::spell(id) + " is named, and is no row of the registry or stands here twice");
      continue;
    }
    const std::string_view now = it->second->kinds();
    if (now != kinds && now != kind_names[2])
      out.lost.push_back(std::string(id) + " was covered by " + std::string(kinds) + ", now by " +
                         (now.empty() ? "nothing" : std::string(now) + " alone"));
    left.erase(it);
  }
  for (const auto& [id, found] : left)
    if (found->covered()) out.stale.push_back(std::string(id) + " is covered by now, and not named");
  return out;
}

}  // namespace smtpspec::script
