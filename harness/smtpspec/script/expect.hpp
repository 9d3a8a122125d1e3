// What a dialogue expects of the server, graded in tiers.
//
//   S: 503, else 5yz is a deviation
//   S: 250 with PIPELINING without STARTTLS
//   S: 2yz text "*@*" text not "*:*@*"
//   S: 501 5.5.z or close, else 4yz is inconclusive [RFC5321-4.1.4-13]
//   S: 250 is observed as accepted, else 5yz is observed as refused
//   S: 220, else 503 ends the case
//   S: 250, else 452 ends the block
//   S: close, else nothing for 30s is a failure
//   S: any as first            … later:  S: same class as first
//   S: nothing for 500ms       S: close       S: tls 1.2+       S: no tls
//
// The first tier whose answers include what came gives the grade; what no tier lists breaks the case's requirement.
// A 421, or a 4yz that no tier lists, hides the answer (RFC 5321 sections 3.8 and 4.2.1): inconclusive.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/template.hpp"
#include "smtpspec/smtp/reply.hpp"
#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::script {

enum class Grade : std::uint8_t { pass, observed, deviation, failure, inconclusive };
std::string_view to_string(Grade grade);

struct Answer {
  enum class Kind : std::uint8_t { codes, any, close, nothing, tls, no_tls, same_code, same_class };
  Kind kind = Kind::codes;
  smtp::ReplySet codes;
  std::string status;  // enhanced code with wildcards, "5.5.z"; looked at only when offered
  struct Keyword {
    bool present = true;
    std::string keyword;
    std::string param;
    bool operator==(const Keyword&) const = default;
  };
  struct Text {
    bool fits = true;
    std::string pattern;  // glob over the whole text, lines joined by \n
    bool operator==(const Text&) const = default;
  };
  std::vector<Keyword> keywords;  // of an EHLO reply
  std::vector<Text> texts;
  int lines = 0;                 // 0: any number
  std::string name;              // same_code, same_class: of the captured reply
  std::optional<Duration> time;  // nothing
  int tls_version = 0;           // at least; 12 is TLS 1.2
  bool operator==(const Answer&) const = default;
};

// What nothing more is asked of, behind an answer of this tier.
enum class Ends : std::uint8_t { nothing, block, the_case };

struct Tier {
  std::vector<Answer> answers;
  Grade grade = Grade::pass;
  std::string choice;  // "accepted", of an observed tier
  Ends ends = Ends::nothing;
  bool operator==(const Tier&) const = default;
};

struct Expect {
  std::vector<Tier> tiers;
  std::string capture;
  std::string requirement;  // overrides the case's first
  bool operator==(const Expect&) const = default;
};

Result<Expect> parse_expect(std::string_view text);
std::string print_expect(const Expect& expect);

// True when the text fits the glob: '*' any octets, '?' one octet.
bool glob_match(std::string_view pattern, std::string_view text);

}  // namespace smtpspec::script
