#include <fmt/format.h>

#include "smtpspec/report/dialogue.hpp"
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

// Octets are folded, not wrapped: no blank of theirs is lost. What goes on stands deeper than a line of its own would.
std::string folded(std::string_view head, std::string_view octets, std::size_t width) {
  constexpr std::size_t deeper = 13, least = 20;
  std::string out(head);
  std::size_t room = std::max(width, head.size() + least) - head.size();
  while (octets.size() > room) {
    const std::size_t blank = octets.rfind(' ', room - 1);
    const std::size_t piece = blank == std::string_view::npos || blank < room / 2 ? room : blank + 1;
    out += std::string(octets.substr(0, piece)) + "\n" + std::string(deeper, ' ');
    octets.remove_prefix(piece);
    room = std::max(width, deeper + least) - deeper;
  }
  return out + std::string(octets) + "\n";
}

std::string entry_text(const session::Entry& entry, bool marked, const TerminalOptions& options) {
  std::string head = fmt::format("{} {}: ", marked ? "  ->" : "    ", speaker(entry));
  std::string out;
  for (const std::string& line : wire_lines(entry, marked, options.verbosity)) {
    out += folded(head, line, options.width);
    head = std::string(9, ' ');
  }
  return out.empty() ? head + "\n" : out;
}

// What comes many times in a row, as NOOP and its reply do, stands there once.
std::string collapsed(const std::vector<std::string>& entries) {
  std::string out;
  for (std::size_t at = 0; at < entries.size();) {
    std::size_t period = 0, times = 1;
    for (std::size_t p = 1; p <= 2 && period == 0; ++p) {
      std::size_t same = at + p;
      while (same < entries.size() && entries[same] == entries[same - p]) ++same;
      if ((same - at) / p >= 3) period = p, times = (same - at) / p;
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(period, 1); ++i) out += entries[at + i];
    if (period) out += fmt::format("     *: the same {} times more\n", times - 1);
    at += std::max<std::size_t>(period, 1) * times;
  }
  return out;
}

// With many sessions at once most of what the target logs is about others, so that much of it is only counted.
std::string log_lines(const std::vector<std::string>& log, const TerminalOptions& options) {
  constexpr std::size_t most = 12;
  if (log.size() > most && options.verbosity < 2)
    return fmt::format("    the target logged {} lines meanwhile; -v -v shows them\n", log.size());
  std::string out = "    the target logged meanwhile:\n";
  for (const std::string& line : log) out += folded("      ", line, options.width);
  return out;
}

// "fail rfc5321/data/bare-lf  6 tests: 3 rows, relay submission", below it what is wrong and the rows.
std::string bug_lines(const Bug& bug, const Paint& paint, std::size_t width) {
  const run::TestResult& first = *bug.tests.front();
  const auto rows = bug.rows();
  const bool table = first.test && !first.row.empty();
  std::string out = fmt::format("  {}{} {}", painted_verdict(first, paint), first.by_letter ? " by-letter" : "", paint(bug.name(), "1"));
  out += "  " + plural(bug.tests.size(), "test") + ":";
  if (table) out += " " + plural(rows.size(), "row") + ",";
  for (const smtp::Role role : bug.roles()) out += " " + std::string(to_string(role));
  out += "\n" + wrapped(bug.wrong(), 6, width);
  if (table) {
    std::string names = rows.size() == 1 ? "row:" : "rows:";
    for (const auto& row : rows) names += " " + row;
    out += wrapped(names, 6, width);
  }
  return first.waived.empty() ? out : out + wrapped("waived: " + first.waived, 6, width);
}

// A waiver that wants a hand: it lifts nothing any more, or its day is over.
std::string waiver_line(const run::WaiverUse& use, std::size_t width) {
  using State = run::WaiverUse::State;
  const std::string place = fmt::format("{}:{}: the waiver of {}", use.waiver.place.file, use.waiver.place.line, use.waiver.glob);
  if (use.state == State::stale) return wrapped(place + " is stale: all that it names passes", 2, width);
  if (use.state == State::expired)
    return wrapped(
        fmt::format("{} ended on {}: {} {} again", place, use.waiver.until, plural(use.tests, "test"), use.tests == 1 ? "counts" : "count"),
        2, width);
  return "";
}

// "12 more tests with --rcpt-second ADDRESS: relay 6, submission 6"
std::string missing_line(const std::vector<std::string>& facts, const std::map<smtp::Role, std::size_t>& roles, std::size_t width) {
  std::string ways, parts;
  for (const std::string& fact : facts) ways += (ways.empty() ? "" : " and ") + run::how_to_give(fact);
  std::size_t all = 0;
  for (const auto& [role, n] : roles) {
    all += n;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", to_string(role), n);
  }
  return wrapped(fmt::format("{} with {}: {}", plural(all, "more test"), ways, parts), 2, width);
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
  if (!test.waived.empty()) out += wrapped("waived: " + test.waived, 4, options.width);
  const bool whole = (test.verdict >= Verdict::deviation && test.waived.empty()) || options.verbosity >= 2;
  if (!whole) return test.summary.empty() ? out : out + wrapped(test.summary, 4, options.width);
  for (const std::string& id : test.requirements) {
    const auto* requirement = registry.find(id);
    out +=
        wrapped(requirement ? fmt::format("{} (RFC {} section {}): {}", id, requirement->rfc, requirement->section, requirement->says) : id,
                4, options.width);
    if (requirement && requirement->by_letter) out += wrapped("by-letter: " + requirement->by_letter->reason, 4, options.width);
    if (requirement && requirement->lenient) out += wrapped("in practice: " + requirement->lenient->reason, 4, options.width);
    if (!test.findings.empty()) break;  // the first is the one that is broken
  }
  if (!test.summary.empty()) out += wrapped(test.summary, 4, options.width);
  if (test.rule && test.seen_in)
    out += wrapped(fmt::format("seen in {}; the first is {}", plural(test.seen_in, "test"), test.example), 4, options.width);
  if (test.place.line) out += fmt::format("    {}:{}\n", test.place.file, test.place.line);
  std::vector<std::string> entries;
  for (const auto& entry : test.transcript.entries) {
    const bool marked = static_cast<int>(entries.size()) == test.marked;
    std::string text = entry_text(entry, marked, options);
    if (marked && !test.findings.empty()) text += wrapped("expected: " + test.findings.front().expected, 7, options.width);
    if (marked) text = paint(std::string_view(text).substr(0, text.size() - 1), "31") + "\n";
    entries.push_back(std::move(text));
  }
  out += collapsed(entries);
  if (!test.log.empty()) out += log_lines(test.log, options);
  if (!test.again.empty() && test.verdict >= Verdict::deviation) out += "    again: " + again(test, options) + "\n";
  return out;
}

std::string terminal_summary(const run::Run& run, const TerminalOptions& options) {
  const Paint paint{options.color};
  std::string out;
  if (run.nobody_there()) {
    for (const auto& [role, trouble] : run.dead_roles) out += fmt::format("{}: {}\n", run::to_url(role, run.endpoints.at(role)), trouble);
    return out + "nothing was tested\n";
  }
  // Colours have no width, so that the line is wrapped here.
  std::string counts_text;
  std::size_t column = 0;
  const auto count = [&](std::size_t n, std::string_view what, std::string_view code) {
    const std::string text = fmt::format("{} {}", n, what);
    const bool fits = 2 + column + 3 + text.size() <= options.width;
    if (column > 0) counts_text += fits ? " · " : "\n  ";
    column = (column > 0 && fits ? column + 3 : 0) + text.size();
    counts_text += paint(text, n ? code : "0");
  };
  for (const Verdict verdict :
       {Verdict::pass, Verdict::fail, Verdict::deviation, Verdict::observed, Verdict::inconclusive, Verdict::skip, Verdict::error}) {
    const std::size_t n = run.count(verdict);
    if (n > 0 || verdict == Verdict::pass || verdict == Verdict::fail) count(n, to_string(verdict), colour_of(verdict));
  }
  if (const std::size_t n = run.waived(); n > 0) count(n, "waived", "90");
  out += fmt::format("{}: {}, {} replies, {:.1f} s\n  {}\n", run.target, plural(run.tests.size(), "test"), run.replies,
                     static_cast<double>(run.duration.count()) / 1e6, counts_text);
  const auto say = [&](const std::string& text) { out += wrapped(text, 2, options.width); };
  if (const std::size_t n = run.by_letter(); n > 0)
    say(fmt::format("{} of these by-letter: rules that nearly every deployed server breaks{}", n,
                    options.by_letter ? "" : "; they do not set the exit status, and -v shows them"));
  for (const Bug& bug : bugs(run))
    if (bug.tests.front()->verdict >= Verdict::inconclusive || options.verbosity > 0) out += bug_lines(bug, paint, options.width);
  for (const run::WaiverUse& use : run.waivers) out += waiver_line(use, options.width);
  if (run.interrupted) out += "  interrupted: the rest did not run\n";
  for (const std::string& death : run.deaths) say(death);
  if (run.dead) say("the target stopped answering: " + run.trouble);
  for (const auto& [role, trouble] : run.dead_roles)
    if (!run.reached(role)) say(fmt::format("{} is left out: {}", run::to_url(role, run.endpoints.at(role)), trouble));
    else if (!run.dead) say(fmt::format("{} stopped answering, and its tests are inconclusive: {}", to_string(role), trouble));
  for (const auto& [role, offer] : run.offers)
    if (!offer.trouble.empty() && run.dead_roles.count(role) == 0) say(fmt::format("{}: {}", to_string(role), offer.trouble));
  for (const auto& [role, offer] : run.offers)
    if (!offer.tls.trust.empty() && offer.tls.trust != "verified")
      say(fmt::format("{}: the certificate does not verify: {}", to_string(role), offer.tls.trust));
  if (run.left_out > 0 && options.verbosity >= 0)
    say(plural(run.left_out, "test") + " left out: about servers that lack what this one offers, or offer what it lacks");
  for (const auto& [facts, roles] : run.missing) out += missing_line(facts, roles, options.width);
  if (!run.log.empty()) say(fmt::format("the target's log: {}{}", run.log, run.log_cut ? " (it was too long, its end was dropped)" : ""));
  return out;
}

}  // namespace smtpspec::report
