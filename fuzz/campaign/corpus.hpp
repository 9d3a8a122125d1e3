// The scenarios that showed something new, and which of them the search goes on from: those that show what is rarely seen, and that
// were not gone on from often.
#pragma once

#include <span>
#include <unordered_map>

#include "fuzz/scenario/scenario.hpp"

namespace smtpspec::fuzz {

// What a scenario showed: novelty() of each visit.
using Shows = std::vector<std::uint64_t>;

class Corpus {
 public:
  // Counts what was seen; keeps the scenario when something of it was not seen before. True then.
  bool add(const Scenario& scenario, const Shows& shows);
  // Not of an empty one.
  const Scenario& pick(Random& random);
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Scenario scenario;
    Shows shows;
    std::uint64_t picked = 0;
  };
  // The smaller, the more is to be hoped for.
  std::uint64_t cost(const Entry& entry) const;

  std::vector<Entry> entries_;
  std::unordered_map<std::uint64_t, std::uint64_t> seen_;  // how often
};

// A few of them that show all that they all show, by greedy set cover: numbers, in the order that they were chosen. Of equals the first.
std::vector<std::size_t> distilled(std::span<const Shows> all);

}  // namespace smtpspec::fuzz
