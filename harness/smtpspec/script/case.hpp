// A test case: a YAML header and a dialogue, one file a case. The id is the file's path below `cases/` without `.yaml`.
//
//   auto parsed = parse_case(text, "rfc5321/order/rcpt-before-mail", "cases/rfc5321/order/rcpt-before-mail.yaml");
//
// The reference page of the language is cases/README.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/delivery.hpp"
#include "smtpspec/script/dialogue.hpp"
#include "smtpspec/script/registry.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/model.hpp"

namespace smtpspec::script {

// One condition of `requires`: an EHLO keyword ("STARTTLS", "AUTH PLAIN", "SIZE>=65536", "not PIPELINING") or a fact of
// the profile or the machine ("account", "unknown-recipient", "ipv6", "untrusted").
struct Condition {
  enum class Kind : std::uint8_t { keyword, fact };
  Kind kind = Kind::keyword;
  bool negated = false;
  std::string name;
  std::string param;           // keyword: a parameter that must be listed
  std::uint64_t at_least = 0;  // keyword: its number
  bool operator==(const Condition&) const = default;
};
Result<Condition> parse_condition(std::string_view text);
std::string to_string(const Condition& condition);
// Facts that a condition may name beside those of facts.hpp.
std::span<const std::string_view> condition_facts();

// True when the EHLO reply meets a keyword condition.
bool meets(const Condition& condition, const smtp::Capabilities& offered);

struct CaseRow {
  struct Places {
    Place name;
    Place value;
  };
  std::string name;
  Variables variables;
  Place place;
  std::map<std::string, Places, std::less<>> places;  // of the variables
  std::vector<Condition> conditions;                  // beside those of the case
  std::vector<Place> condition_places;
  std::optional<Start> start;  // in place of the case's
  Place start_place;
};

struct Exemption {
  std::string rule;
  std::string reason;
  Place place;
};

// A fault (faults/fault.hpp) that the case is there to kill; selftest holds it to that.
struct Kill {
  std::string fault;
  Place place;
};

struct Case {
  std::string id;
  std::string file;
  std::string title;
  std::string why;
  std::vector<std::string> covers;
  std::vector<Place> covers_places;
  std::optional<Level> weakened;  // `level:`, where the case judges more mildly than its requirement
  Place level_place;
  std::vector<smtp::Role> roles;
  std::vector<std::string> tags;
  std::vector<Condition> conditions;
  std::vector<Place> condition_places;
  Start start = Start::ehlo;
  std::vector<CaseRow> rows;  // never empty: a case without `each` has one row without a name
  int clones = 1;
  std::optional<Duration> timeout;
  std::vector<Exemption> exempt;
  std::vector<Kill> kills;
  std::vector<Step> dialogue;
  std::vector<Step> twin;           // the positive twin; empty when there is none
  std::vector<Statement> delivery;  // what becomes of its messages, when the dialogue went as it should
  std::string source;               // the file's text

  bool tagged(std::string_view tag) const;
};

// Where the row begins, and all that it requires.
Start start_of(const Case& test, const CaseRow& row);
std::vector<Condition> conditions_of(const Case& test, const CaseRow& row);

// What breaking `requirement` in this case means: the requirement's level, or the milder one of the case's header.
Level level_of(const Case& test, const Registry& registry, std::string_view requirement);
inline Level level_of(const Case& test, const Registry& registry) { return level_of(test, registry, test.covers.front()); }

Result<Case> parse_case(const std::string& text, std::string id, const std::string& file);

// The file of a case that was made or changed by a program; parse_case gives it back. It has one row, which is put into its dialogue,
// no twin and no faults to kill, and its texts are of one line.
std::string print_case(const Case& test);

// The file in canonical form: keys in their order, the dialogues printed from their steps; remarks above keys stay.
Result<std::string> format_case(const std::string& text, const std::string& file);

}  // namespace smtpspec::script
