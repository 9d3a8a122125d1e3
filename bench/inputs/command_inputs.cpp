#include "inputs/command_inputs.hpp"

#include <initializer_list>
#include <string>

#include "adapter.h"
#include "inputs/random.hpp"

namespace smtpspec::bench::inputs {
namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib;
constexpr std::array<std::string_view, 6> people = {"alice", "bob.smith", "c.d.e", "postmaster", "info+list", "o'hara"};
constexpr std::array<std::string_view, 5> places = {"example.com", "mail.example.org", "a.test", "sub.domain.example.net",
                                                    "xn--bcher-kva.example"};

struct Parameter {
  std::string keyword, value;  // value "": none
};

// Writes commands and keeps the account of them.
class Commands {
 public:
  void plain(std::uint32_t verb, std::string_view line) {
    put(line);
    count(verb);
    path("", "");
  }
  void mail(std::string_view local, std::string_view domain, const std::vector<Parameter>& parameters) {
    with_path(SMTPSPEC_VERB_MAIL, "MAIL FROM:<", local, domain, parameters);
  }
  void rcpt(std::string_view local, std::string_view domain, const std::vector<Parameter>& parameters) {
    with_path(SMTPSPEC_VERB_RCPT, "RCPT TO:<", local, domain, parameters);
  }
  void wrong(std::string_view line) {
    put(line);
    ++input_.expected.errors;
  }
  std::size_t size() const { return input_.octets.size(); }
  Input take() { return std::move(input_); }

 private:
  void put(std::string_view line) {
    input_.octets += line;
    input_.octets += "\r\n";
  }
  void count(std::uint32_t verb) {
    ++input_.expected.items;
    input_.expected.codes += verb;
  }
  void path(std::string_view local, std::string_view domain) {
    input_.expected.text.text(local);
    input_.expected.text.text(domain);
  }
  void with_path(std::uint32_t verb, std::string_view start, std::string_view local, std::string_view domain,
                 const std::vector<Parameter>& parameters) {
    std::string line(start);
    line += local;
    if (!domain.empty()) line += "@" + std::string(domain);
    line += ">";
    count(verb);
    path(local, domain);
    for (const auto& [keyword, value] : parameters) {
      line += " " + keyword + (value.empty() ? "" : "=" + value);
      ++input_.expected.parts;
      input_.expected.text.text(keyword);
      input_.expected.text.text(value);
    }
    put(line);
  }

  Input input_;
};

Input mix(bool parameters, bool data, std::size_t size) {
  Random random(2);
  Commands out;
  while (out.size() < size) {
    out.plain(SMTPSPEC_VERB_EHLO, "EHLO client" + std::to_string(random.below(100)) + ".example.com");
    for (std::size_t messages = 1 + random.below(3); messages > 0; --messages) {
      const std::string_view sender = random.pick(people);
      std::vector<Parameter> about;
      if (parameters)
        about = {{"SIZE", std::to_string(1000 + random.below(10'000'000))}, {"BODY", random.percent(50) ? "8BITMIME" : "7BIT"}};
      out.mail(sender, random.pick(places), about);
      for (std::size_t recipients = 1 + random.below(3); recipients > 0; --recipients) {
        const std::string_view person = random.pick(people);
        std::vector<Parameter> notify;
        if (parameters && random.percent(30)) notify = {{"NOTIFY", random.percent(50) ? "SUCCESS,FAILURE" : "NEVER"}};
        out.rcpt(person, random.pick(places), notify);
      }
      if (data) out.plain(SMTPSPEC_VERB_DATA, "DATA");
      if (random.percent(20)) out.plain(SMTPSPEC_VERB_NOOP, "NOOP");
      if (!data || random.percent(20)) out.plain(SMTPSPEC_VERB_RSET, "RSET");
    }
    out.plain(SMTPSPEC_VERB_QUIT, "QUIT");
  }
  return out.take();
}

}  // namespace

Input commands() { return mix(true, true, mib); }
Input commands_4k() { return mix(true, true, 4 * kib); }
Input commands_plain() { return mix(false, true, mib); }
Input dialogue() { return mix(true, false, mib); }

Input pipelined() {
  Random random(7);
  Commands out;
  while (out.size() < 256 * kib) {
    out.mail("list-bounces", "lists.example.org", {});
    for (int i = 0; i < 100; ++i) out.rcpt("member" + std::to_string(random.below(100'000)), random.pick(places), {});
    out.plain(SMTPSPEC_VERB_DATA, "DATA");
  }
  return out.take();
}

Input addresses() {
  Random random(8);
  Commands out;
  const std::string xtext = "+3D" + std::string(60, 'a') + "+2B";
  while (out.size() < 256 * kib) {
    out.mail("", "", {{"RET", "HDRS"}, {"ENVID", xtext}});
    out.rcpt("\"J. \\\"Q\\\" Doe\"", random.pick(places), {});
    out.rcpt("alice", "[192.0.2." + std::to_string(random.below(256)) + "]", {});
    out.rcpt("bob", "[IPv6:2001:db8::" + std::to_string(1 + random.below(9999)) + "]", {});
    out.rcpt("Postmaster", "", {});
    out.rcpt(random.pick(people), random.pick(places),
             {{"NOTIFY", "FAILURE,DELAY"}, {"ORCPT", "rfc822;" + std::string(200, 'b') + "+40example.com"}});
    out.mail("!#$%&'*+-/=?^_`{|}~", "a.b.c.d.e.f.g.example", {{"AUTH", "<>"}});
  }
  return out.take();
}

Input login() {
  Random random(9);
  Commands out;
  while (out.size() < 256 * kib) {
    out.plain(SMTPSPEC_VERB_EHLO, "EHLO [192.0.2.1]");
    out.plain(SMTPSPEC_VERB_STARTTLS, "STARTTLS");
    out.plain(SMTPSPEC_VERB_AUTH, "AUTH PLAIN " + random.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 40));
    out.plain(SMTPSPEC_VERB_VRFY, "VRFY alice");
    out.plain(SMTPSPEC_VERB_BDAT, "BDAT " + std::to_string(random.below(1'000'000)));
    out.plain(SMTPSPEC_VERB_BDAT, "BDAT 0 LAST");
    out.plain(SMTPSPEC_VERB_HELP, "HELP MAIL");
    out.plain(SMTPSPEC_VERB_NOOP, "noop words");
    out.plain(SMTPSPEC_VERB_HELO, "HELO old.example.com");
    out.plain(SMTPSPEC_VERB_QUIT, "quit");
  }
  return out.take();
}

Input rejected() {
  Random random(10);
  Commands out;
  constexpr std::array<std::string_view, 16> lines = {"HELLO a.example",
                                                      "EHLO",
                                                      "EHLO -a.example",
                                                      "EHLO a..example",
                                                      "MAIL FROM:alice@a.example",
                                                      "MAIL FROM:<alice@a.example",
                                                      "MAIL alice",
                                                      "MAIL FROM:<alice@>",
                                                      "MAIL FROM:<a..b@c.example>",
                                                      "RCPT TO:<@a.example>",
                                                      "RCPT TO:<bob@b_b.example>",
                                                      "RCPT TO:<\"bob@b.example>",
                                                      "RCPT TO:<bob@[300.1.1.1]>",
                                                      "DATA now",
                                                      "QUIT now",
                                                      "RSET now"};
  while (out.size() < 256 * kib) out.wrong(random.pick(lines));
  return out.take();
}

}  // namespace smtpspec::bench::inputs
