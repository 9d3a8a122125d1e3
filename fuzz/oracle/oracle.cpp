#include "fuzz/oracle/oracle.hpp"

#include <algorithm>
#include <deque>

#include "smtpspec/smtp/extension.hpp"
#include "smtpspec/smtp/follow.hpp"

namespace smtpspec::fuzz {
namespace {

using judge::Finding;
using judge::Verdict;
using session::Came;
using session::Entry;
using session::Transcript;
using smtp::Input;
using smtp::Lawfulness;

// Adds the words that are not there yet.
void add_words(std::string& list, std::string_view words) {
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(word.size() + 1, words.size()));
    if (!smtp::has_word(list, word)) list += (list.empty() ? "" : " ") + std::string(word);
  }
}

class Reading {
 public:
  Reading(const Scenario& scenario, const Rendered& rendered, const script::Plan& plan, const Transcript& transcript)
      : scenario_(scenario), rendered_(rendered), plan_(plan), transcript_(transcript), follower_(scenario.role) {}

  Evaluation run() {
    for (std::size_t i = 0; i < transcript_.entries.size(); ++i) {
      const Entry& entry = transcript_.entries[i];
      if (entry.kind == Entry::Kind::sent) sent(entry);
      if (entry.kind == Entry::Kind::reply) heard(entry, static_cast<int>(i));
    }
    find_unanswered();
    return {std::move(findings_), std::move(answers_), std::move(visits_)};
  }

 private:
  static const Grammar& grammar() { return Grammar::instance(); }

  // Commands and replies of the preamble and the farewell have no part; they are followed by their text.
  struct Asked {
    std::optional<Part> part;
  };

  void sent(const Entry& entry) {
    if (entry.move < 0) return asked_.push_back({});
    if (entry.move == move_) return;  // another segment of it
    move_ = entry.move;
    const script::Move& move = plan_.moves[static_cast<std::size_t>(move_)];
    if (move.preamble) return asked_.push_back({});
    for (const Part& part : parts_of(rendered_, move)) asked_.push_back({part});
  }

  void heard(const Entry& entry, int index) {
    if (entry.in_tls && !std::exchange(in_tls_, entry.in_tls)) follower_.tls_up();
    const int code = entry.reply->code;
    if (entry.command == "greeting") {
      in_tls_ = entry.in_tls;
      follower_.take(smtp::Asked::greeting, "", code);
      return;
    }
    if (asked_.empty() || entry.unasked) return follower_.lose();
    const Asked asked = asked_.front();
    asked_.pop_front();
    // The session cannot tell what it answers.
    if (entry.command.empty() && entry.line.empty()) {
      adrift_ = true;
      return follower_.lose();
    }  // the session cannot tell what it answers
    if (!asked.part) {
      if (entry.line.empty()) follower_.lose();
      else follower_.take(smtp::Asked::command, entry.line, code);
    } else {
      follow(entry, index, *asked.part);
    }
    // A server that gives up answers nothing of what is on its way.
    if (code == 421 || (code == 220 && says_starttls(asked))) asked_.clear();
    if (code == 250 && (entry.command == "EHLO" || says_ehlo(asked))) {
      offered_ = smtp::capabilities(*entry.reply);
      follower_.offer(offered_);
    }
  }

  bool says_starttls(const Asked& asked) const {
    return asked.part && asked.part->more == 0 && scenario_.acts[asked.part->act].kind == Act::Kind::starttls;
  }

  bool says_ehlo(const Asked& asked) const {
    return asked.part && asked.part->more == 0 && grammar().meaning(tree_of(*asked.part), offered_).inputs == std::vector{Input::ehlo};
  }

  const Node& tree_of(const Part& part) const {
    const Act& act = scenario_.acts[part.act];
    return part.more == 0 ? act.tree : act.more[part.more - 1];
  }

  Meaning meaning_of(const Part& part) const {
    const Act& act = scenario_.acts[part.act];
    if (part.more > act.more.size()) return {.inputs = {Input::auth_cancelled}};
    if (act.kind == Act::Kind::data && part.more > 0)
      return {.inputs = {Input::content, Input::content_too_big, Input::content_refused, Input::content_not_stored}};
    if (act.kind == Act::Kind::chunk)
      return {.inputs = {act.last ? Input::last_chunk : Input::chunk, Input::chunk_too_big, Input::last_chunk_refused,
                         Input::last_chunk_not_stored}};
    return grammar().meaning(tree_of(part), offered_);
  }

  void follow(const Entry& entry, int index, const Part& part) {
    const Meaning meaning = meaning_of(part);
    Answer& answer = answers_.emplace_back(Answer{part, index, entry.reply->code, {}, {}});
    if (meaning.anything || meaning.inputs.empty()) return follower_.lose();
    const auto before = follower_.contexts();
    const int code = entry.reply->code;
    if (before.size() == 1)
      visits_.push_back({before.front(), meaning.inputs.front(),
                         part.more > scenario_.acts[part.act].more.size() ? std::uint16_t{0} : tree_of(part).production, meaning.validity,
                         code});
    const smtp::Followed followed = follower_.take(meaning.inputs, code);
    for (const smtp::Context& context : before)
      for (const Input input : meaning.inputs) {
        const smtp::Row& row = smtp::model_row(context, input);
        add_words(answer.lawful, row.passes);
        add_words(answer.deviates, row.deviates);
      }
    if (followed.lawfulness == Lawfulness::lawful) return;
    const bool lax = meaning.accepted && std::any_of(before.begin(), before.end(), [&](const smtp::Context& context) {
                       return smtp::lawfulness(context, *meaning.accepted, code) == Lawfulness::lawful;
                     });
    const bool mild = followed.lawfulness == Lawfulness::near_miss || meaning.validity == Validity::invalid;
    add({.rule = std::string(lax ? lax_reply : unlawful_reply),
         .requirements = {"RFC5321-4.2.2-P1"},
         .verdict = mild ? Verdict::deviation : Verdict::fail,
         .step = std::string(smtp::verb_of(meaning.inputs.front())),
         .expected =
             std::string(followed.lawful) + " by " + std::string(followed.law) + " in state " + std::string(to_string(followed.state)),
         .came = std::to_string(code) + " " + entry.shown(entry.reply->text(), 200),
         .choice = {},
         .place = {},
         .entry = index});
  }

  // The session ended where something was waited for.
  void find_unanswered() {
    if (transcript_.outcomes.empty() || adrift_) return;
    const session::Outcome& last = transcript_.outcomes.back();
    if (last.tier >= 0 || transcript_.complete) return;
    const script::Move& move = plan_.moves[last.move];
    if (move.preamble || (last.came.kind != Came::Kind::nothing && last.came.kind != Came::Kind::close)) return;
    if (gave_up()) return;
    const bool closed = last.came.kind == Came::Kind::close;
    std::string step = "?";
    if (!asked_.empty() && asked_.front().part)
      if (const Meaning meaning = meaning_of(*asked_.front().part); !meaning.inputs.empty()) step = smtp::verb_of(meaning.inputs.front());
    add({.rule = std::string(closed ? early_close : lost_reply),
         .requirements = {closed ? "RFC5321-3.8-1" : "RFC5321-4.2-1"},
         .verdict = !closed && last.waited < judge::lawful_wait(step) ? Verdict::deviation : Verdict::fail,
         .step = step,
         .expected = "a reply",
         .came = session::describe(last.came),
         .choice = {},
         .place = {},
         .entry = -1});
  }

  // It said so, or was told to go.
  bool gave_up() const {
    for (auto entry = transcript_.entries.rbegin(); entry != transcript_.entries.rend(); ++entry)
      if (entry->kind == Entry::Kind::reply) return entry->reply->code == 421 || entry->reply->code == 221 || entry->reply->code == 521;
    return true;
  }

  void add(Finding finding) {
    const auto same = std::find_if(findings_.begin(), findings_.end(), [&](const Finding& other) { return key(other) == key(finding); });
    if (same == findings_.end()) findings_.push_back(std::move(finding));
  }

  const Scenario& scenario_;
  const Rendered& rendered_;
  const script::Plan& plan_;
  const Transcript& transcript_;
  smtp::Follower follower_;
  smtp::Capabilities offered_;
  bool in_tls_ = false;
  bool adrift_ = false;
  int move_ = -1;
  std::deque<Asked> asked_;
  std::vector<Finding> findings_;
  std::vector<Answer> answers_;
  std::vector<Visit> visits_;
};

}  // namespace

Evaluation evaluate(const Scenario& scenario, const Rendered& rendered, const script::Plan& plan, const Transcript& transcript,
                    const script::Registry& registry) {
  Evaluation out = Reading(scenario, rendered, plan, transcript).run();
  for (Finding& finding : judge::judge_rules(nullptr, scenario.role, transcript, registry).findings)
    // The rule follows the model by what it reads in the commands; the scenario knows more.
    if (finding.rule != "rules/reply-in-its-state") out.findings.push_back(std::move(finding));
  return out;
}

std::string key(const Finding& finding) {
  if (!finding.rule.starts_with("fuzz/")) return finding.rule;
  return finding.rule + " " + finding.step + " " + finding.came.substr(0, 3);
}

std::uint64_t novelty(const Visit& visit) {
  std::uint64_t out = static_cast<std::uint64_t>(visit.context.state);
  const auto mix = [&out](std::uint64_t value) { out = (out ^ value) * 0x9e3779b97f4a7c15u; };
  mix(visit.context.tls * 4u + visit.context.authenticated * 2u + visit.context.extended);
  mix(static_cast<std::uint64_t>(visit.context.role));
  mix(static_cast<std::uint64_t>(visit.input));
  mix(visit.production);
  mix(static_cast<std::uint64_t>(visit.code));
  return out ^ (out >> 29);
}

}  // namespace smtpspec::fuzz
