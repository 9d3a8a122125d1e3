// TARGET on the command line: a URL, a profile file, `embedded`, or `lab:NAME`. Opening one may start servers; they end
// with the Target.
#pragma once

#include <memory>

#include "cli/cli.hpp"
#include "smtpspec/net/loop.hpp"
#include "smtpspec/net/process.hpp"
#include "smtpspec/run/run.hpp"
#include "smtpspec/serve/server.hpp"

namespace smtpspec::cli {

// The flags that set the commonest facts without a profile.
struct TargetFlags {
  std::string rcpt, rcpt_second, rcpt_unknown, rcpt_relay, rcpt_denied, sender, client;
  std::string user, password_env, password_file, mailbox, host, source, start;
  std::string timeout;
  bool allow_remote = false;
  void add_to(CLI::App& command);
  // As they would be typed again; a password is none of them.
  std::vector<std::string> words() const;
  // The variable that the password of --user comes from, or "".
  std::string password_variable() const;
};

// The reference server with its store, listening on loopback.
struct Embedded {
  serve::MemoryStore store;
  std::unique_ptr<serve::Server> server;
};

class Target {
 public:
  Target() = default;
  Target(Target&&) = default;
  ~Target();
  run::Profile profile;
  std::unique_ptr<Embedded> embedded;
  std::unique_ptr<net::Process> process;
  std::string directory;  // of a lab server, removed at the end
  std::string command;    // that starts it, ports filled in

  // How to connect to it.
  net::TransportOptions transport_options();
  run::Attendant attendant();
  // Stops and starts it again; "" or what failed.
  std::string restart();
  // "" while a target that we started lives, else how it ended.
  std::string death();
};

// An error's status tells usage (2) from a target that does not come up (3).
struct OpenError {
  Error error;
  int status = usage;
};
tl::expected<Target, OpenError> open_target(const std::string& name, const TargetFlags& flags, const Environment& environment,
                                            net::Loop& loop);

}  // namespace smtpspec::cli
