#include "fuzz/campaign/corpus.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

namespace smtpspec::fuzz {
namespace {

constexpr std::size_t most_entries = 4096;
constexpr int looks = 4;  // at entries, of which the best is taken

}  // namespace

bool Corpus::add(const Scenario& scenario, const Shows& shows) {
  bool fresh = false;
  for (const std::uint64_t what : shows) fresh = ++seen_[what] == 1 || fresh;
  if (fresh && entries_.size() < most_entries) entries_.push_back({scenario, shows});
  return fresh;
}

std::uint64_t Corpus::cost(const Entry& entry) const {
  std::uint64_t rarest = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint64_t what : entry.shows) rarest = std::min(rarest, seen_.at(what));
  return rarest * (entry.picked + 1);
}

const Scenario& Corpus::pick(Random& random) {
  Entry* best = &random.pick(entries_);
  for (int i = 1; i < looks; ++i)
    if (Entry& other = random.pick(entries_); cost(other) < cost(*best)) best = &other;
  ++best->picked;
  return best->scenario;
}

std::vector<std::size_t> distilled(std::span<const Shows> all) {
  std::vector<std::size_t> out;
  std::unordered_set<std::uint64_t> covered;
  const auto gain = [&](std::size_t number) {
    std::unordered_set<std::uint64_t> fresh;
    for (const std::uint64_t what : all[number])
      if (!covered.contains(what)) fresh.insert(what);
    return fresh.size();
  };
  // A gain never grows, so that what was once looked at need only be looked at again when it would win.
  std::vector<std::size_t> gains(all.size(), std::numeric_limits<std::size_t>::max());
  while (true) {
    std::size_t best = all.size(), most = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (gains[i] <= most) continue;
      gains[i] = gain(i);
      if (gains[i] > most) most = gains[best = i];
    }
    if (best == all.size()) return out;
    covered.insert(all[best].begin(), all[best].end());
    out.push_back(best);
  }
}

}  // namespace smtpspec::fuzz
