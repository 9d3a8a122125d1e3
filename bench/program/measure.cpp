#include "program/measure.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>

#include "limits/limits.hpp"
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

// Keeps the processor time of each repetition, on which other work weighs less than on the clock, and prints nothing.
class Keeper : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const benchmark::BenchmarkReporter::Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration && run.iterations > 0)
        seconds[run.run_name.function_name].push_back(run.cpu_accumulated_time / static_cast<double>(run.iterations));
  }
  std::map<std::string, std::vector<double>> seconds;
};

void run_one(benchmark::State& state, const Timed& timed) {
  const auto octets = static_cast<std::int64_t>(timed.octets.size());
  if (timed.adapter == nullptr) {
    std::vector<std::uint32_t> scratch(timed.octets.size() + 64);
    for (auto _ : state) benchmark::DoNotOptimize(limits()[timed.limit].run(timed.octets, scratch.data()));
  } else {
    const Context context(*timed.adapter);
    for (auto _ : state) {
      const CountingSink sink;
      benchmark::DoNotOptimize(drive(*timed.adapter, context.get(), timed.octets, timed.ends, sink));
      benchmark::DoNotOptimize(sink.items + sink.codes + sink.parts + sink.errors);
    }
    // A counter that is 0 would have a variation of 0/0, for which JSON has no word.
    const std::pair<const char*, double> counters[] = {
        {"allocations", timed.allocations}, {"instructions", timed.instructions}, {"strict", timed.strict}};
    for (const auto& [key, value] : counters)
      if (value > 0) state.counters[key] = value;
  }
  state.SetBytesProcessed(state.iterations() * octets);
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

std::vector<Timing> take_times(std::span<const Timed> timed, const Plan& plan) {
  for (const Timed& each : timed)
    benchmark::RegisterBenchmark(each.name.c_str(), [&each](benchmark::State& state) { run_one(state, each); });
  std::vector<std::string> words = {"smtpspec-bench", "--benchmark_repetitions=" + std::to_string(plan.repetitions),
                                    "--benchmark_min_time=" + std::to_string(plan.min_time), "--benchmark_enable_random_interleaving=true"};
  if (!plan.json.empty()) {
    words.push_back("--benchmark_out=" + plan.json);
    words.push_back("--benchmark_out_format=json");
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  benchmark::Initialize(&argc, argv.data());
  for (const auto& [key, value] : plan.context) benchmark::AddCustomContext(key, value);
  Keeper keeper;
  benchmark::RunSpecifiedBenchmarks(&keeper);
  benchmark::ClearRegisteredBenchmarks();
  std::vector<Timing> out;
  for (const Timed& each : timed) {
    std::vector<double>& seconds = keeper.seconds[each.name];
    std::sort(seconds.begin(), seconds.end());
    out.push_back(seconds.empty() ? Timing{} : Timing{seconds.front(), seconds[seconds.size() / 2]});
  }
  return out;
}

double allocations_of(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends) {
  const Context context(adapter);
  const CountingSink sink;
  drive(adapter, context.get(), octets, ends, sink);
  const std::uint64_t before = allocations();
  drive(adapter, context.get(), octets, ends, sink);
  return static_cast<double>(allocations() - before);
}

void run_passes(const smtpspec_adapter& adapter, std::string_view octets, std::span<const std::size_t> ends, int passes) {
  const Context context(adapter);
  const CountingSink sink;
  for (int i = 0; i < passes; ++i) benchmark::DoNotOptimize(drive(adapter, context.get(), octets, ends, sink));
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
