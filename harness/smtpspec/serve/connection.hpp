// One connection of the reference server.
#pragma once

#include "smtpspec/serve/server.hpp"

namespace smtpspec::serve {

std::unique_ptr<smtp::Machine> make_connection(Server& server, smtp::Role role);

}  // namespace smtpspec::serve
