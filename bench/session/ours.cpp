// Whole sessions in memory: client, reference server and judge, as the suite, the selftest and the fuzzer's control play them.
#include <memory>

#include "program/work.hpp"
#include "shared/value.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/judge/judge.hpp"
#include "smtpspec/script/suite.hpp"
#include "smtpspec/selftest/reference.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::bench {
namespace {

constexpr std::uint64_t at_once = 20;
constexpr const char* mail = R"(title: mail
covers: [RFC5321-3.3-8]
start: ehlo
dialogue: |
  C: MAIL FROM:<{sender}>
  S: 250
  C: RCPT TO:<{recipient}>
  S: 250
  C: DATA
  S: 354
  content:
    From: <alice@client.example>
    Subject: a benchmark

    The only line of it.
  S: 250
  C: QUIT
  S: 221
)";

struct Ground {
  script::Registry registry = value(script::load_suite(SMTPSPEC_CASES_DIRECTORY)).registry;
  script::Case test = value(script::parse_case(mail, "mail", "mail.yaml"));
  run::Profile profile = complete(selftest::reference_profile({}));
  script::Plan plan = value(script::make_plan(test, test.dialogue, test.rows.front(), smtp::Role::relay, profile.facts));

  static run::Profile complete(run::Profile profile) {
    complete_facts(profile, "t");
    return profile;
  }
};

// What is wrong with the first that is not as it has to be, or "".
std::string play(const Ground& ground) {
  serve::MemoryStore store;
  serve::Server server({}, store, crypto::digests());
  session::MemoryTransport transport([&](smtp::Role role) { return server.accept(role); });
  std::string wrong;
  std::vector<std::unique_ptr<session::Session>> sessions;
  for (std::uint64_t i = 0; i < at_once; ++i) {
    sessions.push_back(std::make_unique<session::Session>(
        ground.plan, session::Setup{.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}));
    transport.play(*sessions.back(), [] {});
  }
  transport.run();
  for (const auto& session : sessions) {
    const auto judged = judge::judge_case(ground.test, session->plan(), session->transcript(), ground.registry);
    const auto rules = judge::judge_rules(&ground.test, smtp::Role::relay, session->transcript(), ground.registry);
    if (wrong.empty() && judged.verdict != judge::Verdict::pass) wrong = "wrong (" + judged.summary + ")";
    if (wrong.empty() && !rules.findings.empty()) wrong = "wrong (" + what_is_wrong(rules.findings.front()) + ")";
  }
  return wrong;
}

}  // namespace

const Work session_memory{
    .name = "session/memory",
    .unit = "session",
    .about = "whole sessions of one message in memory: client, reference server and judge",
    .items = at_once,
    .fault = [] { return play(Ground{}); },
    .begin = []() -> Pass { return [ground = std::make_shared<const Ground>()] { play(*ground); }; },
};

}  // namespace smtpspec::bench
