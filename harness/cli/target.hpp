// TARGET on the command line: a URL, a profile file, `embedded`, or `lab:NAME`. Opening one may start servers; they end
// with the Target. A signal ends the opening.
#pragma once

#include <memory>
#include <thread>

#include "cli/cli.hpp"
#include "smtpspec/net/loop.hpp"
#include "smtpspec/net/process.hpp"
#include "smtpspec/net/starter.hpp"
#include "smtpspec/observe/reference.hpp"
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

// Servers of ours work in a thread of their own, like the process that another target is.
struct ServerThread {
  net::Loop loop;
  std::thread thread;
  void begin(const char* name);
  ~ServerThread();
};

// The reference server with its store, listening on loopback.
struct Embedded {
  observe::ReferenceMail mail{crypto::digests()};
  std::unique_ptr<serve::Server> server;
  ServerThread works;
};

// The next hop of a target.
struct NextHop {
  explicit NextHop(const std::string& domain) : sink(domain, crypto::digests()) {}
  observe::Sink sink;
  ServerThread works;
};

class Target {
 public:
  Target() = default;
  Target(Target&&) = default;
  ~Target();  // waits for what was started to end
  run::Profile profile;
  std::unique_ptr<Embedded> embedded;
  std::map<script::Where, std::unique_ptr<delivery::Observer>> observers;  // of the profile's mailboxes
  std::unique_ptr<NextHop> next_hop;
  std::unique_ptr<net::Starter> starter;  // of --start
  std::optional<net::Process> lab;
  std::string directory;   // of what was started, removed at the end …
  bool keep_logs = false;  // … but for the logs in it, and for the folder then
  bool remote = false;     // not all of it is on this machine

  // What the launcher of a lab server printed: its profile.
  std::string launcher_output() const { return directory + "/profile.yaml"; }
  // How to connect to it.
  net::TransportOptions transport_options();
  run::Attendant attendant();
  // "" while a target that we started lives, else how it ended.
  std::string death();
  // Asks what was started to end.
  void stop();
  // Complains of those that nobody can look into; their tests are skipped.
  void open_mailboxes();
  // Keeps what the target logged, and says in the run where.
  void keep_logs_of(run::Run& run);
};

// An error's status tells usage (2) from a target that does not come up (3) and from a signal.
struct OpenError {
  Error error;
  int status = usage;
};
tl::expected<Target, OpenError> open_target(const std::string& name, const TargetFlags& flags, const Environment& environment,
                                            net::Loop& loop);

// The lab servers: the launchers beside lab.sh, sorted.
std::vector<std::string> lab_servers(const Environment& environment);
// What a launcher is run for: how that it was not done is said, "did not start", and how long it may take.
struct Errand {
  std::string_view failed;
  std::chrono::minutes time;
};
// Runs a launcher and gives what it printed. `target` holds what it started, in a folder that is made when there is none.
tl::expected<std::string, OpenError> ask_launcher(Target& target, const std::string& name, const std::vector<std::string>& arguments,
                                                  const Errand& errand, const Environment& environment, net::Loop& loop);

// Complains of it and gives its status.
int why_not(const OpenError& error);
// The status, or that of a command that a signal ended when one has come.
int unless_caught(int status);

}  // namespace smtpspec::cli
