#include "cli/target.hpp"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/start.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

bool on_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

struct Fact {
  const char* flag;
  std::string TargetFlags::* value;
  const char* meaning;
  const char* type;
  const char* name = nullptr;  // of the fact in a profile, where it is a text there
};
constexpr std::array<Fact, 15> facts = {{
    {"--rcpt", &TargetFlags::rcpt, "A mailbox that exists (default: Postmaster)", "ADDRESS", "recipient"},
    {"--rcpt-second", &TargetFlags::rcpt_second, "Another mailbox that exists", "ADDRESS", "second-recipient"},
    {"--rcpt-unknown", &TargetFlags::rcpt_unknown, "A mailbox that does not exist, at a served domain", "ADDRESS", "unknown-recipient"},
    {"--rcpt-relay", &TargetFlags::rcpt_relay, "A mailbox elsewhere that the target relays to", "ADDRESS", "relayed-recipient"},
    {"--rcpt-denied", &TargetFlags::rcpt_denied, "A mailbox elsewhere that it refuses to strangers", "ADDRESS", "denied-recipient"},
    {"--sender", &TargetFlags::sender, "The reverse-path of test messages", "ADDRESS", "sender"},
    {"--client", &TargetFlags::client, "The name given in EHLO", "DOMAIN", "client"},
    {"--user", &TargetFlags::user, "The account; its password comes from SMTPSPEC_PASSWORD", "NAME"},
    {"--password-env", &TargetFlags::password_env, "… or from this variable", "VARIABLE"},
    {"--password-file", &TargetFlags::password_file, "… or from this file", "FILE"},
    {"--mailbox", &TargetFlags::mailbox, "The recipient's Maildir", "DIR"},
    {"--host", &TargetFlags::host, "Where the embedded server listens (default: 127.0.0.1)", "ADDRESS"},
    {"--source", &TargetFlags::source, "Local address to connect from", "ADDRESS"},
    {"--start", &TargetFlags::start, "Start the target with this command; {port} is filled in, or {relay}, {submission}, {submissions}",
     "COMMAND"},
    {"--timeout", &TargetFlags::timeout, "No deadline is longer than this", "TIME"},
}};

const run::Surroundings surroundings{environment_variable, script::read_file};

Result<void> apply_account(const TargetFlags& flags, run::Profile& profile) {
  if (flags.user.empty()) {
    if (flags.password_env.empty() && flags.password_file.empty()) return {};
    return failure("--password-env and --password-file need --user");
  }
  std::string password;
  if (!flags.password_file.empty()) {
    if (!flags.password_env.empty()) return failure("give --password-env or --password-file, one of them");
    auto text = run::password_in(flags.password_file, surroundings);
    if (!text) return tl::unexpected(text.error());
    password = *text;
  } else {
    password = environment_variable(flags.password_variable()).value_or("");
    if (password.empty()) return failure("--user needs the password in the environment variable " + flags.password_variable());
  }
  profile.facts.values["user"] = flags.user;
  profile.facts.values["password"] = password;
  return {};
}

Result<void> apply(const TargetFlags& flags, run::Profile& profile) {
  for (const Fact& fact : facts)
    if (fact.name && !(flags.*fact.value).empty()) profile.facts.values[fact.name] = flags.*fact.value;
  if (auto ok = apply_account(flags, profile); !ok) return ok;
  if (!flags.mailbox.empty()) profile.maildir = flags.mailbox;
  if (!flags.source.empty()) profile.source = flags.source;
  if (!profile.source.empty() && !net::is_address(profile.source))
    return failure("'" + profile.source + "' is no address to connect from; expected 127.0.0.2 or ::1, say");
  if (!flags.timeout.empty()) {
    const auto limit = script::parse_duration(flags.timeout);
    if (!limit) return failure("--timeout: " + limit.error().message);
    auto& d = profile.deadlines;
    for (auto* deadline : {&d.connect, &d.greeting, &d.reply, &d.data, &d.quiet}) *deadline = std::min(*deadline, *limit);
  }
  return {};
}

Result<std::string> temporary_directory(const char* what) {
  std::string pattern = std::string("/tmp/smtpspec-") + what + "-XXXXXX";
  if (!::mkdtemp(pattern.data())) return failure("no temporary directory", Place{pattern});
  return pattern;
}

tl::expected<void, OpenError> start_own(Target& target, const std::string& command) {
  auto start = fill_ports(command, target.profile.endpoints, net::free_ports);
  if (!start) return tl::unexpected(OpenError{start.error(), usage});
  auto directory = temporary_directory("target");
  if (!directory) return tl::unexpected(OpenError{directory.error(), internal});
  target.directory = *directory;
  target.command = std::move(start->command);
  target.profile.start_command = command;
  target.profile.endpoints = std::move(start->endpoints);
  if (target.profile.log.empty()) target.profile.log = target.directory + "/log";
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
  auto directory = temporary_directory("lab");
  if (!directory) return tl::unexpected(OpenError{directory.error(), internal});
  target.directory = *directory;
  const std::uint16_t base = net::free_ports(10);
  auto output = net::run_command({"bash", launcher.string(), target.directory, std::to_string(base)}, std::chrono::minutes(5));
  if (!output) return tl::unexpected(OpenError{output.error(), unreachable});
  if (output->status != 0) {
    const std::string trouble(smtp::trim(output->error.substr(0, output->error.find_last_not_of("\n") + 1)));
    return tl::unexpected(OpenError{{"lab:" + name + " did not start: " + trouble}, unreachable});
  }
  auto profile = run::parse_profile(output->out, launcher.string(), surroundings);
  if (!profile) return tl::unexpected(OpenError{profile.error(), usage});
  profile->trusted = false;
  target.profile = std::move(*profile);
  return {};
}

// The reference server on free ports of `host`, all roles, with the facts that hold for it.
Result<run::Profile> start_embedded(Embedded& embedded, net::Loop& loop, const std::string& host) {
  serve::Config config;
  config.account.password = crypto::random_hex(12);
  auto seams = serve::Seams::lawful();
  seams.nonce = [] { return crypto::random_hex(16); };
  embedded.server = std::make_unique<serve::Server>(config, embedded.store, crypto::digests(), [seams] { return seams; });
  const auto certificate = crypto::self_signed({config.host, "localhost", host});
  run::Profile profile;
  profile.name = "embedded";
  profile.version = version();
  for (const smtp::Role role : smtp::all_roles) {
    auto port =
        net::listen(loop, {host, 0}, role, [server = embedded.server.get()](smtp::Role r) { return server->accept(r); }, certificate);
    if (!port) return tl::unexpected(port.error());
    profile.endpoints[role] = {host, *port};
  }
  profile.facts.values = {{"recipient", "alice@" + config.domain},
                          {"second-recipient", "carol@" + config.domain},
                          {"unknown-recipient", "nobody@" + config.domain},
                          {"relayed-recipient", "bob@" + config.relay_domain},
                          {"denied-recipient", "bob@elsewhere.test"},
                          {"user", config.account.user},
                          {"password", config.account.password}};
  profile.tls_name = config.host;
  profile.tls_ca = certificate.certificate_pem;
  profile.connections = 200;
  profile.restartable = true;
  profile.trusted = false;
  return profile;
}

}  // namespace

void TargetFlags::add_to(CLI::App& command) {
  const char* group = "Facts about the target";
  for (const Fact& fact : facts) command.add_option(fact.flag, this->*fact.value, fact.meaning)->group(group)->type_name(fact.type);
  command.add_flag("--allow-remote", allow_remote, "Allow a target that is not on loopback")->group(group);
}

std::vector<std::string> TargetFlags::words() const {
  std::vector<std::string> out;
  for (const Fact& fact : facts)
    if (!(this->*fact.value).empty()) out.insert(out.end(), {fact.flag, this->*fact.value});
  if (allow_remote) out.push_back("--allow-remote");
  return out;
}

std::string TargetFlags::password_variable() const {
  if (user.empty() || !password_file.empty()) return "";
  return password_env.empty() ? "SMTPSPEC_PASSWORD" : password_env;
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
  if (command.empty()) return "the target was not started by smtpspec";
  process.reset();
  auto started = net::Process::start(command, profile.log);
  if (!started) return started.error().message;
  process = std::make_unique<net::Process>(std::move(*started));
  // Ready when its ports answer; the greeting itself is the first thing that a session waits for.
  std::string silent;
  for (int i = 0; i < 600; ++i) {
    if (const std::string end = process->ended(); !end.empty()) return "'" + command + "' " + end + "; its log is " + profile.log;
    silent.clear();
    for (const auto& [role, endpoint] : profile.endpoints)
      if (!net::answers(endpoint)) silent += (silent.empty() ? "" : ", ") + run::to_url(role, endpoint);
    if (silent.empty()) return "";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return "'" + command + "' did not listen at " + silent + " within 30 s";
}

net::TransportOptions Target::transport_options() {
  return {profile.source, profile.tls_ca, profile.tls_name, [this] { return restart(); }};
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

tl::expected<Target, OpenError> open_target(const std::string& name, const TargetFlags& flags, const Environment& environment,
                                            net::Loop& loop) {
  Target target;
  const auto bad = [](const Error& error, int status = usage) { return tl::unexpected(OpenError{error, status}); };
  std::error_code error;
  if (!flags.host.empty() && name != "embedded")
    return bad({"--host is where the embedded server listens; " + name + " is another target"});
  if (name == "embedded") {
    target.embedded = std::make_unique<Embedded>();
    auto profile = start_embedded(*target.embedded, loop, flags.host.empty() ? "127.0.0.1" : flags.host);
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
    auto profile = text ? run::parse_profile(*text, name, surroundings) : Result<run::Profile>(tl::unexpected(text.error()));
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
    if (auto started = start_own(target, start); !started) return tl::unexpected(started.error());
  for (const auto& [role, endpoint] : target.profile.endpoints)
    if (!on_loopback(endpoint.host) && !flags.allow_remote)
      return bad({run::to_url(role, endpoint) + " is not on this machine; give --allow-remote if its owner wants it tested"});
  run::complete_facts(target.profile, "t" + crypto::random_hex(5));
  return target;
}

}  // namespace smtpspec::cli
