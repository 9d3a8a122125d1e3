// A campaign: scenarios without end against one target, over any transport. What is found is played again on fresh connections,
// tried on the reference server, which must not show it, and shortened; only then is it a finding.
//
//   Campaign campaign(target, transport, registry, {.seed = 7, .time = 60s});
//   Report report = campaign.run();
//
// Scenario `index` of a seed is the same in every campaign against a target that offers the same, whatever came before it,
// unless the corpus is used.
//
// A target that dies is started anew, if anybody can do that, and what was under way in its last seconds is tried until the
// smallest sequence is known that kills it: that is a finding too. Likewise what makes it keep more and more descriptors, threads or
// memory, where somebody can say how much it holds.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "fuzz/campaign/corpus.hpp"
#include "fuzz/oracle/delivery.hpp"
#include "smtpspec/delivery/observer.hpp"
#include "smtpspec/run/stage.hpp"
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
  std::uint64_t scenarios = std::numeric_limits<std::uint64_t>::max();  // at most, those of the corpus aside
  std::uint64_t shard = 1, shards = 1;                                  // only the indices that leave shard - 1 when divided by shards
  session::Duration time{};                                             // 0: no end but that one
  int connections = 20;                                                 // at once
  double rate = 0;                                                      // plays a second at most; 0: no limit
  Limits limits;
  bool corpus = true;            // go on from scenarios that showed something new
  bool guided = true;            // places of the target's code are new like anything else
  bool compare = false;          // with the reference server, which costs as much time again: compare.hpp
  bool accuse = true;            // look into what seems wrong
  bool stop_at_first = false;    // finding that accuses
  std::size_t most_plays = 200;  // to shorten one finding
};

struct Found {
  judge::Finding finding;
  Scenario scenario;  // shortened
  std::uint64_t index = 0;
  std::string origin;  // "scenario 1204", "corpus entry 0f3a…"
  std::size_t acts_before = 0;
  session::Transcript transcript;  // of the shortened one
  std::vector<Answer> answers;     // likewise
  std::size_t seen = 1;            // scenarios that showed it
  session::Duration died_after{};  // behind the end of the session, where the target's process died of it
  std::vector<std::string> log{};  // the target's last words then, masked
};

// A scenario of an earlier campaign, and what it is called.
struct Replayed {
  std::string name;
  Scenario scenario;
};

struct Report {
  std::uint64_t scenarios = 0, plays = 0, replies = 0;
  std::uint64_t replayed = 0;    // of the corpus, beside the scenarios
  std::uint64_t past_hello = 0;  // of both, in which a hello was accepted
  std::uint64_t next = 0;        // the index to go on with
  std::size_t corpus = 0;
  std::size_t places = 0;  // of the target's code, where that can be seen
  session::Duration time{};
  // How long sessions waited, all together: for replies; for what is no answer to anything (a greeting, silence, the rate's limit).
  session::Duration answering{}, waiting{};
  std::map<smtp::Role, smtp::Capabilities> offered;
  std::set<std::uint16_t> productions;  // that were said
  // Where what was answered, how often with which code; and from where to where that led. Only replies before which, or around which, the
  // state was certain.
  std::map<std::pair<smtp::State, smtp::Input>, std::map<int, std::uint64_t>> seen;
  std::map<std::pair<smtp::State, smtp::State>, std::uint64_t> moves;
  // All replies: how often a code came, by the verb that it answers, one that the model knows or "(unknown verb)"; "" when unsure.
  std::map<int, std::map<std::string_view, std::uint64_t>> codes;
  std::vector<Found> findings;
  std::vector<std::string> dropped;  // suspicions that did not come again, or that the reference server shows too, by key()
  bool interrupted = false;
  std::vector<std::string> deaths;  // of the target's process, masked
  std::vector<std::string> grew;    // what of the target did, where no scenario shows why
  std::string dead;                 // how the target was lost, if it was
};

// Who is told, and who helps. Each may be empty.
struct Calls {
  std::function<void(const Report&)> progress{};                           // after every play
  std::function<void(const Scenario&)> fresh{};                            // it showed what none before it did
  std::function<void(std::size_t number, const Shows& shows)> replayed{};  // of the corpus
  std::function<Shows()> places{};                                         // of the target's code, that were never reached before
  run::Attendant attendant{};
  std::function<std::vector<std::string>()> canaries{};  // names of files that came to be in the folder of the fact, each once
  delivery::Observer* mailbox = nullptr;                 // of the recipient
};

// A scenario that was played.
struct Played {
  session::Transcript transcript;
  Evaluation evaluation;
};
// Plays a scenario over a transport that nobody else uses. Nothing where the target lacks a fact that it names. The serial makes what
// is unique in its session differ from those of others.
std::optional<Played> play_alone(const Scenario& scenario, const Target& target, session::Transport& transport,
                                 const script::Registry& registry, std::uint64_t serial);

// Plays a scenario on the reference server, in memory.
Evaluation control(const Scenario& scenario, const Target& target, const script::Registry& registry);

class Campaign {
 public:
  Campaign(Target target, session::Transport& transport, const script::Registry& registry, Options options, Calls calls = {});
  ~Campaign();
  // The corpus is played first.
  Report run(std::vector<Replayed> corpus = {});
  // Ends soon; what was found stays.
  void interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::fuzz
