// Which tests a run has: patterns over ids with their rows, and the filters beside them.
//
//   fits("rfc5321/data", "rfc5321/data/end-of-data[lf-dot-lf]")   // a folder selects what is in it, a case its rows
#pragma once

#include <map>

#include "smtpspec/run/profile.hpp"
#include "smtpspec/script/suite.hpp"

namespace smtpspec::run {

struct Selection {
  std::vector<std::string> globs;   // over ids; none: all
  std::vector<std::string> skip;    // globs
  std::vector<std::string> covers;  // globs over requirement ids
  std::vector<std::string> tags;
  std::vector<smtp::Role> roles;  // none: all that the target has
  bool slow = false;
  int shard = 1, shards = 1;
};

// The smallest thing that gets a verdict: a case, one of its rows, one role.
struct Test {
  const script::Case* test = nullptr;
  const script::CaseRow* row = nullptr;
  smtp::Role role = smtp::Role::relay;
};

std::string full_id(const script::Case& test, const script::CaseRow& row);

bool fits(std::string_view glob, std::string_view id);
bool fits_any(const std::vector<std::string>& globs, std::string_view id);

// The selection's patterns that fit nothing there is, each with the nearest right spelling.
std::vector<Error> unknown_patterns(const script::Suite& suite, const Selection& selection);
// A pattern over ids that fits no case, row or rule.
std::optional<Error> unknown_id(const script::Suite& suite, const std::string& glob);

// Cases, rules and requirements that were perhaps meant: first what the word is a part of, else what is spelt alike; three
// at most.
std::vector<std::string> near_ids(const script::Suite& suite, std::string_view word);

std::vector<Test> select(const script::Suite& suite, const Selection& selection, const Profile& profile);

}  // namespace smtpspec::run
