#include "smtpspec/selftest/selftest.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "smtpspec/observe/reference.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::selftest {

using faults::Cell;
using faults::Fault;
using judge::Verdict;

namespace {

constexpr std::int64_t time_of_tests = 1764547200;

// What a case came through on the conforming server.
struct Reached {
  std::set<Cell> cells;
  std::size_t cost = 0;  // octets sent to the server, an answer counted as a thousand; about what playing it takes
};

// Plays cases against servers, one case a run.
class Lab {
 public:
  Lab(const script::Suite& suite, const smtp::Digests& digests) : suite_(suite), digests_(digests) {}

  // What the case and the rules showed.
  std::map<std::string, Shown> play(const script::Case& test, const Fault& fault, Reached* reached = nullptr) {
    observe::ReferenceMail mail(digests_, [] { return time_of_tests; });
    // Silence counts only when it outlasts what RFC 5321 section 4.5.3.2 grants; the server must not end it before.
    faults::FaultyServer server(fault, {.idle = std::chrono::minutes(30)}, mail.store(), digests_, [reached](serve::Seams& seams) {
      seams.clock = [] { return time_of_tests; };
      if (!reached) return;
      seams.arrive = [reached](const smtp::Context&, std::string_view, std::string segment) {
        reached->cost += segment.size();
        return segment;
      };
      seams.model = [reached](const smtp::Context& context, smtp::Input input, smtp::Row row) {
        reached->cost += 1000;
        reached->cells.insert(faults::cell_of(context, input));
        return row;
      };
    });
    mail.serve((*server).config());
    session::MemoryTransport transport([&](smtp::Role role) { return (*server).accept(role); },
                                       [&] {
                                         server.restart();
                                         return std::string();
                                       });
    run::Options options;
    options.selection.globs = {test.id};
    options.selection.slow = true;
    run::Profile profile = reference_profile((*server).config());
    complete_facts(profile, "t1");
    profile.deadlines.greeting = profile.deadlines.reply = std::chrono::minutes(5);
    profile.deadlines.data = std::chrono::minutes(10);
    run::Runner runner(suite_, std::move(profile), options, transport,
                       {.deadlines = {}, .digests = digests_, .credentials = {}, .nonce = "n"}, {},
                       {.log_size = {},
                        .log_since = {},
                        .death = {},
                        .restart =
                            [&server](const auto& done) {
                              server.restart();
                              done("");
                            },
                        .observers = mail.observers(),
                        .clock = [] { return time_of_tests; }});
    std::map<std::string, Shown> out;
    for (const run::TestResult& result : runner.run().tests) {
      std::string& shown = out[result.rule ? result.id : result.test->id][result.id + " " + std::string(to_string(result.role))];
      // What was not judged, on either server, tells nothing.
      if (result.verdict == Verdict::skip || result.verdict == Verdict::inconclusive || result.verdict == Verdict::error) continue;
      shown = std::string(to_string(result.verdict)) + " " + result.choice;
    }
    return out;
  }

 private:
  const script::Suite& suite_;
  const smtp::Digests& digests_;
};

bool accuses(const std::string& shown) { return shown.starts_with("fail") || shown.starts_with("deviation"); }

// True when the faulty server is accused, or another choice of it recorded.
bool kills(const Shown& clean, const Shown& faulty) {
  return std::any_of(faulty.begin(), faulty.end(), [&](const auto& entry) {
    const auto& [test, shown] = entry;
    if (accuses(shown)) return true;
    const auto before = clean.find(test);
    return shown.starts_with("observed") && before != clean.end() && before->second.starts_with("observed") && before->second != shown;
  });
}

class Work {
 public:
  Work(const script::Suite& suite, const smtp::Digests& digests, const Options& options)
      : suite_(suite), digests_(digests), options_(options) {}

  Report run() {
    for (const auto& test : suite_.cases)
      if (options_.cases.empty() || run::fits_any(options_.cases, test.id)) cases_.push_back({&test, {}, {}});
    report_.part = !options_.cases.empty() && options_.faults.empty();
    play_clean();
    gather_faults();
    in_parallel(report_.trials.size(), [this](Lab& lab, std::size_t i) { try_fault(lab, report_.trials[i]); });
    std::vector<const Played*> cases;
    for (const std::string& id : report_.idle())
      for (const Played& played : cases_)
        if (played.test->id == id) cases.push_back(&played);
    in_parallel(cases.size(), [this, &cases](Lab& lab, std::size_t i) { find_kill(lab, *cases[i]); });
    // What the plays of these showed on the way is shown.
    std::vector<const judge::Rule*> rules;
    for (const std::string& id : report_.idle())
      if (const auto* rule = judge::find_rule(id)) rules.push_back(rule);
    in_parallel(rules.size(), [this, &rules](Lab& lab, std::size_t i) { find_kill(lab, *rules[i]); });
    if (options_.full) {
      in_parallel(report_.trials.size(), [this](Lab& lab, std::size_t i) { try_unreached(lab, i); });
      std::sort(report_.unforeseen.begin(), report_.unforeseen.end());
    }
    find_stale();
    find_unkept();
    return std::move(report_);
  }

 private:
  struct Played {
    const script::Case* test;
    std::map<std::string, Shown> clean;  // by the case and the rules
    Reached reached;
  };

  // Each index once, by `jobs` threads.
  void in_parallel(std::size_t count, const std::function<void(Lab&, std::size_t)>& task) {
    std::atomic<std::size_t> next = 0, done = 0;
    const auto work = [&] {
      Lab lab(suite_, digests_);
      for (std::size_t i; (i = next++) < count;) {
        task(lab, i);
        if (!options_.progress) continue;
        const std::lock_guard lock(mutex_);
        options_.progress(++done, count);
      }
    };
    std::vector<std::thread> threads;
    for (int i = 1; i < options_.jobs; ++i) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
  }

  void play_clean() {
    const Fault none{.id = "none"};
    in_parallel(cases_.size(), [&](Lab& lab, std::size_t i) {
      Played& played = cases_[i];
      played.clean = lab.play(*played.test, none, &played.reached);
      const std::lock_guard lock(mutex_);
      ++report_.plays;
      for (const auto& [id, tests] : played.clean)
        for (const auto& [test, what] : tests) {
          if (accuses(what)) report_.accused.push_back(test + ": " + what);
          if (!what.empty() && is_to_kill(id, *played.test)) report_.judging.insert(id);
        }
    });
    for (const Played& played : cases_)
      for (const Cell& cell : played.reached.cells) ++visits_[cell];
  }

  // Whether the case, or a rule that it was played with, must show some fault: with a part of the faults nobody can tell, nor
  // of a rule with a part of the cases.
  bool is_to_kill(const std::string& id, const script::Case& test) const {
    if (!options_.faults.empty() || !options_.generated) return false;
    const auto* rule = judge::find_rule(id);
    return rule ? options_.cases.empty() && judge::judges(*rule, suite_.registry) : judge::judges(test, suite_.registry);
  }

  void gather_faults() {
    const auto add = [this](const Fault& fault) {
      if (options_.faults.empty() || run::fits_any(options_.faults, fault.id)) report_.trials.push_back({&fault, excuse_of(fault), {}, {}});
    };
    for (const Fault& fault : faults::written()) add(fault);
    if (options_.generated)
      for (const Fault& fault : faults::generated()) add(fault);
  }

  // Nothing excuses a breach that somebody wrote down from an RFC.
  const script::Survivor* excuse_of(const Fault& fault) const {
    if (fault.cells.empty()) return nullptr;
    for (const auto& survivor : suite_.survivors)
      if (run::fits(survivor.faults, fault.id)) return &survivor;
    return nullptr;
  }

  // A reason that no survivor needs has outlived its fault.
  void find_stale() {
    for (const auto& survivor : suite_.survivors) {
      const auto fits = [&](const Trial& trial) { return run::fits(survivor.faults, trial.fault->id); };
      const bool needed = std::any_of(report_.trials.begin(), report_.trials.end(),
                                      [&](const Trial& t) { return t.excuse == &survivor && t.killers.empty(); });
      if (!needed && std::any_of(report_.trials.begin(), report_.trials.end(), fits))
        report_.stale.push_back({"no fault survives that '" + survivor.faults + "' is a reason for", survivor.place});
    }
  }

  static bool names(const script::Case& test, const Fault& fault) {
    return std::any_of(test.kills.begin(), test.kills.end(), [&](const script::Kill& kill) { return kill.fault == fault.id; });
  }

  // A fault that exists and was not selected is nobody's business today.
  void find_unkept() {
    std::set<std::string> known;
    for (const Fault* fault : faults::all()) known.insert(fault->id);
    for (const Played& played : cases_)
      for (const script::Kill& kill : played.test->kills) {
        const auto trial =
            std::find_if(report_.trials.begin(), report_.trials.end(), [&](const Trial& t) { return t.fault->id == kill.fault; });
        const std::string& id = played.test->id;
        if (!known.count(kill.fault)) report_.unkept.push_back({"no fault '" + kill.fault + "'", kill.place});
        else if (trial == report_.trials.end() || trial->killers.count(id)) continue;
        else if (trial->played.count(id)) report_.unkept.push_back({"the case does not kill " + kill.fault, kill.place});
        else report_.unkept.push_back({"the case never comes to where " + kill.fault + " acts", kill.place});
      }
  }

  bool reaches(const Played& played, const Fault& fault) const {
    return fault.cells.empty() ||
           std::any_of(fault.cells.begin(), fault.cells.end(), [&](const Cell& cell) { return played.reached.cells.count(cell) > 0; });
  }

  // How the ids of the requirements begin that stand in the section that is broken: a written fault names one of them, a
  // generated one the sections of its row, "RFC5321 3.5.1, 7.3".
  static std::vector<std::string> sections_of(const Fault& fault) {
    if (fault.cells.empty()) return {fault.breaks.substr(0, fault.breaks.rfind('-') + 1)};
    std::vector<std::string> out;
    std::string rfc;
    std::istringstream words(fault.breaks);
    for (std::string word; words >> word;) {
      if (word.back() == ',') word.pop_back();
      if (word.starts_with("RFC")) rfc = word;
      else out.push_back(rfc + "-" + word + "-");
    }
    return out;
  }

  // Those first that are likely to kill it for what they cost: a case about the requirement that the fault breaks rather
  // than one about its section, and that rather than any other. Those that name it come before all.
  std::vector<const Played*> order_for(const Fault& fault) const {
    std::vector<std::pair<std::size_t, const Played*>> ranked;
    const std::vector<std::string> sections = sections_of(fault);
    for (const Played& played : cases_) {
      if (!reaches(played, fault)) continue;
      const auto& covers = played.test->covers;
      const bool its_own = std::find(covers.begin(), covers.end(), fault.breaks) != covers.end();
      const bool near = std::any_of(covers.begin(), covers.end(), [&](const std::string& id) {
        return std::any_of(sections.begin(), sections.end(), [&](const std::string& section) { return id.starts_with(section); });
      });
      ranked.emplace_back(names(*played.test, fault) ? 0 : played.reached.cost * (its_own ? 1 : near ? 4 : 40), &played);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<const Played*> out;
    for (const auto& [rank, played] : ranked) out.push_back(played);
    return out;
  }

  // Plays one case against one fault; true when something was killed.
  bool play(Lab& lab, const Played& played, Trial& trial, const std::string& wanted = "") {
    {
      const std::lock_guard lock(mutex_);
      if (!trial.played.insert(played.test->id).second) return false;
      ++report_.plays;
    }
    const auto shown = lab.play(*played.test, *trial.fault);
    const std::lock_guard lock(mutex_);
    bool any = false;
    for (const auto& [id, tests] : shown) {
      if (!kills(id == played.test->id ? played.clean.at(id) : Shown{}, tests)) continue;
      trial.killers.insert(id);
      any = any || wanted.empty() || wanted == id;
    }
    return any;
  }

  void try_fault(Lab& lab, Trial& trial) {
    bool killed = false;
    for (const Played* played : order_for(*trial.fault)) {
      if (killed && options_.cases.empty() && !names(*played->test, *trial.fault)) return;
      killed = play(lab, *played, trial) || killed;
    }
  }

  // Each part has of every fault some cases, and of every case some faults.
  void try_unreached(Lab& lab, std::size_t number) {
    const Fault& fault = *report_.trials[number].fault;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Played& played = cases_[i];
      if (reaches(played, fault)) continue;
      const bool ours = (number + i) % options_.full->of == options_.full->part - 1;
      const bool same = !ours || lab.play(*played.test, fault) == played.clean;
      const std::lock_guard lock(mutex_);
      ++report_.unreached;
      report_.tried += ours;
      report_.plays += ours;
      if (!same) report_.unforeseen.push_back(played.test->id + " tells " + fault.id);
    }
  }

  // Looks for a fault that the case shows: first those that break what it covers, then those that few others come to, and
  // last those that break something else.
  void find_kill(Lab& lab, const Played& played) {
    const auto& covers = played.test->covers;
    std::vector<std::pair<std::size_t, Trial*>> ranked;
    for (Trial& trial : report_.trials) {
      if (!reaches(played, *trial.fault)) continue;
      const bool its_own = std::find(covers.begin(), covers.end(), trial.fault->breaks) != covers.end();
      const std::size_t visits = trial.fault->cells.empty() ? cases_.size() : visits_.at(trial.fault->cells.front());
      ranked.emplace_back(its_own ? 0 : 1 + visits, &trial);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [rank, trial] : ranked)
      if (play(lab, played, *trial, played.test->id)) return;
  }

  // Looks for a case in which the rule shows a fault that breaks what it is about.
  void find_kill(Lab& lab, const judge::Rule& rule) {
    const auto covers = judge::requirements_of(rule);
    for (Trial& trial : report_.trials) {
      if (std::find(covers.begin(), covers.end(), trial.fault->breaks) == covers.end()) continue;
      for (const Played* played : order_for(*trial.fault))
        if (play(lab, *played, trial, std::string(rule.name))) return;
    }
  }

  const script::Suite& suite_;
  const smtp::Digests& digests_;
  const Options& options_;
  std::vector<Played> cases_;
  std::map<Cell, std::size_t> visits_;  // by how many cases
  std::mutex mutex_;
  Report report_;
};

}  // namespace

std::vector<const Trial*> Report::survivors() const {
  std::vector<const Trial*> out;
  for (const Trial& trial : trials)
    if (trial.killers.empty() && !trial.excuse) out.push_back(&trial);
  return out;
}

bool Report::holds() const {
  return accused.empty() && (part || survivors().empty()) && idle().empty() && stale.empty() && unkept.empty() && unforeseen.empty();
}

std::vector<std::string> Report::idle() const {
  std::set<std::string> left = judging;
  for (const Trial& trial : trials)
    for (const std::string& id : trial.killers) left.erase(id);
  return {left.begin(), left.end()};
}

Report selftest(const script::Suite& suite, const smtp::Digests& digests, const Options& options) {
  return Work(suite, digests, options).run();
}

}  // namespace smtpspec::selftest
