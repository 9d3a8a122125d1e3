// What the tests of processes share: a folder of files that they write, and a port that somebody listens at.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace smtpspec::net {

class TestFiles : public testing::Test {
 protected:
  TestFiles() {
    char pattern[] = "/tmp/smtpspec-test-XXXXXX";
    directory = ::mkdtemp(pattern);
  }
  ~TestFiles() override { std::filesystem::remove_all(directory); }
  std::string file(const std::string& name) const { return directory + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // The file's first line, when it has come.
  std::string await_line(const std::string& name) const {
    for (int i = 0; i < 1000; ++i) {
      if (const std::string text = read(name); text.find('\n') != std::string::npos) return text.substr(0, text.find('\n'));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return "";
  }
  std::string directory;
};

// A socket that listens there, or -1.
inline int listener(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(socket, 100) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace smtpspec::net
