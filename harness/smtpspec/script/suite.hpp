// The suite: all case files and the requirement registry below one directory (`cases/`).
//
//   Result<Suite> suite = load_suite("cases");
//
// A case file that does not parse costs itself only: its error stands in `errors`, the others are there.
#pragma once

#include "smtpspec/script/case.hpp"

namespace smtpspec::script {

struct Tombstone {
  std::string id;
  std::string instead;  // the id that took its place, or ""
  std::string reason;
};

struct Suite {
  std::string directory;
  Registry registry;
  std::vector<Case> cases;         // by id
  std::vector<Tombstone> removed;  // cases/removed.yaml
  std::vector<Error> errors;
  std::string digest_input;  // what identifies the suite: ids and sources in order

  const Case* find(std::string_view id) const;
  // The nearest id there is.
  std::string nearest(std::string_view id) const;
};

Result<Suite> load_suite(const std::string& directory);

// Case files below `directory`, by id.
std::vector<std::pair<std::string, std::string>> case_files(const std::string& directory);

}  // namespace smtpspec::script
