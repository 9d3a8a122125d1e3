#include "smtpspec/smtp/result.hpp"

#include <gtest/gtest.h>

namespace smtpspec {
namespace {

TEST(Error, SaysWhatIsKnownOfItsPlace) {
  EXPECT_EQ(to_string(Error{"no key 'titel'", {"a.yaml", 3, 5}, "title"}), "a.yaml:3:5: no key 'titel' (did you mean 'title'?)");
  EXPECT_EQ(to_string(Error{"no key", {"a.yaml", 3, 0}, ""}), "a.yaml:3: no key");
  EXPECT_EQ(to_string(Error{"the file is empty", {"a.yaml", 0, 0}, ""}), "a.yaml: the file is empty");
  EXPECT_EQ(to_string(Error{"no level", {"", 1, 9}, "MUST"}), "no level (did you mean 'MUST'?)") << "a line of no file says nothing";
}

}  // namespace
}  // namespace smtpspec
