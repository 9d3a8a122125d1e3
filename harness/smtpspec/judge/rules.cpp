#include "smtpspec/judge/rules.hpp"

#include <algorithm>
#include <array>

#include "smtpspec/smtp/address.hpp"

namespace smtpspec::judge {
namespace {

using session::Entry;
using smtp::Anomaly;
using Check = std::optional<Wrong>;

std::string at(const Heard& heard, Anomaly anomaly) {
  return " (octet " + std::to_string(heard.reply.anomalies.at(anomaly)) + " of the reply)";
}

// As much of the reply's text as a message can hold.
std::string shown(const Heard& heard, std::string_view text) { return heard.entry.shown(text, 60); }

bool is_hello(const Heard& heard) { return heard.entry.command == "EHLO" || heard.entry.command == "HELO"; }
bool is_greeting(const Heard& heard) { return heard.entry.command == "greeting"; }

// The first word of the first line, an enhanced code left out.
std::string_view first_word(const smtp::Reply& reply) {
  std::string_view text = reply.text();
  if (!reply.lines.empty() && reply.lines[0].status.size) text = smtp::trim(text.substr(reply.lines[0].status.size));
  return text.substr(0, text.find(' '));
}

// The next entries of the same connection behind this one.
const Entry* next_of(const Heard& heard, std::size_t& index) {
  for (++index; index < heard.transcript.entries.size(); ++index)
    if (heard.transcript.entries[index].connection == heard.entry.connection) return &heard.transcript.entries[index];
  return nullptr;
}

Check crlf(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::bare_lf)) return Wrong{"a line ends in a bare LF" + at(heard, Anomaly::bare_lf)};
  if (heard.reply.anomalies.has(Anomaly::bare_cr)) return Wrong{"a bare CR stands in the text" + at(heard, Anomaly::bare_cr)};
  return {};
}
Check first_digit(const Heard& heard) {
  if (heard.reply.code && (heard.reply.klass() < 2 || heard.reply.klass() > 5))
    return Wrong{"the code " + std::to_string(heard.reply.code) + " does not start with 2, 3, 4 or 5"};
  return {};
}
Check line_form(const Heard& heard) {
  const auto& anomalies = heard.reply.anomalies;
  if (anomalies.has(Anomaly::no_code) && heard.reply.lines.size() == 1) return Wrong{"the reply does not start with three digits"};
  if (anomalies.has(Anomaly::code_out_of_range) && heard.reply.klass() >= 2 && heard.reply.klass() <= 5)
    return Wrong{"the code's second digit is not 0 to 5"};
  if (anomalies.has(Anomaly::bad_separator))
    return Wrong{"neither a blank nor a hyphen follows the code" + at(heard, Anomaly::bad_separator)};
  if (anomalies.has(Anomaly::control_octet)) return Wrong{"a control octet stands in the text" + at(heard, Anomaly::control_octet)};
  return {};
}
Check multi_line_form(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::no_code) && heard.reply.lines.size() > 1)
    return Wrong{"a line inside the reply has no code" + at(heard, Anomaly::no_code)};
  return {};
}
Check same_code(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::code_changed))
    return Wrong{"the lines of the reply have different codes" + at(heard, Anomaly::code_changed)};
  return {};
}
Check line_length(const Heard& heard) {
  if (heard.reply.code != 334 && heard.reply.anomalies.has(Anomaly::line_too_long)) return Wrong{"a reply line is longer than 512 octets"};
  return {};
}
Check endless(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::line_endless)) return Wrong{"a reply line has no end: 65536 octets came without one"};
  if (heard.reply.anomalies.has(Anomaly::too_many_lines)) return Wrong{"the reply has no last line: 2000 came and still a hyphen"};
  return {};
}
Check whole(const Heard& heard) {
  const auto& anomalies = heard.reply.anomalies;
  if (anomalies.has(Anomaly::line_endless) || anomalies.has(Anomaly::too_many_lines)) return {};  // cut off by the client
  if (anomalies.has(Anomaly::truncated) && !heard.entry.closing) return Wrong{"the connection was closed inside the reply"};
  return {};
}
Check seven_bit(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::eight_bit) && !heard.entry.unicode)
    return Wrong{"an octet above 127 stands in the text" + at(heard, Anomaly::eight_bit)};
  return {};
}
Check has_text(const Heard& heard) {
  // "334 " with an empty challenge is what RFC 4954 section 4 asks for.
  if (heard.reply.code != 334 && heard.reply.anomalies.has(Anomaly::no_text)) return Wrong{"no text follows the code"};
  return {};
}

bool wants_status(const Heard& heard) {
  return heard.entry.extended_status && heard.reply.code >= 200 && heard.reply.klass() != 3 && !is_greeting(heard) && !is_hello(heard) &&
         !heard.entry.command.empty();
}
Check status_there(const Heard& heard) {
  if (!wants_status(heard) || heard.reply.status) return {};
  // RFC 2034 section 4 wants one on every reply; replies that come from elsewhere (a connection limit, a front end) lack it
  // on good servers, so that one reply without it is a near miss.
  return Wrong{"the reply to " + heard.entry.command + " has no enhanced status code", true};
}
Check status_class(const Heard& heard) {
  if (heard.entry.extended_status && heard.reply.status && heard.reply.klass() != 3 && heard.reply.status.klass != heard.reply.klass())
    return Wrong{"enhanced code " + to_string(heard.reply.status) + " does not fit reply code " + std::to_string(heard.reply.code)};
  return {};
}
Check status_same(const Heard& heard) {
  if (wants_status(heard) && heard.reply.status && heard.reply.anomalies.has(Anomaly::status_changed))
    return Wrong{"the lines of the reply have different enhanced codes"};
  return {};
}
Check status_digits(const Heard& heard) {
  if (heard.entry.extended_status && heard.reply.anomalies.has(Anomaly::status_malformed))
    return Wrong{"a number of the enhanced code has leading zeros"};
  return {};
}
Check status_out_of_place(const Heard& heard) {
  if (heard.reply.code == 334 && heard.reply.status) return Wrong{"a 334 challenge has an enhanced status code"};
  return {};
}

// A reply when none is owed: not the greeting, and no command is unanswered. 421 may come at any time.
Check asked_for(const Heard& heard) {
  if (heard.reply.code == 421) return {};
  bool unasked = heard.entry.unasked;
  if (!unasked && heard.entry.closing && heard.entry.command.empty()) {
    const auto unsure = [&](const Entry& entry) {
      return entry.connection == heard.entry.connection && entry.kind == Entry::Kind::reply && entry.command.empty() &&
             entry.reply->code != 421;
    };
    const auto before = heard.transcript.entries.begin();
    unasked = std::none_of(before, before + static_cast<std::ptrdiff_t>(heard.index), unsure);
  }
  if (unasked) return Wrong{"a reply came that no command had asked for: " + heard.reply.brief()};
  return {};
}
Check farewell(const Heard& heard) {
  // The QUIT at a session's end: one reply, the 221 (RFC 5321 section 4.3.2). Another code there is most likely the answer
  // to something before, so that the rule above names it better.
  if (heard.entry.closing && heard.entry.command == "QUIT" && heard.reply.code != 221 && heard.reply.code != 421)
    return Wrong{"QUIT was answered by " + heard.reply.brief()};
  return {};
}
Check last_word(const Heard& heard) {
  if (heard.entry.command != "QUIT" || heard.reply.code != 221) return {};
  std::size_t index = heard.index;
  while (const Entry* next = next_of(heard, index))
    if (next->kind == Entry::Kind::reply || next->kind == Entry::Kind::octets) return Wrong{"octets came behind the 221"};
  return {};
}
Check close_after_421(const Heard& heard) {
  if (heard.reply.code != 421 || heard.entry.closing) return {};
  std::size_t index = heard.index;
  while (const Entry* next = next_of(heard, index))
    if (next->kind == Entry::Kind::reply) return Wrong{"the connection went on after a 421"};
  return {};
}
Check three_yz(const Heard& heard) {
  if (heard.reply.klass() != 3 || heard.entry.command.empty()) return {};
  const std::string& command = heard.entry.command;
  if (heard.reply.code == 354 && command == "DATA") return {};
  if (heard.reply.code == 334) return {};  // inside AUTH the client's lines have no verb
  return Wrong{std::to_string(heard.reply.code) + " answers " + command};
}

// Whether the connection was greeted by a refusal: 503 is then the answer to everything but QUIT (RFC 5321 section 3.1).
bool refuses_service(const Heard& heard) {
  const auto& entries = heard.transcript.entries;
  return std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
    return entry.connection == heard.entry.connection && entry.kind == Entry::Kind::reply && entry.command == "greeting" &&
           entry.reply->klass() == 5;
  });
}

// The server model says which codes a verb may draw in any state; only the verbs of section 4.3.2 are this rule's.
Check in_table(const Heard& heard) {
  constexpr std::string_view listed[] = {"greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", ".",
                                         "RSET",     "VRFY", "EXPN", "HELP", "NOOP", "QUIT"};
  const std::string& verb = heard.entry.command;
  const int code = heard.reply.code;
  if (std::find(std::begin(listed), std::end(listed), verb) == std::end(listed) || !code || smtp::listed_for(verb, code)) return {};
  if (code == 503 && refuses_service(heard)) return {};
  return Wrong{heard.reply.brief() + " is not among the replies that section 4.3.2 lists for " + (verb == "." ? "mail data" : verb)};
}

// The model followed through the session: right for the verb, and wrong where it came.
Check in_its_state(const Heard& heard) {
  using smtp::Lawfulness;
  const auto& followed = heard.followed;
  if (followed.lawfulness == Lawfulness::lawful || !heard.reply.code || in_table(heard)) return {};
  // Where the case has a word of its own on this reply, that is said already.
  const auto& outcomes = heard.transcript.outcomes;
  if (std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& o) { return o.entry == heard.index && o.tier != 0; })) return {};
  const std::string& verb = heard.entry.command;
  return Wrong{(verb == "." ? "the mail data" : verb) + " in state '" + std::string(to_string(followed.state)) + "' got " +
                   heard.reply.brief() + "; " + std::string(followed.lawful) + " would be lawful (" + std::string(followed.law) + ")",
               followed.lawfulness == Lawfulness::near_miss};
}

Check greeting_domain(const Heard& heard) {
  if (!is_greeting(heard) || heard.reply.code != 220) return {};
  if (smtp::parse_domain(first_word(heard.reply), {.underscore = true}).fault != smtp::AddressFault::none)
    return Wrong{"the greeting does not begin with a domain or address literal"};
  return {};
}
Check hello_domain(const Heard& heard) {
  if (heard.entry.command != "EHLO" || heard.reply.code != 250) return {};
  if (smtp::parse_domain(first_word(heard.reply), {.underscore = true}).fault != smtp::AddressFault::none)
    return Wrong{"the EHLO reply does not begin with a domain or address literal"};
  return {};
}
Check hello_lines(const Heard& heard) {
  if (heard.entry.command != "EHLO" || heard.reply.code != 250) return {};
  std::optional<Wrong> near_miss;
  for (std::size_t i = 1; i < heard.reply.lines.size(); ++i) {
    const std::string_view line = heard.reply.text(i);
    const auto fault = smtp::ehlo_line_fault(line);
    if (fault.empty()) continue;
    // "AUTH=PLAIN" is sent on purpose, for clients older than RFC 2554.
    const bool old_auth = smtp::istarts_with(line, "AUTH=");
    Wrong wrong{"EHLO line '" + shown(heard, line) + "' " + std::string(fault), old_auth};
    if (!old_auth) return wrong;
    if (!near_miss) near_miss = std::move(wrong);
  }
  return near_miss;
}
// What the EHLO reply lists behind the keyword, as it stands there.
std::optional<std::string_view> params_of(const Heard& heard, std::string_view keyword) {
  if (heard.entry.command != "EHLO" || heard.reply.code != 250) return {};
  for (std::size_t i = 1; i < heard.reply.lines.size(); ++i)
    if (const auto line = smtp::ehlo_line(heard.reply.text(i)); smtp::iequals(line.keyword, keyword)) return line.params;
  return {};
}
// An EHLO keyword that stands alone by its RFC.
template <const char* Keyword>
Check stands_alone(const Heard& heard) {
  const auto params = params_of(heard, Keyword);
  if (params && !params->empty()) return Wrong{std::string(Keyword) + " is listed with parameters: " + shown(heard, *params)};
  return {};
}
constexpr char pipelining[] = "PIPELINING", eight_bit_mime[] = "8BITMIME", starttls[] = "STARTTLS", enhanced[] = "ENHANCEDSTATUSCODES",
               binarymime[] = "BINARYMIME";

Check size_number(const Heard& heard) {
  const auto size = params_of(heard, "SIZE");
  if (size && !std::all_of(size->begin(), size->end(), smtp::is_digit))
    return Wrong{"SIZE is listed with '" + shown(heard, *size) + "', which is no number"};
  return {};
}
Check binary_with_chunks(const Heard& heard) {
  if (heard.entry.command != "EHLO" || heard.reply.code != 250) return {};
  const auto offered = smtp::capabilities(heard.reply);
  if (offered.has("BINARYMIME") && !offered.has("CHUNKING")) return Wrong{"BINARYMIME is listed without CHUNKING"};
  return {};
}
Check no_starttls_in_tls(const Heard& heard) {
  if (heard.entry.command == "EHLO" && heard.entry.in_tls && smtp::capabilities(heard.reply).has("STARTTLS"))
    return Wrong{"STARTTLS is listed inside TLS"};
  return {};
}
Check mechanism_names(const Heard& heard) {
  const auto names = params_of(heard, "AUTH");
  if (!names) return {};
  if (names->empty()) return Wrong{"AUTH is listed without a mechanism"};
  for (std::string_view rest = *names; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(' '));
    rest = rest.size() > name.size() ? rest.substr(name.size() + 1) : std::string_view{};
    bool good = !name.empty() && name.size() <= 20;
    for (const char c : name) good = good && ((c >= 'A' && c <= 'Z') || smtp::is_digit(c) || c == '-' || c == '_');
    if (!good) return Wrong{"'" + shown(heard, name) + "' is no SASL mechanism name"};
  }
  return {};
}
Check no_etrn(const Heard& heard) {
  if (heard.entry.command != "EHLO" || heard.role == smtp::Role::relay) return {};
  const auto offered = smtp::capabilities(heard.reply);
  for (const char* keyword : {"ETRN", "ATRN"})
    if (offered.has(keyword)) return Wrong{std::string(keyword) + " is listed on a submission service"};
  return {};
}

// clang-format off: one rule a line
constexpr std::array table = {
    Rule{"rules/reply-ends-in-crlf", "RFC5321-2.3.8-1c", "Every reply line ends in CRLF, and no CR or LF stands elsewhere", crlf},
    Rule{"rules/reply-first-digit", "RFC5321-4.2-9", "The first digit of every reply code is 2, 3, 4 or 5", first_digit},
    Rule{"rules/reply-line", "RFC5321-4.2-P1", "Every reply line is a code, a separator and printable text", line_form},
    Rule{"rules/reply-multi-line", "RFC5321-4.2.1-P1", "Every line of a multi-line reply has its code", multi_line_form},
    Rule{"rules/reply-same-code", "RFC5321-4.2.1-4", "All lines of a reply have the same code", same_code},
    Rule{"rules/reply-line-length", "RFC5321-4.5.3.1.5-P1", "No reply line is longer than 512 octets", line_length},
    Rule{"rules/reply-has-an-end", "RFC5321-4.2.1-P1", "Every reply has a last line, and every line an end", endless},
    Rule{"rules/reply-is-whole", "RFC5321-3.8-1", "The connection is not closed inside a reply", whole},
    Rule{"rules/reply-seven-bit", "RFC5321-2.4-P3", "Reply text is 7-bit, save where SMTPUTF8 was used", seven_bit},
    Rule{"rules/reply-text", "RFC5321-4.2-P4", "Text follows the code", has_text},
    Rule{"rules/reply-asked-for", "RFC5321-4.2-1", "No reply comes that no command asked for", asked_for},
    Rule{"rules/quit-at-the-end", "RFC5321-4.1.1.10-1", "QUIT at the end of a session gets 221", farewell},
    Rule{"rules/nothing-behind-221", "RFC5321-4.1.1.10-P2", "Nothing comes behind the 221", last_word},
    Rule{"rules/421-closes", "RFC5321-3.8-P2", "A 421 is followed by the end of the connection", close_after_421},
    Rule{"rules/3yz-has-its-place", "RFC5321-4.2.1-P2", "3yz answers DATA and AUTH only", three_yz},
    Rule{"rules/reply-in-the-table", "RFC5321-4.3.1-3", "Every reply code is among those listed for its command", in_table},
    Rule{"rules/reply-in-its-state", "RFC5321-4.2.2-P1", "Every reply code fits what was sent before", in_its_state},
    Rule{"rules/greeting-domain", "RFC5321-4.2-P2", "The greeting begins with the server's domain", greeting_domain},
    Rule{"rules/ehlo-domain", "RFC5321-4.1.1.1-P1", "The EHLO reply begins with the server's domain", hello_domain},
    Rule{"rules/ehlo-lines", "RFC5321-4.1.1.1-P2", "Every further EHLO line is a keyword with its parameters", hello_lines},
    Rule{"rules/pipelining-alone", "RFC2920-2-P1", "PIPELINING is listed without parameters", stands_alone<pipelining>},
    Rule{"rules/8bitmime-alone", "RFC6152-2-P1", "8BITMIME is listed without parameters", stands_alone<eight_bit_mime>},
    Rule{"rules/starttls-alone", "RFC3207-2-P1", "STARTTLS is listed without parameters", stands_alone<starttls>},
    Rule{"rules/enhancedstatuscodes-alone", "RFC2034-3-P1", "ENHANCEDSTATUSCODES is listed without parameters", stands_alone<enhanced>},
    Rule{"rules/binarymime-alone", "RFC3030-3-P1", "BINARYMIME is listed without parameters", stands_alone<binarymime>},
    Rule{"rules/binarymime-with-chunking", "RFC3030-3-P1", "BINARYMIME is listed only together with CHUNKING", binary_with_chunks},
    Rule{"rules/size-number", "RFC1870-3-P1", "SIZE is listed with one number or alone", size_number},
    Rule{"rules/no-starttls-in-tls", "RFC3207-4.2-7", "STARTTLS is not listed inside TLS", no_starttls_in_tls},
    Rule{"rules/auth-mechanisms", "RFC4954-3-P1", "AUTH is listed with SASL mechanism names", mechanism_names},
    Rule{"rules/no-etrn-on-submission", "RFC6409-7-1b", "ETRN and ATRN are not listed on submission", no_etrn},
    Rule{"rules/status-code", "RFC2034-4-P1", "Every 2yz, 4yz and 5yz reply has an enhanced code once offered", status_there},
    Rule{"rules/status-class", "RFC2034-4-P2", "The enhanced code's class is the reply code's", status_class},
    Rule{"rules/status-on-all-lines", "RFC2034-4-P3", "All lines of a reply have the same enhanced code", status_same},
    Rule{"rules/status-digits", "RFC2034-4-P5", "Enhanced codes have no leading zeros", status_digits},
    Rule{"rules/status-not-in-334", "RFC2034-4-P6", "A 334 challenge has no enhanced code", status_out_of_place},
};
// clang-format on

}  // namespace

std::span<const Rule> rules() { return table; }

const Rule* find_rule(std::string_view name) {
  for (const Rule& rule : table)
    if (rule.name == name) return &rule;
  return nullptr;
}

}  // namespace smtpspec::judge
