// Numbers that are the same with every standard library (SplitMix64): the same seed, the same campaign.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace smtpspec::fuzz {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // The numbers of case `index` of a seed, without those of the cases before it.
  Random(std::uint64_t seed, std::uint64_t index) : state_(Random(seed ^ (index * 0xd1342543de82ef95u)).next()) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // 0 to bound-1, with a bias that is of no account for small bounds.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }
  bool percent(std::size_t share) { return below(100) < share; }
  template <class Container>
  auto& pick(Container& from) {
    return from[below(std::size(from))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace smtpspec::fuzz
