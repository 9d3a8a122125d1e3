#include "smtpspec/report/shell.hpp"

#include <algorithm>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::report {
namespace {

bool plain(char c) { return smtp::is_alnum(c) || std::string_view("@%+=:,./_-").find(c) != std::string_view::npos; }

std::string quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

}  // namespace smtpspec::report
