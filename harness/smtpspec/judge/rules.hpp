// The always-on rules: what holds for every reply of every session, whatever the case is about. A rule is a row of the
// table in rules.cpp: a name, the requirements that it watches, and two functions of a reply in its context: whether the rule
// has anything to say on it, and what is wrong.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// What is wrong with the reply.
struct Wrong {
  std::string what;
  bool near_miss = false;          // a deviation even where the requirement is a MUST
  std::string_view requirement{};  // that is broken, where it is not the rule's first
};

struct Rule {
  std::string_view name;          // "rules/reply-ends-in-crlf"
  std::string_view requirements;  // ids with blanks between; the first is the one that a finding breaks unless it says another
  std::string_view title;         // what a conforming server does
  bool (*about)(const Heard&);    // whether the reply is one that could break the rule
  std::optional<Wrong> (*check)(const Heard&);  // of such a reply
};
std::vector<std::string> requirements_of(const Rule& rule);

std::span<const Rule> rules();
const Rule* find_rule(std::string_view name);

}  // namespace smtpspec::judge
