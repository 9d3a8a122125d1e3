// The campaign as a page. What is reached stands in tables that are pictures at the same time: the digit of a reply's class in a colour of
// its own, a square for a production, a bar for how often.
#include "smtpspec/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fuzz/campaign/finding.hpp"
#include "fuzz/report/report.hpp"
#include "smtpspec/report/dialogue.hpp"
#include "smtpspec/report/text.hpp"

namespace smtpspec::fuzz {
namespace {

using report::Cell;
using report::details;
using report::escaped;
using report::plural;
using smtp::Input;
using smtp::State;
using Rows = std::vector<std::vector<Cell>>;

constexpr std::string_view style = R"(:root { --y2: #1a7f37; --y3: #0b62c4; --y4: #955800; --y5: #6e4bb5; --y0: #b42318; }
@media screen and (prefers-color-scheme: dark) { :root { --y2: #57c77a; --y3: #5aa9ff; --y4: #f0a04b; --y5: #b79cf2; --y0: #ff8a80; } }
.y2 { --y: var(--y2); } .y3 { --y: var(--y3); } .y4 { --y: var(--y4); } .y5 { --y: var(--y5); } .y0 { --y: var(--y0); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; margin: 1.25rem 0; padding: 0; }
.tiles li { background: var(--shade); border-radius: .4rem; padding: .5rem .9rem; font-size: .875rem; color: var(--quiet); }
.tiles b { display: block; font-size: 1.35rem; line-height: 1.3; font-weight: 600; color: var(--ink); font-variant-numeric: tabular-nums; }
.grid th, .grid td { padding: .15rem .4rem; } .grid th:first-child { padding-left: 0; }
.grid td, .grid thead th { text-align: center; min-width: 4.6rem; } .grid thead th:first-child { text-align: left; }
.chip { display: inline-block; min-width: 1.15em; margin: 0 1px; border-radius: 3px; text-align: center; line-height: 1.3; font-weight: 600; background: var(--y); color: var(--page); }
.grid .no, .moves .no { color: var(--quiet); } .grid .never { background: var(--shade); }
.bar svg { width: 12rem; height: .8em; } .bar rect { fill: var(--y); }
.never-said code { display: inline-block; max-width: 100%; margin: 1px 0; background: var(--shade); border-radius: 3px; padding: 0 .3em; white-space: pre-wrap; } .strip svg { width: auto; } .strip rect { fill: var(--own); } .strip .not { fill: none; stroke: var(--other); }
.s1 { background: color-mix(in srgb, var(--own) 10%, var(--page)); } .s2 { background: color-mix(in srgb, var(--own) 20%, var(--page)); }
.s3 { background: color-mix(in srgb, var(--own) 30%, var(--page)); } .s4 { background: color-mix(in srgb, var(--own) 42%, var(--page)); }
.time { margin-top: 1.5rem; } .time svg { max-width: 48rem; margin: .25rem 0; } .time .key { font-size: .875rem; max-width: none; } .time .key span { white-space: normal; } .server { fill: var(--y2); background: var(--y2); } .waiting { fill: var(--other); background: var(--other); }
h3 { display: inline; font-weight: 600; } section > details { border: 1px solid var(--rule); border-radius: .4rem; margin: .75rem 0; padding: .6rem .9rem; }
summary { overflow-wrap: anywhere; }
.verdict { display: inline-block; border-radius: 3px; padding: 0 .45em; margin-right: .35em; background: var(--y); color: var(--page); font-size: .875rem; font-weight: 600; }
.fail { --y: var(--fault); } .deviation { --y: var(--yardstick); } .observed { --y: var(--quiet); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .75rem 0; font-size: .875rem; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
.dialogue { list-style: none; margin: .5rem 0; padding: .5rem 0; background: var(--shade); border-radius: .3rem; font: .8125rem/1.45 ui-monospace, monospace; }
.dialogue li { display: grid; grid-template-columns: 2.5rem 1fr; padding: 0 .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.dialogue b { color: var(--quiet); font-weight: 600; } .dialogue .note { color: var(--quiet); }
.dialogue .marked { background: var(--mark); box-shadow: inset .25rem 0 var(--fault); } .dialogue strong { color: var(--fault); }
.last { font-size: .875rem; margin: .75rem 0 0; } ul.names { columns: 20rem; font-size: .875rem; }
)";

// In groups of three digits.
std::string grouped(std::uint64_t number) {
  std::string out = std::to_string(number);
  for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, "\u202f");
  return out;
}

// Text within a paragraph, as code.
std::string code(std::string_view text) { return "<code>" + escaped(text) + "</code>"; }

std::string section(std::string_view id, std::string_view title, std::string_view markup) {
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n", id, escaped(title), markup);
}

std::string list_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += "<li>" + code(line) + "</li>\n";
  return "<ul class=\"names\">\n" + out + "</ul>\n";
}

// The class of a reply's code: its first digit where that is one that a server may say.
char class_of(int reply_code) {
  const int digit = reply_code / 100;
  return digit >= 2 && digit <= 5 ? static_cast<char>('0' + digit) : '0';
}
std::string chip(int reply_code, std::string_view text) {
  return fmt::format("<b class=\"chip y{}\">{}</b>", class_of(reply_code), escaped(text));
}

// --- what was asked --------------------------------------------------------------------------------------------------

std::string time_figure(const Shares& shares) {
  struct Part {
    std::string_view what, kind;
    double share;
  };
  const Part parts[] = {{"our own work", "own", shares.ours},
                        {"waiting for the server's replies", "server", shares.server},
                        {"waiting for what nobody works on: greetings, silence, the rate's limit", "waiting", shares.waiting}};
  std::string drawing, words, key;
  double from = 0;
  for (const auto& [what, kind, share] : parts) {
    drawing += fmt::format("<rect class=\"{}\" x=\"{:.1f}\" y=\"0\" width=\"{:.1f}\" height=\"14\"/>\n", kind, 768 * from, 768 * share);
    from += share;
    const std::string said = fmt::format("{:.0f} % {}", 100 * share, what);
    words += (words.empty() ? "" : "; ") + said;
    key += fmt::format("<span><i class=\"{}\"></i>{}</span> ", kind, said);
  }
  return "<div class=\"time\">" + report::figure("Where the time went", words, 768, 14, drawing) + "<p class=\"key quiet\">" + key +
         "</p></div>\n";
}

std::string asked(const Report& report, const Setting& setting) {
  Rows rows;
  const auto row = [&](std::string_view name, std::string markup) { rows.push_back({{escaped(name)}, {std::move(markup), "words"}}); };
  const Options& options = setting.options;
  row("Target", escaped(setting.target + (setting.target_version.empty() ? "" : " " + setting.target_version)));
  for (const auto& [role, endpoint] : setting.endpoints) {
    std::string offered;
    if (const auto found = report.offered.find(role); found != report.offered.end())
      for (const smtp::Capability& each : found->second.list)
        offered += " " + code(smtp::spell(each.keyword + (each.params.empty() ? "" : " " + each.params)));
    row(to_string(role), code(run::to_url(role, endpoint)) + (offered.empty() ? "" : ", offers" + offered));
  }
  row("Scenarios",
      fmt::format("{} new ones of seed {}, from number {}; {} is where it goes on{}", grouped(report.scenarios), options.seed,
                  options.first, report.next, options.shards == 1 ? "" : fmt::format("; part {} of {}", options.shard, options.shards)));
  if (report.replayed > 0 || options.corpus)
    row("Corpus", fmt::format("{} played again, {} in use at the end", grouped(report.replayed), grouped(report.corpus)));
  const std::uint64_t all = report.scenarios + report.replayed;
  row("Past the hello", fmt::format("{} of {} scenarios", grouped(report.past_hello), grouped(all)));
  row("Sessions", fmt::format("{}, with those that looked into what seemed wrong; {} at once{}", grouped(report.plays), options.connections,
                              options.rate > 0 ? fmt::format(", {:g} a second at most", options.rate) : ""));
  row("Time", fmt::format("{:.1f} s{}", static_cast<double>(report.time.count()) / 1e6,
                          setting.started.empty() ? "" : ", from " + escaped(setting.started)));
  if (setting.instrumented) row("Target's code", grouped(report.places) + " places reached");
  row("Made by", "smtpspec " + escaped(setting.version));
  return report::table("The campaign", {}, rows) + time_figure(shares_of(report, setting.ours));
}

// --- what was found --------------------------------------------------------------------------------------------------

std::string dialogue(const Found& found) {
  std::string out;
  for (std::size_t i = 0; i < found.transcript.entries.size(); ++i) {
    const session::Entry& entry = found.transcript.entries[i];
    const bool marked = static_cast<int>(i) == found.finding.entry;
    std::string lines;
    for (const std::string& line : report::wire_lines(entry, marked, 0)) lines += (lines.empty() ? "" : "\n") + escaped(line);
    out += fmt::format("<li{}><b>{}:</b><span>{}",
                       marked                                     ? " class=\"marked\""
                       : entry.kind == session::Entry::Kind::note ? " class=\"note\""
                                                                  : "",
                       report::speaker(entry), lines);
    if (marked) {
      const judge::Finding& finding = found.finding;
      out += "\n<strong>" + escaped(judge::is_reply(finding.came) ? "expected " + finding.expected : finding.came) + "</strong>";
    }
    out += "</span></li>\n";
  }
  return "<ol class=\"dialogue\">\n" + out + "</ol>\n";
}

std::string finding_of(const Found& found, const std::string& file, bool open, const script::Registry& registry) {
  const judge::Finding& finding = found.finding;
  std::string facts;
  const auto fact = [&](std::string_view name, std::string_view markup) { facts += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, markup); };
  fact("Expected", escaped(finding.expected));
  fact("Came", escaped(finding.came));
  for (const std::string& id : finding.requirements) {
    const script::Requirement* row = registry.find(id);
    fact("Requirement", code(id) + (row ? fmt::format(" RFC {} section {}, {}: {}", row->rfc, escaped(row->section), to_string(row->level),
                                                      escaped(row->says))
                                        : ""));
  }
  fact("Rule", code(finding.rule));
  fact("Role", escaped(to_string(found.scenario.role)));
  fact("Seen", fmt::format("in {}, first in {}; shortened from {} to {}", plural(found.seen, "scenario"), escaped(found.origin),
                           plural(found.acts_before, "act"), plural(found.scenario.acts.size(), "act")));
  if (found.died_after.count() > 0)
    fact("Died", fmt::format("{:.0f} ms behind the end of the session", static_cast<double>(found.died_after.count()) / 1000));
  if (!file.empty()) fact("Case file", code(file));
  std::string log;
  for (const std::string& line : found.log) log += escaped(line) + "\n";
  if (!log.empty()) log = "<p class=\"quiet last\">The log's last words</p>\n<pre>" + log + "</pre>\n";
  return details(fmt::format("<h3><span class=\"verdict {0}\">{0}</span> {1}</h3>", to_string(finding.verdict),
                             escaped(judge::what_is_wrong(finding))),
                 "<dl>\n" + facts + "</dl>\n" + dialogue(found) + log, open);
}

std::string findings(const Report& report, const Setting& setting, const script::Registry& registry) {
  constexpr std::size_t most_open = 8;
  std::vector<std::size_t> order(report.findings.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return report.findings[a].finding.verdict > report.findings[b].finding.verdict; });
  std::string fresh, known, out;
  for (const std::size_t i : order) {
    const bool was_known = setting.known.contains(i);
    (was_known ? known : fresh) += finding_of(report.findings[i], i < setting.files.size() ? setting.files[i] : "",
                                              !was_known && report.findings.size() - setting.known.size() <= most_open, registry);
  }
  if (fresh.empty()) fresh = known.empty() ? "<p>Nothing was found.</p>\n" : "<p>Nothing but what was known.</p>\n";
  else
    fresh = "<p>Each came again on connections of its own, and does not come on the reference server; then it was shortened. " +
            std::string(report.deaths.empty() ? "" : "What ended the target's process ended it again when it was started anew. ") +
            "The case file shows it with neither seed nor build.</p>\n" + fresh;
  out = section("findings", "Findings", fresh);
  if (!known.empty()) out += section("known", "Known findings", "<p>They were known before, and do not count.</p>\n" + known);
  if (!report.dropped.empty())
    out += section("dropped", "Suspicions",
                   "<p>What seemed wrong, and did not come again or came on the reference server too. It accuses nobody.</p>\n" +
                       list_of(report.dropped));
  return out;
}

// --- what was reached ------------------------------------------------------------------------------------------------

// Whether an input can be seen in a state: mail data and a line of a SASL exchange are that by where they stand, and anything else is a
// command there.
bool can_come(State state, Input input) {
  static constexpr Input responses[] = {Input::auth_challenge, Input::auth_success, Input::auth_failure, Input::auth_malformed};
  static constexpr Input responses_only[] = {Input::auth_cancelled, Input::auth_too_long};
  const auto is_one_of = [input](std::span<const Input> inputs) { return std::find(inputs.begin(), inputs.end(), input) != inputs.end(); };
  if (state == State::data) return smtp::verb_of(input) == ".";
  if (state == State::auth) return is_one_of(responses) || is_one_of(responses_only);
  return smtp::verb_of(input) != "." && !is_one_of(responses_only);
}

// The inputs that a scenario can say: what the productions mean first, and what needs none. Which reply is that to an empty line nobody
// can tell.
std::set<Input> inputs_of_the_grammar() {
  std::set<Input> out = {Input::content, Input::chunk, Input::last_chunk, Input::auth_cancelled};
  for (const Production& production : productions())
    if (!production.means.all().empty()) out.insert(production.means.all().front());
  out.erase(Input::empty_line);
  return out;
}

std::string in_words(const std::map<int, std::uint64_t>& codes) {
  std::string out;
  for (const auto& [reply_code, times] : codes) out += fmt::format("{}{:03} × {}", out.empty() ? "" : ", ", reply_code, grouped(times));
  return out;
}

std::string states(const Report& report) {
  std::set<Input> inputs = inputs_of_the_grammar();
  std::set<State> columns = {State::greeted, State::ready, State::mail, State::rcpt, State::data, State::bdat, State::auth};
  for (const auto& [place, codes] : report.seen) {
    columns.insert(place.first);
    inputs.insert(place.second);
  }
  std::vector<Cell> header = {{"Input"}};
  for (const State state : columns) header.push_back({escaped(to_string(state))});
  Rows rows, figures;
  std::size_t all = 0;
  for (const Input input : inputs) {
    std::vector<Cell> row = {{code(to_string(input))}};
    for (const State state : columns) {
      const auto found = report.seen.find({state, input});
      const bool seen = found != report.seen.end();
      all += seen || can_come(state, input);
      if (!seen) {
        row.push_back(can_come(state, input) ? Cell{"–", "no"} : Cell{"", "never"});
        continue;
      }
      std::set<char> classes;
      std::string chips;
      for (const auto& [reply_code, times] : found->second)
        if (const char digit = class_of(reply_code); classes.insert(digit).second)
          chips += chip(reply_code, digit == '0' ? "?" : std::string(1, digit));
      row.push_back({fmt::format("<span title=\"{}\">{}</span>", in_words(found->second), chips)});
      figures.push_back({{escaped(to_string(state))}, {code(to_string(input)), "words"}, {in_words(found->second), "words"}});
    }
    rows.push_back(std::move(row));
  }
  return fmt::format(
             "<p>What was answered in which state of the server model, and with which classes of reply: {} 2yz, {} 3yz, {} 4yz, {} 5yz. A "
             "dash: "
             "not reached; a shaded field: cannot be. A command counts as what it is without its broken parts, and only where its state "
             "was "
             "certain.</p>\n<div class=\"grid\">",
             chip(200, "2"), chip(300, "3"), chip(400, "4"), chip(500, "5")) +
         report::table(fmt::format("{} of {} pairs of state and input", report.seen.size(), all), header, rows) + "</div>\n" +
         details("Every code with its count",
                 report::table("Replies by state and input", {{"State"}, {"Input", "words"}, {"Codes", "words"}}, figures));
}

// From where to where the model can go, for the roles that took part.
std::set<std::pair<State, State>> moves_of_the_model(const Setting& setting) {
  std::set<std::pair<State, State>> out;
  for (int number = 0; number < smtp::context_count; ++number) {
    const auto context = smtp::context_of(static_cast<smtp::ContextNumber>(number));
    if (!setting.endpoints.contains(context.role)) continue;
    for (int input = static_cast<int>(Input::ehlo); input < smtp::input_count; ++input)
      out.emplace(context.state,
                  smtp::state_of(smtp::model_step(static_cast<smtp::ContextNumber>(number), static_cast<Input>(input)).next));
  }
  return out;
}

std::string moves(const Report& report, const Setting& setting) {
  const auto possible = moves_of_the_model(setting);
  std::set<State> from, to;
  std::uint64_t most = 1;
  for (const auto& [move, times] : report.moves) {
    from.insert(move.first);
    to.insert(move.second);
    most = std::max(most, times);
  }
  if (from.empty()) return "";
  std::vector<Cell> header = {{"From"}};
  for (const State state : to) header.push_back({"to " + escaped(to_string(state))});
  Rows rows;
  for (const State state : from) {
    std::vector<Cell> row = {{escaped(to_string(state))}};
    for (const State next : to) {
      const auto found = report.moves.find({state, next});
      if (found == report.moves.end()) {
        row.push_back(possible.contains({state, next}) ? Cell{"–", "no"} : Cell{});
        continue;
      }
      static constexpr std::string_view shades[] = {"s1", "s2", "s3", "s4"};
      const double share = most == 1 ? 1 : std::log(static_cast<double>(found->second)) / std::log(static_cast<double>(most));
      row.push_back({grouped(found->second), shades[static_cast<std::size_t>(std::min(share * 4, 3.0))]});
    }
    rows.push_back(std::move(row));
  }
  return section(
      "moves", "Transitions",
      "<p>How often a reply led from one state to another, where both were certain; the more often, the darker. A dash: the model "
      "can, and it did not come.</p>\n<div class=\"moves\">" +
          report::table("Replies by the state before and behind them", header, rows) + "</div>\n");
}

std::string replies(const Report& report) {
  std::uint64_t most = 1;
  std::map<int, std::uint64_t> totals;
  for (const auto& [reply_code, verbs] : report.codes)
    for (const auto& [verb, times] : verbs) most = std::max(most, totals[reply_code] += times);
  Rows rows;
  for (const auto& [reply_code, verbs] : report.codes) {
    std::vector<std::pair<std::string_view, std::uint64_t>> ordered(verbs.begin(), verbs.end());
    std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string to;
    for (const auto& [verb, times] : ordered) {
      const std::string what = verb == "greeting"                       ? "the greeting"
                               : verb == "."                            ? "mail data"
                               : verb.empty()                           ? "what nobody can tell"
                               : verb == to_string(Input::unknown_verb) ? "unknown verbs"
                                                                        : std::string(verb);
      to += fmt::format("{}{} {}", to.empty() ? "" : ", ", escaped(what), grouped(times));
    }
    const std::uint64_t total = totals[reply_code];
    rows.push_back(
        {{chip(reply_code, fmt::format("{:03}", reply_code))},
         {grouped(total)},
         {fmt::format("<svg aria-hidden=\"true\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\"><rect class=\"y{}\" width=\"{:.2f}\" "
                      "height=\"10\"/></svg>",
                      class_of(reply_code), std::max(100.0 * static_cast<double>(total) / static_cast<double>(most), 0.5)),
          "bar"},
         {to, "words"}});
  }
  if (rows.empty()) return "<p>No reply came.</p>\n";
  return report::table(grouped(report.replies) + " replies, " + plural(rows.size(), "code"),
                       {{"Code"}, {"Times"}, {"", "words"}, {"In reply to", "words"}}, rows);
}

// What the grammar has, a symbol a row.
std::string grammar(const Report& report) {
  constexpr std::size_t square = 9, step = 12, in_line = 26;
  struct Symbol {
    std::string_view name;
    std::vector<std::uint16_t> productions;
  };
  std::vector<Symbol> symbols;
  const auto table = productions();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!can_be_said(table[i])) continue;
    if (symbols.empty() || symbols.back().name != table[i].symbol) symbols.push_back({table[i].symbol, {}});
    symbols.back().productions.push_back(static_cast<std::uint16_t>(i));
  }
  // Of a target that no hello reached nobody can tell.
  const auto offered = [&](std::string_view keyword) {
    return keyword.empty() || report.past_hello == 0 ||
           std::any_of(report.offered.begin(), report.offered.end(), [&](const auto& one) { return one.second.has(keyword); });
  };
  Rows rows;
  for (const Symbol& symbol : symbols) {
    std::string squares;
    std::map<std::string_view, std::string> missing;  // by the extension that is not offered
    std::size_t said = 0;
    for (std::size_t i = 0; i < symbol.productions.size(); ++i) {
      const std::uint16_t number = symbol.productions[i];
      const bool is_said = report.productions.contains(number);
      said += is_said;
      squares += fmt::format("<rect{} x=\"{}.5\" y=\"{}.5\" width=\"{}\" height=\"{}\"/>", is_said ? "" : " class=\"not\"",
                             i % in_line * step, i / in_line * step, square, square);
      if (is_said) continue;
      const Production& production = table[number];
      missing[offered(production.needs) ? "" : production.needs] +=
          (production.makes.empty() ? "nothing at all" : code(production.makes)) + " ";
    }
    std::string never;
    for (const auto& [keyword, makes] : missing)
      never += (never.empty() ? "" : "<br/>") + (keyword.empty() ? "" : escaped(keyword) + " is not offered: ") + makes;
    const std::size_t width = std::min(symbol.productions.size(), in_line) * step;
    const std::size_t height = (symbol.productions.size() + in_line - 1) / in_line * step;
    rows.push_back(
        {{code(symbol.name)},
         {fmt::format("{} of {}", said, symbol.productions.size())},
         {fmt::format("<svg aria-hidden=\"true\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">{2}</svg>", width, height, squares),
          "strip"},
         {never, "words never-said"}});
  }
  return "<p>A square for each production of the grammar: filled, it was said. What names a fact that the target does not have, or an "
         "extension that it does not offer, is seldom or never said to it.</p>\n" +
         report::table(fmt::format("{} of {} productions", report.productions.size(), sayable_productions()),
                       {{"Symbol"}, {"Said"}, {"", "words"}, {"Never said", "words"}}, rows);
}

}  // namespace

std::string html(const Report& report, const Setting& setting, const script::Registry& registry) {
  const auto count = [&](judge::Verdict verdict) {
    return std::count_if(report.findings.begin(), report.findings.end(), [&](const Found& one) { return one.finding.verdict == verdict; });
  };
  std::string out;
  const auto trouble = [&](const std::string& what) { out += "<p class=\"fault\">" + escaped(what) + "</p>\n"; };
  if (!setting.trouble.empty()) trouble("This was no campaign: " + setting.trouble);
  if (report.interrupted) trouble("It was interrupted; this is what there was.");
  for (const std::string& how : untold_deaths(report)) trouble("The target's process " + how + ", and nothing showed that again.");
  std::string tiles;
  const auto tile = [&](std::string_view number, std::string_view what) {
    tiles += fmt::format("<li><b>{}</b> {}</li>\n", number, escaped(what));
  };
  std::string kinds;
  for (const auto verdict : {judge::Verdict::fail, judge::Verdict::deviation, judge::Verdict::observed})
    if (const auto n = count(verdict); n > 0) kinds += fmt::format("{}{} {}", kinds.empty() ? ": " : ", ", n, to_string(verdict));
  if (!setting.known.empty()) kinds += fmt::format("; {} known", setting.known.size());
  tile(grouped(report.findings.size()), (report.findings.size() == 1 ? "finding" : "findings") + kinds);
  tile(grouped(report.scenarios + report.replayed), "scenarios");
  tile(grouped(report.replies), "replies");
  tile(grouped(report.seen.size()), "pairs of state and input");
  tile(fmt::format("{} / {}", report.productions.size(), sayable_productions()), "productions said");
  if (setting.instrumented) tile(grouped(report.places), "places of its code");
  out += "<ul class=\"tiles\">\n" + tiles + "</ul>\n";
  out += section("asked", "What was asked", asked(report, setting));
  out += findings(report, setting, registry);
  out += section("states", "States and inputs", states(report));
  out += moves(report, setting);
  out += section("replies", "Replies", replies(report));
  out += section("grammar", "The grammar", grammar(report));
  return report::page({.title = "Fuzzing " + setting.target,
                       .about = "What was found, and what was reached" + (setting.started.empty() ? "" : ", " + setting.started),
                       .style = std::string(style)},
                      out);
}

}  // namespace smtpspec::fuzz
