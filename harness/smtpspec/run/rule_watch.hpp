// The always-on rules across a run: every session is heard, and each rule is a test of its own per role, so that one bug
// is one finding however many sessions show it.
#pragma once

#include "smtpspec/run/result.hpp"
#include "smtpspec/run/stage.hpp"

namespace smtpspec::run {

class RuleWatch {
 public:
  // `quiet`: counts replies and judges nothing.
  RuleWatch(const script::Registry& registry, bool quiet) : registry_(registry), quiet_(quiet) {}

  // All sessions of one play.
  void hear(const Group& group);
  std::uint64_t replies() const;
  std::vector<TestResult> results() const;

 private:
  struct Tally {
    std::size_t broken = 0;
    judge::Finding finding;
    session::Transcript transcript;
    std::string example;
  };
  void hear(const Play& play, const session::Transcript& transcript);

  const script::Registry& registry_;
  bool quiet_;
  std::map<smtp::Role, std::size_t> replies_;
  std::map<std::pair<const judge::Rule*, smtp::Role>, Tally> tallies_;
};

}  // namespace smtpspec::run
