#include "smtpspec/observe/maildir.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace smtpspec::observe {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_of_message = 16u << 20;

}  // namespace

Result<std::unique_ptr<Maildir>> Maildir::open(std::string directory) {
  std::error_code error;
  const fs::path path(directory);
  // Who delivers first makes it: then its parent has to be there.
  const fs::path there = fs::exists(path, error) || !path.has_parent_path() ? path : path.parent_path();
  if (!fs::is_directory(there, error)) return failure("the Maildir " + directory + ": " + (error ? error.message() : "no folder"));
  for (const fs::path& part : {there, path / "new", path / "cur"}) {
    fs::directory_iterator look(part, error);
    if (error && error != std::errc::no_such_file_or_directory) return failure("the Maildir " + part.string() + ": " + error.message());
  }
  return std::make_unique<Maildir>(std::move(directory));
}

Maildir::Maildir(std::string directory) : directory_(std::move(directory)) { arrived(); }

std::vector<delivery::Arrival> Maildir::arrived() {
  std::vector<delivery::Arrival> out;
  for (const char* part : {"new", "cur"}) {
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(directory_) / part, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!known_.insert(name.substr(0, name.find(':'))).second || entry->file_size(error) > most_of_message) continue;
      std::ifstream in(entry->path(), std::ios::binary);
      delivery::Arrival arrival{.octets = {}, .storage = delivery::Storage::lines};
      arrival.octets.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      out.push_back(std::move(arrival));
    }
  }
  return out;
}

}  // namespace smtpspec::observe
