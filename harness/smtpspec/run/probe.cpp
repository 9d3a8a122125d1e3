#include "smtpspec/run/probe.hpp"

#include <algorithm>

namespace smtpspec::run {
namespace {

script::Case probe_case(const std::string& start, const std::string& dialogue) {
  return *script::parse_case("title: probe\ncovers: probe\nstart: " + start + "\ndialogue: |\n  " + dialogue + "\n", "", "probe");
}

Play play_of(const script::Case& test, smtp::Role role, std::string name) {
  return {&test, &test.dialogue, &test.rows.front(), role, 1, std::move(name)};
}

judge::Judgement assess(const Group& group, const script::Registry& registry) {
  return judge::judge_case(*group.play.test, group.front().plan(), group.front().transcript(), registry);
}

}  // namespace

void Probes::ask_offers(const std::vector<smtp::Role>& roles, Offers& offers, std::function<void()> then) {
  static const script::Case hello = probe_case("greeted", "C: EHLO {client}\n  S: 250");
  static const script::Case ready = probe_case("ehlo", "C: NOOP\n  S: any");
  auto left = std::make_shared<std::size_t>(roles.size() * 2);
  const auto one_done = [left, then = std::move(then)] {
    if (--*left == 0) then();
  };
  for (const smtp::Role role : roles)
    for (const bool first : {true, false}) {
      const Play play = first ? play_of(hello, role, "probe of EHLO") : play_of(ready, role, "probe of the way to MAIL");
      offers.shown[role];
      const auto started = stage_.start(play, [this, first, &offers, one_done](Group& group) {
        learn(group, first, offers);
        one_done();
      });
      if (!started) one_done();
    }
}

void Probes::learn(const Group& group, bool first, Offers& offers) {
  watch_.hear(group);
  const auto& transcript = group.front().transcript();
  const auto judgement = assess(group, registry_);
  const bool heard = std::any_of(transcript.entries.begin(), transcript.entries.end(),
                                 [](const auto& entry) { return entry.kind == session::Entry::Kind::reply; });
  const auto take = [&](const session::Transcript& said, Offer& offer) {
    if (judgement.verdict == Verdict::inconclusive && offer.trouble.empty()) offer.trouble = judgement.summary;
    offer.reached = offer.reached || said.connected;
    offer.probed = offer.probed || heard;  // a greeting without a text is one
    if (!said.greeting.empty()) offer.greeting = said.greeting;
    (first ? offer.clear : offer.ready) = said.offered;
    (first ? offer.clear_known : offer.ready_known) = judgement.verdict == Verdict::pass;
    if (said.tls.version) offer.tls = said.tls;
  };
  take(transcript, offers.heard[group.play.role]);
  take(transcript.masked(), offers.shown[group.play.role]);
}

bool Probes::ask_alive(smtp::Role role, std::function<void(std::string trouble)> then) {
  static const script::Case good = probe_case("greeted", "C: NOOP\n  S: any");
  return stage_
      .start(play_of(good, role, "known-good session"),
             [this, then = std::move(then)](Group& group) {
               const auto judgement = assess(group, registry_);
               then(judgement.no_greeting ? judgement.summary : "");
             })
      .has_value();
}

}  // namespace smtpspec::run
