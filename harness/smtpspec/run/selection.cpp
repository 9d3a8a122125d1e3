#include "smtpspec/run/selection.hpp"

#include <algorithm>

namespace smtpspec::run {

using script::Case;

std::string full_id(const Case& test, const script::CaseRow& row) { return row.name.empty() ? test.id : test.id + "[" + row.name + "]"; }

bool fits(std::string_view glob, std::string_view id) {
  if (script::glob_match(glob, id)) return true;
  return id.size() > glob.size() && id.starts_with(glob) && (id[glob.size()] == '/' || id[glob.size()] == '[');
}

bool fits_any(const std::vector<std::string>& globs, std::string_view id) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return fits(glob, id); });
}

namespace {

bool wanted(const Case& test, const script::CaseRow& row, const Selection& s) {
  if (test.tagged("slow") && !s.slow) return false;
  const std::string id = full_id(test, row);
  if (!s.globs.empty() && !fits_any(s.globs, id)) return false;
  if (fits_any(s.skip, id)) return false;
  if (!s.covers.empty() &&
      std::none_of(test.covers.begin(), test.covers.end(), [&](const std::string& r) { return fits_any(s.covers, r); }))
    return false;
  return s.tags.empty() || std::any_of(s.tags.begin(), s.tags.end(), [&](const std::string& tag) { return test.tagged(tag); });
}

}  // namespace

std::vector<Test> select(const script::Suite& suite, const Selection& selection, const Profile& profile) {
  std::vector<Test> out;
  std::size_t index = 0;
  const auto& roles = selection.roles;
  for (const Case& test : suite.cases)
    for (const script::CaseRow& row : test.rows) {
      if (!wanted(test, row, selection)) continue;
      for (const smtp::Role role : test.roles) {
        if (!profile.endpoints.count(role)) continue;
        if (!roles.empty() && std::find(roles.begin(), roles.end(), role) == roles.end()) continue;
        if (index++ % static_cast<std::size_t>(selection.shards) == static_cast<std::size_t>(selection.shard - 1))
          out.push_back({&test, &row, role});
      }
    }
  return out;
}

}  // namespace smtpspec::run
