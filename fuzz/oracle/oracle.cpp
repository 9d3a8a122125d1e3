#include "fuzz/oracle/oracle.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "fuzz/oracle/delivery.hpp"
#include "fuzz/scenario/marker.hpp"
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

constexpr std::string_view too_many_replies = "rules/reply-asked-for";
constexpr int most_refusals = 3;  // behind so many a server may have had enough: RFC 5321 section 7.8

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
      : scenario_(scenario), rendered_(rendered), plan_(plan), transcript_(transcript) {}

  Evaluation run() {
    for (std::size_t i = 0; i < transcript_.entries.size(); ++i) {
      const Entry& entry = transcript_.entries[i];
      if (entry.kind == Entry::Kind::sent) sent(entry);
      if (entry.kind != Entry::Kind::reply) continue;
      heard(entry, static_cast<int>(i));
      look_for_others(entry, static_cast<int>(i));
    }
    find_unanswered();
    find_impatience();
    const bool certain =
        transcript_.complete && std::none_of(channels_.begin(), channels_.end(), [](const auto& one) { return one.second.adrift; });
    return {std::move(findings_), std::move(answers_), std::move(visits_), certain, std::move(overheard_)};
  }

  // Whether what a rule of the judge says of a reply holds: such a rule takes it for the answer to what it seems to answer.
  bool holds(const Finding& finding) const { return !doubted_.contains(finding.entry); }

 private:
  static const Grammar& grammar() { return Grammar::instance(); }

  // Commands and replies of the preamble and the farewell have no part; they are followed by their text.
  struct Asked {
    std::optional<Part> part;
  };

  // What is known of one connection.
  struct Channel {
    explicit Channel(smtp::Role role) : follower(role) {}
    smtp::Follower follower;
    smtp::Capabilities offered{};
    bool in_tls = false;
    bool adrift = false;  // which reply answers what cannot be told
    // … since this command may have counted for several: that a reply is one too many can still be told. "": not even that
    std::string doubt{};
    bool rude = false;  // of the client: it sent together what a server need not take together
    int refusals = 0;
    std::deque<Asked> asked{};
    std::map<std::string_view, bool> taken{};  // of the mailboxes that have several spellings: whether one was
  };
  Channel& channel(int number) { return channels_.try_emplace(number, scenario_.role).first->second; }

  void sent(const Entry& entry) {
    auto& asked = channel(entry.connection).asked;
    if (entry.move < 0) return asked.push_back({});
    if (entry.move == move_) return;  // another segment of it
    move_ = entry.move;
    const script::Move& move = plan_.moves[static_cast<std::size_t>(move_)];
    if (move.preamble) return asked.push_back({});
    const auto parts = parts_of(rendered_, move);
    for (const Part& part : parts) asked.push_back({part});
    Channel& here = channel(entry.connection);
    here.rude = here.rude || !may_go_together(parts, here.offered);
  }

  // RFC 2920 section 3.1: what a group of commands may have in front of its last one.
  bool may_go_together(const std::vector<Part>& parts, const smtp::Capabilities& offered) const {
    if (parts.size() < 2) return true;
    return offered.has("PIPELINING") && std::all_of(parts.begin(), parts.end() - 1, [&](const Part& part) {
             const Meaning meaning = meaning_of(part, offered);
             return !meaning.inputs.empty() && smtp::has_word("MAIL RCPT RSET BDAT .", smtp::verb_of(meaning.inputs.front()));
           });
  }

  void heard(const Entry& entry, int index) {
    Channel& here = channel(entry.connection);
    if (entry.in_tls && !std::exchange(here.in_tls, entry.in_tls)) {
      here.follower.tls_up();
      here.offered = {};
    }
    const int code = entry.reply->code;
    if (entry.command == "greeting") {
      here = Channel(scenario_.role);
      here.in_tls = entry.in_tls;
      here.follower.take(smtp::Asked::greeting, "", code);
      return;
    }
    if (here.adrift) doubted_.insert(index);
    if (here.adrift && !here.doubt.empty() && here.asked.empty() && code != 421)
      add({.rule = std::string(too_many_replies),
           .requirements = {"RFC5321-4.2-1"},
           .verdict = Verdict::fail,
           .step = here.doubt,
           .expected = "one reply to one command",
           .came = "one reply more: " + entry.shown(entry.reply->octets, 200),
           .choice = {},
           .place = {},
           .entry = index});
    here.refusals += code >= 500;
    if (here.asked.empty() || entry.unasked) return here.follower.lose();
    const Asked asked = here.asked.front();
    here.asked.pop_front();
    // The session cannot tell what it answers.
    if (entry.command.empty() && entry.line.empty()) here.adrift = true;
    if (here.adrift) {
      // What may count for several commands began anew.
      if (asked.part && !here.doubt.empty()) look_for_doubt(here, *asked.part, code, {});
      return here.follower.lose();
    }
    std::optional<Input> said;
    if (asked.part) {
      const auto before = here.follower.contexts();
      said = follow(here, entry, index, *asked.part);
      look_for_doubt(here, *asked.part, code, before);
    } else if (entry.line.empty()) here.follower.lose();
    else here.follower.take(smtp::Asked::command, entry.line, code);
    // A server that gives up answers nothing of what is on its way.
    if (code == 421 || (code == 220 && (entry.command == "STARTTLS" || said == Input::starttls))) here.asked.clear();
    if (code == 250 && (entry.command == "EHLO" || said == Input::ehlo)) {
      here.offered = smtp::capabilities(*entry.reply);
      here.follower.offer(here.offered);
    }
    if (code == 250 && said == Input::helo) here.offered = {};
  }

  // Where from here on it cannot be told which reply answers what.
  void look_for_doubt(Channel& here, const Part& part, int code, const std::vector<smtp::Context>& before) {
    const auto drift = [&here](std::string_view why) {
      here.adrift = true;
      here.doubt = why;
      here.follower.lose();
    };
    if (part.more > scenario_.acts[part.act].more.size()) return;
    const Act& act = scenario_.acts[part.act];
    const Node& said = tree_of(part);
    const auto in_state = [&before](smtp::State state) {
      return std::any_of(before.begin(), before.end(), [state](const smtp::Context& context) { return context.state == state; });
    };
    if (act.kind == Act::Kind::data && part.more == 0) {
      if (code >= 400 && in_state(smtp::State::bdat)) drift("");  // RFC 3030 section 2: what comes of it is indeterminate
    } else if (act.kind == Act::Kind::starttls && (here.adrift || (code >= 500 && here.in_tls))) {
      drift("");  // RFC 3207 section 4.1: a server may refuse all that follows
    } else if (act.kind == Act::Kind::data) {
      if (has(said, "false-end")) drift(".");
    } else if (code >= 400 && ((act.kind == Act::Kind::chunk && part.more == 0) || has(said, "sized-bdat"))) {
      // Who does not offer CHUNKING takes the octets for commands, as RFC 3030 section 2 warns, and so do good servers with those of a
      // client that has yet to start TLS.
      drift(code == 530 || !here.offered.has("CHUNKING") ? "" : "BDAT");
    } else if (code >= 400 && is_long(said)) {
      const Meaning meaning = meaning_of(part, here.offered);
      drift(meaning.inputs.empty() ? std::string_view{} : smtp::verb_of(meaning.inputs.front()));
    }
  }
  static bool has(const Node& tree, std::string_view symbol) {
    return grammar().symbol_of(tree) == symbol ||
           std::any_of(tree.children.begin(), tree.children.end(), [symbol](const Node& child) { return has(child, symbol); });
  }
  // A line of more octets than any server has to take: RFC 5321 section 4.5.3.1.4.
  bool is_long(const Node& tree) const {
    const auto segments = script::expand(grammar().text(tree), plan_.facts, "\r\n");
    std::size_t size = 0;
    for (const auto& segment : segments ? *segments : std::vector<script::Segment>{}) size += segment.octets.size();
    return size > 512;
  }

  const Node& tree_of(const Part& part) const {
    const Act& act = scenario_.acts[part.act];
    return part.more == 0 ? act.tree : act.more[part.more - 1];
  }

  Meaning meaning_of(const Part& part, const smtp::Capabilities& offered) const {
    const Act& act = scenario_.acts[part.act];
    if (part.more > act.more.size()) return {.inputs = {Input::auth_cancelled}};
    if (act.kind == Act::Kind::data && part.more > 0)
      return {.inputs = {Input::content, Input::content_too_big, Input::content_refused, Input::content_not_stored}};
    if (act.kind == Act::Kind::chunk) {
      Meaning chunk{.inputs = {act.last ? Input::last_chunk : Input::chunk, Input::chunk_too_big, Input::last_chunk_refused,
                               Input::last_chunk_not_stored}};
      if (!offered.has("CHUNKING")) chunk.inputs.insert(chunk.inputs.end(), {Input::unknown_verb, Input::not_implemented});
      return chunk;
    }
    return grammar().meaning(tree_of(part), offered);
  }

  // What the command is without its broken parts, of an act's own tree.
  std::optional<Input> follow(Channel& here, const Entry& entry, int index, const Part& part) {
    const Meaning meaning = meaning_of(part, here.offered);
    const auto said = part.more > 0 || meaning.inputs.empty() ? std::optional<Input>() : meaning.inputs.front();
    answers_.push_back({part, index, entry.reply->code, {}, {}});
    if (meaning.anything || meaning.inputs.empty()) {
      here.follower.lose();
      return said;
    }
    const auto before = here.follower.contexts();
    const std::size_t known = findings_.size();
    weigh(here, entry, index, part, meaning, before);
    if (findings_.size() == known) return said;
    // What a case that shows it has to expect.
    for (const smtp::Context& context : before)
      for (const Input input : meaning.inputs) {
        const smtp::Row& row = smtp::model_row(context, input);
        add_words(answers_.back().lawful, row.passes);
        add_words(answers_.back().deviates, row.deviates);
      }
    return said;
  }

  void weigh(Channel& here, const Entry& entry, int index, const Part& part, const Meaning& meaning,
             const std::vector<smtp::Context>& before) {
    const int code = entry.reply->code;
    if (before.size() == 1)
      visits_.push_back({before.front(), meaning.inputs.front(),
                         part.more > scenario_.acts[part.act].more.size() ? std::uint16_t{0} : tree_of(part).production, meaning.validity,
                         code});
    const smtp::Followed followed = here.follower.take(meaning.inputs, code);
    if (const auto& after = here.follower.contexts(); before.size() == 1 && after.size() == 1) visits_.back().next = after.front().state;
    if (followed.lawfulness == Lawfulness::lawful) {
      if (meaning.validity == Validity::valid && part.more == 0 && !before.empty() &&
          std::all_of(before.begin(), before.end(), [](const smtp::Context& c) { return c.extended; }))
        look_at_valid(here, entry, index, meaning, tree_of(part));
      return;
    }
    // A server need not sort out what should not have come together; it may say so once, or to all that follows.
    if (here.rude && code >= 500) {
      here.adrift = true;
      doubted_.insert(index);
      return;
    }
    const bool lax = meaning.accepted && std::any_of(before.begin(), before.end(), [&](const smtp::Context& context) {
                       return smtp::lawfulness(context, *meaning.accepted, code) == Lawfulness::lawful;
                     });
    const bool mild = followed.lawfulness == Lawfulness::near_miss || meaning.validity == Validity::invalid;
    accuse(entry, index, meaning, lax ? lax_reply : unlawful_reply, "RFC5321-4.2.2-P1", mild ? Verdict::deviation : Verdict::fail,
           std::string(followed.lawful) + " by " + std::string(followed.law) + " in state " + std::string(to_string(followed.state)));
  }

  // The reply is not what it should be.
  void accuse(const Entry& entry, int index, const Meaning& meaning, std::string_view rule, std::string requirement, Verdict verdict,
              std::string expected) {
    add({.rule = std::string(rule),
         .requirements = {std::move(requirement)},
         .verdict = verdict,
         .step = std::string(smtp::verb_of(meaning.inputs.front())),
         .expected = std::move(expected),
         .came = std::to_string(entry.reply->code) + " " + entry.shown(entry.reply->text(), 200),
         .choice = {},
         .place = {},
         .entry = index});
  }

  // Policy may refuse what is said rightly, but not for parameters that were offered, nor one spelling of a mailbox of which it
  // took another.
  void look_at_valid(Channel& here, const Entry& entry, int index, const Meaning& meaning, const Node& tree) {
    const Input input = meaning.inputs.front();
    const int code = entry.reply->code;
    const bool all_offered = std::none_of(meaning.inputs.begin(), meaning.inputs.end(), [](Input other) {
      return other == Input::mail_unknown_parameter || other == Input::rcpt_unknown_parameter;
    });
    if ((input == Input::mail || input == Input::rcpt) && code == 555 && all_offered)
      accuse(entry, index, meaning, unlawful_reply, "RFC5321-4.2.2-P1", Verdict::deviation, "no 555 to what was offered");
    if (input != Input::rcpt || !names_postmaster(tree)) return;
    bool& taken = here.taken["postmaster"];
    if (code / 100 == 2) taken = true;
    else if (taken && (code == 550 || code == 551 || code == 553))
      accuse(entry, index, meaning, unlike_spelling, "RFC5321-2.4-1", Verdict::deviation,
             "the answer that another spelling of the mailbox had");
  }
  static bool names_postmaster(const Node& tree) { return has(tree, "postmaster"); }

  // Words of another session. RFC 5321 section 2.3.6 gives each session a state and buffers of its own; what a reply says beside its code
  // it leaves to the server. So what came out of another one's buffer is a deviation: nothing that it decides was shown to be wrong.
  void look_for_others(const Entry& entry, int index) {
    if (entry.command.empty()) return;  // nobody knows what it answers
    const std::string_view token = plan_.facts.get("token"), campaign = campaign_of(token);
    for (const Marker& marker : markers_in(entry.reply->octets, campaign)) {
      const bool mine = token_of(campaign, marker.play) == token;
      if (mine && marker.connection == entry.connection) continue;
      Finding finding{.rule = std::string(session_leak),
                      .requirements = {"RFC5321-2.3.6-P1"},
                      .verdict = Verdict::deviation,
                      .step = entry.command,
                      .expected = "nothing that another session said, as " + mark_of(marker.connection),
                      .came = std::to_string(entry.reply->code) + " " + entry.shown(entry.reply->text(), 200),
                      .choice = {},
                      .place = {},
                      .entry = index};
      if (mine) add(std::move(finding));
      else if (!overheard_) overheard_ = {marker.play, std::move(finding)};
    }
  }

  // The session ended where something was waited for.
  void find_unanswered() {
    if (transcript_.outcomes.empty()) return;
    const session::Outcome& last = transcript_.outcomes.back();
    if (last.tier >= 0 || transcript_.complete) return;
    const script::Move& move = plan_.moves[last.move];
    if (move.preamble || (last.came.kind != Came::Kind::nothing && last.came.kind != Came::Kind::close)) return;
    const bool closed = last.came.kind == Came::Kind::close;
    const Channel& here = channel(move.step.connection);
    // A chunk that was refused holds no command to leave without a word.
    const bool certain = !here.adrift || (closed && here.doubt == "BDAT" && findings_.empty());
    if (!certain || gave_up(move.step.connection)) return;
    if (closed && (here.rude || here.refusals >= most_refusals)) return;
    std::string step = "?";
    if (!here.asked.empty() && here.asked.front().part)
      if (const Meaning meaning = meaning_of(*here.asked.front().part, here.offered); !meaning.inputs.empty())
        step = smtp::verb_of(meaning.inputs.front());
    add({.rule = std::string(closed ? early_close : lost_reply),
         .requirements = {closed ? "RFC5321-3.8-1" : "RFC5321-4.2-1"},
         .verdict = !closed && last.waited < judge::lawful_wait(step) ? Verdict::observed : Verdict::fail,
         .step = step,
         .expected = "a reply",
         .came = session::describe(last.came),
         .choice = {},
         .place = {},
         .entry = -1});
  }

  // Where the client was silent for less than five minutes and the server left.
  void find_impatience() {
    if (std::any_of(scenario_.acts.begin(), scenario_.acts.end(),
                    [](const Act& act) { return act.kind == Act::Kind::restart || act.restarts; }))
      return;
    for (const session::Outcome& outcome : transcript_.outcomes) {
      const script::Expect& expect = plan_.moves[outcome.move].step.expect;
      if (outcome.tier < 1 || expect.tiers.front().answers.front().kind != script::Answer::Kind::nothing) continue;
      const bool said = outcome.came.kind == Came::Kind::reply && outcome.came.reply.code == 421;
      const bool left = said || (outcome.came.kind == Came::Kind::close && !gave_up(plan_.moves[outcome.move].step.connection));
      if (!left || outcome.waited >= std::chrono::minutes(5) || expect.tiers.front().answers.front().time < std::chrono::seconds(10))
        continue;
      add({.rule = std::string(early_leave),
           .requirements = {"RFC5321-4.5.3.2.7-1"},
           .verdict = Verdict::deviation,
           .step = "",
           .expected = "five minutes for the next command",
           .came = session::describe(outcome.came),
           .choice = {},
           .place = {},
           .entry = -1});
    }
  }

  // It said so, or was told to go, or the client went.
  bool gave_up(int connection) const {
    const auto hung_up = [connection](const Act& act) { return act.kind == Act::Kind::hang_up && act.connection == connection; };
    if (std::any_of(scenario_.acts.begin(), scenario_.acts.end(), hung_up)) return true;
    for (auto entry = transcript_.entries.rbegin(); entry != transcript_.entries.rend(); ++entry)
      if (entry->kind == Entry::Kind::reply && entry->connection == connection)
        return entry->reply->code == 421 || entry->reply->code == 221 || entry->reply->code == 521;
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
  int move_ = -1;
  std::map<int, Channel> channels_;
  std::set<int> doubted_;  // entries of replies that came when a connection was adrift
  std::vector<Finding> findings_;
  std::vector<Answer> answers_;
  std::vector<Visit> visits_;
  std::optional<Overheard> overheard_;
};

}  // namespace

Evaluation evaluate(const Scenario& scenario, const Rendered& rendered, const script::Plan& plan, const Transcript& transcript,
                    const script::Registry& registry) {
  Reading reading(scenario, rendered, plan, transcript);
  Evaluation out = reading.run();
  for (Finding& finding : judge::judge_rules(nullptr, scenario.role, transcript, registry).findings)
    // The rule follows the model by what it reads in the commands; the scenario knows more.
    if (finding.rule != "rules/reply-in-its-state" && reading.holds(finding)) out.findings.push_back(std::move(finding));
  return out;
}

std::string key(const Finding& finding) {
  if (finding.rule == too_many_replies || finding.rule == early_close || finding.rule == lost_reply)
    return finding.rule + " " + finding.step;
  if (!finding.rule.starts_with("fuzz/")) return finding.rule;
  if (finding.rule == kept_resources || finding.rule == side_effect || finding.rule == wrong_delivery)
    return finding.rule + " " + finding.step;
  if (finding.rule == dead_process) return finding.rule + " " + finding.came;
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
