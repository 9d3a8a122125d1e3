#include <fmt/format.h>

#include "smtpspec/report/findings.hpp"
#include "smtpspec/report/report.hpp"
#include "smtpspec/report/shell.hpp"
#include "smtpspec/report/text.hpp"

namespace smtpspec::report {

using judge::Verdict;

namespace {

std::string_view colour_of(Verdict verdict);
// The verdict in its colour; what is waived is grey.
std::string painted_verdict(const run::TestResult& test, const Paint& paint) {
  return paint(verdict_word(test), test.waived.empty() ? colour_of(test.verdict) : "90");
}

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return "32";
    case Verdict::observed: return "36";
    case Verdict::skip: return "90";
    case Verdict::inconclusive: return "35";
    case Verdict::deviation: return "33";
    case Verdict::fail: return "1;31";
    case Verdict::error: return "1;31";
  }
  return "0";
}

// An entry's octets, a line for each line of the wire. CRLF is taken for granted; any other line end shows. Of long
// content the middle is left out.
std::vector<std::string> wire_lines(const session::Entry& entry, bool whole) {
  std::vector<std::string> lines;
  const std::string shown = entry.shown(whole ? 1u << 20 : 16384);
  if (entry.kind == session::Entry::Kind::note) return {shown};
  for (std::string_view rest = shown; !rest.empty();) {
    const std::size_t end = rest.find("\\r\\n");
    std::string line(rest.substr(0, end));
    // The last piece did not end in CRLF: that is worth a sign of its own.
    if (end == std::string_view::npos && lines.empty() && entry.kind == session::Entry::Kind::sent) line += "   (no CRLF)";
    constexpr std::size_t widest = 200;
    if (!whole && line.size() > widest) line = line.substr(0, widest) + fmt::format("... {} more", line.size() - widest);
    lines.push_back(std::move(line));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 4);
  }
  constexpr std::size_t most = 24, kept = 10;
  if (!whole && lines.size() > most) {
    const std::size_t left_out = lines.size() - 2 * kept;
    lines.erase(lines.begin() + kept, lines.end() - kept);
    lines.insert(lines.begin() + kept, fmt::format("... {} lines ...", left_out));
  }
  return lines;
}

// "fail rfc5321/data/bare-lf  6 tests: 3 rows, relay submission" and below it what is wrong.
std::string bug_lines(const Bug& bug, const Paint& paint) {
  const run::TestResult& first = *bug.tests.front();
  std::string out =
      fmt::format("  {}{} {}", painted_verdict(first, paint), first.by_letter ? " by-letter" : "", paint(bug.finding->rule, "1"));
  out += "  " + plural(bug.tests.size(), "test") + ":";
  if (first.test && !first.row.empty()) out += " " + plural(bug.rows(), "row") + ",";
  for (const smtp::Role role : bug.roles()) out += " " + std::string(to_string(role));
  out += "\n" + wrapped(what_is_wrong(*bug.finding, first), 6);
  return first.waived.empty() ? out : out + wrapped("waived: " + first.waived, 6);
}

// A waiver that wants a hand: it lifts nothing any more, or its day is over.
std::string waiver_line(const run::WaiverUse& use) {
  using State = run::WaiverUse::State;
  const std::string place = fmt::format("{}:{}: the waiver of {}", use.waiver.place.file, use.waiver.place.line, use.waiver.glob);
  if (use.state == State::stale) return wrapped(place + " is stale: all that it names passes", 2);
  if (use.state == State::expired)
    return wrapped(fmt::format("{} ended on {}: {} count again", place, use.waiver.until, plural(use.tests, "test")), 2);
  return "";
}

// "12 more tests with a second recipient (--rcpt-second ADDRESS): relay 6, submission 6"
std::string missing_line(const std::vector<std::string>& facts, const std::map<smtp::Role, std::size_t>& roles) {
  std::string words, ways, parts;
  for (const std::string& fact : facts) {
    words += (words.empty() ? "" : " and ") + run::fact_in_words(fact);
    ways += (ways.empty() ? "" : ", ") + run::how_to_give(fact);
  }
  std::size_t all = 0;
  for (const auto& [role, n] : roles) {
    all += n;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", to_string(role), n);
  }
  return fmt::format("  {} more test{} with {} ({}): {}\n", all, all == 1 ? "" : "s", words, ways, parts);
}

std::string again(const run::TestResult& test, const TerminalOptions& options) {
  std::string out;
  for (const std::string& variable : options.variables) out += fmt::format("{0}=\"${0}\" ", variable);
  std::vector<std::string> words = options.command;
  words.insert(words.end(), {test.again, "--role", std::string(to_string(test.role))});
  words.insert(words.end(), options.flags.begin(), options.flags.end());
  return out + shell_line(words);
}

}  // namespace

bool counts(const run::TestResult& test, const TerminalOptions& options) {
  if (!test.waived.empty() || (test.by_letter && !options.by_letter)) return false;
  if (test.verdict == Verdict::fail) return true;
  if (test.verdict == Verdict::deviation) return options.level != script::Level::must;
  return test.verdict == Verdict::observed && options.level == script::Level::may;
}

std::string terminal_test(const run::TestResult& test, const script::Registry& registry, const TerminalOptions& options) {
  const Paint paint{options.color};
  std::string out =
      fmt::format("{} {}  {} {}", painted_verdict(test, paint), paint(test.id, "1"), to_string(test.role), to_string(test.level));
  if (test.by_letter) out += " by-letter";
  if (test.duration.count() > 0) out += fmt::format("  {} ms", test.duration.count() / 1000);
  out += "\n";
  if (!test.waived.empty()) out += wrapped("waived: " + test.waived, 4);
  const bool whole = (test.verdict >= Verdict::deviation && test.waived.empty()) || options.verbosity >= 2;
  if (!whole) return out + wrapped(test.summary, 4);
  for (const std::string& id : test.requirements) {
    const auto* requirement = registry.find(id);
    out += wrapped(
        requirement ? fmt::format("{} (RFC {} section {}): {}", id, requirement->rfc, requirement->section, requirement->says) : id, 4);
    if (requirement && requirement->by_letter) out += wrapped("by-letter: " + requirement->by_letter->reason, 4);
    if (requirement && requirement->lenient) out += wrapped("in practice: " + requirement->lenient->reason, 4);
    if (!test.findings.empty()) break;  // the first is the one that is broken
  }
  if (!test.summary.empty()) out += wrapped(test.summary, 4);
  if (test.rule && test.seen_in) out += wrapped(fmt::format("seen in {}; the first is {}", plural(test.seen_in, "test"), test.example), 4);
  if (test.place.line) out += fmt::format("    {}:{}\n", test.place.file, test.place.line);
  int index = 0;
  for (const auto& entry : test.transcript.entries) {
    const bool marked = index++ == test.marked;
    const char dir = entry.kind == session::Entry::Kind::sent ? 'C' : entry.kind == session::Entry::Kind::note ? '*' : 'S';
    const std::vector<std::string> lines = wire_lines(entry, options.verbosity >= 2);
    const std::string number = entry.connection == 1 ? "" : std::to_string(entry.connection);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string line =
          i == 0 ? fmt::format("{} {}{}: {}", marked ? "  ->" : "    ", dir, number, lines[i]) : fmt::format("         {}", lines[i]);
      out += (marked ? paint(line, "31") : line) + "\n";
    }
    if (marked && !test.findings.empty()) out += paint(fmt::format("       expected: {}", test.findings.front().expected), "31") + "\n";
  }
  if (!test.log.empty()) {
    out += "    the target logged meanwhile:\n";
    for (const std::string& line : test.log) out += "      " + line.substr(0, 200) + "\n";
  }
  if (!test.again.empty() && test.verdict >= Verdict::deviation) out += "    again: " + again(test, options) + "\n";
  return out;
}

std::string terminal_summary(const run::Run& run, const TerminalOptions& options) {
  const Paint paint{options.color};
  std::string out;
  std::string counts_text;
  for (const Verdict verdict :
       {Verdict::pass, Verdict::fail, Verdict::deviation, Verdict::observed, Verdict::inconclusive, Verdict::skip, Verdict::error}) {
    const std::size_t n = run.count(verdict);
    if (n == 0 && verdict != Verdict::pass && verdict != Verdict::fail) continue;
    counts_text += (counts_text.empty() ? "" : " · ") + paint(fmt::format("{} {}", n, to_string(verdict)), n ? colour_of(verdict) : "0");
  }
  if (const std::size_t n = run.waived(); n > 0) counts_text += " · " + paint(fmt::format("{} waived", n), "90");
  out += fmt::format("{}: {} tests, {} replies, {:.1f} s\n  {}\n", run.target, run.tests.size(), run.replies,
                     static_cast<double>(run.duration.count()) / 1e6, counts_text);
  if (const std::size_t n = run.by_letter(); n > 0)
    out += fmt::format("  {} of these by-letter: rules that nearly every deployed server breaks; they do not set the exit status\n", n);
  for (const Bug& bug : bugs(run))
    if (bug.tests.front()->verdict >= Verdict::deviation || options.verbosity > 0) out += bug_lines(bug, paint);
  for (const run::WaiverUse& use : run.waivers) out += waiver_line(use);
  if (run.interrupted) out += "  interrupted: the rest did not run\n";
  for (const std::string& death : run.deaths) out += wrapped(death, 2);
  if (run.dead) out += wrapped("the target stopped answering: " + run.trouble, 2);
  for (const auto& [role, trouble] : run.dead_roles)
    if (!run.dead) out += wrapped(fmt::format("{} stopped answering, and its tests are inconclusive: {}", to_string(role), trouble), 2);
  for (const auto& [role, offer] : run.offers)
    if (!offer.trouble.empty() && run.dead_roles.count(role) == 0) out += wrapped(fmt::format("{}: {}", to_string(role), offer.trouble), 2);
  for (const auto& [role, offer] : run.offers)
    if (!offer.tls.trust.empty() && offer.tls.trust != "verified")
      out += wrapped(fmt::format("{}: the certificate does not verify: {}", to_string(role), offer.tls.trust), 2);
  for (const auto& [facts, roles] : run.missing) out += missing_line(facts, roles);
  if (!run.log.empty())
    out += fmt::format("  the target's log: {}{}\n", run.log, run.log_cut ? " (it was too long, its end was dropped)" : "");
  return out;
}

}  // namespace smtpspec::report
