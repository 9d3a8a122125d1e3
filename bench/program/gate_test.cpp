#include "program/gate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "adapter.hpp"

namespace smtpspec::bench {
namespace {

using namespace std::chrono_literals;

// Takes one reply of five octets at a time; what it does at `x` is the derived type's.
template <class Does>
struct Fives {
  static constexpr const char* name = "fives";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = 0;
  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    std::size_t at = 0;
    for (; at + 5 <= octets.size(); at += 5) {
      if (octets[at] == 'x') return Does::act(octets);
      const smtpspec_reply reply{200, 1, nullptr, {}};
      sink.on_reply(&sink, &reply);
    }
    return static_cast<std::ptrdiff_t>(at);
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}
};
struct Crash {
  static std::ptrdiff_t act(std::string_view) { std::abort(); }
};
struct Hang {
  static std::ptrdiff_t act(std::string_view) {
    for (volatile bool on = true; on;) {}
    return 0;
  }
};
struct Overread {
  static std::ptrdiff_t act(std::string_view octets) { return static_cast<const volatile char*>(octets.data())[octets.size()]; }
};
struct Underread {
  static std::ptrdiff_t act(std::string_view octets) { return static_cast<const volatile char*>(octets.data())[-1]; }
};
struct Exit {
  static std::ptrdiff_t act(std::string_view) { std::_Exit(3); }
};
struct TooMuch {
  static std::ptrdiff_t act(std::string_view octets) { return static_cast<std::ptrdiff_t>(octets.size()) + 1; }
};
struct Throw {
  static std::ptrdiff_t act(std::string_view) { throw 1; }
};

const std::string good = "250\r\n250\r\n";
const std::string bad = "250\r\nxxx\r\n";

template <class Does>
std::vector<Outcome> try_three(std::chrono::milliseconds deadline = 60s) {
  const Attempt attempts[] = {{good, {good.size()}}, {bad, {bad.size()}}, {good, {3, 10}}};
  return attempt(adapter_of<Fives<Does>>, attempts, deadline);
}

// What comes before and behind the bad one is right all the same.
template <class Does>
Outcome bad_one(std::chrono::milliseconds deadline = 60s) {
  const auto outcomes = try_three<Does>(deadline);
  for (const std::size_t i : {0, 2}) {
    EXPECT_EQ(outcomes[i].end, End::done);
    EXPECT_EQ(outcomes[i].sums.items, 2u);
    EXPECT_FALSE(outcomes[i].unfinished);
  }
  return outcomes[1];
}

TEST(Gate, NamesACrash) { EXPECT_EQ(describe(bad_one<Crash>()), "crashed (SIGABRT)"); }
TEST(Gate, NamesAHang) { EXPECT_EQ(describe(bad_one<Hang>(2s)), "hung"); }
TEST(Gate, NamesAnEndOfTheProcess) { EXPECT_EQ(describe(bad_one<Exit>()), "ended the process with status 3"); }
TEST(Gate, NamesAnOverread) { EXPECT_EQ(describe(bad_one<Overread>()), "read beyond its octets"); }
TEST(Gate, NamesOneThatTakesMoreThanThereWas) { EXPECT_EQ(describe(bad_one<TooMuch>()), "took more octets than it was given"); }
TEST(Gate, AnExceptionIsAStop) { EXPECT_EQ(bad_one<Throw>().end, End::stopped); }

TEST(Gate, NamesAnOctetReadBeforeTheFirst) {
  const Attempt first{std::string_view(bad).substr(5), {5}, true};
  EXPECT_EQ(describe(attempt(adapter_of<Fives<Underread>>, {&first, 1}, 60s).front()), "read before its octets");
}

TEST(Gate, LeavesOneThatAlwaysCrashes) {
  const std::vector<Attempt> attempts(6, Attempt{bad, {bad.size()}});
  const auto outcomes = attempt(adapter_of<Fives<Crash>>, attempts, 60s);
  EXPECT_EQ(describe(outcomes[2]), "crashed (SIGABRT)");
  EXPECT_EQ(describe(outcomes[5]), "not tried");
}

TEST(Gate, EveryOffsetGivesTheSame) {
  const Attempt every{good, {}};
  const Outcome outcome = attempt(adapter_of<Fives<Crash>>, {&every, 1}, 60s).front();
  EXPECT_EQ(outcome.end, End::done);
  EXPECT_EQ(outcome.sums.items, 2u);
}

TEST(Gate, RightIsWhatWasWritten) {
  const smtpspec_adapter& adapter = adapter_of<Fives<Crash>>;
  const Outcome outcome = try_three<Crash>()[0];
  Sums expected;
  expected.items = 2;
  expected.codes = 400;
  EXPECT_TRUE(right(outcome, expected, adapter));
  expected.parts = 9;  // it does not say that it gives texts
  EXPECT_TRUE(right(outcome, expected, adapter));
  expected.codes = 401;
  EXPECT_FALSE(right(outcome, expected, adapter));
}

}  // namespace
}  // namespace smtpspec::bench
