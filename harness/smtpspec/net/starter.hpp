// A target that we start: brought up until it is ready, watched, and started again on request, all in turns of the loop.
//
//   Starter starter(loop, "server -p 2525", {{"smtp://127.0.0.1:2525", {{"127.0.0.1", 2525}}}}, "/tmp/log");
//   starter.restart([](const std::string& trouble) { … });   // "" when it is ready
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "smtpspec/net/loop.hpp"
#include "smtpspec/net/process.hpp"

namespace smtpspec::net {

class Starter {
 public:
  struct Port {
    std::string url;           // for messages
    std::vector<Endpoint> at;  // one of them is to take a connection
  };

  // `command` goes to /bin/sh, its output to the end of the file `log`: 64 MiB of it, all starts together.
  Starter(Loop& loop, std::string command, std::vector<Port> ports, const std::string& log);
  ~Starter();  // ends it as ~Process does; the loop shall not work any more

  // Ends what runs (after 3 s by force), starts anew, and calls `done` when all ports take connections, or with what failed:
  // within 40 s. Called in the middle of that it waits for the same end.
  using Done = std::function<void(const std::string& trouble)>;
  void restart(Done done);

  // "" while it lives and while it is we who end it, else how it ended.
  std::string death();
  // Asks it to end, for good.
  void stop();
  // Some of its output was dropped.
  bool log_was_cut();
  // Of what runs; nothing where nothing does.
  Usage usage() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace smtpspec::net
