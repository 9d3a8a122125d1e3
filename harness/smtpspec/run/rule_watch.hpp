// The always-on rules across a run: every session is heard, and each rule is a test of its own per role, so that it
// reports a bug once, however many sessions show it. A rule that saw no reply that it is about in the whole run is skipped; one that saw
// some in another role only is none of this role's.
//
// No rule accuses on the strength of one connection either: a verdict counts when two plays of the same test showed it.
// Many tests are played twice anyway; for what none of these confirms, `to_confirm` names one play.
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
  // What has to be played again, once for each rule and role that still answers. Empty when nothing is left to confirm.
  std::vector<Play> to_confirm(const std::function<bool(smtp::Role)>& answers);
  std::vector<TestResult> results() const;

 private:
  // What two plays of one test have in common to be the same test.
  struct TestKey {
    const std::vector<script::Step>* steps;
    const script::CaseRow* row;
    auto operator<=>(const TestKey&) const = default;
  };
  struct Sighting {
    judge::Finding finding;
    session::Transcript transcript;
    Play play;
  };
  struct Tally {
    std::map<TestKey, Verdict> tests;       // the worst that a play of each showed
    std::map<Verdict, Sighting> sightings;  // the first of each verdict
    Verdict confirmed = Verdict::pass;      // the worst that two plays of one test showed
    bool asked = false;                     // a play was asked for to confirm it
    std::size_t replies = 0;                // that the rule was about
    Verdict worst() const { return sightings.empty() ? Verdict::pass : sightings.rbegin()->first; }
    bool accuses() const { return worst() >= Verdict::deviation; }
  };
  using Tallies = std::map<std::pair<const judge::Rule*, smtp::Role>, Tally>;
  // The worst finding of each rule among the play's sessions, and the session that shows it.
  using Heard = std::map<const judge::Rule*, std::pair<judge::Finding, const session::Transcript*>>;

  Heard findings_of(const Group& group);
  void note(const Play& play, judge::Finding finding, const session::Transcript& transcript);
  static void describe(const Tally& tally, TestResult& result);

  const script::Registry& registry_;
  bool quiet_;
  std::map<smtp::Role, std::size_t> replies_;
  Tallies tallies_;
};

}  // namespace smtpspec::run
