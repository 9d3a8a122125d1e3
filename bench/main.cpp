// smtpspec-bench: gate first, then time. bench/README.md says how to read what it prints.
#include <fnmatch.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapter.h"
#include "inputs/inputs.hpp"
#include "limits/limits.hpp"
#include "program/compare.hpp"
#include "program/competitors.hpp"
#include "program/gate.hpp"
#include "program/measure.hpp"
#include "program/process.hpp"
#include "program/table.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "strictness/strictness.hpp"

namespace smtpspec::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t most_counted = 4 * 1024 * 1024;  // octets: valgrind is fifty times slower
constexpr std::string_view own = "smtpspec", yardstick = "pegtl";

struct Options {
  std::vector<std::string> libraries, names, inputs, compared;
  std::vector<std::pair<std::string, std::string>> gates;      // a case, and how many times the yardstick our own has to be
  std::vector<std::pair<std::string, std::string>> processes;  // a question, and who answers it
  double tolerance = 2;                                        // percent by which instructions may grow
  bool all = false, list = false, check = false, instructions = false, growth = false, strictness = false;
  int deadline = 10, passes = 0;
  Plan plan;
};

// An input, cut in one way.
struct Case {
  std::string name;  // "reply/mixed", "reply/mixed:random"
  const Recipe* recipe = nullptr;
  const Cut* cut = nullptr;
};

struct Competitor {
  const smtpspec_adapter* adapter = nullptr;
  std::string library;  // "": built in
  std::string strict;   // "22 of 24"
  double strict_share = 0;
  std::vector<std::string> judged;  // "! 4 another code on the last line: accepted 251"
  bool named = false;               // on the command line
};

bool matches(const std::vector<std::string>& globs, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

// The standard ones, or those that were named; "*" names no cut input, "*:*" does.
std::vector<Case> cases(const Options& options) {
  std::vector<Case> out;
  for (const Recipe& recipe : recipes())
    for (const Cut& cut : cuts()) {
      const bool whole = cut.name == "whole";
      std::string name(recipe.name);
      if (!whole) name += ":" + std::string(cut.name);
      const bool standard = recipe.standard && (whole || (cut.name == "random" && recipe.name.ends_with("/mixed")));
      const bool wanted = options.inputs.empty()
                              ? standard || (options.all && whole)
                              : std::any_of(options.inputs.begin(), options.inputs.end(), [&](const std::string& glob) {
                                  return (whole || glob.find(':') != std::string::npos) && ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
                                });
      if (wanted) out.push_back({std::move(name), &recipe, &cut});
    }
  return out;
}

std::vector<Competitor> competitors(const Options& options, int& failed) {
  std::vector<Competitor> out;
  const auto wanted = [&](const smtpspec_adapter& adapter) { return options.names.empty() || matches(options.names, adapter.name); };
  for (const smtpspec_adapter* adapter : own_adapters())
    if (wanted(*adapter)) out.push_back({.adapter = adapter});
  const auto open = [&](const std::string& path, bool named) {
    const Library library = open_library(path, options.passes == 0);
    if (!library.fault.empty()) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), library.fault.c_str());
      failed += named;
    }
    for (const smtpspec_adapter* adapter : library.adapters)
      if (wanted(*adapter)) out.push_back({.adapter = adapter, .library = path, .named = named});
  };
  // A profiler sees one adapter and nothing else.
  if (options.passes > 0) {
    for (const std::string& path : options.libraries) open(path, true);
    if (!options.libraries.empty()) std::erase_if(out, [](const Competitor& each) { return each.library.empty(); });
    return out;
  }
  std::error_code error;
  std::vector<std::string> peers;
  for (const auto& entry : fs::directory_iterator(fs::read_symlink("/proc/self/exe", error).parent_path() / "peers", error))
    if (entry.path().extension() == ".so") peers.push_back(entry.path().string());
  std::sort(peers.begin(), peers.end());
  for (const std::string& path : peers) open(path, false);
  for (const std::string& path : options.libraries) open(path, true);
  return out;
}

std::string verdict_of(const Outcome& outcome, Judged& verdict) {
  if (const std::string ended = describe(outcome); !ended.empty()) {
    verdict = Judged::either;
    return ended;
  }
  if (outcome.refused_first || (outcome.sums.items == 0 && outcome.end == End::stopped)) {
    verdict = Judged::refused;
    return "refused";
  }
  if (outcome.sums.items == 0) {
    verdict = Judged::incomplete;
    return outcome.unfinished ? "waits" : "ignored";
  }
  verdict = Judged::accepted;
  return "accepted " + std::to_string(outcome.last_code) + (outcome.sums.items > 1 ? " of " + std::to_string(outcome.sums.items) : "");
}

// A parser that cannot pause shows what it refuses only when the stream ends. One that names the fault and goes on behind it
// is as right as one that stops.
bool judged_right(const StrictInput& input, const Outcome& outcome, Judged verdict) {
  if (!describe(outcome).empty()) return false;
  const bool nothing = outcome.sums.items == 0;
  switch (input.right) {
    case Judged::accepted: return verdict == Judged::accepted && outcome.sums.items == 1 && outcome.last_code == input.code;
    case Judged::refused: return verdict == Judged::refused || (nothing && outcome.unfinished);
    case Judged::incomplete: return nothing;
    case Judged::either: return nothing || (outcome.sums.items == 1 && outcome.last_code == input.code);
  }
  return false;
}

struct Score {
  std::size_t right = 0, of = 0;
  std::vector<std::string> lines;  // "! another code on the last line: accepted 251"
  std::string text() const { return std::to_string(right) + " of " + std::to_string(of); }
};
Score score(std::span<const StrictInput> inputs, std::span<const Outcome> outcomes) {
  Score out{.right = 0, .of = inputs.size(), .lines = {}};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Judged verdict{};
    const std::string what = verdict_of(outcomes[i], verdict);
    const bool good = judged_right(inputs[i], outcomes[i], verdict);
    out.right += good;
    out.lines.push_back(std::string(good ? "  " : "! ") + std::string(inputs[i].name) + ": " + what);
  }
  return out;
}

void judge(Competitor& competitor, milliseconds deadline) {
  const auto inputs = strict_inputs(competitor.adapter->question);
  if (inputs.empty() || (competitor.adapter->does & SMTPSPEC_BASELINE) != 0) return;
  std::vector<Attempt> attempts;
  for (const StrictInput& input : inputs) attempts.push_back({input.octets, {input.octets.size()}});
  // They are a few octets each.
  const Score judged = score(inputs, attempt(*competitor.adapter, attempts, std::min(deadline, milliseconds(2000))));
  competitor.strict = judged.text();
  competitor.strict_share = static_cast<double>(judged.right) / static_cast<double>(judged.of);
  competitor.judged = judged.lines;
}

// 2 when there is no such question.
int judge_processes(const Options& options, milliseconds deadline) {
  for (const auto& [name, command] : options.processes) {
    const auto question =
        std::find_if(recipes().begin(), recipes().end(), [&](const Recipe& each) { return name_of_question(each.question) == name; });
    const auto inputs = question == recipes().end() ? std::span<const StrictInput>{} : strict_inputs(question->question);
    if (inputs.empty()) {
      std::fprintf(stderr, "smtpspec-bench: there is no table of inputs for \"%s\"\n", name.c_str());
      return 2;
    }
    std::vector<std::string_view> octets;
    for (const StrictInput& input : inputs) octets.push_back(input.octets);
    const Score judged = score(inputs, ask_process(command, octets, deadline));
    std::printf("%s %s: %s\n", name.c_str(), command.c_str(), judged.text().c_str());
    if (options.strictness)
      for (const std::string& line : judged.lines) std::printf("  %s\n", line.c_str());
  }
  return 0;
}

// What is wrong with the answers, or "".
std::string fault_of(const Outcome& outcome, const Sums& expected, const smtpspec_adapter& adapter) {
  if (const std::string ended = describe(outcome); !ended.empty()) return ended;
  if (right(outcome, expected, adapter)) return "";
  const std::uint64_t there = expected.items + expected.errors, seen = outcome.sums.items + outcome.sums.errors;
  std::string out = "wrong (" + std::to_string(seen) + " of " + std::to_string(there) + ")";
  if (outcome.end == End::stopped) return out + ", stopped";
  if (seen != there) return out;
  if (outcome.sums.errors != expected.errors) return out + ", " + std::to_string(outcome.sums.errors) + " refused";
  if (outcome.sums.codes != expected.codes) return out + ", other codes";
  if (outcome.sums.parts != expected.parts) return out + ", other parts";
  if ((adapter.does & SMTPSPEC_STATUS) != 0 && outcome.sums.status != expected.status) return out + ", other status codes";
  return out + (outcome.unfinished ? ", octets left" : ", other texts");
}

// The small input of a question, cut in every way: what an adapter gets wrong there, or "".
std::string cut_fault(const smtpspec_adapter& adapter, milliseconds deadline) {
  const auto small = std::find_if(recipes().begin(), recipes().end(),
                                  [&](const Recipe& each) { return each.question == adapter.question && each.name.ends_with("-4k"); });
  if (small == recipes().end()) return "";
  const Input input = small->make();
  std::vector<Attempt> attempts;
  for (const Cut& cut : cuts()) attempts.push_back({input.octets, cut.ends(input.octets)});
  attempts.push_back({input.octets, {}});
  const auto outcomes = attempt(adapter, attempts, deadline);
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    if (const std::string fault = fault_of(outcomes[i], input.expected, adapter); !fault.empty())
      return fault + " when cut " + (i < cuts().size() ? "as " + std::string(cuts()[i].name) : "in two somewhere");
  return "";
}

std::vector<std::string> arguments_for(const Competitor& competitor, const Case& each) {
  std::vector<std::string> out = {"--input", each.name, "--only", competitor.adapter->name};
  if (!competitor.library.empty()) out.insert(out.end(), {"--adapter", competitor.library});
  return out;
}

void print_growth(std::vector<Competitor>& list, milliseconds deadline) {
  std::puts("Growth: time of 2n over time of n, and of 4n over 2n; 2 is linear, 4 quadratic.");
  for (const Growth& growth : growths()) {
    Table table({"  adapter", "us(n)", "2n/n", "4n/2n"});
    for (const Competitor& competitor : list) {
      const smtpspec_adapter& adapter = *competitor.adapter;
      if (adapter.question != growth.question || (adapter.does & SMTPSPEC_BASELINE) != 0) continue;
      if (growth.fragment != 0 && (adapter.does & SMTPSPEC_WHOLE) != 0) continue;
      std::vector<std::string> octets;
      std::vector<Attempt> attempts;
      for (const std::size_t times : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) octets.push_back(growth.make(growth.n * times));
      for (const std::string& each : octets)
        attempts.push_back({each, cut_at_every(each, growth.fragment ? growth.fragment : each.size())});
      const auto outcomes = attempt(adapter, attempts, deadline);
      const auto bad = std::find_if(outcomes.begin(), outcomes.end(), [](const Outcome& each) { return !describe(each).empty(); });
      if (bad != outcomes.end()) {
        table.row({std::string("  ") + adapter.name, describe(*bad)});
        continue;
      }
      std::array<double, 3> seconds{};
      for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] = quick_time(adapter, attempts[i].octets, attempts[i].ends);
      table.row(
          {std::string("  ") + adapter.name, number(seconds[0] * 1e6), number(seconds[1] / seconds[0]), number(seconds[2] / seconds[1])});
    }
    if (table.empty()) continue;
    std::printf("\n%s  %s; n = %zu\n%s", std::string(growth.name).c_str(), std::string(growth.about).c_str(), growth.n,
                table.text().c_str());
  }
  std::puts("");
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

int list_everything(const std::vector<Competitor>& list) {
  for (const Recipe& recipe : recipes())
    std::printf("%-22s %s%s\n", std::string(recipe.name).c_str(), std::string(recipe.about).c_str(), recipe.standard ? "" : " (--all)");
  std::printf("\nCut, behind a colon:");
  for (const Cut& cut : cuts()) std::printf(" %s", std::string(cut.name).c_str());
  std::puts("\n");
  for (const Competitor& each : list)
    std::printf("%-10s %-12s %s %s\n", std::string(name_of_question(each.adapter->question)).c_str(), each.adapter->name,
                each.adapter->version, each.library.c_str());
  return 0;
}

int run(Options options) {
  const milliseconds deadline = std::chrono::seconds(options.deadline);
  if (!options.processes.empty()) return judge_processes(options, deadline);
  int failed = 0;
  std::vector<Competitor> list = competitors(options, failed);
  const std::vector<Case> chosen = cases(options);
  if (chosen.empty()) {
    std::fputs("smtpspec-bench: no input has such a name; --list shows them\n", stderr);
    return 2;
  }
  if (options.list) return list_everything(list);
  if (options.passes > 0) {
    const auto it = std::find_if(list.begin(), list.end(),
                                 [&](const Competitor& each) { return each.adapter->question == chosen.front().recipe->question; });
    if (it == list.end()) return 2;
    const Input input = chosen.front().recipe->make();
    run_passes(*it->adapter, input.octets, chosen.front().cut->ends(input.octets), options.passes);
    return 0;
  }
  if (options.instructions && !has_valgrind()) {
    std::fputs("smtpspec-bench: no valgrind here, so no instructions are counted\n", stderr);
    options.instructions = false;
  }

  const auto asked = [&](std::uint32_t question) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const Case& each) { return each.recipe->question == question; });
  };
  std::erase_if(list, [&](const Competitor& each) { return !asked(each.adapter->question); });
  std::map<const smtpspec_adapter*, std::string> cut_faults;
  for (Competitor& each : list) {
    judge(each, deadline);
    if ((each.adapter->does & (SMTPSPEC_WHOLE | SMTPSPEC_BASELINE)) == 0) cut_faults[each.adapter] = cut_fault(*each.adapter, deadline);
  }

  // The gate, and what is to be timed behind it.
  struct Line {
    std::size_t of = 0;                      // index of the case
    const Competitor* competitor = nullptr;  // nullptr: a limit
    std::string name, fault;
    std::optional<std::size_t> timed;
  };
  std::map<const Recipe*, Input> inputs;
  for (const Case& each : chosen)
    if (!inputs.contains(each.recipe)) inputs.emplace(each.recipe, each.recipe->make());
  std::vector<Line> lines;
  std::vector<Timed> timed;
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    const Case& each = chosen[c];
    const Input& input = inputs.at(each.recipe);
    const std::uint64_t items = input.expected.items + input.expected.errors;
    const std::vector<std::size_t> ends = each.cut->ends(input.octets);
    for (const Competitor& competitor : list) {
      const smtpspec_adapter& adapter = *competitor.adapter;
      if (adapter.question != each.recipe->question || (ends.size() > 1 && (adapter.does & SMTPSPEC_WHOLE) != 0)) continue;
      Line line{c, &competitor, adapter.name, "", {}};
      const bool checked = (adapter.does & SMTPSPEC_BASELINE) == 0;
      const Attempt one{input.octets, ends};
      if (checked) line.fault = fault_of(attempt(adapter, {&one, 1}, deadline).front(), input.expected, adapter);
      if (line.fault.empty() && ends.size() > 1 && checked) line.fault = cut_faults[&adapter];
      if (!line.fault.empty()) failed += competitor.named || line.name == own;
      if (line.fault.empty() && !options.check) {
        line.timed = timed.size();
        Timed& entry = timed.emplace_back();
        entry = {.name = each.name + "/" + adapter.name, .octets = input.octets, .items = items, .adapter = &adapter, .ends = ends};
        for (int twin = 2; std::any_of(timed.begin(), timed.end() - 1, [&](const Timed& other) { return other.name == entry.name; });
             ++twin)
          entry.name = each.name + "/" + adapter.name + "-" + std::to_string(twin);
        entry.allocations = allocations_of(adapter, input.octets, ends) / static_cast<double>(items);
        entry.strict = competitor.strict_share;
        if (options.instructions && input.octets.size() <= most_counted)
          if (const auto count = instructions_of(arguments_for(competitor, each))) entry.instructions = *count / static_cast<double>(items);
      }
      lines.push_back(std::move(line));
    }
    if (ends.size() > 1 || options.check) continue;
    for (std::size_t i = 0; i < limits().size(); ++i) {
      lines.push_back({c, nullptr, std::string(limits()[i].name), "", timed.size()});
      timed.push_back({.name = each.name + "/" + std::string(limits()[i].name), .octets = input.octets, .items = items, .limit = i});
    }
  }

  options.plan.context = {{"processor", processor()}, {"compiler", SMTPSPEC_BENCH_COMPILER}, {"flags", SMTPSPEC_BENCH_FLAGS}};
  for (const auto& [recipe, input] : inputs)
    options.plan.context.emplace_back("sha256 " + std::string(recipe->name), crypto::sha256_hex(input.octets));
  const std::vector<Timing> times = timed.empty() ? std::vector<Timing>{} : take_times(timed, options.plan);

  std::map<std::string, double> factors;  // of our own, by instructions
  std::printf("%s\n%s %s\n", processor().c_str(), SMTPSPEC_BENCH_COMPILER, SMTPSPEC_BENCH_FLAGS);
  for (std::size_t c = 0; c < chosen.size(); ++c) {
    const Case& each = chosen[c];
    const Input& input = inputs.at(each.recipe);
    const std::uint64_t items = input.expected.items + input.expected.errors;
    const std::string unit(each.recipe->unit);
    const std::vector<std::string> timed_header = {
        "  adapter", "ns/" + unit, "median", "Ir/" + unit, "MB/s", "of limit", "allocations", "strict", "x " + std::string(yardstick)};
    Table table(options.check ? std::vector<std::string>{"  adapter", "answers", "strict"} : timed_header);
    const auto of_case = [&](const std::string& name, std::size_t index) {
      const auto it = std::find_if(lines.begin(), lines.end(), [&](const Line& line) { return line.of == index && line.name == name; });
      return it == lines.end() || !it->timed ? nullptr : &*it;
    };
    // The limit is taken on the whole input, which stands before the cut ones.
    const auto whole = static_cast<std::size_t>(
        std::find_if(chosen.begin(), chosen.end(),
                     [&](const Case& other) { return other.recipe == each.recipe && other.cut->name == "whole"; }) -
        chosen.begin());
    const Line* limit = whole < chosen.size() ? of_case("newline positions", whole) : nullptr;
    const Line* other = of_case(std::string(yardstick), c);
    for (const Line& line : lines) {
      if (line.of != c) continue;
      if (!line.fault.empty()) {
        table.row({"  " + line.name, line.fault});
        continue;
      }
      if (!line.timed) {
        const bool baseline = (line.competitor->adapter->does & SMTPSPEC_BASELINE) != 0;
        table.row({"  " + line.name, baseline ? "not checked" : "right", line.competitor->strict});
        continue;
      }
      const Timed& entry = timed[*line.timed];
      const Timing& time = times[*line.timed];
      const double count = static_cast<double>(items), ns = time.least * 1e9 / count;
      std::vector<std::string> row = {"  " + line.name, number(ns), number(time.median * 1e9 / count), "",
                                      number(static_cast<double>(input.octets.size()) / time.least / 1e6)};
      if (entry.instructions > 0) row[3] = number(entry.instructions);
      if (line.competitor != nullptr && (line.competitor->adapter->does & SMTPSPEC_BASELINE) == 0) {
        row.push_back(limit ? number(100 * times[*limit->timed].least / time.least) + " %" : "");
        row.push_back(number(entry.allocations));
        row.push_back(line.competitor->strict);
        if (other && other != &line) {
          const Timed& by = timed[*other->timed];
          const bool counted = entry.instructions > 0 && by.instructions > 0;
          const double factor = counted ? by.instructions / entry.instructions : times[*other->timed].least / time.least;
          row.push_back(number(factor));
          if (counted && line.name == own) factors[each.name] = factor;
        }
      }
      table.row(std::move(row));
    }
    std::printf("\n%s  %s, %llu items, sha256 %.16s\n%s", each.name.c_str(), std::string(each.recipe->about).c_str(),
                static_cast<unsigned long long>(items), crypto::sha256_hex(input.octets).c_str(), table.text().c_str());
  }
  std::puts("");
  for (const Competitor& each : list)
    if (const std::string& fault = cut_faults[each.adapter]; !fault.empty())
      std::printf("%s %s: %s\n", std::string(name_of_question(each.adapter->question)).c_str(), each.adapter->name, fault.c_str());
  if (options.strictness)
    for (const Competitor& each : list) {
      if (each.judged.empty()) continue;
      std::printf("\n%s %s: %s\n", std::string(name_of_question(each.adapter->question)).c_str(), each.adapter->name, each.strict.c_str());
      for (const std::string& line : each.judged) std::printf("  %s\n", line.c_str());
    }
  for (const auto& [name, words] : options.gates) {
    const double least = std::strtod(words.c_str(), nullptr);
    const auto factor = factors.find(name);
    const bool met = factor != factors.end() && factor->second >= least;
    std::printf("%s  %s: %s times %s, at least %s\n", met ? "met   " : "missed", name.c_str(),
                factor == factors.end() ? "not" : number(factor->second).c_str(), std::string(yardstick).c_str(), number(least).c_str());
    failed += !met;
  }
  if (options.growth) print_growth(list, deadline);
  return failed ? 1 : 0;
}

}  // namespace
}  // namespace smtpspec::bench

int main(int argc, char** argv) {
  smtpspec::bench::Options options;
  CLI::App app("Benchmarks of SMTP parsers: answers are checked before a time is taken.", "smtpspec-bench");
  app.add_option("--adapter", options.libraries, "A shared object with adapters (bench/adapter.h)")->type_name("LIB");
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
  app.add_option("--gate", options.gates, "Fail unless smtpspec is so many times pegtl, by instructions: reply/mixed 2.3")
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
  return smtpspec::bench::run(std::move(options));
}
