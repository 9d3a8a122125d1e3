// Mailboxes that the oracle of deliveries can look into.
#pragma once

#include <set>
#include <utility>

#include "fuzz/oracle/delivery.hpp"
#include "smtpspec/serve/store.hpp"

namespace smtpspec::fuzz {

// In front of a store of the reference server: what it is given for one of its mailboxes.
class WatchedStore final : public serve::Store, public Mailbox {
 public:
  WatchedStore(serve::Store& behind, std::string mailbox) : behind_(behind), mailbox_(std::move(mailbox)) {}
  bool take(const serve::Message& message) override;
  std::vector<std::string> arrived() override { return std::exchange(arrived_, {}); }
  session::Duration delay() const override { return {}; }
  bool exact() const override { return true; }

 private:
  serve::Store& behind_;
  std::string mailbox_;
  std::vector<std::string> arrived_;
};

// The files of a Maildir, those that are there already aside.
class Maildir final : public Mailbox {
 public:
  explicit Maildir(std::string directory);
  std::vector<std::string> arrived() override;
  session::Duration delay() const override { return std::chrono::seconds(5); }
  bool exact() const override { return false; }

 private:
  std::string directory_;
  std::set<std::string> known_;
};

}  // namespace smtpspec::fuzz
