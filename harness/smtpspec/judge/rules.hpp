// The always-on rules: what holds for every reply of every session, whatever the case is about. A rule is a row of the
// table in rules.cpp: a name, the requirement it cites, and one function from a reply in its context to what is wrong.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "smtpspec/session/transcript.hpp"
#include "smtpspec/smtp/follow.hpp"

namespace smtpspec::judge {

// One reply and where it stands.
struct Heard {
  const session::Entry& entry;
  const smtp::Reply& reply;
  smtp::Role role;
  const session::Transcript& transcript;
  std::size_t index;               // of the entry
  const smtp::Followed& followed;  // what the server model says of it
};

// What is wrong with the reply, or nothing. `entry` points at another entry when the fault shows there.
struct Wrong {
  std::string what;
  bool near_miss = false;  // a deviation even where the requirement is a MUST
};

struct Rule {
  std::string_view name;  // "rules/reply-ends-in-crlf"
  std::string_view requirement;
  std::string_view title;  // what a conforming server does
  std::optional<Wrong> (*check)(const Heard&);
};

std::span<const Rule> rules();
const Rule* find_rule(std::string_view name);

}  // namespace smtpspec::judge
