#include "fuzz/report/report.hpp"

#include <gtest/gtest.h>

namespace smtpspec::fuzz {
namespace {

Setting setting_of(smtp::Role role) { return {.endpoints = {{role, {"h", 25}}}, .options = {}}; }

TEST(FuzzReport, ADeathThatNothingShowedAgainIsAnErrorOfTheCampaign) {
  Report report;
  report.deaths = {"was killed by signal 11", "exited with status 7"};
  Found found;
  found.finding.came = "exited with status 7";
  report.findings.push_back(found);
  EXPECT_EQ(untold_deaths(report), std::vector<std::string>{"was killed by signal 11"});
  const run::Run run = as_run(report, setting_of(smtp::Role::relay));
  ASSERT_EQ(run.tests.size(), 2u);
  EXPECT_EQ(run.tests.front().verdict, run::Verdict::error);
  EXPECT_EQ(run.tests.front().summary, "the target's process was killed by signal 11");
  EXPECT_EQ(run.deaths.size(), 2u);
  EXPECT_FALSE(run.dead);
}

TEST(FuzzReport, WhatWasNoCampaignIsAnErrorAndACleanOnePasses) {
  Setting setting = setting_of(smtp::Role::submission);
  EXPECT_EQ(as_run({}, setting).tests.front().verdict, run::Verdict::pass);
  setting.trouble = "nobody is there";
  const run::Run run = as_run({}, setting);
  EXPECT_EQ(run.tests.front().verdict, run::Verdict::error);
  EXPECT_EQ(run.tests.front().role, smtp::Role::submission);
  EXPECT_TRUE(run.dead);
  EXPECT_EQ(run.trouble, "nobody is there");
}

TEST(FuzzReport, TheSharesAddUp) {
  Report report;
  report.time = std::chrono::seconds(10);
  report.answering = std::chrono::seconds(30);
  report.waiting = std::chrono::seconds(10);
  const Shares shares = shares_of(report, std::chrono::seconds(2));
  EXPECT_DOUBLE_EQ(shares.ours, 0.2);
  EXPECT_DOUBLE_EQ(shares.server, 0.6);
  EXPECT_DOUBLE_EQ(shares.waiting, 0.2);
  const Shares nothing = shares_of({}, {});
  EXPECT_DOUBLE_EQ(nothing.ours + nothing.server + nothing.waiting, 1);
  // However it is rounded, nobody's share is below nothing.
  for (int ours = 0; ours < 1000; ++ours) {
    Report waited;
    waited.time = waited.waiting = std::chrono::milliseconds(1000);
    EXPECT_GE(shares_of(waited, std::chrono::milliseconds(ours)).server, 0) << ours;
  }
}

// Of the page: how often a piece stands in it.
std::size_t times(const std::string& page, std::string_view piece) {
  std::size_t out = 0;
  for (std::size_t at = 0; (at = page.find(piece, at)) != std::string::npos; at += piece.size()) ++out;
  return out;
}

Report reached() {
  Report report;
  report.scenarios = 10;
  report.past_hello = 9;
  report.replies = 1300;
  report.seen[{smtp::State::ready, smtp::Input::mail}] = {{250, 1204}, {451, 3}};
  report.seen[{smtp::State::rcpt, smtp::Input::mail}] = {{503, 7}};
  report.moves[{smtp::State::ready, smtp::State::mail}] = 1204;
  report.codes[250]["MAIL"] = 1204;
  report.codes[451]["MAIL"] = 3;
  report.codes[503]["MAIL"] = 7;
  report.codes[220]["greeting"] = 85;
  report.codes[500][""] = 1;
  for (std::uint16_t i = 0; i < productions().size(); ++i)
    if (productions()[i].symbol == "hello") report.productions.insert(i);
  return report;
}

TEST(FuzzPage, WhatWasReachedStandsThereInFigures) {
  const std::string page = html(reached(), setting_of(smtp::Role::relay), {});
  EXPECT_EQ(times(page, "<span title=\"250 × 1\u202f204, 451 × 3\"><b class=\"chip y2\">2</b><b class=\"chip y4\">4</b></span>"), 1u);
  EXPECT_EQ(
      times(page, "<th scope=\"row\">ready</th><td class=\"words\"><code>MAIL</code></td><td class=\"words\">250 × 1\u202f204, 451 × 3"),
      1u);
  // Moves, with those that the model has and that did not come.
  EXPECT_EQ(times(page, "<td class=\"s4\">1\u202f204</td>"), 1u);
  EXPECT_EQ(times(page, "the greeting 85"), 1u);
  EXPECT_EQ(times(page, "what nobody can tell 1"), 1u);
  EXPECT_EQ(times(page, "<caption>1\u202f300 replies, 5 codes</caption>"), 1u);
  // All of a symbol, and nothing of another; what only chooses is not there.
  const std::string hellos = std::to_string(reached().productions.size());
  EXPECT_NE(page.find("<code>hello</code></th><td>" + hellos + " of " + hellos + "</td>"), std::string::npos);
  EXPECT_NE(page.find("CHUNKING is not offered: <code>BDAT 0</code> <code>BDAT 0 LAST</code>"), std::string::npos);
  EXPECT_EQ(times(page, "<code>command</code>"), 0u);
  EXPECT_EQ(times(page, "Nothing was found."), 1u);
}

TEST(FuzzPage, EveryPairThatCameCanCome) {
  // A field that cannot be has no chip: what came all the same is shown and counted.
  Report report = reached();
  report.seen[{smtp::State::data, smtp::Input::noop}] = {{250, 1}};
  report.seen[{smtp::State::refusing, smtp::Input::quit}] = {{221, 1}};
  const std::string page = html(report, setting_of(smtp::Role::relay), {});
  EXPECT_EQ(times(page, "<span title=\"250 × 1\">"), 1u);
  EXPECT_EQ(times(page, "<th scope=\"col\">refusing</th>"), 1u);
}

TEST(FuzzPage, AFindingShowsItsLawAndTheLineThatBreaksIt) {
  Report report = reached();
  Found found;
  found.finding = {.rule = std::string(unlawful_reply),
                   .requirements = {"RFC5321-4.1.4-14"},
                   .step = "RCPT",
                   .expected = "503",
                   .came = "250 <OK> & \"more\"",
                   .choice = {},
                   .place = {},
                   .entry = 1};
  found.transcript.entries = {{.kind = session::Entry::Kind::sent, .octets = "RCPT TO:<a@a.example>\r\n", .reply = {}},
                              {.kind = session::Entry::Kind::octets, .octets = "250 <OK>\x1b\r\n", .reply = {}}};
  found.origin = "scenario 12";
  report.findings = {found, found};
  Setting setting = setting_of(smtp::Role::relay);
  setting.files = {"findings/a.yaml", "findings/b.yaml"};
  setting.known = {1};
  script::Registry registry;
  ASSERT_TRUE(
      registry.add("rfc: 5321\ntitle: SMTP\nrequirements:\n  4.1.4-14:\n    level: MUST\n    subject: server\n    observable: wire\n"
                   "    says: Order is kept.\n    check: A command out of order is refused\n",
                   "r.yaml"));
  const std::string page = html(report, setting, registry);
  EXPECT_EQ(times(page, "RCPT: expected 503, but came 250 &lt;OK&gt; &amp; &quot;more&quot;</h3>"), 2u);
  EXPECT_EQ(times(page, "<li class=\"marked\"><b>S:</b><span>250 &lt;OK&gt;\\x1b\n<strong>expected 503</strong></span></li>"), 2u);
  EXPECT_EQ(times(page, "<code>findings/b.yaml</code>"), 1u);
  EXPECT_EQ(times(page, "<code>RFC5321-4.1.4-14</code> RFC 5321 section 4.1.4, MUST: Order is kept."), 2u);
  // What is known stands apart, closed.
  EXPECT_LT(page.find("findings/a.yaml"), page.find("<h2>Known findings</h2>"));
  EXPECT_GT(page.find("findings/b.yaml"), page.find("<h2>Known findings</h2>"));
  EXPECT_EQ(times(page, "<details open=\"open\">"), 1u);
}

TEST(FuzzPage, WhatWentWrongStandsAtTheTop) {
  Report report;
  report.interrupted = true;
  report.deaths = {"was killed by signal 11"};
  Setting setting = setting_of(smtp::Role::relay);
  setting.trouble = "nobody <is> there";
  setting.instrumented = true;
  const std::string page = html(report, setting, {});
  EXPECT_EQ(times(page, "<p class=\"fault\">"), 3u);
  EXPECT_NE(page.find("nobody &lt;is&gt; there"), std::string::npos);
  EXPECT_NE(page.find("was killed by signal 11, and nothing showed that again"), std::string::npos);
  EXPECT_NE(page.find("places of its code"), std::string::npos);
  EXPECT_NE(page.find("No reply came."), std::string::npos);
  EXPECT_EQ(page.find("is not offered:"), std::string::npos);
}

}  // namespace
}  // namespace smtpspec::fuzz
