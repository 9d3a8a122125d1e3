// The session of a case over net::Transport; what it left is read by the judge, case and always-on rules both.
#include <memory>
#include <vector>

#include "shared/value.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/judge/judge.hpp"
#include "smtpspec/net/loop.hpp"
#include "smtpspec/script/suite.hpp"
#include "sockets/ours.hpp"

namespace smtpspec::bench::sockets {
namespace {

// A step a line, as many messages as were asked for, and the content of the other clients.
std::string case_text(const Work& work) {
  std::string out = "title: mail\ncovers: [RFC5321-3.3-8]\nstart: ehlo\ndialogue: |\n";
  const auto step = [&](const std::string& text) { out += "  " + text + "\n"; };
  std::string body = "content:\n";
  for (std::string_view rest = content; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    body += rest.starts_with("\r\n") ? "\n" : "    " + std::string(rest.substr(0, rest.find('\r'))) + "\n";
  body.pop_back();
  const std::vector<std::string> says = {"C: MAIL FROM:<{sender}>", "C: RCPT TO:<{recipient}>", work.abandoned ? "C: RSET" : "C: DATA"};
  const std::string last = work.abandoned ? "S: 250" : "S: 354";
  for (long i = 0; i < work.messages; ++i) {
    if (work.pipelined) step("together:");
    for (std::size_t n = 0; n < says.size(); ++n) {
      step((work.pipelined ? "  " : "") + says[n]);
      if (!work.pipelined) step(n == 2 ? last : "S: 250");
    }
    if (work.pipelined)
      for (const std::string& heard : {std::string("S: 250"), std::string("S: 250"), last}) step(heard);
    if (work.abandoned) continue;
    step(body);
    step("S: 250");
  }
  step("C: QUIT");
  step("S: 221");
  return out;
}

}  // namespace

Done by_transport(const Work& work) {
  const script::Suite suite = value(script::load_suite(work.cases));
  const script::Case test = value(script::parse_case(case_text(work), "mail", "mail.yaml"));
  script::Facts facts;
  facts.values = {{"sender", "alice@client.example"}, {"recipient", "bob@server.example"}, {"client", "client.example"}};
  const script::Plan plan = value(script::make_plan(test, test.dialogue, test.rows.front(), smtp::Role::relay, facts));
  session::Setup setup;
  setup.digests = crypto::digests();

  net::Loop loop;
  net::Transport transport(loop, {{smtp::Role::relay, {"127.0.0.1", work.port}}}, {});
  Done done;
  long left = work.sessions;
  std::vector<std::unique_ptr<session::Session>> sessions(static_cast<std::size_t>(work.connections));
  std::function<void(std::size_t)> play = [&](std::size_t seat) {
    if (left <= 0 || !done.wrong.empty()) return;
    --left;
    sessions[seat] = std::make_unique<session::Session>(plan, setup);
    transport.play(*sessions[seat], [&, seat] {
      const session::Session& session = *sessions[seat];
      if (!session.finished()) return;
      const session::Transcript& transcript = session.transcript();
      const auto judged = judge::judge_case(test, session.plan(), transcript, suite.registry);
      if (judged.verdict != judge::Verdict::pass && done.wrong.empty()) done.wrong = judged.summary;
      const auto rules = judge::judge_rules(&test, smtp::Role::relay, transcript, suite.registry);
      for (const judge::Finding& finding : rules.findings) ++done.found[finding.rule + ": " + what_is_wrong(finding)];
      for (const session::Entry& entry : transcript.entries) done.replies += entry.reply.has_value();
      ++done.sessions;
      // The transport has let go of the session, but is still in this call.
      transport.after({}, [&, seat] { play(seat); });
    });
  };
  for (std::size_t seat = 0; seat < sessions.size(); ++seat) play(seat);
  transport.run();
  return done;
}

}  // namespace smtpspec::bench::sockets
