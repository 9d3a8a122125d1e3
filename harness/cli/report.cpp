// report: run documents as every other report.
#include "cli/reports.hpp"
#include "cli/target.hpp"
#include "smtpspec/report/merge.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {
namespace {

constexpr std::size_t most_document_octets = 512u << 20;

struct ReportFlags {
  std::vector<std::string> files, reports;
  bool merge = false;
};

Result<report::Reported> read_document(const std::string& file, const script::Suite& suite) {
  const auto text = script::read_file_up_to(file, most_document_octets);
  return text ? report::read_run(*text, file, suite) : tl::unexpected(text.error());
}

int report_command(const ReportFlags& flags, const Environment& environment) {
  const auto reports = reports_of(flags.reports, run_reports);
  if (!reports) {
    complain(reports.error());
    return usage;
  }
  if (flags.files.size() > 1 && !flags.merge)
    for (const WantedReport& wanted : *reports)
      if (wanted.kind != "html") {
        complain({"--report: " + wanted.kind + " takes one run document, and " + std::to_string(flags.files.size()) +
                  " are given; html shows several side by side, and --merge puts shards together"});
        return usage;
      }
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  std::vector<report::Reported> runs;
  for (const std::string& file : flags.files) {
    auto run = read_document(file, *suite);
    if (!run) {
      complain(run.error());
      return usage;
    }
    runs.push_back(std::move(*run));
  }
  if (flags.merge) {
    auto one = report::merged(std::move(runs), flags.files);
    if (!one) {
      complain(one.error());
      return usage;
    }
    runs = {std::move(*one)};
  }
  if (reports->empty()) {
    std::string out;
    for (const report::Reported& one : runs)
      out += report::terminal_summary(one.run, {.color = environment.color_out, .width = environment.width});
    const auto printed = write_to("-", out);
    if (!printed) complain(printed.error());
    return printed ? ok : usage;
  }
  bool written = true;
  for (const WantedReport& wanted : *reports) {
    const auto one = write_to(wanted.path, wanted.kind == "html" ? page_of(runs, *suite) : report_of(wanted.kind, runs.front(), *suite));
    if (!one) complain(one.error());
    written = written && one;
  }
  return written ? ok : usage;
}

}  // namespace

void add_report(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command = app.add_subcommand(
      "report", "Make reports of run documents, which run wrote with --report json=PATH; without --report, print their summaries");
  command->add_option("FILE", flags->files, "Run documents; html takes several and shows where they differ")->required();
  command->add_flag("--merge", flags->merge, "The documents are the shards of one run (run --shard m/n): put them together");
  add_reports(*command, flags->reports, run_reports);
  command->callback([flags, &environment, &status] { status = unless_caught(report_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
