// Whether a target keeps more and more of something: descriptors, threads, processes or memory, for each time that a scenario is played.
// No RFC forbids it, and a server may fill its caches: so it has to grow twice in a row, for each play, and far beyond what as many plain
// sessions make it grow; and it is an observed thing even then.
#pragma once

#include <optional>

#include "fuzz/scenario/scenario.hpp"
#include "smtpspec/run/stage.hpp"

namespace smtpspec::fuzz {

enum class Resource : std::uint8_t { descriptors, threads, processes, memory };
std::string_view to_string(Resource resource);

std::int64_t amount(const run::Usage& usage, Resource resource);

// What grew in a campaign so far that it is worth looking into: the one that says most.
std::optional<Resource> suspicious(const run::Usage& before, const run::Usage& after);
// It is that much while sessions are under way that it cannot wait for the end.
bool urgent_growth(const run::Usage& before, const run::Usage& now, int connections);

// How often a sequence of so many scenarios is played to weigh it.
int rounds_for(std::size_t scenarios);

// By how much a resource grew over so many rounds, twice, and over as many plain sessions, once the target was warm.
struct Growth {
  Resource resource{};
  int rounds = 0;
  std::int64_t first = 0, second = 0;
  std::int64_t plain = 0;  // for one round of one session
};
bool keeps(const Growth& growth);
std::string describe(const Growth& growth);

// What an ordinary client says.
Scenario plain_session(smtp::Role role, const Ground& ground);

}  // namespace smtpspec::fuzz
