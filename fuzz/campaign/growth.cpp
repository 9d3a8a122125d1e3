#include "fuzz/campaign/growth.hpp"

#include <algorithm>
#include <array>

namespace smtpspec::fuzz {
namespace {

constexpr std::int64_t kibibyte = 1024, mebibyte = 1024 * kibibyte;

struct Bounds {
  Resource resource;
  std::int64_t of_campaign;  // from there on it is looked into
  std::int64_t of_play;      // by which it grows for each
  std::int64_t at_once;      // beyond what sessions under way may hold
};
// A page or two is what an allocator takes now and then; no allocator takes eight for each play and never gives them back.
constexpr std::array bounds = {Bounds{Resource::descriptors, 8, 1, 64}, Bounds{Resource::processes, 8, 1, 64},
                               Bounds{Resource::threads, 8, 1, 64}, Bounds{Resource::memory, 64 * mebibyte, 32 * kibibyte, 256 * mebibyte}};

const Bounds& bounds_of(Resource resource) {
  return *std::find_if(bounds.begin(), bounds.end(), [resource](const Bounds& one) { return one.resource == resource; });
}

}  // namespace

std::string_view to_string(Resource resource) {
  switch (resource) {
    case Resource::descriptors: return "descriptors";
    case Resource::threads: return "threads";
    case Resource::processes: return "processes";
    case Resource::memory: return "memory";
  }
  return "";
}

std::int64_t amount(const run::Usage& usage, Resource resource) {
  switch (resource) {
    case Resource::descriptors: return usage.descriptors;
    case Resource::threads: return usage.threads;
    case Resource::processes: return usage.processes;
    case Resource::memory: return static_cast<std::int64_t>(usage.memory);
  }
  return 0;
}

std::optional<Resource> suspicious(const run::Usage& before, const run::Usage& after) {
  // Of a process that is not there nothing grows.
  if (before.processes == 0 || after.processes == 0) return {};
  for (const Bounds& one : bounds)
    if (amount(after, one.resource) - amount(before, one.resource) >= one.of_campaign) return one.resource;
  return {};
}

bool urgent_growth(const run::Usage& before, const run::Usage& now, int connections) {
  // A process for each connection has some dozens of descriptors, a few threads and megabytes.
  constexpr std::int64_t for_each[] = {32, 4, 2, 8 * mebibyte};
  return before.processes > 0 && std::any_of(bounds.begin(), bounds.end(), [&](const Bounds& one) {
           const std::int64_t lawful = one.at_once + connections * for_each[static_cast<std::size_t>(one.resource)];
           return amount(now, one.resource) - amount(before, one.resource) >= lawful;
         });
}

int rounds_for(std::size_t scenarios) { return std::max(3, 24 / static_cast<int>(std::max<std::size_t>(scenarios, 1))); }

bool keeps(const Growth& growth) {
  // What is given back late may hide some of it.
  const std::int64_t wanted = growth.rounds * bounds_of(growth.resource).of_play * 7 / 8;
  const std::int64_t plain = 4 * std::max<std::int64_t>(growth.plain, 0) * growth.rounds;
  return std::min(growth.first, growth.second) >= std::max(wanted, plain + 1);
}

std::string describe(const Growth& growth) {
  const auto times = [&](std::int64_t count) {
    const bool memory = growth.resource == Resource::memory;
    return std::to_string(memory ? count / kibibyte : count) + (memory ? " KiB" : "");
  };
  return times(growth.first) + " more of it after " + std::to_string(growth.rounds) + " plays, " + times(growth.second) +
         " more after as many again; " + times(growth.plain * growth.rounds) + " for as many plain sessions";
}

Scenario plain_session(smtp::Role role, const Ground& ground) {
  const Grammar& grammar = Grammar::instance();
  Scenario out{role, {}};
  for (const char* symbol : {"hello", "mail", "rcpt"}) out.acts.push_back({.tree = grammar.plain(symbol, ground)});
  out.acts.push_back({.kind = Act::Kind::data, .tree = grammar.plain("data", ground), .more = {grammar.plain("content", ground)}});
  return out;
}

}  // namespace smtpspec::fuzz
