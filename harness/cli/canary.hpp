// A folder in which nobody has any business: a file that comes to be there was made by a name, or a command, in what a client said.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::cli {

class CanaryFolder {
 public:
  // A folder that is there already, for a target that sees it by the same path; nothing in it is touched.
  static Result<CanaryFolder> open(const std::string& directory);
  // One of our own in /tmp, for everybody to write to; removed at the end.
  static Result<CanaryFolder> make();
  CanaryFolder(CanaryFolder&& other) noexcept;
  CanaryFolder& operator=(CanaryFolder&&) = delete;
  ~CanaryFolder();

  // The value of the fact.
  std::string fact() const { return directory_.substr(1); }
  // The names that came since the last call.
  std::vector<std::string> names();

 private:
  CanaryFolder(std::string directory, bool own) : directory_(std::move(directory)), own_(own) { names(); }

  std::string directory_;  // absolute
  bool own_ = false;
  std::set<std::string> known_;
};

}  // namespace smtpspec::cli
