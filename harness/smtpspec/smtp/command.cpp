#include "smtpspec/smtp/command.hpp"

#include <algorithm>
#include <limits>

#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::smtp {
namespace {

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr std::array verb_names = {
    VerbName{"EHLO", Verb::ehlo}, VerbName{"HELO", Verb::helo},         VerbName{"LHLO", Verb::lhlo}, VerbName{"MAIL", Verb::mail},
    VerbName{"RCPT", Verb::rcpt}, VerbName{"DATA", Verb::data},         VerbName{"BDAT", Verb::bdat}, VerbName{"RSET", Verb::rset},
    VerbName{"VRFY", Verb::vrfy}, VerbName{"EXPN", Verb::expn},         VerbName{"HELP", Verb::help}, VerbName{"NOOP", Verb::noop},
    VerbName{"QUIT", Verb::quit}, VerbName{"STARTTLS", Verb::starttls}, VerbName{"AUTH", Verb::auth}, VerbName{"ETRN", Verb::etrn}};

Verb verb_of(std::string_view word) {
  for (const auto& [name, verb] : verb_names)
    if (iequals(name, word)) return verb;
  return Verb::unknown;
}

Span shifted(Span s, std::size_t by) { return s.empty() && s.begin == 0 ? s : Span{s.begin + static_cast<std::uint32_t>(by), s.size}; }

struct Parser {
  std::string_view line;
  const Tolerance& tolerance;
  Command command;

  void fail(CommandFault fault, std::size_t at) {
    if (command.fault != CommandFault::none) return;
    command.fault = fault;
    command.fault_at = static_cast<std::uint32_t>(at);
  }

  // esmtp-param = esmtp-keyword ["=" esmtp-value], each behind one SP
  void params(std::size_t at) {
    const std::size_t end = command.argument.end();
    while (at < end) {
      if (line[at] != ' ') return fail(CommandFault::bad_parameter, at);
      const std::size_t keyword = ++at;
      while (at < end && (is_alnum(line[at]) || (line[at] == '-' && at > keyword))) ++at;
      if (at == keyword) return fail(CommandFault::bad_parameter, at);
      Param param{span(keyword, at), {}, false};
      if (at < end && line[at] == '=') {
        const std::size_t value = ++at;
        while (at < end && line[at] != ' ' && line[at] != '=') {
          const auto octet = static_cast<unsigned char>(line[at]);
          if (octet < 33 || octet == 127 || (octet > 127 && !tolerance.utf8)) return fail(CommandFault::bad_parameter, at);
          ++at;
        }
        if (at == value) return fail(CommandFault::bad_parameter, at);
        if (const std::size_t wrong = utf8_error(line.substr(value, at - value)); wrong != std::string_view::npos)
          return fail(CommandFault::bad_parameter, value + wrong);
        if (at < end && line[at] == '=') return fail(CommandFault::bad_parameter, at);
        param.value = span(value, at);
        param.has_value = true;
      } else if (at < end && line[at] != ' ') {
        return fail(CommandFault::bad_parameter, at);
      }
      if (command.param_count == Command::max_params) return fail(CommandFault::too_many_parameters, keyword);
      command.params[command.param_count++] = param;
    }
  }

  void path(std::string_view word) {
    std::size_t at = command.argument.begin;
    if (!istarts_with(command.argument.in(line), word)) return fail(CommandFault::no_from_or_to, at);
    at += word.size();
    if (tolerance.blank_after_colon)
      while (at < command.argument.end() && line[at] == ' ') ++at;
    const std::string_view text = line.substr(at, command.argument.end() - at);
    const PathResult result = parse_path(text, tolerance);
    if (!result) {
      command.address = result.fault;
      return fail(CommandFault::bad_path, at + result.at);
    }
    command.path = result.path;
    for (Span* s : {&command.path.all, &command.path.route, &command.path.local, &command.path.domain}) *s = shifted(*s, at);
    params(at + result.size);
  }

  void chunk() {
    const std::string_view text = command.argument.in(line);
    std::size_t digits = 0;
    std::uint64_t value = 0;
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
      const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
      value = value > (most - digit) / 10 ? most : value * 10 + digit;
    }
    if (digits == 0 || digits > 20 || (digits < text.size() && text[digits] != ' '))
      return fail(CommandFault::bad_size, command.argument.begin + digits);
    command.chunk_size = value;
    if (digits == text.size()) return;
    if (!iequals(text.substr(digits + 1), "LAST")) return fail(CommandFault::bad_end_marker, command.argument.begin + digits + 1);
    command.last = true;
  }

  void auth() {
    const std::string_view text = command.argument.in(line);
    const std::size_t blank = text.find(' ');
    const std::string_view name = text.substr(0, blank);
    for (std::size_t i = 0; i < name.size(); ++i)
      if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_') return fail(CommandFault::bad_mechanism, command.argument.begin + i);
    if (name.empty() || name.size() > 20) return fail(CommandFault::bad_mechanism, command.argument.begin);
    command.mechanism = span(command.argument.begin, command.argument.begin + name.size());
    if (blank == std::string_view::npos) return;
    const std::size_t begin = command.argument.begin + blank + 1;
    if (line.substr(begin, command.argument.end() - begin).find(' ') != std::string_view::npos)
      return fail(CommandFault::bad_initial_response, begin);
    command.initial = span(begin, command.argument.end());
  }

  Command parse() {
    // Trailing blanks are tolerated by section 4.1.1.
    std::size_t end = line.size();
    while (end > 0 && line[end - 1] == ' ') --end;
    if (end == 0) {
      fail(CommandFault::empty, 0);
      return command;
    }
    std::size_t at = 0;
    while (at < end && line[at] != ' ') ++at;
    command.verb_text = span(0, at);
    command.verb = verb_of(line.substr(0, at));
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
    return command;
  }

  // String by the grammar is Atom or Quoted-string, but sections 3.5.1 and 4.1.1.9 want local@domain and any
  // text taken: only octets that no text may hold are faults.
  void string() {
    for (std::size_t i = command.argument.begin; i < command.argument.end(); ++i) {
      const auto octet = static_cast<unsigned char>(line[i]);
      if (octet < 32 || octet == 127 || (octet > 127 && !tolerance.utf8)) return fail(CommandFault::bad_string, i);
    }
    if (const std::size_t wrong = utf8_error(command.argument.in(line)); wrong != std::string_view::npos)
      fail(CommandFault::bad_string, command.argument.begin + wrong);
  }
};

std::optional<std::uint64_t> saturating_number(std::string_view text, std::size_t most_digits) {
  if (text.empty() || text.size() > most_digits) return std::nullopt;
  std::uint64_t value = 0;
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    value = value > (most - digit) / 10 ? most : value * 10 + digit;
  }
  return value;
}

// The atom of RFC 822, which RFC 3461 section 4.2 means by addr-type: printable, no specials.
bool is_atom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 32 && c < 127 && std::string_view("()<>@,;:\\\".[]").find(c) == std::string_view::npos;
  });
}

}  // namespace

std::string_view to_string(Verb verb) {
  for (const auto& [name, known] : verb_names)
    if (known == verb) return name;
  return "";
}

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
  }
  return "";
}

const Param* Command::param(std::string_view line, std::string_view keyword) const {
  for (std::size_t i = 0; i < param_count; ++i)
    if (iequals(params[i].keyword.in(line), keyword)) return &params[i];
  return nullptr;
}

Command parse_command(std::string_view line, const Tolerance& tolerance) { return Parser{line, tolerance, {}}.parse(); }

std::string print_command(const Command& command, std::string_view line) {
  if (command.verb == Verb::unknown) return std::string(line);
  std::string out(to_string(command.verb));
  switch (command.verb) {
    case Verb::mail:
    case Verb::rcpt:
      out += command.verb == Verb::mail ? " FROM:" : " TO:";
      out += command.path.all.in(line);
      for (std::size_t i = 0; i < command.param_count; ++i) {
        out += " " + to_upper(command.params[i].keyword.in(line));
        if (command.params[i].has_value) out += "=" + std::string(command.params[i].value.in(line));
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
  for (int i = 0; i < command.param_count; ++i) {
    const Param& param = command.params[static_cast<std::size_t>(i)];
    const std::string_view keyword = param.keyword.in(line);
    const std::string_view value = param.value.in(line);
    const auto bad_if = [&](bool bad) {
      if (bad && out.bad < 0) out.bad = i;
    };
    // A parameter given twice is refused: RFC 1870 section 3 (a), RFC 3461 section 4, and by sense elsewhere.
    if (iequals(keyword, "SIZE")) {
      const auto size = saturating_number(value, 20);
      bad_if(out.size.has_value() || !size);
      out.size = size;
    } else if (iequals(keyword, "BODY")) {
      bad_if(out.body != Body::none);
      out.body = iequals(value, "7BIT")         ? Body::seven_bit
                 : iequals(value, "8BITMIME")   ? Body::eight_bit_mime
                 : iequals(value, "BINARYMIME") ? Body::binary_mime
                                                : Body::none;
      bad_if(out.body == Body::none);
    } else if (iequals(keyword, "SMTPUTF8")) {
      bad_if(param.has_value || out.smtputf8);
      out.smtputf8 = true;
    } else if (iequals(keyword, "REQUIRETLS")) {
      bad_if(param.has_value || out.requiretls);
      out.requiretls = true;
    } else if (iequals(keyword, "AUTH")) {
      // RFC 4954 sections 5 and 8: "<>", or a mailbox as xtext.
      const auto mailbox = decode_xtext(value);
      const auto parsed = parse_path(mailbox.value_or(""), {.utf8 = true, .no_brackets = true});
      bad_if(out.auth.has_value() || (value != "<>" && !(parsed && parsed.size == mailbox->size() && (*mailbox)[0] != '<')));
      out.auth = param.value;
    } else if (iequals(keyword, "RET")) {
      bad_if(out.ret.has_value() || (!iequals(value, "FULL") && !iequals(value, "HDRS")));
      out.ret = param.value;
    } else if (iequals(keyword, "ENVID")) {
      bad_if(out.envid.has_value() || value.empty() || value.size() > 100 || !decode_xtext(value));
      out.envid = param.value;
    } else if (out.unknown < 0) {
      out.unknown = i;
    }
  }
  return out;
}

RcptParams rcpt_params(const Command& command, std::string_view line) {
  RcptParams out;
  for (int i = 0; i < command.param_count; ++i) {
    const Param& param = command.params[static_cast<std::size_t>(i)];
    const std::string_view keyword = param.keyword.in(line);
    std::string_view value = param.value.in(line);
    const auto bad_if = [&](bool bad) {
      if (bad && out.bad < 0) out.bad = i;
    };
    if (iequals(keyword, "NOTIFY")) {
      bad_if(out.notify.has_value() || value.empty());
      out.notify = param.value;
      if (iequals(value, "NEVER")) continue;
      while (!value.empty()) {
        const std::size_t comma = value.find(',');
        const std::string_view word = value.substr(0, comma);
        bad_if(!iequals(word, "SUCCESS") && !iequals(word, "FAILURE") && !iequals(word, "DELAY"));
        bad_if(comma != std::string_view::npos && comma + 1 == value.size());
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
      }
    } else if (iequals(keyword, "ORCPT")) {
      const std::size_t semicolon = value.find(';');
      const std::string_view type = value.substr(0, semicolon);
      const std::string_view address = semicolon == std::string_view::npos ? "" : value.substr(semicolon + 1);
      // RFC 6533 section 3: an internationalized address stands there in UTF-8 or in xtext.
      const bool utf8 = iequals(type, "utf-8") && has_eight_bit(address);  // UTF-8, or it would be no parameter
      bad_if(out.orcpt.has_value() || value.size() > 500 || !is_atom(type) || address.empty() || !(utf8 || decode_xtext(address)));
      out.orcpt = param.value;
    } else if (out.unknown < 0) {
      out.unknown = i;
    }
  }
  return out;
}

}  // namespace smtpspec::smtp
