#include "cli/start.hpp"

namespace smtpspec::cli {
namespace {

std::string placeholder(smtp::Role role) { return "{" + std::string(to_string(role)) + "}"; }

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) text.replace(at, what.size(), by);
}

}  // namespace

Result<Start> fill_ports(std::string command, std::map<smtp::Role, smtp::Endpoint> endpoints,
                         const std::function<std::uint16_t(int)>& ports) {
  const std::string host = endpoints.begin()->second.host;
  bool named = false;
  for (const smtp::Role role : smtp::all_roles)
    if (command.find(placeholder(role)) != std::string::npos) {
      named = true;
      endpoints.try_emplace(role, smtp::Endpoint{host, 0});
    }
  const bool one = command.find("{port}") != std::string::npos;
  if (!one && !named) return Start{std::move(command), std::move(endpoints)};
  std::string instead;
  for (const auto& [role, endpoint] : endpoints) instead += (instead.empty() ? "" : ", ") + placeholder(role);
  if (one && endpoints.size() > 1)
    return failure("the start command has {port} for " + std::to_string(endpoints.size()) + " roles; write " + instead +
                   " where the port of each goes, or give a target of one role");
  const std::uint16_t first = ports(static_cast<int>(endpoints.size()));
  if (first == 0) return failure("no free ports for the start command");
  std::uint16_t next = first;
  for (auto& [role, endpoint] : endpoints) {
    if (named && command.find(placeholder(role)) == std::string::npos)
      return failure("the start command has no port for " + run::to_url(role, endpoint) + "; write " + placeholder(role) +
                     " where it goes, or leave that endpoint out");
    endpoint.port = next++;
    replace_all(command, one ? "{port}" : placeholder(role), std::to_string(endpoint.port));
  }
  return Start{std::move(command), std::move(endpoints)};
}

}  // namespace smtpspec::cli
