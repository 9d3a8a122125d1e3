// Sessions of ours against a server on loopback; measure.py compares them with those of others.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "sockets/ours.hpp"

int main(int argc, char** argv) {
  namespace sockets = smtpspec::bench::sockets;
  sockets::Work work{.cases = SMTPSPEC_CASES_DIRECTORY};
  std::string client;
  CLI::App app("Sessions against a server on loopback, every reply judged.", "ours");
  app.add_option("CLIENT", client, "transport: what run and fuzz use; driver: for load")
      ->required()
      ->check(CLI::IsMember({"transport", "driver"}));
  app.add_option("PORT", work.port)->required();
  app.add_option("CONNECTIONS", work.connections, "At once")->required()->check(CLI::Range(1, 1000));
  app.add_option("SESSIONS", work.sessions)->required();
  app.add_option("MESSAGES", work.messages, "In each session")->required();
  app.add_flag("--pipelined", work.pipelined, "Groups of commands in one write (RFC 2920)");
  app.add_flag("--abandoned", work.abandoned, "No message is sent: its transaction ends with RSET");
  app.add_option("--cases", work.cases, "Folder with the registry")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    const sockets::Done done = client == "driver" ? sockets::by_driver(work) : sockets::by_transport(work);
    std::printf("%ld sessions, %ld replies judged\n", done.sessions, done.replies);
    for (const auto& [what, times] : done.found) std::printf("%ld times: %s\n", times, what.c_str());
    if (done.wrong.empty() && done.sessions == work.sessions) return 0;
    std::fprintf(stderr, "%s\n", done.wrong.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
