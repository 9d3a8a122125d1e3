// Signals, each test in a process of its own: what is caught stays caught.
#include "smtpspec/net/signals.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "smtpspec/net/loop.hpp"

namespace smtpspec::net {
namespace {

using namespace std::chrono_literals;
using testing::ExitedWithCode;

int zero_if(bool good) { return good ? 0 : 1; }

TEST(SignalsDeathTest, TheFirstIsRemembered) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const auto remembered = [number] {
      catch_signals();
      const bool before = caught() == 0 && patience() == -1;
      ::raise(number);
      return before && caught() == number && patience() > 0 && patience() <= 1000 && wait_to_read(caught_descriptor());
    };
    EXPECT_EXIT(::_exit(zero_if(remembered())), ExitedWithCode(0), "");
  }
}

TEST(SignalsDeathTest, ALaterOneEndsTheProgram) {
  const auto twice = [] {
    catch_signals();
    ::raise(SIGINT);
    ::raise(SIGINT);  // the same, sent twice
    std::this_thread::sleep_for(300ms);
    ::raise(SIGTERM);
  };
  EXPECT_EXIT(twice(), ExitedWithCode(143), "");
}

TEST(SignalsDeathTest, WhoIgnoredAHangUpMeantIt) {
  const auto ignored = [] {
    ::signal(SIGHUP, SIG_IGN);
    catch_signals();
    ::raise(SIGHUP);
    return caught() == 0;
  };
  EXPECT_EXIT(::_exit(zero_if(ignored())), ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, WakeWhatWaits) {
  const auto woken = [] {
    catch_signals();
    int silent[2], full[2];
    if (::pipe(silent) != 0 || ::pipe2(full, O_NONBLOCK) != 0) return false;
    std::array<char, 4096> octets{};
    while (::write(full[1], octets.data(), octets.size()) > 0) {}
    std::thread([] {
      std::this_thread::sleep_for(50ms);
      ::kill(::getpid(), SIGTERM);
    }).detach();
    return !wait_to_read(silent[0]) && !wait_to_write(full[1]);
  };
  EXPECT_EXIT(::_exit(zero_if(woken())), ExitedWithCode(0), "");
}

TEST(SignalsDeathTest, EndALoop) {
  const auto ended = [] {
    Loop loop;
    loop.on_signal([&] { loop.stop(); });
    after(loop, 50ms, [] { ::raise(SIGTERM); });
    const auto never = await<int>(loop, [](const auto&) {});
    const auto again = await<int>(loop, [](const auto&) {});
    return !never && !again;
  };
  EXPECT_EXIT(::_exit(zero_if(ended())), ExitedWithCode(0), "");
}

TEST(Signals, APipeWithoutAReader) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(hung_up(ends[1]));
  EXPECT_TRUE(wait_to_write(ends[1]));
  ::close(ends[0]);
  EXPECT_TRUE(hung_up(ends[1]));
  EXPECT_TRUE(wait_to_write(ends[1])) << "to find out by writing";
  ::close(ends[1]);
}

TEST(Await, GivesWhatCame) {
  Loop loop;
  EXPECT_EQ(await<int>(loop, [](const auto& done) { done(1); }), 1);
  EXPECT_EQ(await<int>(loop, [&](const auto& done) { after(loop, 1ms, [done] { done(2); }); }), 2);
}

}  // namespace
}  // namespace smtpspec::net
