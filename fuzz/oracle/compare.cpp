#include "fuzz/oracle/compare.hpp"

#include <map>

namespace smtpspec::fuzz {
namespace {

using session::Entry;

// The replies of each connection, with their place in the transcript; those of the farewell aside.
std::map<int, std::vector<int>> replies_of(const session::Transcript& transcript) {
  std::map<int, std::vector<int>> out;
  for (std::size_t i = 0; i < transcript.entries.size(); ++i) {
    const Entry& entry = transcript.entries[i];
    if (entry.kind == Entry::Kind::reply && !entry.closing) out[entry.connection].push_back(static_cast<int>(i));
  }
  return out;
}

const Entry& at(const session::Transcript& transcript, int index) { return transcript.entries[static_cast<std::size_t>(index)]; }

}  // namespace

std::optional<judge::Finding> compare(const session::Transcript& target, const session::Transcript& reference) {
  auto ours = replies_of(target), theirs = replies_of(reference);
  const auto differs = [](const Entry* here, const Entry* there, int index) {
    const auto show = [](const Entry* entry) { return entry ? std::to_string(entry->reply->code / 100) + "yz" : std::string("no reply"); };
    judge::Finding out{.rule = std::string(unlike_reference), .requirements = {}, .verdict = judge::Verdict::observed};
    out.step = here ? here->command : there->command;
    out.expected = show(there) + " as of the reference server";
    out.came = here ? std::to_string(here->reply->code) + " " + here->shown(here->reply->text(), 200) : show(here);
    out.entry = index;
    return out;
  };
  for (auto& [connection, replies] : theirs) {
    const auto& own = ours[connection];
    for (std::size_t i = 0; i < std::max(own.size(), replies.size()); ++i) {
      const Entry* here = i < own.size() ? &at(target, own[i]) : nullptr;
      const Entry* there = i < replies.size() ? &at(reference, replies[i]) : nullptr;
      if (here && there && here->command == there->command && here->reply->code / 100 == there->reply->code / 100) continue;
      return differs(here, there, here ? own[i] : -1);
    }
  }
  return {};
}

}  // namespace smtpspec::fuzz
