#include "smtpspec/script/facts.hpp"

#include <array>

namespace smtpspec::script {

std::span<const FactName> fact_names() {
  static constexpr std::array names = {
      FactName{"client", "the name that the client gives in EHLO"},
      FactName{"sender", "the reverse-path of test messages"},
      FactName{"recipient", "a mailbox that exists"},
      FactName{"domain", "the domain of the recipient"},
      FactName{"second-recipient", "another mailbox that exists"},
      FactName{"second-domain", "the domain of the second recipient, where it is another one"},
      FactName{"unknown-recipient", "a mailbox that does not exist, at a domain the target serves"},
      FactName{"relayed-recipient", "a mailbox elsewhere, that the target relays to"},
      FactName{"relay-domain", "the domain of the relayed recipient"},
      FactName{"denied-recipient", "a mailbox elsewhere, that the target refuses to strangers"},
      FactName{"user", "the account's name"},
      FactName{"password", "the account's password"},
      FactName{"canary", "a folder, without its first slash, in which no mail may make a file"},
      FactName{"token", "a word that no other test of any run uses"},
  };
  return names;
}

const FactName* find_fact(std::string_view name) {
  for (const FactName& fact : fact_names())
    if (fact.name == name) return &fact;
  return nullptr;
}

}  // namespace smtpspec::script
