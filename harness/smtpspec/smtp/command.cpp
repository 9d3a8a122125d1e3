#include "smtpspec/smtp/command.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "smtpspec/smtp/common_command.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octet_class.hpp"
#include "smtpspec/smtp/param_names.hpp"
#include "smtpspec/smtp/word_table.hpp"

namespace smtpspec::smtp {
namespace {

constexpr WordTable verbs({{"EHLO", Verb::ehlo},
                           {"HELO", Verb::helo},
                           {"LHLO", Verb::lhlo},
                           {"MAIL", Verb::mail},
                           {"RCPT", Verb::rcpt},
                           {"DATA", Verb::data},
                           {"BDAT", Verb::bdat},
                           {"RSET", Verb::rset},
                           {"VRFY", Verb::vrfy},
                           {"EXPN", Verb::expn},
                           {"HELP", Verb::help},
                           {"NOOP", Verb::noop},
                           {"QUIT", Verb::quit},
                           {"STARTTLS", Verb::starttls},
                           {"AUTH", Verb::auth},
                           {"ETRN", Verb::etrn}},
                          Verb::unknown);

enum class Notify : std::uint8_t { unknown, never, other };
constexpr WordTable notify_words(
    {{"NEVER", Notify::never}, {"SUCCESS", Notify::other}, {"FAILURE", Notify::other}, {"DELAY", Notify::other}}, Notify::unknown);

constexpr WordTable bodies({{"7BIT", Body::seven_bit}, {"8BITMIME", Body::eight_bit_mime}, {"BINARYMIME", Body::binary_mime}}, Body::none);

// Four to eight digits, all of them in one word; anything else gives nothing.
[[gnu::always_inline]] inline std::optional<std::uint64_t> short_number(std::string_view text) {
  if constexpr (std::endian::native != std::endian::little) return std::nullopt;
  if (text.size() < 4 || text.size() > 8) return std::nullopt;
  constexpr std::uint64_t ones = 0x0101010101010101, low_half = 0xffffffff;
  std::uint32_t first, last;
  std::memcpy(&first, text.data(), 4);
  std::memcpy(&last, text.data() + text.size() - 4, 4);
  const std::size_t given = 8 * (text.size() - 4);
  const std::uint64_t front = (std::uint64_t{first} << (32 - given) & low_half) | (ones * '0' & low_half) >> given;
  const std::uint64_t octets = std::uint64_t{last} << 32 | front, digits = octets - ones * '0';
  if (((octets + ones * (127 - '9')) | digits) & ones * 0x80) return std::nullopt;
  // Neighbours are joined: digits to numbers of two, those to numbers of four, those to one.
  const std::uint64_t twos = (digits * (1 + (10 << 8)) >> 8) & 0x00ff00ff00ff00ff;
  const std::uint64_t fours = (twos * (1 + (100 << 16)) >> 16) & 0x0000ffff0000ffff;
  return fours * (1 + (std::uint64_t{10'000} << 32)) >> 32;
}

// A number of at most 20 digits; what a word cannot hold is the most that it can.
[[gnu::noinline]] std::optional<std::uint64_t> long_number(std::string_view text) {
  if (text.empty() || text.size() > 20) return std::nullopt;
  std::uint64_t value = 0;
  bool full = false;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    full = __builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value) || full;
  }
  return full ? std::numeric_limits<std::uint64_t>::max() : value;
}

[[gnu::always_inline]] inline std::optional<std::uint64_t> saturating_number(std::string_view text) {
  const auto number = short_number(text);
  return number ? number : long_number(text);
}

// RFC 4954 sections 5 and 8: "<>", or a mailbox as xtext.
bool is_auth_value(std::string_view value) {
  if (value == "<>") return true;
  const auto mailbox = decode_xtext(value);
  if (!mailbox || mailbox->starts_with('<')) return false;
  const PathResult parsed = parse_path(*mailbox, {.utf8 = true, .no_brackets = true});
  return parsed && parsed.size == mailbox->size();
}

// RFC 3461 section 4.1: "NEVER", or a list of the others.
bool is_notify_value(std::string_view value) {
  for (bool list = false;; list = true) {
    const Notify all = notify_words.find(value);
    if (all != Notify::unknown) return all == Notify::other || !list;
    const std::size_t comma = value.find(',');
    if (comma == std::string_view::npos || notify_words.find(value.substr(0, comma)) != Notify::other) return false;
    value.remove_prefix(comma + 1);
  }
}

// RFC 3461 section 4.2: addr-type ";" xtext, of which the type is an atom of RFC 822. RFC 6533 section 3: an internationalized
// address stands there in UTF-8, of which the grammar of parameters has made sure, or in xtext.
bool is_orcpt_value(std::string_view value) {
  const std::size_t semicolon = value.find(';');
  if (value.size() > 500 || semicolon == std::string_view::npos) return false;
  const std::string_view type = value.substr(0, semicolon), address = value.substr(semicolon + 1);
  if (type.empty() || !all_in(in_atom, type) || address.empty()) return false;
  return is_xtext(address) || (iequals(type, "utf-8") && has_eight_bit(address));
}

struct Parser {
  std::string_view line;
  const Tolerance& tolerance;
  Command& command;

  [[gnu::cold]] void fail(CommandFault fault, std::size_t at) {
    if (command.fault != CommandFault::none) return;
    command.fault = fault;
    command.fault_at = static_cast<std::uint32_t>(at);
  }

  // esmtp-param = esmtp-keyword ["=" esmtp-value], each behind one SP
  void params(std::size_t at) {
    const std::string_view text = line.substr(0, command.argument.end());
    const unsigned value_octets = in_value | (tolerance.utf8 ? in_eight_bit : 0u);
    while (at < text.size()) {
      if (text[at] != ' ') return fail(CommandFault::bad_parameter, at);
      const std::size_t keyword = ++at;
      at = end_of_run(in_label, text, at);
      if (at == keyword || text[keyword] == '-') return fail(CommandFault::bad_parameter, keyword);
      Param param{span(keyword, at), {}, param_names.find(text.substr(keyword, at - keyword)), false};
      if (at < text.size() && text[at] == '=') {
        const std::size_t value = ++at;
        at = end_of_run(value_octets, text, at);
        if (at == value) return fail(CommandFault::bad_parameter, at);
        param.value = span(value, at);
        param.has_value = true;
        if (tolerance.utf8)
          if (const std::size_t wrong = utf8_error(param.value.in(text)); wrong != std::string_view::npos)
            return fail(CommandFault::bad_parameter, value + wrong);
      }
      if (at < text.size() && text[at] != ' ') return fail(CommandFault::bad_parameter, at);
      if (command.params.full()) return fail(CommandFault::too_many_parameters, keyword);
      command.params.add(param);
    }
  }

  void path(std::string_view word) {
    std::size_t at = command.argument.begin;
    const std::string_view text = line.substr(0, command.argument.end());
    if (!istarts_with(text.substr(at), word)) return fail(CommandFault::no_from_or_to, at);
    at += word.size();
    if (tolerance.blank_after_colon)
      while (at < text.size() && text[at] == ' ') ++at;
    const PathResult result = parse_path(text, tolerance, at);
    if (!result) {
      command.address = result.fault;
      return fail(CommandFault::bad_path, result.at);
    }
    command.path = result.path;
    params(at + result.size);
  }

  void chunk() {
    const std::string_view text = command.argument.in(line);
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto size = saturating_number(text.substr(0, digits));
    if (!size || (digits < text.size() && text[digits] != ' ')) return fail(CommandFault::bad_size, command.argument.begin + digits);
    command.chunk_size = *size;
    if (digits == text.size()) return;
    if (!iequals(text.substr(digits + 1), "LAST")) return fail(CommandFault::bad_end_marker, command.argument.begin + digits + 1);
    command.last = true;
  }

  void auth() {
    const std::string_view text = command.argument.in(line);
    const std::size_t blank = text.find(' ');
    const std::string_view name = text.substr(0, blank);
    if (const std::size_t end = end_of_run(in_label | in_underscore, name, 0); end < name.size())
      return fail(CommandFault::bad_mechanism, command.argument.begin + end);
    if (name.empty() || name.size() > 20) return fail(CommandFault::bad_mechanism, command.argument.begin);
    command.mechanism = span(command.argument.begin, command.argument.begin + name.size());
    if (blank == std::string_view::npos) return;
    const std::size_t begin = command.argument.begin + blank + 1;
    if (line.substr(begin, command.argument.end() - begin).find(' ') != std::string_view::npos)
      return fail(CommandFault::bad_initial_response, begin);
    command.initial = span(begin, command.argument.end());
  }

  void parse() {
    // Trailing blanks are tolerated by section 4.1.1.
    std::size_t end = line.size();
    while (end > 0 && line[end - 1] == ' ') --end;
    if (end == 0) return fail(CommandFault::empty, 0);
    // All verbs but one have four letters.
    std::size_t at = std::min<std::size_t>(4, end);
    if (at == end || line[at] == ' ') command.verb = verbs.find(line.substr(0, at));
    if (command.verb == Verb::unknown) {
      at = std::min(line.find(' '), end);
      command.verb = verbs.find(line.substr(0, at));
    }
    command.verb_text = span(0, at);
    if (at < end) ++at;
    command.argument = span(at, end);
    switch (command.verb) {
      case Verb::unknown: fail(CommandFault::unknown_verb, 0); break;
      case Verb::ehlo:
      case Verb::helo:
      case Verb::lhlo: {
        if (command.argument.empty()) {
          fail(CommandFault::no_argument, at);
          break;
        }
        const DomainResult domain = parse_domain(command.argument.in(line), tolerance);
        command.address = domain.fault;
        // HELO takes a Domain only; the literal that EHLO brought is let through there as everywhere in practice.
        if (domain.fault != AddressFault::none) fail(CommandFault::bad_domain, at + domain.at);
        break;
      }
      case Verb::mail:
        command.argument.empty() ? fail(CommandFault::no_argument, at) : path("FROM:");
        // Postmaster without a domain is for RCPT alone (sections 2.3.5 and 4.1.1.3).
        if (command && !command.path.null && command.path.domain.empty() && !tolerance.no_domain) {
          command.address = AddressFault::no_domain;
          fail(CommandFault::bad_path, command.path.local.end());
        }
        break;
      case Verb::rcpt:
        command.argument.empty() ? fail(CommandFault::no_argument, at) : path("TO:");
        if (command && command.path.null) {
          command.address = AddressFault::bad_local_part;
          fail(CommandFault::bad_path, command.path.all.begin);
        }
        break;
      case Verb::bdat: chunk(); break;
      case Verb::auth: command.argument.empty() ? fail(CommandFault::no_argument, at) : auth(); break;
      case Verb::vrfy:
      case Verb::expn:
      case Verb::etrn:
        if (command.argument.empty()) fail(CommandFault::no_argument, at);
        string();
        break;
      case Verb::help:
      case Verb::noop: string(); break;
      case Verb::data:
      case Verb::rset:
      case Verb::quit:
      case Verb::starttls:
        if (!command.argument.empty()) fail(CommandFault::unwanted_argument, at);
        break;
    }
  }

  // String by the grammar is Atom or Quoted-string, but sections 3.5.1 and 4.1.1.9 want local@domain and any
  // text taken: only octets that no text may hold are faults.
  void string() {
    const std::string_view text = line.substr(0, command.argument.end());
    const std::size_t end = end_of_run(in_string | (tolerance.utf8 ? in_eight_bit : 0u), text, command.argument.begin);
    if (end < text.size()) return fail(CommandFault::bad_string, end);
    if (const std::size_t wrong = utf8_error(command.argument.in(line)); wrong != std::string_view::npos)
      fail(CommandFault::bad_string, command.argument.begin + wrong);
  }
};

}  // namespace

std::string_view to_string(Verb verb) { return verbs.text_of(verb); }

std::string_view to_string(CommandFault fault) {
  switch (fault) {
    case CommandFault::none: return "none";
    case CommandFault::empty: return "empty-line";
    case CommandFault::unknown_verb: return "unknown-verb";
    case CommandFault::no_argument: return "no-argument";
    case CommandFault::unwanted_argument: return "unwanted-argument";
    case CommandFault::bad_domain: return "bad-domain";
    case CommandFault::no_from_or_to: return "no-from-or-to";
    case CommandFault::bad_path: return "bad-path";
    case CommandFault::bad_parameter: return "bad-parameter";
    case CommandFault::too_many_parameters: return "too-many-parameters";
    case CommandFault::bad_size: return "bad-chunk-size";
    case CommandFault::bad_end_marker: return "bad-end-marker";
    case CommandFault::bad_mechanism: return "bad-mechanism";
    case CommandFault::bad_initial_response: return "bad-initial-response";
    case CommandFault::bad_string: return "bad-string";
    case CommandFault::line_too_long: return "line-too-long";
  }
  return "";
}

std::string_view section_of(CommandFault fault) {
  switch (fault) {
    case CommandFault::none: return "";
    case CommandFault::empty:
    case CommandFault::unknown_verb: return "RFC 5321 section 4.2.4";
    case CommandFault::no_argument: return "RFC 5321 section 4.1.1";
    case CommandFault::unwanted_argument: return "RFC 5321 section 4.3.2";
    case CommandFault::bad_domain:
    case CommandFault::bad_path:
    case CommandFault::bad_parameter:
    case CommandFault::too_many_parameters:
    case CommandFault::bad_string: return "RFC 5321 section 4.1.2";
    case CommandFault::no_from_or_to: return "RFC 5321 section 4.1.1.2";
    case CommandFault::bad_size:
    case CommandFault::bad_end_marker: return "RFC 3030 section 2";
    case CommandFault::bad_mechanism:
    case CommandFault::bad_initial_response: return "RFC 4954 section 4";
    case CommandFault::line_too_long: return "RFC 5321 section 4.5.3.1.4";
  }
  return "";
}

const Param* Command::param(std::string_view line, std::string_view keyword) const {
  for (const Param& param : params)
    if (iequals(param.keyword.in(line), keyword)) return &param;
  return nullptr;
}

Command parse_command(std::string_view line, const Tolerance& tolerance) {
  // A line that stands alone gets the octets behind it that reading it at once takes.
  char room[2 * common_command::room];
  if (common_command::possible && line.size() <= common_command::room) {
    std::memset(room, 0, sizeof room);
    char* const end = std::copy(line.begin(), line.end(), room);
    end[0] = '\r';
    end[1] = '\n';
    Command command;
    if (common_command::read({room, sizeof room}, command) == line.size() && !line.empty()) return command;
  }
  return parse_command_by_octet(line, tolerance);
}

Command parse_command_by_octet(std::string_view line, const Tolerance& tolerance) {
  Command command;
  Parser{line, tolerance, command}.parse();
  return command;
}

std::string print_command(const Command& command, std::string_view line) {
  if (command.verb == Verb::unknown) return std::string(line);
  std::string out(to_string(command.verb));
  switch (command.verb) {
    case Verb::mail:
    case Verb::rcpt:
      out += command.verb == Verb::mail ? " FROM:" : " TO:";
      out += command.path.all.in(line);
      for (const Param& param : command.params) {
        out += " " + to_upper(param.keyword.in(line));
        if (param.has_value) out += "=" + std::string(param.value.in(line));
      }
      break;
    case Verb::bdat: out += " " + std::to_string(command.chunk_size) + (command.last ? " LAST" : ""); break;
    case Verb::auth:
      out += " " + to_upper(command.mechanism.in(line));
      if (command.initial) out += " " + std::string(command.initial->in(line));
      break;
    default:
      if (!command.argument.empty()) out += " " + std::string(command.argument.in(line));
  }
  return out;
}

MailParams mail_params(const Command& command, std::string_view line) {
  MailParams out;
  for (const Param& param : command.params) {
    const std::string_view value(line.data() + param.value.begin, param.value.size);
    const auto index = [&] { return static_cast<int>(&param - command.params.begin()); };
    bool bad = false;
    // A parameter given twice is refused: RFC 1870 section 3 (a), RFC 3461 section 4, and by sense elsewhere.
    switch (param.name) {
      case ParamName::size: {
        const auto size = saturating_number(value);
        bad = out.size.has_value() || !size;
        out.size = size;
        break;
      }
      case ParamName::body: {
        const Body body = bodies.find(value);
        bad = out.body != Body::none || body == Body::none;
        out.body = body;
        break;
      }
      case ParamName::smtputf8:
        bad = param.has_value || out.smtputf8;
        out.smtputf8 = true;
        break;
      case ParamName::requiretls:
        bad = param.has_value || out.requiretls;
        out.requiretls = true;
        break;
      case ParamName::auth:
        bad = out.auth.has_value() || !is_auth_value(value);
        out.auth = param.value;
        break;
      case ParamName::ret:
        bad = out.ret.has_value() || (!iequals(value, "FULL") && !iequals(value, "HDRS"));
        out.ret = param.value;
        break;
      case ParamName::envid:
        bad = out.envid.has_value() || value.empty() || value.size() > 100 || !is_xtext(value);
        out.envid = param.value;
        break;
      default:
        if (out.unknown < 0) out.unknown = index();
    }
    if (bad && out.bad < 0) out.bad = index();
  }
  return out;
}

RcptParams rcpt_params(const Command& command, std::string_view line) {
  RcptParams out;
  for (const Param& param : command.params) {
    const std::string_view value(line.data() + param.value.begin, param.value.size);
    const auto index = [&] { return static_cast<int>(&param - command.params.begin()); };
    bool bad = false;
    switch (param.name) {
      case ParamName::notify:
        bad = out.notify.has_value() || !is_notify_value(value);
        out.notify = param.value;
        break;
      case ParamName::orcpt:
        bad = out.orcpt.has_value() || !is_orcpt_value(value);
        out.orcpt = param.value;
        break;
      default:
        if (out.unknown < 0) out.unknown = index();
    }
    if (bad && out.bad < 0) out.bad = index();
  }
  return out;
}

}  // namespace smtpspec::smtp
