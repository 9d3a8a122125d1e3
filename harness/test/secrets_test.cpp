// No password leaves a run: a server that says it in every form, wherever a server can say anything, and all that is made
// of the run then.
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "smtpspec/report/report.hpp"
#include "test/run_bench.hpp"
#include "test/spellings.hpp"

namespace smtpspec::run {
namespace {

struct Hostile {
  Target target;
  std::string log, tls_trust, death, restart;
};
// Where the server says it: in replies over several lines too.
struct Place {
  std::function<void(Hostile&, const std::string& said)> say;
  bool one_line = false;
};

std::function<std::string(const std::string&, int)> to(const std::string& verb, const std::string& reply) {
  return [=](const std::string& line, int) {
    if (line.starts_with(verb)) return reply;
    if (line.starts_with("AUTH")) return std::string("235 2.7.0 welcome\r\n");
    if (line == "STARTTLS") return std::string("220 2.0.0 go\r\n");
    // What it says of a line that is no command lacks what a rule wants.
    return std::string(line == "NOOP" ? "250 2.0.0 fine\r\n" : "500 what?\r\n");
  };
}
std::string many_lines(const std::string& line) {
  std::string out;
  for (int i = 0; i < 30; ++i) out += line;
  return out;
}

const std::map<std::string, Place>& places() {
  static const std::map<std::string, Place> all = {
      {"greeting", {[](Hostile& h, auto& said) { h.target.greeting = "220 " + said + " ready\r\n"; }}},
      {"EHLO text", {[](Hostile& h, auto& said) { h.target.hello = "250-" + said + "\r\n250 AUTH PLAIN\r\n"; }}},
      {"EHLO keyword", {[](Hostile& h, auto& said) { h.target.hello = "250-mx.example.test\r\n250-" + said + "\r\n250 AUTH PLAIN\r\n"; }}},
      {"EHLO parameters", {[](Hostile& h, auto& said) {
         h.target.hello = "250-mx.example.test\r\n";
         for (const std::string keyword : {"SIZE", "PIPELINING", "STARTTLS", "AUTH PLAIN", "X"})
           h.target.hello += "250-" + keyword + " " + said + "\r\n";
         h.target.hello += "250 HELP\r\n";
       }}},
      {"reply to AUTH", {[](Hostile& h, auto& said) { h.target.answer = to("AUTH", "235 2.7.0 welcome " + said + "\r\n"); }}},
      {"refused login", {[](Hostile& h, auto& said) { h.target.answer = to("AUTH", "535 5.7.8 not " + said + "\r\n"); }}},
      {"challenges", {[](Hostile& h, auto& said) { h.target.answer = to("AUTH", "334 " + said + "\r\n"); }}},
      {"failing reply", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", "500 " + said + "\r\n"); }}},
      {"several lines", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", many_lines("500-" + said + "\r\n") + "500 no\r\n"); }}},
      {"no code", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", said + "\r\n"); }}},
      {"bare LF", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", "500 " + said + "\n"); }}},
      {"no line end", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", "500 " + said); }}},
      {"no line end, and far", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", "500 " + std::string(4085, 'z') + said); }}},
      {"two replies", {[](Hostile& h, auto& said) { h.target.answer = to("VRFY", "500 a " + said + "\r\n250 b " + said + "\r\n"); }}},
      {"twin", {[](Hostile& h, auto& said) { h.target.answer = to("HELP", "500 " + said + "\r\n"); }}},
      {"twin is busy", {[](Hostile& h, auto& said) { h.target.answer = to("HELP", "421 " + said + "\r\n"); }}},
      {"log", {[](Hostile& h, auto& said) { h.log = many_lines("login " + said + " taken\n"); }, true}},
      {"log, cut",
       {[](Hostile& h, auto& said) { h.log = said.substr(said.size() / 2) + "\nlogin " + said.substr(0, said.size() / 2); }, true}},
      {"certificate", {[](Hostile& h, auto& said) { h.tls_trust = said; }, true}},
      {"death", {[](Hostile& h, auto& said) { h.death = "ended: " + said; }, true}},
      {"restart", {[](Hostile& h, auto& said) { h.restart = "'server --password " + said + "' ended"; }, true}},
  };
  return all;
}

std::vector<script::Case> cases() {
  return {case_of("rfc1/a", "start: auth\nroles: [relay, submission]", "C: VRFY x\nS: 250\nC: NOOP\nS: 250"),
          case_of("rfc1/b", "start: greeted\nroles: [relay, submission]", "C: VRFY x\nS: 250 , else any is observed as odd"),
          case_of("rfc1/c", "start: ehlo\nroles: [relay, submission]", "C: NOOP\nS: 500", "C: HELP\nS: 250"),
          case_of("rfc1/d", "start: ehlo\nrequires: [restart]\nroles: [relay]", "do: restart target\nC: NOOP\nS: 250"),
          case_of("rfc1/e", "start: ehlo\nroles: [relay]", "C: AUTH PLAIN {base64 \"\\0{user}\\0{password}\"}\nS: 500\n"),
          case_of("rfc1/f", "start: ehlo\nroles: [relay]",
                  "together:\n  C: {base64 \"{password}\"}\n  C: {password}\n  C: VRFY {xtext \"{password}\"}\nS: 500\nS: 500\nS: 500")};
}

struct Result {
  Run run;
  std::vector<TestResult> stream;
};

Result play(Hostile& hostile, const std::string& password) {
  script::Suite suite;
  suite.cases = cases();
  Profile profile = relay_profile();
  profile.endpoints[Role::submission] = {"memory", 2};
  profile.restartable = true;
  EXPECT_TRUE(set_account(profile, "alice", password));
  Options options;
  options.retry_delay = {};
  Attendant attendant;
  attendant.log_size = [] { return 0; };
  attendant.log_since = [&](std::uint64_t) { return hostile.log; };
  attendant.death = [&] { return hostile.death; };
  attendant.restart = [&](const std::function<void(std::string)>& done) { done(hostile.restart); };
  if (!hostile.death.empty()) hostile.target.takes = 3;
  session::MemoryTransport transport([&](Role) { return hostile.target.accept(); }, [&] { return hostile.restart; },
                                     {13, "cipher " + hostile.tls_trust, {hostile.tls_trust}, hostile.tls_trust});
  Result out;
  Runner runner(suite, profile, options, transport, {.deadlines = {}, .digests = {}, .credentials = {}, .nonce = "n"},
                {.on_result = [&](std::size_t, std::size_t, const TestResult& result) { out.stream.push_back(result); }, .behind = {}},
                attendant);
  out.run = runner.run();
  return out;
}

void strings_of(const boost::json::value& value, std::string& out) {
  if (value.is_string()) out += std::string(value.as_string()) + "\n";
  if (value.is_array())
    for (const auto& item : value.as_array()) strings_of(item, out);
  if (value.is_object())
    for (const auto& [key, item] : value.as_object()) strings_of(item, out);
}
std::string strings_of(const std::string& json) {
  std::string out;
  strings_of(boost::json::parse(json), out);
  return out;
}
std::string without_entities(std::string xml) {
  for (const auto& [entity, octet] :
       std::vector<std::pair<std::string, std::string>>{{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = xml.find(entity, at)) != std::string::npos; ++at) xml.replace(at, entity.size(), octet);
  return xml;
}

// All that a run gives, as its reader has it: reports, the stream, what `doctor` prints, and what it keeps beside.
std::string all_of(const Result& result) {
  const report::TerminalOptions options{
      .verbosity = 2, .by_letter = true, .level = script::Level::may, .variables = {}, .command = {}, .flags = {}};
  std::string out = report::terminal_summary(result.run, options) + strings_of(report::json(result.run, {}, {})) +
                    without_entities(report::junit(result.run, {}, {}));
  for (const TestResult& test : result.run.tests)
    for (const int verbosity : {0, 2}) {
      auto with = options;
      with.verbosity = verbosity;
      out += report::terminal_test(test, {}, with);
    }
  for (const TestResult& test : result.run.tests) {
    out += test.transcript.greeting + "\n";
    for (const auto& entry : test.transcript.entries) out += entry.command + " " + entry.said() + "\n";
  }
  for (const TestResult& test : result.stream) out += strings_of(report::json_line(test));
  for (const auto& [role, offer] : result.run.offers) {
    out += smtp::spell(offer.greeting) + "\n" + offer.trouble + "\n" + offer.tls.cipher + "\n" + offer.tls.trust + "\n";
    for (const std::string& name : offer.tls.names) out += name + "\n";
    for (const auto* offered : {&offer.clear, &offer.ready})
      for (const auto& one : offered->list) out += smtp::spell(one.keyword) + " " + smtp::spell(one.params) + "\n";
  }
  return out;
}

const std::vector<std::string> passwords = {"kr4ut Zq9&v", "m\xc3\xa4x\\Qw7\"<j%41", "W1x9"};

// Each spelling at some places, and at each place some of every kind.
TEST(Passwords, StayInsideWhateverTheServerSays) {
  std::size_t turn = 0;
  for (const std::string& password : passwords)
    for (const Spelling& spelling : spellings("alice", password)) {
      ++turn;
      for (const auto& [name, place] : places())
        for (const std::string end : {"", "\r\n250-"}) {
          if (turn++ % 17 != 0 || (!end.empty() && place.one_line)) continue;
          const Spelling said = end.empty() ? spelling : broken(spelling, spelling.text.size() / 2, end);
          SCOPED_TRACE(name + ": " + said.name + " of " + password);
          Hostile hostile;
          hostile.target.hello = "250-mx.example.test\r\n250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN\r\n";
          hostile.target.answer = to("VRFY", "500 no\r\n");
          place.say(hostile, said.text);
          const std::string text = all_of(play(hostile, password));
          for (const Spelling& one : {said, spellings("alice", password).front()}) ASSERT_EQ(told(text, one), "") << text;
        }
    }
}

// Whatever limit cuts a text, the secret is masked before.
TEST(Passwords, StayInsideLongLines) {
  std::size_t turn = 0;
  for (const std::string& password : passwords) {
    const auto all = spellings("alice", password);
    for (const std::size_t limit : {60u, 117u, 120u, 200u, 256u, 1000u, 4096u, 8192u, 16384u, 65536u})
      for (std::size_t back = 0; back < 30; back += 10) {
        const Spelling& spelling = all[++turn % all.size()];
        SCOPED_TRACE(std::to_string(limit) + " - " + std::to_string(back) + ": " + spelling.name + " of " + password);
        const std::string line = std::string(limit - back, 'z') + " " + spelling.text;
        Hostile hostile;
        hostile.target.hello = "250-mx.example.test\r\n250-SIZE " + line + "\r\n250 AUTH PLAIN " + line + "\r\n";
        hostile.target.answer = to("VRFY", "500-" + line + "\r\n500 " + line + "\r\n");
        hostile.log = line + "\n";
        const std::string text = all_of(play(hostile, password));
        ASSERT_EQ(told(text, spelling), "") << text.substr(0, 100000);
      }
  }
}

// What a condition asks for is what the server offers, though the report shows it masked.
TEST(Passwords, ThatAreKeywordsHideNoOffer) {
  Bench bench({case_of("a", "start: greeted\nrequires: [PIPELINING]"), case_of("b", "start: greeted", "C: VRFY a\nS: 251")});
  ASSERT_TRUE(set_account(bench.profile, "alice", "pipelining"));
  bench.options.quiet_rules = false;
  const auto run = bench.run();
  EXPECT_EQ(result_of(run, "a").verdict, Verdict::pass);
  EXPECT_EQ(result_of(run, "rules/ehlo-lines").verdict, Verdict::pass);
  EXPECT_FALSE(run.offers.at(Role::relay).ready.has("PIPELINING"));
  EXPECT_TRUE(run.offers.at(Role::relay).ready.has("***"));
  EXPECT_TRUE(run.offers.at(Role::relay).ready.has("SIZE"));
  EXPECT_EQ(result_of(run, "b").findings.at(0).came, "250 fine");
}

TEST(Passwords, LeaveMarksAndCodesInPlace) {
  Bench bench({case_of("a", "start: greeted", "C: VRFY {password}\nS: 251")});
  ASSERT_TRUE(set_account(bench.profile, "alice", "kr4ut Zq9&v"));
  bench.target.answer = [](const std::string& line, int) {
    return "250-2.0.0 you said " + line + "\r\n250-2.0.0 kr4ut\r\n250 2.0.0  Zq9&v it was\r\n";
  };
  const TestResult test = result_of(bench.run(), "a");
  EXPECT_EQ(test.summary, "VRFY: expected 251, but came 250-2.0.0 you said VRFY *** (and 2 more lines)");
  EXPECT_EQ(test.transcript.entries.at(static_cast<std::size_t>(test.marked)).shown(),
            R"(250-2.0.0 you said VRFY ***\r\n250-2.0.0 ***\r\n250 2.0.0 *** it was\r\n)");
}

}  // namespace
}  // namespace smtpspec::run
