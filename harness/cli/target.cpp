#include "cli/target.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

bool on_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

Result<void> apply(const TargetFlags& flags, run::Profile& profile) {
  auto& values = profile.facts.values;
  const std::pair<const std::string&, const char*> facts[] = {{flags.rcpt, "recipient"},
                                                              {flags.rcpt_second, "second-recipient"},
                                                              {flags.rcpt_unknown, "unknown-recipient"},
                                                              {flags.rcpt_relay, "relayed-recipient"},
                                                              {flags.rcpt_denied, "denied-recipient"},
                                                              {flags.sender, "sender"},
                                                              {flags.client, "client"}};
  for (const auto& [value, name] : facts)
    if (!value.empty()) values[name] = value;
  if (!flags.user.empty()) {
    const auto password = environment_variable("SMTPSPEC_PASSWORD");
    if (!password || password->empty()) return failure("--user needs the password in the environment variable SMTPSPEC_PASSWORD");
    values["user"] = flags.user;
    values["password"] = *password;
  }
  if (!flags.mailbox.empty()) profile.maildir = flags.mailbox;
  if (!flags.source.empty()) profile.source = flags.source;
  if (!flags.timeout.empty()) {
    const auto limit = script::parse_duration(flags.timeout);
    if (!limit) return failure("--timeout: " + limit.error().message);
    auto& d = profile.deadlines;
    for (auto* deadline : {&d.connect, &d.greeting, &d.reply, &d.data, &d.quiet}) *deadline = std::min(*deadline, *limit);
  }
  return {};
}

tl::expected<void, OpenError> start_own(Target& target, const std::string& command, smtp::Role role) {
  char pattern[] = "/tmp/smtpspec-target-XXXXXX";
  if (!::mkdtemp(pattern)) return tl::unexpected(OpenError{{"no temporary directory"}, internal});
  target.directory = pattern;
  target.start_command = target.profile.start_command = command;
  target.start_port = net::free_ports(1);
  target.profile.log = target.directory + "/log";
  target.profile.endpoints = {{role, {"127.0.0.1", target.start_port}}};
  if (const std::string trouble = target.restart(); !trouble.empty())
    return tl::unexpected(OpenError{{"--start: " + trouble}, unreachable});
  return {};
}

tl::expected<void, OpenError> start_lab(Target& target, const std::string& name, const Environment& environment) {
  const fs::path launcher = fs::path(environment.launchers) / (name + ".sh");
  std::error_code error;
  if (!fs::exists(launcher, error)) {
    std::vector<std::string> known;
    for (const auto& entry : fs::directory_iterator(environment.launchers, error))
      if (entry.path().extension() == ".sh" && entry.path().stem() != "lab") known.push_back("lab:" + entry.path().stem().string());
    std::sort(known.begin(), known.end());
    std::string list;
    for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
    return tl::unexpected(OpenError{
        {"no lab server '" + name + "'; there are " + list, {}, smtp::nearest("lab:" + name, std::span<const std::string>(known))}, usage});
  }
  char pattern[] = "/tmp/smtpspec-lab-XXXXXX";
  if (!::mkdtemp(pattern)) return tl::unexpected(OpenError{{"no temporary directory"}, internal});
  target.directory = pattern;
  const std::uint16_t base = net::free_ports(10);
  auto output = net::run_command({"bash", launcher.string(), target.directory, std::to_string(base)}, std::chrono::minutes(5));
  if (!output) return tl::unexpected(OpenError{output.error(), unreachable});
  if (output->status != 0) {
    const std::string trouble(smtp::trim(output->error.substr(0, output->error.find_last_not_of("\n") + 1)));
    return tl::unexpected(OpenError{{"lab:" + name + " did not start: " + trouble}, unreachable});
  }
  auto profile = run::parse_profile(output->out, launcher.string(), environment_variable);
  if (!profile) return tl::unexpected(OpenError{profile.error(), usage});
  profile->trusted = false;
  target.profile = std::move(*profile);
  return {};
}

}  // namespace

void TargetFlags::add_to(CLI::App& command) {
  const char* group = "Facts about the target";
  const auto fact = [&](const char* flag, std::string& value, const char* what, const char* type) {
    command.add_option(flag, value, what)->group(group)->type_name(type);
  };
  fact("--rcpt", rcpt, "A mailbox that exists (default: Postmaster)", "ADDRESS");
  fact("--rcpt-second", rcpt_second, "Another mailbox that exists", "ADDRESS");
  fact("--rcpt-unknown", rcpt_unknown, "A mailbox that does not exist, at a served domain", "ADDRESS");
  fact("--rcpt-relay", rcpt_relay, "A mailbox elsewhere that the target relays to", "ADDRESS");
  fact("--rcpt-denied", rcpt_denied, "A mailbox elsewhere that it refuses to strangers", "ADDRESS");
  fact("--sender", sender, "The reverse-path of test messages", "ADDRESS");
  fact("--client", client, "The name given in EHLO", "DOMAIN");
  fact("--user", user, "The account; its password comes from SMTPSPEC_PASSWORD", "NAME");
  fact("--mailbox", mailbox, "The recipient's Maildir", "DIR");
  fact("--source", source, "Local address to connect from", "ADDRESS");
  fact("--start", start, "Start the target with this command; {port} is filled in", "COMMAND");
  fact("--timeout", timeout, "No deadline is longer than this", "TIME");
  command.add_flag("--allow-remote", allow_remote, "Allow a target that is not on loopback")->group(group);
}

Target::~Target() {
  if (process) process->stop();
  if (!profile.stop_pids.empty()) net::stop_pids(profile.stop_pids);
  std::error_code ignored;
  if (!directory.empty()) fs::remove_all(directory, ignored);
}

std::string Target::restart() {
  if (embedded) {
    embedded->server->restart();
    return "";
  }
  if (start_command.empty()) return "the target was not started by smtpspec";
  process.reset();
  std::string command = start_command;
  for (std::size_t at; (at = command.find("{port}")) != std::string::npos;) command.replace(at, 6, std::to_string(start_port));
  auto started = net::Process::start(command, profile.log);
  if (!started) return started.error().message;
  process = std::make_unique<net::Process>(std::move(*started));
  // Ready when the port answers; the greeting itself is the first thing that a session waits for.
  for (int i = 0; i < 600; ++i) {
    if (const std::string end = process->ended(); !end.empty()) return "'" + command + "' " + end + "; its log is " + profile.log;
    if (net::port_answers(start_port)) return "";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return "'" + command + "' did not listen on port " + std::to_string(start_port) + " within 30 s";
}

run::Attendant Target::attendant() {
  run::Attendant out;
  if (!profile.log.empty()) {
    out.log_size = [this] {
      std::error_code error;
      const auto size = fs::file_size(profile.log, error);
      return error ? 0 : static_cast<std::uint64_t>(size);
    };
    out.log_since = [this](std::uint64_t from) {
      std::ifstream in(profile.log, std::ios::binary);
      std::string text(64 * 1024, '\0');
      in.seekg(static_cast<std::streamoff>(from));
      in.read(text.data(), static_cast<std::streamsize>(text.size()));
      text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
      return text;
    };
  }
  if (process) {
    out.death = [this] { return death(); };
    out.restart = [this] { return restart(); };
  }
  return out;
}

std::string Target::death() { return process ? process->ended() : ""; }

Result<run::Profile> start_embedded(Embedded& embedded, net::Loop& loop,
                                    const std::vector<std::pair<smtp::Role, net::Address>>& addresses) {
  serve::Config config;
  config.account.password = crypto::random_hex(12);
  auto seams = serve::Seams::lawful();
  seams.nonce = [] { return crypto::random_hex(16); };
  embedded.server = std::make_unique<serve::Server>(config, embedded.store, crypto::digests(), seams);
  const auto certificate = crypto::self_signed({config.host, "localhost", "127.0.0.1"});
  run::Profile profile;
  profile.name = "embedded";
  profile.version = version();
  for (const auto& [role, address] : addresses) {
    auto port = net::listen(loop, address, role, [server = embedded.server.get()](smtp::Role r) { return server->accept(r); }, certificate);
    if (!port) return tl::unexpected(port.error());
    profile.endpoints[role] = {address.host, *port};
  }
  profile.facts.values = {{"recipient", "alice@" + config.domain},
                          {"second-recipient", "carol@" + config.domain},
                          {"unknown-recipient", "nobody@" + config.domain},
                          {"relayed-recipient", "bob@" + config.relay_domain},
                          {"denied-recipient", "bob@elsewhere.test"},
                          {"user", config.account.user},
                          {"password", config.account.password}};
  profile.tls_name = config.host;
  profile.connections = 200;
  profile.restartable = true;
  profile.trusted = false;
  return profile;
}

tl::expected<Target, OpenError> open_target(const std::string& name, const TargetFlags& flags, const Environment& environment,
                                            net::Loop& loop) {
  Target target;
  const auto bad = [](const Error& error, int status = usage) { return tl::unexpected(OpenError{error, status}); };
  std::error_code error;
  if (name == "embedded") {
    target.embedded = std::make_unique<Embedded>();
    auto profile = start_embedded(
        *target.embedded, loop,
        {{smtp::Role::relay, {"127.0.0.1", 0}}, {smtp::Role::submission, {"127.0.0.1", 0}}, {smtp::Role::submissions, {"127.0.0.1", 0}}});
    if (!profile) return bad(profile.error(), unreachable);
    target.profile = std::move(*profile);
  } else if (name.starts_with("lab:")) {
    if (auto started = start_lab(target, name.substr(4), environment); !started) return tl::unexpected(started.error());
  } else if (name.find("://") != std::string::npos) {
    auto url = run::parse_url(name);
    if (!url) return bad(url.error());
    target.profile.name = name;
    target.profile.endpoints.insert(*url);
  } else if (fs::is_regular_file(name, error)) {
    auto text = script::read_file(name);
    auto profile = text ? run::parse_profile(*text, name, environment_variable) : Result<run::Profile>(tl::unexpected(text.error()));
    if (!profile) return bad(profile.error());
    target.profile = std::move(*profile);
  } else {
    static const std::string known[] = {"embedded"};
    return bad({"'" + name + "' is no target: expected a URL (smtp://host:25), a profile file, embedded, or lab:NAME",
                {},
                smtp::nearest(name, std::span<const std::string>(known))});
  }
  const std::string start = flags.start.empty() ? target.profile.start_command : flags.start;
  if (auto ok = apply(flags, target.profile); !ok) return bad(ok.error());
  if (!start.empty())
    if (auto started = start_own(target, start, target.profile.endpoints.begin()->first); !started) return tl::unexpected(started.error());
  for (const auto& [role, endpoint] : target.profile.endpoints)
    if (!on_loopback(endpoint.host) && !flags.allow_remote)
      return bad({to_url(role, endpoint) + " is not on this machine; give --allow-remote if its owner wants it tested"});
  run::complete_facts(target.profile, "t" + crypto::random_hex(5));
  return target;
}

}  // namespace smtpspec::cli
