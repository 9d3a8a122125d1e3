// The reference server as a target: the profile that its configuration amounts to, and the server itself in memory.
#pragma once

#include "smtpspec/run/profile.hpp"
#include "smtpspec/serve/server.hpp"
#include "smtpspec/session/transport.hpp"

namespace smtpspec::selftest {

// All three roles at an endpoint named "memory"; whoever listens on sockets fills in his own.
run::Profile reference_profile(const serve::Config& config);

// A conforming server, its mail and the way to it. The facts of its profile are complete.
class ReferenceInMemory {
 public:
  // `token` is that of run::complete_facts; what is taken goes to `store`, which has to outlive it, where there is one.
  ReferenceInMemory(serve::Config config, const smtp::Digests& digests, const std::string& token, serve::Store* store = nullptr);
  ReferenceInMemory(const ReferenceInMemory&) = delete;
  ReferenceInMemory& operator=(const ReferenceInMemory&) = delete;

  session::Transport& transport() { return transport_; }
  const run::Profile& profile() const { return profile_; }

 private:
  serve::MemoryStore store_;
  serve::Server server_;
  session::MemoryTransport transport_;
  run::Profile profile_;
};

}  // namespace smtpspec::selftest
