#include "inputs/inputs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "smtpspec/crypto/digests.hpp"

namespace smtpspec::bench {
namespace {

// What a published figure was measured on: a change of an input changes its name.
TEST(Inputs, AreTheSameOctetsEverywhere) {
  const std::map<std::string_view, std::string_view> known = {
      {"reply/one-line", "bbac390b9490cd12"}, {"reply/ehlo-12", "73414ee6feedb371"}, {"reply/mixed", "782a0f09a6d8574c"},
      {"ehlo/12", "73414ee6feedb371"},        {"command/mixed", "15f069a6386d4ea5"}, {"command/plain", "9229cddb2e57bdee"},
  };
  for (const auto& [name, hash] : known) {
    const Recipe* recipe = find_recipe(name);
    ASSERT_NE(recipe, nullptr) << name;
    EXPECT_EQ(crypto::sha256_hex(recipe->make().octets).substr(0, hash.size()), hash) << name;
  }
}

TEST(Inputs, EveryQuestionHasASmallOne) {
  std::map<std::uint32_t, bool> small;
  for (const Recipe& recipe : recipes()) small[recipe.question] |= recipe.name.ends_with("-4k");
  for (const auto& [question, is_there] : small) EXPECT_TRUE(is_there) << question;
}

TEST(Cuts, EndBehindTheLastOctet) {
  const std::string octets = find_recipe("reply/mixed-4k")->make().octets;
  for (const Cut& cut : cuts()) {
    const auto ends = cut.ends(octets);
    EXPECT_EQ(ends.back(), octets.size()) << cut.name;
    EXPECT_TRUE(std::is_sorted(ends.begin(), ends.end())) << cut.name;
  }
  EXPECT_EQ(find_cut("16")->ends(octets)[1], 32u);
  EXPECT_EQ(octets[find_cut("cr-lf")->ends(octets)[0] - 1], '\r');
}

}  // namespace
}  // namespace smtpspec::bench
