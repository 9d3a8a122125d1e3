#include "fuzz/scenario/marker.hpp"

#include <gtest/gtest.h>

namespace smtpspec::fuzz {
namespace {

TEST(Marker, IsReadBack) {
  const std::string said = "550 <a." + token_of("t0f", 17) + mark_of(2) + "@x>, not T0FX3MARK1Z";
  EXPECT_EQ(markers_in(said, "t0f"), (std::vector<Marker>{{17, 2}, {3, 1}}));
  EXPECT_EQ(campaign_of(token_of("t0f", 17)), "t0f");
}

TEST(Marker, WhatIsNoWholeMarkerIsNone) {
  for (const char* text : {"t0fx17", "t0fx17mark2", "t0fx17mark", "t0fx1", "t0fxmark2z", "t0fx-1mark2z", "t0fx1mark-2z",
                           "t0fx17mark99999999999z", "t0fx99999999999999999999999mark1z", "t0ex17mark2z", ""})
    EXPECT_TRUE(markers_in(text, "t0f").empty()) << text;
  EXPECT_TRUE(markers_in("x17mark2z", "").empty());
  for (const char* token : {"", "t0f", "t0fx", "x", "t0fx1y"}) EXPECT_EQ(campaign_of(token), "") << token;
}

}  // namespace
}  // namespace smtpspec::fuzz
