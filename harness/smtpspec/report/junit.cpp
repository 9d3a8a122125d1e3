#include <fmt/format.h>

#include "smtpspec/report/report.hpp"

namespace smtpspec::report {
namespace {

// XML 1.0 text: what XML cannot hold was spelt before; what is left of it becomes '?'. U+FFFE and U+FFFF are UTF-8, and no
// characters of XML.
std::string escaped(std::string_view text) {
  std::string out;
  const bool good = smtp::utf8_error(text) == std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    if (good && (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf")) {
      out += '?';
      i += 2;
      continue;
    }
    switch (const char c = text[i]; c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || (!good && static_cast<unsigned char>(c) >= 0x80))
          out += '?';
        else out += c;
    }
  }
  return out;
}

std::string transcript_text(const run::TestResult& test) {
  std::string out;
  int index = 0;
  for (const auto& entry : test.transcript.entries) {
    const char dir = entry.kind == session::Entry::Kind::sent ? 'C' : entry.kind == session::Entry::Kind::note ? '*' : 'S';
    out += fmt::format("{}{}: {}\n", index++ == test.marked ? '>' : ' ', dir, entry.shown(1000));
  }
  return out;
}

double seconds(session::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

std::string junit(const run::Run& run, const Suite& suite) {
  using judge::Verdict;
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const auto broken = [](const run::TestResult& test) { return test.verdict == Verdict::fail && !test.by_letter && test.waived.empty(); };
  const auto passed_over = [](const run::TestResult& test) {
    return test.verdict == Verdict::skip || test.verdict == Verdict::inconclusive || !test.waived.empty();
  };
  std::size_t tests = 0, failures = 0, errors = 0;
  std::string suites;
  for (const auto& [role, endpoint] : run.endpoints) {
    std::size_t n = 0, failed = 0, wrong = 0, skipped = 0;
    std::string body;
    for (const auto& test : run.tests) {
      if (test.role != role) continue;
      ++n;
      const std::size_t slash = test.id.rfind('/');
      body +=
          fmt::format("    <testcase classname=\"{}.{}\" name=\"{}\" time=\"{:.3f}\">", to_string(role), escaped(test.id.substr(0, slash)),
                      escaped(test.id.substr(slash == std::string::npos ? 0 : slash + 1)), seconds(test.duration));
      const std::string summary = escaped(test.summary);
      if (broken(test)) {
        ++failed;
        std::string requirements;
        for (const auto& id : test.requirements) requirements += (requirements.empty() ? "" : " ") + id;
        body += fmt::format("\n      <failure type=\"{}\" message=\"{}\">{}\n{}</failure>\n    ", escaped(requirements), summary,
                            escaped(test.title), escaped(transcript_text(test)));
      } else if (test.verdict == Verdict::error) {
        ++wrong;
        body += fmt::format("\n      <error message=\"{}\"/>\n    ", summary);
      } else if (passed_over(test)) {
        ++skipped;
        body += fmt::format("\n      <skipped message=\"{}: {}\"/>\n    ", verdict_word(test),
                            test.waived.empty() ? summary : escaped(test.waived));
      } else if (test.verdict != Verdict::pass) {
        body += fmt::format("\n      <system-out>{}{}: {}</system-out>\n    ", to_string(test.verdict),
                            test.by_letter ? " (by-letter)" : "", summary);
      }
      body += "</testcase>\n";
    }
    suites +=
        fmt::format("  <testsuite name=\"smtpspec {} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n",
                    escaped(run.target), to_string(role), n, failed, wrong, skipped, seconds(run.duration));
    suites += fmt::format(
        "    <properties><property name=\"suite.version\" value=\"{}\"/><property name=\"cases.sha256\" value=\"{}\"/></properties>\n",
        escaped(suite.version), escaped(suite.cases_sha256));
    suites += body + "  </testsuite>\n";
    tests += n;
    failures += failed;
    errors += wrong;
  }
  return out +
         fmt::format("<testsuites tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3f}\">\n", tests, failures, errors,
                     seconds(run.duration)) +
         suites + "</testsuites>\n";
}

}  // namespace smtpspec::report
