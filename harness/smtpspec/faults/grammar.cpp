// What the parser refuses and takes: letter case, local-parts, domains, paths, parameters, line ends.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::AddressFault;
using smtp::Command;
using smtp::CommandFault;
using smtp::DomainKind;

bool has_lower(std::string_view text) { return text != smtp::to_upper(text); }
bool has_upper(std::string_view text) { return text != smtp::to_lower(text); }

// A label of digits alone.
bool has_number_label(std::string_view domain) {
  while (!domain.empty()) {
    const std::size_t dot = domain.find('.');
    const std::string_view label = domain.substr(0, dot);
    if (std::all_of(label.begin(), label.end(), smtp::is_digit)) return true;
    domain = dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
  }
  return false;
}

// The mailbox of some local-parts and domains is not found.
template <typename Fits>  // bool(std::string_view local, std::string_view domain, std::string_view lawful)
void lose_mailbox(Seams& seams, Fits fits) {
  seams.mailbox = [fits](std::string_view local, std::string_view domain, std::string lawful) {
    return fits(local, domain, lawful) ? std::string() : std::move(lawful);
  };
}

// A sender whose address has some form is refused as malformed.
template <typename Fits>  // bool(const smtp::Path&, std::string_view line)
auto refuse_sender(Fits fits) {
  return [fits](Seams& seams, Shared&) {
    take_for(seams, Input::mail, Input::mail_syntax, [fits](const Command& c, std::string_view line) { return fits(c.path, line); });
  };
}

// The command by its first four letters, where its longer word is unknown.
Input by_four_letters(std::string_view word) {
  const std::pair<std::string_view, Input> verbs[] = {
      {"NOOP", Input::noop}, {"RSET", Input::rset}, {"DATA", Input::data}, {"QUIT", Input::quit}, {"HELP", Input::help}};
  for (const auto& [verb, input] : verbs)
    if (smtp::istarts_with(word, verb)) return input;
  return Input::unknown_verb;
}

}  // namespace

std::vector<Fault> grammar_faults() {
  return {
      // --- letter case
      subtle({"grammar/mixed-case-verb", "RFC5321-2.4-P1", "verbs are known in capitals and in small letters, but not in a mixture",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  const std::string_view verb = line.substr(0, line.find(' '));
                  return is_command(context, lawful) && has_lower(verb) && has_upper(verb) ? Input::unknown_verb : lawful;
                });
              }}),
      subtle({"grammar/from-in-small-letters", "RFC5321-2.4-1", "FROM: is known in capitals only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_syntax,
                         [](const Command& c, std::string_view line) { return !c.argument.in(line).starts_with("FROM:"); });
              }}),
      subtle({"grammar/parameter-in-small-letters", "RFC5321-2.4-1", "the keywords of MAIL parameters are known in capitals only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_unknown_parameter, [](const Command& c, std::string_view line) {
                  return std::any_of(c.params.begin(), c.params.end(),
                                     [&](const smtp::Param& param) { return has_lower(param.keyword.in(line)); });
                });
              }}),
      subtle({"grammar/domain-in-capitals", "RFC5321-4.1.2-P7", "the domain of a recipient is compared octet by octet",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_no_relay,
                         [](const Command& c, std::string_view line) { return has_upper(c.path.domain.in(line)); });
              }}),
      subtle({"grammar/postmaster-in-capitals", "RFC5321-4.1.1.3-P1",
              "postmaster is known in small letters and with a capital P, in no other letter case",
              [](Seams& seams, Shared&) {
                lose_mailbox(seams, [](std::string_view local, std::string_view, std::string_view lawful) {
                  return lawful == "postmaster" && local != "postmaster" && local != "Postmaster";
                });
              }}),
      subtle({"grammar/ipv6-tag-in-small-letters", "RFC5321-2.4-1", "the tag of an IPv6 literal is known as it is printed in RFC 5321 only",
              refuse_sender([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::ipv6 && !path.domain.in(line).starts_with("[IPv6:");
              })}),

      // --- postmaster
      {"grammar/bare-postmaster", "RFC5321-2.3.5-4", "a recipient without a domain is malformed, postmaster too",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::rcpt, Input::rcpt_syntax, [](const Command& c, std::string_view) { return c.path.domain.empty(); });
       }},
      subtle({"grammar/postmaster-of-one-domain", "RFC5321-4.5.1-4",
              "postmaster is found at the first of the domains that are served, and not at the server's own name",
              [](Seams& seams, Shared&) {
                lose_mailbox(seams, [](std::string_view, std::string_view domain, std::string_view lawful) {
                  return lawful == "postmaster" && smtp::iequals(domain, serve::Config{}.host);
                });
              }}),

      // --- local-parts
      subtle({"grammar/quotes-are-part", "RFC5321-4.1.2-5", "the quotes around a local-part are taken for a part of the mailbox's name",
              [](Seams& seams, Shared&) {
                lose_mailbox(seams, [](std::string_view local, std::string_view, std::string_view) { return local.starts_with('"'); });
              }}),
      subtle({"grammar/backslash-is-part", "RFC5321-4.1.2-5", "quotes are taken off a local-part, the backslashes between them are not",
              [](Seams& seams, Shared&) {
                lose_mailbox(seams,
                             [](std::string_view local, std::string_view, std::string_view) { return local.find('\\') != local.npos; });
              }}),
      {"grammar/blank-in-quotes", "RFC5321-4.1.2-P2", "a path is cut at its first blank, in quotes too",
       refuse_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line).find(' ') != line.npos; })},
      subtle({"grammar/bracket-in-quotes", "RFC5321-4.1.2-P3", "a path is cut at its first '>', in quotes too",
              refuse_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line).find('>') != line.npos; })}),
      subtle({"grammar/escaped-quote", "RFC5321-4.1.2-P2", "a quoted local-part ends at its second quote, behind a backslash too",
              refuse_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line).find("\\\"") != line.npos; })}),
      subtle({"grammar/shell-characters", "RFC5321-4.1.2-P1", "a sender with a character that a shell knows, such as | or `, is malformed",
              refuse_sender(
                  [](const smtp::Path& path, std::string_view line) { return path.local.in(line).find_first_of("|`$&*?") != line.npos; })}),
      subtle({"grammar/equals-sign", "RFC5321-4.1.2-P1", "an equals sign in a sender's local-part is taken for that of a parameter",
              refuse_sender([](const smtp::Path& path, std::string_view line) {
                return !path.quoted && path.local.in(line).find('=') != line.npos;
              })}),
      subtle({"grammar/hyphen-in-front", "RFC5321-4.1.2-P1", "a sender that begins with a hyphen is malformed, as it would be an option",
              refuse_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line).starts_with('-'); })}),
      subtle({"grammar/cut-at-nul", "RFC5321-4.1.2-9", "a MAIL line ends at a NUL, so that what follows is not seen",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail_syntax, Input::mail, [](const Command&, std::string_view line) {
                  const std::size_t nul = line.find('\0');
                  return nul != line.npos && smtp::parse_command(line.substr(0, nul));
                });
              }}),
      {"grammar/control-in-local-part", "RFC5321-4.1.2-9", "control octets are taken in a sender's local-part",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_syntax, Input::mail,
                  [](const Command& c, std::string_view) { return c.address == AddressFault::control_octet; });
       }},
      {"grammar/eight-bit-sender", "RFC5321-2.4-9", "a sender with octets beyond ASCII is taken without SMTPUTF8",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_syntax, Input::mail,
                  [](const Command& c, std::string_view line) { return c && smtp::has_eight_bit(line); });
       }},

      // --- domains and literals
      subtle({"grammar/digit-first", "RFC5321-4.1.2-P6", "a domain that begins with a digit is malformed in EHLO",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::ehlo, Input::ehlo_syntax,
                         [](const Command& c, std::string_view line) { return smtp::is_digit(c.argument.in(line).front()); });
              }}),
      subtle({"grammar/number-label", "RFC5321-4.1.2-P6", "a sender's domain with a label of digits alone is malformed",
              refuse_sender([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::name && has_number_label(path.domain.in(line));
              })}),
      subtle({"grammar/ehlo-ipv6", "RFC5321-4.1.1.1-P3", "EHLO takes IPv4 literals and no others",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::ehlo, Input::ehlo_syntax,
                         [](const Command& c, std::string_view line) { return smtp::istarts_with(c.argument.in(line), "[IPv6:"); });
              }}),
      subtle({"grammar/ipv4-tail", "RFC5321-4.1.3-P2", "an IPv6 literal that ends in an IPv4 address is malformed",
              refuse_sender([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::ipv6 && path.domain.in(line).find('.') != line.npos;
              })}),
      {"grammar/sender-at-literal", "RFC5321-4.1.3-P1", "a sender with an address literal is malformed",
       refuse_sender([](const smtp::Path& path, std::string_view) { return path.domain_kind == DomainKind::ipv4; })},
      {"grammar/recipient-at-literal", "RFC5321-4.1.3-P1", "a recipient with an address literal is malformed",
       [](Seams& seams, Shared&) {
         for (const Input input : {Input::rcpt, Input::rcpt_no_relay})
           take_for(seams, input, Input::rcpt_syntax,
                    [](const Command& c, std::string_view) { return c.path.domain_kind == DomainKind::ipv4; });
       }},
      {"grammar/underscore-in-domain", "RFC5321-4.1.2-P12", "an underscore is taken in domains",
       [](Seams& seams, Shared&) {
         seams.tolerance = [](const Context&, smtp::Tolerance tolerance) {
           tolerance.underscore = true;
           return tolerance;
         };
       }},

      // --- paths
      subtle({"grammar/second-hop-of-route", "RFC5321-4.1.1.3-2a", "a source route of one hop is understood, one of two is malformed",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_syntax,
                         [](const Command& c, std::string_view line) { return c.path.route.in(line).find(',') != line.npos; });
              }}),
      subtle({"grammar/null-path-with-parameters", "RFC5321-4.1.1.2-P1",
              "the null reverse-path is known only when nothing follows it on the line",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_syntax,
                         [](const Command& c, std::string_view) { return c.path.null && c.params.size() > 0; });
              }}),
      {"grammar/null-recipient", "RFC5321-4.1.1.3-P3", "RCPT takes the null path",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::rcpt_syntax, Input::rcpt, [](const Command& c, std::string_view) { return c.path.null; });
       }},
      {"grammar/mail-without-path", "RFC5321-4.1.1.2-P3", "MAIL FROM: with nothing behind it means the null reverse-path",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_syntax, Input::mail,
                  [](const Command& c, std::string_view line) { return smtp::iequals(c.argument.in(line), "FROM:"); });
       }},

      // --- parameters
      subtle({"grammar/first-parameter-only", "RFC5321-4.1.1.11-P1", "behind a parameter that is known, others are taken unseen",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail_unknown_parameter, Input::mail,
                         [](const Command& c, std::string_view line) { return smtp::mail_params(c, line).unknown > 0; });
              }}),
      subtle({"grammar/parameter-without-value", "RFC5321-4.1.2-P8", "a parameter without a value is malformed",
              [](Seams& seams, Shared&) {
                for (const Input input : {Input::mail, Input::mail_unknown_parameter})
                  take_for(seams, input, Input::mail_syntax, [](const Command& c, std::string_view) {
                    return std::any_of(c.params.begin(), c.params.end(), [](const smtp::Param& param) { return !param.has_value; });
                  });
              }}),

      // --- words and line ends
      subtle({"grammar/blank-behind-verb", "RFC5321-4.1.1-1", "a blank behind RSET, DATA or QUIT is an argument",
              [](Seams& seams, Shared&) {
                const auto ends_in_blank = [](const Command&, std::string_view line) { return line.ends_with(' '); };
                take_for(seams, Input::rset, Input::rset_argument, ends_in_blank);
                take_for(seams, Input::data, Input::data_argument, ends_in_blank);
                take_for(seams, Input::quit, Input::quit_argument, ends_in_blank);
              }}),
      {"grammar/four-letters", "RFC5321-4.1.1-P1", "the first four letters of a word make the command",
       [](Seams& seams, Shared&) {
         on_input(seams, [](const Context&, const Transaction&, std::string_view line, Input lawful) {
           return lawful == Input::unknown_verb ? by_four_letters(line) : lawful;
         });
       }},
      subtle({"grammar/name-of-another-host", "RFC5321-4.1.4-10", "EHLO is refused when its name is not that of the client's address",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::ehlo, Input::ehlo_refused, [](const Command& c, std::string_view line) {
                  return !c.argument.in(line).starts_with('[') && !smtp::iequals(c.argument.in(line), "client.example.org");
                });
                on_saying(seams, Input::ehlo_refused, [](Saying& saying) { saying.lines = {"Name and address do not match"}; });
              }}),
      {"grammar/original-recipient-in-utf-8", "RFC6531-3.2-12", "the address type utf-8 of RFC 6533 is unknown in ORCPT",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::rcpt, Input::rcpt_bad_parameter, [](const Command& c, std::string_view line) {
           const smtp::Param* original = c.param(line, "ORCPT");
           return original && smtp::istarts_with(original->value.in(line), "utf-8;");
         });
       }},
      {"grammar/ehlo-without-name", "RFC5321-4.1.1.1-P4", "EHLO is taken without a name",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::ehlo_syntax, Input::ehlo,
                  [](const Command& c, std::string_view) { return c.fault == CommandFault::no_argument; });
         on_saying(seams, Input::ehlo, [](Saying& saying) {
           if (saying.lines.front().empty()) saying.lines.front() = serve::Config{}.host;
         });
       }},
      {"grammar/noop-with-argument", "RFC5321-4.1.1.9-1", "NOOP is unknown when an argument follows",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::noop, Input::unknown_verb, [](const Command& c, std::string_view) { return !c.argument.empty(); });
       }},
      {"grammar/cr-ends-line", "RFC5321-2.3.8-1b", "a lone CR ends a command line",
       [](Seams& seams, Shared&) {
         seams.line_rules = [](const Context&, smtp::LineRules rules) {
           rules.cr_ends_line = true;
           return rules;
         };
       }},
      subtle({"grammar/lf-ends-line-in-transaction", "RFC5321-2.3.8-1a", "a lone LF ends a command line once a recipient was taken",
              [](Seams& seams, Shared&) {
                seams.line_rules = [](const Context& context, smtp::LineRules rules) {
                  rules.lf_ends_line = context.state == State::rcpt;
                  return rules;
                };
              }}),

      subtle({"grammar/blank-behind-path", "RFC5321-4.1.1-1", "a blank behind the path of RCPT is the start of a parameter that is missing",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_syntax, [](const Command&, std::string_view line) { return line.ends_with(' '); });
              }}),
  };
}

}  // namespace smtpspec::faults
