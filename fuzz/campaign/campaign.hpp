// A campaign: scenarios without end against one target, over any transport. What is found is played again on fresh connections,
// tried on the reference server, which must not show it, and shortened; only then is it a finding.
//
//   Campaign campaign(target, transport, registry, {.seed = 7, .time = 60s});
//   Report report = campaign.run();
//
// Scenario `index` of a seed is the same in every campaign against a target that offers the same, whatever came before it,
// unless the corpus is used.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "fuzz/oracle/oracle.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::fuzz {

// What is known of the target.
struct Target {
  std::vector<smtp::Role> roles;
  script::Facts facts;
  session::Setup setup;
};

struct Options {
  std::uint64_t seed = 1;
  std::uint64_t first = 0;                                              // index of the first scenario
  std::uint64_t scenarios = std::numeric_limits<std::uint64_t>::max();  // at most
  session::Duration time{};                                             // 0: no end but that one
  int connections = 20;                                                 // at once
  Limits limits;
  bool corpus = true;            // go on from scenarios that showed something new
  bool compare = false;          // with the reference server, which costs as much time again: compare.hpp
  bool stop_at_first = false;    // finding that accuses
  std::size_t most_plays = 200;  // to shorten one finding
};

struct Found {
  judge::Finding finding;
  Scenario scenario;  // shortened
  std::uint64_t index = 0;
  std::size_t acts_before = 0;
  session::Transcript transcript;  // of the shortened one
  std::vector<Answer> answers;     // likewise
  std::size_t seen = 1;            // scenarios that showed it
};

struct Report {
  std::uint64_t scenarios = 0, plays = 0, replies = 0;
  std::uint64_t past_hello = 0;  // scenarios in which a hello was accepted
  std::size_t corpus = 0;
  session::Duration time{};
  std::map<smtp::Role, smtp::Capabilities> offered;
  std::set<std::uint16_t> productions;                 // that were said
  std::set<std::pair<smtp::State, smtp::Input>> seen;  // where what was answered
  std::vector<Found> findings;
  std::vector<std::string> dropped;  // suspicions that did not come again, or that the reference server shows too, by key()
  bool interrupted = false;
  std::string dead;  // how the target was lost, if it was
};

// Plays a scenario on the reference server, in memory.
Evaluation control(const Scenario& scenario, const Target& target, const script::Registry& registry);

class Campaign {
 public:
  Campaign(Target target, session::Transport& transport, const script::Registry& registry, Options options,
           std::function<void(const Report&)> progress = {});
  ~Campaign();
  Report run();
  // Ends soon; what was found stays.
  void interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::fuzz
