// The results of a run as one counts bugs: what is equal in case or rule, verdict and what is wrong is one, however many
// rows and roles show it. Each test stands under its worst finding, so that the counts of a verdict add up to the summary's.
#pragma once

#include "smtpspec/run/run.hpp"

namespace smtpspec::report {

struct Bug {
  const judge::Finding* finding = nullptr;    // as the first test shows it; null: it was played and is inconclusive
  std::vector<const run::TestResult*> tests;  // in the order of the run

  std::string name() const;   // of the case or rule
  std::string wrong() const;  // what is wrong, or what hides the answer
  std::vector<std::string> rows() const;
  std::vector<smtp::Role> roles() const;
};

std::vector<Bug> bugs(const run::Run& run);

// Equal for the tests of one bug; "" of a test that shows none.
std::string bug_key(const run::TestResult& test);

}  // namespace smtpspec::report
