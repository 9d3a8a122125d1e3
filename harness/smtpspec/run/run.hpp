// A run: tests (case x row x role) played over a transport, judged, and gathered. Pure but for the transport handed in.
//
//   Runner runner(suite, profile, options, transport, setup);
//   Run run = runner.run();
//
// The runner owns selection, twins, one retry after a temporary refusal, confirmation of findings on a second
// connection, the limits of the target, and the discovery that a target is dead.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "smtpspec/judge/judge.hpp"
#include "smtpspec/run/profile.hpp"
#include "smtpspec/script/suite.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::run {

using judge::Verdict;

struct Selection {
  std::vector<std::string> globs;   // over ids; none: all
  std::vector<std::string> skip;    // globs
  std::vector<std::string> covers;  // globs over requirement ids
  std::vector<std::string> tags;
  std::vector<smtp::Role> roles;  // none: all that the target has
  bool slow = false;
  int shard = 1, shards = 1;
};

struct Options {
  Selection selection;
  int jobs = 0;  // sessions at once; 0: as many as the target takes connections
  bool fail_fast = false;
  bool quiet_rules = false;  // leave the always-on rules out (a fuzzer brings its own)
  session::Duration retry_delay = std::chrono::seconds(1);
};

struct TestResult {
  const script::Case* test = nullptr;  // null for an always-on rule
  const judge::Rule* rule = nullptr;
  std::string id;  // with the row: "rfc5321/data/end-of-data[lf-dot-lf]"
  std::string row;
  smtp::Role role = smtp::Role::relay;
  script::Level level = script::Level::must;
  std::vector<std::string> requirements;
  std::string title;
  Verdict verdict = Verdict::skip;
  std::string summary;  // expected and came, or why it was skipped
  std::string choice;
  bool by_letter = false;
  std::vector<judge::Finding> findings;
  session::Transcript transcript;
  int marked = -1;  // entry of the transcript that breaks the law
  Place place;      // of the expectation that was not met
  session::Duration duration{};
  std::size_t seen_in = 0;       // a rule: in how many tests it was broken
  std::size_t checked = 0;       // a rule: replies looked at
  std::string example;           // a rule: the test whose transcript is shown
  std::vector<std::string> log;  // what the target logged meanwhile, masked; of a finding
};

struct Offer {
  bool probed = false;
  std::string greeting;
  smtp::Capabilities clear;  // by the first EHLO (inside TLS on submissions)
  smtp::Capabilities ready;  // where mail can be sent: after TLS and login as the role wants
  smtp::TlsFacts tls;
  std::string trouble;  // why a probe did not get there
};

struct Run {
  std::string target;
  std::string version;
  std::map<smtp::Role, Endpoint> endpoints;
  std::map<smtp::Role, Offer> offers;
  std::vector<TestResult> tests;
  std::map<std::string, std::size_t> missing;  // fact -> tests that it would add
  session::Deadlines deadlines;
  std::uint64_t replies = 0;
  session::Duration duration{};
  bool interrupted = false;
  bool dead = false;                // the target stopped answering
  std::vector<std::string> deaths;  // of the target's process, each with what was under way
  std::string trouble;              // why, in a sentence

  std::size_t count(Verdict verdict) const;
  std::size_t by_letter() const;
};

// Called as results come in; may be empty.
struct Progress {
  std::function<void(std::size_t done, std::size_t all, const TestResult& last)> on_result;
};

// Who looks after the target's process and log, where there are any. Each may be empty.
struct Attendant {
  std::function<std::uint64_t()> log_size;  // octets so far
  std::function<std::string(std::uint64_t from)> log_since;
  std::function<std::string()> death;    // "" while it lives, else how it ended
  std::function<std::string()> restart;  // "" or what failed
};

class Runner {
 public:
  Runner(const script::Suite& suite, Profile profile, Options options, session::Transport& transport, session::Setup setup,
         Progress progress = {}, Attendant attendant = {});
  ~Runner();

  // How many tests the selection has, rules left out. 0 with globs given: see `unknown_globs`.
  std::size_t selected() const;
  // Globs that fit no case at all, each with the nearest id.
  std::vector<Error> unknown_globs() const;

  Run run();
  // From a signal handler's thread or a callback: finish with what there is.
  void interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::run
