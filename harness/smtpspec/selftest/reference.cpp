#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::selftest {

run::Profile reference_profile(const serve::Config& config) {
  run::Profile out;
  out.name = "reference";
  for (const smtp::Role role : smtp::all_roles) out.endpoints[role] = {"memory", 1};
  out.facts.values = {{"recipient", "alice@" + config.domain},
                      {"second-recipient", "carol@" + config.host},
                      {"unknown-recipient", "nobody@" + config.domain},
                      {"relayed-recipient", "bob@" + config.relay_domain},
                      {"denied-recipient", "bob@elsewhere.test"},
                      {"user", config.account.user},
                      {"password", config.account.password}};
  for (const script::Where where : script::all_places) out.mailboxes[where] = {.in_memory = true};
  out.tls_name = config.host;
  out.connections = 300;
  out.trusted = false;
  out.restartable = true;
  return out;
}

ReferenceInMemory::ReferenceInMemory(serve::Config config, const smtp::Digests& digests, const std::string& token, serve::Store* store)
    : server_(std::move(config), store ? *store : store_, digests),
      transport_([this](smtp::Role role) { return server_.accept(role); },
                 [this] {
                   server_.restart();
                   return std::string();
                 }),
      profile_(reference_profile(server_.config())) {
  run::complete_facts(profile_, token);
}

}  // namespace smtpspec::selftest
