// A mailbox that a user's command shows: it prints all that is there as an mbox, again and again for as long as something is waited for.
#pragma once

#include <map>
#include <optional>

#include "smtpspec/delivery/observer.hpp"
#include "smtpspec/net/process.hpp"

namespace smtpspec::cli {

class CommandMailbox final : public delivery::Observer {
 public:
  // Its output is kept in files of `directory`, which is removed in the end.
  CommandMailbox(std::string command, std::string directory) : command_(std::move(command)), directory_(std::move(directory)) {}
  ~CommandMailbox() override;
  std::vector<delivery::Arrival> arrived() override;

  // Starts it, unless it works still.
  Result<void> begin();
  // It has ended since; then `trouble` says how it failed, if it did.
  bool ended() { return !process_ || !process_->ended().empty(); }
  std::string trouble() const;

 private:
  std::string out() const { return directory_ + "/mbox"; }
  std::string complaints() const { return directory_ + "/complaints"; }

  std::string command_, directory_;
  std::optional<net::Process> process_;
  std::map<std::string, std::size_t> known_;  // copies of each message
};

}  // namespace smtpspec::cli
