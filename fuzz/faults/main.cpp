// smtpspec_fuzz_faults: the fuzzer tried on servers with faults, in memory, without a case file; and on the conforming one, which has
// to show nothing.
//
//   smtpspec_fuzz_faults                          every fault that a session can show, ten seconds each
//   smtpspec_fuzz_faults --part 3/20 --scenarios 1500 'chunks/*'
//   smtpspec_fuzz_faults --clean 1000000
//
// A line a fault: which rule found it, at which scenario, to how many acts it was shortened. What only the comparison with the
// reference server shows (fuzz/oracle/compare.hpp) is marked and counted apart: a fault is put into that very server, so that there
// the comparison is at its best.
#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "fuzz/campaign/campaign.hpp"
#include "fuzz/oracle/compare.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/faults/fault.hpp"
#include "smtpspec/observe/store.hpp"
#include "smtpspec/run/selection.hpp"
#include "smtpspec/script/suite.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::fuzz {
namespace {

struct Flags {
  std::vector<std::string> faults;
  std::string cases = SMTPSPEC_CASES_DIRECTORY;
  double seconds = 10;
  std::uint64_t scenarios = 0, seed = 1, clean = 0;
  std::string part;
  int jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  double at_least = 0;
  bool compare = false, shorten = true;
};

const faults::Fault no_fault{"none", "", ""};

// A campaign against the server of the fault, one connection at a time, until it is accused.
Report campaign(const faults::Fault& fault, const script::Registry& registry, Options options, double seconds) {
  serve::MemoryStore behind;
  observe::WatchedStore store(behind, {{"alice", delivery::Where::mailbox}});
  // Silence of the client counts only when it outlasts all that a scenario waits for.
  faults::FaultyServer server(fault, {.idle = std::chrono::minutes(30)}, store, crypto::digests());
  session::MemoryTransport transport([&](smtp::Role role) { return (*server).accept(role); },
                                     [&] {
                                       server.restart();
                                       return std::string();
                                     });
  run::Profile profile = selftest::reference_profile((*server).config());
  complete_facts(profile, "t1");
  Target target{{smtp::Role::relay, smtp::Role::submission, smtp::Role::submissions},
                profile.facts,
                {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}};
  target.setup.deadlines.greeting = target.setup.deadlines.reply = std::chrono::minutes(5);
  target.setup.deadlines.data = std::chrono::minutes(10);
  options.connections = 1;
  options.limits.patient = true;
  options.limits.restart = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  Campaign* running = nullptr;
  Campaign search(std::move(target), transport, registry, options,
                  {.progress =
                       [&](const Report&) {
                         if (seconds > 0 && std::chrono::steady_clock::now() >= end) running->interrupt();
                       },
                   .mailbox = &store.at(delivery::Where::mailbox)});
  running = &search;
  return search.run();
}

const Found* accusing(const Report& report) {
  for (const Found& found : report.findings)
    if (found.finding.verdict != judge::Verdict::observed) return &found;
  return nullptr;
}

struct Tally {
  std::size_t all = 0, by_law = 0, by_comparison = 0;
  void print(const char* which) const {
    const double whole = all ? static_cast<double>(all) / 100 : 1;
    std::printf("%s: %zu of %zu found (%.1f %%), %zu by the law (%.1f %%), %zu by comparison alone\n", which, by_law + by_comparison, all,
                static_cast<double>(by_law + by_comparison) / whole, by_law, static_cast<double>(by_law) / whole, by_comparison);
  }
};

// "3/20": every twentieth fault, from the third.
std::pair<std::size_t, std::size_t> part_of(const std::string& text) {
  std::size_t part = 1, of = 1;
  if (!text.empty() && (std::sscanf(text.c_str(), "%zu/%zu", &part, &of) != 2 || part < 1 || part > of))
    throw CLI::ValidationError("--part", "is M/N, with 1 <= M <= N");
  return {part, of};
}

std::vector<const faults::Fault*> selected(const Flags& flags, const script::Suite& suite) {
  std::vector<const faults::Fault*> out;
  const auto [part, of] = part_of(flags.part);
  std::size_t number = 0;
  for (const faults::Fault* fault : faults::all()) {
    const bool hidden = !fault->cells.empty() && std::any_of(suite.survivors.begin(), suite.survivors.end(),
                                                             [&](const auto& survivor) { return run::fits(survivor.faults, fault->id); });
    if (hidden || (!flags.faults.empty() && !run::fits_any(flags.faults, fault->id))) continue;
    if (number++ % of + 1 == part) out.push_back(fault);
  }
  return out;
}

int try_faults(const Flags& flags, const script::Suite& suite) {
  const auto chosen = selected(flags, suite);
  if (chosen.empty()) throw CLI::ValidationError("faults", "none is selected");
  Tally written, generated;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i; (i = next++) < chosen.size();) {
      const faults::Fault& fault = *chosen[i];
      Options options{.seed = flags.seed, .compare = true, .stop_at_first = true};
      if (!flags.shorten) options.most_plays = 0;
      if (flags.scenarios) options.scenarios = flags.scenarios;
      const Report report = campaign(fault, suite.registry, options, flags.seconds);
      const Found* law = accusing(report);
      const Found* found = law ? law : report.findings.empty() ? nullptr : &report.findings.front();
      const std::lock_guard lock(mutex);
      Tally& tally = fault.cells.empty() ? written : generated;
      ++tally.all;
      tally.by_law += law != nullptr;
      tally.by_comparison += !law && found;
      if (!found)
        std::printf("survives  %s  after %ju scenarios: %s\n", fault.id.c_str(), static_cast<std::uintmax_t>(report.scenarios),
                    fault.says.c_str());
      else
        std::printf("%s  %s  by %s at %ju, %zu acts shortened to %zu: %s: %s\n", law ? "found   " : "compared", fault.id.c_str(),
                    found->finding.rule.c_str(), static_cast<std::uintmax_t>(found->index), found->acts_before, found->scenario.acts.size(),
                    found->finding.step.c_str(), found->finding.came.c_str());
      std::fflush(stdout);
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < flags.jobs; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  if (written.all) written.print("written");
  if (generated.all) generated.print("generated");
  const std::size_t found = written.by_law + written.by_comparison + generated.by_law + generated.by_comparison;
  return 100 * static_cast<double>(found) < flags.at_least * static_cast<double>(written.all + generated.all) ? 1 : 0;
}

// The conforming server in as many campaigns as there are jobs, each with a part of the scenarios.
int try_clean(const Flags& flags, const script::Suite& suite) {
  std::vector<Report> reports(static_cast<std::size_t>(flags.jobs));
  std::vector<std::thread> threads;
  const std::uint64_t each = flags.clean / reports.size() + 1;
  for (std::size_t i = 0; i < reports.size(); ++i)
    threads.emplace_back([&, i] {
      reports[i] =
          campaign(no_fault, suite.registry, {.seed = flags.seed, .first = i * each, .scenarios = each, .compare = flags.compare}, 0);
    });
  for (auto& thread : threads) thread.join();
  std::uint64_t scenarios = 0, suspicions = 0, replies = 0;
  std::set<std::uint16_t> said;
  std::set<std::pair<smtp::State, smtp::Input>> seen;
  for (const Report& report : reports) {
    scenarios += report.scenarios;
    replies += report.replies;
    suspicions += report.dropped.size() + report.findings.size();
    said.insert(report.productions.begin(), report.productions.end());
    for (const auto& [place, codes] : report.seen) seen.insert(place);
  }
  std::printf("%ju scenarios, %ju replies, %ju suspicions; %zu of %zu productions said, %zu places of the model seen\n",
              static_cast<std::uintmax_t>(scenarios), static_cast<std::uintmax_t>(replies), static_cast<std::uintmax_t>(suspicions),
              said.size(), sayable_productions(), seen.size());
  for (const Report& report : reports)
    for (const std::string& what : report.dropped) std::printf("suspicion  %s\n", what.c_str());
  return suspicions ? 1 : 0;
}

}  // namespace
}  // namespace smtpspec::fuzz

int main(int argc, char** argv) {
  using namespace smtpspec;
  fuzz::Flags flags;
  CLI::App app("The fuzzer tried on the faults of the reference server, in memory");
  app.add_option("faults", flags.faults, "Ids of faults, or globs over them; none: all that a session can show");
  app.add_option("--seconds", flags.seconds, "For each fault; 0: no end but --scenarios")->capture_default_str();
  app.add_option("--scenarios", flags.scenarios, "At most, for each fault: the same on every machine");
  app.add_option("--seed", flags.seed)->capture_default_str();
  app.add_option("--part", flags.part, "M/N: every Nth fault, from the Mth");
  app.add_option("-j,--jobs", flags.jobs)->check(CLI::PositiveNumber);
  app.add_option("--at-least", flags.at_least, "Exit status 1 when a smaller share, in percent, is found");
  app.add_option("--clean", flags.clean, "Plays so many scenarios on the conforming server instead; any suspicion is exit status 1");
  app.add_flag("--shorten,!--no-shorten", flags.shorten, "Shortens what is found (default)");
  app.add_flag("--compare", flags.compare, "With --clean: compares with another reference server, too");
  app.add_option("--cases", flags.cases, "The suite, for its requirements and for the faults that no session shows");
  CLI11_PARSE(app, argc, argv);
  const auto suite = script::load_suite(flags.cases);
  if (!suite) return std::fprintf(stderr, "%s\n", suite.error().message.c_str()), 2;
  try {
    return flags.clean ? fuzz::try_clean(flags, *suite) : fuzz::try_faults(flags, *suite);
  } catch (const CLI::Error& error) {
    return app.exit(error);
  }
}
