#include "program/measure.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

#include "program/allocations.hpp"
#include "program/drive.hpp"

namespace smtpspec::bench {
namespace {

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
std::optional<double> count_instructions(std::vector<std::string> arguments) {
  std::vector<std::string> words = {"valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "/proc/self/exe"};
  char self[4096];
  const ssize_t size = ::readlink("/proc/self/exe", self, sizeof self);
  if (size > 0) words.back().assign(self, static_cast<std::size_t>(size));
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string said;
  char piece[4096];
  for (ssize_t n; (n = ::read(ends[0], piece, sizeof piece)) > 0;) said.append(piece, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  const std::size_t at = said.find("Collected : ");
  if (status != 0 || at == std::string::npos) return std::nullopt;
  return std::strtod(said.c_str() + at + 12, nullptr);
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

Times take_times(std::span<const Timed> timed, const Plan& plan) {
  for (const Timed& each : timed)
    benchmark::RegisterBenchmark(each.name.c_str(), [&each](benchmark::State& state) { run_one(state, each); });
  std::vector<std::string> words = {"smtpspec-bench", "--benchmark_repetitions=" + std::to_string(plan.repetitions),
                                    "--benchmark_min_time=" + std::to_string(plan.min_time), "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  for (const auto& [key, value] : plan.context) benchmark::AddCustomContext(key, value);
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  benchmark::ClearRegisteredBenchmarks();
  Times out{.each = {}, .json = keeper.document.str()};
  for (const Timed& each : timed) {
    std::vector<double>& seconds = keeper.seconds[each.name];
    std::sort(seconds.begin(), seconds.end());
    out.each.push_back(seconds.empty() ? Timing{} : Timing{seconds.front(), seconds[seconds.size() / 2]});
  }
  return out;
}

double allocations_of(const Begin& begin) {
  const Pass pass = begin();
  pass();
  const std::uint64_t before = allocations();
  pass();
  return static_cast<double>(allocations() - before);
}

void run_passes(const Begin& begin, int passes) {
  const Pass pass = begin();
  for (int i = 0; i < passes; ++i) pass();
}

std::optional<double> instructions_of(const std::vector<std::string>& arguments) {
  constexpr int few = 1, more = 3;
  const auto count = [&](int passes) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--passes", std::to_string(passes)});
    return count_instructions(std::move(all));
  };
  const auto low = count(few);
  const auto high = low ? count(more) : std::nullopt;
  if (!high) return std::nullopt;
  return (*high - *low) / (more - few);
}

bool has_valgrind() { return std::system("command -v valgrind >/dev/null 2>&1") == 0; }

double quick_time(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends) {
  using Clock = std::chrono::steady_clock;
  const Context context(adapter);
  const CountingSink sink;
  double least = std::numeric_limits<double>::max();
  const auto end = Clock::now() + std::chrono::milliseconds(30);
  do {
    adapter.reset(context.get());
    const auto start = Clock::now();
    benchmark::DoNotOptimize(drive(adapter, context.get(), octets, ends, sink));
    least = std::min(least, std::chrono::duration<double>(Clock::now() - start).count());
  } while (Clock::now() < end);
  return least;
}

}  // namespace smtpspec::bench
