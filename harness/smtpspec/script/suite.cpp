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

Result<std::vector<std::string>> yaml_files(const std::string& directory, const std::function<bool(const std::string&)>& enter) {
  std::vector<std::string> out;
  std::error_code error;
  fs::path last = directory;
  for (fs::recursive_directory_iterator it(directory, error), end; it != end; it.increment(error)) {
    last = it->path();
    std::error_code unknown;  // of a link that leads nowhere: what it is comes out when it is read
    if (it->is_directory(unknown)) {
      if (!enter(last.filename().string())) it.disable_recursion_pending();
    } else if (last.extension() == ".yaml" && !last.filename().string().starts_with('.')) {
      out.push_back(last.generic_string());
    }
  }
  if (error) return failure("cannot read the folder: " + error.message(), Place{last.generic_string()});
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> case_files(const std::string& directory) {
  const auto files =
      yaml_files(directory, [](const std::string& name) { return name != "requirements" && name != "schema" && name != "fixtures"; });
  if (!files) return tl::unexpected(files.error());
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& file : *files) {
    const fs::path relative = fs::path(file).lexically_relative(directory);
    if (relative.has_parent_path()) out.emplace_back(fs::path(relative).replace_extension().generic_string(), file);
  }
  std::sort(out.begin(), out.end());
  return out;
}

namespace {

// An id is typed, printed and compared; octets that a terminal obeys are no part of one.
Result<Case> read_case(const std::string& id, const std::string& file, std::string& text) {
  if (std::any_of(id.begin(), id.end(), smtp::is_control))
    return failure("the name of a case file is the case's id, which has no control octets", Place{file});
  auto read = read_regular_file(file);
  if (!read) return tl::unexpected(read.error());
  text = std::move(*read);
  return parse_case(text, id, file);
}

// A file of the suite that need not be there.
Result<Yaml> optional_file(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return Yaml{};
  auto text = read_regular_file(path);
  if (!text) return tl::unexpected(text.error());
  return parse_yaml(*text, path);
}

Result<void> read_removed(Suite& suite) {
  auto yaml = optional_file(suite.directory + "/removed.yaml");
  if (!yaml) return tl::unexpected(yaml.error());
  static constexpr std::array<std::string_view, 2> keys = {"instead", "reason"};
  for (const auto& [id, row] : yaml->entries) {
    if (auto ok = row.only(keys, "a tombstone"); !ok) return ok;
    suite.removed.push_back(
        {id.text, row.find("instead") ? row.find("instead")->text : "", row.find("reason") ? row.find("reason")->text : ""});
  }
  return {};
}

Result<void> read_survivors(Suite& suite) {
  auto yaml = optional_file(suite.directory + "/survivors.yaml");
  if (!yaml) return tl::unexpected(yaml.error());
  for (const auto& [glob, reason] : yaml->entries) {
    auto text = reason.as_text("the reason why no case can show the fault");
    if (!text) return tl::unexpected(text.error());
    suite.survivors.push_back({glob.text, std::move(*text), glob.place});
  }
  return {};
}

}  // namespace

Result<Suite> load_suite(const std::string& directory) {
  Suite suite;
  suite.directory = directory;
  std::error_code error;
  if (!fs::is_directory(directory, error))
    return failure("no directory with test cases; set SMTPSPEC_CASES or give --cases", Place{directory});
  const fs::path registry = fs::path(directory) / "requirements";
  if (!fs::is_directory(registry, error)) return failure("no requirement registry below it", Place{registry.generic_string()});
  const auto requirement_files = yaml_files(registry.string(), [](const std::string&) { return false; });
  if (!requirement_files) return tl::unexpected(requirement_files.error());
  if (requirement_files->empty()) return failure("no requirement registry below it", Place{registry.generic_string()});
  for (const std::string& file : *requirement_files) {
    auto text = read_regular_file(file);
    if (!text) return tl::unexpected(text.error());
    if (auto added = suite.registry.add(*text, file); !added) return tl::unexpected(added.error());
  }
  const auto files = case_files(directory);
  if (!files) return tl::unexpected(files.error());
  for (const auto& [id, file] : *files) {
    std::string text;
    auto parsed = read_case(id, file, text);
    if (!parsed) {
      suite.errors.push_back(parsed.error());
      continue;
    }
    suite.digest_input += id + "\n" + text;
    suite.cases.push_back(std::move(*parsed));
  }
  if (auto ok = read_removed(suite); !ok) return tl::unexpected(ok.error());
  if (auto ok = read_survivors(suite); !ok) return tl::unexpected(ok.error());
  return suite;
}

}  // namespace smtpspec::script
