#include <fmt/format.h>

#include <algorithm>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/report/text.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;

// What comes from elsewhere, where nothing in it is markup or a link: a code span with fences longer than any that it holds. In a table a
// '|' needs its backslash even there.
std::string code(std::string_view text) {
  std::string inner;
  std::size_t fence = 1, run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    fence = std::max(fence, run + 1);
    if (c == '|') inner += '\\';
    inner += smtp::is_control(c) ? ' ' : c;
  }
  if (inner.find_first_not_of(' ') == std::string::npos) return "";
  const std::string marks(fence, '`'), room = inner.starts_with('`') || inner.ends_with('`') ? " " : "";
  return marks + room + inner + room + marks;
}

// A sentence of the registry, whose signs are no markup.
std::string sentence(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\`*_[]<>|~#&").find(c) != std::string_view::npos) out += '\\';
    out += smtp::is_control(c) ? ' ' : c;
  }
  return out;
}

int gravity(const Bug& bug) {
  const run::TestResult& test = *bug.tests.front();
  if (!test.waived.empty()) return 3;
  return test.by_letter ? 2 : test.verdict == Verdict::fail ? 0 : 1;
}

std::string row_of(const Bug& bug, const script::Registry& registry) {
  const run::TestResult& test = *bug.tests.front();
  const std::string id = bug.finding->requirements.empty() ? "" : bug.finding->requirements.front();
  const auto* law = registry.find(id);
  std::string roles;
  for (const smtp::Role role : bug.roles()) roles += " " + std::string(to_string(role));
  std::string wrong = code(bug.wrong());
  if (!test.waived.empty()) wrong += " waived: " + code(test.waived);
  return fmt::format(
      "| {}{} | {} | {} | {} | {}:{} |\n", verdict_word(test), test.by_letter ? " by letter" : "", code(bug.name()), wrong,
      law ? fmt::format("RFC {} section {}, {}: {}", law->rfc, law->section, to_string(law->level), sentence(law->says)) : code(id),
      bug.tests.size(), roles);
}

}  // namespace

std::string markdown(const run::Run& run, const Suite& suite, const script::Registry& registry) {
  constexpr std::size_t most = 200;  // rows; a summary of a CI step has its limit
  std::string out = fmt::format("## smtpspec: {}\n\n", code(run.version.empty() ? run.target : run.target + " " + run.version));
  const auto note = [&](std::string_view what) { out += fmt::format("> {}\n\n", code(what)); };
  if (run.interrupted) note("interrupted: the rest did not run");
  if (run.dead) note("the target stopped answering: " + run.trouble);
  for (const auto& [role, trouble] : run.dead_roles) note(std::string(to_string(role)) + ": " + trouble);
  for (const std::string& death : run.deaths) note(death);

  std::string head = "| |", rule = "|---|", all;
  std::vector<smtp::Role> roles;
  for (const auto& [role, endpoint] : run.endpoints) roles.push_back(role);
  for (const smtp::Role role : roles) {
    head += fmt::format(" {} |", to_string(role));
    rule += "---:|";
  }
  const auto line = [&](std::string_view what, const auto& is) {
    std::string figures;
    std::size_t sum = 0;
    for (const smtp::Role role : roles) {
      const auto n = std::count_if(run.tests.begin(), run.tests.end(), [&](const auto& test) { return test.role == role && is(test); });
      figures += fmt::format(" {} |", n);
      sum += static_cast<std::size_t>(n);
    }
    if (sum > 0 || what == "fail" || what == "pass") all += fmt::format("| {} |{}\n", what, figures);
  };
  for (const Verdict verdict :
       {Verdict::fail, Verdict::deviation, Verdict::error, Verdict::inconclusive, Verdict::observed, Verdict::pass, Verdict::skip})
    line(to_string(verdict), [&](const run::TestResult& test) { return test.verdict == verdict && test.waived.empty(); });
  line("waived", [](const run::TestResult& test) { return !test.waived.empty(); });
  if (!roles.empty()) out += head + "\n" + rule + "\n" + all + "\n";

  auto found = bugs(run);
  std::erase_if(found, [](const Bug& bug) { return !bug.finding || bug.tests.front()->verdict < Verdict::deviation; });
  std::stable_sort(found.begin(), found.end(), [](const Bug& a, const Bug& b) { return gravity(a) < gravity(b); });
  if (found.empty()) out += "Nothing was found that an RFC forbids.\n";
  else out += "| finding | case or rule | what is wrong | law | tests |\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < std::min(found.size(), most); ++i) out += row_of(found[i], registry);
  if (found.size() > most) out += fmt::format("\nand {} more\n", plural(found.size() - most, "finding"));
  return out + fmt::format("\n{}, {} replies, {:.1f} s, smtpspec {}\n", plural(run.tests.size(), "test"), run.replies,
                           static_cast<double>(run.duration.count()) / 1e6, suite.version);
}

}  // namespace smtpspec::report
