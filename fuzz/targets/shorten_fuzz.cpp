// The minimiser: whatever a scenario shows its finding by, what is left still shows it, in no more plays than allowed; and given
// plays enough, nothing is left but what it takes.
#include <algorithm>
#include <cstring>

#include "fuzz/campaign/shorten.hpp"
#include "oracle.hpp"

using namespace smtpspec;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  std::uint64_t seed = 0;
  if (size < sizeof seed + 3) return 0;
  std::memcpy(&seed, data, sizeof seed);
  static const script::Facts facts{{{"client", "c.test"},
                                    {"sender", "s@c.test"},
                                    {"recipient", "r@s.test"},
                                    {"domain", "s.test"},
                                    {"token", "t"},
                                    {"user", "u"},
                                    {"password", "password"}}};
  const fuzz::Ground ground{.facts = &facts};
  fuzz::Random random(seed, 0);
  fuzz::Scenario scenario = fuzz::generate(smtp::Role::relay, ground, random, {.acts = 4u + data[8] % 20});
  for (int i = data[9] % 4; i > 0; --i) fuzz::mutate(scenario, ground, random);
  if (scenario.acts.empty()) return 0;

  // It takes these acts, in their order: their kinds and what their trees are made of at the top.
  std::vector<fuzz::Act> needed;
  for (std::size_t i = 0; i < scenario.acts.size(); ++i)
    if (data[10 + i % (size - 10)] % 4 == 0) needed.push_back(scenario.acts[i]);
  const auto shows = [&](const fuzz::Scenario& candidate) {
    auto at = candidate.acts.begin();
    for (const fuzz::Act& act : needed) {
      at = std::find_if(at, candidate.acts.end(), [&](const fuzz::Act& other) {
        return other.kind == act.kind && fuzz::Grammar::instance().symbol_of(other.tree) == fuzz::Grammar::instance().symbol_of(act.tree);
      });
      if (at == candidate.acts.end()) return false;
      ++at;
    }
    return true;
  };

  const std::size_t most = 20 + data[8] * 40u;
  fuzz::Shortening shortening(scenario, ground, most);
  std::size_t plays = 0;
  bool ended = false;
  while (!ended) {
    const auto candidate = shortening.next();
    ended = !candidate;
    if (candidate) {
      require(++plays <= most, "no more is tried than allowed", text);
      shortening.tried(shows(*candidate));
    }
  }
  require(shortening.plays() == plays, "tries are counted", text);
  require(shows(shortening.best()), "what is left still shows it", text);
  if (plays < most)
    require(shortening.best().acts.size() == std::max<std::size_t>(needed.size(), 1), "nothing is left but what it takes", text);
  return 0;
}
