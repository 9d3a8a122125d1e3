// list, show, lint, fmt: the suite as a catalogue.
#include <cstdio>
#include <filesystem>

#include "cli/cli.hpp"
#include "smtpspec/faults/fault.hpp"
#include "smtpspec/judge/rules.hpp"
#include "smtpspec/run/selection.hpp"
#include "smtpspec/script/expect.hpp"
#include "smtpspec/script/lint.hpp"
#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/extension.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

// Of a file in the suite's folder; else "".
std::string id_of(const Environment& environment, const fs::path& file) {
  std::error_code error;
  const std::string out = fs::relative(file, environment.cases, error).replace_extension().generic_string();
  return out.starts_with("..") ? "" : out;
}

std::string joined(const std::vector<std::string>& words, const char* between = " ") {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

std::string roles_of(const script::Case& test) {
  std::string out;
  for (const smtp::Role role : test.roles) out += (out.empty() ? "" : " ") + std::string(to_string(role));
  return out;
}

// All faults, or those that fit.
int list_faults(const std::vector<std::string>& globs) {
  std::size_t listed = 0;
  for (const faults::Fault* fault : faults::all()) {
    if (!globs.empty() && !run::fits_any(globs, fault->id)) continue;
    std::printf("%s\n    %s\n", fault->id.c_str(), fault->says.c_str());
    ++listed;
  }
  if (listed > 0) return ok;
  complain({"no fault fits"});
  return empty_selection;
}

int list(const Environment& environment, const std::vector<std::string>& words) {
  if (!words.empty() && words.front() == "faults") return list_faults({words.begin() + 1, words.end()});
  const auto globs = case_ids(environment, words);
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  bool unknown = false;
  for (const std::string& glob : globs)
    if (const auto error = run::unknown_id(*suite, glob)) {
      complain(*error);
      unknown = true;
    }
  if (unknown) return usage;
  for (const auto& test : suite->cases) {
    std::vector<std::string> rows;
    for (const auto& row : test.rows)
      if (const std::string id = run::full_id(test, row); globs.empty() || run::fits_any(globs, id)) rows.push_back(id);
    if (rows.empty()) continue;
    const std::string level(to_string(level_of(test, suite->registry)));
    const bool whole = rows.size() == test.rows.size();
    for (const std::string& id : whole ? std::vector<std::string>{test.id} : rows)
      std::printf("%s  %s%s\n", id.c_str(), level.c_str(), whole && rows.size() > 1 ? (" x" + std::to_string(rows.size())).c_str() : "");
    std::printf("    %s\n", test.title.c_str());
  }
  for (const auto& rule : judge::rules())
    if (const std::string id(rule.name); globs.empty() || run::fits_any(globs, id))
      std::printf("%s  always on\n    %s\n", id.c_str(), std::string(rule.title).c_str());
  return suite->errors.empty() ? ok : usage;
}

void print_requirement(const script::Registry& registry, const std::string& id) {
  const auto* r = registry.find(id);
  if (!r) return;
  std::printf("  %s  %s, RFC %d section %s, %s, binds %s\n      %s\n", id.c_str(), std::string(to_string(r->level)).c_str(), r->rfc,
              r->section.c_str(), std::string(to_string(r->observable)).c_str(), r->subject.c_str(), r->says.c_str());
  if (!r->check.empty()) std::printf("      check: %s\n", r->check.c_str());
  if (r->by_letter) std::printf("      by-letter since %s: %s\n", r->by_letter->since.c_str(), r->by_letter->reason.c_str());
  if (r->lenient) std::printf("      lenient since %s: %s\n", r->lenient->since.c_str(), r->lenient->reason.c_str());
  if (r->gap) std::printf("      gap, %s: %s\n", std::string(r->gap->kind->name).c_str(), r->gap->reason.c_str());
  if (!r->same_as.empty()) std::printf("      the same as %s\n", r->same_as.c_str());
  if (!r->successor.empty())
    std::printf("      in its successor: %s, section %s\n", registry.successors().at(r->rfc).c_str(), r->successor.c_str());
}

int show_fault(const faults::Fault& fault, const script::Suite& suite) {
  std::printf("%s\n%s\n\nbreaks %s\n", fault.id.c_str(), fault.says.c_str(), fault.breaks.c_str());
  print_requirement(suite.registry, fault.breaks);
  for (const auto& test : suite.cases)
    for (const auto& kill : test.kills)
      if (kill.fault == fault.id) std::printf("%s is there to kill it\n", test.id.c_str());
  return ok;
}

int show(const Environment& environment, const std::string& word) {
  const std::string id = case_ids(environment, {word}).front();
  const auto suite = open_suite(environment, true);
  if (!suite) return usage;
  if (id == "model") {
    std::fputs(smtp::print_model().c_str(), stdout);
    return ok;
  }
  if (const auto* requirement = suite->registry.find(id)) {
    print_requirement(suite->registry, id);
    for (const auto& found : script::coverage(*suite, citing_rules()))
      if (found.row == requirement)
        for (const auto* names : {&found.cases, &found.rules})
          for (const std::string& name : *names) std::printf("      covered by %s\n", name.c_str());
    return ok;
  }
  if (const auto* rule = judge::find_rule(id)) {
    std::printf("%s\n%s\n", id.c_str(), std::string(rule->title).c_str());
    for (const std::string& watched : judge::requirements_of(*rule)) print_requirement(suite->registry, watched);
    return ok;
  }
  for (const faults::Fault* fault : faults::all())
    if (fault->id == id) return show_fault(*fault, *suite);
  const std::string bare = id.substr(0, id.find('['));
  const auto* test = suite->find(bare);
  if (!test) {
    for (const auto& stone : suite->removed)
      if (stone.id == bare) {
        std::printf("%s was removed: %s\n", bare.c_str(), stone.reason.c_str());
        if (!stone.instead.empty()) std::printf("its place took %s\n", stone.instead.c_str());
        return ok;
      }
    std::string near;
    for (const std::string& one : run::near_ids(*suite, bare)) near += (near.empty() ? "; near it: " : ", ") + one;
    complain({"no test case, rule, requirement or fault '" + id + "'" + near});
    return usage;
  }
  std::printf("%s  (%s)\n%s\n", test->id.c_str(), test->file.c_str(), test->title.c_str());
  if (!test->why.empty()) std::printf("%s\n", test->why.c_str());
  std::printf("\nlevel %s, roles %s, start %s", std::string(to_string(level_of(*test, suite->registry))).c_str(), roles_of(*test).c_str(),
              std::string(to_string(test->start)).c_str());
  if (!test->tags.empty()) std::printf(", tags %s", joined(test->tags).c_str());
  std::printf("\n");
  for (const auto& condition : test->conditions) std::printf("requires %s\n", to_string(condition).c_str());
  for (const auto& kill : test->kills) std::printf("kills %s\n", kill.fault.c_str());
  std::printf("\n");
  for (const auto& covered : test->covers) print_requirement(suite->registry, covered);
  if (test->rows.size() > 1 || !test->rows.front().name.empty()) {
    std::printf("\nrows:\n");
    for (const auto& row : test->rows) {
      std::printf("  %s:", row.name.c_str());
      for (const auto& [name, value] : row.variables) std::printf(" %s='%s'", name.c_str(), print_template(value).substr(0, 100).c_str());
      if (row.start) std::printf(" start %s", std::string(to_string(*row.start)).c_str());
      for (const auto& condition : row.conditions) std::printf(" requires %s", to_string(condition).c_str());
      std::printf("\n");
    }
  }
  std::printf("\n%s", script::print_dialogue(test->dialogue).c_str());
  if (!test->twin.empty()) std::printf("\ntwin:\n%s", script::print_dialogue(test->twin).c_str());
  return ok;
}

using Files = std::vector<std::pair<std::string, std::string>>;  // id and path

Result<Files> files_of(const Environment& environment, const std::vector<std::string>& paths) {
  if (paths.empty()) return script::case_files(environment.cases);
  Files out;
  std::error_code error;
  const auto add = [&](const fs::path& file) {
    const std::string id = id_of(environment, file);
    out.emplace_back(id.empty() ? file.stem().string() : id, file.generic_string());
  };
  for (const std::string& word : paths) {
    std::string path = word;
    for (const std::string& id : {environment.cases + "/" + word + ".yaml", environment.cases + "/" + word})
      if (!fs::exists(path, error) && fs::exists(id, error)) path = id;
    if (!fs::exists(path, error)) return failure("no file, folder or test case '" + word + "'");
    if (!fs::is_directory(path, error)) {
      add(path);
      continue;
    }
    // The suite's own folder holds more than cases; a folder below it is taken as it is.
    const bool whole = fs::equivalent(path, environment.cases, error);
    auto suite = whole ? script::case_files(path) : Result<Files>();
    const auto others = whole ? Result<std::vector<std::string>>() : script::yaml_files(path, [](const std::string&) { return true; });
    if (!suite) return suite;
    if (!others) return tl::unexpected(others.error());
    for (const auto& [id, file] : *suite) add(file);
    for (const auto& file : *others) add(file);
  }
  std::sort(out.begin(), out.end());
  return out;
}

int lint(const Environment& environment, const std::vector<std::string>& paths) {
  auto suite = script::load_suite(environment.cases);
  if (!suite) {
    complain(suite.error());
    return usage;
  }
  std::vector<std::string_view> rule_names, fault_ids;
  for (const auto& rule : judge::rules()) rule_names.push_back(rule.name);
  for (const faults::Fault* fault : faults::all()) fault_ids.push_back(fault->id);
  const auto files = files_of(environment, paths);
  if (!files) {
    complain(files.error());
    return usage;
  }
  std::size_t problems = 0;
  for (const auto& [id, file] : *files) {
    auto text = script::read_regular_file(file);
    auto parsed = text ? script::parse_case(*text, id, file) : Result<script::Case>(tl::unexpected(text.error()));
    std::vector<Error> found;
    if (!parsed) found.push_back(parsed.error());
    else found = script::lint(*parsed, *suite, {rule_names, fault_ids});
    for (const Error& error : found) std::printf("%s\n", printable(to_string(error)).c_str());
    problems += found.size();
  }
  for (const auto& rule : judge::rules())
    for (const std::string& watched : judge::requirements_of(rule))
      if (!suite->registry.find(watched)) {
        std::printf("%s: no requirement '%s' in the registry\n", std::string(rule.name).c_str(), watched.c_str());
        ++problems;
      }
  for (const Error& error : script::lint_registry(*suite, citing_rules())) {
    std::printf("%s\n", printable(to_string(error)).c_str());
    ++problems;
  }
  for (const auto& stone : suite->removed) {
    if (suite->find(stone.id)) std::printf("removed.yaml: '%s' is a case again\n", stone.id.c_str()), ++problems;
    if (!stone.instead.empty() && !suite->find(stone.instead))
      std::printf("removed.yaml: '%s', named in place of '%s', is no case\n", stone.instead.c_str(), stone.id.c_str()), ++problems;
  }
  if (files->empty()) {
    complain({"no case files there"});
    return empty_selection;
  }
  std::fprintf(stderr, "%zu case file%s, %zu problem%s\n", files->size(), files->size() == 1 ? "" : "s", problems,
               problems == 1 ? "" : "s");
  return problems ? nonconformance : ok;
}

int format(const Environment& environment, const std::vector<std::string>& paths, bool check) {
  std::size_t changed = 0;
  bool broken = false;
  const auto files = files_of(environment, paths);
  if (!files) {
    complain(files.error());
    return usage;
  }
  for (const auto& [id, file] : *files) {
    auto text = script::read_regular_file(file);
    auto formatted = text ? script::format_case(*text, file) : text;
    if (!formatted) {
      complain(formatted.error());
      broken = true;
      continue;
    }
    if (*formatted == *text) continue;
    ++changed;
    std::printf("%s\n", printable(file).c_str());
    if (check) continue;
    if (auto written = write_to(file, *formatted); !written) {
      complain(written.error());
      broken = true;
    }
  }
  if (broken) return usage;
  return check && changed ? nonconformance : ok;
}

}  // namespace

std::vector<std::string> case_ids(const Environment& environment, std::vector<std::string> words) {
  std::error_code error;
  for (std::string& word : words)
    if (word.ends_with(".yaml") && fs::exists(word, error))
      if (std::string id = id_of(environment, word); !id.empty()) word = std::move(id);
  return words;
}

void add_list(CLI::App& app, Environment& environment, int& status) {
  auto globs = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("list", "List the test cases and the always-on rules");
  command->add_option("CASE", *globs,
                      "Ids, folders or globs (default: all); faults, and globs behind it, for the servers that are wrong on purpose");
  command->callback([globs, &environment, &status] { status = list(environment, *globs); });
}

void add_show(CLI::App& app, Environment& environment, int& status) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("show", "Show a case, a rule, a requirement, a fault, or the server model");
  command->add_option("ID", *id, "A case, a rule (rules/NAME), a requirement (RFC5321-4.1.4-14), a fault, or model")->required();
  command->callback([id, &environment, &status] { status = show(environment, *id); });
}

void add_lint(CLI::App& app, Environment& environment, int& status) {
  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("lint", "Check case files");
  command->add_option("PATH", *paths, "Files, folders, or ids of cases (default: the whole suite)");
  command->callback([paths, &environment, &status] { status = lint(environment, *paths); });
}

void add_fmt(CLI::App& app, Environment& environment, int& status) {
  auto paths = std::make_shared<std::vector<std::string>>();
  auto check = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("fmt", "Bring case files into canonical form");
  command->add_option("PATH", *paths, "Files, folders, or ids of cases (default: the whole suite)");
  command->add_flag("--check", *check, "Change nothing; name the files that would change");
  command->callback([paths, check, &environment, &status] { status = format(environment, *paths, *check); });
}

}  // namespace smtpspec::cli
