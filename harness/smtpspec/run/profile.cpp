#include "smtpspec/run/profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/address.hpp"

namespace smtpspec::run {
namespace {

constexpr std::array<std::string_view, 20> keys_of_a_profile = {"name",
                                                                "version",
                                                                "endpoints",
                                                                "recipient",
                                                                "second-recipient",
                                                                "unknown-recipient",
                                                                "relayed-recipient",
                                                                "denied-recipient",
                                                                "sender",
                                                                "client",
                                                                "account",
                                                                "mailbox",
                                                                "second-mailbox",
                                                                "next-hop",
                                                                "tls",
                                                                "log",
                                                                "start",
                                                                "stop",
                                                                "limits",
                                                                "trusted"};
constexpr std::array<std::string_view, 4> account_keys = {"user", "password_env", "password_file", "password"};
constexpr std::array<std::string_view, 2> mailbox_keys = {"maildir", "mbox"};
constexpr std::array<std::string_view, 1> next_hop_keys = {"sink"};
constexpr std::array<std::string_view, 2> tls_keys = {"name", "ca"};
constexpr std::array<std::string_view, 1> start_keys = {"command"};
constexpr std::array<std::string_view, 1> stop_keys = {"pids"};
constexpr std::array<std::string_view, 8> limit_keys = {"connections", "source", "connect", "greeting",
                                                        "reply",       "data",   "quiet",   "delivery"};
constexpr std::array<std::string_view, 3> schemes = {"smtp", "submission", "submissions"};  // by role

// The text of a key, if the key is there.
Result<void> take_text(const script::Yaml& yaml, std::string_view key, std::string& into) {
  const auto* value = yaml.find(key);
  if (!value) return {};
  auto text = value->as_text("a text");
  if (!text) return tl::unexpected(text.error());
  into = std::move(*text);
  return {};
}

Result<void> parse_account(const script::Yaml& yaml, Profile& out, const Surroundings& surroundings) {
  if (auto ok = yaml.only(account_keys, "an account"); !ok) return ok;
  const auto *user = yaml.find("user"), *env = yaml.find("password_env"), *file = yaml.find("password_file"),
             *plain = yaml.find("password");
  if (plain) return plain->fail("a password does not stand in a profile; give password_env or password_file");
  if (!user || user->text.empty()) return yaml.fail("an account needs a user");
  if ((env != nullptr) == (file != nullptr)) return yaml.fail("an account needs password_env or password_file, one of them");
  std::string password;
  if (env) {
    const auto value = surroundings.variable(env->text);
    if (!value) return env->fail("environment variable " + env->text + " is not set");
    password = *value;
  } else {
    auto text = password_in(file->text, surroundings);
    if (!text) return file->fail("password_file " + file->text + ": " + text.error().message);
    password = *text;
  }
  if (password.empty()) return env->fail("environment variable " + env->text + " is empty");
  if (auto ok = set_account(out, user->text, password); !ok) return (env ? env : file)->fail(ok.error().message);
  return {};
}

Result<void> parse_limits(const script::Yaml& yaml, Profile& out) {
  if (auto ok = yaml.only(limit_keys, "limits"); !ok) return ok;
  for (const auto& [key, value] : yaml.entries) {
    if (key.text == "connections") {
      auto number = value.as_number("connections at once", 1, 500);
      if (!number) return tl::unexpected(number.error());
      out.connections = static_cast<int>(*number);
    } else if (key.text == "source") {
      auto source = value.as_text("an address to connect from");
      if (!source) return tl::unexpected(source.error());
      out.source = *source;
    } else {
      auto time = script::parse_duration(value.text);
      if (!time) return value.fail(time.error().message);
      (key.text == "connect"    ? out.deadlines.connect
       : key.text == "greeting" ? out.deadlines.greeting
       : key.text == "reply"    ? out.deadlines.reply
       : key.text == "data"     ? out.deadlines.data
       : key.text == "delivery" ? out.delivery
                                : out.deadlines.quiet) = *time;
    }
  }
  return {};
}

}  // namespace

Result<std::pair<smtp::Role, Endpoint>> parse_url(std::string_view url) {
  const auto fail = [&](const std::string& why, std::string hint = {}) {
    return failure("'" + smtp::spell(url) + "' is no target: " + why, {}, std::move(hint));
  };
  const std::size_t separator = url.find("://");
  if (separator == std::string_view::npos) return fail("a URL looks like smtp://host:25, submission://host:587 or submissions://host:465");
  const std::string_view scheme = url.substr(0, separator);
  std::size_t index = 0;
  while (index < schemes.size() && schemes[index] != scheme) ++index;
  if (index == schemes.size()) {
    const std::string meant = scheme == "smtps" ? "submissions" : smtp::nearest(scheme, std::span<const std::string_view>(schemes));
    return fail("unknown scheme '" + smtp::spell(scheme) + "'",
                meant.empty() ? "" : meant + "://" + smtp::spell(url.substr(separator + 3)));
  }
  std::string_view rest = url.substr(separator + 3);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.find('@') != std::string_view::npos) return fail("a URL holds no user or password; give --user and a profile");
  Endpoint endpoint;
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return fail("the bracket of the IPv6 address is not closed");
    endpoint.host = rest.substr(1, close - 1);
    if (close + 1 < rest.size() && rest[close + 1] != ':') return fail("expected ':' and a port behind ']'");
    port = close + 2 <= rest.size() ? rest.substr(close + 2) : std::string_view{};
  } else {
    const std::size_t colon = rest.find(':');
    endpoint.host = rest.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  }
  if (endpoint.host.empty()) return fail("no host");
  static constexpr std::uint16_t standard[] = {25, 587, 465};
  endpoint.port = standard[index];
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size() || endpoint.port == 0)
      return fail("'" + smtp::spell(port) + "' is no port");
  }
  return std::pair{static_cast<smtp::Role>(index), endpoint};
}

std::string to_url(smtp::Role role, const Endpoint& endpoint) {
  const bool six = endpoint.host.find(':') != std::string::npos;
  return std::string(schemes[static_cast<std::size_t>(role)]) + "://" + (six ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

std::string Profile::why_unobserved(std::string_view fact) const {
  for (const auto& [where, why] : unobserved)
    if (fact == to_string(where)) return why;
  return "";
}

bool Profile::has(std::string_view fact) const {
  if (fact == "account") return facts.has("user") && facts.has("password");
  for (const script::Where where : script::all_places)
    if (fact == to_string(where)) return mailboxes.contains(where);
  if (fact == "restart") return restartable || !start_command.empty();
  if (fact == "untrusted") return trusted.has_value() && !*trusted;
  if (fact == "tls-name") return !tls_name.empty();
  return facts.has(fact);
}

Result<std::string> password_in(const std::string& path, const Surroundings& surroundings) {
  auto text = surroundings.file(path);
  if (!text) return text;
  text->resize(text->find_last_not_of("\r\n") + 1);
  if (text->empty()) return failure("the password is empty", Place{path});
  return text;
}

Result<void> check_fact(std::string_view fact, const std::string& value) {
  const auto bad = [&value](const std::string& what, smtp::AddressFault fault, const std::string& example) {
    std::string why(to_string(fault));
    std::replace(why.begin(), why.end(), '-', ' ');
    return failure("'" + smtp::spell(value) + "' is no " + what + (fault == smtp::AddressFault::none ? "" : " (" + why + ")") +
                   "; it looks like " + example);
  };
  if (fact == "user") {
    if (value.empty() || std::any_of(value.begin(), value.end(), smtp::is_control))
      return failure("'" + smtp::spell(value) + "' is no user's name: it holds a control character, or nothing");
  } else if (fact == "client") {
    if (const auto domain = smtp::parse_domain(value, {}); domain.fault != smtp::AddressFault::none)
      return bad("domain or address literal", domain.fault, "client.example.org");
  } else {
    const std::string path = "<" + value + ">";
    const auto parsed = smtp::parse_path(path, {.utf8 = true});
    if (!parsed || parsed.path.null || parsed.path.route.size > 0 || parsed.size != path.size())
      return bad("mailbox", parsed.fault, "alice@example.org");
  }
  return {};
}

Result<void> set_account(Profile& profile, const std::string& user, const std::string& password) {
  if (password.size() < session::Secrets::least)
    return failure("a password of fewer than " + std::to_string(session::Secrets::least) + " octets cannot be kept out of the reports");
  if (auto ok = check_fact("user", user); !ok) return ok;
  profile.facts.values["user"] = user;
  profile.facts.values["password"] = password;
  return {};
}

std::span<const std::string_view> role_words() {
  static const std::array words = {to_string(smtp::Role::relay), to_string(smtp::Role::submission), to_string(smtp::Role::submissions)};
  return words;
}

std::optional<smtp::Role> role_named(std::string_view word) {
  for (const smtp::Role role : smtp::all_roles)
    if (to_string(role) == word) return role;
  return std::nullopt;
}

namespace {

Result<void> parse_endpoints(const script::Yaml& yaml, Profile& out) {
  if (auto ok = yaml.only(role_words(), "endpoints"); !ok) return ok;
  for (const auto& [key, value] : yaml.entries) {
    auto url = parse_url(value.text);
    if (!url) return value.fail(url.error().message, url.error().hint);
    if (smtp::to_string(url->first) != key.text)
      return value.fail("the URL of role " + key.text + " begins with " +
                        std::string(schemes[static_cast<std::size_t>(*role_named(key.text))]) + "://");
    out.endpoints.emplace(url->first, url->second);
  }
  if (out.endpoints.empty()) return yaml.fail("a profile needs at least one endpoint");
  return {};
}

Result<void> parse_tls(const script::Yaml& yaml, Profile& out, const Surroundings& surroundings) {
  if (auto ok = yaml.only(tls_keys, "tls"); !ok) return ok;
  if (auto ok = take_text(yaml, "name", out.tls_name); !ok) return ok;
  if (const auto* ca = yaml.find("ca")) {
    auto pem = surroundings.file(ca->text);
    if (!pem) return ca->fail("certificate " + ca->text + ": " + pem.error().message);
    if (pem->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      return ca->fail("certificate " + ca->text + ": no certificate in PEM");
    out.tls_ca = *pem;
  }
  return {};
}

Result<void> parse_stop(const script::Yaml& yaml, Profile& out) {
  if (auto ok = yaml.only(stop_keys, "stop"); !ok) return ok;
  const auto* pids = yaml.find("pids");
  if (pids && pids->kind != script::Yaml::Kind::list) return pids->fail("expected a list of process ids");
  if (pids)
    for (const auto& item : pids->items) {
      auto pid = item.as_number("a process id", 2, 1 << 30);
      if (!pid) return tl::unexpected(pid.error());
      out.stop_pids.push_back(static_cast<int>(*pid));
    }
  return {};
}

}  // namespace

namespace {

std::optional<script::Where> place_named(std::string_view word) {
  for (const script::Where where : script::all_places)
    if (word == to_string(where)) return where;
  return std::nullopt;
}

Result<void> parse_mailbox(const script::Yaml& yaml, script::Where where, Profile& out) {
  const bool hop = where == script::Where::next_hop;
  const std::span<const std::string_view> keys = hop ? std::span<const std::string_view>(next_hop_keys) : mailbox_keys;
  if (auto ok = yaml.only(keys, hop ? "a next hop" : "a mailbox"); !ok) return ok;
  if (yaml.entries.size() != 1) return yaml.fail(hop ? "expected {sink: HOST:PORT}" : "expected maildir or mbox, one of them");
  Mailbox mailbox;
  for (auto [key, into] : {std::pair("maildir", &mailbox.maildir), {"mbox", &mailbox.mbox}, {"sink", &mailbox.sink}})
    if (auto ok = take_text(yaml, key, *into); !ok) return ok;
  if (hop)
    if (auto endpoint = parse_url("smtp://" + mailbox.sink); !endpoint)
      return yaml.entries.front().second.fail("'" + smtp::spell(mailbox.sink) + "' is no HOST:PORT to listen at");
  out.mailboxes[where] = std::move(mailbox);
  return {};
}

}  // namespace

std::vector<std::string> profile_keys() {
  const std::map<std::string_view, std::span<const std::string_view>> inner = {
      {"endpoints", role_words()}, {"account", account_keys}, {"mailbox", mailbox_keys}, {"second-mailbox", mailbox_keys},
      {"next-hop", next_hop_keys}, {"tls", tls_keys},         {"start", start_keys},     {"stop", stop_keys},
      {"limits", limit_keys}};
  std::vector<std::string> out;
  for (const std::string_view key : keys_of_a_profile) {
    const auto it = inner.find(key);
    if (it == inner.end()) out.emplace_back(key);
    else
      for (const std::string_view word : it->second)
        if (word != "password") out.push_back(std::string(key) + "." + std::string(word));  // known to be refused
  }
  return out;
}

Result<Profile> parse_profile(const std::string& text, const std::string& file, const Surroundings& surroundings) {
  auto yaml = script::parse_yaml(text, file);
  if (!yaml) return tl::unexpected(yaml.error());
  if (auto ok = yaml->only(keys_of_a_profile, "a profile"); !ok) return tl::unexpected(ok.error());
  Profile out;
  const auto* endpoints = yaml->find("endpoints");
  if (!endpoints) return yaml->fail("a profile needs endpoints, {relay: smtp://host:25}");
  if (auto ok = parse_endpoints(*endpoints, out); !ok) return tl::unexpected(ok.error());
  for (const auto& [key, value] : yaml->entries) {
    if (key.text == "endpoints") continue;
    if (key.text == "account") {
      if (auto ok = parse_account(value, out, surroundings); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "limits") {
      if (auto ok = parse_limits(value, out); !ok) return tl::unexpected(ok.error());
    } else if (const auto where = place_named(key.text)) {
      if (auto ok = parse_mailbox(value, *where, out); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "tls") {
      if (auto ok = parse_tls(value, out, surroundings); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "start") {
      if (auto ok = value.only(start_keys, "start"); !ok) return tl::unexpected(ok.error());
      if (auto ok = take_text(value, "command", out.start_command); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "stop") {
      if (auto ok = parse_stop(value, out); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "trusted") {
      auto trusted = value.as_bool("whether the client may relay without a login");
      if (!trusted) return tl::unexpected(trusted.error());
      out.trusted = *trusted;
    } else {
      auto word = value.as_text("a text");
      if (!word) return tl::unexpected(word.error());
      if (key.text == "name") out.name = *word;
      else if (key.text == "version") out.version = *word;
      else if (key.text == "log") out.log = *word;
      else {
        if (auto ok = check_fact(key.text, *word); !ok) return value.fail(ok.error().message);
        out.facts.values[key.text] = *word;
      }
    }
  }
  if (out.name.empty()) out.name = file;
  return out;
}

void complete_facts(Profile& profile, const std::string& token) {
  auto& values = profile.facts.values;
  values.emplace("client", "client.example.org");
  values.emplace("sender", "sender@example.org");
  values.emplace("recipient", "Postmaster");
  values["token"] = token;
  const auto set_domain = [&](const std::string& fact, const std::string& address) {
    const std::size_t at = address.rfind('@');
    if (at != std::string::npos) values[fact] = address.substr(at + 1);
  };
  set_domain("domain", values["recipient"]);
  set_domain("relay-domain", std::string(profile.facts.get("relayed-recipient")));
  set_domain("second-domain", std::string(profile.facts.get("second-recipient")));
  if (!profile.facts.has("domain") || smtp::iequals(profile.facts.get("domain"), profile.facts.get("second-domain")))
    values.erase("second-domain");
}

namespace {

struct Way {
  std::string_view fact, words, way;
};
constexpr std::array<Way, 15> ways_to_give = {{
    {"domain", "a recipient with a domain", "--rcpt ADDRESS"},
    {"recipient", "a recipient", "--rcpt ADDRESS"},
    {"second-recipient", "a second recipient", "--rcpt-second ADDRESS"},
    {"second-domain", "a second recipient in another domain", "--rcpt-second ADDRESS"},
    {"unknown-recipient", "a recipient that does not exist", "--rcpt-unknown ADDRESS"},
    {"relayed-recipient", "a recipient to relay to", "--rcpt-relay ADDRESS"},
    {"relay-domain", "a recipient to relay to", "--rcpt-relay ADDRESS"},
    {"denied-recipient", "a recipient that is denied to strangers", "--rcpt-denied ADDRESS"},
    {"account", "an account", "--user NAME (password from SMTPSPEC_PASSWORD)"},
    {"mailbox", "the recipient's mailbox", "--mailbox DIR"},
    {"second-mailbox", "the second recipient's mailbox", "a profile with 'second-mailbox: {maildir: DIR}'"},
    {"next-hop", "a next hop of ours", "a profile with 'next-hop: {sink: HOST:PORT}'"},
    {"restart", "a target that smtpspec starts", "--start COMMAND"},
    {"untrusted", "a client that the target does not trust", "a profile with 'trusted: false'"},
    {"tls-name", "the name in the certificate", "a profile with 'tls: {name: DOMAIN}'"},
}};

const Way* way_of(std::string_view fact) {
  const auto it = std::find_if(ways_to_give.begin(), ways_to_give.end(), [&](const Way& way) { return way.fact == fact; });
  return it == ways_to_give.end() ? nullptr : &*it;
}

}  // namespace

std::string how_to_give(std::string_view fact) {
  const Way* way = way_of(fact);
  return way ? std::string(way->way) : "a profile with '" + std::string(fact) + "'";
}

std::string fact_in_words(std::string_view fact) {
  const Way* way = way_of(fact);
  return std::string(way ? way->words : fact);
}

}  // namespace smtpspec::run
