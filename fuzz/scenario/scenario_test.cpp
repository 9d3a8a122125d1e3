// Scenarios and the cases that they become.
#include "fuzz/scenario/scenario.hpp"

#include <gtest/gtest.h>

#include <set>

#include "fuzz/scenario/render.hpp"
#include "fuzz/scenario/text.hpp"
#include "smtpspec/script/plan.hpp"

namespace smtpspec::fuzz {
namespace {

using namespace std::chrono_literals;
using smtp::Role;

const script::Facts& facts_of_scenarios() {
  static const script::Facts known{{{"client", "c.example"},
                                    {"sender", "s@c.example"},
                                    {"recipient", "alice@s.example"},
                                    {"second-recipient", "carol@s.example"},
                                    {"unknown-recipient", "nobody@s.example"},
                                    {"denied-recipient", "bob@elsewhere.example"},
                                    {"domain", "s.example"},
                                    {"user", "alice"},
                                    {"password", "secret"},
                                    {"canary", "tmp/c"},
                                    {"token", "t"}}};
  return known;
}
const Ground ground{&facts_of_scenarios(), nullptr};

std::string dialogue_of(const Scenario& scenario) { return script::print_dialogue(render(scenario).test.dialogue); }

TEST(Scenario, EveryKindOfActIsMadeAndCanBePlayed) {
  std::set<Act::Kind> kinds;
  bool many = false, inside = false;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    Random random(4, i);
    Scenario scenario = generate(Role::relay, ground, random, {.patient = true, .restart = true});
    if (i % 2 == 0) mutate(scenario, ground, random);
    for (const Act& act : scenario.acts) {
      kinds.insert(act.kind);
      inside = inside || (act.kind == Act::Kind::data && (act.restarts || act.time > 0s));
    }
    many = many || scenario.acts.size() > 90;
    const Rendered rendered = render(scenario);
    const auto plan =
        script::make_plan(rendered.test, rendered.test.dialogue, rendered.test.rows.front(), Role::relay, facts_of_scenarios());
    ASSERT_TRUE(plan) << plan.error().message << "\n" << dialogue_of(scenario);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(Act::Kind::hang_up) + 1);
  EXPECT_TRUE(many);
  EXPECT_TRUE(inside);
}

TEST(Scenario, OnlyThePatientWaitAndOnlyOwnersRestart) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Random random(5, i);
    for (const Act& act : generate(Role::relay, ground, random, {}).acts) {
      EXPECT_EQ(act.time, 0s);
      EXPECT_FALSE(act.restarts || act.kind == Act::Kind::silence || act.kind == Act::Kind::restart);
    }
  }
}

TEST(Scenario, ContentAndWhatIsGluedToItGoOutTogether) {
  const Grammar& grammar = Grammar::instance();
  Act data{.kind = Act::Kind::data, .tree = grammar.plain("data", ground), .more = {grammar.plain("content", ground)}, .glued = true};
  EXPECT_EQ(
      dialogue_of({Role::relay, {data, {.tree = grammar.plain("simple", ground)}}}),
      "times 1:\n  C: DATA\n  S: 354, else any ends the block\n  together:\n    content, unstuffed:\n    C: NOOP\n  S: any\n  S: any\n");
}

TEST(Scenario, ACutStandsInTheContent) {
  const Grammar& grammar = Grammar::instance();
  Act data{.kind = Act::Kind::data, .tree = grammar.plain("data", ground), .more = {grammar.plain("content", ground)}};
  Random random(1);
  while (grammar.text(data.more.front()) != *script::parse_template("a\\r\\n"))
    data.more.front() = grammar.generate("content", ground, random);
  data.cuts = {2};
  EXPECT_NE(dialogue_of({Role::relay, {data}}).find("a\\r{cut}\\n"), std::string::npos) << dialogue_of({Role::relay, {data}});
}

TEST(ScenarioText, GivesTheScenarioBack) {
  for (std::uint64_t i = 0; i < 2000; ++i) {
    Random random(6, i);
    Scenario scenario = generate(i % 3 == 0 ? Role::submission : Role::relay, ground, random, {.patient = true, .restart = true});
    for (std::uint64_t changes = i % 4; changes > 0; --changes) mutate(scenario, ground, random);
    const std::string text = to_text(scenario);
    const auto again = from_text(text, "a");
    ASSERT_TRUE(again) << to_string(again.error()) << "\n" << text;
    ASSERT_EQ(*again, scenario) << text;
  }
}

TEST(ScenarioText, WhatIsDamagedIsNamedWithItsPlace) {
  const std::string good = "scenario 1 relay\ncommand glued\n  simple \"NOOP{end}\"\n    end \"\"\nchunk last\n  chunk \"\\r\\n.\\r\\n\"\n";
  const auto error_of = [](const std::string& text) {
    const auto read = from_text(text, "f");
    return read ? "" : to_string(read.error());
  };
  const auto with = [&good](const std::string& what, const std::string& instead) {
    std::string out = good;
    return out.replace(out.find(what), what.size(), instead);
  };
  EXPECT_EQ(error_of(with("\\r\\n.", "no such text")).substr(0, 35), "f:6: the grammar has no production ");
  EXPECT_EQ(error_of(with("relay", "reley")), "f:1: 'reley' is no role");
  EXPECT_EQ(error_of(with("scenario 1", "scenario 2")), "f:1: no scenario: it begins with 'scenario 1' and a role");
  EXPECT_EQ(error_of(""), "f:1: no scenario: it begins with 'scenario 1' and a role");
  EXPECT_EQ(error_of("scenario 1 relay\n"), "f:2: it has no acts");
  EXPECT_EQ(error_of(with("glued", "blued")), "f:2: 'blued' says nothing of an act");
  EXPECT_EQ(error_of(with("command glued", "command cuts=1,x")), "f:2: 'x' is no place to cut");
  EXPECT_EQ(error_of(with("command", "comand")), "f:2: 'comand' is no act");
  EXPECT_EQ(error_of(with("    end \"\"\n", "")), "f:4: expected a node 4 blanks deep");
  EXPECT_EQ(error_of(with("    end \"\"", "    simple \"NOOP\"")).substr(0, 4), "f:4:");
  EXPECT_EQ(error_of(with("chunk last", "data")).substr(0, 4), "f:7:");
  // Cut off anywhere it is an error, or an act shorter: never something else.
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto read = from_text(good.substr(0, size), "f");
    if (read) {
      EXPECT_EQ(to_text(*read), good.substr(0, size));
    }
  }
}

}  // namespace
}  // namespace smtpspec::fuzz
