#include "inputs/reply_inputs.hpp"

#include <initializer_list>
#include <string>

#include "inputs/random.hpp"

namespace smtpspec::bench::inputs {
namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib;
constexpr std::string_view hex = "0123456789ABCDEF";

struct Status {
  unsigned klass = 0, subject = 0, detail = 0;
  std::string text() const { return std::to_string(klass) + "." + std::to_string(subject) + "." + std::to_string(detail); }
};

// Writes replies and keeps the account of them.
class Replies {
 public:
  // Each line is the status, if there is one, and a text.
  void add(unsigned code, Status status, std::initializer_list<std::string_view> texts) {
    std::size_t left = texts.size();
    for (const std::string_view text : texts) line(code, --left == 0, status, text);
    end(code, status);
  }
  void line(unsigned code, bool last, Status status, std::string_view text) {
    std::string whole = status.klass ? status.text() : "";
    if (!whole.empty() && !text.empty()) whole += ' ';
    whole += text;
    input_.octets += std::to_string(code);
    if (!last || !whole.empty()) input_.octets += last ? ' ' : '-';
    input_.octets += whole;
    input_.octets += "\r\n";
    input_.expected.text.text(whole);
    ++input_.expected.parts;
  }
  void end(unsigned code, Status status) {
    ++input_.expected.items;
    input_.expected.codes += code;
    input_.expected.add_status(status.klass, status.subject, status.detail);
  }
  std::size_t size() const { return input_.octets.size(); }
  Input take() { return std::move(input_); }

 private:
  Input input_;
};

struct Keyword {
  std::string_view keyword, params;
};
constexpr Keyword twelve[] = {{"PIPELINING", ""},
                              {"SIZE", "52428800"},
                              {"ETRN", ""},
                              {"STARTTLS", ""},
                              {"AUTH", "PLAIN LOGIN CRAM-MD5 XOAUTH2"},
                              {"ENHANCEDSTATUSCODES", ""},
                              {"8BITMIME", ""},
                              {"DSN", ""},
                              {"SMTPUTF8", ""},
                              {"CHUNKING", ""},
                              {"VRFY", ""}};
constexpr Keyword twenty_six[] = {{"PIPELINING", ""},
                                  {"SIZE", "157286400"},
                                  {"8BITMIME", ""},
                                  {"BINARYMIME", ""},
                                  {"CHUNKING", ""},
                                  {"SMTPUTF8", ""},
                                  {"DSN", ""},
                                  {"ENHANCEDSTATUSCODES", ""},
                                  {"STARTTLS", ""},
                                  {"AUTH", "GSSAPI NTLM LOGIN PLAIN XOAUTH2 SCRAM-SHA-256"},
                                  {"ETRN", ""},
                                  {"DELIVERBY", "86400"},
                                  {"MT-PRIORITY", "MIXER"},
                                  {"FUTURERELEASE", "604800 2027-01-01T00:00:00Z"},
                                  {"REQUIRETLS", ""},
                                  {"BURL", "imap"},
                                  {"LIMITS", "RCPTMAX=1000 MAILMAX=100"},
                                  {"NO-SOLICITING", "net.example:ADV"},
                                  {"RRVS", ""},
                                  {"CONPERM", ""},
                                  {"VRFY", ""},
                                  {"HELP", ""},
                                  {"X-ANONYMOUSTLS", ""},
                                  {"XRDST", ""},
                                  {"XCLIENT", "NAME ADDR PORT PROTO HELO"}};
// Near misses of known keywords, and what no registry has.
constexpr Keyword strangers[] = {{"PIPELININF", ""}, {"SIZ", "1"},     {"SIZEX", "1"},     {"STARTTLR", ""}, {"AUTG", "PLAIN"},
                                 {"8BITMIMF", ""},   {"CHUNKINH", ""}, {"DSO", ""},        {"SMTPUTF9", ""}, {"ENHANCEDSTATUSCODER", ""},
                                 {"X-1", "a b c"},   {"XYZZY", ""},    {"pipelining", ""}, {"Size", "10"},   {"starttls", ""}};

constexpr std::string_view server = "mx.example.net greets you";

void ehlo_reply(Replies& out, std::string_view greeting, std::span<const Keyword> keywords) {
  out.line(250, false, {}, greeting);
  for (const Keyword& each : keywords)
    out.line(250, &each == &keywords.back(), {}, std::string(each.keyword) + (each.params.empty() ? "" : " ") + std::string(each.params));
  out.end(250, {});
}
Input ehlo_replies(std::span<const Keyword> keywords, std::size_t size) {
  Replies out;
  while (out.size() < size) ehlo_reply(out, server, keywords);
  return out.take();
}
Input ehlo_keywords(std::span<const Keyword> keywords, std::size_t size) {
  const Input replies = ehlo_replies(keywords, size);
  Input out{replies.octets, {}};
  out.expected.items = replies.expected.items;
  out.expected.codes = replies.expected.codes;
  for (std::uint64_t i = 0; i < replies.expected.items; ++i)
    for (const Keyword& each : keywords) {
      ++out.expected.parts;
      out.expected.text.text(each.keyword);
      out.expected.text.text(each.params);
    }
  return out;
}

Input repeated(std::size_t size, unsigned code, Status status, std::string_view text) {
  Replies out;
  while (out.size() < size) out.add(code, status, {text});
  return out.take();
}
Input long_replies(std::size_t lines, std::size_t size) {
  Replies out;
  while (out.size() < size) {
    for (std::size_t i = 1; i <= lines; ++i) out.line(214, i == lines, {2, 0, 0}, "This is line " + std::to_string(i) + " of the help");
    out.end(214, {2, 0, 0});
  }
  return out.take();
}

std::string queue_id(Random& random) { return random.letters(hex, 10); }
constexpr std::array<std::string_view, 5> people = {"alice", "bob.smith", "c.d.e", "postmaster", "info+list"};
constexpr std::array<std::string_view, 5> places = {"example.com", "mail.example.org", "a.test", "sub.domain.example.net",
                                                    "xn--bcher-kva.example"};
std::string mailbox(Random& random) {
  const std::string person(random.pick(people));
  return "<" + person + "@" + std::string(random.pick(places)) + ">";
}

void refusal(Replies& out, Random& random) {
  const std::string who = mailbox(random);
  out.add(550, {5, 1, 1},
          {who + ": Recipient address rejected:", "User unknown in local recipient table; if this is an error,",
           "write to the postmaster of this host and quote the", "following line: " + queue_id(random)});
}

// What a client reads in a day.
Input mix(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  Replies out;
  while (out.size() < size) {
    const std::size_t dice = random.below(100);
    if (dice < 42) out.add(250, {2, 1, random.percent(50) ? 0u : 5u}, {"Ok"});
    else if (dice < 52) out.add(354, {}, {"End data with <CR><LF>.<CR><LF>"});
    else if (dice < 64) out.add(250, {2, 0, 0}, {"Ok: queued as " + queue_id(random)});
    else if (dice < 70) ehlo_reply(out, server, twelve);
    else if (dice < 74) refusal(out, random);
    else if (dice < 78) out.add(220, {}, {"mx" + std::to_string(random.below(9)) + ".example.net ESMTP ready"});
    else if (dice < 82) out.add(221, {2, 0, 0}, {"Bye"});
    else if (dice < 86) out.add(235, {2, 7, 0}, {"Authentication successful"});
    else if (dice < 89) out.add(334, {}, {random.letters("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 24)});
    else if (dice < 92) out.add(421, {4, 3, 2}, {"mx.example.net Service shutting down, closing channel"});
    else if (dice < 96) out.add(450, {4, 2, 0}, {mailbox(random) + ": Recipient address rejected: Greylisted, try again in 300 seconds"});
    else out.add(550, {5, 7, 1}, {mailbox(random) + ": Relay access denied"});
  }
  return out.take();
}

}  // namespace

Input one_line() { return repeated(64 * kib, 250, {2, 1, 0}, "Ok"); }
Input code_only() { return repeated(64 * kib, 250, {}, ""); }
Input queued() { return repeated(64 * kib, 250, {2, 0, 0}, "Ok: queued as 4XyZ5t0Q8zKb1W"); }
Input ehlo_12_reply() { return ehlo_replies(twelve, 64 * kib); }
Input ehlo_26_reply() { return ehlo_replies(twenty_six, 64 * kib); }
Input lines_100() { return long_replies(100, 64 * kib); }
Input lines_800() { return long_replies(800, 64 * kib); }
Input line_512() { return repeated(64 * kib, 250, {}, std::string(512 - 6, 'x')); }
Input mixed_4k() { return mix(4 * kib, 4); }
Input mixed_64k() { return mix(64 * kib, 64); }
Input mixed() { return mix(mib, 1); }
Input mixed_64m() { return mix(64 * mib, 1); }

Input errors() {
  Random random(5);
  Replies out;
  while (out.size() < 256 * kib) {
    const std::size_t dice = random.below(6);
    if (dice == 0) out.add(500, {5, 5, 2}, {"Error: command not recognized"});
    else if (dice == 1) out.add(501, {5, 5, 4}, {"Syntax: MAIL FROM:<address>"});
    else if (dice == 2) out.add(503, {5, 5, 1}, {"Error: need MAIL command"});
    else if (dice == 3) out.add(451, {4, 3, 0}, {"Temporary failure, please try again later"});
    else if (dice == 4) out.add(552, {5, 3, 4}, {"Message size exceeds fixed limit"});
    else out.add(554, {5, 7, 1}, {mailbox(random) + ": Sender address rejected: Access denied"});
  }
  return out.take();
}

// Several lines, and a status on each, as large providers refuse.
Input providers() {
  Random random(6);
  Replies out;
  while (out.size() < 256 * kib) {
    const std::string id = random.letters("0123456789abcdef", 20) + ".203 - gsmtp";
    if (random.percent(40)) {
      out.add(421, {4, 7, 28},
              {"Our system has detected an unusual rate of mail", "originating from your IP address. To protect our users,",
               "mail from it has been temporarily rate limited. See", "https://mail.example/support?p=rate " + id});
    } else if (random.percent(50)) {
      out.add(550, {5, 7, 26},
              {"This message does not have authentication information or", "fails to pass authentication checks (SPF or DKIM).",
               "To protect our users it has been blocked. See", "https://mail.example/support?p=auth for more " + id});
    } else {
      out.add(
          250, {2, 6, 0},
          {"<" + id + "> [InternalId=" + std::to_string(random.below(1'000'000'000)) + ", Hostname=mx.example] Queued mail for delivery"});
    }
  }
  return out.take();
}

Input ehlo_12() { return ehlo_keywords(twelve, 64 * kib); }
Input ehlo_26_4k() { return ehlo_keywords(twenty_six, 4 * kib); }
Input ehlo_26() { return ehlo_keywords(twenty_six, 64 * kib); }
Input ehlo_unknown() { return ehlo_keywords(strangers, 64 * kib); }

}  // namespace smtpspec::bench::inputs
