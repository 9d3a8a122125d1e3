// Where sessions are played: a Play becomes sessions with facts of their own, they run over the transport within the
// target's limits, and come back as a Group when the last of them has ended.
#pragma once

#include <functional>
#include <set>

#include "smtpspec/delivery/observer.hpp"
#include "smtpspec/run/selection.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::run {

// What the processes of a target hold.
struct Usage {
  std::uint64_t memory = 0;  // octets, resident
  int descriptors = 0, threads = 0, processes = 0;
};

// Who looks after the target's process, its log and what it delivers, where there are any. Each may be empty.
struct Attendant {
  std::function<std::uint64_t()> log_size;  // octets so far
  std::function<std::string(std::uint64_t from)> log_since;
  std::function<std::string()> death;                                          // "" while it lives, else how it ended
  std::function<void(std::function<void(std::string trouble)> done)> restart;  // "" or what failed
  std::function<Usage()> usage;
  std::map<script::Where, delivery::Observer*> observers = {};
  std::function<std::int64_t()> clock = {};  // seconds since 1970
};

// A dialogue of a case, its own or its twin's, for one row and role.
struct Play {
  const script::Case* test = nullptr;
  const std::vector<script::Step>* steps = nullptr;
  const script::CaseRow* row = nullptr;
  smtp::Role role = smtp::Role::relay;
  int clones = 1;    // sessions at once
  std::string name;  // for reports: the test's id, or what is probed
};

struct Group {
  Play play;
  std::vector<std::unique_ptr<session::Session>> sessions;  // one, or the clones of a case
  session::Time began{};
  std::uint64_t log_from = 0;

  const session::Session& front() const { return *sessions.front(); }
};

// Where the target's log stood when a group began, and what may not be shown of it.
struct LogMark {
  std::uint64_t at = 0;  // octets
  std::vector<session::Secrets> secrets;
};

class Stage {
 public:
  // `moved` is called, never from inside a session's own work, when something ended and there may be room.
  Stage(const Profile& profile, session::Transport& transport, session::Setup setup, const Attendant& attendant,
        std::function<void()> moved);

  Result<void> start(Play play, std::function<void(Group&)> done);
  bool has_room(const Play& play, int jobs) const;
  // How many of the target's connections it takes. One that restarts the target takes all: it runs alone.
  int connections_of(const Play& play) const;
  bool empty() const { return groups_.empty(); }
  // The tokens of plays whose messages are looked for.
  const std::set<std::string>& awaited() const { return awaited_; }
  // Names of the plays under way, for a report.
  std::string under_way() const;
  LogMark log_mark(const Group& group) const;
  // What the target wrote since then, masked; lines of other sessions may be among it. It comes a moment later: a server's
  // words reach its log behind the reply that they are about.
  void read_log(LogMark since, std::function<void(std::vector<std::string> lines)> then);
  // What is still to come of that, at once: the run is over.
  void read_logs_now();
  session::Duration age(const Group& group) const { return transport_.now() - group.began; }

 private:
  struct Running : Group {
    std::vector<bool> counted;  // decided() was seen
    std::size_t open = 0;
    int weight = 1;
    std::function<void(Group&)> done;
  };
  struct LogReader {
    LogMark since;
    std::function<void(std::vector<std::string> lines)> then;
  };
  bool read_log_of(std::uint64_t reader);  // false when it was read before
  script::Facts fresh_facts();
  session::Setup setup_for(const script::Case& test) const;
  void changed(Running& group, std::size_t index);

  const Profile& profile_;
  session::Transport& transport_;
  session::Setup setup_;
  const Attendant& attendant_;
  std::function<void()> moved_;
  std::map<const Running*, std::unique_ptr<Running>> groups_;
  int undecided_ = 0;
  int connections_ = 0;
  std::uint64_t serial_ = 0;
  std::set<std::string> awaited_;
  std::map<std::uint64_t, LogReader> log_readers_;  // in the order that they came
  std::uint64_t log_reader_ = 0;
};

}  // namespace smtpspec::run
