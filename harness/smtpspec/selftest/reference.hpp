// The reference server as a target: the profile that its configuration amounts to.
#pragma once

#include "smtpspec/run/profile.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::selftest {

// All three roles at an endpoint named "memory"; whoever listens on sockets fills in his own.
run::Profile reference_profile(const serve::Config& config);

}  // namespace smtpspec::selftest
