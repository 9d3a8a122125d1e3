// What parses and is still wrong with a case: unknown requirements, names without a meaning, habits that make a suite
// accuse the innocent. Each problem has its place and what to do about it.
#pragma once

#include "smtpspec/script/suite.hpp"

namespace smtpspec::script {

// What a case may name and this module does not know.
struct Names {
  std::span<const std::string_view> rules;
  std::span<const std::string_view> faults;
};

std::vector<Error> lint(const Case& test, const Suite& suite, const Names& names);

}  // namespace smtpspec::script
