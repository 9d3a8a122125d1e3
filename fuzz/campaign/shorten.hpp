// Shortens a scenario while it still shows the same: hierarchical delta debugging, acts first, then what stands behind them,
// then their trees. It says what to try and is told what came of it, so that plays may take as long as they want.
//
//   Shortening shortening(scenario, ground, 200);
//   while (auto candidate = shortening.next()) shortening.tried(shows(*candidate));
//   shortening.best();
#pragma once

#include <set>

#include "fuzz/scenario/scenario.hpp"

namespace smtpspec::fuzz {

class Shortening {
 public:
  Shortening(Scenario scenario, Ground ground, std::size_t most_plays);
  // The next to try; nothing when there is none, or it was tried often enough.
  std::optional<Scenario> next();
  void tried(bool still_shows_it);
  const Scenario& best() const { return best_; }
  std::size_t plays() const { return plays_; }

 private:
  void list();  // candidates of the best, the boldest first

  Scenario best_;
  Ground ground_;
  std::size_t most_, plays_ = 0, chunk_;
  std::vector<Scenario> candidates_;  // the next one last
  std::optional<Scenario> trying_;
};

}  // namespace smtpspec::fuzz
