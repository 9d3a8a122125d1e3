#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/cli.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

// The program that benchmarks parsers is built apart, since few need it and it wants libraries that nothing else does. Installed it
// stands beside this one, in a build in a folder of its own.
int bench_command(std::vector<std::string> words) {
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& program : {here / "smtpspec-bench", here / "bench" / "smtpspec-bench"}) {
    if (!fs::is_regular_file(program, error)) continue;
    words.insert(words.begin(), program.string());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    complain({std::string("cannot be run: ") + std::strerror(errno), Place{program.string()}});
    return usage;
  }
  complain(
      {"there is no smtpspec-bench beside this program; it is built by\n"
       "  .ci/bootstrap bench && cmake -S . -B build -DSMTPSPEC_BENCH=ON && cmake --build build"});
  return usage;
}

}  // namespace

void add_bench(CLI::App& app, Environment&, int& status) {
  CLI::App* command = app.add_subcommand("bench", "Benchmark parsers: one table with every peer that is there, and yours");
  command->prefix_command()->fallthrough(false);
  command->footer(
      "All words behind it go to smtpspec-bench, which 'smtpspec-bench --help' explains. Exit status: 0, 1 when an adapter that has to be "
      "right is not or a gate is missed, 2 usage.");
  command->callback([command, &status] { status = bench_command(command->remaining()); });
}

}  // namespace smtpspec::cli
