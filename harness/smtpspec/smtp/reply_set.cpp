#include "smtpspec/smtp/reply_set.hpp"

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {

Result<CodePattern> parse_code_pattern(std::string_view word) {
  const auto fail = [&] {
    return failure("'" + spell(word) + "' is no reply code; codes look like 250, 5yz or 55z, with digits 2-5, 0-5, 0-9");
  };
  if (word.size() != 3 || word[0] < '2' || word[0] > '5') return fail();
  if (lower(word[1]) == 'y' && lower(word[2]) == 'z') return CodePattern{(word[0] - '0') * 100, 1};
  if (word[1] < '0' || word[1] > '5') return fail();
  const int family = (word[0] - '0') * 100 + (word[1] - '0') * 10;
  if (lower(word[2]) == 'z') return CodePattern{family, 2};
  if (!is_digit(word[2])) return fail();
  return CodePattern{family + (word[2] - '0'), 3};
}

std::string to_string(CodePattern pattern) {
  std::string out = std::to_string(pattern.code);
  if (pattern.width < 3) out[2] = 'z';
  if (pattern.width < 2) out[1] = 'y';
  return out;
}

Result<ReplySet> ReplySet::parse(std::string_view words) {
  ReplySet set;
  while (!words.empty()) {
    const std::size_t blank = words.find(' ');
    const std::string_view word = words.substr(0, blank);
    words = blank == std::string_view::npos ? std::string_view{} : words.substr(blank + 1);
    if (word.empty()) continue;
    auto pattern = parse_code_pattern(word);
    if (!pattern) return tl::unexpected(pattern.error());
    set.members.push_back(*pattern);
  }
  return set;
}

std::string to_string(const ReplySet& set) {
  std::string out;
  for (const auto& member : set.members) out += (out.empty() ? "" : " ") + to_string(member);
  return out;
}

}  // namespace smtpspec::smtp
