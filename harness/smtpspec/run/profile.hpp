// What is known of a target before the first connection: endpoints by role, the facts that dialogues name, limits,
// how to start and stop it. Read from a YAML profile, or made from a URL and flags.
//
//   Result<Profile> profile = parse_profile(text, "postfix.yaml");
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "smtpspec/script/case.hpp"
#include "smtpspec/session/session.hpp"

namespace smtpspec::run {

using smtp::Endpoint;

// smtp://host:port, submission://host[:587], submissions://host[:465]; IPv6 in brackets.
Result<std::pair<smtp::Role, Endpoint>> parse_url(std::string_view url);
std::string to_url(smtp::Role role, const Endpoint& endpoint);

// Where mail for one of the recipients can be looked at: the one of these that is not empty.
struct Mailbox {
  std::string maildir;
  std::string mbox;
  std::string sink;  // where the target finds its next hop: HOST:PORT
  bool in_memory = false;
};

struct Profile {
  std::string name;
  std::string version;
  std::map<smtp::Role, Endpoint> endpoints;
  script::Facts facts;                              // by the names of script::fact_names()
  std::map<script::Where, Mailbox> mailboxes;       // where what arrives can be looked at
  std::map<script::Where, std::string> unobserved;  // why nobody can, of those that are given
  std::string source;                               // address to connect from
  std::string tls_name;                             // that the certificate should bear
  std::string tls_ca;                               // in PEM: whom it should be signed by
  std::string log;
  bool restartable = false;   // beside what start_command makes so
  std::string start_command;  // {port} stands for the port
  std::vector<int> stop_pids;
  int connections = 20;  // at once
  session::Deadlines deadlines;
  session::Duration delivery = std::chrono::seconds(30);  // how long what was accepted is waited for
  std::optional<bool> trusted;                            // may this client relay without a login?

  std::string why_unobserved(std::string_view condition_fact) const;  // "" of what can be looked at, or is not given
  bool has(std::string_view condition_fact) const;                    // account, mailbox, restart, untrusted, …
};

// What a profile may name outside of itself: the variable of password_env, the files of password_file and tls.ca.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::function<Result<std::string>(const std::string& path)> file;
};

Result<Profile> parse_profile(const std::string& text, const std::string& file, const Surroundings& surroundings);

// Every key of a profile, in the order of the reference page (harness/targets/README.md), those inside of others as
// "account.user".
std::vector<std::string> profile_keys();

// A password as a file holds it: without the line end. Empty is an error.
Result<std::string> password_in(const std::string& path, const Surroundings& surroundings);

// A password that is too short to be masked (session/secrets.hpp) is an error.
Result<void> set_account(Profile& profile, const std::string& user, const std::string& password);

// "relay", "submission", "submissions", and the role that such a word names.
std::span<const std::string_view> role_words();
std::optional<smtp::Role> role_named(std::string_view word);

// An error says what is wrong with a fact that is a text: an address is a mailbox, the client's name a domain.
Result<void> check_fact(std::string_view fact, const std::string& value);

// The facts that stand without a profile: names for the client, and <Postmaster>, whom RFC 5321 section 4.5.1 obliges
// every server to accept. Fills in `domain` from the recipient.
void complete_facts(Profile& profile, const std::string& token);

// For hints: what a missing fact is, "a second recipient", and how to give it, "--rcpt-second ADDRESS".
std::string fact_in_words(std::string_view fact);
std::string how_to_give(std::string_view fact);

}  // namespace smtpspec::run
