#include "smtpspec/serve/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

namespace smtpspec::serve {

bool MemoryStore::deliver(const std::string& mailbox, const std::string& content) {
  auto& box = messages_[mailbox];
  if (box.size() >= most_) box.erase(box.begin());
  box.push_back(content);
  return true;
}

bool MemoryStore::forward(const Envelope& envelope, const std::string& content) {
  if (forwarded_.size() >= most_) forwarded_.erase(forwarded_.begin());
  forwarded_.emplace_back(envelope, content);
  return true;
}

std::vector<std::string> MemoryStore::messages(const std::string& mailbox) const {
  const auto it = messages_.find(mailbox);
  return it == messages_.end() ? std::vector<std::string>{} : it->second;
}

std::vector<std::pair<Envelope, std::string>> MemoryStore::forwarded() const { return forwarded_; }

bool MaildirStore::deliver(const std::string& mailbox, const std::string& content) {
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
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::write(file, content.data() + written, content.size() - written);
    if (n < 0) break;
    written += static_cast<std::size_t>(n);
  }
  // RFC 5321 section 6.1: what was acknowledged must outlive a crash.
  const bool safe = written == content.size() && ::fsync(file) == 0;
  ::close(file);
  if (safe) fs::rename(temporary, box / "new" / name, error);
  if (!safe || error) fs::remove(temporary, error);
  return safe && !error;
}

bool MaildirStore::forward(const Envelope&, const std::string& content) { return deliver("forward", content); }

}  // namespace smtpspec::serve
