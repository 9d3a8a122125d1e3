// Targets as a URL or a profile names them.
#include "smtpspec/run/profile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <fstream>

#include "test/expect.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::run {
namespace {

using namespace std::chrono_literals;
using smtp::Role;

// --- URLs -------------------------------------------------------------------------------------------------------------------

TEST(Url, Good) {
  for (const auto& [url, role, host, port] : std::vector<std::tuple<const char*, Role, const char*, int>>{
           {"smtp://mx.example.test", Role::relay, "mx.example.test", 25},
           {"smtp://mx.example.test:2525", Role::relay, "mx.example.test", 2525},
           {"submission://127.0.0.1", Role::submission, "127.0.0.1", 587},
           {"submissions://127.0.0.1/", Role::submissions, "127.0.0.1", 465},
           {"smtp://[::1]", Role::relay, "::1", 25},
           {"smtp://[::1]:65535", Role::relay, "::1", 65535},
       }) {
    const auto parsed = parse_url(url);
    ASSERT_TRUE(parsed) << url << ": " << to_string(parsed.error());
    EXPECT_EQ(parsed->first, role);
    EXPECT_EQ(parsed->second, (Endpoint{host, static_cast<std::uint16_t>(port)}));
    EXPECT_EQ(*parse_url(to_url(parsed->first, parsed->second)), *parsed);
  }
  EXPECT_EQ(to_url(Role::relay, {"::1", 25}), "smtp://[::1]:25");
}

TEST(Url, Bad) {
  for (const auto& [url, message, hint] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {"mx.example.test", "a URL looks like", ""},
           {"smpt://mx.example.test:25", "unknown scheme 'smpt'", "smtp://mx.example.test:25"},
           {"submisions://mx", "unknown scheme", "submissions://mx"},
           {"https://mx", "unknown scheme", ""},
           {"smtp://", "no host", ""},
           {"smtp:///", "no host", ""},
           {"smtp://:25", "no host", ""},
           {"smtp://[::1", "not closed", ""},
           {"smtp://[::1]25", "expected ':'", ""},
           {"smtp://mx:0", "'0' is no port", ""},
           {"smtp://mx:65536", "is no port", ""},
           {"smtp://mx:25x", "is no port", ""},
           {"smtp://mx:-1", "is no port", ""},
           {"smtp://user:secret@mx", "holds no user or password", ""},
           {"smtp\x1b://mx", "unknown scheme", "smtp://mx"},
       }) {
    const auto parsed = parse_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_CONTAINS(parsed.error().message, message);
    EXPECT_EQ(parsed.error().hint, hint) << url;
    EXPECT_EQ(parsed.error().message.find('\x1b'), std::string::npos);
  }
}

// --- profiles ---------------------------------------------------------------------------------------------------------------

const Surroundings surroundings{
    .variable = [](const std::string& name) -> std::optional<std::string> {
      if (name == "PASSWORD") return "secret";
      if (name == "SHORT") return "abc";
      return name == "EMPTY" ? std::optional<std::string>("") : std::nullopt;
    },
    .file = [](const std::string& path) -> Result<std::string> {
      if (path == "ca.pem") return "-----BEGIN CERTIFICATE-----";
      if (path == "key.pem") return "-----BEGIN PRIVATE KEY-----";
      if (path == "password") return "two words\r\n";
      if (path == "empty") return "\n";
      return failure("cannot read it", Place{path});
    },
};

TEST(Profile, Whole) {
  const auto profile = parse_profile(R"(name: lab
version: 3.7
endpoints: {relay: "smtp://127.0.0.1:2525", submissions: "submissions://[::1]"}
recipient: alice@example.test
second-recipient: carol@example.test
unknown-recipient: nobody@example.test
relayed-recipient: bob@relay.test
denied-recipient: bob@elsewhere.test
sender: me@client.test
client: client.test
account: {user: alice, password_env: PASSWORD}
mailbox: {maildir: /var/mail/alice}
tls: {name: mx.example.test, ca: ca.pem}
log: /var/log/mail
start: {command: "server {port}"}
stop: {pids: [123, 456]}
limits: {connections: 5, connect: 1s, greeting: 2s, reply: 3s, data: 4s, quiet: 100ms, source: 127.0.0.2}
trusted: false
)",
                                     "lab.yaml", surroundings);
  ASSERT_TRUE(profile) << to_string(profile.error());
  EXPECT_EQ(profile->name, "lab");
  EXPECT_EQ(profile->version, "3.7");
  EXPECT_EQ(profile->endpoints.at(Role::relay), (Endpoint{"127.0.0.1", 2525}));
  EXPECT_EQ(profile->endpoints.at(Role::submissions), (Endpoint{"::1", 465}));
  EXPECT_EQ(profile->facts.get("denied-recipient"), "bob@elsewhere.test");
  EXPECT_EQ(profile->facts.get("password"), "secret");
  EXPECT_EQ(profile->mailboxes.at(script::Where::mailbox).maildir, "/var/mail/alice");
  EXPECT_EQ(profile->tls_name, "mx.example.test");
  EXPECT_EQ(profile->tls_ca, "-----BEGIN CERTIFICATE-----");
  EXPECT_EQ(profile->start_command, "server {port}");
  EXPECT_EQ(profile->stop_pids, (std::vector<int>{123, 456}));
  EXPECT_EQ(profile->connections, 5);
  EXPECT_EQ(profile->source, "127.0.0.2");
  EXPECT_EQ(profile->deadlines.connect, 1s);
  EXPECT_EQ(profile->deadlines.greeting, 2s);
  EXPECT_EQ(profile->deadlines.reply, 3s);
  EXPECT_EQ(profile->deadlines.data, 4s);
  EXPECT_EQ(profile->deadlines.quiet, 100ms);
  for (const char* fact : {"account", "mailbox", "restart", "untrusted", "tls-name", "unknown-recipient"})
    EXPECT_TRUE(profile->has(fact)) << fact;
  EXPECT_FALSE(profile->has("sink"));
}

std::string text_of(const char* file) {
  std::ifstream in(source_directory() + file);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// The page, the schema and the parser know the same keys.
TEST(Profile, EachKeyIsDocumented) {
  const std::string page = text_of("/harness/targets/README.md");
  std::vector<std::string> documented;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1))
    documented.push_back(page.substr(at + 4, page.find('`', at + 4) - at - 4));
  EXPECT_EQ(documented, profile_keys());

  std::vector<std::string> in_schema;
  const auto schema = boost::json::parse(text_of("/cases/schema/profile.json")).as_object();
  for (const auto& [key, value] : schema.at("properties").as_object()) {
    EXPECT_TRUE(value.as_object().contains("description")) << std::string(key);
    const auto* const name = value.as_object().if_contains("$ref");
    const auto& meant = name ? schema.at("$defs").at(std::string(name->as_string()).substr(std::strlen("#/$defs/"))) : value;
    const auto* inner = meant.as_object().if_contains("properties");
    if (!inner) in_schema.emplace_back(key);
    else
      for (const auto& [word, meaning] : inner->as_object()) {
        EXPECT_TRUE(meaning.as_object().contains("description")) << std::string(word);
        in_schema.push_back(std::string(key) + "." + std::string(word));
      }
  }
  auto known = profile_keys();
  std::sort(known.begin(), known.end());
  std::sort(in_schema.begin(), in_schema.end());
  EXPECT_EQ(in_schema, known);
}

// The page's examples are taken, and its defaults are those that hold.
TEST(Profile, TheReferencePageIsTrue) {
  const std::string page = text_of("/harness/targets/README.md");
  const Surroundings anywhere{[](const std::string&) { return std::optional<std::string>("secret"); },
                              [](const std::string&) -> Result<std::string> { return "-----BEGIN CERTIFICATE-----"; }};
  const std::size_t begin = page.find("```yaml\n") + 8;
  const auto example = parse_profile(page.substr(begin, page.find("```", begin) - begin), "README.md", anywhere);
  EXPECT_TRUE(example) << to_string(example.error());

  for (std::size_t at = page.find("\n| `"); at != std::string::npos; at = page.find("\n| `", at + 1)) {
    const std::string line = page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    std::vector<std::string> cells;
    for (std::size_t cell = 0; (cell = line.find("| ", cell)) != std::string::npos; cell += 2)
      cells.push_back(line.substr(cell + 2, line.find(" |", cell + 1) - cell - 2));
    ASSERT_EQ(cells.size(), 5u) << line;
    const std::string key = cells[0].substr(1, cells[0].size() - 2), value = cells[4].substr(1, cells[4].size() - 2);
    const std::size_t dot = key.find('.');
    const bool list = value.starts_with('[');
    std::string text = key.substr(0, dot) + ": " + (dot == std::string::npos ? "" : "{" + key.substr(dot + 1) + ": ") +
                       (list ? value : "'" + value + "'") + (dot == std::string::npos ? "" : "}") + "\n";
    if (key == "account.user") text = "account: {user: '" + value + "', password_env: A}\n";
    else if (key.starts_with("account.")) text.insert(text.size() - 2, ", user: a");
    if (!key.starts_with("endpoints")) text += "endpoints: {relay: 'smtp://mx'}\n";
    const auto profile = parse_profile(text, "p.yaml", anywhere);
    EXPECT_TRUE(profile) << text << to_string(profile.error());
  }
  Profile bare;
  complete_facts(bare, "t");
  EXPECT_CONTAINS(page, "address | `" + std::string(bare.facts.get("sender")) + "`");
  EXPECT_CONTAINS(page, "address | `" + std::string(bare.facts.get("recipient")) + "`");
  EXPECT_CONTAINS(page, "literal | `" + std::string(bare.facts.get("client")) + "`");
  EXPECT_CONTAINS(page, "1 to 500 | `" + std::to_string(bare.connections) + "`");
  const auto& d = bare.deadlines;
  for (const auto& [key, time] :
       {std::pair{"connect", d.connect}, {"greeting", d.greeting}, {"reply", d.reply}, {"data", d.data}, {"quiet", d.quiet}}) {
    const std::size_t at = page.find(std::string("| `limits.") + key);
    const std::size_t value = page.find("| time | `", at) + 10;
    EXPECT_EQ(*script::parse_duration(page.substr(value, page.find('`', value) - value)), time) << key;
  }
}

TEST(Profile, Least) {
  const auto profile = parse_profile("endpoints: {relay: \"smtp://mx\"}\n", "mx.yaml", surroundings);
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->name, "mx.yaml");
  for (const char* fact : {"account", "mailbox", "restart", "untrusted", "tls-name", "unknown-recipient"})
    EXPECT_FALSE(profile->has(fact)) << fact;
}

TEST(Facts, Good) {
  for (const char* mailbox :
       {"alice@example.test", "Postmaster", "postmaster", "\"a b\"@example.test", "it's@[127.0.0.1]", "\u00fc@example.test"})
    EXPECT_TRUE(check_fact("recipient", mailbox)) << mailbox;
  for (const char* name : {"client.example.org", "client", "[127.0.0.1]", "[IPv6:::1]"}) EXPECT_TRUE(check_fact("client", name)) << name;
  EXPECT_TRUE(check_fact("user", "alice@example.test"));
}

TEST(Facts, Bad) {
  for (const auto& [fact, value, complaint] : std::vector<std::tuple<const char*, std::string, const char*>>{
           {"recipient", "alice", "'alice' is no mailbox (no domain); it looks like alice@example.org"},
           {"recipient", "", "'' is no mailbox; it looks like"},
           {"sender", "@example.test", "'@example.test' is no mailbox (bad route); it looks like"},
           {"unknown-recipient", "<a@b.test>", "'<a@b.test>' is no mailbox (bad local part); it looks like"},
           {"second-recipient", "a b@c.test", "is no mailbox"},
           {"denied-recipient", "a@b..test", "is no mailbox (bad domain)"},
           {"relayed-recipient", "a@b.test\r\nRCPT TO:<c@d.test>", R"('a@b.test\r\nRCPT TO:<c@d.test>' is no mailbox (control octet))"},
           {"relayed-recipient", "a@b.test> X=1", "is no mailbox"},
           {"relayed-recipient", "a@b.test>", "is no mailbox"},
           {"recipient", "@a.test:b@c.test", "is no mailbox"},
           {"client", "two words", "'two words' is no domain or address literal"},
           {"client", "[1.2.3]", "is no domain or address literal (bad literal)"},
           {"user", std::string("a\0b", 3), R"('a\0b' is no user's name)"},
           {"user", "", "is no user's name"},
       }) {
    const auto checked = check_fact(fact, value);
    ASSERT_FALSE(checked) << value;
    EXPECT_CONTAINS(checked.error().message, complaint);
  }
}

TEST(Profile, Errors) {
  const std::string good = "endpoints: {relay: \"smtp://mx\"}\n";
  for (const auto& [text, error] : std::vector<std::pair<std::string, std::string>>{
           {"", "p.yaml: the file is empty"},
           {"[]", "p.yaml:1:1: expected a profile, a mapping of keys to values"},
           {"name: x\n", "p.yaml:1:1: a profile needs endpoints, {relay: smtp://host:25}"},
           {"endpoints: {}\n", "p.yaml:1:12: a profile needs at least one endpoint"},
           {"endpoints: {rely: \"smtp://mx\"}\n", "p.yaml:1:13: no key 'rely' in endpoints (did you mean 'relay'?)"},
           {"endpoints: {relay: \"smpt://mx\"}\n",
            "p.yaml:1:20: 'smpt://mx' is no target: unknown scheme 'smpt' (did you mean 'smtp://mx'?)"},
           {"endpoints:\n  submission: smtp://mx\n", "p.yaml:2:15: the URL of role submission begins with submission://"},
           {good + "recipent: a\n", "p.yaml:2:1: no key 'recipent' in a profile (did you mean 'recipient'?)"},
           {good + "recipient: [a]\n", "p.yaml:2:12: expected a text"},
           {good + "recipient: alice\n", "p.yaml:2:12: 'alice' is no mailbox (no domain); it looks like alice@example.org"},
           {good + "name: a\nname: b\n", "p.yaml:3:1: key 'name' stands here for the second time"},
           {good + "account: {user: a, password: b}\n",
            "p.yaml:2:30: a password does not stand in a profile; give password_env or password_file"},
           {good + "account: {user: a, pasword_env: b}\n",
            "p.yaml:2:20: no key 'pasword_env' in an account (did you mean 'password_env'?)"},
           {good + "account: {password_env: PASSWORD}\n", "p.yaml:2:10: an account needs a user"},
           {good + "account: {user: a}\n", "p.yaml:2:10: an account needs password_env or password_file, one of them"},
           {good + "account: {user: a, password_env: PASSWORD, password_file: b}\n",
            "p.yaml:2:10: an account needs password_env or password_file, one of them"},
           {good + "account: {user: a, password_env: NONE}\n", "p.yaml:2:34: environment variable NONE is not set"},
           {good + "account: {user: a, password_env: EMPTY}\n", "p.yaml:2:34: environment variable EMPTY is empty"},
           {good + "account: {user: a, password_env: SHORT}\n",
            "p.yaml:2:34: a password of fewer than 4 octets cannot be kept out of the reports"},
           {good + "account: alice\n", "p.yaml:2:10: expected an account, a mapping of keys to values"},
           {good + "limits: {connections: 0}\n", "p.yaml:2:23: expected connections at once, a number from 1 to 500"},
           {good + "limits: {conections: 5}\n", "p.yaml:2:10: no key 'conections' in limits (did you mean 'connections'?)"},
           {good + "limits: {reply: 5}\n", "p.yaml:2:17: '5' is no duration up to an hour; durations look like 200ms, 5s or 2min"},
           {good + "limits: {source: [a]}\n", "p.yaml:2:18: expected an address to connect from"},
           {good + "trusted: maybe\n", "p.yaml:2:10: expected whether the client may relay without a login, true or false"},
           {good + "stop: {pids: [1]}\n", "p.yaml:2:15: expected a process id, a number from 2 to 1073741824"},
           {good + "stop: {pids: 123}\n", "p.yaml:2:14: expected a list of process ids"},
           {good + "start: {command: [a]}\n", "p.yaml:2:18: expected a text"},
           {good + "mailbox: {maildir: {}}\n", "p.yaml:2:20: expected a text"},
           {good + "tls: {ca: key.pem}\n", "p.yaml:2:11: certificate key.pem: no certificate in PEM"},
           {good + "tls: {nam: x}\n", "p.yaml:2:7: no key 'nam' in tls (did you mean 'name'?)"},
       }) {
    const auto profile = parse_profile(text, "p.yaml", surroundings);
    ASSERT_FALSE(profile) << text;
    EXPECT_EQ(to_string(profile.error()), error);
  }
  EXPECT_CONTAINS(to_string(parse_profile(good + "tls: {ca: /nonexistent/ca.pem}\n", "p.yaml", surroundings).error()),
                  "p.yaml:2:11: certificate /nonexistent/ca.pem: cannot read");
  EXPECT_CONTAINS(to_string(parse_profile(good + "account: {user: a, password_file: /nonexistent/p}\n", "p.yaml", surroundings).error()),
                  "p.yaml:2:35: password_file /nonexistent/p: cannot read");
  EXPECT_CONTAINS(to_string(parse_profile(good + "account: {user: a, password_file: empty}\n", "p.yaml", surroundings).error()),
                  "p.yaml:2:35: password_file empty: the password is empty");
  EXPECT_CONTAINS(to_string(parse_profile("endpoints: {", "p.yaml", surroundings).error()), "p.yaml:1:");
}

TEST(Profile, PasswordFile) {
  const auto profile =
      parse_profile("endpoints: {relay: \"smtp://mx\"}\naccount: {user: a, password_file: password}\n", "p.yaml", surroundings);
  ASSERT_TRUE(profile) << to_string(profile.error());
  EXPECT_EQ(profile->facts.get("password"), "two words");
}

TEST(Profile, RoleWords) {
  for (const std::string_view word : role_words()) EXPECT_EQ(to_string(role_named(word).value()), word);
  EXPECT_FALSE(role_named("rely"));
}

TEST(Profile, CompleteFacts) {
  Profile profile;
  complete_facts(profile, "t1");
  EXPECT_EQ(profile.facts.get("recipient"), "Postmaster");
  EXPECT_EQ(profile.facts.get("token"), "t1");
  EXPECT_FALSE(profile.facts.has("domain"));
  profile.facts.values["recipient"] = "\"a@b\"@example.test";
  profile.facts.values["sender"] = "me@client.test";
  complete_facts(profile, "t2");
  EXPECT_EQ(profile.facts.get("domain"), "example.test");
  EXPECT_EQ(profile.facts.get("sender"), "me@client.test");
  EXPECT_EQ(profile.facts.get("token"), "t2");
  EXPECT_FALSE(profile.facts.has("second-domain"));
  profile.facts.values["second-recipient"] = "c@second.test";
  complete_facts(profile, "t3");
  EXPECT_EQ(profile.facts.get("second-domain"), "second.test");
  profile.facts.values["second-recipient"] = "c@Example.TEST";
  complete_facts(profile, "t4");
  EXPECT_FALSE(profile.facts.has("second-domain")) << "it is the first recipient's";
}

TEST(Profile, HowToGive) {
  EXPECT_EQ(how_to_give("unknown-recipient"), "--rcpt-unknown ADDRESS");
  EXPECT_EQ(how_to_give("mailbox"), "--mailbox DIR");
  EXPECT_EQ(how_to_give("sink"), "a profile with 'sink'");
  EXPECT_EQ(fact_in_words("second-recipient"), "a second recipient");
  EXPECT_EQ(fact_in_words("sink"), "sink");
}

}  // namespace
}  // namespace smtpspec::run
