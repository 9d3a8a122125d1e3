// What stands before the first session of a run: the case files and the registry, and a run of a single case behind them.
#include "program/work.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::bench {
namespace {

std::string load() {
  const auto suite = script::load_suite(SMTPSPEC_CASES_DIRECTORY);
  if (!suite) return "wrong (" + to_string(suite.error()) + ")";
  const auto files = script::case_files(SMTPSPEC_CASES_DIRECTORY);
  const std::size_t there = files ? files->size() : 0;
  if (suite->cases.size() == there && there > 0 && suite->errors.empty()) return "";
  return "wrong (" + std::to_string(suite->cases.size()) + " of " + std::to_string(there) + ")";
}

// `run embedded` of one case, without its rules.
std::string run_one() {
  const auto suite = script::load_suite(SMTPSPEC_CASES_DIRECTORY);
  if (!suite) return "wrong (" + to_string(suite.error()) + ")";
  serve::MemoryStore store;
  serve::Server server({}, store, crypto::digests());
  session::MemoryTransport transport([&](smtp::Role role) { return server.accept(role); });
  run::Profile profile = selftest::reference_profile(server.config());
  complete_facts(profile, "t");
  run::Options options;
  options.quiet_rules = true;
  options.selection.globs = {"rfc5321/order/rcpt-before-mail"};
  run::Runner runner(*suite, std::move(profile), options, transport,
                     {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"});
  const run::Run run = runner.run();
  for (const run::TestResult& test : run.tests)
    if (test.verdict != judge::Verdict::pass) return "wrong (" + test.id + ": " + test.summary + ")";
  return run.tests.empty() ? "wrong (no test)" : "";
}

}  // namespace

const Work start_suite{
    .name = "start/suite",
    .unit = "start",
    .about = "all case files and the registry are loaded",
    .fault = load,
    .begin = []() -> Pass { return [] { static_cast<void>(script::load_suite(SMTPSPEC_CASES_DIRECTORY)); }; },
};
const Work start_run{
    .name = "start/run",
    .unit = "start",
    .about = "the same, and a run of one case on the reference server in memory",
    .fault = run_one,
    .begin = []() -> Pass { return [] { run_one(); }; },
};

}  // namespace smtpspec::bench
