#include "cli/corpus.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <sstream>

#include "fuzz/scenario/text.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/script/yaml.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".scenario";

struct CorpusFlags {
  std::vector<std::string> from;
  std::string into, on;
  TargetFlags facts;
};

struct Shown {
  std::vector<fuzz::Shows> shows;  // of each scenario
  std::vector<bool> played;        // false where the target has not what a scenario names
  std::string dead;                // how the target was lost, if it was
};

// What the scenarios show on a target.
Shown shown(const std::vector<fuzz::Replayed>& all, fuzz::Target target, session::Transport& transport, int connections,
            const script::Registry& registry) {
  Shown out{std::vector<fuzz::Shows>(all.size()), std::vector<bool>(all.size(), false), {}};
  fuzz::Calls calls;
  calls.replayed = [&out](std::size_t number, const fuzz::Shows& shows) {
    out.shows[number] = shows;
    out.played[number] = true;
  };
  fuzz::Campaign campaign(std::move(target), transport, registry, {.scenarios = 0, .connections = connections, .accuse = false}, calls);
  out.dead = campaign.run(all).dead;
  return out;
}

Shown shown_by_reference(const std::vector<fuzz::Replayed>& all, const script::Registry& registry) {
  selftest::ReferenceInMemory reference({.idle = std::chrono::minutes(30)}, crypto::digests(), "corpus");
  return shown(all, fuzz_target(reference.profile(), {std::begin(smtp::all_roles), std::end(smtp::all_roles)}), reference.transport(), 1,
               registry);
}

int corpus_command(const CorpusFlags& flags, const Environment& environment) {
  const auto suite = open_suite(environment, true);
  if (!suite) return usage;
  auto into = CorpusFolder::open(flags.into);
  if (!into) {
    complain(into.error());
    return usage;
  }
  std::vector<fuzz::Replayed> all = into->entries();
  const std::size_t there = all.size();
  std::set<std::string> names;
  for (const fuzz::Replayed& one : all) names.insert(one.name);
  std::size_t damaged = into->damaged();
  for (const std::string& path : flags.from) {
    std::error_code error;
    if (fs::equivalent(path, flags.into, error)) continue;
    auto folder = CorpusFolder::open(path);
    if (!folder) {
      complain(folder.error());
      return usage;
    }
    for (fuzz::Replayed& one : folder->entries())
      if (names.insert(one.name).second) all.push_back(std::move(one));
    damaged += folder->damaged();
  }
  if (all.empty()) {
    complain({"no scenario is left to keep"});
    return empty_selection;
  }
  Shown what;
  if (flags.on.empty()) {
    what = shown_by_reference(all, suite->registry);
  } else {
    net::Loop loop;
    loop.on_signal([&] { loop.stop(); });
    auto target = open_target(flags.on, flags.facts, environment, loop);
    if (!target) return why_not(target.error());
    net::Transport transport(loop, target->profile.endpoints, target->transport_options());
    std::vector<smtp::Role> roles;
    for (const auto& [role, endpoint] : target->profile.endpoints) roles.push_back(role);
    what = shown(all, fuzz_target(target->profile, std::move(roles)), transport, target->profile.connections, suite->registry);
    target->stop();
    if (net::caught()) return ok;
  }
  // A folder loses nothing to a target that could not say what is worth keeping.
  if (!what.dead.empty()) {
    complain({"the target is lost: " + what.dead});
    return unreachable;
  }
  std::vector<bool> kept = what.played;
  kept.flip();
  for (const std::size_t number : fuzz::distilled(what.shows)) kept[number] = true;
  for (std::size_t i = there; i < all.size(); ++i)
    if (kept[i])
      if (auto added = into->add(all[i].scenario); !added) {
        complain(added.error());
        return usage;
      }
  for (std::size_t i = 0; i < there; ++i)
    if (!kept[i]) into->remove(all[i].name);
  std::printf("%s: %zu of %zu scenarios show all that they show%s\n", flags.into.c_str(),
              static_cast<std::size_t>(std::count(kept.begin(), kept.end(), true)), all.size(),
              damaged ? (", " + std::to_string(damaged) + " damaged").c_str() : "");
  return ok;
}

}  // namespace

Result<CorpusFolder> CorpusFolder::open(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return failure("cannot make the folder: " + error.message(), Place{path});
  return CorpusFolder(path);
}

std::string CorpusFolder::file(const std::string& name) const { return (fs::path(path_) / name).string(); }

std::string CorpusFolder::name_of(const fuzz::Scenario& scenario) { return crypto::sha256_hex(fuzz::to_text(scenario)).substr(0, 16); }

std::vector<fuzz::Replayed> CorpusFolder::entries() {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; it != end; it.increment(error))
    if (it->path().extension() == extension) files.push_back(it->path().string());
  if (error) complain({"cannot read the folder: " + error.message(), Place{path_}});
  std::sort(files.begin(), files.end());
  std::vector<fuzz::Replayed> out;
  for (const std::string& path : files) {
    const auto text = script::read_file(path);
    auto scenario = text ? fuzz::from_text(*text, path) : tl::unexpected(text.error());
    if (scenario) {
      out.push_back({fs::path(path).stem().string(), std::move(*scenario)});
      continue;
    }
    ++damaged_;
    complain({scenario.error().message + "; it is left out", scenario.error().place});
  }
  return out;
}

CorpusFolder::State CorpusFolder::state(bool aloud) const {
  State out;
  std::error_code error;
  if (!fs::exists(file("state"), error)) return out;
  const auto text = script::read_file(file("state"));
  if (!text) {
    if (aloud) complain(text.error());
    return out;
  }
  std::istringstream in(*text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    unsigned long long seed = 0, shard = 0, shards = 0, next = 0;
    char rest = 0;
    if (std::sscanf(line.c_str(), "seed %llu shard %llu/%llu next %llu%c", &seed, &shard, &shards, &next, &rest) == 4)
      out[{seed, shard, shards}] = next;
    else if (aloud) complain({"expected 'seed N shard M/N next N'; the line is left out", {file("state"), number, 0}});
  }
  return out;
}

std::optional<std::uint64_t> CorpusFolder::next(std::uint64_t seed, std::uint64_t shard, std::uint64_t shards) const {
  const State all = state(true);
  const auto at = all.find({seed, shard, shards});
  return at == all.end() ? std::optional<std::uint64_t>() : at->second;
}

Result<void> CorpusFolder::set_next(std::uint64_t seed, std::uint64_t shard, std::uint64_t shards, std::uint64_t next) const {
  State all = state(false);
  all[{seed, shard, shards}] = next;
  std::string text;
  for (const auto& [campaign, number] : all) {
    const auto& [of, part, parts] = campaign;
    text += "seed " + std::to_string(of) + " shard " + std::to_string(part) + "/" + std::to_string(parts) + " next " +
            std::to_string(number) + "\n";
  }
  return write_to(file("state"), text);
}

Result<void> CorpusFolder::add(const fuzz::Scenario& scenario) {
  return write_to(file(name_of(scenario) + std::string(extension)), fuzz::to_text(scenario));
}

void CorpusFolder::remove(const std::string& name) const {
  std::error_code ignored;
  fs::remove(file(name + std::string(extension)), ignored);
}

fuzz::Target fuzz_target(const run::Profile& profile, std::vector<smtp::Role> roles) {
  return {std::move(roles),
          profile.facts,
          {.deadlines = profile.deadlines, .digests = crypto::digests(), .credentials = {}, .nonce = crypto::random_hex(8)}};
}

void add_corpus(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<CorpusFlags>();
  CLI::App* command = app.add_subcommand("corpus", "Merge corpora of fuzz, and keep the fewest scenarios that show all");
  command->add_option("DIR", flags->from, "The corpora")->check(CLI::ExistingDirectory);
  command->add_option("--into", flags->into, "The corpus that takes what is kept; what it holds takes part")->required()->type_name("DIR");
  command->add_option("--on", flags->on, "What they show on this target counts (default: on the reference server, in memory)")
      ->type_name("TARGET");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(corpus_command(*flags, environment)); });
}

}  // namespace smtpspec::cli
