// A campaign for those who read it: as a run, whose findings are its tests, for the reports that take one; as a document of its own; and as
// a page.
#pragma once

#include "fuzz/campaign/campaign.hpp"
#include "smtpspec/run/result.hpp"

namespace smtpspec::fuzz {

// What a report says beside what the campaign knows.
struct Setting {
  std::string version;  // of the suite
  std::string target, target_version, started;
  std::map<smtp::Role, smtp::Endpoint> endpoints;  // of the roles that took part
  Options options;
  session::Duration ours{};        // processor time of ours
  bool instrumented = false;       // the target: Report::places counts
  std::vector<std::string> files;  // of the findings, in their order
  std::set<std::size_t> known;     // numbers of findings that were known before
  std::string trouble;             // why it was no campaign, or ""
};

// Of the time from begin to end, adding up to 1: our own work; and of the rest, by what sessions waited for, the server's work on
// replies, and waiting for what nobody works on (a greeting, silence, the rate's limit).
struct Shares {
  double ours = 0, server = 0, waiting = 0;
};
Shares shares_of(const Report& report, session::Duration ours);

// Those that no finding shows: nothing did it again.
std::vector<std::string> untold_deaths(const Report& report);

// Each finding is a test that bears its name and fails; the campaign is one of its own for each role, so that a clean one is no empty
// run; it is an error when it was no campaign, or hides a death. What is known is waived.
run::Run as_run(const Report& report, const Setting& setting);

// A page by itself (report/page.hpp): what was found, and what was reached, in pictures with their figures.
std::string html(const Report& report, const Setting& setting, const script::Registry& registry);

// Schema "smtpspec.fuzz.v1" (reports/schema/fuzz.v1.json). All octets are spelt.
std::string json(const Report& report, const Setting& setting);

}  // namespace smtpspec::fuzz
