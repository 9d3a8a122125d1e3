// What JSON documents of ours have in common.
#pragma once

#include <boost/json.hpp>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::report {

double ms(session::Duration duration);
// What is not UTF-8 is spelt.
boost::json::string text(std::string_view value);
boost::json::array texts(const std::vector<std::string>& values);
// The run document, and what of it is about the run as a whole: all but its tests and findings.
inline constexpr std::string_view run_schema = "smtpspec.run.v2";
boost::json::object about_object(const run::Run& run, const Suite& suite);
// A test with its transcript, as the run document has it.
boost::json::object test_object(const run::TestResult& test);
// What equal findings of several tests are; the bug has a finding.
boost::json::object bug_object(const Bug& bug, const script::Registry& registry);
boost::json::array capabilities(const smtp::Capabilities& offered);

}  // namespace smtpspec::report
