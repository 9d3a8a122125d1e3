// The parser and the linter on whole files: cases/fixtures/valid has none of their complaints, each file of
// cases/fixtures/invalid has exactly one, that its first line tells: "# expect: LINE:COLUMN: beginning of the message".
#include "smtpspec/script/lint.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "smtpspec/script/yaml.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::script {
namespace {

constexpr std::string_view registry_text = R"(
rfc: 5321
title: Simple Mail Transfer Protocol
requirements:
  1-1: {level: MUST, subject: server, observable: wire, says: One thing.}
  1-2: {level: SHOULD, subject: server, observable: wire, says: Another thing.}
  1-3: {level: MUST, subject: client, observable: none, says: What nobody sees.}
)";
constexpr std::string_view rules[] = {"reply-ends-in-crlf", "reply-has-text"};
constexpr std::string_view faults[] = {"model/ready/NOOP/code-500", "content/lf-dot-lf"};

std::vector<std::filesystem::path> fixtures(const char* folder) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(source_directory() + "/cases/fixtures") / folder))
    out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

// All that is said about a file, with its bare name.
std::vector<std::string> complaints(const std::string& text, const std::string& name) {
  Suite suite;
  EXPECT_TRUE(suite.registry.add(std::string(registry_text), "registry"));
  std::vector<std::string> out;
  const auto parsed = parse_case(text, "id", name);
  if (!parsed) return {to_string(parsed.error())};
  for (const Error& problem : lint(*parsed, suite, {rules, faults})) out.push_back(to_string(problem));
  return out;
}

TEST(Fixtures, ValidOnesHaveNoComplaintAndAreInCanonicalForm) {
  const auto files = fixtures("valid");
  EXPECT_GE(files.size(), 18u);
  for (const auto& file : files) {
    const std::string text = *read_file(file);
    EXPECT_EQ(complaints(text, file.filename()), std::vector<std::string>{}) << file.filename();
    const auto form = format_case(text, file.filename());
    ASSERT_TRUE(form) << to_string(form.error());
    EXPECT_EQ(*form, text) << file.filename();
  }
}

TEST(Fixtures, InvalidOnesHaveTheComplaintTheyTell) {
  const auto files = fixtures("invalid");
  EXPECT_GE(files.size(), 130u);
  for (const auto& file : files) {
    const std::string name = file.filename(), text = *read_file(file), mark = "# expect: ";
    ASSERT_TRUE(text.starts_with(mark)) << name;
    const std::string expected = text.substr(mark.size(), text.find('\n') - mark.size());
    const auto said = complaints(text, name);
    ASSERT_EQ(said.size(), 1u) << name << ": " << testing::PrintToString(said);
    EXPECT_TRUE(said[0].starts_with(name + ":" + expected) || said[0].starts_with(name + ": " + expected))
        << "expected " << name << ":" << expected << "\nsaid     " << said[0];
  }
}

}  // namespace
}  // namespace smtpspec::script
