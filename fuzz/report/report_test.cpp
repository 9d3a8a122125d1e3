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

}  // namespace
}  // namespace smtpspec::fuzz
