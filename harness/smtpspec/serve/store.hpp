// Where the reference server puts accepted messages: a seam of its own, so that a fault can lose, double or spoil one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::serve {

struct Recipient {
  std::string address;  // forward-path without its brackets, as given
  std::string mailbox;  // local mailbox that it means, "" for one to forward
  std::string notify;   // RFC 3461
  std::string orcpt;
};

struct Envelope {
  std::string reverse_path;  // without brackets, "" for <>
  std::vector<Recipient> recipients;
  bool eight_bit = false;
  bool binary = false;
  bool unicode = false;
  std::string ret, envid;
};

class Store {
 public:
  virtual ~Store() = default;
  // Final delivery to one mailbox; `content` already has its trace fields. False: try again later (451).
  virtual bool deliver(const std::string& mailbox, const std::string& content) = 0;
  // For the next hop.
  virtual bool forward(const Envelope& envelope, const std::string& content) = 0;
};

// Keeps messages in memory; the last `most` of each mailbox.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::size_t most = 100) : most_(most) {}
  bool deliver(const std::string& mailbox, const std::string& content) override;
  bool forward(const Envelope& envelope, const std::string& content) override;
  std::vector<std::string> messages(const std::string& mailbox) const;
  std::vector<std::pair<Envelope, std::string>> forwarded() const;

 private:
  std::size_t most_;
  std::map<std::string, std::vector<std::string>> messages_;
  std::vector<std::pair<Envelope, std::string>> forwarded_;
};

// One Maildir per mailbox below a directory: written to tmp, flushed, renamed to new.
class MaildirStore final : public Store {
 public:
  explicit MaildirStore(std::string directory) : directory_(std::move(directory)) {}
  bool deliver(const std::string& mailbox, const std::string& content) override;
  bool forward(const Envelope& envelope, const std::string& content) override;

 private:
  std::string directory_;
  std::uint64_t count_ = 0;
};

}  // namespace smtpspec::serve
