// A run: tests (case x row x role) played over a transport, judged, and gathered. Pure but for the transport handed in.
//
//   Runner runner(suite, profile, options, transport, setup);
//   Run run = runner.run();
//
// The runner is the schedule: which test is played when, within the limits of the target, and what to do when the target
// is dead. What a test goes through stands in trial.hpp, the always-on rules in rule_watch.hpp, the result in result.hpp.
#pragma once

#include "smtpspec/run/result.hpp"
#include "smtpspec/run/selection.hpp"
#include "smtpspec/run/stage.hpp"

namespace smtpspec::run {

struct Options {
  Selection selection;
  int jobs = 0;  // sessions at once; 0: as many as the target takes connections
  bool fail_fast = false;
  int repeat = 1;  // plays of each test; a verdict that changes is inconclusive
  std::vector<Waiver> waivers;
  std::string today;         // "2026-12-31": the day by which a waiver expires
  bool quiet_rules = false;  // leave the always-on rules out (a fuzzer brings its own)
  session::Duration retry_delay = std::chrono::seconds(1);
};

// Called as results come in; may be empty.
struct Progress {
  std::function<void(std::size_t done, std::size_t all, const TestResult& last)> on_result;
  // True while whoever takes the results is behind: what is under way goes on, nothing new is begun.
  std::function<bool()> behind;
};

class Runner {
 public:
  Runner(const script::Suite& suite, Profile profile, Options options, session::Transport& transport, session::Setup setup,
         Progress progress = {}, Attendant attendant = {});
  ~Runner();

  // How many tests the selection has, rules left out; after the run without those of roles that could not be reached.
  std::size_t selected() const;

  Run run();
  // From a signal handler's thread or a callback: finish with what there is.
  void interrupt();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace smtpspec::run
