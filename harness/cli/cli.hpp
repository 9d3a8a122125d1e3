// What the commands share: exit statuses, the environment, where the suite and the launchers lie.
#pragma once

#include <CLI/CLI.hpp>
#include <ctime>
#include <string>

#include "cli/output.hpp"
#include "smtpspec/script/coverage.hpp"

namespace smtpspec::cli {

// The exit statuses, part of the interface (README).
enum Status : int {
  ok = 0,
  nonconformance = 1,
  usage = 2,  // and what cannot be read or written
  unreachable = 3,
  empty_selection = 4,
  internal = 5,
  by_signal = 128,  // and its number: the command ended early
};

struct Environment {
  std::string cases;  // the suite's directory
  bool cases_given = false;
  std::string launchers;  // harness/targets, or where it was installed
  bool color_out = false;
  bool color_error = false;
  std::size_t width = 100;  // of standard output, in columns
  bool live = false;        // standard error is a terminal that takes a progress line
};

// Every command adds itself to the program and says in `status` how it ended.
void add_run(CLI::App& app, Environment& environment, int& status);
void add_replay(CLI::App& app, Environment& environment, int& status);
void add_report(CLI::App& app, Environment& environment, int& status);
void add_fuzz(CLI::App& app, Environment& environment, int& status);
void add_minimise(CLI::App& app, Environment& environment, int& status);
void add_corpus(CLI::App& app, Environment& environment, int& status);
void add_list(CLI::App& app, Environment& environment, int& status);
void add_show(CLI::App& app, Environment& environment, int& status);
void add_lint(CLI::App& app, Environment& environment, int& status);
void add_fmt(CLI::App& app, Environment& environment, int& status);
void add_coverage(CLI::App& app, Environment& environment, int& status);
void add_serve(CLI::App& app, Environment& environment, int& status);
void add_doctor(CLI::App& app, Environment& environment, int& status);
void add_lab(CLI::App& app, Environment& environment, int& status);
void add_selftest(CLI::App& app, Environment& environment, int& status);
void add_bench(CLI::App& app, Environment& environment, int& status);

void complain(const Error& error);  // "smtpspec: …" on standard error
// What a terminal takes for text: control octets are spelt, everything else stays as it is.
std::string printable(std::string_view text);
std::string version();
// "2026-12-31T23:59:59Z"
std::string now_in_utc();
// In the form of strftime; `in_zone` is gmtime_r or localtime_r.
std::string time_now(const char* format, std::tm* (*in_zone)(const std::time_t*, std::tm*));

// The always-on rules with the requirements that they cite.
std::vector<script::CitingRule> citing_rules();

// What names cases, where the path of a case's file stands for its id.
std::vector<std::string> case_ids(const Environment& environment, std::vector<std::string> words);

// A case that stands in no suite: its file, which replay takes with or without ".yaml", and itself. Its id is the path without it.
std::string case_file(const std::string& path);
Result<script::Case> read_case(const std::string& file);

// The suite, its broken files complained of; nothing when it cannot be read at all.
std::optional<script::Suite> open_suite(const Environment& environment, bool quiet = false);

}  // namespace smtpspec::cli
