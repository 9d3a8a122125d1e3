// Which part of the work is ours: --shard m/n, or what other runners say in the environment.
#pragma once

#include <string>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::cli {

struct Shard {
  int part = 1, of = 1;  // counted from 1
};

// Of the flag's value; without one, of GoogleTest's and Bazel's variables.
Result<Shard> shard_of(const std::string& flag);

}  // namespace smtpspec::cli
