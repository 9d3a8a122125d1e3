// How often the heap was asked for memory, by anything in this process.
#pragma once

#include <cstdint>

namespace smtpspec::bench {

std::uint64_t allocations();

}  // namespace smtpspec::bench
