// A set of reply codes in the RFCs' own notation: "250", "5yz" (a class), "55z" (a family).
//
//   ReplySet set = *ReplySet::parse("503 55z");
//   set.has(554) == true; set.has(501) == false
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/result.hpp"

namespace smtpspec::smtp {

// One member: a code, a class or a family; `width` is how many of the three digits count.
struct CodePattern {
  int code = 0;   // 250, 500 for 5yz, 550 for 55z
  int width = 3;  // 3, 1, 2
  bool has(int other) const {
    const int divisor = width == 1 ? 100 : width == 2 ? 10 : 1;
    return other / divisor == code / divisor;
  }
  bool operator==(const CodePattern&) const = default;
};
Result<CodePattern> parse_code_pattern(std::string_view word);
std::string to_string(CodePattern pattern);

struct ReplySet {
  std::vector<CodePattern> members;
  static Result<ReplySet> parse(std::string_view words);  // separated by blanks; "" is the empty set
  bool has(int code) const {
    for (const auto& member : members)
      if (member.has(code)) return true;
    return false;
  }
  bool operator==(const ReplySet&) const = default;
};
std::string to_string(const ReplySet& set);

// The same question put to the notation itself, known to be good: no memory, no parsing ahead. lists("503 55z", 554).
constexpr bool lists(std::string_view words, int code) {
  for (std::size_t at = 0; at + 3 <= words.size(); at += 4) {
    const int first = words[at] - '0', second = words[at + 1] - '0', third = words[at + 2] - '0';
    if (first == code / 100 && (words[at + 1] == 'y' || second == code / 10 % 10) && (words[at + 2] == 'z' || third == code % 10))
      return true;
  }
  return false;
}

}  // namespace smtpspec::smtp
