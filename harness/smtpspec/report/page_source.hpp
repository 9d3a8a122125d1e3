// The built page of reports/page, which the build puts into the program.
#pragma once

#include <string_view>

namespace smtpspec::report {

extern const std::string_view page_source;

}  // namespace smtpspec::report
