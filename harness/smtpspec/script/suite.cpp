#include "smtpspec/script/suite.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {

namespace fs = std::filesystem;

const Case* Suite::find(std::string_view id) const {
  const auto it = std::lower_bound(cases.begin(), cases.end(), id, [](const Case& c, std::string_view i) { return c.id < i; });
  return it != cases.end() && it->id == id ? &*it : nullptr;
}

std::string Suite::nearest(std::string_view id) const {
  std::vector<std::string_view> ids;
  for (const Case& test : cases) ids.push_back(test.id);
  return smtp::nearest(id, std::span<const std::string_view>(ids));
}

std::vector<std::pair<std::string, std::string>> case_files(const std::string& directory) {
  std::vector<std::pair<std::string, std::string>> out;
  std::error_code error;
  for (fs::recursive_directory_iterator it(directory, error), end; it != end; it.increment(error)) {
    if (error) break;
    const fs::path& path = it->path();
    if (it->is_directory() && (path.filename() == "requirements" || path.filename() == "schema" || path.filename() == "fixtures"))
      it.disable_recursion_pending();
    if (!it->is_regular_file() || path.extension() != ".yaml" || it.depth() == 0) continue;
    out.emplace_back(fs::relative(path, directory).replace_extension().generic_string(), path.generic_string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Suite> load_suite(const std::string& directory) {
  Suite suite;
  suite.directory = directory;
  std::error_code error;
  if (!fs::is_directory(directory, error))
    return failure("no directory with test cases; set SMTPSPEC_CASES or give --cases", Place{directory});
  std::vector<std::string> requirement_files;
  for (const auto& entry : fs::directory_iterator(fs::path(directory) / "requirements", error))
    if (entry.path().extension() == ".yaml") requirement_files.push_back(entry.path().generic_string());
  std::sort(requirement_files.begin(), requirement_files.end());
  if (requirement_files.empty()) return failure("no requirement registry below it", Place{directory + "/requirements"});
  for (const std::string& file : requirement_files) {
    auto text = read_file(file);
    if (!text) return tl::unexpected(text.error());
    if (auto added = suite.registry.add(*text, file); !added) return tl::unexpected(added.error());
  }
  for (const auto& [id, file] : case_files(directory)) {
    auto text = read_file(file);
    auto parsed = text ? parse_case(*text, id, file) : Result<Case>(tl::unexpected(text.error()));
    if (!parsed) {
      suite.errors.push_back(parsed.error());
      continue;
    }
    suite.digest_input += id + "\n" + *text;
    suite.cases.push_back(std::move(*parsed));
  }
  const std::string removed = directory + "/removed.yaml";
  if (fs::exists(removed, error)) {
    auto text = read_file(removed);
    auto yaml = text ? parse_yaml(*text, removed) : Result<Yaml>(tl::unexpected(text.error()));
    if (!yaml) return tl::unexpected(yaml.error());
    static constexpr std::array<std::string_view, 2> keys = {"instead", "reason"};
    for (const auto& [id, row] : yaml->entries) {
      if (auto ok = row.only(keys, "a tombstone"); !ok) return tl::unexpected(ok.error());
      suite.removed.push_back(
          {id.text, row.find("instead") ? row.find("instead")->text : "", row.find("reason") ? row.find("reason")->text : ""});
    }
  }
  return suite;
}

}  // namespace smtpspec::script
