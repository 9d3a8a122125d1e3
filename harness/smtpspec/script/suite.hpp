// The suite: all case files and the requirement registry below one directory (`cases/`).
//
//   Result<Suite> suite = load_suite("cases");
//
// A case file that does not parse costs itself only: its error stands in `errors`, the others are there.
#pragma once

#include <functional>

#include "smtpspec/script/case.hpp"

namespace smtpspec::script {

struct Tombstone {
  std::string id;
  std::string instead;  // the id that took its place, or ""
  std::string reason;
};

// Faults that no case can show, with the reason why (selftest/selftest.hpp).
struct Survivor {
  std::string faults;  // a glob over fault ids
  std::string reason;
  Place place;
};

struct Suite {
  std::string directory;
  Registry registry;
  std::vector<Case> cases;          // by id
  std::vector<Tombstone> removed;   // cases/removed.yaml
  std::vector<Survivor> survivors;  // cases/survivors.yaml
  std::vector<Error> errors;
  std::string digest_input;  // what identifies the suite: ids and sources in order

  const Case* find(std::string_view id) const;
};

Result<Suite> load_suite(const std::string& directory);

// Case files below `directory`, by id. What only looks like one is among them: who reads it gets the error.
Result<std::vector<std::pair<std::string, std::string>>> case_files(const std::string& directory);
// All files below a folder whose names end in ".yaml", hidden ones left out. A folder that cannot be read is an error, so that no case is
// lost. `enter` says which folders are looked into.
Result<std::vector<std::string>> yaml_files(const std::string& directory, const std::function<bool(const std::string& name)>& enter);

}  // namespace smtpspec::script
