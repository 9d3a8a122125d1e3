#include <fmt/format.h>

#include "smtpspec/report/json.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::report {
namespace {

using judge::Verdict;

// Readers written in JavaScript take U+2028 and U+2029 for line ends.
bool is_line_end(std::string_view three) { return three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9"; }

// A description or a reason: one line, where '#' would begin a directive and '\\' escapes it.
std::string words(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool end = is_line_end(text.substr(i, 3));
    if (text[i] == '#' || text[i] == '\\') out += '\\';
    out += end || smtp::is_control(text[i]) ? ' ' : text[i];
    if (end) i += 2;
  }
  return out;
}

// YAML takes a string of JSON.
std::string line(std::string_view key, std::string_view value) {
  std::string quoted = boost::json::serialize(boost::json::value(text(value)));
  for (std::size_t at = 0; (at = quoted.find("\xe2\x80", at)) != std::string::npos; ++at)
    if (is_line_end(std::string_view(quoted).substr(at, 3))) quoted.replace(at, 3, quoted[at + 2] == '\xa8' ? "\\u2028" : "\\u2029");
  return fmt::format("  {}: {}\n", key, quoted);
}

std::string diagnostic(const run::TestResult& test, const script::Registry& registry) {
  std::string out = "  ---\n" + line("message", test.summary) + line("severity", verdict_word(test));
  if (test.by_letter) out += "  by_letter: true\n";
  out += line("title", test.title);
  if (const judge::Finding* worst = test.worst(); worst && !worst->requirements.empty()) {
    const std::string& id = worst->requirements.front();
    out += line("requirement", id);
    if (const auto* row = registry.find(id)) out += line("says", row->says);
    out += line("wanted", worst->expected) + line("found", worst->came);
  }
  if (!test.place.file.empty()) out += line("file", test.place.file);
  if (test.place.line) out += fmt::format("  line: {}\n", test.place.line);
  out += fmt::format("  duration_ms: {:.3f}\n", ms(test.duration));
  return out + "  ...\n";
}

bool not_ok(const run::TestResult& test) {
  return test.verdict == Verdict::error || (test.verdict == Verdict::fail && !test.by_letter) || !test.waived.empty();
}

std::string point(std::size_t number, const run::TestResult& test, const script::Registry& registry) {
  std::string out = fmt::format("{} {} - {} {}", not_ok(test) ? "not ok" : "ok", number, to_string(test.role), words(test.id));
  if (!test.waived.empty()) out += " # TODO waived: " + words(test.waived);
  else if (test.verdict == Verdict::skip || test.verdict == Verdict::inconclusive)
    return out + fmt::format(" # SKIP {}: {}\n", to_string(test.verdict), words(test.summary));
  out += "\n";
  return test.verdict == Verdict::pass ? out : out + diagnostic(test, registry);
}

}  // namespace

std::string tap(const run::Run& run, const Suite& suite, const script::Registry& registry) {
  std::string out = "TAP version 14\n";
  if (run.nobody_there()) return out + "Bail out! " + words(run.trouble) + "\n";
  std::vector<std::string> points;
  for (const auto& test : run.tests) points.push_back(point(points.size() + 1, test, registry));
  for (const auto& [role, trouble] : run.dead_roles)
    if (!run.reached(role))
      points.push_back(
          fmt::format("not ok {} - {} connection\n  ---\n{}  ...\n", points.size() + 1, to_string(role), line("message", trouble)));
  out += fmt::format("1..{}\n# {}, smtpspec {}\n", points.size(), words(run.target), suite.version);
  for (const std::string& one : points) out += one;
  return out;
}

}  // namespace smtpspec::report
