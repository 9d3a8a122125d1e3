// Known findings that shall not fail a run, each with its reason: a YAML list.
//
//   - case: rfc5321/data/bare-lf*        # as a pattern on the command line; a rule too
//     role: relay                        # without it: every role
//     reason: Postfix 3.7 as Debian 12 ships it
//     until: 2026-12-31                  # the last day that it holds; without it: for ever
//
// A waiver lifts a fail or a deviation. One that lifts nothing, though all that it names was played, is stale.
#pragma once

#include "smtpspec/run/selection.hpp"

namespace smtpspec::run {

struct Waiver {
  std::string glob;
  std::optional<smtp::Role> role;
  std::string reason;
  std::string until;  // "2026-12-31", or ""
  Place place;

  bool names(std::string_view id, smtp::Role of) const { return fits(glob, id) && (!role || *role == of); }
};

// A pattern that fits nothing in the suite is an error.
Result<std::vector<Waiver>> parse_waivers(const std::string& text, const std::string& file, const script::Suite& suite);

// What became of a waiver in a run.
struct WaiverUse {
  enum class State : std::uint8_t {
    used,
    expired,   // it would have lifted something, were its day not over
    stale,     // all that it names was played, and there was nothing to lift
    untested,  // what it names was left out or stayed open
  };
  Waiver waiver;
  State state = State::untested;
  std::size_t tests = 0;  // that it lifted, or would have
};
std::string_view to_string(WaiverUse::State state);

struct TestResult;

// The waivers across a run.
class Waivers {
 public:
  // `today` as in "2026-12-31".
  Waivers(std::vector<Waiver> waivers, const std::string& today);
  // Marks the result as waived where a waiver names it.
  void apply(TestResult& result);
  std::vector<WaiverUse> uses() const;

 private:
  struct Count {
    Waiver waiver;
    bool expired;
    std::size_t hits = 0;   // fails and deviations
    std::size_t clean = 0;  // played without one
    std::size_t open = 0;   // not played, or without an answer
  };
  std::vector<Count> counts_;
};

}  // namespace smtpspec::run
