#include "fuzz/grammar/grammar.hpp"

#include <gtest/gtest.h>

#include <set>

#include "smtpspec/smtp/command.hpp"

namespace smtpspec::fuzz {
namespace {

using smtp::Input;

const Grammar& grammar() { return Grammar::instance(); }

script::Facts facts() {
  return {{{"client", "c.example"},
           {"sender", "s@c.example"},
           {"recipient", "alice@s.example"},
           {"second-recipient", "carol@s.example"},
           {"unknown-recipient", "nobody@s.example"},
           {"denied-recipient", "bob@elsewhere.example"},
           {"domain", "s.example"},
           {"user", "alice"},
           {"password", "secret"},
           {"canary", "tmp/c"},
           {"token", "t"},
           {std::string(script::limit_name), "1000000"}}};
}

std::string octets(const Node& tree) {
  std::string out;
  const auto segments = script::expand(grammar().text(tree), facts(), "\r\n");
  EXPECT_TRUE(segments) << segments.error().message;
  for (const auto& segment : *segments) out += segment.octets;
  return out;
}

void visit(const Node& node, const std::function<void(const Node&)>& use) {
  use(node);
  for (const Node& child : node.children) visit(child, use);
}

TEST(Grammar, ProductionsAreTemplatesOfSymbolsAndFacts) {
  std::set<std::string_view> symbols;
  for (const Production& production : productions()) symbols.insert(production.symbol);
  const auto known = facts();
  std::set<std::pair<std::string_view, std::string_view>> names;  // as an entry of a corpus has them
  for (const Production& production : productions()) {
    EXPECT_TRUE(names.emplace(production.symbol, production.makes).second) << production.makes;
    const auto text = script::parse_template(production.makes);
    ASSERT_TRUE(text) << production.makes << ": " << text.error().message;
    EXPECT_TRUE(production.validity == Validity::valid || !production.law.empty() || production.symbol == "broken-xtext")
        << production.makes;
    text->names([&](std::string_view name) { EXPECT_TRUE(symbols.count(name) || known.has(name)) << name << " in " << production.makes; });
  }
}

TEST(Grammar, GeneratesEveryLawfulProductionAndMutatesIntoTheOthers) {
  const auto known = facts();
  const Ground ground{&known, nullptr};
  std::set<std::uint16_t> seen;
  Random random(1);
  for (int i = 0; i < 400000 && seen.size() < productions().size(); ++i) {
    constexpr std::string_view roots[] = {"command", "response", "content", "chunk", "bdat", "sized-bdat"};
    Node tree = i % 5 == 0 ? grammar().command("command", ground, random)
                           : grammar().generate(roots[static_cast<std::size_t>(i) % std::size(roots)], ground, random);
    if (random.percent(50)) grammar().mutate(tree, ground, random);
    visit(tree, [&](const Node& node) { seen.insert(node.production); });
  }
  for (std::size_t i = 0; i < productions().size(); ++i)
    EXPECT_TRUE(seen.count(static_cast<std::uint16_t>(i)) || !can_be_said(productions()[i])) << productions()[i].makes;
}

TEST(Grammar, TheSameSeedMakesTheSameTree) {
  Random one(5, 77), other(5, 77);
  EXPECT_EQ(grammar().generate("command", {}, one), grammar().generate("command", {}, other));
}

// The grammar and the parser of commands were written apart: they have to agree on what is right.
TEST(Grammar, ALawfulCommandIsOneToTheParser) {
  const auto known = facts();
  const Ground ground{&known, nullptr};
  Random random(2);
  for (int i = 0; i < 20000; ++i) {
    const Node tree = grammar().command(i % 4 == 0 ? "bdat" : "command", ground, random);
    const std::string_view symbol = grammar().symbol_of(tree);
    if (symbol == "odd") continue;
    std::string line = octets(tree);
    line.resize(line.size() - 2);
    const smtp::Command command = smtp::parse_command(line, {.utf8 = line.ends_with(" SMTPUTF8")});
    EXPECT_TRUE(command) << line << ": " << to_string(command.fault);
    const Meaning meaning = grammar().meaning(tree, {});
    ASSERT_FALSE(meaning.inputs.empty()) << line;
    EXPECT_LE(meaning.validity, Validity::unusual) << line;
    EXPECT_EQ(smtp::verb_of(meaning.inputs.front()), to_string(command.verb)) << line;
  }
}

TEST(Grammar, WhatIsNotLawfulIsNoneToTheParser) {
  const auto known = facts();
  const Ground ground{&known, nullptr};
  Random random(3);
  int looked_at = 0;
  for (int i = 0; i < 20000; ++i) {
    Node tree = grammar().command("command", ground, random);
    const std::string_view symbol = grammar().symbol_of(tree);
    if (!grammar().mutate(tree, ground, random) || symbol == "odd" || grammar().meaning(tree, {}).validity < Validity::invalid) continue;
    std::string line = octets(tree);
    line.resize(line.size() - 2);
    const smtp::Command command = smtp::parse_command(line);
    const auto mail = smtp::mail_params(command, line);
    const auto rcpt = smtp::rcpt_params(command, line);
    const bool odd_parameter = mail.unknown >= 0 || mail.bad >= 0 || rcpt.unknown >= 0 || rcpt.bad >= 0;
    EXPECT_TRUE(!command || odd_parameter || symbol == "auth") << line;
    ++looked_at;
  }
  EXPECT_GT(looked_at, 300);
}

TEST(Grammar, AnUnknownParameterMayOnlyBeRefused) {
  const auto known = facts();
  Random random(4);
  for (int i = 0; i < 100000; ++i) {
    Node tree = grammar().command("mail", {&known, nullptr}, random);
    grammar().mutate(tree, {&known, nullptr}, random);
    if (octets(tree) != "MAIL FROM:<s@c.example> X-NONE=1\r\n") continue;
    const Meaning meaning = grammar().meaning(tree, {});
    EXPECT_EQ(meaning.validity, Validity::forbidden);
    EXPECT_EQ(meaning.accepted, Input::mail);
    EXPECT_EQ(std::count(meaning.inputs.begin(), meaning.inputs.end(), Input::mail), 0);
    EXPECT_EQ(std::count(meaning.inputs.begin(), meaning.inputs.end(), Input::mail_unknown_parameter), 1);
    return;
  }
  FAIL() << "no such command came";
}

TEST(Grammar, SimplerTreesEndInOneThatIsNot) {
  const auto known = facts();
  const Ground ground{&known, nullptr};
  Random random(6);
  for (int i = 0; i < 500; ++i) {
    Node tree = grammar().command("mail", ground, random);
    grammar().mutate(tree, ground, random);
    int steps = 0;
    for (auto simpler = grammar().simpler(tree, ground); !simpler.empty(); simpler = grammar().simpler(tree, ground)) {
      tree = simpler.back();
      ASSERT_LT(++steps, 200);
    }
  }
}

}  // namespace
}  // namespace smtpspec::fuzz
