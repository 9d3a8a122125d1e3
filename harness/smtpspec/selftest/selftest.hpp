// The suite tried on servers that are wrong on purpose: each fault (faults/fault.hpp) is put into the reference server,
// and the cases are played against it, in memory and in virtual time. A suite is worth what it kills and what it spares.
//
//   Report report = selftest(suite, faults, crypto::digests(), {.jobs = 2});
//   report.survivors();   // faults that no case shows
//   report.idle();        // cases and rules that show no fault
//   report.unkept;        // faults that a case names in `kills` and does not kill
//   report.holds();       // nothing of all that
//
// A case kills a fault when it accuses the server, or, where it only records what a server chose, records something else
// than on the conforming server. A fault is done with its first killer and the cases that name it, unless cases were
// selected: each of these tells all that it kills. A case without a kill is then played against every fault that it can
// reach until it has one, and a rule is looked for in every case on the written faults that break its requirements. What
// the conforming server gives no occasion to judge is not asked for a kill.
//
// A case is not played against a generated fault whose cell it never reaches on the conforming server, for it cannot tell
// the two servers apart. That nothing is lost by this is shown by `full`, or by part m of n of it: these pairs of a case and
// a fault are played too, and everything has to come out as it does on the conforming server.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "smtpspec/faults/fault.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/script/suite.hpp"

namespace smtpspec::selftest {

// What a case, or an always-on rule, showed on one server: by test, the verdict and the named choice.
using Shown = std::map<std::string, std::string>;

struct Trial {
  const faults::Fault* fault = nullptr;
  const script::Survivor* excuse = nullptr;  // why a generated one may survive, if it may: the first that fits
  std::set<std::string> killers;             // ids of cases and rules
  std::set<std::string> played;              // ids of cases
};

struct Report {
  std::vector<Trial> trials;
  std::set<std::string> judging;         // ids of cases and rules that can accuse: they are to kill something
  std::vector<Error> stale;              // reasons for faults that do not survive
  std::vector<Error> unkept;             // what a case names in `kills` and does not kill
  std::vector<std::string> accused;      // what the conforming server was accused of
  std::vector<std::string> unforeseen;   // cases that tell a server with a fault that they do not reach from the conforming one
  std::size_t plays = 0;                 // of one case against one server
  std::size_t unreached = 0, tried = 0;  // pairs of a case and a fault that it does not reach, and how many were played
  bool part = false;                     // some of the cases on all faults: what they leave alive is no fault of theirs

  // Faults that nobody killed and for which there is no reason.
  std::vector<const Trial*> survivors() const;
  // Of those that are to kill something, who kills nothing; of a part of the faults nobody can say so.
  std::vector<std::string> idle() const;
  // Nothing survives (but of a part of the cases), idles, is stale, unkept, accused or unforeseen.
  bool holds() const;
};

struct Options {
  int jobs = 1;  // threads
  struct Part {
    std::size_t part = 1, of = 1;  // counted from 1
  };
  std::optional<Part> full;  // every case against every fault, also those that it does not reach
  bool generated = true;
  std::vector<std::string> faults;                                       // globs over fault ids; none: all
  std::vector<std::string> cases;                                        // globs over case ids; none: all
  std::function<void(std::size_t done, std::size_t all)> progress = {};  // called from the threads, one at a time
};

Report selftest(const script::Suite& suite, const smtp::Digests& digests, const Options& options);

}  // namespace smtpspec::selftest
