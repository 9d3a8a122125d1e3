// The whole suite against the conforming reference server, in one process, without sockets, in virtual time.
#include <gtest/gtest.h>

#include <ctime>
#include <set>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/observe/reference.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/selftest/reference.hpp"
#include "test/source_directory.hpp"

namespace smtpspec {
namespace {

run::Run run_all(serve::Seams seams) {
  static const auto suite = script::load_suite(source_directory() + "/cases");
  EXPECT_TRUE(suite) << (suite ? "" : to_string(suite.error()));
  for (const Error& error : suite->errors) ADD_FAILURE() << to_string(error);
  observe::ReferenceMail mail(crypto::digests());
  serve::Server server({}, mail.store(), crypto::digests(), [&seams] { return seams; });
  mail.serve(server.config());
  const auto restart = [&server] {
    server.restart();
    return std::string();
  };
  session::MemoryTransport transport([&](smtp::Role role) { return server.accept(role); }, restart);
  run::Options options;
  options.selection.slow = true;
  run::Profile profile = selftest::reference_profile(server.config());
  complete_facts(profile, "t1");
  run::Runner runner(*suite, std::move(profile), options, transport,
                     {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = "n"}, {},
                     {.observers = mail.observers(), .clock = [] { return static_cast<std::int64_t>(std::time(nullptr)); }});
  return runner.run();
}

TEST(SuiteInMemory, ConformingServerShowsNoFinding) {
  const run::Run run = run_all(serve::Seams::lawful());
  EXPECT_GT(run.tests.size(), 100u);
  std::set<std::string> unseen;  // rules, on every role
  for (const judge::Rule& rule : judge::rules()) unseen.emplace(rule.name);
  for (const auto& test : run.tests) {
    using judge::Verdict;
    if (test.checked > 0) unseen.erase(test.id);
    const bool good = test.verdict == Verdict::pass || test.verdict == Verdict::observed ||
                      (test.verdict == Verdict::skip && test.summary.find("IPv6") != std::string::npos);
    EXPECT_TRUE(good) << to_string(test.verdict) << " " << test.id << " " << to_string(test.role) << ": " << test.summary;
  }
  EXPECT_TRUE(unseen.empty()) << *unseen.begin();
}

// A server whose replies end in bare LF is found out by the always-on rule, once.
TEST(SuiteInMemory, BareLfIsOneFinding) {
  auto seams = serve::Seams::lawful();
  seams.printer = [](const smtp::Context&, const serve::Saying& saying) {
    std::string out = print_saying(saying);
    for (std::size_t at; (at = out.find("\r\n")) != std::string::npos;) out.erase(at, 1);
    return out;
  };
  const run::Run run = run_all(seams);
  std::size_t failed = 0;
  for (const auto& test : run.tests)
    if (test.verdict == judge::Verdict::fail) {
      ++failed;
      EXPECT_EQ(test.id, "rules/reply-ends-in-crlf");
    }
  EXPECT_EQ(failed, 3u) << "one for each role";
}

// A server that takes no second hello is accused of that, by the cases about it, and of nothing else.
TEST(SuiteInMemory, ASecondHelloRefusedAccusesItsOwnCasesOnly) {
  auto seams = serve::Seams::lawful();
  seams.model = [](const smtp::Context& context, smtp::Input input, smtp::Row lawful) {
    const bool hello = input == smtp::Input::ehlo || input == smtp::Input::helo;
    if (hello && context.state != smtp::State::greeted) {
      lawful.reply = {503, "5.5.1", "Duplicate hello"};
      lawful.next = smtp::Next::stay;
    }
    return lawful;
  };
  std::set<std::string> accusing;
  for (const auto& test : run_all(seams).tests)
    if (test.verdict >= judge::Verdict::deviation) accusing.insert(test.id);
  EXPECT_EQ(accusing, (std::set<std::string>{"rfc5321/order/ehlo-in-transaction", "rfc5321/session/ehlo-after-helo",
                                             "rfc5321/session/ehlo-again", "rules/reply-in-the-table"}));
}

// Same plans, same server: same run.
TEST(SuiteInMemory, IsDeterministic) {
  const run::Run one = run_all(serve::Seams::lawful());
  const run::Run two = run_all(serve::Seams::lawful());
  ASSERT_EQ(one.tests.size(), two.tests.size());
  for (std::size_t i = 0; i < one.tests.size(); ++i) {
    EXPECT_EQ(one.tests[i].id, two.tests[i].id);
    EXPECT_EQ(one.tests[i].verdict, two.tests[i].verdict);
    EXPECT_EQ(one.tests[i].transcript.entries.size(), two.tests[i].transcript.entries.size());
  }
}

}  // namespace
}  // namespace smtpspec
