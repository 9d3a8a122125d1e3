// Runs as one page that is read by itself: verdicts, requirements, and each test with its dialogue; of several targets where they differ.
//
//   write("run.html", run_page(runs, coverage(suite, citing_rules), suite));
//
// The page is the one of reports/page with the data put into it, deflated and in base64, so that nothing of it can be taken for markup. An
// index of all is opened at once; tests with their transcripts, and the sources of the cases, lie in blocks that are opened when they are
// looked at.
#pragma once

#include <span>

#include "smtpspec/report/coverage.hpp"
#include "smtpspec/report/read.hpp"

namespace smtpspec::report {

// The rows of the registry are those of the suite.
std::string run_page(std::span<const Reported> runs, Rows rows, const script::Suite& suite);

}  // namespace smtpspec::report
