// Where the reference server puts accepted messages: a seam of its own, so that a fault can lose, double or spoil one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

struct Message {
  Envelope envelope;
  std::string content;                       // with its Received field
  std::optional<std::string> final_trace{};  // what final delivery puts in front, where it is not the lawful Return-Path
  // What a mailbox gets (RFC 5321 section 4.4).
  std::string delivered() const { return final_trace.value_or("Return-Path: <" + envelope.reverse_path + ">\r\n") + content; }
};

class Store {
 public:
  virtual ~Store() = default;
  // Takes responsibility for the message, for all of its recipients or for none: false makes the server answer 451.
  virtual bool take(const Message& message) = 0;
};

// Keeps messages in memory; the last `most` of each mailbox, which may be none.
class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::size_t most = 100) : most_(most) {}
  bool take(const Message& message) override;
  std::vector<std::string> messages(const std::string& mailbox) const;
  // Messages with recipients for the next hop, those recipients only.
  const std::vector<Message>& forwarded() const { return forwarded_; }

 private:
  std::size_t most_;
  std::map<std::string, std::vector<std::string>> messages_;
  std::vector<Message> forwarded_;
};

// One Maildir per mailbox below a directory: written to tmp, flushed, renamed to new. What is for the next hop lies in
// the mailbox "forward".
class MaildirStore final : public Store {
 public:
  explicit MaildirStore(std::string directory) : directory_(std::move(directory)) {}
  bool take(const Message& message) override;

 private:
  struct File {
    std::string temporary, final;
  };
  bool write(const std::string& mailbox, std::string_view content, std::vector<File>& files);

  std::string directory_;
  std::uint64_t count_ = 0;
};

// The message for those recipients that have no mailbox here.
Message onward(const Message& message);

}  // namespace smtpspec::serve
