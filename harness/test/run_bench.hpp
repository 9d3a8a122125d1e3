// What the tests of runs share: a suite of a few cases, a target of a few lines, and a run of them in virtual time.
//
//   Bench bench({case_of("a", "start: greeted", "C: VRFY a\nS: 250")});
//   bench.target.answer = [](const std::string& line, int) { return line == "VRFY a" ? "500 what?\r\n" : "250 fine\r\n"; };
//   EXPECT_EQ(result_of(bench.run(), "a").verdict, Verdict::fail);
#pragma once

#include <gtest/gtest.h>

#include "smtpspec/run/run.hpp"
#include "test/expect.hpp"

namespace smtpspec::run {

using namespace std::chrono_literals;
using smtp::Action;
using smtp::Actions;
using smtp::Event;
using smtp::Role;

inline script::Case case_of(const std::string& id, const std::string& header = "start: greeted",
                            const std::string& dialogue = "C: NOOP\nS: 250", const std::string& twin = "") {
  std::string text = "title: t\n" + std::string(header.find("covers:") == std::string::npos ? "covers: [NONE-1-1]\n" : "") + header;
  const auto block = [&](const char* key, const std::string& steps) {
    text += std::string("\n") + key + ": |\n  ";
    for (const char c : steps) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  };
  block("dialogue", dialogue);
  if (!twin.empty()) block("twin", twin);
  auto test = script::parse_case(text + "\n", id, id + ".yaml");
  EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
  return test ? *test : script::Case{};
}

// Answers by `answer`, which sees how many connections there were so far; "" says nothing.
struct Target {
  using Answer = std::function<std::string(const std::string& line, int connection)>;
  Answer answer = [](const std::string&, int) { return lawful(""); };
  std::string greeting = "220 mx.example.test ready\r\n";
  std::string hello = "250-mx.example.test\r\n250-PIPELINING\r\n250 SIZE 1000\r\n";
  int takes = 1 << 30;  // connections, before it refuses
  int opened = 0, open = 0, most_open = 0;
  std::vector<std::string> heard;

  static std::string lawful(const std::string& line) { return line.starts_with("QUIT") ? "221 mx.example.test bye\r\n" : "250 fine\r\n"; }

  struct Connection final : smtp::Machine {
    explicit Connection(Target& target_) : target(target_), number(++target_.opened) {
      target.most_open = std::max(target.most_open, ++target.open);
    }
    ~Connection() override { --target.open; }
    void on(const Event& event, Actions& actions) override {
      if (event.kind == Event::Kind::opened) actions.push_back({.octets = target.greeting});
      if (event.kind != Event::Kind::octets) return;
      buffer += event.octets;
      for (std::size_t end; (end = buffer.find("\r\n")) != std::string::npos;) {
        const std::string line = buffer.substr(0, end);
        buffer.erase(0, end + 2);
        target.heard.push_back(line);
        std::string reply = line.starts_with("EHLO")   ? target.hello
                            : line.starts_with("QUIT") ? lawful(line)
                            : target.answer            ? target.answer(line, number)
                                                       : lawful(line);
        const bool encrypt = line == "STARTTLS" && reply.starts_with("220");
        if (!reply.empty()) actions.push_back({.octets = std::move(reply)});
        if (encrypt) actions.push_back({.kind = Action::Kind::start_tls});
        if (line.starts_with("QUIT")) actions.push_back({.kind = Action::Kind::close});
      }
    }
    Target& target;
    int number;
    std::string buffer;
  };
  std::unique_ptr<smtp::Machine> accept() { return opened >= takes ? nullptr : std::make_unique<Connection>(*this); }
  int times(const std::string& line) const { return static_cast<int>(std::count(heard.begin(), heard.end(), line)); }
};

inline Profile relay_profile() {
  Profile out;
  out.name = "memory";
  out.endpoints[Role::relay] = {"memory", 1};
  out.facts.values = {{"recipient", "alice@example.test"}};
  complete_facts(out, "t");
  return out;
}

struct Bench {
  script::Suite suite;
  Target target;
  Profile profile = relay_profile();
  Options options;
  Attendant attendant;
  std::vector<std::string> order;
  std::function<bool(Role)> takes = [](Role) { return true; };  // connections

  explicit Bench(std::vector<script::Case> cases) {
    suite.cases = std::move(cases);
    options.quiet_rules = true;
  }
  Run run() {
    session::MemoryTransport transport([this](Role role) { return takes(role) ? target.accept() : nullptr; });
    Runner runner(suite, profile, options, transport, {.deadlines = {}, .digests = {}, .credentials = {}, .nonce = "n"},
                  {[&](std::size_t, std::size_t, const TestResult& result) { order.push_back(result.id); }}, attendant);
    Run out = runner.run();
    std::size_t results = 0;
    for (const auto& test : out.tests) results += test.rule == nullptr;
    EXPECT_EQ(results, runner.selected());
    return out;
  }
};

inline const TestResult& result_of(const Run& run, const std::string& id) {
  const auto it = std::find_if(run.tests.begin(), run.tests.end(), [&](const auto& test) { return test.id == id; });
  static const TestResult none;
  EXPECT_NE(it, run.tests.end()) << id;
  return it == run.tests.end() ? none : *it;
}

inline std::vector<script::Case> many(int count) {
  std::vector<script::Case> out;
  for (int i = 0; i < count; ++i) out.push_back(case_of("t" + std::to_string(100 + i)));
  return out;
}

}  // namespace smtpspec::run
