// Where an adapter that is wrong first parts from ours. The generator's account says that it is wrong; ours, which agrees with that
// account, only shows the place.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "adapter.h"

namespace smtpspec::bench {

// "the 18th of 81 is 250 \"ok\", and was given as 251 \"ok\""; "" when the two say the same, or one of them fails. Of what
// the adapter gives only what it says that it gives is compared.
std::string first_difference(const smtpspec_adapter& adapter, const smtpspec_adapter& ours, std::string_view octets,
                             std::span<const std::size_t> ends, std::chrono::milliseconds deadline);

}  // namespace smtpspec::bench
