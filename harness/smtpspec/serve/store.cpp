#include "smtpspec/serve/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

namespace smtpspec::serve {

namespace {
// A rename outlives a crash once its directory is flushed.
void flush_directory(const std::filesystem::path& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}
}  // namespace

Message onward(const Message& message) {
  Message out = message;
  std::erase_if(out.envelope.recipients, [](const Recipient& recipient) { return !recipient.mailbox.empty(); });
  return out;
}

bool MemoryStore::take(const Message& message) {
  for (const Recipient& recipient : message.envelope.recipients) {
    if (recipient.mailbox.empty()) continue;
    auto& box = messages_[recipient.mailbox];
    if (most_ == 0) continue;
    if (box.size() >= most_) box.erase(box.begin());
    box.push_back(message.delivered());
  }
  Message rest = onward(message);
  if (rest.envelope.recipients.empty() || most_ == 0) return true;
  if (forwarded_.size() >= most_) forwarded_.erase(forwarded_.begin());
  forwarded_.push_back(std::move(rest));
  return true;
}

std::vector<std::string> MemoryStore::messages(const std::string& mailbox) const {
  const auto it = messages_.find(mailbox);
  return it == messages_.end() ? std::vector<std::string>{} : it->second;
}

bool MaildirStore::write(const std::string& mailbox, std::string_view content, std::vector<File>& files) {
  namespace fs = std::filesystem;
  // The mailbox names come from the configuration, never from the wire; all the same nothing may leave the directory.
  if (mailbox.empty() || mailbox.find('/') != std::string::npos || mailbox[0] == '.') return false;
  const fs::path box = fs::path(directory_) / mailbox / "Maildir";
  std::error_code error;
  for (const char* part : {"tmp", "new", "cur"}) fs::create_directories(box / part, error);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string name = std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(now).count()) + "." +
                           std::to_string(::getpid()) + "_" + std::to_string(count_++) + ".smtpspec";
  const std::string temporary = (box / "tmp" / name).string();
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  files.push_back({temporary, (box / "new" / name).string()});
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(file, content.data() + written, content.size() - written);
    if (n < 0) break;
    written += static_cast<std::size_t>(n);
  }
  // RFC 5321 section 6.1: what was acknowledged must outlive a crash.
  const bool safe = written == content.size() && ::fsync(file) == 0;
  ::close(file);
  return safe;
}

bool MaildirStore::take(const Message& message) {
  namespace fs = std::filesystem;
  std::vector<File> files;
  std::error_code error;
  bool good = true, forward = false;
  for (const Recipient& recipient : message.envelope.recipients) {
    forward = forward || recipient.mailbox.empty();
    if (!recipient.mailbox.empty()) good = good && write(recipient.mailbox, message.delivered(), files);
  }
  if (forward) good = good && write("forward", message.content, files);
  // All are safe on the disk before the first is shown, so that a full disk leaves none behind.
  for (const File& file : files)
    if (good) fs::rename(file.temporary, file.final, error), good = !error;
  for (const File& file : files)
    if (good) flush_directory(fs::path(file.final).parent_path());
  if (good) return true;
  for (const File& file : files) fs::remove(file.temporary, error), fs::remove(file.final, error);
  return false;
}

}  // namespace smtpspec::serve
