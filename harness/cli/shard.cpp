#include "cli/shard.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace smtpspec::cli {
namespace {

// GoogleTest's and Bazel's variables count from 0.
Shard shard_of_environment() {
  for (const auto& [total, index] :
       {std::pair{"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX"}, std::pair{"TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX"}}) {
    const char* n = std::getenv(total);
    const char* i = std::getenv(index);
    if (n && i && std::atoi(n) > 0 && std::atoi(i) >= 0 && std::atoi(i) < std::atoi(n)) return {std::atoi(i) + 1, std::atoi(n)};
  }
  return {};
}

}  // namespace

Result<Shard> shard_of(const std::string& flag) {
  if (flag.empty()) return shard_of_environment();
  Shard out;
  char rest = 0;
  if (std::sscanf(flag.c_str(), "%d/%d%c", &out.part, &out.of, &rest) != 2 || out.of < 1 || out.part < 1 || out.part > out.of ||
      out.of > 100000)
    return failure("--shard: '" + flag + "' is no shard; it looks like 2/5");
  return out;
}

}  // namespace smtpspec::cli
