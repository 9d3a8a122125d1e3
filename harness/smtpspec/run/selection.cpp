#include "smtpspec/run/selection.hpp"

#include <algorithm>
#include <set>

#include "smtpspec/judge/rules.hpp"

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

std::vector<std::string> all_ids(const script::Suite& suite, bool rows) {
  std::vector<std::string> out;
  for (const Case& test : suite.cases) {
    if (!rows) out.push_back(test.id);
    else
      for (const auto& row : test.rows) out.push_back(full_id(test, row));
  }
  for (const judge::Rule& rule : judge::rules()) out.emplace_back(rule.name);
  return out;
}

}  // namespace

std::optional<Error> unknown_id(const script::Suite& suite, const std::string& glob) {
  const auto known = all_ids(suite, true);
  if (std::any_of(known.begin(), known.end(), [&](const std::string& id) { return fits(glob, id); })) return std::nullopt;
  for (const auto& stone : suite.removed)
    if (stone.id == glob) return Error{"test case '" + glob + "' was removed: " + stone.reason, {}, stone.instead};
  // A row is looked for among rows, so that one wrong letter in a case's id does not lead to another case.
  const auto near = all_ids(suite, glob.find('[') != std::string::npos);
  return Error{"no test case or rule fits '" + glob + "'", {}, smtp::nearest(glob, std::span<const std::string>(near))};
}

std::vector<Error> unknown_patterns(const script::Suite& suite, const Selection& selection) {
  std::vector<Error> out;
  for (const auto* globs : {&selection.globs, &selection.skip})
    for (const std::string& glob : *globs)
      if (auto error = unknown_id(suite, glob)) out.push_back(std::move(*error));
  for (const std::string& glob : selection.covers) {
    const auto& all = suite.registry.all();
    if (std::none_of(all.begin(), all.end(), [&](const auto& row) { return fits_any({glob}, row.first); }))
      out.push_back({"no requirement fits '" + glob + "'", {}, suite.registry.nearest(glob)});
  }
  std::set<std::string> tags;
  for (const Case& test : suite.cases) tags.insert(test.tags.begin(), test.tags.end());
  const std::vector<std::string> known(tags.begin(), tags.end());
  for (const std::string& tag : selection.tags)
    if (!tags.count(tag))
      out.push_back({"no test case has the tag '" + tag + "'", {}, smtp::nearest(tag, std::span<const std::string>(known))});
  return out;
}

std::vector<std::string> near_ids(const script::Suite& suite, std::string_view word) {
  constexpr std::size_t most = 3;
  auto known = all_ids(suite, word.find('[') != std::string_view::npos);
  for (const auto& [id, requirement] : suite.registry.all()) known.push_back(id);
  std::vector<std::string> out;
  for (const std::string& id : known)
    if (out.size() < most && !word.empty() && id.find(word) != std::string::npos) out.push_back(id);
  const bool part = !out.empty();
  while (!part && out.size() < most) {
    const std::string near = smtp::nearest(word, std::span<const std::string>(known));
    if (near.empty()) break;
    std::erase(known, near);
    out.push_back(near);
  }
  return out;
}

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
