#include "smtpspec/report/findings.hpp"

#include <algorithm>
#include <set>

namespace smtpspec::report {
namespace {

// A rule has one thing to say; its words may quote the reply.
std::string fault_of(const judge::Finding& finding, const run::TestResult& test) {
  if (test.rule) return "";
  if (!finding.choice.empty()) return finding.choice;
  // A reply's text may hold a queue id or a time, which differ each time.
  return finding.expected + "\n" + (judge::is_reply(finding.came) ? finding.came.substr(0, 3) : finding.came);
}

std::string id_without_row(const run::TestResult& test) {
  return test.row.empty() ? test.id : test.id.substr(0, test.id.size() - test.row.size() - 2);
}

}  // namespace

std::string Bug::name() const { return finding ? finding->rule : id_without_row(*tests.front()); }

std::string Bug::wrong() const { return finding ? judge::what_is_wrong(*finding) : tests.front()->summary; }

std::vector<std::string> Bug::rows() const {
  std::set<std::string> out;
  for (const auto* test : tests) out.insert(test->row);
  return {out.begin(), out.end()};
}

std::vector<smtp::Role> Bug::roles() const {
  std::set<smtp::Role> out;
  for (const auto* test : tests) out.insert(test->role);
  return {out.begin(), out.end()};
}

std::string bug_key(const run::TestResult& test) {
  if (const judge::Finding* finding = test.worst())
    return finding->rule + "\n" + std::string(verdict_word(test)) + "\n" + fault_of(*finding, test);
  // What was not played is inconclusive for a reason that the run has, not the test.
  if (test.verdict != run::Verdict::inconclusive || test.transcript.entries.empty()) return "";
  return id_without_row(test) + "\n" + test.summary;
}

std::vector<Bug> bugs(const run::Run& run) {
  std::vector<Bug> out;
  std::map<std::string, std::size_t> known;
  for (const run::TestResult& test : run.tests) {
    const std::string key = bug_key(test);
    if (key.empty()) continue;
    const auto [at, fresh] = known.try_emplace(key, out.size());
    if (fresh) out.push_back({test.worst(), {}});
    out[at->second].tests.push_back(&test);
  }
  return out;
}

}  // namespace smtpspec::report
