#include "fuzz/campaign/mailbox.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace smtpspec::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t most_of_message = 16u << 20;

}  // namespace

bool WatchedStore::take(const serve::Message& message) {
  const bool good = behind_.take(message);
  for (const serve::Recipient& recipient : message.envelope.recipients)
    if (good && recipient.mailbox == mailbox_) arrived_.push_back(message.delivered());
  return good;
}

Maildir::Maildir(std::string directory) : directory_(std::move(directory)) { arrived(); }

std::vector<std::string> Maildir::arrived() {
  std::vector<std::string> out;
  for (const char* part : {"new", "cur"}) {
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(directory_) / part, error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!known_.insert(name.substr(0, name.find(':'))).second || entry->file_size(error) > most_of_message) continue;
      std::ifstream in(entry->path(), std::ios::binary);
      out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
  }
  return out;
}

}  // namespace smtpspec::fuzz
