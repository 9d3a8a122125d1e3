// minimise: a finding's case file, shortened while the finding stays.
#include <algorithm>
#include <cstdio>
#include <set>

#include "cli/target.hpp"
#include "fuzz/minimise/minimise.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/report/findings.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::cli {
namespace {

struct MinimiseFlags {
  std::string target, file, out;
  std::size_t plays = 200;
  bool quiet = false;
  TargetFlags facts;
};

struct Seen {
  std::set<std::string> all;               // what is wrong: wrong_in()
  const run::TestResult* first = nullptr;  // that accuses: the case's own before the rules'
  bool passed = false;                     // every test of the case
};

// The bug, and of what it is the answer.
std::string wrong_in(const run::TestResult& test) { return report::bug_key(test) + "\n" + test.worst()->step; }

Seen seen_in(const run::Run& run) {
  Seen out{.all = {}, .passed = true};
  for (const run::TestResult& test : run.tests) {
    if (test.test && !test.rule) out.passed = out.passed && test.verdict == judge::Verdict::pass;
    if (!test.worst() || (test.verdict != judge::Verdict::fail && test.verdict != judge::Verdict::deviation)) continue;
    out.all.insert(wrong_in(test));
    if (!out.first || (out.first->rule && !test.rule)) out.first = &test;
  }
  return out;
}

class Plays {
 public:
  Plays(script::Suite suite, Target& target, net::Loop& loop)
      : suite_(std::move(suite)), target_(target), transport_(loop, target.profile.endpoints, target.transport_options()), loop_(loop) {}

  // As run would play it: confirmed on a second connection.
  run::Run on_target(const script::Case& test) {
    return play(test, target_.profile, transport_, target_.attendant(), [this](run::Runner& runner) {
      loop_.on_signal([&runner, this] {
        runner.interrupt();
        loop_.stop();
      });
    });
  }
  run::Run on_reference(const script::Case& test) {
    selftest::ReferenceInMemory reference({}, crypto::digests(), "control");
    return play(test, reference.profile(), reference.transport(), {}, [](run::Runner&) {});
  }

 private:
  run::Run play(const script::Case& test, const run::Profile& profile, session::Transport& transport, const run::Attendant& attendant,
                const std::function<void(run::Runner&)>& before) {
    suite_.cases = {test};
    run::Options options;
    options.selection.slow = true;
    run::Runner runner(suite_, profile, options, transport,
                       {.deadlines = profile.deadlines, .digests = crypto::digests(), .credentials = {}, .nonce = crypto::random_hex(8)},
                       {}, attendant);
    before(runner);
    run::Run out = runner.run();
    loop_.on_signal([this] { loop_.stop(); });
    // The results name a case that is about to change.
    for (run::TestResult& one : out.tests)
      if (one.test && !one.rule) one.test = &test;
    return out;
  }

  script::Suite suite_;
  Target& target_;
  net::Transport transport_;
  net::Loop& loop_;
};

std::size_t steps_of(const script::Case& test) {
  std::size_t out = 0;
  const auto count = [&](const auto& self, const std::vector<script::Step>& steps) -> void {
    for (const script::Step& step : steps) {
      out += step.kind != script::Step::Kind::remark;
      self(self, step.inside);
    }
  };
  count(count, test.dialogue);
  return out;
}

std::string why_of(const script::Case& before, const script::Case& after, const std::vector<std::string>& boundaries) {
  std::string out = before.why;
  std::replace(out.begin(), out.end(), '\n', ' ');
  out += (out.empty() ? "" : " ") +
         ("Shortened from " + std::to_string(steps_of(before)) + " steps to " + std::to_string(steps_of(after)) + ".");
  for (const std::string& one : boundaries) out += " Fails " + one + ".";
  return out;
}

int minimise_command(const MinimiseFlags& flags, const Environment& environment) {
  const std::string file = case_file(flags.file);
  const std::string path = flags.out.empty() ? file.substr(0, file.size() - 5) + ".min.yaml" : flags.out;
  if (auto possible = can_write_to(path); !possible) {
    complain(possible.error());
    return usage;
  }
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  auto suite = open_suite(environment, true);
  if (!suite) return usage;
  auto test = read_case(file);
  if (!test) {
    complain(test.error());
    return usage;
  }
  auto target = open_target(flags.target, flags.facts, environment, loop);
  if (!target) return why_not(target.error());
  Plays plays(std::move(*suite), *target, loop);

  const run::Run first = plays.on_target(*test);
  const Seen seen = seen_in(first);
  if (!seen.first) {
    complain({first.dead ? "the target is lost: " + first.trouble : file + " shows nothing on this target"});
    return unreachable;
  }
  const judge::Finding& finding = *seen.first->worst();
  const std::string wanted = wrong_in(*seen.first);
  // A rule's finding may come of any row and role; the case's own of the one that showed it.
  const auto row =
      std::find_if(test->rows.begin(), test->rows.end(), [&](const script::CaseRow& one) { return one.name == seen.first->row; });
  test->roles = {seen.first->role};
  const script::CaseRow chosen = row == test->rows.end() ? test->rows.front() : *row;
  fuzz::Minimising minimising(*test, chosen, flags.plays);
  const Seen control = seen_in(plays.on_reference(minimising.best()));
  if (control.all.contains(wanted)) {
    complain({file + ": a conforming server shows the same: this is no finding"});
    return unreachable;
  }
  while (auto candidate = net::caught() ? std::optional<script::Case>() : minimising.next()) {
    const Seen there = seen_in(plays.on_target(*candidate));
    bool still = there.all.contains(wanted);
    if (still) {
      const Seen here = seen_in(plays.on_reference(*candidate));
      still = here.all.empty() && (here.passed || !control.passed);
    }
    minimising.tried(still);
    if (environment.live && !flags.quiet)
      say("\r\x1b[K" + std::to_string(minimising.plays()) + " plays, " + std::to_string(steps_of(minimising.best())) + " steps");
  }
  if (environment.live && !flags.quiet) say("\r\x1b[K");
  target->stop();
  script::Case best = minimising.best();
  best.why = why_of(*test, best, minimising.boundaries());
  if (auto written = write_to(path, script::print_case(best)); !written) {
    complain(written.error());
    return usage;
  }
  if (!flags.quiet && path != "-")
    std::printf("%s: %s\n  %zu steps, were %zu, after %zu plays\n  %s\n", finding.rule.c_str(),
                printable(judge::what_is_wrong(finding)).c_str(), steps_of(best), steps_of(*test), minimising.plays(), path.c_str());
  return ok;
}

}  // namespace

void add_minimise(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<MinimiseFlags>();
  CLI::App* command = app.add_subcommand("minimise", "Shorten a case file while its finding stays");
  command->add_option("TARGET", flags->target, "As for run")->required();
  command->add_option("FILE", flags->file, "A case file")->required();
  command->add_option("-o,--output", flags->out, "Where it goes (default: FILE.min.yaml), - for standard output")->type_name("PATH");
  command->add_option("--plays", flags->plays, "No more than so many (default: 200)")->check(CLI::Range(1, 100000))->type_name("N");
  command->add_flag("-q,--quiet", flags->quiet, "Print nothing");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(minimise_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
