// What JSON documents of ours have in common.
#pragma once

#include <boost/json.hpp>

#include "smtpspec/run/result.hpp"

namespace smtpspec::report {

double ms(session::Duration duration);
// What is not UTF-8 is spelt.
boost::json::string text(std::string_view value);
boost::json::array texts(const std::vector<std::string>& values);
// A test with its transcript, as the run document has it.
boost::json::object test_object(const run::TestResult& test);
boost::json::array capabilities(const smtp::Capabilities& offered);

}  // namespace smtpspec::report
