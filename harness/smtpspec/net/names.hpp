// Hosts and their addresses. A name is looked up once; what was found is checked, and the very same is connected to.
//
//   resolve(loop, {"localhost"}, 10s, [](Result<Addresses> found) { … });   // {"localhost": {"::1", "127.0.0.1"}}
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "smtpspec/smtp/result.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::net {

class Loop;

// Host -> where it is, in the order in which that is tried; an address is where it is itself.
using Addresses = std::map<std::string, std::vector<std::string>>;

// Looks all of them up at once, and has the loop connect to what was found. `done` gets that, or the first trouble: "cannot
// resolve 'mx.example.test': timed out". A look-up that hangs holds up neither the loop nor the end of the program.
void resolve(Loop& loop, const std::set<std::string>& hosts, smtp::Duration deadline, std::function<void(Result<Addresses>)> done);

// "192.0.2.1" and "2001:db8::1" are addresses, "localhost" is none.
bool is_address(const std::string& text);
// ::ffff:127.0.0.1 too.
bool is_loopback(const std::string& address);

}  // namespace smtpspec::net
