// Processes of targets: their output and their ends, however they end.
#include "smtpspec/net/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "test/expect.hpp"
#include "test/files.hpp"

namespace smtpspec::net {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t plenty = 1 << 20;

class ProcessTest : public TestFiles {
 protected:
  Process start(const std::vector<std::string>& command) {
    auto process = Process::start(command, {file("out"), plenty}, {file("error"), plenty});
    EXPECT_TRUE(process) << (process ? "" : to_string(process.error()));
    return std::move(*process);
  }
  Process shell(const std::string& command) { return start({"/bin/sh", "-c", command}); }
};

std::string end_of(Process& process) {
  for (int i = 0; i < 1000 && process.ended().empty(); ++i) std::this_thread::sleep_for(10ms);
  return process.ended();
}

// Gone, or dead and not yet collected by whoever inherited it.
bool is_gone(const std::string& pid) {
  for (int i = 0; i < 1000; ++i) {
    if (::kill(std::stoi(pid), 0) != 0) return true;
    std::ifstream stat("/proc/" + pid + "/stat");
    std::string line;
    std::getline(stat, line);
    const std::size_t behind_name = line.rfind(") ");
    if (behind_name == std::string::npos || line[behind_name + 2] == 'Z') return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

// --- what it says -----------------------------------------------------------------------------------------------------------

TEST_F(ProcessTest, OutputAndStatus) {
  auto process = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(end_of(process), "exited with status 3");
  EXPECT_EQ(process.status(), 3);
  EXPECT_EQ(read("out"), "out\n");
  EXPECT_EQ(read("error"), "err\n");
  EXPECT_FALSE(process.cut());
}

TEST_F(ProcessTest, ErrorsGoWithTheRestAndBehindWhatIsThere) {
  std::ofstream(file("log")) << "before\n";
  auto process = Process::start({"/bin/sh", "-c", "echo one; echo trouble >&2; echo two"}, {file("log"), plenty});
  ASSERT_TRUE(process);
  end_of(*process);
  EXPECT_EQ(read("log"), "before\none\ntrouble\ntwo\n");
}

TEST_F(ProcessTest, ArgumentsAreNotReadByAShell) {
  auto process = start({"printf", "%s|", "a b", "$HOME", "'"});
  end_of(process);
  EXPECT_EQ(read("out"), "a b|$HOME|'|");
}

TEST_F(ProcessTest, HasNoInput) {
  auto process = start({"cat"});
  EXPECT_EQ(end_of(process), "exited with status 0");
  EXPECT_EQ(read("out"), "");
}

TEST_F(ProcessTest, MuchOutputIsDroppedAndKeepsNobodyWaiting) {
  std::ofstream(file("log")) << "before\n";
  auto process = Process::start({"/bin/sh", "-c", "head -c 5000000 /dev/zero; echo done >&2"}, {file("log"), 1000});
  ASSERT_TRUE(process);
  EXPECT_EQ(end_of(*process), "exited with status 0");
  EXPECT_TRUE(process->cut());
  EXPECT_EQ(read("log"), "before\n" + std::string(993, '\0'));
}

TEST_F(ProcessTest, TheLogMustBeWritable) {
  EXPECT_EQ(to_string(Process::start({"true"}, {file("no/such/log"), plenty}).error()),
            file("no/such/log") + ": cannot write: No such file or directory");
  ASSERT_EQ(::mkfifo(file("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(Process::start({"true"}, {file("pipe"), plenty})) << "that nobody reads";
}

// --- what it inherits ---------------------------------------------------------------------------------------------------------

// A socket that lived on in a target would be closed for nobody.
TEST_F(ProcessTest, NoDescriptorOfOurs) {
  int leak[2];
  ASSERT_EQ(::pipe(leak), 0);
  auto process = shell("ls /proc/$$/fd");
  end_of(process);
  EXPECT_EQ(read("out"), "0\n1\n2\n");
  // Nor does anybody else hold it.
  auto other = shell("exec sleep 60");
  ::close(leak[1]);
  char octet;
  EXPECT_EQ(::read(leak[0], &octet, 1), 0);
  ::close(leak[0]);
}

// --- how it ends ----------------------------------------------------------------------------------------------------------------

TEST_F(ProcessTest, EndsThatAreNoticed) {
  for (const auto& [command, how, status] : {std::tuple{"exit 3", "exited with status 3", 3},
                                             {"kill -SEGV $$", "ended by signal 11", 128 + SIGSEGV},
                                             {"no-such-program", "exited with status 127: the start command was not found", 127}}) {
    auto process = shell(command);
    EXPECT_EQ(end_of(process), how);
    EXPECT_EQ(process.ended(), how) << "and stays known";
    EXPECT_EQ(process.status(), status);
  }
  auto process = start({"/nonexistent/program"});
  EXPECT_EQ(end_of(process), "exited with status 127: the start command was not found");
}

TEST_F(ProcessTest, IsAskedFirst) {
  auto process = shell("trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done");
  EXPECT_EQ(await_line("out"), "ready");
  EXPECT_EQ(process.ended(), "");
  process.ask_to_end();
  EXPECT_EQ(end_of(process), "exited with status 5");
  EXPECT_EQ(read("out"), "ready\nbye\n");
  process.ask_to_end();  // once more does nothing
}

TEST_F(ProcessTest, StreamsThatAreClosedAreNoEnd) {
  auto process = shell("exec >&- 2>&-; sleep 0.1; exit 4");
  EXPECT_EQ(process.ended(), "");
  EXPECT_EQ(end_of(process), "exited with status 4");
}

// Each of them writes the number of a process that must not stay.
TEST_F(ProcessTest, NobodyStays) {
  for (const std::string command : {
           "echo $$ > FILE; exec sleep 60",
           "sleep 60 & echo $! > FILE; wait",
           "(trap '' TERM; exec sleep 60) & echo $! > FILE; wait",
           "setsid sh -c 'echo $$ > FILE; exec sleep 60' & wait",
           "(setsid sh -c 'echo $$ > FILE; exec sleep 60' &) & exec sleep 60",
           "(setsid sh -c '(setsid sh -c \"trap : TERM; echo \\$\\$ > FILE; while :; do sleep 1; done\" &)' &)",
           "(setsid sh -c 'exec >&- 2>&-; echo $$ > FILE; exec sleep 60' &); exit 1",
       }) {
    std::filesystem::remove(file("pid"));
    std::string pid;
    {
      auto process = shell(std::string(command).replace(command.find("FILE"), 4, file("pid")));
      pid = await_line("pid");
      ASSERT_FALSE(pid.empty()) << command;
      EXPECT_EQ(::kill(std::stoi(pid), 0), 0);
    }
    EXPECT_TRUE(is_gone(pid)) << command;
  }
}

TEST_F(ProcessTest, GoneMeansAllOfThem) {
  auto process = shell("(trap '' TERM; exec sleep 60) & echo $! > " + file("pid"));
  const std::string pid = await_line("pid");
  EXPECT_EQ(end_of(process), "exited with status 0");
  EXPECT_FALSE(process.gone());
  process.ask_to_end();
  for (int i = 0; i < 1000 && !process.gone(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(process.gone());
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ProcessTest, EndsWithItsOwner) {
  std::string pid;
  {
    auto process = shell("echo $$ > " + file("one") + "; exec sleep 60");
    pid = await_line("one");
    Process moved = std::move(process);
    EXPECT_EQ(moved.ended(), "");
    auto other = shell("echo $$ > " + file("two") + "; exec sleep 60");
    const std::string other_pid = await_line("two");
    other = std::move(moved);
    EXPECT_TRUE(is_gone(other_pid));
    EXPECT_EQ(::kill(std::stoi(pid), 0), 0);
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(ProcessTest, EndsWhenItsOwnerIsKilled) {
  const int owner = ::fork();
  if (owner == 0) {
    auto process = shell("(setsid sh -c \"trap '' TERM; echo \\$\\$ > " + file("pid") + "; while :; do sleep 1; done\" &); exec sleep 60");
    ::pause();
  }
  const std::string pid = await_line("pid");
  ASSERT_FALSE(pid.empty());
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(is_gone(pid));
}

// All that is left then is the kernel's help for the program itself.
TEST_F(ProcessTest, EndsWhenItsKeeperIsKilled) {
  auto process = shell("echo $PPID > " + file("keeper") + "; echo $$ > " + file("pid") + "; exec sleep 60");
  const std::string pid = await_line("pid");
  ::kill(std::stoi(await_line("keeper")), SIGKILL);
  EXPECT_TRUE(is_gone(pid));
  EXPECT_EQ(end_of(process), "was lost with its keeper");
  EXPECT_TRUE(process.gone());
}

TEST_F(ProcessTest, UsageIsThatOfAllOfThem) {
  const Process one = shell("exec 7</dev/null; (sleep 100 & sleep 100 & exec sleep 100) & wait");
  Usage usage;
  for (int i = 0; i < 500 && (usage.processes < 4 || usage.descriptors != 4 * 4); ++i) {
    std::this_thread::sleep_for(10ms);
    usage = one.usage();
  }
  EXPECT_EQ(usage.processes, 4);
  EXPECT_EQ(usage.threads, 4);
  EXPECT_EQ(usage.descriptors, 4 * 4) << "0, 1, 2 and 7 of each";
  EXPECT_GT(usage.memory, 100u * 1024);
  EXPECT_LT(usage.memory, 1u << 30);
}

TEST(StopPids, AsksAndInsists) {
  for (const bool deaf : {false, true}) {
    const int pid = ::fork();
    if (pid == 0) {
      ::signal(SIGTERM, deaf ? SIG_IGN : SIG_DFL);
      while (true) ::pause();
    }
    std::this_thread::sleep_for(50ms);
    stop_pids({pid});
    EXPECT_TRUE(is_gone(std::to_string(pid)));
    ::waitpid(pid, nullptr, 0);
  }
}

TEST(Ports, FreeOnesAreFree) {
  const std::uint16_t first = free_ports(3);
  ASSERT_NE(first, 0);
  std::vector<int> sockets;
  for (int i = 0; i < 3; ++i) {
    sockets.push_back(listener(static_cast<std::uint16_t>(first + i)));
    EXPECT_GE(sockets.back(), 0);
  }
  const std::uint16_t second = free_ports(10);
  ASSERT_NE(second, 0);
  EXPECT_TRUE(second + 10 <= first || second > first + 2) << "none is given twice";
  for (const int socket : sockets) ::close(socket);
}

}  // namespace
}  // namespace smtpspec::net
