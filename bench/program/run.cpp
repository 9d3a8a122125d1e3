#include "program/run.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "adapter.h"
#include "inputs/inputs.hpp"
#include "limits/limits.hpp"
#include "program/competitors.hpp"
#include "program/difference.hpp"
#include "program/gate.hpp"
#include "program/measure.hpp"
#include "program/process.hpp"
#include "program/report.hpp"
#include "program/work.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/smtp/octets.hpp"
#include "strictness/strictness.hpp"

namespace smtpspec::bench {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t most_counted = 4 * 1024 * 1024;  // octets: valgrind is fifty times slower
constexpr std::string_view whole = "whole";            // the cut that is none
constexpr std::string_view own = "smtpspec", yardstick = "pegtl";
constexpr const char* in_time = " while it was measured";  // behind what an adapter did that had been right

milliseconds deadline_of(const Options& options) { return std::chrono::seconds(options.deadline); }

// An input, cut in one way.
struct Case {
  std::string name;  // "reply/mixed", "reply/mixed:random"
  const Recipe* recipe = nullptr;
  const Cut* cut = nullptr;
};

// How an adapter judged the inputs at the edge of the grammar.
struct Score {
  std::size_t right = 0, of = 0;
  std::vector<std::string> lines;  // "! another code on the last line: accepted 251"
  std::string text() const { return std::to_string(right) + " of " + std::to_string(of); }
  double share() const { return of == 0 ? 0 : static_cast<double>(right) / static_cast<double>(of); }
};

struct Competitor {
  const smtpspec_adapter* adapter = nullptr;
  std::string object;  // the file it comes from; "": built in
  std::string name;    // the adapter's, with the file behind it where another one has that name
  Score strict;
  std::string fault;      // what it does that no input excuses: it reads before its octets
  std::string cut_fault;  // what it gets wrong when the octets come in pieces
  bool named = false;     // on the command line

  bool is_baseline() const { return (adapter->does & SMTPSPEC_BASELINE) != 0; }
  std::string title() const { return std::string(name_of_question(adapter->question)) + " " + name; }
};

bool matches(const std::vector<std::string>& globs, const std::string& name) {
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0; });
}

// The standard ones, or those that were named; "*" names no cut input, "*:*" does.
std::vector<Case> cases(const Options& options) {
  std::vector<Case> out;
  for (const Recipe& recipe : recipes())
    for (const Cut& cut : cuts()) {
      const bool is_whole = cut.name == whole;
      std::string name(recipe.name);
      if (!is_whole) name += ":" + std::string(cut.name);
      const bool standard = recipe.standard && (is_whole || (cut.name == "random" && recipe.name.ends_with("/mixed")));
      const bool wanted = options.inputs.empty()
                              ? standard || (options.all && is_whole)
                              : std::any_of(options.inputs.begin(), options.inputs.end(), [&](const std::string& glob) {
                                  return (is_whole || glob.find(':') != std::string::npos) && ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
                                });
      if (wanted) out.push_back({std::move(name), &recipe, &cut});
    }
  return out;
}

std::vector<const Work*> works(const Options& options) {
  std::vector<const Work*> out;
  if (!options.names.empty() && !matches(options.names, std::string(own))) return out;
  for (const Work* work : {&session_memory, &start_suite, &start_run})
    if (options.inputs.empty() || matches(options.inputs, std::string(work->name))) out.push_back(work);
  return out;
}

// What of the names on the command line names nothing, or "". `whole_list`: every library that was named could be opened.
std::string unknown_name(const Options& options, std::span<const Case> chosen, std::span<const Work* const> chosen_works,
                         std::span<const Competitor> list, bool whole_list) {
  std::vector<std::string> known;
  for (const Recipe& recipe : recipes()) known.emplace_back(recipe.name);
  const auto is_chosen = [&](const std::string& name) {
    return std::any_of(chosen.begin(), chosen.end(), [&](const Case& each) { return each.name == name; });
  };
  const auto no_input = [&](const std::string& name) {
    const std::string close = smtp::nearest(name, known);
    return "no input is called '" + name + "'; " + (close.empty() ? "--list shows them" : "did you mean '" + close + "'?");
  };
  for (const std::string& glob : options.inputs) {
    const auto fits = [&](const auto& name) { return ::fnmatch(glob.c_str(), std::string(name).c_str(), 0) == 0; };
    if (std::none_of(chosen.begin(), chosen.end(), [&](const Case& each) { return fits(each.name); }) &&
        std::none_of(chosen_works.begin(), chosen_works.end(), [&](const Work* each) { return fits(each->name); }))
      return no_input(glob);
  }
  for (const std::string& glob : options.names)
    if (whole_list && std::none_of(list.begin(), list.end(), [&](const Competitor& each) { return matches({glob}, each.adapter->name); }))
      return "no adapter is called '" + glob + "'; --list shows them";
  const auto not_asked = [&](const std::string& option, const std::string& name) {
    return option + ": '" + name + "' is not among the inputs of this run";
  };
  for (const auto& [name, factor] : options.gates)
    if (!is_chosen(name) && !is_chosen(name.substr(0, name.rfind('/')))) return not_asked("--gate", name);
  for (const auto& [name, factor, other] : options.budgets)
    for (const std::string& each : {name, other})
      if (!is_chosen(each)) return not_asked("--budget", each);
  return "";
}

// What cannot be used is said in `faults`; `failed` when it was named on the command line.
std::vector<Competitor> competitors(const Options& options, std::vector<std::string>& faults, bool& failed) {
  std::vector<Competitor> out;
  const auto add = [&](const smtpspec_adapter& adapter, const std::string& object, bool named) {
    if (!options.names.empty() && !matches(options.names, adapter.name)) return;
    std::string name = adapter.name;
    const auto is_taken = [&](const Competitor& each) { return each.adapter->question == adapter.question && each.name == name; };
    if (std::any_of(out.begin(), out.end(), is_taken)) name += " (" + (named ? object : fs::path(object).filename().string()) + ")";
    out.push_back({.adapter = &adapter, .object = object, .name = std::move(name), .named = named});
  };
  for (const smtpspec_adapter* adapter : own_adapters()) add(*adapter, "", false);
  const auto open = [&](const std::string& path, bool named) {
    const Library library = open_library(path, options.passes == 0);
    if (!library.fault.empty()) {
      faults.push_back(path + ": " + library.fault);
      std::fprintf(stderr, "%s\n", faults.back().c_str());
      failed = failed || named;
    }
    for (const smtpspec_adapter* adapter : library.adapters) add(*adapter, path, named);
  };
  // A profiler sees one adapter and nothing else.
  if (options.passes > 0) {
    for (const std::string& path : options.objects) open(path, true);
    if (!options.objects.empty()) std::erase_if(out, [](const Competitor& each) { return each.object.empty(); });
    return out;
  }
  std::error_code error;
  std::vector<std::string> peers;
  for (const auto& entry : fs::directory_iterator(fs::read_symlink("/proc/self/exe", error).parent_path() / "peers", error))
    if (entry.path().extension() == ".so") peers.push_back(entry.path().string());
  std::sort(peers.begin(), peers.end());
  for (const std::string& path : peers) open(path, false);
  for (auto path = options.objects.begin(); path != options.objects.end(); ++path)
    if (std::find(options.objects.begin(), path, *path) == path) open(*path, true);
  return out;
}

// What the adapter says of its first error, " (no code)".
std::string in_brackets(const Outcome& outcome) {
  const std::string said = smtp::spell(outcome.said.data());
  return said.empty() ? "" : " (" + said + ")";
}

std::string verdict_of(const Outcome& outcome, Judged& verdict) {
  if (const std::string ended = describe(outcome); !ended.empty()) {
    verdict = Judged::either;
    return ended;
  }
  if (outcome.refused_first || (outcome.sums.items == 0 && outcome.end == End::stopped)) {
    verdict = Judged::refused;
    return "refused" + in_brackets(outcome);
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
  if (inputs.empty() || competitor.is_baseline()) return;
  std::vector<Attempt> attempts;
  for (const StrictInput& input : inputs) attempts.push_back({input.octets, {input.octets.size()}});
  // They are a few octets each.
  competitor.strict = score(inputs, attempt(*competitor.adapter, attempts, std::min(deadline, milliseconds(2000))));
}

// 1 when one of the processes did not answer, 2 when there is no such question.
int judge_processes(const Options& options) {
  bool failed = false;
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
    const auto outcomes = ask_process(command, octets, deadline_of(options));
    const auto bad = std::find_if(outcomes.begin(), outcomes.end(), [](const Outcome& each) { return !describe(each).empty(); });
    const Score judged = score(inputs, outcomes);
    std::printf("%s %s: %s\n", name.c_str(), command.c_str(), judged.text().c_str());
    if (options.strictness)
      for (const std::string& line : judged.lines) std::printf("  %s\n", line.c_str());
    if (bad == outcomes.end()) continue;
    failed = true;
    std::printf("  %s: %s%s\n", std::string(inputs[static_cast<std::size_t>(bad - outcomes.begin())].name).c_str(), describe(*bad).c_str(),
                in_brackets(*bad).c_str());
  }
  return failed ? 1 : 0;
}

// What is wrong with the answers, or "".
std::string fault_of(const Outcome& outcome, const Sums& expected, const smtpspec_adapter& adapter) {
  if (const std::string ended = describe(outcome); !ended.empty()) return ended;
  if (right(outcome, expected, adapter)) return "";
  const std::uint64_t there = expected.items + expected.errors, seen = outcome.sums.items + outcome.sums.errors;
  std::string out = "wrong (" + std::to_string(seen) + " of " + std::to_string(there) + ")";
  if (outcome.end == End::stopped) return out + ", stopped" + in_brackets(outcome);
  if (seen != there) return out;
  if (outcome.sums.errors != expected.errors) return out + ", " + std::to_string(outcome.sums.errors) + " refused" + in_brackets(outcome);
  if (outcome.sums.codes != expected.codes) return out + ", other codes";
  if (outcome.sums.parts != expected.parts) return out + ", other parts";
  if ((adapter.does & SMTPSPEC_STATUS) != 0 && outcome.sums.status != expected.status) return out + ", other status codes";
  return out + (outcome.unfinished ? ", octets left" : ", other texts");
}

// What is wrong with an adapter, and where that is first seen: "wrong (81 of 81), other codes", "the 3rd of 81 is …".
struct Fault {
  std::string what, where;
};

const smtpspec_adapter* ours_for(std::uint32_t question) {
  const auto list = own_adapters();
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const smtpspec_adapter* each) { return each->question == question && each->name == own; });
  return it == list.end() ? nullptr : *it;
}

Fault examine(const smtpspec_adapter& adapter, const Input& input, std::span<const std::size_t> ends, const Outcome& outcome,
              milliseconds deadline) {
  Fault out{fault_of(outcome, input.expected, adapter), ""};
  const smtpspec_adapter* ours = ours_for(adapter.question);
  if (!out.what.empty() && describe(outcome).empty() && ours != nullptr)
    out.where = first_difference(adapter, *ours, input.octets, ends, deadline);
  return out;
}

// The small input of a question, cut in every way: what an adapter gets wrong there.
Fault cut_fault(const smtpspec_adapter& adapter, milliseconds deadline) {
  const auto small = std::find_if(recipes().begin(), recipes().end(),
                                  [&](const Recipe& each) { return each.question == adapter.question && each.name.ends_with("-4k"); });
  if (small == recipes().end()) return {};
  const Input input = small->make();
  std::vector<Attempt> attempts;
  attempts.push_back({input.octets, {input.octets.size()}, true});
  if ((adapter.does & SMTPSPEC_WHOLE) == 0) {
    for (const Cut& cut : cuts()) attempts.push_back({input.octets, cut.ends(input.octets)});
    attempts.push_back({input.octets, {}});
  }
  const auto outcomes = attempt(adapter, attempts, deadline);
  // Behind a page that may not be read nothing else is looked for: the whole input is asked about by itself.
  if (outcomes.front().end == End::underread) return {describe(outcomes.front()), ""};
  for (std::size_t i = 1; i < outcomes.size(); ++i) {
    const bool everywhere = attempts[i].ends.empty(), in_pieces = attempts[i].ends.size() != 1;
    const auto ends = everywhere ? std::vector<std::size_t>{outcomes[i].cut, input.octets.size()} : attempts[i].ends;
    Fault fault = examine(adapter, input, ends, outcomes[i], deadline);
    if (fault.what.empty()) continue;
    if (!everywhere && in_pieces) fault.what += " when cut as " + std::string(cuts()[i - 1].name);
    else if (everywhere)
      fault.what += " when cut " + (outcomes[i].cut == 0 ? "in two somewhere" : "behind octet " + std::to_string(outcomes[i].cut));
    return fault;
  }
  return {};
}

std::vector<std::string> arguments_for(const Competitor& competitor, const std::string& input) {
  std::vector<std::string> out = {"--input", input, "--only", competitor.adapter->name};
  if (!competitor.object.empty()) out.insert(out.end(), {"--adapter", competitor.object});
  return out;
}

// Of an input that grows: n, 2n and 4n octets or lines of it, and how each is cut.
constexpr std::array<std::size_t, 3> sizes = {1, 2, 4};

std::vector<std::size_t> cut_of(const Growth& growth, std::string_view octets) {
  return cut_at_every(octets, growth.fragment ? growth.fragment : octets.size());
}

// How something at three sizes grew; nothing of what was not measured.
std::array<std::string, 2> ratios(const std::array<double, 3>& of) {
  return {of[0] > 0 ? number(of[1] / of[0]) : "", of[1] > 0 ? number(of[2] / of[1]) : ""};
}

// `missed` gets what of our own grows too fast, by instructions: a clock is not the same twice.
std::vector<Growing> grow(const std::vector<Competitor>& list, milliseconds deadline, bool instructions, std::string& missed) {
  constexpr double most = 2.2;
  std::vector<Growing> out;
  for (const Growth& growth : growths()) {
    Table table(instructions ? std::vector<std::string>{"adapter", "us(n)", "2n/n", "4n/2n", "Ir(n)", "2n/n", "4n/2n"}
                             : std::vector<std::string>{"adapter", "us(n)", "2n/n", "4n/2n"});
    for (const Competitor& competitor : list) {
      const smtpspec_adapter& adapter = *competitor.adapter;
      if (adapter.question != growth.question || (adapter.does & SMTPSPEC_BASELINE) != 0) continue;
      if (growth.fragment != 0 && (adapter.does & SMTPSPEC_WHOLE) != 0) continue;
      std::vector<std::string> octets;
      std::vector<Attempt> attempts;
      for (const std::size_t times : sizes) octets.push_back(growth.make(growth.n * times));
      for (const std::string& each : octets) attempts.push_back({each, cut_of(growth, each)});
      const auto outcomes = attempt(adapter, attempts, deadline);
      const auto bad = std::find_if(outcomes.begin(), outcomes.end(), [](const Outcome& each) { return !describe(each).empty(); });
      std::string fault = bad == outcomes.end() ? "" : describe(*bad);
      std::array<double, 3> seconds{}, counts{};
      for (std::size_t i = 0; i < seconds.size() && fault.empty(); ++i) {
        const Figure time = quick_time(adapter, attempts[i].octets, attempts[i].ends, deadline);
        seconds[i] = time.value;
        if (!time.fault.empty()) fault = time.fault + in_time;
        if (!instructions || !fault.empty()) continue;
        auto arguments = arguments_for(competitor, std::string(growth.name));
        arguments.insert(arguments.end(), {"--times", std::to_string(sizes[i])});
        counts[i] = instructions_of(arguments, deadline).value_or(0);
      }
      if (!fault.empty()) {
        table.row({competitor.name, fault});
        continue;
      }
      const auto time = ratios(seconds), count = ratios(counts);
      std::vector<std::string> row = {competitor.name, number(seconds[0] * 1e6), time[0], time[1]};
      if (instructions) row.insert(row.end(), {number(counts[0]), count[0], count[1]});
      table.row(row);
      if (!instructions || competitor.name != own) continue;
      if (counts[0] > 0 && counts[1] <= most * counts[0] && counts[2] <= most * counts[1]) continue;
      missed += "missed  " + std::string(growth.name) + ": takes " + count[0] + " and " + count[1] +
                " times the instructions when it is twice as long, at most " + number(most) + "\n";
    }
    if (!table.empty())
      out.push_back({std::string(growth.name), std::string(growth.about) + "; n = " + std::to_string(growth.n), std::move(table)});
  }
  return out;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown processor";
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  char out[16];
  std::strftime(out, sizeof out, "%Y-%m-%d", std::localtime(&now));
  return out;
}

int list_everything(const std::vector<const Work*>& works, const std::vector<Competitor>& list) {
  for (const Recipe& recipe : recipes())
    std::printf("%-22s %s%s\n", std::string(recipe.name).c_str(), std::string(recipe.about).c_str(), recipe.standard ? "" : " (--all)");
  for (const Work* work : works) std::printf("%-22s %s\n", std::string(work->name).c_str(), std::string(work->about).c_str());
  std::printf("\nCut, behind a colon:");
  for (const Cut& cut : cuts()) std::printf(" %s", std::string(cut.name).c_str());
  std::puts("\n");
  for (const Competitor& each : list)
    std::printf("%-10s %-12s %s %s\n", std::string(name_of_question(each.adapter->question)).c_str(), each.name.c_str(),
                each.adapter->version, each.object.c_str());
  return 0;
}

// One run: the stages in their order.
class Run {
 public:
  Run(const Options& options, std::vector<Competitor> competitors, std::vector<Case> cases, std::vector<const Work*> works)
      : options_(options),
        deadline_(deadline_of(options)),
        competitors_(std::move(competitors)),
        cases_(std::move(cases)),
        works_(std::move(works)) {
    std::erase_if(competitors_, [this](const Competitor& each) { return !asked(each.adapter->question); });
    for (const Case& each : cases_)
      if (!inputs_.contains(each.recipe)) inputs_.emplace(each.recipe, each.recipe->make());
  }

  // What came of it; `failed` when an adapter that has to be right is not.
  Report go(bool& failed) {
    for (Competitor& each : competitors_) {
      judge(each, deadline_);
      if (!each.is_baseline()) examine_small(each);
    }
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      pass_gate(i, failed);
      if (cases_[i].cut->name == whole && !options_.check) add_limits(i);
    }
    for (const Work* work : works_) add_work(*work, failed);
    take_times(failed);
    return report();
  }

  // Google Benchmark's document, after go().
  const std::string& json() const { return times_.json; }

 private:
  // A row of the table of a case.
  struct Line {
    std::size_t of = 0;                      // index of the case
    const Competitor* competitor = nullptr;  // nullptr: a limit
    std::string name, fault;
    std::optional<std::size_t> timed;  // index into timed_ and times_.each
  };

  bool asked(std::uint32_t question) const {
    return std::any_of(cases_.begin(), cases_.end(), [&](const Case& each) { return each.recipe->question == question; });
  }
  void examine_small(Competitor& competitor) {
    auto [what, where] = cut_fault(*competitor.adapter, deadline_);
    if (!what.empty()) faults_.push_back(competitor.title() + ": " + what + (where.empty() ? "" : "; " + where));
    (what == describe({.end = End::underread}) ? competitor.fault : competitor.cut_fault) = std::move(what);
  }

  static std::uint64_t items_of(const Input& input) { return input.expected.items + input.expected.errors; }

  void pass_gate(std::size_t index, bool& failed) {
    const Case& each = cases_[index];
    const Input& input = inputs_.at(each.recipe);
    const Attempt one{input.octets, each.cut->ends(input.octets)};
    const bool is_cut = one.ends.size() > 1;
    for (const Competitor& competitor : competitors_) {
      const smtpspec_adapter& adapter = *competitor.adapter;
      if (adapter.question != each.recipe->question || (is_cut && (adapter.does & SMTPSPEC_WHOLE) != 0)) continue;
      Line line{index, &competitor, competitor.name, competitor.fault, {}};
      if (!competitor.is_baseline() && line.fault.empty()) {
        Fault fault = examine(adapter, input, one.ends, attempt(adapter, {&one, 1}, deadline_).front(), deadline_);
        line.fault = std::move(fault.what);
        if (!fault.where.empty()) faults_.push_back(each.name + ", " + line.name + ": " + fault.where);
        if (line.fault.empty() && is_cut) line.fault = competitor.cut_fault;
      }
      if (!options_.check) line.timed = add_timed(each, line, input, one.ends);
      failed = failed || has_to_be_right(line);
      lines_.push_back(std::move(line));
    }
  }

  static bool has_to_be_right(const Line& line) {
    return !line.fault.empty() && (line.competitor == nullptr || line.competitor->named || line.name.starts_with(own));
  }

  // A fault that only shows when it is measured becomes the line's.
  std::size_t add_timed(const Case& each, Line& line, const Input& input, const std::vector<std::size_t>& ends) {
    const Competitor& competitor = *line.competitor;
    Timed entry{.name = each.name + "/" + line.name,
                .octets = input.octets.size(),
                .items = items_of(input),
                .begin = passes_of(*competitor.adapter, input.octets, ends),
                .strict = competitor.strict.share(),
                .fault = line.fault};
    if (entry.fault.empty()) {
      const auto items = static_cast<double>(entry.items);
      const Figure allocated = allocations_of(entry.begin, deadline_);
      entry.allocations = allocated.value / items;
      if (!allocated.fault.empty()) line.fault = entry.fault = allocated.fault + in_time;
    }
    if (entry.fault.empty() && options_.instructions && input.octets.size() <= most_counted)
      if (const auto count = instructions_of(arguments_for(competitor, each.name), deadline_))
        entry.instructions = *count / static_cast<double>(entry.items);
    timed_.push_back(std::move(entry));
    return timed_.size() - 1;
  }

  void add_limits(std::size_t index) {
    const Input& input = inputs_.at(cases_[index].recipe);
    for (const Limit& limit : limits()) {
      const std::string name(limit.name);
      lines_.push_back({index, nullptr, name, "", timed_.size()});
      timed_.push_back({.name = cases_[index].name + "/" + name,
                        .octets = input.octets.size(),
                        .items = items_of(input),
                        .begin = passes_of(limit, input.octets)});
    }
  }

  void add_work(const Work& work, bool& failed) {
    Timed entry{.name = std::string(work.name), .items = work.items, .begin = work.begin, .fault = work.fault()};
    failed = failed || !entry.fault.empty();
    if (entry.fault.empty() && !options_.check) {
      const auto items = static_cast<double>(work.items);
      entry.allocations = allocations_of(entry.begin, deadline_).value / items;
      if (options_.instructions)
        if (const auto count = instructions_of({"--input", entry.name}, deadline_)) entry.instructions = *count / items;
    }
    worked_.push_back({0, nullptr, std::string(own), entry.fault, {}});
    if (options_.check) return;
    worked_.back().timed = timed_.size();
    timed_.push_back(std::move(entry));
  }

  // One that fails is named, and all the others are timed anew without it.
  void take_times(bool& failed) {
    if (timed_.empty()) return;
    Plan plan = options_.plan;
    plan.context = {{"processor", processor()}, {"compiler", SMTPSPEC_BENCH_COMPILER}, {"flags", SMTPSPEC_BENCH_FLAGS}};
    for (const auto& [recipe, input] : inputs_)
      plan.context.emplace_back("sha256 " + std::string(recipe->name), crypto::sha256_hex(input.octets));
    for (;;) {
      times_ = bench::take_times(timed_, plan, deadline_);
      if (times_.fault.empty()) return;
      if (!times_.failed) throw std::runtime_error("what takes the times " + times_.fault);
      Timed& culprit = timed_[*times_.failed];
      culprit.fault = times_.fault + in_time;
      for (std::vector<Line>* lines : {&lines_, &worked_})
        for (Line& line : *lines)
          if (line.timed == times_.failed) {
            line.fault = culprit.fault;
            failed = failed || has_to_be_right(line);
          }
    }
  }

  const Line* find(std::size_t index, std::string_view name) const {
    const auto it = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.of == index && line.name == name; });
    return it == lines_.end() || !it->timed || !it->fault.empty() ? nullptr : &*it;
  }
  // The limit is taken on the whole input.
  const Line* limit_of(const Case& of) const {
    for (std::size_t i = 0; i < cases_.size(); ++i)
      if (cases_[i].recipe == of.recipe && cases_[i].cut->name == whole) return find(i, "newline positions");
    return nullptr;
  }

  Report report() const {
    Report out{.date = today(),
               .processor = processor(),
               .compiler = std::string(SMTPSPEC_BENCH_COMPILER) + " " + SMTPSPEC_BENCH_FLAGS,
               .yardstick = std::string(yardstick),
               .own = std::string(own),
               .timed = !options_.check};
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const Case& each = cases_[i];
      const Input& input = inputs_.at(each.recipe);
      Asked asked{.name = each.name,
                  .about = std::string(each.recipe->about),
                  .unit = std::string(each.recipe->unit),
                  .items = items_of(input),
                  .sha256 = crypto::sha256_hex(input.octets)};
      for (const Line& line : lines_)
        if (line.of == i) asked.results.push_back(result_of(line));
      out.asked.push_back(std::move(asked));
    }
    for (std::size_t i = 0; i < works_.size(); ++i)
      out.asked.push_back({.name = std::string(works_[i]->name),
                           .about = std::string(works_[i]->about),
                           .unit = std::string(works_[i]->unit),
                           .items = works_[i]->items,
                           .results = {work_result(worked_[i])}});
    for (const Competitor& each : competitors_) {
      if (options_.strictness && !each.strict.lines.empty()) out.judged.push_back({each.title(), each.strict.text(), each.strict.lines});
    }
    out.faults = faults_;
    if (options_.growth) out.growth = grow(competitors_, deadline_, options_.instructions, out.missed);
    return out;
  }

  void add_figures(const Line& line, Result& out) const {
    const Timed& entry = timed_[*line.timed];
    const Timing& time = times_.each[*line.timed];
    const auto items = static_cast<double>(entry.items);
    out.timed = true;
    out.least = time.least / items;
    out.median = time.median / items;
    out.instructions = entry.instructions;
    out.rate = static_cast<double>(entry.octets) / time.least;
    out.allocations = entry.allocations;
  }

  Result work_result(const Line& line) const {
    Result out{.name = line.name, .fault = line.fault};
    if (line.timed && line.fault.empty()) add_figures(line, out);
    return out;
  }

  Result result_of(const Line& line) const {
    Result out{.name = line.name, .fault = line.fault};
    if (line.competitor == nullptr) {
      out.kind = Result::Kind::limit;
    } else {
      out.kind = line.competitor->is_baseline() ? Result::Kind::baseline : Result::Kind::adapter;
      out.version = line.competitor->adapter->version;
      out.right = line.competitor->strict.right;
      out.strict = line.competitor->strict.of;
    }
    if (!line.timed || !line.fault.empty()) return out;
    add_figures(line, out);
    const Timed& entry = timed_[*line.timed];
    const Timing& time = times_.each[*line.timed];
    if (const Line* limit = limit_of(cases_[line.of])) out.of_limit = times_.each[*limit->timed].least / time.least;
    if (const Line* other = find(line.of, yardstick); other != nullptr && other != &line) {
      const Timed& by = timed_[*other->timed];
      out.counted = entry.instructions > 0 && by.instructions > 0;
      out.factor = out.counted ? by.instructions / entry.instructions : times_.each[*other->timed].least / time.least;
    }
    return out;
  }

  const Options& options_;
  const milliseconds deadline_;
  std::vector<Competitor> competitors_;
  std::vector<Case> cases_;
  std::map<const Recipe*, Input> inputs_;
  std::vector<const Work*> works_;
  std::vector<Line> lines_;
  std::vector<Line> worked_;         // one each
  std::vector<std::string> faults_;  // what no row of a table has room for
  std::vector<Timed> timed_;
  Times times_;
};

// Of "INPUT", where it is our own, or of "INPUT/ADAPTER"; nothing when its instructions were not counted.
const Result* counted(const Report& report, std::string_view name) {
  for (const Asked& asked : report.asked)
    for (const Result& each : asked.results)
      if ((asked.name == name ? each.name == own : asked.name + "/" + each.name == name) && each.instructions > 0) return &each;
  return nullptr;
}

// Says of each --gate and --budget whether it is met.
std::string check_gates(const Options& options, const Report& report, bool& failed) {
  std::string out;
  const auto say = [&](bool met, const std::string& name, std::optional<double> factor, std::string_view of, const std::string& bound) {
    out += std::string(met ? "met   " : "missed") + "  " + name + ": " + (factor ? number(*factor) : "not counted, so no") + " times " +
           std::string(of) + ", " + bound + "\n";
    failed = failed || !met;
  };
  for (const auto& [name, words] : options.gates) {
    const double least = std::strtod(words.c_str(), nullptr);
    const Result* result = counted(report, name);
    const std::optional<double> factor = result && result->counted ? result->factor : std::nullopt;
    say(factor && *factor >= least, name, factor, yardstick, "at least " + number(least));
  }
  for (const auto& [name, words, other] : options.budgets) {
    const double most = std::strtod(words.c_str(), nullptr);
    std::optional<double> factor;
    if (const Result *result = counted(report, name), *measure = counted(report, other); result && measure)
      factor = result->instructions / measure->instructions;
    say(factor && *factor <= most, name, factor, other, "at most " + number(most));
  }
  return out;
}

// False, with a word about it, when not all could be written.
bool write(const Wanted& wanted, const std::string& text) {
  const auto put = [&](std::FILE* file) { return std::fwrite(text.data(), 1, text.size(), file) == text.size(); };
  bool good = false;
  if (wanted.path == "-") {
    good = put(stdout) && std::fflush(stdout) == 0;
  } else if (std::FILE* file = std::fopen(wanted.path.c_str(), "w")) {
    good = put(file);
    good = std::fclose(file) == 0 && good;
  }
  if (!good) std::fprintf(stderr, "smtpspec-bench: %s: %s\n", wanted.path.c_str(), std::strerror(errno));
  return good;
}

// For a profiler: an input that grows.
int run_grown(const Options& options, const std::vector<Competitor>& list) {
  const auto all = growths();
  const auto growth = std::find_if(all.begin(), all.end(), [&](const Growth& each) { return each.name == options.inputs.front(); });
  if (growth == all.end()) return 2;
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const Competitor& each) { return each.adapter->question == growth->question; });
  if (it == list.end()) return 2;
  const std::string octets = growth->make(growth->n * options.times);
  run_passes(passes_of(*it->adapter, octets, cut_of(*growth, octets), true), options.passes);
  return 0;
}

// For a profiler: one adapter on one input, or one work.
int run_alone(const Options& options, const std::vector<Competitor>& list, const std::vector<Case>& chosen,
              const std::vector<const Work*>& works) {
  if (chosen.empty()) {
    run_passes(works.front()->begin, options.passes);
    return 0;
  }
  const Case& only = chosen.front();
  const auto it =
      std::find_if(list.begin(), list.end(), [&](const Competitor& each) { return each.adapter->question == only.recipe->question; });
  if (it == list.end()) return 2;
  const Input input = only.recipe->make();
  run_passes(passes_of(*it->adapter, input.octets, only.cut->ends(input.octets)), options.passes);
  return 0;
}

}  // namespace

int run(const Options& given) {
  Options options = given;
  if (!options.processes.empty()) return judge_processes(options);
  bool failed = false;
  std::vector<std::string> faults;
  std::vector<Competitor> list = competitors(options, faults, failed);
  if (options.times > 0) return run_grown(options, list);
  std::vector<Case> chosen = cases(options);
  std::vector<const Work*> chosen_works = works(options);
  if (const std::string unknown = unknown_name(options, chosen, chosen_works, list, faults.empty()); !unknown.empty()) {
    std::fprintf(stderr, "smtpspec-bench: %s\n", unknown.c_str());
    return 2;
  }
  if (options.list) return list_everything(chosen_works, list);
  if (options.passes > 0) return run_alone(options, list, chosen, chosen_works);
  if (options.instructions && !has_valgrind()) {
    std::fputs("smtpspec-bench: no valgrind here, so no instructions are counted\n", stderr);
    options.instructions = false;
  }
  // Better now than when all is measured; what is there stays.
  const auto is_standard_output = [](const Wanted& wanted) { return wanted.path == "-"; };
  for (const Wanted& wanted : options.reports) {
    if (wanted.kind == "json" && options.check) {
      std::fputs("smtpspec-bench: --report json is a document of times, and --check takes none\n", stderr);
      return 2;
    }
    if (!is_standard_output(wanted) && !std::ofstream(wanted.path, std::ios::app)) {
      std::fprintf(stderr, "smtpspec-bench: %s: %s\n", wanted.path.c_str(), std::strerror(errno));
      return 2;
    }
  }
  Run run(options, std::move(list), std::move(chosen), std::move(chosen_works));
  Report report = run.go(failed);
  failed = failed || !report.missed.empty();
  const bool taken = std::any_of(options.reports.begin(), options.reports.end(), is_standard_output);
  std::fputs((text(report) + report.missed + check_gates(options, report, failed)).c_str(), taken ? stderr : stdout);
  // On the terminal they were said at once.
  report.faults.insert(report.faults.begin(), faults.begin(), faults.end());
  bool written = true;
  for (const Wanted& wanted : options.reports)
    written = write(wanted, wanted.kind == "json" ? run.json() : wanted.kind == "html" ? html(report) : markdown(report)) && written;
  return !written ? 2 : failed ? 1 : 0;
}

}  // namespace smtpspec::bench
