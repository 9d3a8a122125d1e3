#include "fuzz/oracle/delivery.hpp"

#include <algorithm>

#include "smtpspec/delivery/arrival.hpp"
#include "smtpspec/smtp/content.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::fuzz {
namespace {

using judge::Verdict;
using smtp::Input;

const Grammar& grammar() { return Grammar::instance(); }

std::optional<std::string> known_octets(const script::Template& text, const script::Facts& facts) {
  if (text.late()) return {};
  auto octets = script::octets_of(text, facts);
  return octets ? std::optional(std::move(*octets)) : std::nullopt;
}

// What one connection has said of the message that is being made.
struct Draft {
  bool named = false;  // the recipient was accepted
  int recipients = 0;
  std::string chunks;
  bool chunked = false;
};

class Reading {
 public:
  Reading(const Scenario& scenario, const script::Plan& plan, const std::vector<Answer>& answers)
      : scenario_(scenario), plan_(plan), answers_(answers) {}

  std::optional<std::vector<Sent>> run() {
    // The way there names the recipient.
    for (const Act& act : scenario_.acts)
      if (act.kind == Act::Kind::open && act.at >= script::Start::rcpt)
        drafts_[act.connection] = {.named = true, .recipients = 1, .chunks = {}};
    for (const Answer& answer : answers_)
      if (!take(answer)) return {};
    for (auto& [connection, draft] : drafts_) give_up(draft);
    return std::move(out_);
  }

 private:
  // False where it cannot be told what was sent.
  bool take(const Answer& answer) {
    const Act& act = scenario_.acts[answer.part.act];
    Draft& draft = drafts_[act.connection];
    const bool taken = answer.code / 100 == 2;
    if (act.kind == Act::Kind::chunk) return take_chunk(act, answer, draft);
    if (act.kind == Act::Kind::data && answer.part.more > 0) return take_content(act, answer, draft);
    if (answer.part.more > 0) return true;  // of an exchange
    const Meaning meaning = grammar().meaning(act.tree, {});
    if (meaning.inputs.empty()) return !taken;
    switch (meaning.inputs.front()) {
      case Input::mail:
        if (taken) draft = {};
        break;
      case Input::rcpt:
        if (!taken) break;
        ++draft.recipients;
        draft.named = draft.named || names_recipient(act.tree);
        break;
      case Input::rset:
      case Input::ehlo:
      case Input::helo:
      case Input::starttls:
        if (taken) give_up(draft);
        break;
      case Input::chunk:
      case Input::last_chunk: return false;  // its octets stand in the command
      default: break;
    }
    return true;
  }

  bool names_recipient(const Node& tree) const {
    const auto line = known_octets(grammar().text(tree), plan_.facts);
    return line && line->find("<" + std::string(plan_.facts.get("recipient")) + ">") != std::string::npos;
  }

  bool take_content(const Act& act, const Answer& answer, Draft& draft) {
    std::string wire;
    for (const script::Step& line : content_of(act)) {
      const auto octets = known_octets(line.text, plan_.facts);
      if (!octets) return false;
      wire += *octets + "\r\n";
    }
    wire += ".\r\n";
    Sent sent{.code = answer.code, .valid = is_plain(act.more.front()), .entry = answer.entry};
    smtp::DotReader reader;
    if (reader.feed(wire, sent.content) != wire.size() || !reader.done()) return false;  // it ended before
    return take_message(std::move(sent), draft);
  }

  bool take_chunk(const Act& act, const Answer& answer, Draft& draft) {
    const auto octets = known_octets(text_of(act, act.tree), plan_.facts);
    if (!octets) return false;
    if (answer.code / 100 != 2) {
      // RFC 3030 section 2: what was taken before goes with it.
      draft.chunks += *octets;
      return take_message({.content = std::exchange(draft.chunks, {}), .code = answer.code, .entry = answer.entry}, draft);
    }
    draft.chunks += *octets;
    draft.chunked = true;
    return !act.last || take_message({.content = std::exchange(draft.chunks, {}), .code = answer.code, .entry = answer.entry}, draft);
  }

  bool take_message(Sent sent, Draft& draft) {
    if (sent.code / 100 == 2) {
      sent.least = draft.named;
      sent.most = draft.recipients;
    }
    out_.push_back(std::move(sent));
    draft = {};
    return true;
  }

  void give_up(Draft& draft) {
    if (draft.chunked) out_.push_back({.content = draft.chunks});
    draft = {};
  }

  // A header, an empty line, and text in lines of US-ASCII that are not too long.
  static bool is_plain(const Node& content) {
    if (content.children.empty() || grammar().symbol_of(content.children.front()) != "header") return false;
    return grammar().meaning(content, {}).validity == Validity::valid &&
           std::none_of(content.children.begin(), content.children.end(),
                        [](const Node& child) { return grammar().symbol_of(child) == "odd-header"; });
  }

  const Scenario& scenario_;
  const script::Plan& plan_;
  const std::vector<Answer>& answers_;
  std::map<int, Draft> drafts_;
  std::vector<Sent> out_;
};

using delivery::split;
using delivery::with_lf;

// It is the message with trace fields in front.
bool is_same(std::string_view stored, std::string_view sent) {
  if (!stored.ends_with(sent)) return false;
  const std::string_view trace = stored.substr(0, stored.size() - sent.size());
  return split(trace).header.size() == trace.size() && (trace.empty() || trace.ends_with("\r\n"));
}

// It has the body and all fields of the message, and perhaps more of them, as a server may add.
bool is_like(std::string_view stored_text, std::string_view sent_text) {
  const std::string stored_lf = with_lf(stored_text), sent_lf = with_lf(sent_text);
  const auto stored = split(stored_lf), sent = split(sent_lf);
  const auto has = [&](const delivery::Field& field) {
    return std::any_of(stored.fields.begin(), stored.fields.end(), [&](const auto& one) { return one.whole == field.whole; });
  };
  return stored.body == sent.body && std::all_of(sent.fields.begin(), sent.fields.end(), has);
}

std::string sketch(std::string_view text) {
  return std::to_string(text.size()) + " octets, the last of them " +
         smtp::spell(text.substr(text.size() - std::min<std::size_t>(text.size(), 40)));
}

}  // namespace

std::optional<std::vector<Sent>> deliveries(const Scenario& scenario, const script::Plan& plan, const std::vector<Answer>& answers) {
  return Reading(scenario, plan, answers).run();
}

std::vector<judge::Finding> compare_deliveries(const std::vector<Sent>& sent, const std::vector<std::string>& stored, bool exact) {
  std::vector<judge::Finding> out;
  const auto accuse = [&](const char* what, Verdict verdict, std::string requirement, std::string expected, std::string came, int entry) {
    out.push_back({.rule = std::string(wrong_delivery),
                   .requirements = {std::move(requirement)},
                   .verdict = verdict,
                   .step = what,
                   .expected = std::move(expected),
                   .came = std::move(came),
                   .choice = {},
                   .place = {},
                   .entry = entry});
  };
  std::vector<bool> explained(stored.size());
  // Trace fields in front of nothing look like any other header: the longest content that fits is the one.
  std::vector<const std::string*> content_of(stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i)
    for (const Sent& one : sent)
      if (one.code / 100 == 2 && (exact ? is_same(stored[i], one.content) : is_like(stored[i], one.content)) &&
          (!content_of[i] || content_of[i]->size() < one.content.size()))
        content_of[i] = &one.content;
  const Sent* missing = nullptr;
  bool unsure = false;  // whether a message that is not valid came as another one
  for (const Sent& one : sent) {
    if (one.code / 100 != 2) continue;
    unsure = unsure || (!exact && !one.valid);
    // The same content may have been sent several times.
    int least = 0, most = 0, copies = 0;
    for (const Sent& other : sent)
      if (other.code / 100 == 2 && other.content == one.content) least += other.least, most += other.most;
    for (std::size_t i = 0; i < stored.size(); ++i)
      if (content_of[i] && *content_of[i] == one.content) explained[i] = true, ++copies;
    if (!exact && !one.valid) continue;
    if (copies < least && !missing) missing = &one;
    if (copies > most && out.empty())
      accuse("doubled", Verdict::deviation, "RFC5321-4.2.5-P1", "a copy for each recipient at most, that is " + std::to_string(most),
             std::to_string(copies) + " copies in the mailbox", one.entry);
  }
  const auto stranger = std::find(explained.begin(), explained.end(), false);
  const std::string* other = stranger == explained.end() ? nullptr : &stored[static_cast<std::size_t>(stranger - explained.begin())];
  if (missing && other) {
    accuse("altered", Verdict::fail, "RFC5321-4.5.2-P5", sketch(missing->content), sketch(*other), missing->entry);
  } else if (missing) {
    // It may be on its way still, or a notice to the sender is, where a mailbox is all that is seen.
    accuse("lost", exact ? Verdict::fail : Verdict::observed, "RFC5321-4.2.5-P1", "the message in the mailbox: " + sketch(missing->content),
           "none in the mailbox", missing->entry);
  } else if (other && !unsure) {
    const auto refused = std::find_if(sent.begin(), sent.end(), [&](const Sent& one) {
      return one.code / 100 != 2 && (exact ? is_same(*other, one.content) : one.valid && is_like(*other, one.content));
    });
    if (refused != sent.end() && refused->code > 0)
      accuse("refused", Verdict::fail, refused->code >= 500 ? "RFC5321-4.2.5-3" : "RFC5321-4.2.5-1",
             "no message that was refused with " + std::to_string(refused->code), "it stands in the mailbox: " + sketch(*other),
             refused->entry);
    else if (exact)
      accuse("given-up", Verdict::fail, "RFC5321-4.1.1.5-1", "no message but those that were sent and taken",
             "another one stands in the mailbox: " + sketch(*other), -1);
  }
  return out;
}

}  // namespace smtpspec::fuzz
