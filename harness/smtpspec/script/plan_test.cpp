#include "smtpspec/script/plan.hpp"

#include <gtest/gtest.h>

#include "smtpspec/smtp/content.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

using smtp::Role;

const Facts facts{{{"client", "client.test"},
                   {"sender", "s@client.test"},
                   {"recipient", "alice@example.test"},
                   {"token", "t1"},
                   {"user", "alice"},
                   {"password", "secret"}}};

Case test_with(std::string_view dialogue, std::string_view header = "") {
  std::string text = "title: A\ncovers: [RFC5321-1-1]\n" + std::string(header) + "dialogue: |\n";
  for (std::string_view rest = dialogue; !rest.empty(); rest = rest.substr(rest.find('\n') + 1))
    text += "  " + std::string(rest.substr(0, rest.find('\n') + 1));
  auto parsed = parse_case(text, "a/b", "a/b.yaml");
  EXPECT_TRUE(parsed) << (parsed ? "" : to_string(parsed.error()));
  return parsed ? std::move(*parsed) : Case{};
}

std::vector<Move> moves(std::string_view dialogue, std::string_view header = "start: connected\n", Role role = Role::relay) {
  const Case test = test_with(dialogue, header);
  auto plan = make_plan(test, test.dialogue, test.rows.front(), role, facts);
  EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error()));
  return plan ? std::move(plan->moves) : std::vector<Move>{};
}

std::vector<std::string> octets(const Move& move) {
  std::vector<std::string> out;
  for (const Segment& segment : move.segments) out.push_back(segment.octets);
  return out;
}
using Texts = std::vector<std::string>;

// --- preambles --------------------------------------------------------------------------------------------------------------

// The words of a preamble, without the replies: what a client does to reach a state.
std::string way(Start start, Role role, bool account) {
  std::string out;
  const auto steps = *parse_dialogue(preamble(start, role, account), "");
  for (const Step& step : steps) {
    if (step.kind == Step::Kind::expect) continue;
    const std::string text = step.kind == Step::Kind::chunk ? "BDAT"
                             : step.kind != Step::Kind::act ? print_template(step.text)
                             : step.act == Step::Act::auth  ? "AUTH"
                                                            : "TLS";
    out += (out.empty() ? "" : " ") + text.substr(0, text.find(' '));
  }
  return out;
}

TEST(Preamble, FitsTheRole) {
  struct {
    Start start;
    std::string_view relay, submission, submissions;  // with an account
  } const rows[] = {
      {Start::connected, "", "", ""},
      {Start::greeted, "", "", "TLS"},
      {Start::ehlo, "EHLO", "EHLO STARTTLS TLS EHLO AUTH", "TLS EHLO AUTH"},
      {Start::helo, "HELO", "EHLO STARTTLS TLS EHLO AUTH HELO", "TLS EHLO AUTH HELO"},
      {Start::tls, "EHLO STARTTLS TLS EHLO", "EHLO STARTTLS TLS EHLO", "TLS EHLO"},
      {Start::auth, "EHLO AUTH", "EHLO STARTTLS TLS EHLO AUTH", "TLS EHLO AUTH"},
      {Start::mail, "EHLO MAIL", "EHLO STARTTLS TLS EHLO AUTH MAIL", "TLS EHLO AUTH MAIL"},
      {Start::rcpt, "EHLO MAIL RCPT", "EHLO STARTTLS TLS EHLO AUTH MAIL RCPT", "TLS EHLO AUTH MAIL RCPT"},
      {Start::data, "EHLO MAIL RCPT DATA", "EHLO STARTTLS TLS EHLO AUTH MAIL RCPT DATA", "TLS EHLO AUTH MAIL RCPT DATA"},
      {Start::bdat, "EHLO MAIL RCPT BDAT", "EHLO STARTTLS TLS EHLO AUTH MAIL RCPT BDAT", "TLS EHLO AUTH MAIL RCPT BDAT"},
  };
  ASSERT_EQ(std::size(rows), static_cast<std::size_t>(start_count));
  for (const auto& row : rows) {
    EXPECT_EQ(way(row.start, Role::relay, true), row.relay);
    EXPECT_EQ(way(row.start, Role::submission, true), row.submission);
    EXPECT_EQ(way(row.start, Role::submissions, true), row.submissions);
  }
  EXPECT_EQ(way(Start::ehlo, Role::submission, false), "EHLO STARTTLS TLS EHLO") << "without an account there is no login";
}

TEST(Preamble, AnswersEveryCommand) {
  for (int i = 0; i < start_count; ++i)
    for (const Role role : smtp::all_roles) {
      const auto start = static_cast<Start>(i);
      int owed = start == Start::connected ? 0 : 1;
      const auto steps = *parse_dialogue(preamble(start, role, true), "");
      for (const Step& step : steps) owed += step.kind == Step::Kind::expect ? -1 : 1;
      EXPECT_EQ(owed, 0) << to_string(start) << " " << to_string(role);
    }
}

TEST(Plan, PreambleStandsInFrontAndIsMarked) {
  const auto all = moves("C: NOOP\nS: 250\n", "start: mail\n");
  ASSERT_EQ(all.size(), 7u);
  EXPECT_EQ(octets(all[1]), Texts{"EHLO client.test\r\n"});
  EXPECT_EQ(octets(all[3]), Texts{"MAIL FROM:<s@client.test>\r\n"});
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].preamble, i < 5) << i;
}

TEST(Plan, BeginsWhereItsRowDoes) {
  const Case test = test_with("C: NOOP\nS: 250\n", "start: mail\neach:\n  case: {}\n  row: {start: greeted}\n");
  const auto plan = [&](const CaseRow& row) { return *make_plan(test, test.dialogue, row, Role::relay, facts); };
  EXPECT_EQ(plan(test.rows[0]).start, Start::mail);
  EXPECT_EQ(plan(test.rows[0]).moves.size(), 7u);
  EXPECT_EQ(plan(test.rows[1]).start, Start::greeted);
  EXPECT_EQ(plan(test.rows[1]).moves.size(), 3u);
}

// RFC 3030 section 2: the chunk that was accepted is whole, and more is to come.
TEST(Plan, AnUnfinishedChunkedMessageHasItsHeader) {
  const auto all = moves("bdat last: The end.\n", "start: bdat\n");
  ASSERT_EQ(all.size(), 10u);
  const std::string chunk = octets(all[7]).front();
  const std::size_t line = chunk.find("\r\n") + 2;
  EXPECT_EQ(chunk.substr(0, line), "BDAT " + std::to_string(chunk.size() - line) + "\r\n");
  EXPECT_TRUE(chunk.substr(line).starts_with("Date: ") && chunk.ends_with("\r\n\r\n")) << chunk;
}

// --- sending ------------------------------------------------------------------------------------------------------------------

TEST(Plan, LinesRawOctetsAndChunksAreWrittenAsTheySay) {
  const auto all = moves("C: NOOP\nS: 250\nraw: NOOP\\n\nbdat: a{cut}bc\nbdat last:\n");
  EXPECT_EQ(octets(all[0]), Texts{"NOOP\r\n"});
  EXPECT_EQ(octets(all[1]), Texts{});
  EXPECT_EQ(octets(all[2]), Texts{"NOOP\n"});
  EXPECT_EQ(octets(all[3]), (Texts{"BDAT 3\r\na", "bc"}));
  EXPECT_EQ(octets(all[4]), Texts{"BDAT 0 LAST\r\n"});
  const std::pair<int, bool> asked[] = {{1, false}, {0, false}, {0, false}, {1, true}, {1, true}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].commands, asked[i].first) << i;
    EXPECT_EQ(all[i].is_data, asked[i].second) << i;
  }
}

TEST(Plan, BlocksAreWrittenOutAndKnowTheirEnd) {
  const auto all = moves("C: a\ntimes 3:\n  C: b{count}\n  check: transaction\nC: c\n");
  ASSERT_EQ(all.size(), 11u);
  EXPECT_EQ(octets(all[1]), Texts{"b1\r\n"});
  EXPECT_EQ(octets(all[4]), Texts{"b2\r\n"});
  EXPECT_EQ(octets(all[8]), Texts{"RCPT TO:<alice@example.test>\r\n"});
  EXPECT_EQ(octets(all[10]), Texts{"c\r\n"});
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].block_end, i == 0 || i == 10 ? 0u : 10u) << i;
}

TEST(Plan, AGroupRepeatsWhatItSends) {
  const auto all = moves("together:\n  times 3:\n    C: a{count}\n  C: b\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(octets(all[0]), Texts{"a1\r\na2\r\na3\r\nb\r\n"});
  EXPECT_EQ(all[0].commands, 4);
  EXPECT_EQ(all[0].step.inside.size(), 4u) << "the session asks which command each reply answers";
}

TEST(Plan, WhatTheSessionHearsIsFilledInThere) {
  const Case test =
      test_with("C: MAIL FROM:<> SIZE={size-limit + 1}\nS: 552\ntimes 2:\n  bdat last: {\"a\" x size-limit}{count}\n  S: 250\n",
                "start: connected\n");
  const Plan plan = *make_plan(test, test.dialogue, test.rows.front(), Role::relay, facts);
  ASSERT_EQ(plan.moves.size(), 6u);
  EXPECT_TRUE(plan.moves[0].late && plan.moves[2].late && plan.moves[4].late);
  EXPECT_TRUE(plan.moves[0].segments.empty());
  const Facts heard{{{"size-limit", "3"}}};
  const auto first = fill_in(plan, plan.moves[0], heard), chunk = fill_in(plan, plan.moves[4], heard);
  ASSERT_TRUE(first && chunk);
  EXPECT_EQ(octets(*first), Texts{"MAIL FROM:<> SIZE=4\r\n"});
  EXPECT_EQ(octets(*chunk), Texts{"BDAT 4 LAST\r\naaa2"});
  EXPECT_TRUE(chunk->is_data && chunk->commands == 1 && chunk->block_end == 6 && !chunk->late);
  const auto unknown = fill_in(plan, plan.moves[0], {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().place, (Place{"a/b.yaml", 5, 3}));
}

TEST(Plan, StepsAreCounted) {
  const std::string block = "times 4000:\n  C: a\n  S: 250\n  C: b\n  S: 250\n  C: c\n  S: 250\n";
  const auto plan = [](const std::string& dialogue, const std::string& header = "") {
    const Case test = test_with(dialogue, header);
    return make_plan(test, test.dialogue, test.rows.front(), Role::relay, facts);
  };
  EXPECT_TRUE(plan(block + block));
  const auto much = plan(block + block + block);
  ASSERT_FALSE(much);
  EXPECT_NE(to_string(much.error()).find("a/b.yaml:18:3: here the plan grows beyond 50000 steps"), std::string::npos)
      << to_string(much.error());
  EXPECT_FALSE(plan(block, "clones: 3\n"));
}

TEST(Plan, ContentIsStuffedAndEndedAsItSays) {
  const std::string lines = "  .\n  a\n\n  ..b\n";
  EXPECT_EQ(octets(moves("content:\n" + lines)[0]), Texts{"..\r\na\r\n\r\n...b\r\n.\r\n"});
  EXPECT_EQ(octets(moves("content, unstuffed:\n" + lines)[0]), Texts{".\r\na\r\n\r\n..b\r\n.\r\n"});
  EXPECT_EQ(octets(moves("content, unended:\n" + lines)[0]), Texts{"..\r\na\r\n\r\n...b\r\n"});
  EXPECT_EQ(octets(moves("content:\n")[0]), Texts{".\r\n"});
  EXPECT_EQ(moves("content:\n")[0].commands, 1);
  EXPECT_EQ(moves("content, unended:\n")[0].commands, 0);
}

// Cuts change nothing but where the segments end; stuffing sees the content as a whole.
TEST(Plan, ContentKeepsItsCuts) {
  EXPECT_EQ(octets(moves("content:\n  a{cut}\n  {cut}.b\n  c\\r{cut}\\n.{cut}d\n")[0]),
            (Texts{"a", "\r\n", "..b\r\nc\r", "\n..", "d\r\n.\r\n"}));
  EXPECT_EQ(octets(moves("content:\n  {cut}.a{cut}{cut}b\n")[0]), (Texts{"", "..a", "", "b\r\n.\r\n"}));
}

TEST(Plan, MessageHasACleanHeader) {
  const std::string message = octets(moves("message:\n  .hi\n")[0])[0];
  EXPECT_TRUE(message.ends_with("\r\n\r\n..hi\r\n.\r\n")) << message;
  EXPECT_NE(message.find("From: <s@client.test>\r\n"), std::string::npos);
  EXPECT_NE(message.find("Message-ID: <t1@client.test>\r\n"), std::string::npos);
  EXPECT_EQ(smtp::spell(message).find("\\x"), std::string::npos);
  EXPECT_TRUE(octets(moves("message:\n")[0])[0].ends_with("\r\n\r\nA message of smtpspec.\r\n.\r\n")) << "an empty body is no message";
}

TEST(Plan, BlocksGoOutInOneWriteOrOctetByOctet) {
  const auto together = moves("together:\n  C: DATA\n  # remark\n  content:\n    a\n  raw: N{cut}OOP\n")[0];
  EXPECT_EQ(octets(together), (Texts{"DATA\r\na\r\n.\r\nN", "OOP"}));
  EXPECT_EQ(together.commands, 2);
  EXPECT_TRUE(together.is_data);
  const auto single = moves("octet by octet:\n  C: A\n")[0];
  EXPECT_EQ(octets(single), (Texts{"A", "\r", "\n"}));
  EXPECT_EQ(single.segments[0].pause.count(), 0);
  EXPECT_GT(single.segments[1].pause.count(), 0);
}

TEST(Plan, ChecksAndOpeningsAreWrittenOut) {
  const auto all = moves("check2: no transaction\ncheck: transaction\ndo: open 2 at mail\n");
  EXPECT_EQ(octets(all[0]), Texts{"RCPT TO:<alice@example.test>\r\n"});
  EXPECT_EQ(all[0].step.connection, 2);
  EXPECT_EQ(all[1].step.expect.tiers[0].answers[0].codes, *smtp::ReplySet::parse("503"));
  EXPECT_EQ(all[3].step.expect.tiers[0].answers[0].codes, *smtp::ReplySet::parse("250 251"));
  EXPECT_EQ(all[4].step.act, Step::Act::open);
  ASSERT_EQ(all.size(), 10u);
  for (std::size_t i = 5; i < all.size(); ++i) {
    EXPECT_EQ(all[i].step.connection, 2);
    EXPECT_TRUE(all[i].preamble);
    EXPECT_EQ(all[i].step.place, all[4].step.place) << "an error points at the step that stands in the file";
  }
}

TEST(Plan, NamesAreFilledFromTheRow) {
  const Case test = test_with("raw: NOOP{end}\n", "start: connected\neach:\n  lf: {end: '\\n'}\n  cr: {end: '\\r'}\n");
  const auto plan = make_plan(test, test.dialogue, test.rows[1], Role::relay, facts);
  ASSERT_TRUE(plan);
  EXPECT_EQ(octets(plan->moves[0]), Texts{"NOOP\r"});
}

TEST(Plan, NameWithoutAValueIsAnErrorAtItsPlace) {
  const Case test = test_with("C: NOOP\nmessage:\n  {nothing}\n", "start: connected\n");
  const auto plan = make_plan(test, test.dialogue, test.rows[0], Role::relay, facts);
  ASSERT_FALSE(plan);
  EXPECT_EQ(to_string(plan.error()), "a/b.yaml:7:5: no value for {nothing}");
}

TEST(Plan, ItsSizeHasALimit) {
  const auto said = [](std::string_view dialogue, std::string_view header = "start: connected\n") {
    const Case test = test_with(dialogue, header);
    const auto plan = make_plan(test, test.dialogue, test.rows[0], Role::relay, facts);
    return plan ? "" : to_string(plan.error());
  };
  std::string text = "raw: ";
  for (int i = 0; i < 12; ++i) text += "{\"x\" x 200000000}";
  EXPECT_EQ(said(text + "\n"), "a/b.yaml:5:3: the text becomes more than 268435456 octets");
  EXPECT_EQ(said("raw: {\"{\"x\" x 20000}\" x 20000}\n"), "a/b.yaml:5:3: the text becomes more than 268435456 octets");
  EXPECT_EQ(said("raw: {lines 200000000}{lines 200000000}\n"), "a/b.yaml:5:3: the text becomes more than 268435456 octets");
  EXPECT_EQ(said("raw: {\"x\" x 200000000}\nraw: {\"x\" x 60000000}\ncontent:\n  {\"x\" x 10000000}\n"),
            "a/b.yaml:8:5: here the plan grows beyond 268435456 octets");
  EXPECT_EQ(said("raw: {\"x\" x 2000000}\n", "start: connected\nclones: 200\n"),
            "a/b.yaml:6:3: here the plan grows beyond 268435456 octets, counted over its 200 clones");
  EXPECT_EQ(said("octet by octet:\n  raw: {\"x\" x 2000000}\n"), "a/b.yaml:5:3: octet by octet go at most 1048576 octets, not 2000000");
}

// --- facts ----------------------------------------------------------------------------------------------------------------------

TEST(Plan, FactsThatAreMissingAreNamed) {
  const auto missing = [](std::string_view dialogue, std::string_view header, Role role, Facts have = {}) {
    const Case test = test_with(dialogue, header);
    return missing_facts(test, test.rows.back(), role, have);
  };
  const std::string_view noop = "C: NOOP\nS: 250\n";
  EXPECT_EQ(missing(noop, "", Role::relay), Texts{});
  EXPECT_EQ(missing(noop, "", Role::submission), Texts{"account"}) << "submission logs in by itself";
  EXPECT_EQ(missing(noop, "start: tls\n", Role::submission), Texts{});
  EXPECT_EQ(missing(noop, "start: auth\n", Role::relay), Texts{"account"});
  EXPECT_EQ(missing(noop, "start: rcpt\n", Role::relay), Texts{"recipient"});
  EXPECT_EQ(missing("message:\nS: 250\n", "", Role::relay), Texts{"recipient"});
  EXPECT_EQ(missing("check: no transaction\n", "", Role::relay), Texts{"recipient"});
  EXPECT_EQ(missing("do: auth\nS: 235\n", "", Role::relay), Texts{"account"});
  EXPECT_EQ(missing("C: {password} {unknown-recipient}\nS: 250\n", "", Role::relay), (Texts{"account", "unknown-recipient"}));
  EXPECT_EQ(missing("C: {x}\nS: 250\n", "each: {a: {x: y}}\n", Role::relay), Texts{}) << "the row has it";
  EXPECT_EQ(missing("C: {x}\nS: 250\n", "each: {a: {x: y}, b: {x: '{recipient}'}}\n", Role::relay), Texts{"recipient"})
      << "what the row names";
  EXPECT_EQ(missing("C: {recipient}\nS: 250\n", "", Role::relay, facts), Texts{});
  EXPECT_EQ(missing(std::string(noop) + "\n", "twin: |\n  C: VRFY {user}\n", Role::relay), Texts{"account"}) << "the twin counts too";
}

}  // namespace
}  // namespace smtpspec::script
