#include "smtpspec/script/lint.hpp"

#include <algorithm>
#include <set>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr int most_errors = 3;  // refused commands on one connection: servers hang up at 5, 10, 26

struct Linter {
  const Case& test;
  const Suite& suite;
  std::vector<Error> problems;

  void say(std::string message, Place place, std::string hint = {}) {
    problems.push_back({std::move(message), std::move(place), std::move(hint)});
  }

  void requirement(const std::string& id, const Place& place) {
    const auto* found = suite.registry.find(id);
    if (!found) return say("no requirement '" + id + "' in the registry", place, suite.registry.nearest(id));
    if (found->observable == Observable::none && found->check.empty())
      say("requirement " + id + " cannot be observed on a server, so that no case can cover it", place);
  }

  // The requirement says how grave it is to break it; a header may only take something off.
  void level() {
    const auto* first = suite.registry.find(test.covers.front());
    if (!first || !test.weakened || *test.weakened > first->level) return;
    const std::string is(to_string(first->level));
    say("the level of " + first->id + " is " + is + "; 'level:' stands only where a case judges more mildly than that", test.level_place,
        "leave it out");
  }

  void names(const std::vector<Step>& steps) {
    std::vector<std::string_view> known;
    for (const FactName& fact : fact_names()) known.push_back(fact.name);
    for (const auto& [name, value] : test.rows.front().variables) known.push_back(name);
    visit_templates(steps, [&](const Template& text, const Step& step) {
      text.names([&](std::string_view name) {
        if (std::find(known.begin(), known.end(), name) == known.end())
          say("{" + std::string(name) + "} is neither a fact nor a variable of the rows", step.place,
              smtp::nearest(name, std::span<const std::string_view>(known)));
      });
    });
  }

  // A secret in pieces cannot be masked in a transcript.
  void secrets(const std::vector<Step>& steps, bool in_pieces) {
    for (const Step& step : steps) {
      bool secret = false, cut = in_pieces;
      step.text.names([&](std::string_view name) { secret = secret || name == "password"; });
      for (const Piece& piece : step.text.pieces) cut = cut || piece.kind == Piece::Kind::cut || piece.kind == Piece::Kind::pause;
      if (secret && cut) say("a line with the password must not be cut: its pieces would show in the transcript", step.place);
      secrets(step.inside, in_pieces || step.octet_by_octet);
    }
  }

  bool requires_keyword(std::string_view keyword) const {
    return std::any_of(test.conditions.begin(), test.conditions.end(),
                       [&](const Condition& c) { return c.kind == Condition::Kind::keyword && c.name == keyword && !c.negated; });
  }

  // Steps in order: what is sent has to be answered, what is answered has to be asked.
  void flow(const std::vector<Step>& steps, Start start) {
    std::map<int, int> owed;  // by connection; -1: raw octets were sent, so that nobody knows
    std::set<int> open = {1}, unknown;
    std::set<std::string> captured;
    if (start == Start::connected) owed[1] = 1;  // the greeting
    std::map<int, int> refusals;                 // by connection
    const Step* last_sent = nullptr;
    for (const Step& step : steps) {
      if (step.kind == Step::Kind::remark) continue;
      if (!open.count(step.connection)) {
        say("connection " + std::to_string(step.connection) + " is not open; 'do: open " + std::to_string(step.connection) +
                " at ehlo' opens it",
            step.place);
        open.insert(step.connection);
      }
      switch (step.kind) {
        case Step::Kind::line:
        case Step::Kind::chunk: ++owed[step.connection]; break;
        case Step::Kind::message:
        case Step::Kind::content:
          if (step.ended) ++owed[step.connection];
          else unknown.insert(step.connection);
          break;
        case Step::Kind::raw: unknown.insert(step.connection); break;
        case Step::Kind::together: {
          int commands = 0;
          for (const Step& inner : step.inside) {
            if (inner.kind == Step::Kind::line || inner.kind == Step::Kind::chunk ||
                ((inner.kind == Step::Kind::message || inner.kind == Step::Kind::content) && inner.ended))
              ++commands;
            else if (inner.kind != Step::Kind::remark) unknown.insert(step.connection);
          }
          owed[step.connection] += commands;
          // What stands behind STARTTLS in the same write has to be thrown away: it may go without an answer.
          const bool tls = std::any_of(step.inside.begin(), step.inside.end(),
                                       [](const Step& inner) { return print_template(inner.text).starts_with("STARTTLS"); });
          if (tls) unknown.insert(step.connection);
          if (commands > 1 && !requires_keyword("PIPELINING") && !test.tagged("smuggling") && !tls)
            say("several commands in one write need 'requires: [PIPELINING]': servers that do not offer it may refuse them", step.place);
          break;
        }
        case Step::Kind::expect: {
          // The first tier says what is expected; the others may name what comes unasked, a 421 for instance.
          const auto& expected = step.expect.tiers.front().answers;
          const auto is_reply = [](const Answer& a) {
            return a.kind == Answer::Kind::codes || a.kind == Answer::Kind::any || a.kind == Answer::Kind::same_class ||
                   a.kind == Answer::Kind::same_code;
          };
          if (std::any_of(expected.begin(), expected.end(), is_reply)) {
            const bool only = std::all_of(expected.begin(), expected.end(), is_reply);
            if (owed[step.connection] > 0) --owed[step.connection];
            else if (only && !unknown.count(step.connection)) say("nothing was sent that this reply could answer", step.place);
          }
          for (const Tier& tier : step.expect.tiers)
            for (const Answer& answer : tier.answers)
              if (!answer.name.empty() && !captured.count(answer.name))
                say("no reply was captured as '" + answer.name + "' above; 'S: any as " + answer.name + "' does", step.place);
          if (!step.expect.capture.empty()) captured.insert(step.expect.capture);
          if (!step.expect.requirement.empty()) {
            if (!suite.registry.find(step.expect.requirement)) requirement(step.expect.requirement, step.place);
            else if (std::find(test.covers.begin(), test.covers.end(), step.expect.requirement) == test.covers.end())
              say("requirement " + step.expect.requirement + " is not among those that the case covers", step.place);
          }
          const auto& first = step.expect.tiers.front().answers.front();
          if (first.kind == Answer::Kind::codes &&
              std::all_of(first.codes.members.begin(), first.codes.members.end(), [](const auto& code) { return code.code >= 500; }) &&
              ++refusals[step.connection] > most_errors)
            say("more than three refused commands on one connection: servers hang up on that", step.place);
          break;
        }
        case Step::Kind::act:
          if (step.act == Step::Act::open) {
            if (open.count(step.other)) say("connection " + std::to_string(step.other) + " is open already", step.place);
            open.insert(step.other);
            owed[step.other] = step.at == Start::connected ? 1 : 0;  // the greeting
          }
          if (step.act == Step::Act::auth) ++owed[step.connection];
          break;
        default: break;
      }
      if (step.sends()) last_sent = &step;
      if (step.kind == Step::Kind::line) {
        const std::string text = smtp::to_upper(print_template(step.text));
        if (text.starts_with("GET ") || text.starts_with("POST ") || text.starts_with("HEAD "))
          say("HTTP-like lines make servers hang up in self-defence; choose another unknown verb", step.place);
      }
    }
    for (const auto& [connection, count] : owed)
      if (count > 0 && !unknown.count(connection) && last_sent)
        say("the dialogue ends with " + std::to_string(count) + " unanswered command" + (count == 1 ? "" : "s") +
                "; say what the server answers",
            last_sent->place);
    if (std::none_of(steps.begin(), steps.end(),
                     [](const Step& step) { return step.kind == Step::Kind::expect || step.kind == Step::Kind::check; }))
      say("the dialogue expects nothing, so that it cannot fail", steps.front().place);
  }
};

}  // namespace

std::vector<Error> lint(const Case& test, const Suite& suite, std::span<const std::string_view> rule_names) {
  Linter linter{test, suite, {}};
  for (std::size_t i = 0; i < test.covers.size(); ++i) linter.requirement(test.covers[i], test.covers_places[i]);
  linter.level();
  std::set<std::string> seen;
  for (std::size_t i = 0; i < test.covers.size(); ++i)
    if (!seen.insert(test.covers[i]).second) linter.say("requirement " + test.covers[i] + " stands here twice", test.covers_places[i]);
  if (test.title.size() > 90) linter.say("the title is longer than 90 characters", Place{test.file, 1, 1});
  if (test.title.ends_with('.')) linter.say("a title has no full stop", Place{test.file, 1, 1});
  for (const Exemption& exemption : test.exempt)
    if (std::find(rule_names.begin(), rule_names.end(), exemption.rule) == rule_names.end())
      linter.say("no always-on rule '" + exemption.rule + "'", exemption.place, smtp::nearest(exemption.rule, rule_names));
  const bool on_relay = std::find(test.roles.begin(), test.roles.end(), smtp::Role::relay) != test.roles.end();
  if (test.start == Start::tls && on_relay && !linter.requires_keyword("STARTTLS"))
    linter.say("start: tls on a relay needs 'requires: [STARTTLS]'", Place{test.file, 1, 1});
  if (test.start == Start::auth && on_relay) linter.say("start: auth has no meaning on a relay", Place{test.file, 1, 1});
  linter.names(test.dialogue);
  linter.secrets(test.dialogue, false);
  linter.flow(test.dialogue, test.start);
  if (!test.twin.empty()) {
    linter.names(test.twin);
    linter.flow(test.twin, test.start);
  }
  return std::move(linter.problems);
}

}  // namespace smtpspec::script
