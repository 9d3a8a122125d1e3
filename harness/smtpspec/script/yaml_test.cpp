#include "smtpspec/script/yaml.hpp"

#include <gtest/gtest.h>

#include <array>

namespace smtpspec::script {
namespace {

Yaml parsed(const std::string& text) {
  auto yaml = parse_yaml(text, "a.yaml");
  EXPECT_TRUE(yaml) << (yaml ? "" : to_string(yaml.error()));
  return yaml ? std::move(*yaml) : Yaml{};
}

TEST(Yaml, ValuesKnowTheirPlace) {
  const Yaml yaml = parsed("# remark\ntitle: A title\nlist:\n  - one\n  - 'two'\nnone:\nmap: {a: b}\n");
  EXPECT_EQ(yaml.kind, Yaml::Kind::map);
  EXPECT_EQ(yaml.entries[0].first.place, (Place{"a.yaml", 2, 1}));
  EXPECT_EQ(yaml.find("title")->place, (Place{"a.yaml", 2, 8}));
  EXPECT_EQ(yaml.find("list")->items[1].place, (Place{"a.yaml", 5, 5}));
  EXPECT_EQ(yaml.find("list")->items[1].text, "two");
  EXPECT_EQ(yaml.find("none")->kind, Yaml::Kind::null);
  EXPECT_EQ(yaml.find("map")->find("a")->place, (Place{"a.yaml", 7, 10}));
  EXPECT_EQ(yaml.find("absent"), nullptr);
}

// What the fixtures of cases/fixtures/invalid leave out: where an escape is none, and where one is.
TEST(Yaml, OctetsAboveSevenBitsAreNoEscapesOfDoubleQuotes) {
  for (const char* good :
       {R"(a: "\x7f")", R"(a: "\\xff")", R"(a: '\xff')", R"(a: \xff)", R"(a: "é")", R"(a: "\"" # \xff)", R"(a: ["", b\xff])"})
    EXPECT_TRUE(parse_yaml(good, "a.yaml")) << good;
  for (const char* bad : {R"(a: "\x80")", R"(a: "\\\xFF")", R"("\xff": a)", R"(a: [b, "c\xc3\xa9"])", "é: é\nb: \"\\xe9\""})
    EXPECT_FALSE(parse_yaml(bad, "a.yaml")) << bad;
}

TEST(Yaml, AliasesAreValuesOfTheirOwn) {
  const Yaml yaml = parsed("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(yaml.find("b")->find("k")->text, "v");
}

TEST(Yaml, ScalarsAreReadAsWhatIsWanted) {
  const Yaml yaml = parsed("text: abc\nnumber: 12\nbig: 99999999999999999999\nyes: true\nlist: [a, b]\nmixed: [a, [b]]\nnone: ~\n");
  EXPECT_EQ(*yaml.find("text")->as_text("a text"), "abc");
  EXPECT_EQ(*yaml.find("number")->as_number("a number", 12, 12), 12);
  EXPECT_TRUE(*yaml.find("yes")->as_bool("a switch"));
  EXPECT_EQ(*yaml.find("list")->as_texts("words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*yaml.find("text")->as_texts("words"), std::vector<std::string>{"abc"}) << "one text is a list of one";

  EXPECT_EQ(yaml.find("none")->as_text("a text").error().message, "expected a text");
  EXPECT_EQ(yaml.find("number")->as_number("a size", 1, 11).error().message, "expected a size, a number from 1 to 11");
  EXPECT_FALSE(yaml.find("big")->as_number("a size", 0, 1));
  EXPECT_FALSE(yaml.find("text")->as_number("a size", 0, 1));
  EXPECT_EQ(yaml.find("text")->as_bool("a switch").error().message, "expected a switch, true or false");
  EXPECT_EQ(yaml.find("mixed")->as_texts("words").error().place, (Place{"a.yaml", 6, 12}));
  EXPECT_FALSE(yaml.find("none")->as_texts("words"));
}

TEST(Yaml, UnknownKeysAreNamedWithTheNearestOne) {
  constexpr std::array<std::string_view, 2> known = {"title", "covers"};
  EXPECT_TRUE(parsed("title: a").only(known, "a case"));
  const auto unknown = parsed("title: a\ncoves: b").only(known, "a case");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(to_string(unknown.error()), "a.yaml:2:1: no key 'coves' in a case (did you mean 'covers'?)");
}

TEST(Yaml, FileThatCannotBeReadIsAnError) {
  const auto text = read_file("/nonexistent/a.yaml");
  ASSERT_FALSE(text);
  EXPECT_EQ(to_string(text.error()), "/nonexistent/a.yaml: cannot read: No such file or directory");
}

}  // namespace
}  // namespace smtpspec::script
