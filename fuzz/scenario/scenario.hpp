// A scenario: what a client says in one session, as trees of the grammar. It is what the fuzzer makes, changes and shortens; to
// be played it becomes a test case in the language of the case files (render.hpp).
//
//   Random random(seed, index);
//   Scenario scenario = generate(Role::relay, ground, random, {});
//   mutate(scenario, ground, random);
#pragma once

#include "fuzz/grammar/grammar.hpp"
#include "smtpspec/script/dialogue.hpp"

namespace smtpspec::fuzz {

struct Act {
  enum class Kind : std::uint8_t {
    command,
    data,      // a command that asks for a 354; `more` is the content behind it
    auth,      // `more` are the lines of the exchange
    starttls,  // `more` are commands in the same segment, which have to be thrown away; then the handshake
    chunk,     // BDAT with the octets of the tree
    silence,   // of the client, for so long; no tree is said
    restart,   // of the target; no tree is said
    open,      // of this connection, brought to a state; no tree is said
    hang_up,   // of the client, without a word; no tree is said
  };
  Kind kind = Kind::command;
  Node tree;
  std::vector<Node> more{};
  bool glued = false;                 // goes out in one write with the act behind it; of a `data`, its content does
  bool last = false;                  // chunk
  bool single = false;                // goes out in segments of one octet, with all that is glued to it
  std::vector<std::uint32_t> cuts{};  // into segments, in octets of the literal text; of a `data`: of its content
  smtp::Duration time{};              // silence; of a `data` or `auth`: in front of what is asked for
  bool restarts = false;              // data, auth: the target, there
  int connection = 1;                 // 2: another one beside it, which an `open` stands before
  script::Start at{};                 // open
  bool says() const { return kind < Kind::silence; }
  bool operator==(const Act&) const = default;
};

struct Scenario {
  smtp::Role role = smtp::Role::relay;
  std::vector<Act> acts;
  bool operator==(const Scenario&) const = default;
};

// As many as a dialogue has names for.
inline constexpr int most_connections = 9;
int connections_of(const Scenario& scenario);

struct Limits {
  std::size_t acts = 14;
  std::size_t errors = 8;  // what a server will refuse, in one session
  bool pipelining = true;  // several commands in one write
  bool patient = false;    // the client is silent for minutes, which is for virtual time
  bool restart = false;    // the target may be stopped and started
};

// Follows the server model, so that most of what is said makes sense where it is said, and leaves it now and then.
Scenario generate(smtp::Role role, const Ground& ground, Random& random, const Limits& limits);

// Changes one thing on one of the levels: the session, a tree, the segments.
void mutate(Scenario& scenario, const Ground& ground, Random& random);

// Puts a stretch of the other's acts among those of the scenario, or in the place of some of them. Neither is empty.
void splice(Scenario& scenario, const Scenario& other, Random& random);

}  // namespace smtpspec::fuzz
