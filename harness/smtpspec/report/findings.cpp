#include "smtpspec/report/findings.hpp"

#include <algorithm>
#include <set>

namespace smtpspec::report {
namespace {

bool is_reply(const std::string& came) {
  return came.size() >= 3 && std::all_of(came.begin(), came.begin() + 3, [](char c) { return smtp::is_digit(c); });
}

// A rule has one thing to say; its words may quote the reply.
std::string fault_of(const judge::Finding& finding, const run::TestResult& test) {
  if (test.rule) return "";
  if (!finding.choice.empty()) return finding.choice;
  // A reply's text may hold a queue id or a time, which differ each time.
  return finding.expected + "\n" + (is_reply(finding.came) ? finding.came.substr(0, 3) : finding.came);
}

}  // namespace

std::size_t Bug::rows() const {
  std::set<std::string_view> out;
  for (const auto* test : tests) out.insert(test->row);
  return out.size();
}

std::vector<smtp::Role> Bug::roles() const {
  std::set<smtp::Role> out;
  for (const auto* test : tests) out.insert(test->role);
  return {out.begin(), out.end()};
}

std::vector<Bug> bugs(const run::Run& run) {
  std::vector<Bug> out;
  std::map<std::tuple<std::string, std::string_view, std::string>, std::size_t> known;
  for (const run::TestResult& test : run.tests) {
    const judge::Finding* finding = test.worst();
    if (!finding) continue;
    const auto [at, fresh] = known.try_emplace({finding->rule, verdict_word(test), fault_of(*finding, test)}, out.size());
    if (fresh) out.push_back({finding, {}});
    out[at->second].tests.push_back(&test);
  }
  return out;
}

std::string what_is_wrong(const judge::Finding& finding, const run::TestResult& test) {
  if (test.rule) return finding.came;
  if (!finding.choice.empty()) return finding.choice + ": " + finding.came;
  return "expected " + finding.expected + ", but " + (is_reply(finding.came) ? "came " : "") + finding.came;
}

}  // namespace smtpspec::report
