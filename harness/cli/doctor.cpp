#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <openssl/crypto.h>
#include <boost/version.hpp>

#include "cli/target.hpp"
#include "smtpspec/report/text.hpp"
#include "smtpspec/run/applicability.hpp"
#include "smtpspec/run/run.hpp"

namespace smtpspec::cli {
namespace {

struct DoctorFlags {
  std::string target, profile;
  bool force = false;
  TargetFlags facts;
};

// A text as a YAML value: as it is, or quoted when a character of it might mean something there.
std::string yaml(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return smtp::is_alnum(c) || std::string_view("@._-+/").find(c) != std::string_view::npos;
  });
  if (plain && text.front() != '-' && text.front() != '@') return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

// What is known, and what is not as a remark to fill in.
std::string skeleton(const run::Profile& profile, const TargetFlags& flags) {
  std::string out = "# Every key: harness/targets/README.md\nname: " + yaml(profile.name) + "\nendpoints:\n";
  for (const auto& [role, endpoint] : profile.endpoints)
    out += "  " + std::string(to_string(role)) + ": " + yaml(run::to_url(role, endpoint)) + "\n";
  for (const char* fact : {"recipient", "second-recipient", "unknown-recipient", "relayed-recipient", "denied-recipient"}) {
    const bool known = profile.facts.has(fact) && profile.facts.get(fact) != "Postmaster";
    out += known ? std::string(fact) + ": " + yaml(profile.facts.get(fact)) + "\n"
                 : "# " + std::string(fact) + ": ADDRESS   # " + std::string(script::find_fact(fact)->meaning) + "\n";
  }
  if (flags.user.empty()) out += "# account:\n#   user: NAME\n#   password_env: VARIABLE   # or password_file: FILE\n";
  else if (!flags.password_file.empty())
    out += "account: {user: " + yaml(flags.user) + ", password_file: " + yaml(flags.password_file) + "}\n";
  else out += "account: {user: " + yaml(flags.user) + ", password_env: " + yaml(flags.password_variable()) + "}\n";
  if (!flags.mailbox.empty()) out += "mailbox: {maildir: " + yaml(flags.mailbox) + "}\n";
  else out += "# mailbox: {maildir: DIR}        # of the recipient; or mbox\n";
  out +=
      "# second-mailbox: {maildir: DIR} # of the second one\n# next-hop: {sink: HOST:PORT}    # where it sends mail for the relayed one\n";
  if (!flags.start.empty()) out += "start: {command: " + yaml(session::Secrets(profile.facts.get("password")).mask(flags.start)) + "}\n";
  if (!profile.trusted) out += "# trusted: false   # may this client relay without a login?\n";
  return out +
         "# tls: {ca: FILE, name: DOMAIN}   # who signed its certificate, and for whom\n"
         "# limits:\n#   connections: 20   # at once\n#   reply: 10s\n";
}

// What each missing fact, or several together, cost.
//
//   missing: a second recipient (--rcpt-second ADDRESS)
//            12 tests of 5 cases wait for it, 3 requirements have no other test
std::string costs_text(const script::Suite& suite, const run::Profile& profile, const run::Run& result) {
  std::string out;
  run::Selection reached;
  for (const auto& [role, offer] : result.offers)
    if (offer.probed) reached.roles.push_back(role);
  for (const auto& [missing, cost] : run::costs(run::select(suite, reached, profile), profile, result.offers)) {
    std::string words, ways;
    std::size_t tests = 0;
    for (const std::string& fact : missing) {
      words += (words.empty() ? "" : " and ") + run::fact_in_words(fact);
      ways += (ways.empty() ? "" : ", ") + run::how_to_give(fact);
    }
    for (const auto& [role, n] : cost.tests) tests += n;
    out += "missing: " + words + " (" + ways + ")\n         " + report::plural(tests, "test") + " of " +
           report::plural(cost.cases.size(), "case") + (tests == 1 ? " waits" : " wait") + " for it";
    if (const std::size_t n = cost.requirements.size(); n > 0)
      out += "; " + report::plural(n, "requirement") + (n == 1 ? " has" : " have") + " no other test";
    out += "\n";
  }
  if (profile.facts.get("recipient") == "Postmaster") out += "mail goes to <Postmaster>, since no recipient is given (--rcpt ADDRESS)\n";
  return (out.empty() ? "" : "\n") + out;
}

int doctor(const DoctorFlags& flags, const Environment& environment) {
  // A profile on standard output stands there alone.
  std::FILE* const out = flags.profile == "-" ? stderr : stdout;
  std::fprintf(out, "smtpspec %s, Boost %d.%d, %s\n", version().c_str(), BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000,
               OpenSSL_version(OPENSSL_VERSION));
  const auto suite = open_suite(environment);
  if (!suite) return usage;
  std::fprintf(out, "suite %s: %zu cases, %zu requirements of %zu RFCs\n", suite->directory.c_str(), suite->cases.size(),
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
    std::fprintf(out, "\n%s\n", run::to_url(role, endpoint).c_str());
    if (it == result.offers.end() || !it->second.probed) {
      std::fprintf(out, "  not reached: %s\n", it == result.offers.end() ? "no probe" : it->second.trouble.c_str());
      continue;
    }
    reached = true;
    const auto& offer = it->second;
    std::fprintf(out, "  greeting  %s\n", smtp::spell(offer.greeting).c_str());
    const auto line = [out](const char* when, const smtp::Capabilities& offered) {
      std::fprintf(out, "  %s", when);
      for (const auto& capability : offered.list)
        std::fprintf(out, "  %s%s", smtp::spell(capability.keyword).c_str(),
                     capability.params.empty() ? "" : (" " + smtp::spell(capability.params)).c_str());
      std::fprintf(out, "\n");
    };
    line("EHLO    ", offer.clear);
    if (!(offer.ready == offer.clear)) line("ready   ", offer.ready);
    if (offer.tls.version) std::fprintf(out, "  TLS       1.%d %s\n", offer.tls.version - 10, offer.tls.cipher.c_str());
    if (!offer.tls.trust.empty()) std::fprintf(out, "  trust     %s\n", offer.tls.trust.c_str());
    if (!offer.trouble.empty()) std::fprintf(out, "  trouble   %s\n", offer.trouble.c_str());
  }
  if (reached) std::fputs(costs_text(*suite, target->profile, result).c_str(), out);
  if (!flags.profile.empty()) {
    if (auto written = write_to(flags.profile, skeleton(target->profile, flags.facts)); !written) {
      complain(written.error());
      return usage;
    }
    if (flags.profile != "-") std::fprintf(out, "profile written to %s\n", flags.profile.c_str());
  }
  return reached ? ok : unreachable;
}

}  // namespace

void add_doctor(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<DoctorFlags>();
  CLI::App* command = app.add_subcommand("doctor", "Say what a target advertises and which facts are missing");
  command->add_option("TARGET", flags->target, "As for run; without one, only versions are told");
  command->add_option("--profile", flags->profile, "Write a profile to fill in, - for standard output")->type_name("FILE");
  command->add_flag("--force", flags->force, "Replace a profile that is there");
  flags->facts.add_to(*command);
  command->callback([flags, &environment, &status] { status = unless_caught(doctor(*flags, environment)); });
}

}  // namespace smtpspec::cli
