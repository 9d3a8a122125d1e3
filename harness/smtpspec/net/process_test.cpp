// Processes of targets: their output and their ends, however they end.
#include "smtpspec/net/process.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace smtpspec::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() {
    char pattern[] = "/tmp/smtpspec-test-XXXXXX";
    directory = ::mkdtemp(pattern);
  }
  ~ProcessTest() override { std::filesystem::remove_all(directory); }
  std::string file(const std::string& name) const { return directory + "/" + name; }
  std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // The file's first line, when it has come.
  std::string await_line(const std::string& name) const {
    for (int i = 0; i < 300; ++i) {
      if (const std::string text = read(name); text.find('\n') != std::string::npos) return text.substr(0, text.find('\n'));
      std::this_thread::sleep_for(10ms);
    }
    return "";
  }
  std::string directory;
};

// Gone, or dead and not yet collected by whoever inherited it.
bool is_gone(int pid) {
  for (int i = 0; i < 200; ++i) {
    if (::kill(pid, 0) != 0) return true;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t behind_name = line.rfind(") ");
    if (behind_name == std::string::npos || line[behind_name + 2] == 'Z') return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

TEST(RunCommand, OutputAndStatus) {
  const auto output = run_command({"sh", "-c", "echo out; echo err >&2; exit 3"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 3);
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->error, "err\n");
}

TEST(RunCommand, ArgumentsAreNotReadByAShell) {
  const auto output = run_command({"printf", "%s|", "a b", "$HOME", "'"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "a b|$HOME|'|");
}

TEST(RunCommand, HasNoInput) {
  const auto output = run_command({"cat"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 0);
  EXPECT_EQ(output->out, "");
}

TEST(RunCommand, Signal) {
  const auto output = run_command({"sh", "-c", "kill -SEGV $$"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 128 + SIGSEGV);
}

TEST(RunCommand, NoSuchProgram) {
  const auto output = run_command({"/nonexistent/program"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 127);
}

TEST(RunCommand, MuchOutputIsCut) {
  const auto output = run_command({"sh", "-c",
                                   "head -c 5000000 /dev/zero; head -c 3000000 "
                                   "/dev/zero >&2; echo done >&2"},
                                  10s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 0) << "it is read to its end all the same";
  EXPECT_GE(output->out.size(), 1u << 20);
  EXPECT_LT(output->out.size(), (1u << 20) + 10000);
  EXPECT_LT(output->error.size(), (1u << 20) + 10000);
}

TEST_F(ProcessTest, TimeoutKillsTheGroup) {
  const auto began = Clock::now();
  const auto output = run_command({"sh", "-c", "sleep 60 & echo $! > " + file("child") + "; wait"}, 300ms);
  EXPECT_LT(Clock::now() - began, 3s);
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().message, "'sh' did not end in time");
  const std::string child = await_line("child");
  ASSERT_FALSE(child.empty());
  EXPECT_TRUE(is_gone(std::stoi(child)));
}

TEST(RunCommand, TimeoutThoughOutputComes) {
  const auto began = Clock::now();
  EXPECT_FALSE(run_command({"yes"}, 200ms));
  EXPECT_LT(Clock::now() - began, 3s);
}

TEST(RunCommand, TimeoutThoughTheStreamsAreClosed) {
  const auto began = Clock::now();
  EXPECT_FALSE(run_command({"sh", "-c", "exec >&- 2>&-; sleep 60"}, 200ms));
  EXPECT_LT(Clock::now() - began, 3s);
  const auto output = run_command({"sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4"}, 5s);
  ASSERT_TRUE(output);
  EXPECT_EQ(output->status, 4);
}

TEST(RunCommand, TimeoutThatIsOverAtOnce) {
  const auto began = Clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(run_command({"sleep", "60"}, 0ms));
  EXPECT_LT(Clock::now() - began, 3s);
}

TEST_F(ProcessTest, StartsAndStops) {
  auto process = Process::start("echo ready; echo $$ > " + file("pid") + "; exec sleep 60", file("log"));
  ASSERT_TRUE(process) << to_string(process.error());
  EXPECT_EQ(await_line("log"), "ready");
  EXPECT_EQ(await_line("pid"), std::to_string(process->pid()));
  EXPECT_EQ(process->ended(), "");
  const int pid = process->pid();
  const auto began = Clock::now();
  process->stop();
  EXPECT_LT(Clock::now() - began, 2s) << "it ends when it is asked to";
  EXPECT_TRUE(is_gone(pid));
  process->stop();  // once more does nothing
}

TEST_F(ProcessTest, ErrorsGoToTheLogBehindWhatIsThere) {
  std::ofstream(file("log")) << "before\n";
  auto process = Process::start("echo trouble >&2", file("log"));
  ASSERT_TRUE(process);
  while (process->ended().empty()) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(read("log"), "before\ntrouble\n");
}

TEST_F(ProcessTest, DeathIsNoticed) {
  for (const auto& [command, how] : {std::pair{"exit 3", "exited with status 3"}, {"kill -SEGV $$", "ended by signal 11"}}) {
    auto process = Process::start(command, file("log"));
    ASSERT_TRUE(process);
    for (int i = 0; i < 300 && process->ended().empty(); ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(process->ended(), how);
    EXPECT_EQ(process->ended(), how) << "and stays known";
  }
}

TEST_F(ProcessTest, TheLogMustBeWritable) {
  const auto process = Process::start("true", file("no/such/log"));
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().place.file, file("no/such/log"));
}

TEST_F(ProcessTest, StopsTheWholeGroup) {
  auto process = Process::start("sleep 60 & echo $! > " + file("child") + "; wait", file("log"));
  ASSERT_TRUE(process);
  const std::string child = await_line("child");
  ASSERT_FALSE(child.empty());
  process->stop();
  EXPECT_TRUE(is_gone(std::stoi(child)));
}

// Its own end does not hide a child that does not want to end, and that may
// hold the port.
TEST_F(ProcessTest, StopsAChildThatIgnoresIt) {
  auto process = Process::start("(trap '' TERM; exec sleep 60) & echo $! > " + file("child") + "; wait", file("log"));
  ASSERT_TRUE(process);
  const std::string child = await_line("child");
  ASSERT_FALSE(child.empty());
  std::this_thread::sleep_for(100ms);  // for the trap to be set
  process->stop();
  EXPECT_TRUE(is_gone(std::stoi(child)));
}

TEST_F(ProcessTest, EndsWithItsOwner) {
  int pid = 0;
  {
    auto process = Process::start("exec sleep 60", file("log"));
    ASSERT_TRUE(process);
    pid = process->pid();
    Process moved = std::move(*process);
    EXPECT_EQ(moved.pid(), pid);
    EXPECT_EQ(moved.ended(), "");
    auto other = Process::start("exec sleep 60", file("log"));
    ASSERT_TRUE(other);
    const int other_pid = other->pid();
    *other = std::move(moved);
    EXPECT_TRUE(is_gone(other_pid));
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ProcessTest, StopPids) {
  auto process = Process::start("exec sleep 60", file("log"));
  ASSERT_TRUE(process);
  stop_pids({process->pid()});
  EXPECT_TRUE(is_gone(process->pid()));
}

int listener(std::uint16_t port, int backlog) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(socket, backlog), 0);
  return socket;
}

TEST(Ports, FreeOnesAreFree) {
  const std::uint16_t first = free_ports(3);
  ASSERT_NE(first, 0);
  std::vector<int> sockets;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(answers({"127.0.0.1", static_cast<std::uint16_t>(first + i)}));
    sockets.push_back(listener(static_cast<std::uint16_t>(first + i), 5));
    EXPECT_TRUE(answers({"127.0.0.1", static_cast<std::uint16_t>(first + i)}));
  }
  const std::uint16_t second = free_ports(10);
  ASSERT_NE(second, 0);
  EXPECT_TRUE(second + 10 <= first || second > first + 2) << "none is given twice";
  for (const int socket : sockets) ::close(socket);
  EXPECT_FALSE(answers({"127.0.0.1", first}));
}

// A listener that takes no more connections leaves the attempt without an
// answer, but not for ever.
TEST(Ports, AFullQueueIsNoAnswer) {
  const std::uint16_t port = free_ports(1);
  const int socket = listener(port, 0);
  const auto began = Clock::now();
  std::vector<int> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(clients.back(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(answers({"127.0.0.1", port}));
  EXPECT_LT(Clock::now() - began, 3s);
  for (const int client : clients) ::close(client);
  ::close(socket);
}

TEST(Ports, OfIpv6) {
  const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  socklen_t size = sizeof address;
  if (socket < 0 || ::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0) GTEST_SKIP() << "no IPv6 here";
  ::listen(socket, 5);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  const std::uint16_t port = ntohs(address.sin6_port);
  EXPECT_TRUE(answers({"::1", port}));
  ::close(socket);
  EXPECT_FALSE(answers({"::1", port}));
}

TEST(Ports, Addresses) {
  for (const char* good : {"127.0.0.1", "::1", "2001:db8::1"}) EXPECT_TRUE(is_address(good)) << good;
  for (const char* bad : {"", "localhost", "127.0.0.1.2", "127.1", "::g", "[::1]"}) EXPECT_FALSE(is_address(bad)) << bad;
}

}  // namespace
}  // namespace smtpspec::net
