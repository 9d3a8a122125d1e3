#include "smtpspec/run/excerpt.hpp"

#include <algorithm>

namespace smtpspec::run {
namespace {

constexpr std::size_t most_octets_of_an_entry = 8192;
constexpr std::size_t most_octets_in_full = 128u << 10;  // in all; behind that …
constexpr std::size_t most_octets_of_the_rest = 256;     // … so much of each entry
constexpr std::size_t most_entries = 300;
constexpr std::size_t entries_at_the_ends = 100;
constexpr std::size_t entries_around_a_finding = 10;

// Takes entries out of the middle of a long transcript; the findings go on pointing at theirs.
void leave_out(std::vector<session::Entry>& entries, std::vector<judge::Finding>& findings) {
  if (entries.size() <= most_entries) return;
  std::vector<bool> kept(entries.size(), false);
  const auto keep = [&](std::size_t from, std::size_t to) {
    std::fill(kept.begin() + static_cast<std::ptrdiff_t>(from), kept.begin() + static_cast<std::ptrdiff_t>(std::min(to, kept.size())),
              true);
  };
  keep(0, entries_at_the_ends);
  keep(entries.size() - entries_at_the_ends, entries.size());
  for (const auto& finding : findings)
    if (finding.entry >= 0) {
      const auto at = static_cast<std::size_t>(finding.entry);
      keep(at - std::min(at, entries_around_a_finding), at + entries_around_a_finding);
    }
  std::vector<session::Entry> out;
  std::vector<int> moved(entries.size(), -1);
  std::size_t gap = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!kept[i]) {
      ++gap;
      continue;
    }
    if (gap > 0) {
      session::Entry note = entries[i - 1];
      note = {.kind = session::Entry::Kind::note, .at = note.at, .connection = note.connection, .octets = {}, .reply = {}};
      note.octets = std::to_string(gap) + " entries are left out";
      out.push_back(std::move(note));
      gap = 0;
    }
    moved[i] = static_cast<int>(out.size());
    out.push_back(std::move(entries[i]));
  }
  for (auto& finding : findings)
    if (finding.entry >= 0)
      finding.entry = static_cast<std::size_t>(finding.entry) < moved.size() ? moved[static_cast<std::size_t>(finding.entry)] : -1;
  entries = std::move(out);
}

}  // namespace

void shorten(session::Transcript& transcript, std::vector<judge::Finding>& findings) {
  leave_out(transcript.entries, findings);
  std::size_t size = 0;
  for (auto& entry : transcript.entries) {
    std::string& octets = entry.reply ? entry.reply->octets : entry.octets;
    const std::size_t most = size < most_octets_in_full ? most_octets_of_an_entry : most_octets_of_the_rest;
    if (octets.size() > most) octets = octets.substr(0, most);  // and no memory for the rest
    size += octets.size();
    if (entry.reply) entry.reply->lines = {};  // they point into the octets
  }
  transcript.outcomes = {};
  transcript.offered = {};
  transcript.greeting.resize(std::min(transcript.greeting.size(), most_octets_of_the_rest));
}

}  // namespace smtpspec::run
