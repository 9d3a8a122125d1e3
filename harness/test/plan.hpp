// A plan from the lines of a dialogue, for the tests of sessions and transports.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "smtpspec/script/plan.hpp"

namespace smtpspec::script {

inline Plan plan_of(const std::string& start, const std::string& dialogue, smtp::Role role, const Facts& facts) {
  std::string text = "title: t\ncovers: [NONE-1-1]\nstart: " + start + "\ndialogue: |\n  ";
  for (const char c : dialogue) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  const auto test = parse_case(text, "t", "t.yaml");
  EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
  auto plan = make_plan(*test, test->dialogue, test->rows.front(), role, facts);
  EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error()));
  return std::move(*plan);
}

}  // namespace smtpspec::script
