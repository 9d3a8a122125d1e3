// A corpus in a folder: an entry a file, NAME.scenario (fuzz/scenario/text.hpp), whose name is a digest of its text, so that folders
// are merged by copying; and `state`, which says for each seed and shard where its campaign goes on.
//
//   seed 7 shard 1/1 next 1204
//
// Every file is replaced as a whole. A file that cannot be read is complained of, with its place, and left out.
#pragma once

#include <map>
#include <tuple>

#include "cli/target.hpp"
#include "fuzz/campaign/campaign.hpp"

namespace smtpspec::cli {

class CorpusFolder {
 public:
  // Makes the folder when it is not there.
  static Result<CorpusFolder> open(const std::string& path);

  // In the order of their names. What is damaged is counted too.
  std::vector<fuzz::Replayed> entries();
  std::size_t damaged() const { return damaged_; }

  std::optional<std::uint64_t> next(std::uint64_t seed, std::uint64_t shard, std::uint64_t shards) const;
  // The file is read anew, for other shards may write to it too.
  Result<void> set_next(std::uint64_t seed, std::uint64_t shard, std::uint64_t shards, std::uint64_t next) const;

  Result<void> add(const fuzz::Scenario& scenario);
  void remove(const std::string& name) const;

  static std::string name_of(const fuzz::Scenario& scenario);

 private:
  explicit CorpusFolder(std::string path) : path_(std::move(path)) {}
  std::string file(const std::string& name) const;
  using State = std::map<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>, std::uint64_t>;  // seed, shard, shards -> next
  State state(bool aloud) const;                                                                   // aloud: with complaints

  std::string path_;
  std::size_t damaged_ = 0;
};

// What a campaign has to know of a target.
fuzz::Target fuzz_target(const run::Profile& profile, std::vector<smtp::Role> roles);

}  // namespace smtpspec::cli
