#include "fuzz/inprocess/inprocess.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/inprocess/example/toy_server.hpp"
#include "fuzz/inprocess/requirements.hpp"
#include "fuzz/scenario/text.hpp"
#include "fuzz/targets/reference_under_test.hpp"
#include "smtpspec/script/case.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::fuzz {
namespace {

using smtp::Action;
using smtp::Event;

// What is found in so many runs, as an engine makes them that keeps a corpus and knows nothing of coverage.
std::string found_within(InProcess& server, unsigned runs) {
  std::vector<std::string> corpus = {""};
  for (unsigned run = 0; run < runs; ++run) {
    const std::string& from = corpus[run % corpus.size()];
    std::string input = run % 5 == 4 ? server.cross_over(from, corpus.back(), 4096, run) : server.mutate(from, 4096, run);
    if (std::string wrong = server.play(input); !wrong.empty()) return wrong;
    if (corpus.size() < 50) corpus.push_back(std::move(input));
  }
  return "";
}

std::string file(const std::string& path) {
  std::ifstream in(source_directory() + "/" + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(InProcess, TheReferenceServerShowsNothing) {
  InProcess server(*reference_under_test(""));
  EXPECT_EQ(found_within(server, 400), "");
}

TEST(InProcess, TheToyServerShowsNothing) {
  InProcess server(server_under_test());
  EXPECT_EQ(found_within(server, 400), "");
}

// A change of the toy server's octets, in front of it or behind it.
ServerUnderTest toy_server_that(std::function<void(std::string& octets, std::string& reply)> does) {
  ServerUnderTest out = server_under_test();
  out.accept = [does = std::move(does)](smtp::Role) {
    return machine([does, session = std::make_shared<toy::Session>()](std::string_view octets, std::string& reply) {
      std::string said(octets);
      if (said.empty()) reply = session->greeting();
      else if (does(said, reply); reply.empty()) reply = session->take(said);
      return session->over() ? Then::close : Then::stay;
    });
  };
  return out;
}

TEST(InProcess, AToyServerThatForgetsToForgetIsFound) {
  InProcess server(toy_server_that([](std::string& octets, std::string& reply) {
    if (octets == "RSET\r\n") reply = "250 2.0.0 Ok\r\n";
  }));
  const std::string wrong = found_within(server, 2000);
  EXPECT_NE(wrong.find("smtpspec: fuzz/reply-is-lawful"), std::string::npos) << wrong;
}

TEST(InProcess, FaultsOfTheReferenceServerAreFoundFromNothing) {
  for (const char* const fault : {"model/rcpt/RSET/next-same", "content/lf-dot-lf"}) {
    InProcess server(*reference_under_test(fault));
    EXPECT_NE(found_within(server, 2000), "") << fault;
  }
}

// The parts of a report, by the lines that begin them.
std::string part_of(const std::string& report, const std::string& heading) {
  const std::size_t at = report.find(heading), begin = report.find('\n', at) + 1;
  return at == std::string::npos ? "" : report.substr(begin, report.find("\n---", begin) - begin);
}

TEST(InProcess, WhatIsFoundIsACaseAndAnInput) {
  const auto doubles_noop = [](std::string& octets, std::string& reply) {
    if (octets == "NOOP\r\n") reply = "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n";
  };
  InProcess server(toy_server_that(doubles_noop));
  const std::string wrong = found_within(server, 2000);
  EXPECT_TRUE(wrong.starts_with("smtpspec: rules/reply-asked-for\n")) << wrong;
  EXPECT_NE(wrong.find("     C: NOOP\n"), std::string::npos) << "the dialogue\n" << wrong;
  const auto test = script::parse_case(part_of(wrong, "--- reply-asked-for"), "fuzz/found", "found.yaml");
  ASSERT_TRUE(test) << test.error().message << "\n" << wrong;
  EXPECT_FALSE(test->covers.empty());
  const std::string input = part_of(wrong, "--- the same as an input");
  const auto scenario = from_text(input, "found");
  ASSERT_TRUE(scenario) << scenario.error().message << "\n" << input;
  EXPECT_LE(scenario->acts.size(), 3u) << input;
  EXPECT_TRUE(server.play(input).starts_with("smtpspec: rules/reply-asked-for\n")) << "it is found again";
  // Once it is waived it is none.
  ServerUnderTest other = toy_server_that(doubles_noop);
  other.waived = {"rules/reply-asked-for"};
  EXPECT_EQ(InProcess(std::move(other)).play(input), "");
}

TEST(InProcess, WhatDoesNotComeAgainIsNothing) {
  int noops = 0;
  InProcess server(toy_server_that([&noops](std::string& octets, std::string& reply) {
    if (octets == "NOOP\r\n" && ++noops == 1) reply = "250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n";
  }));
  EXPECT_EQ(found_within(server, 300), "");
  EXPECT_GT(noops, 1);
}

TEST(InProcess, WhatIsNoFailIsNothing) {
  // A second MAIL that is accepted is a deviation: many servers do it.
  InProcess server(*reference_under_test("model/mail/MAIL/code-250"));
  EXPECT_EQ(found_within(server, 300), "");
}

TEST(InProcess, EveryInputIsAScenarioAndEveryMutantHasRoom) {
  InProcess server(server_under_test());
  for (unsigned seed = 0; seed < 300; ++seed) {
    const std::string garbage = std::string("\0\xff", 2) + std::to_string(seed);
    EXPECT_TRUE(from_text(server.mutate(garbage, 65536, seed), "mutant"));
    const std::string one = server.mutate("", 65536, seed), other = server.mutate(one, 65536, seed);
    EXPECT_EQ(server.mutate(one, 65536, seed), other) << "the same seed, the same mutant";
    EXPECT_TRUE(from_text(server.cross_over(one, other, 65536, seed), "child"));
    for (const std::size_t most : {1u, 7u, 200u, 4000u}) {
      for (const std::string& text : {server.mutate(one, most, seed), server.cross_over(one, other, most, seed)}) {
        EXPECT_LE(text.size(), most);
        EXPECT_FALSE(text.empty());
        if (most < 4000) continue;
        EXPECT_TRUE(from_text(text, "small")) << text;
      }
    }
    EXPECT_EQ(server.play(garbage), "");
  }
}

TEST(InProcess, WhatTheServerCannotPlayIsLeftOut) {
  std::size_t connections = 0;
  ServerUnderTest under_test = server_under_test();
  under_test.accept = [&connections, accept = under_test.accept](smtp::Role role) { return ++connections, accept(role); };
  InProcess server(std::move(under_test));
  const Act hello{.tree = Grammar::instance().plain("hello", {})}, restart{.kind = Act::Kind::restart, .tree = {}};
  connections = 0;
  EXPECT_EQ(server.play(to_text({smtp::Role::submission, {hello}})), "");
  EXPECT_EQ(server.play(to_text({smtp::Role::relay, {restart}})), "");
  EXPECT_EQ(connections, 0u);
  EXPECT_EQ(server.play(to_text({smtp::Role::relay, {restart, hello}})), "");
  EXPECT_EQ(connections, 1u);
}

TEST(InProcess, AServerThatCannotBeTestedIsSaidSo) {
  const auto exits = testing::ExitedWithCode(2);
  EXPECT_EXIT(InProcess({}), exits, "has `accept` and a role");
  ServerUnderTest under_test = server_under_test();
  under_test.facts["mailbox"] = "x";
  EXPECT_EXIT(InProcess{under_test}, exits, "no fact 'mailbox'");
  under_test = server_under_test();
  under_test.facts["recipient"] = "two words@toy.example";
  EXPECT_EXIT(InProcess{under_test}, exits, "recipient: 'two words@toy.example' is no mailbox");
  under_test = toy_server_that([](std::string&, std::string& reply) { reply = "554 5.7.1 No\r\n"; });
  EXPECT_EXIT(InProcess{under_test}, exits, "\\(relay\\) does not accept an EHLO:");
  under_test.accept = [](smtp::Role) { return nullptr; };
  EXPECT_EXIT(InProcess{under_test}, exits, "does not accept an EHLO");
}

TEST(FunctionMachine, DoesWhatTheFunctionSays) {
  std::vector<std::string> heard;
  Then then = Then::stay;
  const auto one = machine([&](std::string_view octets, std::string& reply) {
    heard.emplace_back(octets);
    if (octets != "quiet") reply = "r";
    return then;
  });
  smtp::Actions actions;
  const auto on = [&](Event event) {
    actions.clear();
    event.connection = 3;
    one->on(event, actions);
    std::string out;
    for (const Action& action : actions) {
      EXPECT_EQ(action.connection, 3);
      out += action.kind == Action::Kind::send ? "send " + action.octets : action.kind == Action::Kind::close ? "close" : "tls";
      out += ";";
    }
    return out;
  };
  EXPECT_EQ(on({.kind = Event::Kind::opened}), "send r;");
  EXPECT_EQ(on({.octets = "quiet"}), "");
  then = Then::start_tls;
  EXPECT_EQ(on({.octets = "STARTTLS"}), "send r;tls;");
  then = Then::close;
  EXPECT_EQ(on({.kind = Event::Kind::tls_up}), "");
  EXPECT_EQ(on({.octets = "QUIT"}), "send r;close;");
  EXPECT_EQ(on({.octets = "more"}), "") << "nothing is said behind the end";
  EXPECT_EQ(on({.kind = Event::Kind::ended}), "");
  EXPECT_EQ(heard, (std::vector<std::string>{"", "quiet", "STARTTLS", "QUIT"}));
}

TEST(FunctionMachine, TlsComesFirst) {
  const auto one =
      machine([](std::string_view octets, std::string& reply) { return reply = octets.empty() ? "hi" : "you", Then::stay; }, true);
  smtp::Actions actions;
  one->on({.kind = Event::Kind::opened}, actions);
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(actions[0].kind, Action::Kind::start_tls);
  one->on({.kind = Event::Kind::tls_up}, actions);
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_EQ(actions[1].octets, "hi");
}

TEST(FunctionMachine, LetsGoOfItsSessionWhenTheClientLeaves) {
  const auto session = std::make_shared<int>();
  const auto one = machine([session](std::string_view, std::string&) { return Then::stay; });
  smtp::Actions actions;
  one->on({.kind = Event::Kind::opened}, actions);
  EXPECT_EQ(session.use_count(), 2);
  one->on({.kind = Event::Kind::ended}, actions);
  EXPECT_EQ(session.use_count(), 1);
  EXPECT_EQ(actions.size(), 1u) << "it closes, too";
}

TEST(InProcess, TheRegistryIsPartOfTheProgram) {
  std::map<std::string, std::string> embedded, there;
  for (const RequirementFile& one : requirement_files()) embedded.emplace(one.name, one.text);
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() + "/cases/requirements"))
    if (entry.path().extension() == ".yaml")
      there[entry.path().filename()] = file("cases/requirements/" + entry.path().filename().string());
  EXPECT_EQ(embedded, there);
  EXPECT_GT(there.size(), 20u);
}

TEST(InProcess, WhatThePageShowsIsTheExample) {
  const std::string page = file("fuzz/README.md"), example = file("fuzz/inprocess/example/toy_fuzz.cpp");
  const std::size_t begin = example.find("#include");
  ASSERT_NE(begin, std::string::npos);
  EXPECT_NE(page.find("```cpp\n" + example.substr(begin) + "```\n"), std::string::npos);
}

}  // namespace
}  // namespace smtpspec::fuzz
