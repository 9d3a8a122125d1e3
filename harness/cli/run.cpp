#include "smtpspec/run/run.hpp"

#include <cstdio>
#include <ctime>
#include <set>

#include "cli/reports.hpp"
#include "cli/shard.hpp"
#include "cli/target.hpp"
#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {
namespace {

struct RunFlags {
  std::string target;
  TargetFlags facts;
  std::vector<std::string> cases, skip, covers, tags, roles, reports;
  std::vector<std::string> files;  // replay: case files in place of the suite's
  std::string level = "must", shard, waivers;
  bool slow = false, by_letter = false, fail_fast = false, json = false, quiet = false;
  int jobs = 0, repeat = 1;
  int verbose = 0;
};

Result<run::Options> options_of(const RunFlags& flags, const Environment& environment) {
  run::Options options;
  options.jobs = flags.jobs;
  options.fail_fast = flags.fail_fast;
  options.repeat = flags.repeat;
  auto& s = options.selection;
  s.globs = case_ids(environment, flags.cases);
  s.skip = flags.skip;
  s.covers = flags.covers;
  s.tags = flags.tags;
  s.slow = flags.slow;
  for (const std::string& word : flags.roles) s.roles.push_back(*run::role_named(word));
  const auto shard = shard_of(flags.shard);
  if (!shard) return tl::unexpected(shard.error());
  s.shard = shard->part;
  s.shards = shard->of;
  return options;
}

class Screen {
 public:
  Screen(const Environment& environment, const RunFlags& flags, std::vector<std::string> named, const script::Registry& registry,
         report::TerminalOptions options, Printer& printer)
      : environment_(environment),
        flags_(flags),
        named_(std::move(named)),
        registry_(registry),
        options_(std::move(options)),
        printer_(printer) {}

  void result(std::size_t done, std::size_t all, const run::TestResult& test) {
    if (flags_.json) printer_.out(report::json_line(test) + "\n");
    else if (wanted(test) && (fresh(test) || flags_.verbose >= 1)) {
      clear();
      const std::string text = report::terminal_test(test, registry_, options_);
      const bool one_line = text.find('\n') + 1 == text.size();
      printer_.out(one_line ? text : text + "\n");
    }
    if (test.verdict == judge::Verdict::fail && test.waived.empty()) ++failed_;
    if (environment_.live && !flags_.quiet && !flags_.json) {
      printer_.error("\r\x1b[K" + std::to_string(done) + "/" + std::to_string(all) + "  " + std::to_string(failed_) + " failed  " +
                     test.id.substr(0, 50));
      dirty_ = true;
    }
  }
  void clear() {
    if (dirty_) printer_.error("\r\x1b[K");
    dirty_ = false;
  }

 private:
  // One row or role of a bug is shown; the summary names the others.
  bool fresh(const run::TestResult& test) {
    const std::string key = report::bug_key(test);
    return key.empty() || shown_.insert(key).second;
  }
  bool wanted(const run::TestResult& test) const {
    using judge::Verdict;
    if (flags_.quiet) return false;
    if (flags_.verbose >= 2 || is_named(test)) return true;
    if (!test.waived.empty()) return flags_.verbose >= 1;
    if (test.verdict == Verdict::fail || test.verdict == Verdict::deviation || test.verdict == Verdict::error)
      return flags_.verbose >= 1 || !test.by_letter || flags_.by_letter;
    if (test.verdict == Verdict::inconclusive) return !stopped(test) || flags_.verbose >= 1;
    return flags_.verbose >= 1 && test.verdict != Verdict::pass;
  }
  // Who names a case wants to hear of it, whatever came.
  bool is_named(const run::TestResult& test) const {
    const auto is = [&](const std::string& name) { return name == test.id || (test.test && !test.rule && name == test.test->id); };
    return std::any_of(named_.begin(), named_.end(), is);
  }
  static bool stopped(const run::TestResult& test) { return test.transcript.entries.empty(); }

  const Environment& environment_;
  const RunFlags& flags_;
  const std::vector<std::string> named_;  // globs, of which some are ids
  const script::Registry& registry_;
  report::TerminalOptions options_;
  Printer& printer_;
  std::set<std::string> shown_;  // keys of bugs
  std::size_t failed_ = 0;
  bool dirty_ = false;
};

Result<std::vector<run::Waiver>> waivers_of(const std::string& file, const script::Suite& suite) {
  if (file.empty()) return {};
  auto text = script::read_file(file);
  if (!text) return tl::unexpected(text.error());
  return run::parse_waivers(*text, file, suite);
}

// The day as the user's calendar has it.
std::string today() { return time_now("%F", ::localtime_r); }

report::TerminalOptions terminal_options(const RunFlags& flags, const Environment& environment, const session::Secrets& secrets) {
  report::TerminalOptions out{.color = environment.color_out,
                              .width = environment.width,
                              .verbosity = flags.quiet ? -1 : flags.verbose,
                              .by_letter = flags.by_letter,
                              .level = *script::parse_level(flags.level),
                              .variables = {},
                              .command = {"smtpspec"},
                              .flags = flags.facts.words()};
  for (std::string& word : out.flags) word = secrets.mask(word);
  if (const std::string variable = flags.facts.password_variable(); !variable.empty()) out.variables = {variable};
  if (environment.cases_given) out.command.insert(out.command.end(), {"--cases", environment.cases});
  out.command.insert(out.command.end(), {flags.files.empty() ? "run" : "replay", flags.target});
  if (flags.slow) out.flags.push_back("--slow");
  if (flags.repeat > 1) out.flags.insert(out.flags.end(), {"--repeat", std::to_string(flags.repeat)});
  if (flags.by_letter) out.flags.push_back("--by-letter");
  return out;
}

// What was found counts whatever became of the target afterwards.
int status_of(const run::Run& result, const report::TerminalOptions& options) {
  const auto any = [&](const auto& is) { return std::any_of(result.tests.begin(), result.tests.end(), is); };
  if (any([&](const run::TestResult& test) { return report::counts(test, options); })) return nonconformance;
  if (result.dead) return unreachable;
  if (!result.deaths.empty()) return nonconformance;
  if (result.count(judge::Verdict::error) > 0) return internal;
  const bool answered = any([](const run::TestResult& test) {
    return test.test && test.verdict != judge::Verdict::inconclusive && test.verdict != judge::Verdict::skip;
  });
  const bool hidden = any([](const run::TestResult& test) { return test.test && test.verdict == judge::Verdict::inconclusive; });
  return hidden && !answered ? unreachable : ok;
}

// What the suite has to say about the options; false when that is a complaint.
bool complete(run::Options& options, const RunFlags& flags, const script::Suite& suite) {
  std::vector<Error> errors = run::unknown_patterns(suite, options.selection);
  auto waivers = waivers_of(flags.waivers, suite);
  if (!waivers) errors.push_back(waivers.error());
  else options.waivers = std::move(*waivers);
  options.today = today();
  for (const Error& error : errors) complain(error);
  return errors.empty();
}

// The summary and the reports. What cannot be written costs itself only; false when there was such a thing.
bool write_results(const report::Reported& reported, const RunFlags& flags, const std::vector<WantedReport>& reports,
                   const script::Suite& suite, const report::TerminalOptions& terminal, Printer& printer) {
  const run::Run& result = reported.run;
  const bool to_stdout = flags.json || to_standard_output(reports);
  std::string summary = report::terminal_summary(result, terminal);
  if (to_stdout || result.nobody_there()) printer.error(std::move(summary));
  else printer.out(std::move(summary));
  bool written = true;
  const auto check = [&](const Result<void>& one) {
    if (!one) complain(one.error());
    written = written && one;
  };
  for (const WantedReport& wanted : reports) {
    std::string text = report_of(wanted.kind, reported, suite);
    if (wanted.path == "-") printer.out(std::move(text));
    else check(write_to(wanted.path, text));
  }
  // Who went away, or is not waited for any longer, need not be told.
  const auto printed = printer.finish();
  if (!printed && !printer.abandoned()) complain(printed.error());
  return written && printed;
}

// The files in place of the suite's cases; false when one cannot be read.
bool take_files(script::Suite& suite, const std::vector<std::string>& files) {
  suite.cases.clear();
  suite.errors.clear();
  suite.digest_input.clear();
  bool good = true;
  for (const std::string& file : files) {
    auto test = read_case(case_file(file));
    if (!test) {
      complain(test.error());
      good = false;
      continue;
    }
    suite.digest_input += test->id + "\n" + test->source;
    suite.cases.push_back(std::move(*test));
  }
  return good;
}

int run_command(const RunFlags& flags, const Environment& environment) {
  auto options = options_of(flags, environment);
  auto reports = reports_of(flags.reports, run_reports);
  for (const auto* error : {options ? nullptr : &options.error(), reports ? nullptr : &reports.error()})
    if (error) {
      complain(*error);
      return usage;
    }
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  auto suite = open_suite(environment, !flags.files.empty());
  if (!suite || (!flags.files.empty() && !take_files(*suite, flags.files))) return usage;
  if (!complete(*options, flags, *suite)) return usage;

  auto target = open_target(flags.target, flags.facts, environment, loop);
  if (!target) return why_not(target.error());
  net::Transport transport(loop, target->profile.endpoints, target->transport_options());

  const report::TerminalOptions terminal = terminal_options(flags, environment, session::Secrets(target->profile.facts.get("password")));
  Printer printer;
  Screen screen(environment, flags, options->selection.globs, suite->registry, terminal, printer);
  run::Runner runner(*suite, target->profile, *options, transport,
                     {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = crypto::random_hex(8)},
                     {[&](std::size_t done, std::size_t all, const run::TestResult& test) { screen.result(done, all, test); },
                      [&] { return printer.backed_up(); }},
                     target->attendant());
  if (runner.selected() == 0) {
    complain({"the selection is empty: no test case fits all of the filters and the target's roles"});
    return empty_selection;
  }
  const auto finish = [&] {
    runner.interrupt();
    loop.stop();
  };
  loop.on_signal(finish);
  printer.on_left(finish);
  const std::string started = now_in_utc();
  run::Run result = runner.run();
  result.started = started;
  screen.clear();
  if (const std::string death = target->death(); !death.empty()) result.deaths.push_back("the target's process " + death);
  const int status = status_of(result, terminal);
  if (status != ok) target->keep_logs_of(result);
  target->stop();

  const report::Reported reported{std::move(result),
                                  {version(), crypto::sha256_hex(suite->digest_input), flags.files.empty() ? "run" : "replay",
                                   options->selection.shard, options->selection.shards}};
  if (!write_results(reported, flags, *reports, *suite, terminal, printer)) return usage;
  return status == ok && !suite->errors.empty() ? usage : status;
}

}  // namespace

std::string case_file(const std::string& path) { return path.ends_with(".yaml") ? path : path + ".yaml"; }

Result<script::Case> read_case(const std::string& file) {
  const auto text = script::read_file(file);
  return text ? script::parse_case(*text, file.substr(0, file.size() - 5), file) : tl::unexpected(text.error());
}

void add_run(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<RunFlags>();
  CLI::App* command = app.add_subcommand("run", "Run test cases against a server and judge it");
  command
      ->add_option("TARGET", flags->target,
                   "A URL (smtp://HOST[:PORT], submission://… or submissions://…), a profile file, embedded (the reference server), or "
                   "lab:NAME (a real server started here)")
      ->required();
  command->add_option("CASE", flags->cases, "Ids, folders or globs of the cases to run (default: all)");
  command->add_option("--skip", flags->skip, "Leave out these cases and rules; ids, folders or globs")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_option("--covers", flags->covers, "Only cases that cover these requirements")->type_name("GLOB")->allow_extra_args(false);
  command->add_option("--tag", flags->tags, "Only cases with one of these tags: security, load, …")
      ->type_name("TAG")
      ->allow_extra_args(false);
  command->add_option("--role", flags->roles, "Only these roles")
      ->check(CLI::IsMember(std::vector<std::string>(run::role_words().begin(), run::role_words().end())))
      ->type_name("ROLE")
      ->allow_extra_args(false);
  command->add_option("--level", flags->level, "The mildest level whose breach makes the exit status 1 (default: must)")
      ->check(CLI::IsMember({"must", "should", "may"}))
      ->type_name("LEVEL");
  command->add_flag("--by-letter", flags->by_letter,
                    "Findings by rules that nearly every deployed server breaks count for the exit status too");
  command->add_flag("--slow", flags->slow, "Run the slow cases too, which wait for minutes");
  command->add_option("-j,--jobs", flags->jobs, "Sessions at once (default: as many as the target takes connections)")
      ->check(CLI::Range(1, 500))
      ->type_name("N");
  command->add_option("--shard", flags->shard, "Run part m of n of the selection")->type_name("m/n");
  command->add_option("--repeat", flags->repeat, "Play each test N times; a verdict that changes is flaky, and inconclusive")
      ->check(CLI::Range(1, 1000))
      ->type_name("N");
  command->add_option("--waivers", flags->waivers, "Known findings that do not count for the exit status")->type_name("FILE");
  command->add_flag("--fail-fast", flags->fail_fast, "Stop at the first fail");
  add_reports(*command, flags->reports, run_reports);
  command->add_flag("--json", flags->json, "Print one JSON object a line as results come");
  command->add_flag("-q,--quiet", flags->quiet, "Print the summary only");
  command->add_flag("-v,--verbose", flags->verbose,
                    "Print every row and role of a finding, and what was observed and skipped; twice: every test with its transcript");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(run_command(*flags, environment)); });
}

void add_replay(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<RunFlags>();
  flags->slow = true;
  CLI::App* command = app.add_subcommand("replay", "Run case files that stand in no suite, such as findings of fuzz");
  command->add_option("TARGET", flags->target, "As for run")->required();
  command->add_option("FILE", flags->files, "Case files")->required();
  add_reports(*command, flags->reports, run_reports);
  command->add_flag("--json", flags->json, "Print one JSON object a line as results come");
  command->add_flag("-q,--quiet", flags->quiet, "Print the summary only");
  command->add_flag("-v,--verbose", flags->verbose, "As for run");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(run_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
