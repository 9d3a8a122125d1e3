// What is asked of the target beside the tests: what each role offers, and whether anybody is still there.
#pragma once

#include "smtpspec/run/rule_watch.hpp"

namespace smtpspec::run {

class Probes {
 public:
  Probes(const script::Registry& registry, Stage& stage, RuleWatch& watch) : registry_(registry), stage_(stage), watch_(watch) {}

  // What each role offers: as the target says it, for conditions, and as it may be shown.
  struct Offers {
    std::map<smtp::Role, Offer> heard, shown;
  };
  // Two sessions for each role; `then` is called when the last has ended and `offers` is filled.
  void ask_offers(const std::vector<smtp::Role>& roles, Offers& offers, std::function<void()> then);
  // A known-good session. `then` gets "" when it was greeted, else what happened. False: it could not be played.
  bool ask_alive(smtp::Role role, std::function<void(std::string trouble)> then);

 private:
  void learn(const Group& group, bool first, Offers& offers);

  const script::Registry& registry_;
  Stage& stage_;
  RuleWatch& watch_;
};

}  // namespace smtpspec::run
