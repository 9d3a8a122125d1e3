// What arrives, for the plays that wait for it. Nobody waits for a single message: absence is judged once, when all else is through,
// behind a *fence*, a message that goes the same way later than all of them.
//
//   deliveries.await(waiting, [] { … });           // the fence was seen, and what is wanted, or the time is over
//   deliveries.seen(session, test.delivery)        // what the judge is told of one play
//
// What arrives belongs to the play whose token it bears; what bears none of this run's is left alone, and so is what was there before.
#pragma once

#include <set>

#include "smtpspec/delivery/match.hpp"
#include "smtpspec/run/stage.hpp"

namespace smtpspec::run {

class Deliveries {
 public:
  // One play that waits.
  struct Waiting {
    smtp::Role role;
    std::string token;
    const std::vector<script::Statement>* statements;
  };
  Deliveries(const Profile& profile, const Attendant& attendant, session::Transport& transport, Stage& stage)
      : profile_(profile), attendant_(attendant), transport_(transport), stage_(stage) {}

  void await(std::vector<Waiting> waiting, std::function<void()> then);
  bool busy() const { return busy_; }
  // Takes in what has come so far, so that it does not pile up; of what nobody waits for nothing is kept.
  void look_now_and_then();
  delivery::Seen seen(const session::Session& session) const;

 private:
  void look();
  void watch();
  bool all_there() const;
  bool fence_seen(script::Where where) const;
  bool fences_seen() const;
  void finish();
  void send_fences();

  const Profile& profile_;
  const Attendant& attendant_;
  session::Transport& transport_;
  Stage& stage_;
  std::map<std::string, std::vector<delivery::Arrival>> arrivals_;  // by token
  std::vector<Waiting> waiting_;
  std::set<script::Where> places_;   // where they wait
  std::vector<std::string> fences_;  // tokens of those that were accepted
  std::size_t under_way_ = 0;        // fences
  session::Time until_{}, looked_{};
  std::function<void()> then_;
  bool busy_ = false;
};

}  // namespace smtpspec::run
