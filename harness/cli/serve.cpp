#include <charconv>
#include <cstdio>

#include "cli/target.hpp"
#include "smtpspec/net/names.hpp"
#include "smtpspec/script/yaml.hpp"
#include "smtpspec/serve/relay.hpp"

namespace smtpspec::cli {
namespace {

struct ServeFlags {
  std::string host = "127.0.0.1";
  std::vector<std::string> ports;
  std::string maildir, password_file, user = "alice", domain = "example.test", name = "mx.example.test", idle = "5min", forward;
  std::uint64_t size = serve::Config{}.message_size;
};

// ROLE=PORT
Result<std::pair<smtp::Role, std::uint16_t>> parse_listen(const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const auto role = run::role_named(name);
  if (equals == std::string::npos || !role)
    return failure("--listen: '" + word + "' is not ROLE=PORT; roles are relay, submission and submissions", {},
                   role ? "" : smtp::nearest(name, run::role_words()));
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data() + equals + 1, word.data() + word.size(), port);
  if (error != std::errc{} || end != word.data() + word.size()) return failure("--listen: '" + word.substr(equals + 1) + "' is no port");
  return std::pair{*role, port};
}

int serve_command(const ServeFlags& flags) {
  serve::Config config;
  config.host = flags.name;
  config.domain = flags.domain;
  config.message_size = flags.size;
  config.account = {flags.user, crypto::random_hex(12)};
  const auto idle = script::parse_duration(flags.idle);
  if (!idle) {
    complain({"--idle: " + idle.error().message});
    return usage;
  }
  config.idle = *idle;
  if (!flags.password_file.empty()) {
    auto password = run::password_in(flags.password_file, {{}, script::read_file});
    if (!password) {
      complain(password.error());
      return usage;
    }
    config.account.password = std::move(*password);
  }
  serve::MemoryStore memory;
  serve::MaildirStore maildir(flags.maildir);
  serve::Store& local = flags.maildir.empty() ? static_cast<serve::Store&>(memory) : maildir;
  auto seams = serve::Seams::lawful();
  seams.nonce = [] { return crypto::random_hex(16); };
  net::Loop loop;
  std::optional<serve::Relay> relay;
  if (!flags.forward.empty()) {
    const auto hop = run::parse_url(flags.forward);
    if (!hop) {
      complain(hop.error());
      return usage;
    }
    const auto found = net::await<Result<net::Addresses>>(
        loop, [&](const auto& done) { net::resolve(loop, {hop->second.host}, std::chrono::seconds(10), done); });
    if (!*found) {
      complain(found->error());
      return unreachable;
    }
    relay.emplace(
        local,
        serve::Relay::World{
            .call = [&loop, to = hop->second](std::shared_ptr<serve::Handover> handover,
                                              std::function<void()> done) { net::call(loop, to, std::move(handover), std::move(done)); },
            .later = [&loop](smtp::Duration delay, std::function<void()> task) { net::after(loop, delay, std::move(task)); },
            .clock = seams.clock});
    relay->serve(config);
  }
  serve::Store& store = relay ? static_cast<serve::Store&>(*relay) : local;
  serve::Server server(config, store, crypto::digests(), [seams] { return seams; });
  const auto certificate = crypto::self_signed({config.host, "localhost", flags.host});
  std::vector<std::string> ports = flags.ports;
  if (ports.empty())
    for (const auto role : run::role_words()) ports.push_back(std::string(role) + "=0");
  for (const std::string& word : ports) {
    const auto wanted = parse_listen(word);
    if (!wanted) {
      complain(wanted.error());
      return usage;
    }
    const auto [role, port] = *wanted;
    const auto got = net::listen(loop, {flags.host, port}, role, [&server](smtp::Role r) { return server.accept(r); }, certificate);
    if (!got) {
      complain(got.error());
      return unreachable;
    }
    std::printf("%s\n", run::to_url(role, {flags.host, *got}).c_str());
  }
  std::fflush(stdout);
  std::fprintf(stderr, "mailboxes alice and carol at %s; %s; Ctrl-C ends it\n", config.domain.c_str(),
               flags.password_file.empty() ? "nobody can log in without --password-file" : (config.account.user + " can log in").c_str());
  loop.on_signal([&loop] { loop.shut_down(); });
  loop.run();
  return ok;
}

}  // namespace

void add_serve(CLI::App& app, Environment& environment, int& status) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand("serve", "Run the reference server");
  command
      ->add_option(
          "--listen", flags->ports,
          "Listen for this role (relay, submission, submissions); port 0 takes a free one; repeatable (default: all roles on free ports)")
      ->type_name("ROLE=PORT");
  command->add_option("--host", flags->host, "Address to listen on (default: 127.0.0.1)")->type_name("ADDRESS");
  command->add_option("--name", flags->name, "The server's own name (default: mx.example.test)")->type_name("DOMAIN");
  command->add_option("--domain", flags->domain, "The domain that it serves (default: example.test)")->type_name("DOMAIN");
  command->add_option("--maildir", flags->maildir, "Deliver below this directory (default: in memory)")->type_name("DIR");
  command->add_option("--forward", flags->forward, "Next hop for relay.test: smtp://host:port")->type_name("URL");
  command->add_option("--user", flags->user, "The account's name (default: alice)")->type_name("NAME");
  command->add_option("--password-file", flags->password_file, "File with the account's password; without it nobody can log in")
      ->type_name("FILE");
  command->add_option("--size", flags->size, "Largest message in octets (default: " + std::to_string(flags->size) + ")")->type_name("N");
  command->add_option("--idle", flags->idle, "Close an idle connection after this (default: 5min)")->type_name("TIME");
  command->callback([flags, &status] { status = serve_command(*flags); });
  (void)environment;
}

}  // namespace smtpspec::cli
