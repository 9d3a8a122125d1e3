// A test case of any origin, shortened while it still shows the same: hierarchical delta debugging over its steps, then over what stands
// in them, at last lengths by binary search down to where it begins. It says what to try and is told what came of it.
//
//   Minimising minimising(test, row, 200);
//   while (auto candidate = minimising.next()) minimising.tried(shows(*candidate));
//   minimising.best();
//   minimising.boundaries();   // "from 256 of {\"x\" x 256}"
#pragma once

#include <optional>
#include <set>

#include "smtpspec/script/case.hpp"

namespace smtpspec::fuzz {

class Minimising {
 public:
  // Of one row, which is put into the dialogue; the twin is left out.
  Minimising(const script::Case& test, const script::CaseRow& row, std::size_t most_plays);
  // The next to try; nothing when there is none, or it was tried often enough.
  std::optional<script::Case> next();
  void tried(bool still_shows_it);
  const script::Case& best() const { return best_; }
  std::size_t plays() const { return plays_; }
  // Of each number that is as small as it can be and not small: from where on the case shows it.
  std::vector<std::string> boundaries() const;

 private:
  void list();
  std::optional<script::Case> smaller_number();

  script::Case best_;
  std::size_t most_, plays_ = 0;
  std::vector<script::Case> candidates_;  // the next one last
  std::set<std::string> tried_;           // as text
  std::optional<script::Case> trying_;
  // Of the number that is looked into: the largest value that does not show it; what is tried.
  std::size_t number_ = 0, low_ = 0, tried_value_ = 0;
  bool counting_ = false;
};

}  // namespace smtpspec::fuzz
