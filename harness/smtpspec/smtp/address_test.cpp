#include "smtpspec/smtp/address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <regex>

#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

using namespace std::string_view_literals;

// --- the grammar of RFC 5321 sections 4.1.2 and 4.1.3 as regular expressions -----------------------------------------

const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const std::string dot_string = atom + "(?:\\." + atom + ")*";
const std::string quoted_string = R"re("(?:[ !#-\[\]-~]|\\[ -~])*")re";
const std::string local_part = "(?:" + dot_string + "|" + quoted_string + ")";
const std::string sub_domain = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const std::string domain = sub_domain + "(?:\\." + sub_domain + ")*";
const std::string general_literal = R"(\[[A-Za-z0-9-]*[A-Za-z0-9]:[!-Z^-~]+\])";
const std::string route = "(?:@" + domain + "(?:,@" + domain + ")*:)";

bool fits(std::string_view text, const std::regex& grammar) { return std::regex_match(text.begin(), text.end(), grammar); }

bool is_path(std::string_view text) {
  static const std::regex grammar("<>|<(?:" + route + "?" + local_part + "@(?:" + domain + "|" + general_literal +
                                  ")|[Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr])>");
  return fits(text, grammar);
}

const char* name_of(DomainKind kind) {
  constexpr const char* names[] = {"none", "name", "ipv4", "ipv6", "general"};
  return names[static_cast<std::size_t>(kind)];
}

// --- paths --------------------------------------------------------------------------------------------------------

// In a long text a domain is read by blocks, at its end and before it, in a short one octet by octet.
TEST(Address, ADomainIsTheSameWhereverItStands) {
  naive::all_texts({"a", "-", ".", "_", "\xe4"}, 6, [](std::string_view end) {
    if (HasFailure()) return;
    for (const std::size_t size : {0, 1, 9, 14, 15, 16, 17, 26, 31, 32, 33, 60})
      for (const std::string_view behind : {"", ">", "> SIZE=1", "> AUTH=<> BODY=8BITMIME SIZE=1000000 RET=FULL"}) {
        const std::string name = std::string(size, 'x') + std::string(end);
        const auto whole = [&](std::string_view before) { return std::string(before) + "<a@" + name + std::string(behind); };
        const std::string before = "MAIL FROM:<bob@a.example> and so on:";
        // UTF-8 is read octet by octet, and where there is none tolerating it changes nothing.
        const bool ascii = !has_eight_bit(name);
        const PathResult expected = ascii ? parse_path(whole(""), {.utf8 = true}) : PathResult{};
        for (const std::string_view front : {std::string_view{}, std::string_view(before)}) {
          const PathResult found = parse_path(whole(front), {}, front.size());
          if (!ascii) {
            ASSERT_FALSE(found) << spell(whole(front));
            continue;
          }
          ASSERT_EQ(found.fault, expected.fault) << spell(whole(front));
          ASSERT_EQ(found.at, expected.fault == AddressFault::none ? 0 : expected.at + front.size()) << spell(whole(front));
          ASSERT_EQ(found.size, expected.size) << spell(whole(front));
        }
      }
  });
}

TEST(Path, IsReadAsItsParts) {
  struct {
    std::string_view text, route, local, domain;
    DomainKind kind = DomainKind::name;
  } const rows[] = {
      {"<a@b.example>", "", "a", "b.example"},
      {"<a.b!c@d-1.example> SIZE=1", "", "a.b!c", "d-1.example"},
      {R"(<"J. \"D\" Doe@"@b.example>)", "", R"("J. \"D\" Doe@")", "b.example"},
      {R"(<""@b>)", "", R"("")", "b"},
      {"<@a.example,@b.example:c@d.example>", "@a.example,@b.example", "c", "d.example"},
      {"<a@[127.0.0.1]>", "", "a", "[127.0.0.1]", DomainKind::ipv4},
      {"<a@[ipv6:2001:db8::1]>", "", "a", "[ipv6:2001:db8::1]", DomainKind::ipv6},
      {"<a@[x-tag:any!thing]>", "", "a", "[x-tag:any!thing]", DomainKind::general},
      {"<PostMaster>", "", "PostMaster", "", DomainKind::none},
  };
  for (const auto& row : rows) {
    const PathResult result = parse_path(row.text, {});
    ASSERT_TRUE(result) << row.text << ": " << to_string(result.fault) << " at " << result.at;
    const std::string_view whole = row.text.substr(0, row.text.find('>', row.text.rfind('"') + 1) + 1);
    EXPECT_EQ(result.path.all.in(row.text), whole);
    EXPECT_EQ(result.size, whole.size());
    EXPECT_EQ(result.path.route.in(row.text), row.route);
    EXPECT_EQ(result.path.local.in(row.text), row.local);
    EXPECT_EQ(result.path.domain.in(row.text), row.domain);
    EXPECT_STREQ(name_of(result.path.domain_kind), name_of(row.kind)) << row.text;
    EXPECT_EQ(result.path.quoted, row.local.starts_with('"'));
    EXPECT_FALSE(result.path.null);
  }
  const PathResult null = parse_path("<> SIZE=1", {});
  EXPECT_TRUE(null && null.path.null && null.size == 2);
}

TEST(Path, FaultsAreNamedAndPlaced) {
  using enum AddressFault;
  struct {
    std::string_view text;
    AddressFault fault;
    std::size_t at;
  } const rows[] = {
      {"", no_opening_bracket, 0},
      {" <a@b>", no_opening_bracket, 0},
      {"a@b", no_opening_bracket, 0},
      {"<a@b", no_closing_bracket, 4},
      {"<a@b >", no_closing_bracket, 4},
      {"<a@b\x01>", control_octet, 4},
      {"<@a.example>", bad_route, 11},
      {"<@a.example,b@c>", bad_route, 11},
      {"<@:b@c>", bad_route, 2},
      {"<@a-:b@c>", bad_route, 3},
      {"<.a@b>", bad_local_part, 1},
      {"<a.@b>", bad_local_part, 3},
      {"<a..b@c>", bad_local_part, 3},
      {"<@a:@b>", bad_local_part, 4},
      {"<a b@c>", no_domain, 2},
      {"<alice>", no_domain, 6},
      {R"(<"postmaster">)", no_domain, 13},
      {"<@a:postmaster>", no_domain, 14},
      {R"(<"a@b>)", bad_quoted_string, 6},
      {R"(<"a\)", bad_quoted_string, 4},
      {R"(<"a"b@c>)", no_domain, 4},
      {"<\"a\tb\"@c>", control_octet, 3},
      {"<\"a\\\x7f\"@c>", control_octet, 4},
      {"<a\0b@c>"sv, control_octet, 2},
      {"<\xc3\xa9@c>", eight_bit, 1},
      {"<\"\xc3\xa9\"@c>", eight_bit, 2},
      {"<a@\xc3\xa9>", eight_bit, 3},
      {"<a@>", bad_domain, 3},
      {"<a@b..c>", bad_domain, 5},
      {"<a@b.>", bad_domain, 5},
      {"<a@-b>", bad_domain, 3},
      {"<a@b-.c>", bad_domain, 4},
      {"<a@b_c>", no_closing_bracket, 4},
      {"<a@[1.2.3]>", bad_literal, 4},
      {"<a@[1.2.3.4>", bad_literal, 12},
      {"<a@[IPv6:1::2::3]>", bad_literal, 9},
      {"<a@[tag:a\\b]>", bad_literal, 9},
      {"<a@[tag:a\tb]>", control_octet, 9},
      {"<a@[tag-:a]>", bad_literal, 7},
  };
  for (const auto& row : rows) {
    const PathResult result = parse_path(row.text, {});
    EXPECT_EQ(to_string(result.fault), to_string(row.fault)) << spell(row.text);
    EXPECT_EQ(result.at, row.at) << spell(row.text);
  }
}

TEST(Path, AgreesWithTheGrammarOnAllShortTexts) {
  std::size_t accepted = 0;
  const auto check = [&](const std::string& text) {
    if (testing::Test::HasFailure()) return;
    const PathResult result = parse_path(text, {});
    ASSERT_EQ(result && result.size == text.size(), is_path(text)) << text << ": " << to_string(result.fault) << " at " << result.at;
    ASSERT_LE(result.at, text.size());
    accepted += result ? 1 : 0;
  };
  naive::all_texts({"a", "@", ".", "-", "\"", "\\", " ", "@a", "a@a", ",", ":", "postmaster"}, 5,
                   [&](std::string_view inside) { check("<" + std::string(inside) + ">"); });
  naive::all_texts({"a", "-", ":", "[", "]", "\\", "^", "!", " ", "@"}, 4,
                   [&](std::string_view inside) { check("<a@[" + std::string(inside) + "]>"); });
  EXPECT_GT(accepted, 1000u);
}

// Each leniency lets through what it names, and no other does.
TEST(Path, EachToleranceIsItsOwn) {
  const std::pair<Tolerance, std::vector<std::string_view>> rows[] = {
      {{.utf8 = true}, {"<\xc3\xa9@b>", "<\"\xc3\xa9\"@b>", "<a@b\xc3\xa9.c>", "<@\xc3\xa9:a@b>"}},
      {{.no_brackets = true}, {"a@b", "\"a b\"@[1.2.3.4]"}},
      {{.bad_dots = true}, {"<a..b@c>", "<.a@c>", "<a.@c>", "<...@c>", "<.@c>"}},
      {{.no_domain = true}, {"<alice>", "<\"a b\">", "<@a:postmaster>"}},
      {{.underscore = true}, {"<a@b_c.d>", "<a@_b>", "<@a_b:c@d>"}},
  };
  for (const auto& [tolerance, texts] : rows)
    for (const std::string_view text : texts) {
      EXPECT_FALSE(parse_path(text, {})) << text;
      for (const auto& [other, others] : rows) {
        const PathResult result = parse_path(text, other);
        EXPECT_EQ(result && result.size == text.size(), &others == &texts) << text << ": " << to_string(result.fault);
      }
    }
}

TEST(Path, ToleratedUtf8IsStillUtf8) {
  for (const std::string_view text : {"<\xff@b>", "<a\xc3@b>", "<a@\xff>", "<\"\xff\"@b>", "<\"a\xc3\"@b>", "<\"\\\xc3\xa9\"@b>"}) {
    const PathResult result = parse_path(text, {.utf8 = true});
    EXPECT_EQ(to_string(result.fault), "eight-bit") << spell(text);
  }
}

// --- domains and literals -----------------------------------------------------------------------------------------

TEST(Domain, AgreesWithTheGrammarOnAllShortTexts) {
  static const std::regex grammar(domain);
  naive::all_texts({"a", "9", "-", ".", "_", " "}, 6, [](std::string_view text) {
    if (HasFailure()) return;
    const DomainResult result = parse_domain(text, {});
    ASSERT_EQ(result.fault == AddressFault::none, fits(text, grammar)) << text;
    ASSERT_STREQ(name_of(result.kind), result.fault == AddressFault::none ? "name" : "none") << text;
  });
}

// Snum = 1*3DIGIT, 0 to 255; four of them.
TEST(Domain, IPv4LiteralsAgreeWithTheGrammar) {
  static const std::regex grammar(R"(\[(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\])");
  std::size_t accepted = 0;
  naive::all_texts({"0", "1", "25", "255", "256", "1000", "."}, 7, [&](std::string_view inside) {
    if (HasFailure()) return;
    const std::string text = "[" + std::string(inside) + "]";
    std::smatch groups;
    bool expected = std::regex_match(text, groups, grammar);
    for (std::size_t i = 1; expected && i < groups.size(); ++i) expected = std::stoi(groups[i]) <= 255;
    ASSERT_EQ(parse_domain(text, {}).kind == DomainKind::ipv4, expected) << text;
    accepted += expected ? 1 : 0;
  });
  EXPECT_GT(accepted, 100u);
}

// The C library's reader is the judge. It lets "::" stand for one group too, as ours does.
TEST(Domain, IPv6LiteralsAgreeWithInetPton) {
  const auto check = [](const std::string& inside) {
    if (testing::Test::HasFailure()) return;
    in6_addr address;
    const bool expected = inet_pton(AF_INET6, inside.c_str(), &address) == 1;
    ASSERT_EQ(parse_domain("[IPv6:" + inside + "]", {}).kind == DomainKind::ipv6, expected) << inside;
  };
  naive::all_texts({"1", "aF09", "::", ":", ".", "12345"}, 7, [&](std::string_view text) { check(std::string(text)); });
  for (const std::string tail : {"", ":", ":1", "::", "::1", ":1.2.3.4", "::1.2.3.4", ":1.2.3.4:5", ":1.2.3.256"}) {
    std::string head = "1";
    for (int groups = 1; groups <= 9; ++groups, head += ":" + std::to_string(groups)) check(head + tail);
  }
  check("1.2.3.4");
  check("::g");
}

TEST(Domain, FaultsAreNamedAndPlaced) {
  using enum AddressFault;
  struct {
    std::string_view text;
    AddressFault fault;
    std::size_t at;
  } const rows[] = {
      {"", no_domain, 0},           {"foo_bar", bad_domain, 3}, {"a b", bad_domain, 1},          {"a\r", control_octet, 1},
      {"a\xff", eight_bit, 1},      {"-a", bad_domain, 0},      {"a-", bad_domain, 1},           {"[1.2.3.4]x", bad_domain, 9},
      {"[1.2.3.4", bad_literal, 8}, {"[]", bad_literal, 1},     {"[1.2.3.256]", bad_literal, 1}, {"a.", bad_domain, 2},
  };
  for (const auto& row : rows) {
    const DomainResult result = parse_domain(row.text, {});
    EXPECT_EQ(to_string(result.fault), to_string(row.fault)) << spell(row.text);
    EXPECT_EQ(result.at, row.at) << spell(row.text);
  }
}

// --- quotes -------------------------------------------------------------------------------------------------------

TEST(LocalPart, QuotingIsUndoneAndUsedOnlyWhereNeeded) {
  static const std::regex dots(dot_string);
  naive::all_texts({"a", ".", "\"", "\\", " ", "@", "!"}, 5, [](std::string_view mailbox) {
    if (HasFailure()) return;
    const std::string local = quote_local(mailbox);
    ASSERT_EQ(unquote_local(local), mailbox) << local;
    ASSERT_EQ(local.starts_with('"'), !fits(mailbox, dots)) << local;
    ASSERT_TRUE(parse_path("<" + local + "@b>", {})) << local;
  });
}

TEST(LocalPart, SpellingsOfOneMailboxAreOne) {
  EXPECT_EQ(unquote_local(R"("a\bc")"), "abc");
  EXPECT_EQ(unquote_local("abc"), "abc");
  EXPECT_EQ(unquote_local(R"("a\\b")"), R"(a\b)");
  EXPECT_EQ(unquote_local(R"(")"), R"(")") << "one quote is not a quoted string";
}

}  // namespace
}  // namespace smtpspec::smtp
