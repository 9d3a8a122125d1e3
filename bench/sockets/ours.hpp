// Two clients of ours, each with CONNECTIONS sessions at once, every reply judged.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace smtpspec::bench::sockets {

struct Work {
  std::uint16_t port = 0;
  int connections = 20;
  long sessions = 1000, messages = 1;  // in each session
  bool pipelined = false;
  bool abandoned = false;  // by RSET, where DATA would be
  std::string cases;       // the folder of the suite, for the registry
};

struct Done {
  long sessions = 0, replies = 0;
  std::map<std::string, long> found;  // what of the replies is against the law, and how often; the sessions go on
  std::string wrong;                  // what ended everything: a code that was not asked for, a connection that broke
};

// net::Transport plays a case's session, the judge reads its transcript: what `smtpspec run` and `fuzz` do.
Done by_transport(const Work& work);
// Boost.Asio, the reply parser, and the server model that follows the server: for a load that never ends.
Done by_driver(const Work& work);

inline constexpr const char* content =
    "From: <alice@client.example>\r\nTo: <bob@server.example>\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nSubject: a benchmark\r\n\r\n"
    "The first line of it.\r\nThe second line of it.\r\nThe third line of it.\r\nThe last line of it.\r\n";

}  // namespace smtpspec::bench::sockets
