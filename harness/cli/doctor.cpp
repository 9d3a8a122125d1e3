#include <cstdio>
#include <filesystem>

#include <openssl/crypto.h>
#include <boost/version.hpp>

#include "cli/target.hpp"
#include "smtpspec/run/run.hpp"

namespace smtpspec::cli {
namespace {

struct DoctorFlags {
  std::string target, profile;
  bool force = false;
  TargetFlags facts;
};

std::string skeleton(const run::Profile& profile) {
  std::string out = "name: " + profile.name + "\nendpoints:\n";
  for (const auto& [role, endpoint] : profile.endpoints)
    out += "  " + std::string(to_string(role)) + ": " + run::to_url(role, endpoint) + "\n";
  for (const char* fact : {"recipient", "second-recipient", "unknown-recipient", "relayed-recipient", "denied-recipient"}) {
    const bool known = profile.facts.has(fact) && profile.facts.get(fact) != "Postmaster";
    std::string meaning;
    for (const auto& name : script::fact_names())
      if (name.name == fact) meaning = name.meaning;
    out += known ? std::string(fact) + ": " + std::string(profile.facts.get(fact)) + "\n"
                 : "# " + std::string(fact) + ": ADDRESS   # " + meaning + "\n";
  }
  if (!profile.facts.has("user")) out += "# account:\n#   user: NAME\n#   password_env: VARIABLE   # or password_file: FILE\n";
  out +=
      "# trusted: false            # may this client relay without a login?\n# tls: {ca: FILE, name: DOMAIN}   # whose certificate it "
      "shows\n# limits:\n#   connections: 20         # at once\n#   reply: "
      "10s\n";
  return out;
}

int doctor(const DoctorFlags& flags, const Environment& environment) {
  std::printf("smtpspec %s, Boost %d.%d, %s\n", version().c_str(), BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
              OpenSSL_version(OPENSSL_VERSION));
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  std::printf("suite %s: %zu cases, %zu requirements of %zu RFCs\n", suite->directory.c_str(), suite->cases.size(),
              suite->registry.all().size(), suite->registry.rfcs().size());
  if (flags.target.empty()) return suite->errors.empty() ? ok : usage;

  std::error_code error;
  if (!flags.force && std::filesystem::is_regular_file(flags.profile, error)) {
    complain({"there is a profile already; give --force to replace it", Place{flags.profile}});
    return usage;
  }
  net::Loop loop;
  loop.on_signal([&] { loop.stop(); });
  auto target = open_target(flags.target, flags.facts, environment, loop);
  if (!target) return why_not(target.error());
  net::Transport transport(loop, target->profile.endpoints, target->transport_options());
  // A run of no case at all: the probes are what is wanted.
  script::Suite nothing;
  nothing.registry = suite->registry;
  run::Options options;
  options.quiet_rules = true;
  run::Runner runner(nothing, target->profile, options, transport,
                     {.deadlines = {}, .digests = crypto::digests(), .credentials = {}, .nonce = crypto::random_hex(8)});
  const run::Run result = runner.run();
  target->stop();
  if (net::caught()) return ok;
  bool reached = false;
  for (const auto& [role, endpoint] : result.endpoints) {
    const auto it = result.offers.find(role);
    std::printf("\n%s\n", run::to_url(role, endpoint).c_str());
    if (it == result.offers.end() || !it->second.probed) {
      std::printf("  not reached: %s\n", it == result.offers.end() ? "no probe" : it->second.trouble.c_str());
      continue;
    }
    reached = true;
    const auto& offer = it->second;
    std::printf("  greeting  %s\n", smtp::spell(offer.greeting).c_str());
    const auto line = [](const char* when, const smtp::Capabilities& offered) {
      std::printf("  %s", when);
      for (const auto& capability : offered.list)
        std::printf("  %s%s", smtp::spell(capability.keyword).c_str(),
                    capability.params.empty() ? "" : (" " + smtp::spell(capability.params)).c_str());
      std::printf("\n");
    };
    line("EHLO    ", offer.clear);
    if (!(offer.ready == offer.clear)) line("ready   ", offer.ready);
    if (offer.tls.version) std::printf("  TLS       1.%d %s\n", offer.tls.version - 10, offer.tls.cipher.c_str());
    if (!offer.tls.trust.empty()) std::printf("  trust     %s\n", offer.tls.trust.c_str());
    if (!offer.trouble.empty()) std::printf("  trouble   %s\n", offer.trouble.c_str());
  }
  std::printf("\n");
  for (const char* fact : {"second-recipient", "unknown-recipient", "relayed-recipient", "denied-recipient", "account"})
    if (!target->profile.has(fact)) std::printf("missing: %s; give %s\n", fact, run::how_to_give(fact).c_str());
  if (target->profile.facts.get("recipient") == "Postmaster")
    std::printf("missing: recipient; <Postmaster> is used (give --rcpt ADDRESS)\n");
  if (!flags.profile.empty()) {
    if (auto written = write_to(flags.profile, skeleton(target->profile)); !written) {
      complain(written.error());
      return usage;
    }
    if (flags.profile != "-") std::printf("profile written to %s\n", flags.profile.c_str());
  }
  return reached ? ok : unreachable;
}

}  // namespace

void add_doctor(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<DoctorFlags>();
  CLI::App* command = app.add_subcommand("doctor", "Say what a target advertises and what is missing");
  command->add_option("TARGET", flags->target, "URL, profile file, embedded, or lab:NAME");
  command->add_option("--profile", flags->profile, "Write a profile skeleton here, - for standard output")->type_name("FILE");
  command->add_flag("--force", flags->force, "Replace a profile that is there");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(doctor(*flags, environment)); });
}

}  // namespace smtpspec::cli
