#include "smtpspec/script/yaml.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

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

TEST(Yaml, ATextIsNothingThatATerminalObeys) {
  const Yaml yaml = parsed("title: \"a \\e[31m\"\nlist: [\"\\a\"]\nlines: \"a\\n\\tb\"\n");
  EXPECT_EQ(to_string(yaml.find("title")->as_text("a title").error()), "a.yaml:1:8: octet \\x1b has no place in a title");
  EXPECT_EQ(to_string(yaml.find("title")->as_texts("words").error()), "a.yaml:1:8: octet \\x1b has no place in words");
  EXPECT_EQ(to_string(yaml.find("list")->as_texts("words").error()), "a.yaml:2:8: octet \\x07 has no place in words");
  EXPECT_TRUE(yaml.find("lines")->as_text("a text"));
}

TEST(Yaml, FilesWithoutEndAndThoseThatKeepOneWaiting) {
  EXPECT_EQ(to_string(read_file("/dev/zero").error()), "/dev/zero: cannot read: it has more than the 16 MiB that a file may have here");
  EXPECT_EQ(*read_file("/dev/null"), "");
  EXPECT_EQ(to_string(read_regular_file("/dev/null").error()), "/dev/null: cannot read: it is no regular file");
  EXPECT_EQ(to_string(read_regular_file("/").error()), "/: cannot read: it is no regular file");
  const std::string pipe = testing::TempDir() + "/smtpspec-pipe-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(to_string(read_regular_file(pipe).error()), pipe + ": cannot read: it is no regular file");
  EXPECT_EQ(to_string(read_file(pipe).error()), pipe + ": cannot read: it is a pipe, and nobody wrote to it");
  const int both = ::open(pipe.c_str(), O_RDWR);
  std::thread writer([both] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(::write(both, "text", 4), 4);
    ::close(both);
  });
  EXPECT_EQ(read_file(pipe), "text") << "its writer is waited for";
  writer.join();
  ::unlink(pipe.c_str());
}

TEST(Yaml, FileThatCannotBeReadIsAnError) {
  const auto text = read_file("/nonexistent/a.yaml");
  ASSERT_FALSE(text);
  EXPECT_EQ(to_string(text.error()), "/nonexistent/a.yaml: cannot read: No such file or directory");
}

}  // namespace
}  // namespace smtpspec::script
