#include "smtpspec/smtp/extension.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "smtpspec/smtp/command.hpp"

namespace smtpspec::smtp {
namespace {

TEST(Extension, IsFoundInAnyCase) {
  static_assert(find_extension("pipelining")->rfc == 2920);
  static_assert(find_extension("PIPLINING") == nullptr);
  static_assert(find_extension("") == nullptr);
  static_assert(has_word("RET ENVID", "envid") && !has_word("RET ENVID", "ENV") && !has_word("RET ENVID", "") && !has_word("", ""));
  static_assert(is_local_keyword("X-NONE") && is_local_keyword("xclient") && !is_local_keyword("EXPN") && !is_local_keyword(""));
  static_assert(find_extension("EXPN")->is_core() && find_extension("TURN")->is_core() && !find_extension("ETRN")->is_core());
}

TEST(Extension, RowsStandInOrderAndAreCapabilities) {
  EXPECT_TRUE(std::is_sorted(std::begin(extensions), std::end(extensions),
                             [](const Extension& a, const Extension& b) { return a.keyword < b.keyword; }));
  for (const Extension& extension : extensions) {
    EXPECT_EQ(to_upper(extension.keyword), extension.keyword);
    EXPECT_EQ(find_extension(extension.keyword), &extension);
    EXPECT_NE(extension.roles, 0) << extension.keyword;
    EXPECT_TRUE(extension.with.empty() || find_extension(extension.with)) << extension.keyword;
  }
}

// What the command parser takes as known is an extension's.
TEST(Extension, KnowsTheParametersOfTheParser) {
  for (const std::string_view param : {"SIZE=1", "BODY=8BITMIME", "SMTPUTF8", "REQUIRETLS", "AUTH=<>", "RET=FULL", "ENVID=a"}) {
    const std::string line = "MAIL FROM:<a@b.example> " + std::string(param);
    EXPECT_EQ(mail_params(parse_command(line), line).unknown, -1) << param;
    EXPECT_TRUE(std::any_of(std::begin(extensions), std::end(extensions), [&](const Extension& e) {
      return has_word(e.mail, param.substr(0, param.find('=')));
    })) << param;
  }
  for (const std::string_view param : {"NOTIFY=NEVER", "ORCPT=rfc822;a"}) {
    const std::string line = "RCPT TO:<a@b.example> " + std::string(param);
    EXPECT_EQ(rcpt_params(parse_command(line), line).unknown, -1) << param;
    EXPECT_TRUE(has_word(find_extension("DSN")->rcpt, param.substr(0, param.find('=')))) << param;
  }
}

TEST(Extension, KnowsWhereItMayBeOffered) {
  static_assert(!find_extension("STARTTLS")->offered_on(Role::submissions));
  static_assert(find_extension("STARTTLS")->offered_on(Role::submission) && find_extension("STARTTLS")->offered_on(Role::relay));
  static_assert(!find_extension("BURL")->offered_on(Role::relay) && find_extension("BURL")->offered_on(Role::submissions));
  static_assert(find_extension("ETRN")->offered_on(Role::relay) && !find_extension("ETRN")->offered_on(Role::submission));
}

}  // namespace
}  // namespace smtpspec::smtp
