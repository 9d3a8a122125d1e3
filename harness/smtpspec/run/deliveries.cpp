#include "smtpspec/run/deliveries.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace smtpspec::run {
namespace {

using delivery::Arrival;
using script::Where;

constexpr session::Duration look_apart = std::chrono::seconds(1);
constexpr session::Duration look_every = std::chrono::milliseconds(50);
// Behind the fence, for what it overtook and must not come.
constexpr session::Duration grace = std::chrono::seconds(1);

std::string_view recipient_at(Where where) {
  return where == Where::mailbox ? "recipient" : where == Where::second_mailbox ? "second-recipient" : "relayed-recipient";
}

// One message for all places.
script::Case fence_to(const std::set<Where>& places) {
  std::string text = "title: fence\ncovers: fence\nstart: ehlo\ndialogue: |\n  C: MAIL FROM:<{sender}>\n  S: 250\n";
  for (const Where where : places) text += "  C: RCPT TO:<{" + std::string(recipient_at(where)) + "}>\n  S: any\n";
  text += "  C: DATA\n  S: 354\n  message:\n  S: 250\ndelivery: |\n";
  for (const Where where : places) text += "  " + std::string(to_string(where)) + ": once\n";
  return *script::parse_case(text, "", "fence");
}

}  // namespace

void Deliveries::await(std::vector<Waiting> waiting, std::function<void()> then) {
  waiting_ = std::move(waiting);
  then_ = std::move(then);
  busy_ = true;
  places_.clear();
  fences_.clear();
  for (const Waiting& one : waiting_)
    for (const script::Statement& statement : *one.statements)
      if (statement.is_place()) places_.insert(statement.where);
  std::erase_if(places_, [&](Where where) { return attendant_.observers.at(where)->at_once(); });
  look();
  if (places_.empty()) return transport_.after({}, [this] { finish(); });
  send_fences();
}

void Deliveries::send_fences() {
  // The case has to stay where it is for as long as it is played.
  const auto fence = std::make_shared<script::Case>(fence_to(places_));
  std::set<smtp::Role> roles;
  for (const Waiting& one : waiting_) roles.insert(one.role);
  const auto sent = [this] {
    if (--under_way_ > 0) return;
    until_ = transport_.now() + profile_.delivery;
    watch();
  };
  under_way_ = roles.size();
  for (const smtp::Role role : roles) {
    const Play play{fence.get(), &fence->dialogue, &fence->rows.front(), role, 1, "a fence behind all messages"};
    const auto started = stage_.start(play, [this, fence, sent](Group& group) {
      const session::Session& session = group.front();
      const auto messages = delivery::sent(session.transcript());
      if (!messages.empty() && messages.front().accepted()) fences_.emplace_back(session.plan().facts.get("token"));
      sent();
    });
    if (!started) transport_.after({}, sent);
  }
}

void Deliveries::look_now_and_then() {
  if (stage_.awaited().empty() || transport_.now() - looked_ < look_apart) return;
  looked_ = transport_.now();
  look();
}

void Deliveries::look() {
  for (const auto& [where, observer] : attendant_.observers)
    for (Arrival& arrival : observer->arrived()) {
      arrival.where = where;
      arrival.at = transport_.now();
      for (const std::string& token : delivery::tokens_in(arrival, profile_.facts.get("token")))
        if (stage_.awaited().contains(token)) arrivals_[token].push_back(arrival);
    }
}

void Deliveries::watch() {
  look();
  if (all_there() && fences_seen()) return transport_.after(grace, [this] { finish(); });
  if (transport_.now() >= until_) return finish();
  transport_.after(look_every, [this] { watch(); });
}

bool Deliveries::all_there() const {
  return std::all_of(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    const auto found = arrivals_.find(one.token);
    return delivery::is_there(*one.statements, found == arrivals_.end() ? std::vector<Arrival>{} : found->second);
  });
}

bool Deliveries::fence_seen(Where where) const {
  return std::any_of(fences_.begin(), fences_.end(), [&](const std::string& token) {
    const auto found = arrivals_.find(token);
    return found != arrivals_.end() &&
           std::any_of(found->second.begin(), found->second.end(), [&](const Arrival& arrival) { return arrival.where == where; });
  });
}

bool Deliveries::fences_seen() const {
  return std::all_of(places_.begin(), places_.end(), [this](Where where) { return fence_seen(where); });
}

void Deliveries::finish() {
  look();
  busy_ = false;
  std::exchange(then_, {})();
}

delivery::Seen Deliveries::seen(const session::Session& session) const {
  delivery::Seen out{
      .sent = delivery::sent(session.transcript()), .arrivals = {}, .facts = session.plan().facts, .unsure = {}, .clock = {}};
  if (const auto found = arrivals_.find(std::string(out.facts.get("token"))); found != arrivals_.end()) out.arrivals = found->second;
  if (attendant_.clock) out.clock = attendant_.clock();
  for (const Where where : places_)
    out.unsure[where] = fence_seen(where)
                            ? "it had not arrived within " + script::print_duration(profile_.delivery) +
                                  ", though a later message had: it is on its way, or lost"
                            : "nothing had arrived within " + script::print_duration(profile_.delivery) + ", a later message neither";
  return out;
}

}  // namespace smtpspec::run
