// Where the checkout stands that the tests were built from: for those that read its cases, schemas and pages.
#pragma once

#include <string>

namespace smtpspec {

std::string source_directory();

}  // namespace smtpspec
