// Scenarios and the cases that they become.
#include "fuzz/scenario/scenario.hpp"

#include <gtest/gtest.h>

#include <set>

#include "fuzz/scenario/render.hpp"
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

}  // namespace
}  // namespace smtpspec::fuzz
