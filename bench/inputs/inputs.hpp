// The octets that adapters are given, from a seeded generator: the same on every machine, which the recorded SHA-256 shows.
// The generator knows what it wrote, so that the expected counts and check-sums come from no parser.
//
//   const Input mixed = find_recipe("reply/mixed")->make();
//   mixed.expected.items  // replies in it
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inputs/sums.hpp"

namespace smtpspec::bench {

struct Input {
  std::string octets;
  Sums expected;
};

// A recipe. `make` is called when the octets are wanted; the largest has 64 MiB.
struct Recipe {
  std::string_view name;  // "reply/mixed"
  std::uint32_t question;
  std::string_view unit;   // what an item is: "reply"
  std::string_view about;  // one line for the table
  bool standard = false;   // in the table without being asked for
  Input (*make)() = nullptr;
};
std::span<const Recipe> recipes();
const Recipe* find_recipe(std::string_view name);

// Inputs that grow, to see whether time grows with them. They hold one unfinished or unlawful thing of n octets or lines:
// nothing is asked of the answers.
struct Growth {
  std::string_view name;  // "reply/endless-line"
  std::uint32_t question;
  std::string_view about;
  std::size_t n = 0;         // of the smallest; the others have 2n and 4n
  std::size_t fragment = 0;  // octets fed at a time; 0: everything at once
  std::string (*make)(std::size_t n) = nullptr;
};
std::span<const Growth> growths();

// How a stream is cut: offsets behind each fragment, the last the size of all.
struct Cut {
  std::string_view name;  // "whole", "1460", "random", "cr-lf"
  std::vector<std::size_t> (*ends)(std::string_view octets);
};
std::span<const Cut> cuts();
const Cut* find_cut(std::string_view name);

// Octets of a fixed size, the last fragment what is left.
std::vector<std::size_t> cut_at_every(std::string_view octets, std::size_t size);

}  // namespace smtpspec::bench
