// A run document as `--report json=PATH` writes it, read back, so that every report can be made of it later.
//
//   Result<Reported> read = read_run(text, "run.json", suite);
//   junit(read->run, read->suite, suite.registry);
//
// What it does not hold stays empty: the outcomes and parsed replies of the transcripts, what facts would add, how a test is run again.
// json() writes the same document again.
#pragma once

#include "smtpspec/report/report.hpp"
#include "smtpspec/script/suite.hpp"

namespace smtpspec::report {

// A run with the suite that it played.
struct Reported {
  run::Run run;
  Suite suite;
};

// The tests point to cases of the suite that have their ids, and to rules; it must outlive them. Where the text is damaged or of another
// schema the error says what and where.
Result<Reported> read_run(std::string_view text, const std::string& file, const script::Suite& suite);

}  // namespace smtpspec::report
