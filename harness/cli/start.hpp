// The command that starts a target, its ports filled in.
//
//   server -p {port}                            one role
//   server --smtp {relay} --submit {submission} several, each by its name
//   server                                      it listens where the profile says
#pragma once

#include <functional>
#include <map>

#include "smtpspec/run/profile.hpp"

namespace smtpspec::cli {

struct Start {
  std::string command;
  std::map<smtp::Role, smtp::Endpoint> endpoints;
};

// `ports` gives the first of so many free ports in a row. A role that the command names and `endpoints` does not have is
// added on their host; one that it does not name is an error, since nobody would listen there.
Result<Start> fill_ports(std::string command, std::map<smtp::Role, smtp::Endpoint> endpoints,
                         const std::function<std::uint16_t(int)>& ports);

}  // namespace smtpspec::cli
