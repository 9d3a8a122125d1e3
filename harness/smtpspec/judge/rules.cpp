#include "smtpspec/judge/rules.hpp"

#include <algorithm>
#include <array>

#include "smtpspec/smtp/address.hpp"
#include "smtpspec/smtp/codes.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/extension.hpp"

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
  for (++index; index < heard.transcript.entries.size(); ++index) {
    const Entry& entry = heard.transcript.entries[index];
    if (entry.connection != heard.entry.connection) continue;
    // A connection that was opened anew has the number of the one before.
    return entry.kind == Entry::Kind::note && entry.octets == "connected" ? nullptr : &entry;
  }
  return nullptr;
}

// What a rule is about.
bool any(const Heard&) { return true; }
bool with_code(const Heard& heard) { return heard.reply.code != 0; }
bool several_lines(const Heard& heard) { return heard.reply.lines.size() > 1; }
template <int Code>
bool is(const Heard& heard) {
  return heard.reply.code == Code;
}
template <int Code>
bool is_not(const Heard& heard) {
  return heard.reply.code != Code;
}
bool service_ready(const Heard& heard) { return is_greeting(heard) && heard.reply.code == 220; }
bool hello_taken(const Heard& heard) { return heard.entry.command == "EHLO" && heard.reply.code == 250; }

Check crlf(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::bare_lf)) return Wrong{"a line ends in a bare LF" + at(heard, Anomaly::bare_lf)};
  if (heard.reply.anomalies.has(Anomaly::bare_cr)) return Wrong{"a bare CR stands in the text" + at(heard, Anomaly::bare_cr)};
  return {};
}
Check first_digit(const Heard& heard) {
  if (heard.reply.klass() < 2 || heard.reply.klass() > 5)
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
  if (heard.reply.anomalies.has(Anomaly::no_code)) return Wrong{"a line inside the reply has no code" + at(heard, Anomaly::no_code)};
  return {};
}
Check same_code(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::code_changed))
    return Wrong{"the lines of the reply have different codes" + at(heard, Anomaly::code_changed)};
  return {};
}
Check line_length(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::line_too_long)) return Wrong{"a reply line is longer than 512 octets"};
  return {};
}
Check endless(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::line_endless)) return Wrong{"a reply line has no end: 65536 octets came without one"};
  if (heard.reply.anomalies.has(Anomaly::too_many_lines)) return Wrong{"the reply has no last line: 2000 came and still a hyphen"};
  return {};
}
bool not_cut_off(const Heard& heard) {  // by the client
  return !heard.reply.anomalies.has(Anomaly::line_endless) && !heard.reply.anomalies.has(Anomaly::too_many_lines);
}
// How TCP ends a connection with octets of the client that nobody read: it throws away what the server still had to send.
bool is_reset(const Heard& heard) {
  const auto& entries = heard.transcript.entries;
  return std::any_of(entries.begin() + static_cast<std::ptrdiff_t>(heard.index), entries.end(), [&](const session::Entry& entry) {
    return entry.kind == session::Entry::Kind::note && entry.connection == heard.entry.connection && entry.octets.starts_with("broken: ");
  });
}
Check whole(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::truncated) && !heard.entry.closing && !is_reset(heard))
    return Wrong{"the connection was closed inside the reply"};
  return {};
}
bool not_unicode(const Heard& heard) { return !heard.entry.unicode; }
Check seven_bit(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::eight_bit)) return Wrong{"an octet above 127 stands in the text" + at(heard, Anomaly::eight_bit)};
  return {};
}
// Of others than 334: "334 " with an empty challenge is what RFC 4954 section 4 asks for.
Check has_text(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::no_text)) return Wrong{"no text follows the code"};
  return {};
}
bool without_text(const Heard& heard) {
  return heard.reply.anomalies.has(Anomaly::no_text) && !heard.reply.anomalies.has(Anomaly::truncated);
}
Check blank_there(const Heard& heard) {
  for (const auto& line : heard.reply.lines)
    if (line.text.empty() && line.text.begin > 0 && smtp::is_digit(heard.reply.octets[line.text.begin - 1]))
      return Wrong{"the line ends behind the code, without a blank", false, heard.reply.code == 334 ? "RFC4954-4-P3" : ""};
  return {};
}
// An empty challenge is none; a blank too many is still read by everybody.
Check challenge(const Heard& heard) {
  if (several_lines(heard)) return Wrong{"the challenge has several lines"};
  const std::string_view text = heard.reply.text();
  if (heard.reply.status || smtp::decode_base64(text)) return {};  // an enhanced code is another rule's
  return Wrong{"'" + shown(heard, text) + "' is no base64", smtp::decode_base64(smtp::trim(text)).has_value()};
}

bool wants_status(const Heard& heard) {
  return heard.entry.extended_status && heard.reply.code >= 200 && heard.reply.klass() != 3 && !is_greeting(heard) && !is_hello(heard) &&
         !heard.entry.command.empty();
}
Check status_there(const Heard& heard) {
  if (heard.reply.status) return {};
  // RFC 2034 section 4 wants one on every reply; replies that come from elsewhere (a connection limit, a front end) lack it
  // on good servers, so that one reply without it is a near miss.
  return Wrong{"the reply to " + heard.entry.command + " has no enhanced status code", true};
}
bool has_status(const Heard& heard) { return heard.entry.extended_status && heard.reply.status; }
bool has_status_of_its_own(const Heard& heard) { return has_status(heard) && heard.reply.klass() != 3; }
Check status_class(const Heard& heard) {
  if (heard.reply.status.klass != heard.reply.klass())
    return Wrong{"enhanced code " + to_string(heard.reply.status) + " does not fit reply code " + std::to_string(heard.reply.code)};
  return {};
}
bool has_status_and_lines(const Heard& heard) { return wants_status(heard) && heard.reply.status && several_lines(heard); }
Check status_same(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::status_changed)) return Wrong{"the lines of the reply have different enhanced codes"};
  return {};
}
Check status_digits(const Heard& heard) {
  if (heard.reply.anomalies.has(Anomaly::status_malformed)) return Wrong{"a number of the enhanced code has leading zeros"};
  return {};
}
Check status_out_of_place(const Heard& heard) {
  if (heard.reply.status) return Wrong{"a 334 challenge has an enhanced status code"};
  return {};
}

// The text's start when it is built like an enhanced code, with whatever numbers. What has a fourth number is an address or a
// version, and a class of several digits nobody takes for one.
struct StatusLike {
  std::string_view klass, subject, detail;
};
std::optional<StatusLike> status_like(const Heard& heard) {
  std::string_view rest = heard.reply.text();
  const auto number = [&rest](char end) {
    std::size_t digits = 0;
    while (digits < rest.size() && smtp::is_digit(rest[digits])) ++digits;
    const std::string_view out = rest.substr(0, digits);
    const bool ended = digits == rest.size() ? end == ' ' : rest[digits] == end;
    rest.remove_prefix(std::min(digits + 1, rest.size()));
    return ended ? out : std::string_view{};
  };
  const StatusLike out{number('.'), number('.'), number(' ')};
  if (out.klass.size() != 1 || out.subject.empty() || out.detail.empty()) return {};
  return out;
}
bool has_status_like(const Heard& heard) { return wants_status(heard) && status_like(heard); }
Check status_range(const Heard& heard) {
  const auto code = *status_like(heard);
  const std::string_view all = heard.reply.text().substr(0, code.klass.size() + code.subject.size() + code.detail.size() + 2);
  const std::string it = "'" + shown(heard, all) + "' ";
  if (code.klass != "2" && code.klass != "4" && code.klass != "5") return Wrong{it + "has a class other than 2, 4 and 5"};
  if (code.subject.size() > 3 || code.detail.size() > 3) return Wrong{it + "has a number of more than three digits"};
  if (heard.reply.status.subject > smtp::last_subject) return Wrong{it + "has a subject above 7", true};
  return {};
}
bool has_status_in_range(const Heard& heard) {
  return wants_status(heard) && heard.reply.status && heard.reply.status.subject <= smtp::last_subject;
}
Check status_registered(const Heard& heard) {
  if (!smtp::is_registered(heard.reply.status)) return Wrong{"enhanced code " + to_string(heard.reply.status) + " stands in no registry"};
  return {};
}

// A reply when none is owed: not the greeting, and no command is unanswered. 421 may come at any time.
Check asked_for(const Heard& heard) {
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
bool answers_last_quit(const Heard& heard) { return heard.entry.closing && heard.entry.command == "QUIT"; }
Check farewell(const Heard& heard) {
  // The QUIT at a session's end: one reply, the 221 (RFC 5321 section 4.3.2). Another code there is most likely the answer
  // to something before, so that the rule above names it better.
  if (heard.reply.code != 221 && heard.reply.code != 421) return Wrong{"QUIT was answered by " + heard.reply.brief()};
  return {};
}
bool lets_go(const Heard& heard) { return heard.entry.command == "QUIT" && heard.reply.code == 221; }
Check last_word(const Heard& heard) {
  std::size_t index = heard.index;
  while (const Entry* next = next_of(heard, index))
    if (next->kind == Entry::Kind::reply || next->kind == Entry::Kind::octets) return Wrong{"octets came behind the 221"};
  return {};
}
bool gives_up(const Heard& heard) { return heard.reply.code == 421 && !heard.entry.closing; }
Check close_after_421(const Heard& heard) {
  std::size_t index = heard.index;
  while (const Entry* next = next_of(heard, index))
    if (next->kind == Entry::Kind::reply) return Wrong{"the connection went on after a 421"};
  return {};
}
bool is_3yz(const Heard& heard) { return heard.reply.klass() == 3 && !heard.entry.command.empty(); }
Check three_yz(const Heard& heard) {
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

// Codes outside the ranges of section 4.2 are another rule's.
bool with_code_in_range(const Heard& heard) { return with_code(heard) && !heard.reply.anomalies.has(Anomaly::code_out_of_range); }
Check code_known(const Heard& heard) {
  if (!smtp::is_defined(heard.reply.code)) return Wrong{"no RFC defines the code " + std::to_string(heard.reply.code)};
  return {};
}

// The server model says which codes a verb may draw in any state; only the verbs of section 4.3.2 are this rule's.
bool of_listed_verb(const Heard& heard) {
  constexpr std::string_view listed[] = {"greeting", "EHLO", "HELO", "MAIL", "RCPT", "DATA", ".",
                                         "RSET",     "VRFY", "EXPN", "HELP", "NOOP", "QUIT"};
  return with_code(heard) && std::find(std::begin(listed), std::end(listed), heard.entry.command) != std::end(listed);
}
bool is_in_table(const Heard& heard) {
  return smtp::listed_for(heard.entry.command, heard.reply.code) || (heard.reply.code == 503 && refuses_service(heard));
}
Check in_table(const Heard& heard) {
  // A code that was made up is named as that.
  if (is_in_table(heard) || !smtp::is_defined(heard.reply.code)) return {};
  const std::string& verb = heard.entry.command;
  return Wrong{heard.reply.brief() + " is not among the replies that section 4.3.2 lists for " + (verb == "." ? "mail data" : verb)};
}

// "RFC5321 3.1, 3.8", as the model has it, becomes "RFC 5321 section 3.1, 3.8".
std::string in_words(std::string_view law) {
  std::string out;
  for (std::size_t at = 0; at < law.size(); ++at) {
    out += law[at];
    if (at >= 2 && law.substr(at - 2, 3) == "RFC") out += ' ';
    else if (law[at] == ' ' && at > 0 && smtp::is_digit(law[at - 1])) out += "section ";
  }
  return out;
}

// The model followed through the session: right for the verb, and wrong where it came.
bool is_followed(const Heard& heard) { return with_code(heard) && !heard.followed.law.empty(); }
Check in_its_state(const Heard& heard) {
  using smtp::Lawfulness;
  const auto& followed = heard.followed;
  if (followed.lawfulness == Lawfulness::lawful || (of_listed_verb(heard) && !is_in_table(heard))) return {};
  // Where the case has a word of its own on this reply, that is said already.
  const auto& outcomes = heard.transcript.outcomes;
  if (std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& o) { return o.entry == heard.index && o.tier != 0; })) return {};
  const std::string& verb = heard.entry.command;
  // Known though it is not listed, ETRN is out of order in a transaction; the model has no such row.
  if (verb == "ETRN" && heard.reply.code == 503) return {};
  // What stands behind NOOP SHOULD be overlooked (RFC 5321 section 4.1.1.9); the model has one row for both.
  const bool argument_refused = verb == "NOOP" && heard.reply.code == 501;
  return Wrong{(verb == "." ? "the mail data" : verb) + " in state '" + std::string(to_string(followed.state)) + "' was answered by " +
                   heard.reply.brief() + ", not by " + std::string(followed.lawful) + " (" + in_words(followed.law) + ")",
               followed.lawfulness == Lawfulness::near_miss || argument_refused};
}

// The server's name where it has to stand, a host name with an underscore taken for one.
smtp::DomainResult own_name(const Heard& heard) { return smtp::parse_domain(first_word(heard.reply), {.underscore = true}); }
bool is_name(const smtp::DomainResult& result) { return result.fault == smtp::AddressFault::none; }

Check greeting_domain(const Heard& heard) {
  if (!is_name(own_name(heard))) return Wrong{"the greeting does not begin with a domain or address literal"};
  return {};
}
Check hello_domain(const Heard& heard) {
  if (!is_name(own_name(heard))) return Wrong{"the EHLO reply does not begin with a domain or address literal"};
  return {};
}
bool names_itself(const Heard& heard) { return (service_ready(heard) || hello_taken(heard)) && is_name(own_name(heard)); }
Check name_qualified(const Heard& heard) {
  const std::string_view name = first_word(heard.reply);
  // A top-level domain may be a host, so that this is never more than a near miss.
  if (own_name(heard).kind == smtp::DomainKind::name && name.find('.') == std::string_view::npos)
    return Wrong{"the server calls itself '" + shown(heard, name) + "', which is not fully qualified", true};
  return {};
}
Check name_letters(const Heard& heard) {
  const std::string_view name = first_word(heard.reply);
  if (!is_name(smtp::parse_domain(name, {})))
    return Wrong{"the server calls itself '" + shown(heard, name) + "', where an underscore stands"};
  return {};
}

bool says_farewell(const Heard& heard) { return heard.reply.code == 221 || heard.reply.code == 421; }
Check farewell_domain(const Heard& heard) {
  std::string_view word = first_word(heard.reply);
  while (!word.empty() && std::string_view(",:;.").find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  // "Bye" is built like a name; only one with a dot, or the one of the greeting, is taken for it.
  const auto result = smtp::parse_domain(word, {.underscore = true});
  if (is_name(result) && (result.kind != smtp::DomainKind::name || word.find('.') != std::string_view::npos)) return {};
  for (const Entry& entry : heard.transcript.entries)
    if (entry.connection == heard.entry.connection && entry.command == "greeting" && entry.reply->code == 220 &&
        smtp::iequals(first_word(*entry.reply), word))
      return {};
  return Wrong{"the text of the " + std::to_string(heard.reply.code) + " does not begin with the server's domain"};
}

// The "normal" replies of section 3.5.2. Behind 252 nothing was looked up, and the argument may stand there as it came.
bool shows_mailboxes(const Heard& heard) {
  const std::string& verb = heard.entry.command;
  const int code = heard.reply.code;
  return (verb == "VRFY" && (code == 250 || code == 251 || code == 551)) || (verb == "EXPN" && code == 250);
}
// What a line of these replies shows for an address, or "": the text may be free (section 3.5.2). It is all of the line, or
// stands in pointed brackets, or is the word with an at-sign.
std::string_view address_in(std::string_view text) {
  const auto whole = smtp::parse_path(text, {.utf8 = true, .no_brackets = true});
  if (whole && whole.size == text.size()) return text;
  if (const std::size_t open = text.find('<'); open != std::string_view::npos) {
    text.remove_prefix(open);
    if (const std::size_t close = text.rfind('>'); close != std::string_view::npos) text = text.substr(0, close + 1);
    return text.find('@') != std::string_view::npos || smtp::parse_path(text, {.no_domain = true}) ? text : std::string_view{};
  }
  const std::size_t sign = text.find('@');
  // Where a quoted local-part begins that may hold blanks, nobody can tell.
  if (sign == std::string_view::npos || text.find('"') != std::string_view::npos) return {};
  const std::size_t blank = text.rfind(' ', sign);
  std::string_view word = text.substr(blank == std::string_view::npos ? 0 : blank + 1);
  word = word.substr(0, word.find(' '));
  if (word.starts_with('(')) word.remove_prefix(1);
  return word.starts_with('@') || word.ends_with('@') ? std::string_view{} : word;
}
Check usable_address(const Heard& heard) {
  for (std::size_t i = 0; i < heard.reply.lines.size(); ++i) {
    const std::string_view text = smtp::trim(heard.reply.text(i).substr(heard.reply.lines[i].status.size));
    const std::string_view address = address_in(text);
    if (address.empty()) continue;
    const std::string it = "'" + shown(heard, address) + "' ";
    const auto parsed = smtp::parse_path(address, {.utf8 = heard.entry.unicode, .no_brackets = true, .underscore = true});
    if (!parsed || parsed.path.null) return Wrong{it + "cannot stand in RCPT as it is"};
    if (!parsed.path.route.empty()) return Wrong{it + "has a source route", false, "RFC5321-3.5.2-6"};
    const std::string_view domain = parsed.path.domain.in(address);
    if (parsed.path.domain_kind == smtp::DomainKind::name && domain.find('.') == std::string_view::npos)
      return Wrong{it + "has a domain that is not fully qualified", true, "RFC5321-3.5.2-1"};
  }
  return {};
}

Check hello_lines(const Heard& heard) {
  std::optional<Wrong> near_miss;
  for (std::size_t i = 1; i < heard.reply.lines.size(); ++i) {
    const std::string_view line = heard.reply.text(i);
    const auto fault = smtp::ehlo_line(line).fault;
    if (fault.empty()) continue;
    // "AUTH=PLAIN" is sent on purpose, for clients older than RFC 2554.
    const bool old_auth = smtp::istarts_with(line, "AUTH=");
    Wrong wrong{"EHLO line '" + shown(heard, line) + "' " + std::string(fault), old_auth};
    if (!old_auth) return wrong;
    if (!near_miss) near_miss = std::move(wrong);
  }
  return near_miss;
}
bool lists_keywords(const Heard& heard) { return hello_taken(heard) && several_lines(heard); }
Check keywords_registered(const Heard& heard) {
  // Not registered, and in the replies of a good part of the deployed servers: Exim's keywords, and the end of Exchange's list.
  constexpr std::string_view widespread = "PIPECONNECT PRDR OK";
  for (std::size_t i = 1; i < heard.reply.lines.size(); ++i) {
    const std::string_view line = heard.reply.text(i), keyword = smtp::ehlo_line(line).keyword;
    // A line that is none by its form is another rule's. The table may be older than the server: a near miss.
    if (!smtp::ehlo_line(line).fault.empty() || smtp::find_extension(keyword) || smtp::is_local_keyword(keyword) ||
        smtp::has_word(widespread, keyword))
      continue;
    return Wrong{"EHLO keyword '" + shown(heard, keyword) + "' is not registered and does not begin with X", true};
  }
  return {};
}
// What the EHLO reply lists behind the keyword, as it stands there.
std::optional<std::string_view> params_of(const Heard& heard, std::string_view keyword) {
  if (!hello_taken(heard)) return {};
  for (std::size_t i = 1; i < heard.reply.lines.size(); ++i)
    if (const auto line = smtp::ehlo_line(heard.reply.text(i)); smtp::iequals(line.keyword, keyword)) return line.params;
  return {};
}
template <const char* Keyword>
bool offers(const Heard& heard) {
  return params_of(heard, Keyword).has_value();
}
// An EHLO keyword that stands alone by its RFC.
template <const char* Keyword>
Check stands_alone(const Heard& heard) {
  const auto params = params_of(heard, Keyword);
  if (!params->empty()) return Wrong{std::string(Keyword) + " is listed with parameters: " + shown(heard, *params)};
  return {};
}
constexpr char pipelining[] = "PIPELINING", eight_bit_mime[] = "8BITMIME", starttls[] = "STARTTLS", enhanced[] = "ENHANCEDSTATUSCODES",
               binarymime[] = "BINARYMIME", size[] = "SIZE", auth[] = "AUTH";

Check size_number(const Heard& heard) {
  const auto limit = params_of(heard, size);
  if (!std::all_of(limit->begin(), limit->end(), smtp::is_digit))
    return Wrong{"SIZE is listed with '" + shown(heard, *limit) + "', which is no number"};
  return {};
}
Check binary_with_chunks(const Heard& heard) {
  if (!smtp::capabilities(heard.reply).has("CHUNKING")) return Wrong{"BINARYMIME is listed without CHUNKING"};
  return {};
}
bool hello_taken_in_tls(const Heard& heard) { return hello_taken(heard) && heard.entry.in_tls; }
Check no_starttls_in_tls(const Heard& heard) {
  if (smtp::capabilities(heard.reply).has("STARTTLS")) return Wrong{"STARTTLS is listed inside TLS"};
  return {};
}
Check mechanism_names(const Heard& heard) {
  const auto names = params_of(heard, auth);
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
bool hello_taken_by_submission(const Heard& heard) { return hello_taken(heard) && heard.role != smtp::Role::relay; }
Check no_etrn(const Heard& heard) {
  const auto offered = smtp::capabilities(heard.reply);
  for (const char* keyword : {"ETRN", "ATRN"})
    if (offered.has(keyword)) return Wrong{std::string(keyword) + " is listed on a submission service"};
  return {};
}

// clang-format off: one rule a line
constexpr std::array table = {
    Rule{"rules/reply-ends-in-crlf", "RFC5321-2.3.8-1c", "Every reply line ends in CRLF, and no CR or LF stands elsewhere", any, crlf},
    Rule{"rules/reply-first-digit", "RFC5321-4.2-9 RFC5321-4.3.2-2", "The first digit of every reply code is 2, 3, 4 or 5", with_code, first_digit},
    Rule{"rules/reply-line", "RFC5321-4.2-P1", "Every reply line is a code, a separator and printable text", any, line_form},
    Rule{"rules/reply-multi-line", "RFC5321-4.2.1-P1", "Every line of a multi-line reply has its code", several_lines, multi_line_form},
    Rule{"rules/reply-same-code", "RFC5321-4.2.1-4", "All lines of a reply have the same code", several_lines, same_code},
    Rule{"rules/reply-line-length", "RFC5321-4.5.3.1.5-P1", "No reply line is longer than 512 octets", is_not<334>, line_length},
    Rule{"rules/reply-has-an-end", "RFC5321-4.2.1-P1", "Every reply has a last line, and every line an end", any, endless},
    Rule{"rules/reply-is-whole", "RFC5321-3.8-1", "The connection is not closed inside a reply", not_cut_off, whole},
    Rule{"rules/reply-seven-bit", "RFC5321-2.4-P3", "Reply text is 7-bit, save where SMTPUTF8 was used", not_unicode, seven_bit},
    Rule{"rules/reply-text", "RFC5321-4.2-P4", "Text follows the code", is_not<334>, has_text},
    Rule{"rules/blank-without-text", "RFC5321-4.2.1-3 RFC4954-4-P3", "A blank follows the code even where no text does", without_text, blank_there},
    Rule{"rules/reply-asked-for", "RFC5321-4.2-1", "No reply comes that no command asked for", is_not<421>, asked_for},
    Rule{"rules/quit-at-the-end", "RFC5321-4.1.1.10-1", "QUIT at the end of a session gets 221", answers_last_quit, farewell},
    Rule{"rules/nothing-behind-221", "RFC5321-4.1.1.10-P2", "Nothing comes behind the 221", lets_go, last_word},
    Rule{"rules/421-closes", "RFC5321-3.8-P2", "A 421 is followed by the end of the connection", gives_up, close_after_421},
    Rule{"rules/3yz-has-its-place", "RFC5321-4.2.1-P2", "3yz answers DATA and AUTH only", is_3yz, three_yz},
    Rule{"rules/challenge-is-base64", "RFC4954-4-5", "The text of a 334 is one base64 string or nothing", is<334>, challenge},
    Rule{"rules/reply-code-known", "RFC5321-4.2-3 RFC5321-4.3.2-3", "Every reply code is one that an RFC defines", with_code_in_range, code_known},
    Rule{"rules/reply-in-the-table", "RFC5321-4.3.1-3", "Every reply code is among those listed for its command", of_listed_verb, in_table},
    Rule{"rules/reply-in-its-state", "RFC5321-4.2.2-P1", "Every reply code fits what was sent before", is_followed, in_its_state},
    Rule{"rules/greeting-domain", "RFC5321-4.2-P2", "The greeting begins with the server's domain", service_ready, greeting_domain},
    Rule{"rules/ehlo-domain", "RFC5321-4.1.1.1-P1", "The EHLO reply begins with the server's domain", hello_taken, hello_domain},
    Rule{"rules/own-name-qualified", "RFC5321-2.3.5-1 RFC5321-4.3.1-P1", "The server calls itself by a fully qualified domain or an address literal", names_itself, name_qualified},
    Rule{"rules/own-name-letters", "RFC5321-4.1.2-8", "The server's name is of letters, digits and hyphens", names_itself, name_letters},
    Rule{"rules/farewell-domain", "RFC5321-4.2-P3", "The text of 221 and 421 begins with the server's domain", says_farewell, farewell_domain},
    Rule{"rules/vrfy-shows-usable-address", "RFC5321-3.5.2-4 RFC5321-3.5.2-1 RFC5321-3.5.2-6", "An address that VRFY or EXPN shows can stand in RCPT", shows_mailboxes, usable_address},
    Rule{"rules/ehlo-lines", "RFC5321-4.1.1.1-P2", "Every further EHLO line is a keyword with its parameters", lists_keywords, hello_lines},
    Rule{"rules/ehlo-keywords-registered", "RFC5321-2.2.2-3 RFC5321-2.2.2-2", "Every EHLO keyword is registered or begins with X", lists_keywords, keywords_registered},
    Rule{"rules/pipelining-alone", "RFC2920-2-P1", "PIPELINING is listed without parameters", offers<pipelining>, stands_alone<pipelining>},
    Rule{"rules/8bitmime-alone", "RFC6152-2-P1", "8BITMIME is listed without parameters", offers<eight_bit_mime>, stands_alone<eight_bit_mime>},
    Rule{"rules/starttls-alone", "RFC3207-2-P1", "STARTTLS is listed without parameters", offers<starttls>, stands_alone<starttls>},
    Rule{"rules/enhancedstatuscodes-alone", "RFC2034-3-P1", "ENHANCEDSTATUSCODES is listed without parameters", offers<enhanced>, stands_alone<enhanced>},
    Rule{"rules/binarymime-alone", "RFC3030-3-P1", "BINARYMIME is listed without parameters", offers<binarymime>, stands_alone<binarymime>},
    Rule{"rules/binarymime-with-chunking", "RFC3030-3-P1", "BINARYMIME is listed only together with CHUNKING", offers<binarymime>, binary_with_chunks},
    Rule{"rules/size-number", "RFC1870-3-P1", "SIZE is listed with one number or alone", offers<size>, size_number},
    Rule{"rules/no-starttls-in-tls", "RFC3207-4.2-7", "STARTTLS is not listed inside TLS", hello_taken_in_tls, no_starttls_in_tls},
    Rule{"rules/auth-mechanisms", "RFC4954-3-P1", "AUTH is listed with SASL mechanism names", offers<auth>, mechanism_names},
    Rule{"rules/no-etrn-on-submission", "RFC6409-7-1b", "ETRN and ATRN are not listed on submission", hello_taken_by_submission, no_etrn},
    Rule{"rules/status-code", "RFC2034-4-P1", "Every 2yz, 4yz and 5yz reply has an enhanced code once offered", wants_status, status_there},
    Rule{"rules/status-class", "RFC2034-4-P2", "The enhanced code's class is the reply code's", has_status_of_its_own, status_class},
    Rule{"rules/status-on-all-lines", "RFC2034-4-P3", "All lines of a reply have the same enhanced code", has_status_and_lines, status_same},
    Rule{"rules/status-digits", "RFC2034-4-P5", "Enhanced codes have no leading zeros", has_status, status_digits},
    Rule{"rules/status-range", "RFC3463-2-P1", "Enhanced codes have class 2, 4 or 5, a subject up to 7 and a detail up to 999", has_status_like, status_range},
    Rule{"rules/status-registered", "RFC5248-2-P1", "Enhanced codes stand in the registry", has_status_in_range, status_registered},
    Rule{"rules/status-not-in-334", "RFC2034-4-P6", "A 334 challenge has no enhanced code", is<334>, status_out_of_place},
};
// clang-format on

}  // namespace

std::span<const Rule> rules() { return table; }

std::vector<std::string> requirements_of(const Rule& rule) {
  std::vector<std::string> out;
  for (std::string_view rest = rule.requirements; !rest.empty();) {
    const std::size_t blank = std::min(rest.find(' '), rest.size());
    out.emplace_back(rest.substr(0, blank));
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return out;
}

const Rule* find_rule(std::string_view name) {
  for (const Rule& rule : table)
    if (rule.name == name) return &rule;
  return nullptr;
}

}  // namespace smtpspec::judge
