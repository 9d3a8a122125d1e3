#include "cli/mailbox.hpp"

#include <filesystem>

#include "smtpspec/observe/mbox.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {

namespace fs = std::filesystem;

constexpr std::uint64_t most_of_mailbox = 64u << 20, most_of_complaints = 4096;

CommandMailbox::~CommandMailbox() {
  process_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Result<void> CommandMailbox::begin() {
  if (!ended()) return {};
  std::error_code ignored;
  fs::remove(out(), ignored);
  fs::remove(complaints(), ignored);
  auto started = net::Process::start({"/bin/sh", "-c", command_}, {out(), most_of_mailbox}, {complaints(), most_of_complaints});
  if (!started) return tl::unexpected(started.error());
  process_ = std::move(*started);
  return {};
}

std::string CommandMailbox::trouble() const {
  if (!process_ || process_->status() == 0) return "";
  const auto said = script::read_file(complaints());
  const std::string first = said ? said->substr(0, said->find('\n')) : "";
  return "the command ended with status " + std::to_string(process_->status()) + (first.empty() ? "" : ": " + smtp::spell(first));
}

std::vector<delivery::Arrival> CommandMailbox::arrived() {
  std::vector<delivery::Arrival> out_list;
  if (!ended()) return out_list;
  if (process_ && trouble().empty()) {
    const auto text = script::read_file(out());
    std::size_t end = 0;
    std::map<std::string, std::size_t> now;
    for (const std::string_view message : observe::messages_of(text ? *text : "", false, end)) {
      std::string octets(message);
      if (++now[octets] > known_[octets]) out_list.push_back({.octets = std::move(octets), .storage = delivery::Storage::mbox});
    }
    for (const auto& [octets, count] : now) known_[octets] = std::max(known_[octets], count);
  }
  static_cast<void>(begin());
  return out_list;
}

}  // namespace smtpspec::cli
