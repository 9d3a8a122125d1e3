#include "program/measure.hpp"

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

#include "program/allocations.hpp"
#include "program/child.hpp"
#include "program/drive.hpp"

namespace smtpspec::bench {
namespace {

using std::chrono::milliseconds;

class Context {
 public:
  explicit Context(const smtpspec_adapter& adapter) : adapter_(adapter), context_(adapter.create()) {}
  ~Context() { adapter_.destroy(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* get() const { return context_; }

 private:
  const smtpspec_adapter& adapter_;
  void* context_;
};

// Keeps the processor time of each repetition, on which other work weighs less than on the clock, and makes the document.
class Keeper : public benchmark::JSONReporter {
 public:
  Keeper() {
    SetOutputStream(&document);
    SetErrorStream(&std::cerr);
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    benchmark::JSONReporter::ReportRuns(runs);
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration && run.iterations > 0 && !run.error_occurred)
        seconds[run.run_name.function_name].push_back(run.cpu_accumulated_time / static_cast<double>(run.iterations));
  }
  std::map<std::string, std::vector<double>> seconds;
  std::ostringstream document;
};

void run_one(benchmark::State& state, const Timed& timed) {
  if (!timed.fault.empty()) return state.SkipWithError(timed.fault.c_str());
  const Pass pass = timed.begin();
  for (auto _ : state) pass();
  // A counter that is 0 would have a variation of 0/0, for which JSON has no word.
  const std::pair<const char*, double> counters[] = {
      {"allocations", timed.allocations}, {"instructions", timed.instructions}, {"strict", timed.strict}};
  for (const auto& [key, value] : counters)
    if (value > 0) state.counters[key] = value;
  if (timed.octets > 0) state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(timed.octets));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(timed.items));
}

// What callgrind counted when this program ran with `arguments`, or nothing.
std::optional<double> count_instructions(std::vector<std::string> arguments, milliseconds deadline) {
  std::vector<std::string> words = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "/proc/self/exe"};
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size > 0) words.back().assign(self, static_cast<std::size_t>(size));
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Child child([&](int pipe) {
    ::dup2(pipe, 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  });
  std::string said;
  const bool in_time = child.read_all(said, deadline);
  const std::size_t at = said.find("Collected : ");
  if (child.end(!in_time) != 0 || at == std::string::npos) return std::nullopt;
  return std::strtod(said.c_str() + at + 12, nullptr);
}

// Of a repetition: Google Benchmark tries as many passes as it thinks to take long enough, at most ten times too many.
constexpr double most_of_min_time = 20;
// In the pipe: the index of what begins now, again and again; then this one, the Timing of each, and the document.
constexpr std::uint32_t all_done = std::numeric_limits<std::uint32_t>::max();

void take_times_in_child(std::span<const Timed> timed, const Plan& plan, int pipe) {
  for (std::uint32_t i = 0; i < timed.size(); ++i)
    benchmark::RegisterBenchmark(timed[i].name.c_str(), [pipe, i, &each = timed[i]](benchmark::State& state) {
      write_all(pipe, &i, sizeof i);
      run_one(state, each);
    });
  std::vector<std::string> words = {"smtpspec-bench", "--benchmark_repetitions=" + std::to_string(plan.repetitions),
                                    "--benchmark_min_time=" + std::to_string(plan.min_time), "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  for (const auto& [key, value] : plan.context) benchmark::AddCustomContext(key, value);
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  std::vector<Timing> out;
  for (const Timed& each : timed) {
    std::vector<double>& seconds = keeper.seconds[each.name];
    std::sort(seconds.begin(), seconds.end());
    out.push_back(seconds.empty() ? Timing{} : Timing{seconds.front(), seconds[seconds.size() / 2]});
  }
  const std::string document = keeper.document.str();
  write_all(pipe, &all_done, sizeof all_done);
  write_all(pipe, out.data(), out.size() * sizeof(Timing));
  write_all(pipe, document.data(), document.size());
}

Figure in_child(const std::function<double()>& work, milliseconds deadline) {
  Figure out;
  const Told told = ask_child(
      [&] {
        const double value = work();
        return std::string(reinterpret_cast<const char*>(&value), sizeof value);
      },
      deadline);
  out.fault = told.fault;
  if (told.said.size() == sizeof out.value) std::memcpy(&out.value, told.said.data(), sizeof out.value);
  return out;
}

}  // namespace

Begin passes_of(const smtpspec_adapter& adapter, std::string_view octets, std::vector<std::size_t> ends, bool anew) {
  return [&adapter, octets, ends = std::move(ends), anew]() -> Pass {
    return [&adapter, octets, ends, anew, context = std::make_shared<const Context>(adapter)] {
      if (anew) adapter.reset(context->get());
      const CountingSink sink;
      benchmark::DoNotOptimize(drive(adapter, context->get(), octets, ends, sink));
      benchmark::DoNotOptimize(sink.items + sink.codes + sink.parts + sink.errors);
    };
  };
}

Begin passes_of(const Limit& limit, std::string_view octets) {
  return [&limit, octets]() -> Pass {
    auto scratch = std::make_shared<std::vector<std::uint32_t>>(octets.size() + 64);
    return [&limit, octets, scratch] { benchmark::DoNotOptimize(limit.run(octets, scratch->data())); };
  };
}

Times take_times(std::span<const Timed> timed, const Plan& plan, milliseconds deadline) {
  Child child([&](int pipe) { take_times_in_child(timed, plan, pipe); });
  const milliseconds patience = deadline + milliseconds(static_cast<std::int64_t>(plan.min_time * most_of_min_time * 1000));
  Times out{.each = std::vector<Timing>(timed.size()), .json = {}, .failed = {}, .fault = {}};
  bool good = false;
  while (child.wait(patience)) {
    std::uint32_t index = 0;
    if (!child.read(&index, sizeof index, patience)) break;
    if (index == all_done) {
      good = child.read(out.each.data(), timed.size() * sizeof(Timing), patience) && child.read_all(out.json, patience);
      break;
    }
    out.failed = index;
  }
  const bool late = !good && !child.wait(milliseconds(0));
  const int how = child.end(late);
  if (good) out.failed.reset();
  else out.fault = how_it_ended(late, how);
  return out;
}

Figure allocations_of(const Begin& begin, milliseconds deadline) {
  return in_child(
      [&] {
        const Pass pass = begin();
        pass();
        const std::uint64_t before = allocations();
        pass();
        return static_cast<double>(allocations() - before);
      },
      deadline);
}

void run_passes(const Begin& begin, int passes) {
  const Pass pass = begin();
  for (int i = 0; i < passes; ++i) pass();
}

std::optional<double> instructions_of(const std::vector<std::string>& arguments, milliseconds deadline) {
  constexpr int few = 1, more = 3, slower = 100;
  const auto count = [&](int passes) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--passes", std::to_string(passes)});
    return count_instructions(std::move(all), deadline * slower);
  };
  const auto low = count(few);
  const auto high = low ? count(more) : std::nullopt;
  if (!high) return std::nullopt;
  return (*high - *low) / (more - few);
}

bool has_valgrind() { return std::system("command -v valgrind >/dev/null 2>&1") == 0; }

Figure quick_time(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends, milliseconds deadline) {
  return in_child(
      [&] {
        using Clock = std::chrono::steady_clock;
        const Context context(adapter);
        const CountingSink sink;
        double least = std::numeric_limits<double>::max();
        const auto end = Clock::now() + milliseconds(30);
        do {
          adapter.reset(context.get());
          const auto start = Clock::now();
          benchmark::DoNotOptimize(drive(adapter, context.get(), octets, ends, sink));
          least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
        } while (Clock::now() < end);
        return least;
      },
      deadline);
}

}  // namespace smtpspec::bench
