#include <fmt/format.h>

#include <algorithm>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/report/text.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;

// What a workflow command takes: line ends and percent signs by number, in a property also what separates properties.
std::string value(std::string_view text, bool property) {
  std::string out;
  for (const char c : text)
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else out += smtp::is_control(c) ? ' ' : c;
  return out;
}

std::string command(std::string_view level, const Place& place, std::string_view title, std::string_view message) {
  std::string properties = "title=" + value(title, true);
  if (!place.file.empty()) properties += fmt::format(",file={},line={}", value(place.file, true), std::max(place.line, 1));
  return fmt::format("::{} {}::{}\n", level, properties, value(message, false));
}

std::string_view level_of(const Bug& bug) {
  const run::TestResult& test = *bug.tests.front();
  if (test.by_letter || test.verdict < Verdict::deviation) return "notice";
  return test.verdict == Verdict::deviation ? "warning" : "error";
}

std::string message_of(const Bug& bug, const script::Registry& registry) {
  std::string out = bug.wrong();
  if (bug.finding->requirements.empty()) return out;
  if (const auto* law = registry.find(bug.finding->requirements.front()))
    out += fmt::format("\nRFC {} section {}, {}: {}", law->rfc, law->section, to_string(law->level), law->says);
  return out + "\n" + plural(bug.tests.size(), "test") + " " + (bug.tests.size() == 1 ? "shows" : "show") + " it";
}

}  // namespace

std::string github(const run::Run& run, const Suite&, const script::Registry& registry) {
  std::string out;
  if (run.dead) out += command("error", {}, run.target, "the target stopped answering: " + run.trouble);
  else
    for (const auto& [role, trouble] : run.dead_roles)
      out += command("error", {}, run.target, std::string(to_string(role)) + ": " + trouble);
  for (const std::string& death : run.deaths) out += command("error", {}, run.target, death);
  const auto all = bugs(run);
  for (const std::string_view level : {"error", "warning", "notice"})
    for (const Bug& bug : all)
      if (bug.finding && bug.tests.front()->waived.empty() && bug.tests.front()->verdict >= Verdict::deviation && level_of(bug) == level)
        out += command(level, bug.tests.front()->place, run.target + ": " + bug.name(), message_of(bug, registry));
  return out;
}

}  // namespace smtpspec::report
