#include "smtpspec/observe/maildir.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "test/files.hpp"

namespace smtpspec::observe {
namespace {

class MaildirTest : public net::TestFiles {};

TEST_F(MaildirTest, EachMessageComesOnce) {
  namespace fs = std::filesystem;
  const std::string box_directory = file("box");
  for (const char* part : {"new", "cur", "tmp"}) fs::create_directories(fs::path(box_directory) / part);
  const auto put = [&](const std::string& name, const std::string& text) { std::ofstream(fs::path(box_directory) / name) << text; };
  put("new/1", "old");
  Maildir box(box_directory);
  EXPECT_TRUE(box.arrived().empty());
  put("tmp/2", "half");
  EXPECT_TRUE(box.arrived().empty());
  put("new/2", "whole");
  const auto arrived = box.arrived();
  ASSERT_EQ(arrived.size(), 1u);
  EXPECT_EQ(arrived.front().octets, "whole");
  fs::rename(fs::path(box_directory) / "new/2", fs::path(box_directory) / "cur/2:2,S");
  EXPECT_TRUE(box.arrived().empty());
  fs::remove_all(box_directory);
  EXPECT_TRUE(box.arrived().empty());
}

}  // namespace
}  // namespace smtpspec::observe
