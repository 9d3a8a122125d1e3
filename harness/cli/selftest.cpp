// selftest: the suite tried on servers with faults.
#include "smtpspec/selftest/selftest.hpp"

#include <cstdio>

#include "cli/cli.hpp"
#include "cli/shard.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/judge/rules.hpp"

namespace smtpspec::cli {
namespace {

struct SelftestFlags {
  std::vector<std::string> cases, faults;
  std::string matrix, shard;
  int jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  bool full = false, written = false;
};

// A line a fault: its id, what it breaks, who kills it.
std::string matrix_of(const selftest::Report& report) {
  std::string out = "fault\tbreaks\tplayed\tkilled by\n";
  for (const auto& trial : report.trials) {
    std::string killers;
    for (const std::string& id : trial.killers) killers += (killers.empty() ? "" : " ") + id;
    out += trial.fault->id + "\t" + trial.fault->breaks + "\t" + std::to_string(trial.played.size()) + "\t" + killers + "\n";
  }
  return out;
}

// Of cases that were named: what each kills.
void print_kills(const selftest::Report& report) {
  std::map<std::string, std::vector<const faults::Fault*>> kills;
  for (const auto& trial : report.trials)
    for (const std::string& id : trial.killers)
      if (!judge::find_rule(id)) kills[id].push_back(trial.fault);
  for (const auto& [id, faults] : kills) {
    std::printf("%s kills %zu fault%s\n", id.c_str(), faults.size(), faults.size() == 1 ? "" : "s");
    for (const faults::Fault* fault : faults) std::printf("    %s  %s\n", fault->id.c_str(), fault->says.c_str());
  }
}

bool is_generated(const selftest::Trial& trial) { return !trial.fault->cells.empty(); }

void print_survivors(const selftest::Report& report) {
  for (const auto* trial : report.survivors())
    std::printf("survives  %s  (%s): %s, %zu cases\n", trial->fault->id.c_str(), trial->fault->breaks.c_str(), trial->fault->says.c_str(),
                trial->played.size());
}

void print_tally(const selftest::Report& report) {
  struct Count {
    std::size_t all = 0, killed = 0;
  };
  Count written, generated;
  std::size_t excused = 0;
  for (const auto& trial : report.trials) {
    Count& count = is_generated(trial) ? generated : written;
    ++count.all;
    count.killed += !trial.killers.empty();
    excused += trial.killers.empty() && trial.excuse;
  }
  std::printf("%zu of %zu written and %zu of %zu generated faults are killed, %zu survive for a reason; ", written.killed, written.all,
              generated.killed, generated.all, excused);
}

int selftest_command(const SelftestFlags& flags, const Environment& environment) {
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  const auto cases = case_ids(environment, flags.cases);
  bool unknown = false;
  for (const std::string& glob : cases)
    if (const auto error = run::unknown_id(*suite, glob)) {
      complain(*error);
      unknown = true;
    }
  if (unknown) return usage;
  selftest::Options options{.jobs = flags.jobs, .full = {}, .generated = !flags.written, .faults = flags.faults, .cases = cases};
  if (flags.full) {
    const auto shard = shard_of(flags.shard);
    if (!shard) {
      complain(shard.error());
      return usage;
    }
    options.full = {.part = static_cast<std::size_t>(shard->part), .of = static_cast<std::size_t>(shard->of)};
  }
  if (environment.live)
    options.progress = [](std::size_t done, std::size_t all) {
      std::fprintf(stderr, "\r\x1b[K%zu/%zu%s", done, all, done == all ? "\r\x1b[K" : "");
    };
  const auto report = selftest::selftest(*suite, crypto::digests(), options);
  if (report.trials.empty()) {
    complain({"no fault fits --fault; smtpspec list faults names them"});
    return empty_selection;
  }
  if (!flags.matrix.empty())
    if (const auto written = write_to(flags.matrix, matrix_of(report)); !written) {
      complain(written.error());
      return usage;
    }
  if (!cases.empty()) print_kills(report);
  for (const std::string& accused : report.accused) std::printf("the conforming server is accused: %s\n", accused.c_str());
  if (!report.part) print_survivors(report);
  for (const auto* errors : {&report.stale, &report.unkept})
    for (const Error& error : *errors) complain(error);
  for (const std::string& kill : report.unforeseen) std::printf("unforeseen  %s\n", kill.c_str());
  const auto idle = report.idle();
  for (const std::string& id : idle) std::printf("kills nothing  %s\n", id.c_str());
  if (!report.part) print_tally(report);
  if (!report.judging.empty()) std::printf("%zu of %zu cases and rules kill nothing; ", idle.size(), report.judging.size());
  std::printf("%zu plays\n", report.plays);
  if (flags.full)
    std::printf("%zu of %zu pairs of a case and a fault that it does not come to were played, %zu tell the fault\n", report.tried,
                report.unreached, report.unforeseen.size());
  return report.holds() ? ok : nonconformance;
}

}  // namespace

void add_selftest(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<SelftestFlags>();
  CLI::App* command = app.add_subcommand("selftest", "Try the suite on servers that are wrong on purpose");
  command->add_option("CASE", flags->cases,
                      "Ids, folders or globs of the cases to try, each of which tells all that it kills (default: all)");
  command->add_option("--fault", flags->faults, "Only these faults")->type_name("GLOB")->allow_extra_args(false);
  command->add_option("--matrix", flags->matrix, "Write which case kills which fault, a fault a line")->type_name("FILE");
  auto* full = command->add_flag("--full", flags->full, "Play every case against every fault, also where it is known not to come to it");
  command->add_option("--shard", flags->shard, "Of what --full plays more, only part m of n")->type_name("m/n")->needs(full);
  command->add_flag("--written", flags->written, "Only the written faults, without the generated ones");
  command->add_option("-j,--jobs", flags->jobs, "Threads (default: one a core)")->check(CLI::Range(1, 256))->type_name("N");
  command->callback([flags, &environment, &status] { status = selftest_command(*flags, environment); });
}

}  // namespace smtpspec::cli
