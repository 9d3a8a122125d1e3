// Hosts and their addresses: what was looked up is what is connected to.
#include "smtpspec/net/names.hpp"

#include <gtest/gtest.h>

#include "smtpspec/net/loop_impl.hpp"
#include "test/expect.hpp"

namespace smtpspec::net {
namespace {

using namespace std::chrono_literals;
using smtp::Event;

Result<Addresses> resolved(Loop& loop, const std::set<std::string>& hosts, smtp::Duration deadline = 60s) {
  return *await<Result<Addresses>>(loop, [&](const auto& done) { resolve(loop, hosts, deadline, done); });
}

TEST(Names, Addresses) {
  for (const char* good : {"127.0.0.1", "::1", "2001:db8::1"}) EXPECT_TRUE(is_address(good)) << good;
  for (const char* bad : {"", "localhost", "127.0.0.1.2", "127.1", "::g", "[::1]"}) EXPECT_FALSE(is_address(bad)) << bad;
}

TEST(Names, Loopback) {
  for (const char* here : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) EXPECT_TRUE(is_loopback(here)) << here;
  for (const char* elsewhere : {"", "localhost", "0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"})
    EXPECT_FALSE(is_loopback(elsewhere)) << elsewhere;
}

TEST(Names, Resolve) {
  Loop loop;
  const auto found = resolved(loop, {"localhost", "192.0.2.1", "::1"});
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->at("192.0.2.1"), std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(found->at("::1"), std::vector<std::string>{"::1"});
  ASSERT_FALSE(found->at("localhost").empty());
  for (const std::string& address : found->at("localhost")) EXPECT_TRUE(is_loopback(address)) << address;
}

TEST(Names, WhatCannotBeResolved) {
  Loop loop;
  const auto found = resolved(loop, {"127.0.0.1", "no-such-host.invalid"}, 5s);
  ASSERT_FALSE(found);
  EXPECT_TRUE(found.error().message.starts_with("cannot resolve 'no-such-host.invalid': ")) << found.error().message;
}

// A caller that says what became of its connection.
struct Caller final : smtp::Machine {
  std::string fate;
  void on(const Event& event, smtp::Actions& actions) override {
    if (!fate.empty()) return;
    fate = event.kind == Event::Kind::opened ? "opened" : event.detail;
    actions.push_back({.kind = smtp::Action::Kind::finish});
    actions.push_back({.kind = smtp::Action::Kind::close});
  }
};

std::string fate_of_call(Loop& loop, const Endpoint& to) {
  const auto caller = std::make_shared<Caller>();
  await<bool>(loop, [&](const auto& done) { call(loop, to, caller, [done] { done(true); }); });
  return caller->fate;
}

TEST(Names, ANameIsConnectedToByWhatWasFound) {
  struct Silent final : smtp::Machine {
    void on(const Event&, smtp::Actions&) override {}
  };
  Loop loop;
  const auto port =
      listen(loop, {"127.0.0.1", 0}, smtp::Role::relay, [](smtp::Role) { return std::make_unique<Silent>(); }, crypto::self_signed({"a"}));
  ASSERT_TRUE(port);
  EXPECT_NE(fate_of_call(loop, {"localhost", *port}), "opened") << "nobody looked it up";
  loop.impl().addresses["mx.example.test"] = {"::1", "127.0.0.1"};
  EXPECT_EQ(fate_of_call(loop, {"mx.example.test", *port}), "opened");
  ASSERT_TRUE(resolved(loop, {"localhost"}));
  EXPECT_EQ(fate_of_call(loop, {"localhost", *port}), "opened");
}

}  // namespace
}  // namespace smtpspec::net
