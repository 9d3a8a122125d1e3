// Words as a POSIX shell takes them: the one place that quotes.
//
//   shell_line({"run", "a b", "it's"}) == R"(run 'a b' 'it'\''s')"
#pragma once

#include <string>
#include <vector>

namespace smtpspec::report {

std::string shell_line(const std::vector<std::string>& words);

}  // namespace smtpspec::report
