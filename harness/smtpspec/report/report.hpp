// One run, several readers: the terminal, JSON, JUnit, SARIF, TAP, Markdown, GitHub. Each writer takes the Run and nothing else.
#pragma once

#include <string>

#include "smtpspec/run/run.hpp"

namespace smtpspec::report {

struct Suite {
  std::string version;
  std::string cases_sha256;
  std::string command = "run";  // that the results are of
  int shard = 1, shards = 1;    // which part of the selection was played: m of n
};

// Schema "smtpspec.run.v2" (reports/schema/run.v2.json). All octets are spelt.
std::string json(const run::Run& run, const Suite& suite, const script::Registry& registry);
// One test as one line of JSON, as `--json` streams it.
std::string json_line(const run::TestResult& test);

// JUnit XML as Jenkins, GitLab and GitHub's readers take it; a suite per role. What fails the exit status is a failure,
// what was not judged is skipped, each with one line that says why; the transcript stands in the body. A role that could
// not be reached is an error in place of its tests.
std::string junit(const run::Run& run, const Suite& suite, const script::Registry& registry);

// SARIF 2.1.0 (OASIS), a result for each bug: its rule is the requirement that is broken, its place the case's file. What it is known
// by from one run to the next is its fingerprint "finding/v1": case or rule, verdict, and what came. A fail is an error, a deviation a
// warning, what is observed or by-letter a note; what is waived is suppressed. Of another command it is another "automation", so that
// a store of results does not take one for the next state of the other.
std::string sarif(const run::Run& run, const Suite& suite, const script::Registry& registry);

// TAP 14, a point for each test. A fail that is not by-letter is "not ok", and so is what is waived, which a TODO excuses; what was not
// judged is skipped with its reason. All that did not pass has a diagnostic. When nobody is there the run bails out.
std::string tap(const run::Run& run, const Suite& suite, const script::Registry& registry);

// GitHub's Markdown, to be read at a glance: counts by verdict and role, and a row for each bug, the worst first. What comes from the
// target stands in code spans.
std::string markdown(const run::Run& run, const Suite& suite, const script::Registry& registry);

// Workflow commands of GitHub Actions, which its runner reads off standard output: an annotation for each bug that is not waived. A fail is
// an error, a deviation a warning, what is by-letter a notice.
std::string github(const run::Run& run, const Suite& suite, const script::Registry& registry);

struct TerminalOptions {
  bool color = false;
  std::size_t width = 100;  // columns
  int verbosity = 0;        // -1 summary only, 0 findings, 1 observed and skipped too, 2 every transcript
  bool by_letter = false;   // these count as findings
  script::Level level = script::Level::must;
  // For the line that runs a case again: environment variables that it needs, the words before the case's id, and the
  // flags behind it. No secret stands in them.
  std::vector<std::string> variables, command, flags;
};
// A test as a person reads it: verdict, requirement, transcript with the offending line marked. Lines are wrapped to the
// width but for the command that shows it again, which is there to be copied.
std::string terminal_test(const run::TestResult& test, const script::Registry& registry, const TerminalOptions& options);
std::string terminal_summary(const run::Run& run, const TerminalOptions& options);

// True when this result is a nonconformance under the options: a fail, or a deviation when `level` is should.
bool counts(const run::TestResult& test, const TerminalOptions& options);

}  // namespace smtpspec::report
