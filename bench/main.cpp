// smtpspec-bench: gate first, then time. bench/README.md says how to read what it prints.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "program/compare.hpp"
#include "program/run.hpp"

namespace {

int act(const smtpspec::bench::Options& options) {
  if (!options.compared.empty()) {
    const auto comparison = smtpspec::bench::compare(options.compared[0], options.compared[1], options.tolerance);
    if (!comparison.fault.empty()) {
      std::fprintf(stderr, "smtpspec-bench: %s\n", comparison.fault.c_str());
      return 2;
    }
    std::fputs(comparison.text.c_str(), stdout);
    return comparison.worse ? 1 : 0;
  }
  return smtpspec::bench::run(options);
}

}  // namespace

int main(int argc, char** argv) {
  smtpspec::bench::Options options;
  std::vector<std::string> words;
  CLI::App app("Benchmarks of SMTP parsers: answers are checked before a time is taken.", "smtpspec-bench");
  app.add_option("--adapter", options.objects, "A shared object with adapters (bench/adapter.h)")->type_name("LIB");
  app.add_option("--only", options.names, "Adapters, by name or pattern")->type_name("NAME");
  app.add_option("--input", options.inputs, "Inputs, by name or pattern, with :CUT for one that is cut")->type_name("NAME");
  app.add_flag("--all", options.all, "All inputs, not the standard ones only");
  app.add_flag("--list", options.list, "Show the inputs, the ways to cut them and the adapters");
  app.add_flag("--check", options.check, "Check answers and strictness, take no time");
  app.add_flag("--strictness", options.strictness, "Show what each adapter makes of each input at the edge of the grammar");
  CLI::Option* process =
      app.add_option("--process", options.processes, "Judge the parser that a command is (bench/README.md), and nothing else")
          ->type_name("QUESTION COMMAND");
  app.add_flag("--growth", options.growth, "Show how time grows with inputs that are made to hurt");
  app.add_flag("--instructions", options.instructions, "Count instructions, with valgrind");
  app.add_option("--report", words, "json (Google Benchmark's document), markdown or html; - for standard output")
      ->type_name("KIND=PATH")
      ->each([&options](const std::string& word) {
        const std::size_t equals = word.find('=');
        const smtpspec::bench::Wanted wanted{word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1)};
        if (wanted.kind != "json" && wanted.kind != "markdown" && wanted.kind != "html")
          throw CLI::ValidationError("--report", "no report '" + wanted.kind + "'; there are json, markdown and html");
        if (wanted.path.empty()) throw CLI::ValidationError("--report", "expected " + wanted.kind + "=PATH");
        options.reports.push_back(wanted);
      });
  app.add_option("--repetitions", options.plan.repetitions, "How often the time is taken")->capture_default_str();
  app.add_option("--min-time", options.plan.min_time, "Seconds of each repetition, at least")->capture_default_str();
  app.add_option("--deadline", options.deadline, "Seconds until an adapter hangs")->capture_default_str();
  app.add_option("--passes", options.passes, "Run one adapter on one input so often and print nothing, for a profiler")->type_name("N");
  app.add_option("--times", options.times, "With --passes: the input grows, and is so many times as large as at first")
      ->needs("--passes")
      ->needs("--input")
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  app.add_option("--gate", options.gates,
                 "Fail unless smtpspec, or the adapter behind the input, is so many times pegtl, by instructions: reply/mixed 2.3")
      ->needs("--instructions")
      ->type_name("INPUT FACTOR")
      ->each([factor = false](const std::string& word) mutable {
        if (factor && !CLI::PositiveNumber(word).empty()) throw CLI::ValidationError("--gate", word + " is no factor");
        factor = !factor;
      });
  app.add_option("--budget", options.budgets,
                 "Fail when smtpspec takes on an input more than so many times its own instructions on another: model/dialogue 1.1 "
                 "command/dialogue")
      ->needs("--instructions")
      ->type_name("INPUT FACTOR OTHER")
      ->each([at = 0](const std::string& word) mutable {
        if (at++ % 3 == 1 && !CLI::PositiveNumber(word).empty()) throw CLI::ValidationError("--budget", word + " is no factor");
      });
  app.add_option("--compare", options.compared,
                 "Show two documents of --report json side by side; fail when instructions grew, or a row is gone")
      ->expected(2)
      ->type_name("BEFORE AFTER");
  app.add_option("--tolerance", options.tolerance, "Percent by which they may")->capture_default_str()->check(CLI::NonNegativeNumber);
  for (const char* name : {"--adapter", "--only", "--input", "--all", "--list", "--check", "--growth", "--instructions", "--report",
                           "--passes", "--gate", "--budget", "--compare"})
    process->excludes(name);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return act(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "smtpspec-bench: %s\n", error.what());
    return 2;
  }
}
