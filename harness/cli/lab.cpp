// lab: the real servers that run as lab:NAME, by themselves.
#include <algorithm>
#include <cstdio>

#include "cli/target.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {
namespace {

struct LabFlags {
  std::vector<std::string> names;
  std::string name;
};

// A launcher answers `--describe` with a line: roles, version, whether its packages are there, and the cases that are run on it
// with the whole lab where these are not all, between tabs.
std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> out(1);
  for (const char c : line)
    if (c == '\t') out.emplace_back();
    else if (c != '\n') out.back() += c;
  return out;
}

int list_servers(const Environment& environment) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "ROLES", "VERSION", "FETCHED", "CASES"}};
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  for (const std::string& name : lab_servers(environment)) {
    Target launcher;
    const auto said = ask_launcher(launcher, name, {"--describe"}, {"does not say what it is", std::chrono::minutes(1)}, environment, loop);
    if (!said) return why_not(said.error());
    auto& row = rows.emplace_back(fields_of(*said));
    row.insert(row.begin(), name);
    row.resize(rows.front().size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      std::size_t width = 0;
      for (const auto& other : rows) width = std::max(width, other[i].size());
      line += row[i] + std::string(width - row[i].size() + 2, ' ');
    }
    std::printf("%s\n", line.substr(0, line.find_last_not_of(' ') + 1).c_str());
  }
  return ok;
}

int fetch(const LabFlags& flags, const Environment& environment) {
  int status = ok;
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  for (const std::string& name : flags.names.empty() ? lab_servers(environment) : flags.names) {
    Target launcher;
    const auto said = ask_launcher(launcher, name, {"--fetch"}, {"was not fetched", std::chrono::minutes(10)}, environment, loop);
    if (net::caught()) return status;
    if (said) std::printf("%s\n", name.c_str());
    else status = why_not(said.error());
    std::fflush(stdout);
  }
  return status;
}

// Ends when it is interrupted, or when the server has ended by itself.
void keep(net::Loop& loop, net::Process& server) {
  if (server.gone()) return loop.stop();
  net::after(loop, std::chrono::milliseconds(200), [&] { keep(loop, server); });
}

int start(const LabFlags& flags, const Environment& environment) {
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  auto target = open_target("lab:" + flags.name, {}, environment, loop);
  if (!target) return why_not(target.error());
  const auto profile = script::read_file(target->launcher_output());
  if (!profile) {
    complain(profile.error());
    return internal;
  }
  std::fputs(profile->c_str(), stdout);
  std::fflush(stdout);
  std::fprintf(stderr, "%s runs with this profile; Ctrl-C ends it\n", flags.name.c_str());
  keep(loop, *target->lab);
  loop.run();
  if (net::caught()) return ok;
  target->keep_logs = true;
  complain({"lab:" + flags.name + " has ended; its logs are in " + target->directory});
  return unreachable;
}

}  // namespace

void add_lab(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<LabFlags>();
  CLI::App* command = app.add_subcommand("lab", "The real servers that run as lab:NAME: list them, fetch them, start one");
  command->require_subcommand(0, 1);
  CLI::App* const fetching = command->add_subcommand("fetch", "Fetch what they need, so that a run needs no network");
  fetching->add_option("NAME", flags->names, "Which ones (default: all)");
  CLI::App* const starting = command->add_subcommand("start", "Start one, print its profile and keep it until interrupted");
  starting->add_option("NAME", flags->name, "Which one")->required();
  command->add_subcommand("list", "Name, roles, version, and whether it is fetched (without a word, this is what lab does)");
  command->callback([=, &environment, &status] {
    if (fetching->parsed()) status = unless_caught(fetch(*flags, environment));
    else if (starting->parsed()) status = start(*flags, environment);
    else status = unless_caught(list_servers(environment));
  });
}

}  // namespace smtpspec::cli
