// A target that is brought up and started again, while the loop goes on.
#include "smtpspec/net/starter.hpp"

#include "smtpspec/net/process.hpp"
#include "test/expect.hpp"
#include "test/files.hpp"

namespace smtpspec::net {
namespace {

using namespace std::chrono_literals;

class StarterTest : public TestFiles {
 protected:
  // The target's port is ours: what is started only has to live.
  StarterTest() : port(free_ports(1)), socket(listener(port)) {}
  ~StarterTest() override { ::close(socket); }

  Starter starter(const std::string& command) { return Starter(loop, command, {{"smtp://127.0.0.1", {{"127.0.0.1", port}}}}, file("log")); }
  std::string restart(Starter& target) {
    return *await<std::string>(loop, [&](const auto& done) { target.restart(done); });
  }

  Loop loop;
  std::uint16_t port;
  int socket;
};

TEST_F(StarterTest, IsReadyWhenItListens) {
  ::close(socket);
  auto target = starter("echo up; exec sleep 60");
  bool early = true;
  after(loop, 200ms, [&] { socket = listener(port); });
  const auto trouble = await<std::string>(loop, [&](const auto& done) {
    target.restart([&, done](const std::string& what) {
      early = socket < 0;
      done(what);
    });
    socket = -1;
  });
  EXPECT_EQ(trouble, "");
  EXPECT_FALSE(early);
  EXPECT_EQ(target.death(), "");
  for (int i = 0; i < 1000 && read("log").empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(read("log"), "up\n");
}

TEST_F(StarterTest, SaysWhatFailed) {
  ::close(std::exchange(socket, -1));
  auto unknown = starter("no-such-server");
  EXPECT_EQ(restart(unknown), "'no-such-server' exited with status 127: the start command was not found");
  Starter unwritable(loop, "true", {}, file("no/such/log"));
  EXPECT_CONTAINS(restart(unwritable), "no/such/log: cannot write: No such file or directory");
}

TEST_F(StarterTest, TellsADeathFromAnEndOfOurs) {
  auto target = starter("exec cat " + file("fifo"));
  ASSERT_EQ(::mkfifo(file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(restart(target), "");
  std::ofstream(file("fifo")) << "last words\n";
  for (int i = 0; i < 1000 && target.death().empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(target.death(), "exited with status 0");
  EXPECT_EQ(read("log"), "last words\n");
  EXPECT_EQ(restart(target), "");
  EXPECT_EQ(target.death(), "");
  target.stop();
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(target.death(), "");
}

TEST_F(StarterTest, WhoAsksInTheMiddleGetsTheSameEnd) {
  {
    auto target = starter("echo up; exec sleep 60");
    int ends = 0;
    const auto both = await<bool>(loop, [&](const auto& done) {
      for (int i = 0; i < 2; ++i)
        target.restart([&, done](const std::string& trouble) {
          EXPECT_EQ(trouble, "");
          if (++ends == 2) done(true);
        });
    });
    EXPECT_TRUE(both);
    EXPECT_EQ(await_line("log"), "up");
  }
  EXPECT_EQ(read("log"), "up\n") << "it was started once";
}

// One that does not want to end keeps nobody else waiting.
TEST_F(StarterTest, TheLoopGoesOnMeanwhile) {
  auto target = starter("trap '' TERM; echo up; while :; do sleep 1; done");
  EXPECT_EQ(restart(target), "");
  EXPECT_EQ(await_line("log"), "up");
  int turns = 0;
  std::function<void()> turn = [&] {
    ++turns;
    after(loop, 20ms, turn);
  };
  turn();
  EXPECT_EQ(restart(target), "");
  EXPECT_GT(turns, 30) << "in three seconds";
}

}  // namespace
}  // namespace smtpspec::net
