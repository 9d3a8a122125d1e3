// Which of the scenarios that were played when a target died kills it: the smallest sequence, by delta debugging. It says what to play
// on a target that was started anew and is told whether that one died, so that plays may take as long as they want.
//
//   Culprit culprit(scenarios, 40);
//   while (auto sequence = culprit.next()) culprit.tried(dies_of(*sequence));
//   culprit.sequence();                        // empty when not even all of them together did it again
#pragma once

#include <optional>

#include "fuzz/scenario/scenario.hpp"

namespace smtpspec::fuzz {

class Culprit {
 public:
  // The oldest first.
  Culprit(std::vector<Scenario> scenarios, std::size_t most_plays);
  std::optional<std::vector<Scenario>> next();
  void tried(bool died);
  const std::vector<Scenario>& sequence() const { return best_; }

 private:
  std::vector<Scenario> all_, best_, trying_;
  std::size_t most_, plays_ = 0;
  std::size_t parts_ = 2, at_ = 0;  // candidates of the best: its parts, the last first, then what is left without each
};

// The sequence as one scenario: each on a connection of its own, one behind the other. The role is the last one's, and so are all that
// have another left out. Without acts for an empty one.
Scenario joined(const std::vector<Scenario>& sequence);

}  // namespace smtpspec::fuzz
