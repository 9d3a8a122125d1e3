#include "smtpspec/smtp/ehlo.hpp"

namespace smtpspec::smtp {

const Capability* Capabilities::find(std::string_view keyword) const {
  for (const auto& capability : list)
    if (iequals(capability.keyword, keyword)) return &capability;
  return nullptr;
}

std::string_view Capabilities::params(std::string_view keyword) const {
  const auto* capability = find(keyword);
  return capability ? std::string_view(capability->params) : std::string_view{};
}

bool Capabilities::has_param(std::string_view keyword, std::string_view param) const {
  std::string_view rest = params(keyword);
  while (!rest.empty()) {
    const std::size_t blank = rest.find(' ');
    if (iequals(rest.substr(0, blank), param)) return true;
    rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
  }
  return false;
}

EhloLine ehlo_line(std::string_view text) {
  const std::string_view keyword = text.substr(0, text.find(' '));
  return {keyword, trim(text.substr(keyword.size()))};
}

Capabilities capabilities(const Reply& reply) {
  Capabilities out;
  if (reply.code != 250) return out;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    const auto [keyword, params] = ehlo_line(reply.text(i));
    out.list.push_back({std::string(keyword), std::string(params)});
  }
  return out;
}

std::string_view ehlo_line_fault(std::string_view text) {
  std::size_t at = 0;
  if (text.empty() || !is_alnum(text[0])) return "does not start with a letter or digit";
  while (at < text.size() && (is_alnum(text[at]) || text[at] == '-')) ++at;
  if (at < text.size() && text[at] != ' ') return "has an octet that no keyword may hold";
  while (at < text.size()) {
    const std::size_t param = ++at;
    while (at < text.size() && text[at] > 32 && text[at] < 127) ++at;
    if (at == param) return "has a blank with no parameter behind it";
    if (at < text.size() && text[at] != ' ') return "has an octet that no parameter may hold";
  }
  return "";
}

}  // namespace smtpspec::smtp
