#include <algorithm>
#include <functional>

#include "smtpspec/script/lint_parts.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr int first_code = 200, last_code = 599;

// True when `wide` asks for nothing that `narrow` does not ask for, codes aside.
bool asks_no_more(const Answer& wide, const Answer& narrow) {
  const auto among = [](const auto& few, const auto& many) {
    return std::all_of(few.begin(), few.end(), [&](const auto& one) { return std::find(many.begin(), many.end(), one) != many.end(); });
  };
  return (wide.status.empty() || wide.status == narrow.status) && (wide.lines == 0 || wide.lines == narrow.lines) &&
         among(wide.texts, narrow.texts) && among(wide.keywords, narrow.keywords);
}

// The part of the answer that the answers in front leave nothing of: all of it, or some of its codes.
struct Shadow {
  bool whole = false;
  smtp::ReplySet codes;
};

Shadow shadow_of(const Answer& answer, const std::vector<const Answer*>& front) {
  using Kind = Answer::Kind;
  const auto any_in_front = [&](const auto& test) {
    return std::any_of(front.begin(), front.end(), [&](const Answer* before) { return test(*before); });
  };
  Shadow out;
  switch (answer.kind) {
    case Kind::close:
    case Kind::nothing:
    case Kind::no_tls: out.whole = any_in_front([&](const Answer& a) { return a.kind == answer.kind; }); break;
    case Kind::tls:
      out.whole = any_in_front([&](const Answer& a) { return a.kind == Kind::tls && a.tls_version <= answer.tls_version; });
      break;
    case Kind::any: out.whole = any_in_front([&](const Answer& a) { return a.kind == Kind::any && asks_no_more(a, answer); }); break;
    case Kind::same_code:
    case Kind::same_class:
      out.whole = any_in_front([&](const Answer& a) {
        return (a.kind == Kind::any && asks_no_more(a, answer)) ||
               ((a.kind == answer.kind || a.kind == Kind::same_class) && a.name == answer.name);
      });
      break;
    case Kind::codes:
      for (const smtp::CodePattern& member : answer.codes.members) {
        bool hidden = true;
        for (int code = first_code; hidden && code <= last_code; ++code)
          hidden = !member.has(code) || any_in_front([&](const Answer& a) { return has_code(a, code) && asks_no_more(a, answer); });
        if (hidden) out.codes.members.push_back(member);
      }
      out.whole = out.codes.members.size() == answer.codes.members.size();
      break;
  }
  return out;
}

std::string print(const std::vector<Answer>& answers) {
  Expect expect;
  expect.tiers.push_back({.answers = answers});
  return print_expect(expect);
}

// The first grade that includes an answer gives it, so that a later one can only have what is left.
void reach(Linter& linter, const Expect& expect, const Place& place) {
  std::vector<const Answer*> front;
  for (const Tier& tier : expect.tiers) {
    std::string hidden;
    bool all = true;
    for (const Answer& answer : tier.answers) {
      const Shadow shadow = shadow_of(answer, front);
      all = all && shadow.whole;
      const std::string part = shadow.whole ? print({answer}) : smtp::to_string(shadow.codes);
      if (!part.empty()) hidden += (hidden.empty() ? "" : " or ") + part;
    }
    if (all) linter.say("'else " + print(tier.answers) + "' is never reached: the grades in front of it include all of it", place);
    else if (!hidden.empty()) linter.say("'" + hidden + "' stands in vain in a later grade: the grades in front of it include it", place);
    for (const Answer& answer : tier.answers) front.push_back(&answer);
  }
}

// One and the same pattern, wanted and not.
void texts(Linter& linter, const Answer& answer, const Place& place) {
  for (const Answer::Text& text : answer.texts)
    if (text.fits && std::find(answer.texts.begin(), answer.texts.end(), Answer::Text{false, text.pattern}) != answer.texts.end())
      linter.say("no text both fits \"" + smtp::spell(text.pattern) + "\" and does not", place);
}

// RFC 2034 section 4: the class of an enhanced code is that of its reply, and 3yz has none.
void status(Linter& linter, const Answer& answer, const Place& place) {
  if (answer.status.empty()) return;
  for (const smtp::CodePattern& member : answer.codes.members) {
    const char klass = static_cast<char>('0' + member.code / 100);
    if (klass == answer.status[0]) continue;
    const bool alone = answer.codes.members.size() == 1;
    if (klass == '3') return linter.say("no enhanced code goes with " + smtp::to_string(member), place);
    return linter.say("enhanced code " + answer.status + " contradicts " + smtp::to_string(member) + ", whose class is " + klass +
                          (alone ? "" : "; codes of several classes are joined by 'or'"),
                      place, alone ? klass + answer.status.substr(1) : "");
  }
}

void requirement(Linter& linter, const std::string& id, const Place& place) {
  if (id.empty()) return;
  const auto& covers = linter.test.covers;
  if (!linter.suite.registry.find(id)) linter.requirement(id, place);
  else if (std::find(covers.begin(), covers.end(), id) == covers.end())
    linter.say("requirement " + id + " is not among those that the case covers", place);
}

}  // namespace

bool goes_on(const Tier& tier) { return tier.ends == Ends::nothing && tier.grade != Grade::inconclusive && tier.grade != Grade::failure; }

bool has_code(const Answer& answer, int code) {
  return answer.kind == Answer::Kind::any || (answer.kind == Answer::Kind::codes && answer.codes.has(code));
}

bool is_reply(const Answer& answer) {
  return answer.kind == Answer::Kind::codes || answer.kind == Answer::Kind::any || answer.kind == Answer::Kind::same_class ||
         answer.kind == Answer::Kind::same_code;
}

void lint_expectations(Linter& linter, const std::vector<Step>& steps) {
  std::map<std::string, Place> captured;  // and not used yet
  std::vector<std::string> known;
  const auto unused = [&](const std::string& name, const Place& place) {
    linter.say("nothing compares with the reply that is kept as '" + name + "'; 'S: same code as " + name + "' would", place);
  };
  const auto use = [&](const std::string& name, const Place& place) {
    captured.erase(name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      linter.say("no reply is kept as '" + name + "' above; 'S: any as " + name + "' does", place,
                 smtp::nearest(name, std::span<const std::string>(known)));
  };
  const std::function<void(const Step&)> one = [&](const Step& step) {
    step.text.visit([&](const Piece& piece) {
      if (piece.kind == Piece::Kind::address) use(piece.text, step.place);
    });
    for (const Step& inner : step.inside) one(inner);
    if (step.kind != Step::Kind::expect) return;
    for (const Tier& tier : step.expect.tiers)
      for (const Answer& answer : tier.answers) {
        for (const Answer::Keyword& keyword : answer.keywords) linter.keyword(keyword.keyword, step.place);
        status(linter, answer, step.place);
        texts(linter, answer, step.place);
        if (!answer.name.empty()) use(answer.name, step.place);
      }
    reach(linter, step.expect, step.place);
    requirement(linter, step.expect.requirement, step.place);
    const std::string& name = step.expect.capture;
    if (name.empty()) return;
    if (const auto before = captured.find(name); before != captured.end()) unused(name, before->second);
    captured[name] = step.place;
    known.push_back(name);
  };
  for (const Step& step : steps) one(step);
  for (const auto& [name, place] : captured) unused(name, place);
}

}  // namespace smtpspec::script
