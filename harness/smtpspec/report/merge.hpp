// The shards of one run (run --shard m/n), put together again.
#pragma once

#include <vector>

#include "smtpspec/report/read.hpp"

namespace smtpspec::report {

// What a run without shards would have left behind: every test, a rule once for each role, under the worst that a shard saw. The run took
// as long as its longest shard, since they may have run at once. A waiver that lifts nothing is not called stale: what it names may lie in
// another shard. An error where they are not all the shards of one run; `files` names them, for errors.
Result<Reported> merged(std::vector<Reported> shards, const std::vector<std::string>& files);

}  // namespace smtpspec::report
