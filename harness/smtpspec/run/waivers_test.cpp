#include "smtpspec/run/waivers.hpp"

#include <gtest/gtest.h>

namespace smtpspec::run {
namespace {

script::Suite suite() {
  script::Suite out;
  out.cases.emplace_back();
  out.cases.back().id = "data/end";
  out.cases.back().rows = {{"lf", {}, {}}, {"cr", {}, {}}};
  return out;
}

TEST(Waivers, Whole) {
  const auto waivers = parse_waivers(R"(- case: data/end[lf]
  role: submission
  reason: known since 2024
  until: 2026-12-31
- {case: rules/*, reason: "no time"}
)",
                                     "w.yaml", suite());
  ASSERT_TRUE(waivers) << to_string(waivers.error());
  ASSERT_EQ(waivers->size(), 2u);
  const Waiver& first = waivers->front();
  EXPECT_TRUE(first.names("data/end[lf]", smtp::Role::submission));
  EXPECT_FALSE(first.names("data/end[lf]", smtp::Role::relay));
  EXPECT_FALSE(first.names("data/end[cr]", smtp::Role::submission));
  EXPECT_EQ(first.reason, "known since 2024");
  EXPECT_EQ(first.until, "2026-12-31");
  EXPECT_EQ(first.place.line, 1);
  EXPECT_TRUE(waivers->back().names("rules/reply-text", smtp::Role::relay));
  EXPECT_EQ(waivers->back().until, "");
}

TEST(Waivers, Errors) {
  for (const auto& [text, error] : std::vector<std::pair<std::string, std::string>>{
           {"case: data/end\n", "w.yaml:1:1: expected a list of waivers, each '- case: PATTERN' with its reason"},
           {"- data/end\n", "w.yaml:1:3: expected a waiver, a mapping of keys to values"},
           {"- reason: x\n", "w.yaml:1:3: a waiver needs case, the pattern of the tests that it lifts"},
           {"- case: data/end\n", "w.yaml:1:3: a waiver needs reason, a sentence that says why"},
           {"- case: data/end\n  reason: ''\n", "w.yaml:2:11: expected a sentence that says why"},
           {"- case: data/end\n  reson: x\n", "w.yaml:2:3: no key 'reson' in a waiver (did you mean 'reason'?)"},
           {"- reason: x\n  case: data/emd\n", "w.yaml:2:9: no test case or rule fits 'data/emd' (did you mean 'data/end'?)"},
           {"- reason: x\n  case: data/end[lg]\n", "w.yaml:2:9: no test case or rule fits 'data/end[lg]' (did you mean 'data/end[lf]'?)"},
           {"- reason: x\n  case: data/end\n  role: rely\n",
            "w.yaml:3:9: 'rely' is no role; roles are relay, submission and submissions (did you mean 'relay'?)"},
           {"- reason: x\n  case: data/end\n  until: 2026-02-30\n", "w.yaml:3:10: '2026-02-30' is no day; a day looks like 2026-12-31"},
           {"- reason: x\n  case: data/end\n  until: soon\n", "w.yaml:3:10: 'soon' is no day; a day looks like 2026-12-31"},
       }) {
    const auto waivers = parse_waivers(text, "w.yaml", suite());
    ASSERT_FALSE(waivers) << text;
    EXPECT_EQ(to_string(waivers.error()), error);
  }
}

}  // namespace
}  // namespace smtpspec::run
