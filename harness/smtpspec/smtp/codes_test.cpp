#include "smtpspec/smtp/codes.hpp"

#include <gtest/gtest.h>

namespace smtpspec::smtp {
namespace {

TEST(Codes, OfReplies) {
  for (const int code : {211, 250, 354, 421, 555, 235, 334, 432, 454, 530, 535, 538, 253, 458, 459, 521, 556})
    EXPECT_TRUE(is_defined(code)) << code;
  for (const int code : {0, 200, 259, 350, 399, 420, 499, 505, 557, 599, 999}) EXPECT_FALSE(is_defined(code)) << code;
}

TEST(Codes, OfTheRegistry) {
  for (const char* code : {"2.0.0", "5.1.10", "4.2.4", "2.3.6", "4.4.7", "5.5.6", "5.6.10", "5.7.30", "4.7.0"})
    EXPECT_TRUE(is_registered(parse_enhanced_code(code).code)) << code;
  for (const char* code : {"2.0.1", "5.1.11", "4.2.5", "2.3.7", "4.4.8", "5.5.7", "5.6.11", "5.7.31", "5.8.0", "5.999.0"})
    EXPECT_FALSE(is_registered(parse_enhanced_code(code).code)) << code;
}

}  // namespace
}  // namespace smtpspec::smtp
