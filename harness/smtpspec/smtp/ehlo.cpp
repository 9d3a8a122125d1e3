#include "smtpspec/smtp/ehlo.hpp"

#include <algorithm>

#include "smtpspec/smtp/octet_class.hpp"

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

namespace {

constexpr unsigned visible = in_value | in_atext;  // "!" to "~"

// What is wrong with the parameters, whose first blank stands at `at`.
std::string_view params_fault(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const std::size_t param = ++at;
    at = end_of_run(visible, text, at);
    if (at == param) return "has a blank with no parameter behind it";
    if (at < text.size() && text[at] != ' ') return "has an octet that no parameter may hold";
  }
  return "";
}

}  // namespace

EhloLine ehlo_line(std::string_view text) {
  std::size_t at = end_of_run(in_label, text, 0);
  std::string_view fault;
  if (at == 0 || text[0] == '-') fault = "does not start with a letter or digit";
  else if (at == text.size()) return {text, {}, {}};
  else if (text[at] != ' ') fault = "has an octet that no keyword may hold";
  else fault = params_fault(text, at);
  if (fault.empty()) return {text.substr(0, at), text.substr(at + 1), {}};
  at = std::min(text.find(' '), text.size());
  return {text.substr(0, at), trim(text.substr(at)), fault};
}

Capabilities capabilities(const Reply& reply) {
  Capabilities out;
  if (reply.code != 250) return out;
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    const EhloLine line = ehlo_line(reply.text(i));
    out.list.push_back({std::string(line.keyword), std::string(line.params)});
  }
  return out;
}

}  // namespace smtpspec::smtp
