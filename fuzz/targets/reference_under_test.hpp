// The reference server as an author's server, with a fault or without one.
#pragma once

#include <optional>

#include "fuzz/inprocess/inprocess.hpp"
#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/faults/fault.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::fuzz {

// "": none. Nothing where there is no fault of that name.
inline std::optional<ServerUnderTest> reference_under_test(const std::string& fault_id) {
  static const faults::Fault none{"none", "", ""};
  const faults::Fault* fault = fault_id.empty() ? &none : nullptr;
  for (const faults::Fault* one : faults::all())
    if (one->id == fault_id) fault = one;
  if (!fault) return std::nullopt;
  struct Server {
    explicit Server(const faults::Fault& with) : server(with, {.idle = std::chrono::minutes(30)}, store, crypto::digests()) {}
    serve::MemoryStore store;
    faults::FaultyServer server;
  };
  const auto server = std::make_shared<std::optional<Server>>();
  server->emplace(*fault);
  run::Profile profile = selftest::reference_profile((*(*server)->server).config());
  return ServerUnderTest{.accept = [server](smtp::Role role) { return (*(*server)->server).accept(role); },
                         .facts = std::move(profile.facts.values),
                         .roles = {std::begin(smtp::all_roles), std::end(smtp::all_roles)},
                         .fresh = [server, fault] { server->emplace(*fault); },
                         .waived = {},
                         .patient = true};
}

}  // namespace smtpspec::fuzz
