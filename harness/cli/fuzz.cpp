// fuzz: scenarios made by grammar against a target, until the time is over. Each finding becomes a case file.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/target.hpp"
#include "fuzz/campaign/finding.hpp"
#include "smtpspec/crypto/digests.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

struct FuzzFlags {
  std::string target, time = "60s", directory = "findings";
  TargetFlags facts;
  std::vector<std::string> roles;
  std::string known;
  std::uint64_t seed = 1, scenarios = 0;
  std::size_t acts = 14;
  int jobs = 0;
  bool quiet = false;
};

std::string counted(std::size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

double seconds(session::Duration time) { return static_cast<double>(time.count()) / 1e6; }

// One line that is written over.
void show_progress(const fuzz::Report& report, session::Duration time) {
  std::string line = "\r\x1b[K" + std::to_string(static_cast<int>(seconds(time))) + " s  " + counted(report.scenarios, "scenario") + "  " +
                     std::to_string(report.replies) + " replies  " + counted(report.findings.size(), "finding");
  say(line);
}

// The findings as files; their paths.
Result<std::vector<std::string>> write_findings(const fuzz::Report& report, const std::string& directory, const script::Registry& registry,
                                                const std::string& origin) {
  std::vector<std::string> out;
  if (report.findings.empty()) return out;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return failure("cannot make the folder: " + error.message(), Place{directory});
  for (const fuzz::Found& found : report.findings) {
    const std::string path = (fs::path(directory) / (fuzz::name_of(found) + ".yaml")).string();
    const auto text = fuzz::as_case(found, registry, origin + ", scenario " + std::to_string(found.index));
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
  std::printf("    shown by %s, the first of %s now of %s\n    %s\n\n", counted(found.seen, "scenario").c_str(),
              counted(found.acts_before, "act").c_str(), std::to_string(found.scenario.acts.size()).c_str(), path.c_str());
}

void print_summary(const fuzz::Report& report, const std::string& target, std::uint64_t seed) {
  const double time = std::max(seconds(report.time), 1e-6);
  std::printf("%s: %s (%.0f/s), %lu replies, %.1f s, seed %lu\n", target.c_str(), counted(report.scenarios, "scenario").c_str(),
              static_cast<double>(report.plays) / time, static_cast<unsigned long>(report.replies), time, static_cast<unsigned long>(seed));
  std::printf("  reached: %zu of %zu productions, %zu state and input pairs; %.0f %% of the scenarios got past the hello\n",
              report.productions.size(), fuzz::productions().size(), report.seen.size(),
              report.scenarios == 0 ? 0.0 : 100.0 * static_cast<double>(report.past_hello) / static_cast<double>(report.scenarios));
  const auto of = [&](judge::Verdict verdict) {
    return static_cast<std::size_t>(std::count_if(report.findings.begin(), report.findings.end(),
                                                  [&](const fuzz::Found& found) { return found.finding.verdict == verdict; }));
  };
  std::printf("  %s", counted(report.findings.size(), "finding").c_str());
  if (!report.findings.empty())
    std::printf(" (%zu fail, %zu deviation, %zu observed)", of(judge::Verdict::fail), of(judge::Verdict::deviation),
                of(judge::Verdict::observed));
  if (!report.dropped.empty()) std::printf("; %s came once and not again", counted(report.dropped.size(), "suspicion").c_str());
  std::printf("\n");
}

int fuzz_command(const FuzzFlags& flags, const Environment& environment) {
  const auto time = script::parse_duration(flags.time);
  if (!time || time->count() == 0) {
    complain({"--for: " + (time ? "'" + flags.time + "' is no time at all" : time.error().message)});
    return usage;
  }
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  auto target = open_target(flags.target, flags.facts, environment, loop);
  if (!target) return why_not(target.error());
  const run::Profile& profile = target->profile;

  fuzz::Target about;
  for (const auto& [role, endpoint] : profile.endpoints)
    if (flags.roles.empty() || std::find(flags.roles.begin(), flags.roles.end(), to_string(role)) != flags.roles.end())
      about.roles.push_back(role);
  if (about.roles.empty()) {
    complain({"the target has none of these roles"});
    return empty_selection;
  }
  about.facts = profile.facts;
  about.setup = {.deadlines = profile.deadlines, .digests = crypto::digests(), .credentials = {}, .nonce = crypto::random_hex(8)};
  fuzz::Options options{
      .seed = flags.seed, .time = *time, .connections = flags.jobs > 0 ? flags.jobs : profile.connections, .limits = {.acts = flags.acts}};
  if (flags.scenarios > 0) options.scenarios = flags.scenarios;

  net::Transport transport(loop, profile.endpoints, target->transport_options());
  session::Time shown{};
  fuzz::Campaign campaign(std::move(about), transport, suite->registry, options, [&](const fuzz::Report& report) {
    if (!environment.live || flags.quiet || transport.now() - shown < std::chrono::milliseconds(200)) return;
    shown = transport.now();
    show_progress(report, shown);
  });
  loop.on_signal([&] {
    campaign.interrupt();
    loop.stop();
  });
  const fuzz::Report report = campaign.run();
  if (environment.live && !flags.quiet) say("\r\x1b[K");
  const std::string death = target->death();
  target->stop();

  const std::string name = profile.name.empty() ? flags.target : profile.name;
  const auto paths = write_findings(report, flags.directory, suite->registry, name + ", seed " + std::to_string(flags.seed));
  if (!paths) complain(paths.error());
  for (std::size_t i = 0; !flags.quiet && paths && i < paths->size(); ++i) print_finding(report.findings[i], (*paths)[i], environment);
  print_summary(report, name, flags.seed);
  if (!paths) return usage;
  if (!death.empty()) complain({"the target's process " + death});
  else if (!report.dead.empty()) complain({"the target is lost: " + report.dead});
  const auto is_news = [&](const fuzz::Found& found) {
    std::error_code error;
    if (found.finding.verdict == judge::Verdict::observed) return false;
    return flags.known.empty() || !fs::exists(fs::path(flags.known) / (fuzz::name_of(found) + ".yaml"), error);
  };
  if (!death.empty() || std::any_of(report.findings.begin(), report.findings.end(), is_news)) return nonconformance;
  if (report.interrupted) return ok;
  if (!report.dead.empty() || report.scenarios == 0) return unreachable;
  if (report.past_hello * 2 < report.scenarios) {
    complain({"fewer than half of the scenarios got past the hello: this was no campaign"});
    return unreachable;
  }
  return ok;
}

}  // namespace

void add_fuzz(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<FuzzFlags>();
  CLI::App* command = app.add_subcommand("fuzz", "Look for what no case asks: scenarios from a grammar, judged like cases");
  command->add_option("TARGET", flags->target, "As for run")->required();
  command->add_option("--for", flags->time, "How long (default: 60s)")->type_name("TIME");
  command->add_option("--scenarios", flags->scenarios, "No more than so many")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62))
      ->type_name("N");
  command->add_option("--seed", flags->seed, "Where the scenarios come from (default: 1)")->type_name("N");
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
  command->add_flag("-q,--quiet", flags->quiet, "Print the summary only");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(fuzz_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
