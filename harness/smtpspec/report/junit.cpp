#include <fmt/format.h>

#include <algorithm>

#include "smtpspec/report/dialogue.hpp"
#include "smtpspec/report/page.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::report {
namespace {

std::string in_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// What a person needs to see: the law, what came instead, where that is asked for, and the session.
std::string body_of(const run::TestResult& test, const script::Registry& registry) {
  std::string out = test.title + "\n";
  if (!test.requirements.empty())
    if (const auto* row = registry.find(test.requirements.front()))
      out += fmt::format("{} (RFC {} section {}): {}\n", test.requirements.front(), row->rfc, row->section, row->says);
  out += test.summary + "\n";
  int index = 0;
  for (const auto& entry : test.transcript.entries) {
    out += fmt::format("{}{}: {}\n", index++ == test.marked ? '>' : ' ', speaker(entry), entry.shown(1000));
  }
  return out;
}

double seconds(session::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  void add(const Counts& other) {
    tests += other.tests;
    failures += other.failures;
    errors += other.errors;
    skipped += other.skipped;
  }
};

// What stands inside a test, "" when it passed.
std::string outcome(const run::TestResult& test, const script::Registry& registry, Counts& counts) {
  using judge::Verdict;
  const std::string summary = escaped(in_one_line(test.summary));
  const auto body = [&] { return escaped(body_of(test, registry)); };  // most tests pass and show none
  if (!test.waived.empty() || test.verdict == Verdict::skip || test.verdict == Verdict::inconclusive) {
    ++counts.skipped;
    return fmt::format("<skipped message=\"{}: {}\"/>", verdict_word(test),
                       test.waived.empty() ? summary : escaped(in_one_line(test.waived)));
  }
  if (test.verdict == Verdict::error) {
    ++counts.errors;
    return fmt::format("<error type=\"error\" message=\"{}\"/>", summary);
  }
  if (test.verdict == Verdict::fail && !test.by_letter) {
    ++counts.failures;
    const std::string type = test.requirements.empty() ? "fail" : escaped(test.requirements.front());
    return fmt::format("<failure type=\"{}\" message=\"{}\">{}</failure>", type, summary, body());
  }
  if (test.verdict == Verdict::pass) return "";
  const std::string_view by_letter = test.by_letter ? " (by-letter)" : "";
  return fmt::format("<system-out>{}{}: {}</system-out>", to_string(test.verdict), by_letter,
                     test.verdict == Verdict::observed ? summary : body());
}

std::string testcase(const run::TestResult& test, const script::Registry& registry, Counts& counts) {
  ++counts.tests;
  const std::size_t slash = test.id.substr(0, test.id.find('[')).rfind('/');
  std::string folder = test.id.substr(0, slash == std::string::npos ? 0 : slash);
  std::replace(folder.begin(), folder.end(), '/', '.');
  std::string out = fmt::format("    <testcase classname=\"{}{}{}\" name=\"{}\"", to_string(test.role), folder.empty() ? "" : ".",
                                escaped(folder), escaped(slash == std::string::npos ? test.id : test.id.substr(slash + 1)));
  if (!test.place.file.empty()) out += fmt::format(" file=\"{}\"", escaped(test.place.file));
  if (test.place.line) out += fmt::format(" line=\"{}\"", test.place.line);
  out += fmt::format(" time=\"{:.3f}\"", seconds(test.duration));
  const std::string inside = outcome(test, registry, counts);
  return out + (inside.empty() ? "/>\n" : ">\n      " + inside + "\n    </testcase>\n");
}

}  // namespace

std::string junit(const run::Run& run, const Suite& suite, const script::Registry& registry) {
  const std::string started = run.started.empty() ? "" : fmt::format(" timestamp=\"{}\"", run.started);
  std::string suites;
  Counts all;
  for (const auto& [role, endpoint] : run.endpoints) {
    Counts counts;
    std::string body;
    for (const auto& test : run.tests)
      if (test.role == role) body += testcase(test, registry, counts);
    if (!run.reached(role) && counts.tests == 0) {
      counts.tests = counts.errors = 1;
      body = fmt::format(
          "    <testcase classname=\"{}\" name=\"connection\" time=\"0.000\">\n      <error type=\"unreachable\" message=\"{}\"/>\n    "
          "</testcase>\n",
          to_string(role), escaped(run::to_url(role, endpoint) + ": " + in_one_line(run.offers.at(role).trouble)));
    }
    suites += fmt::format(
        "  <testsuite name=\"smtpspec {} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"{} time=\"{:.3f}\">\n",
        escaped(run.target), to_string(role), counts.tests, counts.failures, counts.errors, counts.skipped, started, seconds(run.duration));
    suites += fmt::format(
        "    <properties>\n      <property name=\"suite.version\" value=\"{}\"/>\n      <property name=\"cases.sha256\" value=\"{}\"/>\n"
        "      <property name=\"endpoint\" value=\"{}\"/>\n    </properties>\n",
        escaped(suite.version), escaped(suite.cases_sha256), escaped(run::to_url(role, endpoint)));
    suites += body + "  </testsuite>\n";
    all.add(counts);
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
         fmt::format("<testsuites name=\"smtpspec {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"{} time=\"{:.3f}\">\n",
                     escaped(run.target), all.tests, all.failures, all.errors, all.skipped, started, seconds(run.duration)) +
         suites + "</testsuites>\n";
}

}  // namespace smtpspec::report
