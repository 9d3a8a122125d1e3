#include "cli/canary.hpp"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

// With what stands around it, it has to fit into the 64 octets of a local-part (RFC 5321 section 4.5.3.1.1).
constexpr std::size_t longest = 24;

bool is_plain(char c) { return smtp::is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/' || c == '-' || c == '_'; }

}  // namespace

Result<CanaryFolder> CanaryFolder::open(const std::string& directory) {
  std::error_code error;
  std::string path = fs::absolute(directory, error).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (error || !fs::is_directory(path, error)) return failure("'" + directory + "' is no folder");
  for (const char c : path)
    if (!is_plain(c)) return failure("'" + path + "' is no path for a local-part: letters, digits, '-', '_' and '/' only");
  if (path.size() > longest) return failure("'" + path + "' is longer than " + std::to_string(longest) + " octets");
  return CanaryFolder(std::move(path), false);
}

Result<CanaryFolder> CanaryFolder::make() {
  std::string path = "/tmp/sc-XXXXXX";
  // The target may be another user.
  if (!::mkdtemp(path.data()) || ::chmod(path.c_str(), 01777) != 0)
    return failure(std::string("cannot make the folder for files that nobody may make: ") + std::strerror(errno), Place{path});
  return CanaryFolder(std::move(path), true);
}

CanaryFolder::CanaryFolder(CanaryFolder&& other) noexcept
    : directory_(std::move(other.directory_)), own_(std::exchange(other.own_, false)), known_(std::move(other.known_)) {}

CanaryFolder::~CanaryFolder() {
  std::error_code ignored;
  if (own_) fs::remove_all(directory_, ignored);
}

std::vector<std::string> CanaryFolder::names() {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator entry(directory_, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (known_.insert(name).second) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace smtpspec::cli
