// What a run leaves behind: a result for each test and each always-on rule, what the target offered, and what became of
// it. The reports are made from this and nothing else.
#pragma once

#include "smtpspec/judge/judge.hpp"
#include "smtpspec/run/profile.hpp"
#include "smtpspec/run/waivers.hpp"

namespace smtpspec::run {

using judge::Verdict;

struct TestResult {
  const script::Case* test = nullptr;  // null for an always-on rule
  const judge::Rule* rule = nullptr;
  std::string id;  // with the row: "rfc5321/data/end-of-data[lf-dot-lf]"
  std::string row;
  std::string again;  // the id that shows it again, or ""
  smtp::Role role = smtp::Role::relay;
  script::Level level = script::Level::must;
  std::vector<std::string> requirements;
  std::string title;
  Verdict verdict = Verdict::skip;
  std::string summary;  // expected and came, or why it was skipped
  std::string choice;
  bool by_letter = false;
  std::string waived;  // the reason why a fail or deviation does not count, or ""
  bool flaky = false;  // its verdict changed from one repetition to the next
  std::vector<judge::Finding> findings;
  session::Transcript transcript;
  int marked = -1;  // entry of the transcript that breaks the law
  Place place;      // of the expectation that was not met
  session::Duration duration{};
  std::size_t seen_in = 0;       // a rule: in how many tests it was broken
  std::size_t checked = 0;       // a rule: replies that it was about
  std::string example;           // a rule: the test whose transcript is shown
  std::vector<std::string> log;  // what the target logged meanwhile, masked; of a finding

  // The finding that the verdict rests on: the first of the worst, or none.
  const judge::Finding* worst() const;
};

// The verdict as reports name it: "fail", or "waived".
std::string_view verdict_word(const TestResult& test);

struct Offer {
  bool reached = false;  // a connection came about
  bool probed = false;   // something was said on it
  std::string greeting;
  smtp::Capabilities clear;                       // by the first EHLO (inside TLS on submissions)
  smtp::Capabilities ready;                       // where mail can be sent: after TLS and login as the role wants
  bool clear_known = false, ready_known = false;  // the EHLO of each was answered by 250
  smtp::TlsFacts tls;
  std::string trouble;  // why a probe did not get there
};

// Facts that the target's profile lacks -> role -> tests that they would add together.
using Missing = std::map<std::vector<std::string>, std::map<smtp::Role, std::size_t>>;

struct Run {
  std::string target;
  std::string version;
  std::string started;                       // "2026-12-31T23:59:59Z", when the caller knows it
  std::map<std::string, std::string> facts;  // of the profile, the password as ***
  std::map<smtp::Role, Endpoint> endpoints;
  std::map<smtp::Role, Offer> offers;
  std::vector<TestResult> tests;
  std::size_t left_out = 0;  // about another kind of server: see about() in applicability.hpp
  Missing missing;
  session::Deadlines deadlines;
  std::uint64_t replies = 0;
  session::Duration duration{};
  bool interrupted = false;
  std::map<smtp::Role, std::string> dead_roles;  // which stopped answering, or could not be reached and have no tests, and why
  bool dead = false;                             // all of them did
  std::string trouble;                           // why, in a sentence
  std::vector<std::string> deaths;               // of the target's process, each with what was under way
  std::string log;                               // the file with what the target logged, where it was kept
  bool log_cut = false;                          // the end of it was dropped
  std::vector<WaiverUse> waivers;

  // False of a role whose endpoint took no connection; true as long as nobody asked.
  bool reached(smtp::Role role) const;
  // No role was reached, so that there is nothing to report but that.
  bool nobody_there() const;

  // These add up to the tests: what is waived counts as nothing else. By-letter is a part of fail and deviation.
  std::size_t count(Verdict verdict) const;
  std::size_t waived() const;
  std::size_t by_letter() const;
  std::size_t waivers_in(WaiverUse::State state) const;
};

}  // namespace smtpspec::run
