// fuzz: scenarios made by grammar against a target, until the time is over. Each finding becomes a case file.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <utility>

#include "cli/canary.hpp"
#include "cli/corpus.hpp"
#include "cli/reports.hpp"
#include "cli/shard.hpp"
#include "fuzz/campaign/finding.hpp"
#include "fuzz/coverage/coverage.hpp"
#include "fuzz/report/report.hpp"
#include "smtpspec/report/report.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

struct FuzzFlags {
  std::string target, time = "60s", directory = "findings";
  TargetFlags facts;
  std::vector<std::string> roles, reports;
  std::string known, corpus, shard, canary, coverage;
  std::uint64_t seed = 1, scenarios = 0;
  std::optional<std::uint64_t> first;
  std::size_t acts = 14;
  double rate = 0;
  int jobs = 0;
  bool deliveries = false, quiet = false;
};

// Of a target that is not on this machine, whatever the flags say (README).
constexpr double remote_rate = 10, most_remote_rate = 100;
constexpr int remote_connections = 4;

constexpr std::chrono::seconds save_every(1);
constexpr std::size_t live_width = 79;  // columns; a longer line could not be written over

std::string counted(std::size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

double seconds(session::Duration time) { return static_cast<double>(time.count()) / 1e6; }

// Processor time of this thread, which does all the work of a campaign but the target's.
session::Duration processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::duration_cast<session::Duration>(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

std::string in_words(const fuzz::Shares& shares) {
  char text[64];
  std::snprintf(text, sizeof text, "%.0f %% ours, %.0f %% the server's, %.0f %% waiting", 100 * shares.ours, 100 * shares.server,
                100 * shares.waiting);
  return text;
}

// One line that is written over.
void show_progress(const fuzz::Report& report, session::Duration time, session::Duration ours) {
  fuzz::Report so_far;
  so_far.time = time;
  so_far.answering = report.answering;
  so_far.waiting = report.waiting;
  const double per_second = static_cast<double>(report.plays) / std::max(seconds(time), 1e-6);
  const std::string line = std::to_string(static_cast<int>(seconds(time))) + " s  " + counted(report.scenarios, "scenario") + "  " +
                           counted(report.findings.size(), "finding") + "  " + std::to_string(static_cast<int>(per_second)) +
                           "/s: " + in_words(shares_of(so_far, ours));
  say("\r\x1b[K" + line.substr(0, live_width));
}

// The findings as files; their paths. Who comes second with a finding, another shard, say, leaves it as it is unless his is shorter.
Result<std::vector<std::string>> write_findings(const fuzz::Report& report, const std::string& directory, const script::Registry& registry,
                                                const std::string& origin) {
  std::vector<std::string> out;
  if (report.findings.empty()) return out;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return failure("cannot make the folder: " + error.message(), Place{directory});
  for (const fuzz::Found& found : report.findings) {
    const std::string path = (fs::path(directory) / (fuzz::name_of(found) + ".yaml")).string();
    const auto text = fuzz::as_case(found, registry, origin + ", " + found.origin);
    const auto size = fs::file_size(path, error);
    if (error || size > text.size())
      if (auto written = write_to(path, text); !written) return tl::unexpected(written.error());
    out.push_back(path);
  }
  return out;
}

void print_finding(const fuzz::Found& found, const std::string& path, const Environment& environment) {
  const auto bold = [&](const std::string& text) { return environment.color_out ? "\x1b[1m" + text + "\x1b[0m" : text; };
  const judge::Finding& finding = found.finding;
  std::printf("%s  %s%s%s\n", bold(std::string(to_string(finding.verdict))).c_str(), finding.rule.c_str(), finding.step.empty() ? "" : ", ",
              finding.step.c_str());
  for (const std::string& id : finding.requirements) std::printf("    %s\n", id.c_str());
  std::printf("    expected %s\n    but came %s\n", printable(finding.expected).c_str(), printable(finding.came).c_str());
  for (std::size_t i = 0; i < found.transcript.entries.size(); ++i) {
    const auto& entry = found.transcript.entries[i];
    const char* who = entry.kind == session::Entry::Kind::sent ? "C:" : entry.kind == session::Entry::Kind::note ? "--" : "S:";
    std::printf("      %s %s%s\n", who, entry.shown(160).c_str(), static_cast<int>(i) == finding.entry ? "   <--" : "");
  }
  for (const std::string& line : found.log) std::printf("      log: %s\n", printable(line).c_str());
  std::printf("    shown by %s, the first of %s now of %s\n    %s\n\n", counted(found.seen, "scenario").c_str(),
              counted(found.acts_before, "act").c_str(), std::to_string(found.scenario.acts.size()).c_str(), path.c_str());
}

std::string summary_of(const fuzz::Report& report, const fuzz::Setting& setting) {
  const double time = std::max(seconds(report.time), 1e-6);
  const std::uint64_t all = report.scenarios + report.replayed;
  char line[400];
  std::snprintf(line, sizeof line, "%s (%.0f/s: %s), %ju replies, %.1f s, seed %ju, next %ju\n",
                counted(report.scenarios, "scenario").c_str(), static_cast<double>(report.plays) / time,
                in_words(shares_of(report, setting.ours)).c_str(), static_cast<std::uintmax_t>(report.replies), time,
                static_cast<std::uintmax_t>(setting.options.seed), static_cast<std::uintmax_t>(report.next));
  std::string out = setting.target + ": " + line;
  if (report.replayed > 0)
    out += "  corpus: " + counted(report.replayed, "scenario") + " replayed, " + std::to_string(report.corpus) + " in use\n";
  std::snprintf(line, sizeof line,
                "  reached: %zu of %zu productions, %zu state and input pairs; %.0f %% of the scenarios got past the hello\n",
                report.productions.size(), fuzz::sayable_productions(), report.seen.size(),
                all == 0 ? 0.0 : 100.0 * static_cast<double>(report.past_hello) / static_cast<double>(all));
  out += line;
  if (setting.instrumented) out += "  coverage: " + counted(report.places, "place") + " of the target's code\n";
  const auto of = [&](judge::Verdict verdict) {
    return std::to_string(std::count_if(report.findings.begin(), report.findings.end(),
                                        [&](const fuzz::Found& found) { return found.finding.verdict == verdict; }));
  };
  out += "  " + counted(report.findings.size(), "finding");
  if (!report.findings.empty())
    out += " (" + of(judge::Verdict::fail) + " fail, " + of(judge::Verdict::deviation) + " deviation, " + of(judge::Verdict::observed) +
           " observed)";
  if (!report.dropped.empty()) out += "; " + counted(report.dropped.size(), "suspicion") + " came once and not again";
  return out + "\n";
}

// The corpus as a campaign goes on: first what is new, then the index behind it, so that what a kill takes is made again.
class Keeper {
 public:
  Keeper(CorpusFolder* folder, const fuzz::Options& options) : folder_(folder), options_(options) {}
  void add(const fuzz::Scenario& scenario) { fresh_.push_back(scenario); }
  void save(std::uint64_t next) {
    if (!folder_ || failed_) return;
    Result<void> done;
    for (const fuzz::Scenario& one : std::exchange(fresh_, {}))
      if (done) done = folder_->add(one);
    if (done) done = folder_->set_next(options_.seed, options_.shard, options_.shards, next);
    failed_ = !done;
    if (failed_) complain(done.error());
  }
  bool failed() const { return failed_; }

 private:
  CorpusFolder* folder_;
  const fuzz::Options& options_;
  std::vector<fuzz::Scenario> fresh_;
  bool failed_ = false;
};

Result<fuzz::Options> fuzz_options(const FuzzFlags& flags) {
  const auto time = script::parse_duration(flags.time);
  if (!time || time->count() == 0) return failure("--for: " + (time ? "'" + flags.time + "' is no time at all" : time.error().message));
  const auto shard = shard_of(flags.shard);
  if (!shard) return tl::unexpected(shard.error());
  fuzz::Options options{.seed = flags.seed,
                        .shard = static_cast<std::uint64_t>(shard->part),
                        .shards = static_cast<std::uint64_t>(shard->of),
                        .time = *time,
                        .limits = {.acts = flags.acts}};
  if (flags.scenarios > 0) options.scenarios = flags.scenarios;
  return options;
}

void limit(fuzz::Options& options, const FuzzFlags& flags, const Target& target) {
  options.connections = flags.jobs > 0 ? flags.jobs : target.profile.connections;
  options.rate = flags.rate;
  if (!target.remote) return;
  options.connections = std::min(options.connections, remote_connections);
  options.rate = flags.rate > 0 ? std::min(flags.rate, most_remote_rate) : remote_rate;
}

// Why it was no campaign, or "".
std::string trouble_of(const fuzz::Report& report) {
  if (!report.dead.empty()) return "the target is lost: " + report.dead;
  const std::uint64_t all = report.scenarios + report.replayed;
  if (report.interrupted || report.past_hello * 2 >= all) return all == 0 && !report.interrupted ? "no scenario could be played" : "";
  return "fewer than half of the scenarios got past the hello: this was no campaign";
}

bool write_reports(const std::vector<WantedReport>& reports, const fuzz::Report& report, const fuzz::Setting& setting,
                   const script::Registry& registry) {
  bool written = true;
  for (const WantedReport& wanted : reports) {
    const report::Suite about{setting.version, "", "fuzz"};
    const std::string text = wanted.kind == "json"    ? fuzz::json(report, setting)
                             : wanted.kind == "html"  ? fuzz::html(report, setting, registry)
                             : wanted.kind == "junit" ? report::junit(fuzz::as_run(report, setting), about, registry)
                                                      : report::sarif(fuzz::as_run(report, setting), about, registry);
    if (const auto done = write_to(wanted.path, text); !done) {
      complain(done.error());
      written = false;
    }
  }
  return written;
}

int status_of(const fuzz::Report& report, const fuzz::Setting& setting) {
  for (std::size_t i = 0; i < report.findings.size(); ++i)
    if (report.findings[i].finding.verdict != judge::Verdict::observed && !setting.known.contains(i)) return nonconformance;
  if (!setting.trouble.empty()) return unreachable;
  return fuzz::untold_deaths(report).empty() ? ok : nonconformance;
}

int fuzz_command(const FuzzFlags& flags, const Environment& environment) {
  auto options = fuzz_options(flags);
  auto reports = reports_of(flags.reports, fuzz_reports);
  for (const auto* error : {options ? nullptr : &options.error(), reports ? nullptr : &reports.error()})
    if (error) {
      complain(*error);
      return usage;
    }
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  std::optional<CorpusFolder> folder;
  std::vector<fuzz::Replayed> corpus;
  if (!flags.corpus.empty()) {
    auto opened = CorpusFolder::open(flags.corpus);
    if (!opened) {
      complain(opened.error());
      return usage;
    }
    folder = std::move(*opened);
    corpus = folder->entries();
    options->first = folder->next(options->seed, options->shard, options->shards).value_or(0);
  }
  if (flags.first) options->first = *flags.first;
  options->guided = flags.coverage == "guide";
  std::optional<fuzz::Coverage> coverage;
  if (!flags.coverage.empty()) {
    auto created = fuzz::Coverage::create();
    if (!created) {
      complain(created.error());
      return usage;
    }
    coverage.emplace(std::move(*created));
    ::setenv(fuzz::Coverage::variable, coverage->id().c_str(), 1);
  }

  fuzz::Setting setting{.version = version(), .started = now_in_utc()};
  auto target = open_target(flags.target, flags.facts, environment, loop);
  if (!target) return why_not(target.error());
  if (coverage && !coverage->attached()) {
    complain(
        {std::string("--coverage: the target was not linked with the runtime (fuzz/README.md), was not started by us, or does not hand ") +
         fuzz::Coverage::variable + " on to its processes"});
    return usage;
  }
  std::optional<CanaryFolder> canary;
  // What we start writes where we look.
  if (!flags.canary.empty() || target->starter) {
    auto made = flags.canary.empty() ? CanaryFolder::make() : CanaryFolder::open(flags.canary);
    if (!made) {
      complain({(flags.canary.empty() ? "" : "--canary: ") + made.error().message, made.error().place});
      return usage;
    }
    canary.emplace(std::move(*made));
    target->profile.facts.values["canary"] = canary->fact();
  }
  if (flags.deliveries && !target->attendant().observers.contains(script::Where::mailbox)) {
    complain({"--deliveries needs the mailbox of the recipient: " + std::string(run::how_to_give("mailbox"))});
    return usage;
  }
  const run::Profile& profile = target->profile;
  std::vector<smtp::Role> roles;
  for (const auto& [role, endpoint] : profile.endpoints)
    if (flags.roles.empty() || std::find(flags.roles.begin(), flags.roles.end(), to_string(role)) != flags.roles.end()) {
      roles.push_back(role);
      setting.endpoints.emplace(role, endpoint);
    }
  if (roles.empty()) {
    complain({"the target has none of these roles"});
    return empty_selection;
  }
  limit(*options, flags, *target);
  setting.options = *options;
  setting.instrumented = coverage.has_value();
  setting.target = profile.name.empty() ? flags.target : profile.name;
  setting.target_version = profile.version;

  net::Transport transport(loop, profile.endpoints, target->transport_options());
  Keeper keeper(folder ? &*folder : nullptr, *options);
  session::Time shown{}, saved{};
  const session::Duration before = processor_time();
  fuzz::Calls calls{.attendant = target->attendant()};
  if (coverage) calls.places = [&] { return coverage->fresh(); };
  if (canary) calls.canaries = [&] { return canary->names(); };
  if (flags.deliveries) calls.mailbox = calls.attendant.observers.at(script::Where::mailbox);
  if (folder) calls.fresh = [&](const fuzz::Scenario& scenario) { keeper.add(scenario); };
  calls.progress = [&](const fuzz::Report& report) {
    const session::Time now = transport.now();
    if (now - saved >= save_every) {
      saved = now;
      keeper.save(report.next);
    }
    if (!environment.live || flags.quiet || now - shown < std::chrono::milliseconds(200)) return;
    shown = now;
    show_progress(report, now, processor_time() - before);
  };
  fuzz::Campaign campaign(fuzz_target(profile, std::move(roles)), transport, suite->registry, *options, calls);
  loop.on_signal([&] {
    campaign.interrupt();
    loop.stop();
  });
  const fuzz::Report report = campaign.run(std::move(corpus));
  setting.ours = processor_time() - before;
  keeper.save(report.next);
  if (environment.live && !flags.quiet) say("\r\x1b[K");
  target->stop();

  const auto paths = write_findings(report, flags.directory, suite->registry, setting.target + ", seed " + std::to_string(flags.seed));
  if (!paths) complain(paths.error());
  else setting.files = *paths;
  std::error_code error;
  for (std::size_t i = 0; i < report.findings.size(); ++i)
    if (!flags.known.empty() && fs::exists(fs::path(flags.known) / (fuzz::name_of(report.findings[i]) + ".yaml"), error))
      setting.known.insert(i);
  setting.trouble = trouble_of(report);
  const bool elsewhere = to_standard_output(*reports);  // goes what is for people
  for (std::size_t i = 0; !flags.quiet && !elsewhere && i < setting.files.size(); ++i)
    print_finding(report.findings[i], setting.files[i], environment);
  const std::string summary = summary_of(report, setting);
  elsewhere ? say(summary) : static_cast<void>(std::fputs(summary.c_str(), stdout));
  for (const std::string& what : report.grew) complain({"the target holds more " + what});
  for (const std::string& how : report.deaths) complain({"the target's process " + how});
  if (!setting.trouble.empty()) complain({setting.trouble});
  const bool written = write_reports(*reports, report, setting, suite->registry);
  if (!paths || !written || keeper.failed()) return usage;
  return status_of(report, setting);
}

}  // namespace

void add_fuzz(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<FuzzFlags>();
  CLI::App* command = app.add_subcommand("fuzz", "Look for what no case asks: scenarios from a grammar, judged like cases");
  command->add_option("TARGET", flags->target, "As for run")->required();
  command->add_option("--for", flags->time, "How long (default: 60s)")->type_name("TIME");
  command->add_option("--scenarios", flags->scenarios, "No more than so many")->check(CLI::PositiveNumber)->type_name("N");
  command->add_option("--seed", flags->seed, "Where the scenarios come from (default: 1)")->type_name("N");
  command->add_option("--first", flags->first, "The first scenario's number (default: 0, or where the corpus's state says)")
      ->type_name("N");
  command->add_option("--shard", flags->shard, "Only part m of n of the scenarios of the seed")->type_name("m/n");
  command->add_option("--corpus", flags->corpus, "A folder of scenarios that showed something: played first, gone on from, added to")
      ->type_name("DIR");
  command
      ->add_option("--canary", flags->canary,
                   "A folder that the target sees, in which nothing may make a file (default: one of our own, with --start)")
      ->type_name("DIR");
  command->add_flag("--deliveries", flags->deliveries, "Compare what arrives in the mailbox of the profile with what was sent");
  command->add_option("--findings", flags->directory, "The folder for case files of what is found (default: findings)")->type_name("DIR");
  command->add_option("--known", flags->known, "A folder of findings that are known: they do not count for the exit status")
      ->check(CLI::ExistingDirectory)
      ->type_name("DIR");
  command->add_option("--role", flags->roles, "Only these roles")
      ->check(CLI::IsMember(std::vector<std::string>(run::role_words().begin(), run::role_words().end())))
      ->type_name("ROLE")
      ->allow_extra_args(false);
  command->add_option("--acts", flags->acts, "Commands of a scenario at most (default: 14)")->check(CLI::Range(2, 200))->type_name("N");
  command->add_option("-j,--jobs", flags->jobs, "Sessions at once (default: as many as the target takes connections)")
      ->check(CLI::Range(1, 500))
      ->type_name("N");
  command->add_option("--rate", flags->rate, "Sessions a second at most (default: no limit; 10 where a target is not on this machine)")
      ->check(CLI::Range(0.001, 1e6))
      ->type_name("N");
  command
      ->add_option(
          "--coverage", flags->coverage,
          "Count the places of the target's code that are reached, or be guided by them too; it is built for that (fuzz/README.md)")
      ->check(CLI::IsMember({"guide", "count"}))
      ->type_name("HOW");
  add_reports(*command, flags->reports, fuzz_reports);
  command->add_flag("-q,--quiet", flags->quiet, "Print the summary only");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(fuzz_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
