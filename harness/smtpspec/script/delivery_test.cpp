#include "smtpspec/script/delivery.hpp"

#include <gtest/gtest.h>

#include <set>

namespace smtpspec::script {
namespace {

std::string error(const std::string& text) {
  const auto parsed = parse_delivery(text, "t", 5, 2);
  return parsed ? "" : to_string(parsed.error());
}

TEST(Delivery, PrintsWhatItRead) {
  const std::string text =
      "# above\nmailbox: once\n  body: same\n  # inside\n  received: with ESMTP {word} [RFC5321-4.4-P2]\n  return-path: <{sender}>\n"
      "second-mailbox: never [RFC5321-C-7]\nnext-hop: once\n  reverse-path: <a@b>\n";
  const auto parsed = parse_delivery(text, "t");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(print_delivery(*parsed), text);
  EXPECT_EQ((*parsed)[4].requirement, "RFC5321-4.4-P2");
  EXPECT_EQ((*parsed)[4].where, Where::mailbox);
  EXPECT_EQ((*parsed)[8].where, Where::next_hop);
  EXPECT_EQ(parse_delivery("mailbox:   once\n    body:  same\n\n", "t").value(),
            parse_delivery("mailbox: once\n  body: same\n", "t").value());
}

TEST(Delivery, EveryTraitIsReadAsItIsWritten) {
  std::set<Trait> seen;
  for (const TraitName& name : trait_names()) {
    EXPECT_TRUE(seen.insert(name.trait).second) << name.words;
    if (name.key.empty()) continue;
    const std::string line =
        std::string(name.key) + ":" + (name.words.empty() ? "" : " ") + std::string(name.words) + (name.takes_text ? " {token}" : "");
    const auto parsed = parse_delivery("next-hop: once\n  " + line + "\n", "t");
    ASSERT_TRUE(parsed) << line << to_string(parsed.error());
    EXPECT_EQ(parsed->back().trait, name.trait) << line;
    EXPECT_EQ(print_statement(parsed->back()), line);
  }
}

TEST(Delivery, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(error("  mailbox: once\n").substr(0, 8), "t:5:5: w");
  EXPECT_EQ(error("mailbx: once\n"),
            "t:5:3: 'mailbx' is no place; mail arrives at mailbox, second-mailbox or next-hop (did you mean 'mailbox'?)");
  EXPECT_EQ(error("mailbox: twice\n"), "t:5:3: expected 'once' or 'never' behind 'mailbox:'");
  EXPECT_EQ(error("mailbox: once\n  body: kept\n"), "t:6:5: expected same behind 'body:'");
  EXPECT_EQ(error("mailbox: once\n  bdy: same\n"), "t:6:5: 'bdy' is nothing that can be said of a message (did you mean 'body'?)");
  EXPECT_EQ(error("mailbox: once\n  reverse-path: <x>\n"), "t:6:5: an envelope is seen at the next-hop only");
  EXPECT_EQ(error("mailbox: never\n  body: same\n"), "t:6:5: of what never arrives nothing can be said");
  EXPECT_EQ(error("mailbox: once\n  return-path: ontop\n"),
            "t:6:5: expected on top, once, none, a text, which is a path in its angle brackets");
  EXPECT_EQ(error("mailbox: once\n  received: with esmtp\n"),
            "t:6:5: expected protocols in capitals, 'with SMTP ESMTP', or 'with registered words'");
  EXPECT_EQ(error("mailbox: once\nmailbox: never\n"), "t:6:3: 'mailbox' stands here twice");
  EXPECT_EQ(error("once\n"), "t:5:3: expected a place, 'mailbox: once', or what is said of its message, 'body: same'");
  EXPECT_EQ(error("mailbox: once\n  received: with {\n").substr(0, 7), "t:6:5: ");
  EXPECT_EQ(error("# nothing\n"), "t:5:3: the delivery says nothing");
}

}  // namespace
}  // namespace smtpspec::script
