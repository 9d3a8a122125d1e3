#include "smtpspec/smtp/ehlo.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

Capabilities offered(std::string_view octets) {
  ReplyParser parser;  // outlives the view, which points into its line table
  const auto view = parser.next(octets);
  return view ? capabilities(own(*view, octets)) : Capabilities{};
}

TEST(Ehlo, OffersWhatStandsBehindTheFirstLine) {
  const Capabilities offer =
      offered("250-SIZE is my name\r\n250-PIPELINING\r\n250-size 10240000\r\n250-AUTH PLAIN  LOGIN \r\n250-\r\n250 HELP\r\n");
  EXPECT_EQ(offer.list,
            (std::vector<Capability>{{"PIPELINING", ""}, {"size", "10240000"}, {"AUTH", "PLAIN  LOGIN"}, {"", ""}, {"HELP", ""}}));
  EXPECT_TRUE(offer.has("pipelining"));
  EXPECT_FALSE(offer.has("PIPE"));
  EXPECT_EQ(offer.params("SIZE"), "10240000");
  EXPECT_EQ(offer.params("PIPELINING"), "");
  EXPECT_EQ(offer.params("CHUNKING"), "");
  EXPECT_TRUE(offer.has_param("auth", "login"));
  EXPECT_TRUE(offer.has_param("AUTH", "PLAIN"));
  EXPECT_FALSE(offer.has_param("AUTH", "PLAI"));
  EXPECT_FALSE(offer.has_param("STARTTLS", "PLAIN"));
}

TEST(Ehlo, OffersNothingUnlessTheReplyIs250) {
  EXPECT_TRUE(offered("250 mx.example.test\r\n").list.empty());
  EXPECT_TRUE(offered("550-no\r\n550 PIPELINING\r\n").list.empty());
  EXPECT_TRUE(offered("251-no\r\n251 PIPELINING\r\n").list.empty());
}

// ehlo-line = ehlo-keyword *( SP ehlo-param ), RFC 5321 section 4.1.1.1.
TEST(Ehlo, LineAgreesWithTheGrammarOnAllShortTexts) {
  static const std::regex grammar("[A-Za-z0-9][A-Za-z0-9-]*(?: [!-~]+)*");
  naive::all_texts({"A", "9", "-", " ", "=", "_", "~", "\t", "\x7f", "\xe4"}, 5, [](std::string_view text) {
    if (HasFailure()) return;
    ASSERT_EQ(ehlo_line(text).fault.empty(), std::regex_match(text.begin(), text.end(), grammar)) << spell(text);
    const std::size_t blank = std::min(text.find(' '), text.size());
    ASSERT_EQ(ehlo_line(text).keyword, text.substr(0, blank)) << spell(text);
    ASSERT_EQ(ehlo_line(text).params, trim(text.substr(blank))) << spell(text);
  });
}

TEST(Ehlo, FaultsSayWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> rows[] = {{"", "start"},      {"-X", "start"},          {"AUTH=LOGIN", "keyword"},
                                                                {"SIZE ", "blank"}, {"AUTH  PLAIN", "blank"}, {"SIZE 1\t2", "parameter"}};
  for (const auto& [text, word] : rows) EXPECT_NE(ehlo_line(text).fault.find(word), std::string_view::npos) << text;
}

}  // namespace
}  // namespace smtpspec::smtp
