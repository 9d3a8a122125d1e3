// smtpspec-bench: gate first, then time. bench/README.md says how to read what it prints.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "program/compare.hpp"
#include "program/run.hpp"

int main(int argc, char** argv) {
  smtpspec::bench::Options options;
  CLI::App app("Benchmarks of SMTP parsers: answers are checked before a time is taken.", "smtpspec-bench");
  app.add_option("--adapter", options.objects, "A shared object with adapters (bench/adapter.h)")->type_name("LIB");
  app.add_option("--only", options.names, "Adapters, by name or pattern")->type_name("NAME");
  app.add_option("--input", options.inputs, "Inputs, by name or pattern, with :CUT for one that is cut")->type_name("NAME");
  app.add_flag("--all", options.all, "All inputs, not the standard ones only");
  app.add_flag("--list", options.list, "Show the inputs, the ways to cut them and the adapters");
  app.add_flag("--check", options.check, "Check answers and strictness, take no time");
  app.add_flag("--strictness", options.strictness, "Show what each adapter makes of each input at the edge of the grammar");
  app.add_option("--process", options.processes, "Judge the parser that a command is (bench/README.md), and nothing else")
      ->type_name("QUESTION COMMAND");
  app.add_flag("--growth", options.growth, "Show how time grows with inputs that are made to hurt");
  app.add_flag("--instructions", options.instructions, "Count instructions, with valgrind");
  app.add_option("--json", options.plan.json, "Write Google Benchmark's document of the run")->type_name("FILE");
  app.add_option("--repetitions", options.plan.repetitions, "How often the time is taken")->capture_default_str();
  app.add_option("--min-time", options.plan.min_time, "Seconds of each repetition, at least")->capture_default_str();
  app.add_option("--deadline", options.deadline, "Seconds until an adapter hangs")->capture_default_str();
  app.add_option("--passes", options.passes, "Run one adapter on one input so often and print nothing, for a profiler")->type_name("N");
  app.add_option("--gate", options.gates,
                 "Fail unless smtpspec, or the adapter behind the input, is so many times pegtl, by instructions: reply/mixed 2.3")
      ->type_name("INPUT FACTOR")
      ->each([factor = false](const std::string& word) mutable {
        if (factor && CLI::PositiveNumber(word) != "") throw CLI::ValidationError("--gate", word + " is no factor");
        factor = !factor;
      });
  app.add_option("--compare", options.compared, "Show two documents of --json side by side; fail when instructions grew")
      ->expected(2)
      ->type_name("BEFORE AFTER");
  app.add_option("--tolerance", options.tolerance, "Percent by which they may")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!options.compared.empty()) {
    const auto comparison = smtpspec::bench::compare(options.compared[0], options.compared[1], options.tolerance);
    if (!comparison.fault.empty()) {
      std::fprintf(stderr, "smtpspec-bench: %s\n", comparison.fault.c_str());
      return 2;
    }
    std::fputs(comparison.text.c_str(), stdout);
    return comparison.grew ? 1 : 0;
  }
  return smtpspec::bench::run(options);
}
