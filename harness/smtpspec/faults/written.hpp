// The written faults by theme, a file each.
#pragma once

#include "smtpspec/faults/fault.hpp"

namespace smtpspec::faults {

std::vector<Fault> reply_faults();  // octets and texts of replies

}  // namespace smtpspec::faults
