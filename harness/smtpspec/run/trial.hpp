// From a test to its result: played, tried once more after a temporary refusal, confirmed on a second connection when it
// accuses, and held against its positive twin. Where the first play spoilt the target for the second, which then proves
// nothing, it is confirmed on a target started anew, if anybody can start it.
//
// The scheduler says when a test is played; a trial says whether it has to be played again.
#pragma once

#include "smtpspec/run/deliveries.hpp"
#include "smtpspec/run/rule_watch.hpp"

namespace smtpspec::run {

class Trials {
 public:
  struct Calls {
    std::function<void(std::size_t index, session::Duration delay)> again;  // wants another play
    std::function<bool(std::size_t index)> afresh;  // wants a play on a target started anew; false: nobody does that
    std::function<void(Play play, session::Duration delay, std::function<void(Group&)> done)> later;  // what is not its own dialogue
    std::function<void(std::size_t index, TestResult result)> done;
    std::function<void(smtp::Role role, bool greeted)> heard;  // after each play: was anybody there?
    std::function<std::string(smtp::Role role)> stopped;       // why plays count no longer, or ""
  };
  struct Patience {
    int repeat = 1;  // rounds of each test; a verdict that changes from one to the next is inconclusive
    session::Duration retry_delay{};
  };
  Trials(const script::Registry& registry, const std::vector<Test>& tests, Patience patience, Stage& stage, RuleWatch& watch, Calls calls);

  std::size_t size() const { return trials_.size(); }
  std::vector<Test> tests() const;
  const Test& test(std::size_t index) const { return trials_[index].test; }
  bool untouched(std::size_t index) const { return trials_[index].plays == 0 && trials_[index].rounds.empty(); }
  bool settled(std::size_t index) const { return trials_[index].settled; }
  Play play_of(std::size_t index) const;

  // Before any was played: these are all.
  void set_tests(const std::vector<Test>& tests);
  void play(std::size_t index);
  // Those whose dialogue is over, and whose messages have to arrive or not.
  std::vector<std::size_t> waiting() const;
  std::size_t waiting_count() const { return waiting_.size(); }
  const std::vector<std::unique_ptr<session::Session>>& sessions_of(std::size_t waiting) const { return waiting_.at(waiting).sessions; }
  // What has arrived is all that does.
  void delivered(std::size_t waiting, const Deliveries& deliveries);
  // Its result without a play.
  void settle(std::size_t index, Verdict verdict, std::string why);

 private:
  struct Trial {
    Test test;
    int plays = 0;  // in this round
    bool settled = false;
    bool confirming = false;
    bool afresh = false;                // a target started anew was asked for
    judge::Judgement first{};           // before its confirmation
    std::map<Verdict, int> rounds{};    // how they ended
    std::optional<TestResult> worst{};  // of the rounds
  };
  struct Judged {
    judge::Judgement judgement;
    session::Transcript transcript;
    session::Duration duration{};
    LogMark log;
  };
  struct Twin {
    bool known = false;
    bool retried = false;
    bool passed = false;
    std::string summary;
    std::vector<std::function<void(const Twin&)>> waiting;
  };
  // A play whose messages are under way.
  struct Waiting {
    Judged judged;
    std::vector<std::unique_ptr<session::Session>> sessions;
  };
  void played(std::size_t index, Group& group);
  void judged(std::size_t index, Judged judged);
  // The worst of the clones.
  Judged assess(const Group& group) const;
  void with_twin(std::size_t index, std::function<void(const Twin&)> then);
  std::string twin_key(const Test& test) const;
  void twin_played(Twin& twin, Group& group);
  TestResult blank(const Test& test) const;
  void finish(std::size_t index, Judged judged);
  void end_round(std::size_t index, TestResult result);

  const script::Registry& registry_;
  Patience patience_;
  Stage& stage_;
  RuleWatch& watch_;
  Calls calls_;
  std::vector<Trial> trials_;
  std::map<std::string, Twin> twins_;
  std::map<std::size_t, Waiting> waiting_;
};

}  // namespace smtpspec::run
