#include "smtpspec/script/suite.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace smtpspec::script {
namespace {

namespace fs = std::filesystem;

// A folder of files that goes with the test.
class Folder {
 public:
  Folder() : path_(fs::path(testing::TempDir()) / ("smtpspec-suite-" + std::to_string(++count_) + "-" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const fs::path& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }
  std::string path() const { return path_.string(); }

 private:
  static inline int count_ = 0;
  fs::path path_;
};

constexpr std::string_view one_row =
    "rfc: 5321\ntitle: A\nrequirements:\n  1-1: {level: MUST, subject: server, observable: wire, says: a}\n";
constexpr std::string_view good_case = "title: A\ncovers: [RFC5321-1-1]\ndialogue: |\n  C: NOOP\n  S: 250\n";

TEST(Suite, CasesHaveTheirPathForId) {
  const Folder folder;
  folder.write("requirements/rfc5321.yaml", one_row);
  folder.write("b/two.yaml", good_case);
  folder.write("a/deep/one.yaml", good_case);
  folder.write("a/notes.txt", "no case");
  folder.write("fixtures/invalid/x.yaml", "no case");
  folder.write("schema/case.json", "{}");
  folder.write("removed.yaml", "b/old: {instead: b/two, reason: 'the same'}\nb/older: {}\n");
  const auto suite = load_suite(folder.path());
  ASSERT_TRUE(suite) << to_string(suite.error());
  ASSERT_EQ(suite->cases.size(), 2u);
  EXPECT_EQ(suite->cases[0].id, "a/deep/one");
  EXPECT_EQ(suite->find("b/two"), &suite->cases[1]);
  EXPECT_EQ(suite->find("b/tw"), nullptr);
  EXPECT_NE(suite->registry.find("RFC5321-1-1"), nullptr);
  ASSERT_EQ(suite->removed.size(), 2u);
  EXPECT_EQ(suite->removed[0].id, "b/old");
  EXPECT_EQ(suite->removed[0].instead, "b/two");
  EXPECT_EQ(suite->removed[0].reason, "the same");
  EXPECT_TRUE(suite->errors.empty());
}

TEST(Suite, ACaseThatDoesNotParseCostsItselfOnly) {
  const Folder folder;
  folder.write("requirements/rfc5321.yaml", one_row);
  folder.write("a/bad.yaml", "title: A\n");
  folder.write("a/good.yaml", good_case);
  const auto suite = load_suite(folder.path());
  ASSERT_TRUE(suite);
  EXPECT_EQ(suite->cases.size(), 1u);
  ASSERT_EQ(suite->errors.size(), 1u);
  EXPECT_EQ(to_string(suite->errors[0]), folder.path() + "/a/bad.yaml:1:1: a case needs 'covers'");
}

TEST(Suite, WhatOnlyLooksLikeACaseIsAnErrorOfItsOwn) {
  const Folder folder;
  folder.write("requirements/rfc5321.yaml", one_row);
  folder.write("a/good.yaml", good_case);
  folder.write("a/.#good.yaml", "an editor's");
  folder.write("a/e\x1b[31m.yaml", good_case);
  fs::create_symlink("loop.yaml", folder.path() + "/a/loop.yaml");
  fs::create_directory_symlink("..", folder.path() + "/a/up");
  ASSERT_EQ(::mkfifo((folder.path() + "/a/pipe.yaml").c_str(), 0600), 0);
  const auto suite = load_suite(folder.path());
  ASSERT_TRUE(suite) << to_string(suite.error());
  EXPECT_EQ(suite->cases.size(), 1u);
  std::string said;
  for (const Error& error : suite->errors) said += to_string(error).substr(folder.path().size()) + "\n";
  EXPECT_EQ(said,
            "/a/e\x1b[31m.yaml: the name of a case file is the case's id, which has no control octets\n"
            "/a/loop.yaml: cannot read: Too many levels of symbolic links\n"
            "/a/pipe.yaml: cannot read: it is no regular file\n");
}

TEST(Suite, ALoopOfLinksIsNoFolder) {
  const Folder folder;
  fs::create_symlink("requirements", folder.path() + "/requirements");
  EXPECT_EQ(to_string(load_suite(folder.path()).error()), folder.path() + "/requirements: no requirement registry below it");
  EXPECT_EQ(to_string(load_suite(folder.path() + "/requirements").error()),
            folder.path() + "/requirements: no directory with test cases; set SMTPSPEC_CASES or give --cases");
}

TEST(Suite, DigestInputIsThatOfIdsAndSources) {
  const Folder one, two, three;
  for (const Folder* folder : {&one, &two, &three}) folder->write("requirements/rfc5321.yaml", one_row);
  one.write("a/x.yaml", good_case);
  two.write("a/x.yaml", good_case);
  three.write("a/y.yaml", good_case);
  EXPECT_EQ(load_suite(one.path())->digest_input, load_suite(two.path())->digest_input);
  EXPECT_NE(load_suite(one.path())->digest_input, load_suite(three.path())->digest_input);
}

TEST(Suite, WithoutFolderRegistryOrTombstonesThatParseThereIsNone) {
  const Folder folder;
  EXPECT_NE(to_string(load_suite(folder.path() + "/none").error()).find("no directory with test cases"), std::string::npos);
  EXPECT_NE(to_string(load_suite(folder.path()).error()).find("no requirement registry"), std::string::npos);
  folder.write("requirements/rfc5321.yaml", "rfc: x\n");
  EXPECT_NE(to_string(load_suite(folder.path()).error()).find("rfc5321.yaml:1:1:"), std::string::npos);
  folder.write("requirements/rfc5321.yaml", one_row);
  folder.write("removed.yaml", "a/b: {insted: c}\n");
  EXPECT_NE(to_string(load_suite(folder.path()).error()).find("removed.yaml:1:7: no key 'insted'"), std::string::npos);
}

}  // namespace
}  // namespace smtpspec::script
