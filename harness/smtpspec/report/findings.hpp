// The findings of a run as one counts bugs: what is equal in case or rule, verdict and what is wrong is one, however many
// rows and roles show it. Each test stands under its worst finding, so that the counts of a verdict add up to the summary's.
#pragma once

#include "smtpspec/run/run.hpp"

namespace smtpspec::report {

struct Bug {
  const judge::Finding* finding = nullptr;    // as the first test shows it
  std::vector<const run::TestResult*> tests;  // in the order of the run

  std::size_t rows() const;
  std::vector<smtp::Role> roles() const;
};

std::vector<Bug> bugs(const run::Run& run);

// "expected 250, but came 500 what?" of a case, what is wrong of a rule.
std::string what_is_wrong(const judge::Finding& finding, const run::TestResult& test);

}  // namespace smtpspec::report
