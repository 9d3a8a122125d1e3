// The files of the requirement registry (cases/requirements), as they were when the program was built: a program for fuzzing runs where
// the source is not.
#pragma once

#include <span>
#include <string_view>

namespace smtpspec::fuzz {

struct RequirementFile {
  std::string_view name, text;
};
std::span<const RequirementFile> requirement_files();

}  // namespace smtpspec::fuzz
