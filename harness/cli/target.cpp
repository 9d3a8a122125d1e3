#include "cli/target.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/start.hpp"
#include "smtpspec/net/names.hpp"
#include "smtpspec/observe/maildir.hpp"
#include "smtpspec/observe/mbox.hpp"
#include "smtpspec/script/yaml.hpp"
#include "smtpspec/selftest/reference.hpp"

namespace smtpspec::cli {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

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
    {"--rcpt-denied", &TargetFlags::rcpt_denied, "A mailbox elsewhere that the target refuses to strangers", "ADDRESS", "denied-recipient"},
    {"--sender", &TargetFlags::sender, "The reverse-path of test messages", "ADDRESS", "sender"},
    {"--client", &TargetFlags::client, "The name given in EHLO", "DOMAIN", "client"},
    {"--user", &TargetFlags::user, "The account; its password comes from the variable SMTPSPEC_PASSWORD", "NAME"},
    {"--password-env", &TargetFlags::password_env, "Its password comes from this variable instead", "VARIABLE"},
    {"--password-file", &TargetFlags::password_file, "Its password comes from this file instead", "FILE"},
    {"--mailbox", &TargetFlags::mailbox, "The recipient's Maildir", "DIR"},
    {"--host", &TargetFlags::host, "Where the embedded server listens (default: 127.0.0.1)", "ADDRESS"},
    {"--source", &TargetFlags::source, "The local address to connect from", "ADDRESS"},
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
  return run::set_account(profile, flags.user, password);
}

// What is wrong with the flags themselves, before anything is started.
Result<void> check(const TargetFlags& flags) {
  const auto told = [](const char* flag, const Error& error) { return failure(std::string(flag) + ": " + error.message); };
  for (const Fact& fact : facts)
    if (const std::string& value = flags.*fact.value; fact.name && !value.empty())
      if (auto ok = run::check_fact(fact.name, value); !ok) return told(fact.flag, ok.error());
  if (!flags.user.empty())
    if (auto ok = run::check_fact("user", flags.user); !ok) return told("--user", ok.error());
  std::error_code error;
  if (!flags.mailbox.empty() && !fs::is_directory(flags.mailbox, error)) return failure("--mailbox: '" + flags.mailbox + "' is no folder");
  if (!flags.host.empty() && !net::is_address(flags.host))
    return failure("--host: '" + flags.host + "' is no address to listen on; expected 127.0.0.1 or ::1, say");
  if (!flags.timeout.empty())
    if (auto limit = script::parse_duration(flags.timeout); !limit) return told("--timeout", limit.error());
  return {};
}

Result<void> apply(const TargetFlags& flags, run::Profile& profile) {
  for (const Fact& fact : facts)
    if (fact.name && !(flags.*fact.value).empty()) profile.facts.values[fact.name] = flags.*fact.value;
  if (auto ok = apply_account(flags, profile); !ok) return ok;
  if (!flags.mailbox.empty()) profile.mailboxes[script::Where::mailbox] = {.maildir = flags.mailbox};
  if (!flags.source.empty()) profile.source = flags.source;
  if (!profile.source.empty() && !net::is_address(profile.source))
    return failure("'" + profile.source + "' is no address to connect from; expected 127.0.0.2 or ::1, say");
  if (!flags.timeout.empty()) {
    auto& d = profile.deadlines;
    for (auto* deadline : {&d.connect, &d.greeting, &d.reply, &d.data, &d.quiet, &profile.delivery})
      *deadline = std::min(*deadline, *script::parse_duration(flags.timeout));
  }
  return {};
}

constexpr std::uint64_t most_of_launcher = 1u << 20;
constexpr std::chrono::minutes launcher_time(5);

fs::path launcher_of(const Environment& environment, const std::string& name) { return fs::path(environment.launchers) / (name + ".sh"); }

Result<std::string> temporary_directory(const char* what) {
  std::string pattern = std::string("/tmp/smtpspec-") + what + "-XXXXXX";
  if (!::mkdtemp(pattern.data())) return failure("no temporary directory", Place{pattern});
  return pattern;
}

using Opening = tl::expected<void, OpenError>;

tl::unexpected<OpenError> bad(Error error, int status) { return tl::unexpected(OpenError{std::move(error), status}); }
// What a signal did not let happen is no news.
tl::unexpected<OpenError> interruption() { return bad({}, unless_caught(ok)); }

bool logged(const run::Profile& profile) {
  std::error_code error;
  return fs::is_regular_file(profile.log, error) && fs::file_size(profile.log, error) > 0;
}

// Calls `done` when the process has ended, or with false when it has not in time.
void await_end(net::Loop& loop, net::Process& process, smtp::Duration time, std::function<void(bool)> done) {
  if (!process.ended().empty() || time.count() <= 0) return done(time.count() > 0);
  constexpr std::chrono::milliseconds turn(20);
  net::after(loop, turn, [&loop, &process, left = time - turn, done = std::move(done)] { await_end(loop, process, left, done); });
}

Opening start_own(Target& target, const std::string& command, const net::Addresses& addresses, net::Loop& loop) {
  run::Profile& profile = target.profile;
  auto start = fill_ports(command, profile.endpoints, net::free_ports);
  if (!start) return bad(start.error(), usage);
  auto directory = temporary_directory("target");
  if (!directory) return bad(directory.error(), internal);
  target.directory = *directory;
  profile.start_command = command;
  profile.endpoints = std::move(start->endpoints);
  if (profile.log.empty()) profile.log = target.directory + "/target.log";
  std::vector<net::Starter::Port> ports;
  for (const auto& [role, endpoint] : profile.endpoints) {
    ports.push_back({run::to_url(role, endpoint), {}});
    for (const std::string& address : addresses.at(endpoint.host)) ports.back().at.push_back({address, endpoint.port});
  }
  target.starter = std::make_unique<net::Starter>(loop, std::move(start->command), std::move(ports), profile.log);
  const auto trouble = net::await<std::string>(loop, [&](const auto& done) { target.starter->restart(done); });
  if (!trouble) return interruption();
  if (trouble->empty()) return {};
  target.keep_logs = true;
  const std::string shown = session::Secrets(profile.facts.get("password")).mask(*trouble);
  return bad({"--start: " + shown + (logged(profile) ? "; its log is " + profile.log : "; it logged nothing")}, unreachable);
}

Opening start_lab(Target& target, const std::string& name, const Environment& environment, net::Loop& loop) {
  auto directory = temporary_directory("lab");
  if (!directory) return bad(directory.error(), internal);
  target.directory = *directory;
  auto text = ask_launcher(target, name, {target.directory, std::to_string(net::free_ports(10))}, {"did not start", launcher_time},
                           environment, loop);
  if (!text) return tl::unexpected(text.error());
  auto profile = run::parse_profile(*text, launcher_of(environment, name).string(), surroundings);
  if (!profile) return bad(profile.error(), usage);
  profile->trusted = false;
  profile->stop_pids.clear();  // they are among what ends with the launcher
  target.profile = std::move(*profile);
  return {};
}

Result<run::Profile> profile_in(const std::string& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    static const std::string known[] = {"embedded"};
    return failure("'" + file + "' is no target: expected a URL (smtp://host:25), a profile file, embedded, or lab:NAME", {},
                   smtp::nearest(file, std::span<const std::string>(known)));
  }
  auto text = script::read_file(file);
  if (!text) return tl::unexpected(text.error());
  return run::parse_profile(*text, file, surroundings);
}

// Where the target's hosts are: on this machine, unless anywhere is allowed.
tl::expected<net::Addresses, OpenError> addresses_of(const run::Profile& profile, const TargetFlags& flags, net::Loop& loop) {
  std::set<std::string> hosts;
  for (const auto& [role, endpoint] : profile.endpoints) hosts.insert(endpoint.host);
  const auto found =
      net::await<Result<net::Addresses>>(loop, [&](const auto& done) { net::resolve(loop, hosts, profile.deadlines.connect, done); });
  if (!found) return interruption();
  if (!*found) return bad(found->error(), unreachable);
  for (const auto& [role, endpoint] : profile.endpoints)
    for (const std::string& address : (*found)->at(endpoint.host))
      if (!net::is_loopback(address) && !flags.allow_remote)
        return bad({run::to_url(role, endpoint) + " is not on this machine" + (address == endpoint.host ? "" : " (" + address + ")") +
                    "; give --allow-remote if its owner wants it tested"},
                   usage);
  return **found;
}

// The reference server on free ports of `host`, all roles, with the facts that hold for it.
Result<run::Profile> start_embedded(Embedded& embedded, const std::string& host) {
  serve::Config config;
  config.account.password = crypto::random_hex(12);
  auto seams = serve::Seams::lawful();
  seams.nonce = [] { return crypto::random_hex(16); };
  embedded.server = std::make_unique<serve::Server>(config, embedded.mail.store(), crypto::digests(), [seams] { return seams; });
  embedded.mail.serve(embedded.server->config());
  const auto certificate = crypto::self_signed({config.host, "localhost", host});
  run::Profile profile = selftest::reference_profile(config);
  profile.name = "embedded";
  profile.version = version();
  for (const smtp::Role role : smtp::all_roles) {
    auto port = net::listen(
        embedded.works.loop, {host, 0}, role, [server = embedded.server.get()](smtp::Role r) { return server->accept(r); }, certificate);
    if (!port) return tl::unexpected(port.error());
    profile.endpoints[role] = {host, *port};
  }
  profile.tls_ca = certificate.certificate_pem;
  embedded.works.begin("the embedded server");
  return profile;
}

}  // namespace

void TargetFlags::add_to(CLI::App& command) {
  const char* group = "Facts about the target";
  // A variable of the shell that is not set must not look like a flag that is not given.
  const CLI::Validator something([](const std::string& text) { return text.empty() ? "expected a value, not ''" : ""; }, "");
  for (const Fact& fact : facts)
    command.add_option(fact.flag, this->*fact.value, fact.meaning)->group(group)->check(something)->type_name(fact.type);
  command.add_flag("--allow-remote", allow_remote, "Allow a target that is not on this machine")->group(group);
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

void ServerThread::begin(const char* name) {
  thread = std::thread([this, name] {
    try {
      loop.run();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "smtpspec: %s: %s\n", name, error.what());
      std::_Exit(internal);
    }
  });
}

ServerThread::~ServerThread() {
  if (!thread.joinable()) return;
  net::after(loop, {}, [this] { loop.stop(); });  // in the loop, which may not have begun yet
  thread.join();
}

std::vector<std::string> lab_servers(const Environment& environment) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(environment.launchers, error))
    if (entry.path().extension() == ".sh" && entry.path().stem() != "lab") out.push_back(entry.path().stem().string());
  std::sort(out.begin(), out.end());
  return out;
}

tl::expected<std::string, OpenError> ask_launcher(Target& target, const std::string& name, const std::vector<std::string>& arguments,
                                                  const Errand& errand, const Environment& environment, net::Loop& loop) {
  const fs::path launcher = launcher_of(environment, name);
  std::error_code error;
  if (!fs::exists(launcher, error)) {
    std::vector<std::string> known;
    std::string list;
    for (const auto& one : lab_servers(environment)) {
      known.push_back("lab:" + one);
      list += (list.empty() ? "" : ", ") + known.back();
    }
    return bad({"no lab server '" + name + "'; there are " + list, {}, smtp::nearest("lab:" + name, std::span<const std::string>(known))},
               usage);
  }
  if (target.directory.empty()) {
    auto directory = temporary_directory("lab");
    if (!directory) return bad(directory.error(), internal);
    target.directory = *directory;
  }
  target.keep_logs = true;
  const std::string out = target.launcher_output(), complaints = target.directory + "/launcher.log";
  std::vector<std::string> command = {"bash", launcher.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto process = net::Process::start(command, {out, most_of_launcher}, {complaints, most_of_launcher});
  if (!process) return bad(process.error(), internal);
  target.lab = std::move(*process);
  const auto ended = net::await<bool>(loop, [&](const auto& done) { await_end(loop, *target.lab, errand.time, done); });
  if (!ended) return interruption();
  const std::string trouble = "lab:" + name + " " + std::string(errand.failed);
  if (!*ended)
    return bad({trouble + " within " + std::to_string(errand.time.count()) + " min; its logs are in " + target.directory}, unreachable);
  auto text = script::read_file(target.lab->status() == 0 ? out : complaints);
  if (!text) return bad(text.error(), internal);
  if (target.lab->status() != 0) return bad({trouble + ": " + text->substr(0, text->find_last_not_of("\n") + 1)}, unreachable);
  target.keep_logs = false;
  return *text;
}

Target::~Target() {
  stop();
  starter.reset();
  lab.reset();
  if (!profile.stop_pids.empty()) net::stop_pids(profile.stop_pids);
  std::error_code ignored;
  if (directory.empty()) return;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (!keep_logs || entry.path().extension() != ".log" || entry.file_size(ignored) == 0) fs::remove_all(entry.path(), ignored);
  fs::remove(directory, ignored);  // when nothing is left in it
}

net::TransportOptions Target::transport_options() {
  net::TransportOptions out{.source = profile.source, .ca = profile.tls_ca, .name = profile.tls_name, .restart = {}};
  if (starter) out.restart = [this](auto done) { starter->restart(std::move(done)); };
  // Ours, so that it is no news that a second handshake gets what the first got; a stranger's are all full ones.
  out.resume = embedded != nullptr;
  if (embedded)
    out.restart = [this](const auto& done) {
      embedded->server->restart();
      done("");
    };
  return out;
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
      std::error_code error;
      if (!fs::is_regular_file(profile.log, error)) return std::string();  // opening a pipe may wait
      std::ifstream in(profile.log, std::ios::binary);
      std::string text(64 * 1024, '\0');
      in.seekg(static_cast<std::streamoff>(from));
      in.read(text.data(), static_cast<std::streamsize>(text.size()));
      text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, in.gcount())));
      return text;
    };
  }
  if (starter) {
    out.death = [this] { return death(); };
    out.restart = transport_options().restart;
  }
  if (starter || lab)
    out.usage = [this] {
      const net::Usage now = starter ? starter->usage() : lab->usage();
      return run::Usage{now.memory, now.descriptors, now.threads, now.processes};
    };
  out.clock = [] { return static_cast<std::int64_t>(std::time(nullptr)); };
  if (embedded) out.observers = embedded->mail.observers();
  if (next_hop) out.observers[script::Where::next_hop] = &next_hop->sink;
  for (const auto& [where, observer] : observers) out.observers[where] = observer.get();
  return out;
}

std::string Target::death() { return starter ? starter->death() : ""; }

namespace {

Result<std::unique_ptr<NextHop>> start_next_hop(const std::string& where, const std::string& domain) {
  const auto endpoint = run::parse_url("smtp://" + where);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (domain.empty()) return failure("the next hop " + where + ": no relayed-recipient says for which domain");
  auto out = std::make_unique<NextHop>(domain);
  const auto port = net::listen(
      out->works.loop, endpoint->second, smtp::Role::relay, [sink = &out->sink](smtp::Role) { return sink->accept(); },
      crypto::self_signed({"sink.example.test", "localhost", endpoint->second.host}));
  if (!port) return failure("the next hop " + where + ": " + port.error().message);
  out->works.begin("the next hop");
  return out;
}

}  // namespace

void Target::open_mailboxes() {
  for (const auto& [where, mailbox] : profile.mailboxes) {
    Result<void> opened;
    const auto keep = [&, at = where](auto made) {
      if (made) observers[at] = std::move(*made);
      else opened = tl::unexpected(made.error());
    };
    if (!mailbox.maildir.empty()) {
      keep(observe::Maildir::open(mailbox.maildir));
    } else if (!mailbox.mbox.empty()) {
      keep(observe::Mbox::open(mailbox.mbox));
    } else if (!mailbox.sink.empty()) {
      auto made = start_next_hop(mailbox.sink, std::string(profile.facts.get("relay-domain")));
      if (made) next_hop = std::move(*made);
      else opened = tl::unexpected(made.error());
    }
    if (opened) continue;
    profile.unobserved[where] = opened.error().message;
    complain(opened.error());
  }
  for (const auto& [where, why] : profile.unobserved) profile.mailboxes.erase(where);
}

void Target::keep_logs_of(run::Run& run) {
  if (!logged(profile)) return;
  keep_logs = true;
  run.log = profile.log;
  run.log_cut = starter && starter->log_was_cut();
}

void Target::stop() {
  if (starter) starter->stop();
  if (lab) lab->ask_to_end();
}

tl::expected<Target, OpenError> open_target(const std::string& name, const TargetFlags& flags, const Environment& environment,
                                            net::Loop& loop) {
  Target target;
  if (!flags.host.empty() && name != "embedded")
    return bad({"--host is where the embedded server listens; " + name + " is another target"}, usage);
  if (auto ok = check(flags); !ok) return bad(ok.error(), usage);
  if (name == "embedded") {
    target.embedded = std::make_unique<Embedded>();
    auto profile = start_embedded(*target.embedded, flags.host.empty() ? "127.0.0.1" : flags.host);
    if (!profile) return bad(profile.error(), unreachable);
    target.profile = std::move(*profile);
  } else if (name.starts_with("lab:")) {
    if (auto started = start_lab(target, name.substr(4), environment, loop); !started) return tl::unexpected(started.error());
  } else if (name.find("://") != std::string::npos) {
    auto url = run::parse_url(name);
    if (!url) return bad(url.error(), usage);
    target.profile.name = name;
    target.profile.endpoints.insert(*url);
  } else {
    auto profile = profile_in(name);
    if (!profile) return bad(profile.error(), usage);
    target.profile = std::move(*profile);
  }
  const std::string start = flags.start.empty() ? target.profile.start_command : flags.start;
  if (auto ok = apply(flags, target.profile); !ok) return bad(ok.error(), usage);
  const auto addresses = addresses_of(target.profile, flags, loop);
  if (!addresses) return tl::unexpected(addresses.error());
  for (const auto& [host, list] : *addresses) target.remote = target.remote || !std::all_of(list.begin(), list.end(), net::is_loopback);
  if (!start.empty())
    if (auto started = start_own(target, start, *addresses, loop); !started) return tl::unexpected(started.error());
  run::complete_facts(target.profile, "t" + crypto::random_hex(5));
  target.open_mailboxes();
  return target;
}

int why_not(const OpenError& error) {
  if (!net::caught()) complain(error.error);
  return error.status;
}

int unless_caught(int status) { return net::caught() ? by_signal + net::caught() : status; }

}  // namespace smtpspec::cli
