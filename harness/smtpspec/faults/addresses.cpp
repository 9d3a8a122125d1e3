// Mailboxes, paths and domains that are read wrongly at a corner of their grammar (RFC 5321 sections 4.1.2, 4.1.3 and 4.5.3.1,
// RFC 6531 section 3.3), or judged by what has no bearing on them.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::AddressFault;
using smtp::Command;
using smtp::CommandFault;
using smtp::DomainKind;

// A sender whose path has some form is refused as malformed.
template <typename Fits>  // bool(const smtp::Path&, std::string_view line)
auto malformed_sender(Fits fits) {
  return [fits](Seams& seams, Shared&) {
    take_for(seams, Input::mail, Input::mail_syntax, [fits](const Command& c, std::string_view line) { return fits(c.path, line); });
  };
}

// A recipient whose path has some form is refused as malformed, before anybody looks for the mailbox.
template <typename Fits>  // bool(const smtp::Path&, std::string_view line)
auto malformed_recipient(Fits fits) {
  return [fits](Seams& seams, Shared&) {
    for (const Input input : {Input::rcpt, Input::rcpt_no_mailbox, Input::rcpt_no_relay})
      take_for(seams, input, Input::rcpt_syntax, [fits](const Command& c, std::string_view line) { return fits(c.path, line); });
  };
}

// What stands behind the tag of an IPv6 literal; "" for another domain.
std::string_view ipv6_of(const smtp::Path& path, std::string_view line) {
  if (path.domain_kind != DomainKind::ipv6) return "";
  const std::string_view literal = path.domain.in(line);
  const std::size_t colon = literal.find(':');
  return literal.substr(colon + 1, literal.size() - colon - 2);
}

std::size_t longest_label(std::string_view domain) {
  std::size_t longest = 0;
  while (!domain.empty()) {
    const std::size_t dot = std::min(domain.find('.'), domain.size());
    longest = std::max(longest, dot);
    domain.remove_prefix(std::min(dot + 1, domain.size()));
  }
  return longest;
}

bool has_capital(std::string_view text) { return text != smtp::to_lower(text); }

// What VRFY or EXPN is asked for.
std::string_view asked(const Command& command, std::string_view line) { return command.argument.in(line); }

bool names_postmaster(std::string_view line) {
  const Command command = smtp::parse_command(line, {.utf8 = true});
  return smtp::iequals(smtp::unquote_local(command.path.local.in(line)), "postmaster");
}

// With the octets of UTF-16 surrogates made letters.
std::string without_surrogates(std::string_view line) {
  std::string out(line);
  for (std::size_t i = 0; i + 2 < out.size(); ++i)
    if (out[i] == '\xed' && static_cast<unsigned char>(out[i + 1]) >= 0xa0) out.replace(i, 3, "xxx");
  return out;
}

}  // namespace

std::vector<Fault> address_faults() {
  return {
      // --- local-parts
      subtle({"addresses/pair-before-closing-quote", "RFC5321-4.1.2-P2",
              "a quote behind a backslash never closes a local-part, be the backslash itself a quoted one",
              malformed_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line).ends_with("\\\\\""); })}),
      subtle({"addresses/empty-quotes", "RFC5321-4.1.2-P2", "a sender with nothing between the quotes of its local-part is malformed",
              malformed_sender([](const smtp::Path& path, std::string_view line) { return path.local.in(line) == "\"\""; })}),
      subtle({"addresses/colon-in-quotes", "RFC5321-4.1.2-P2",
              "a colon in a sender's path is taken for the end of a source route, in quotes too",
              malformed_sender([](const smtp::Path& path, std::string_view line) {
                return path.quoted && path.local.in(line).find(':') != std::string_view::npos;
              })}),
      subtle({"addresses/quotes-are-counted", "RFC5321-4.5.3.1.1-P1", "the quotes of a sender's local-part are counted once more",
              malformed_sender([](const smtp::Path& path, std::string_view) { return path.quoted && path.local.size + 2 > 64; })}),
      subtle({"addresses/recipient-of-64", "RFC5321-4.5.3.1.1-P1", "a recipient's local-part may have 63 octets",
              malformed_recipient([](const smtp::Path& path, std::string_view) { return path.local.size >= 64; })}),
      subtle({"addresses/one-octet", "RFC5321-4.2.2-P1", "a sender's local-part of one octet is malformed, for users have at least two",
              malformed_sender([](const smtp::Path& path, std::string_view) { return !path.null && path.local.size == 1; })}),
      {"addresses/two-at-signs", "RFC5321-4.1.2-9",
       "a sender is taken apart at its last at sign, so that an unquoted one before it is taken",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_syntax, Input::mail, [](const Command& c, std::string_view line) {
           const std::string_view path = c.argument.in(line);
           if (c.fault != CommandFault::bad_path || path.find('"') != path.npos || path.find("<@") != path.npos) return false;
           std::string other(line);
           const std::size_t at = other.find('@');
           if (at == other.npos) return false;
           other[at] = 'x';
           return static_cast<bool>(smtp::parse_command(other));
         });
       }},
      {"addresses/control-in-recipient", "RFC5321-4.1.2-9", "control octets are taken in a recipient's local-part",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::rcpt_syntax, Input::rcpt,
                  [](const Command& c, std::string_view) { return c.address == AddressFault::control_octet; });
       }},

      // --- paths
      subtle({"addresses/forward-path-of-256", "RFC5321-4.5.3.1.3-P1", "a forward-path may have 255 octets",
              malformed_recipient([](const smtp::Path& path, std::string_view) { return path.all.size >= 256; })}),
      subtle({"addresses/route-in-mail", "RFC5321-4.1.2-1", "a source route is understood in RCPT, and malformed in MAIL",
              malformed_sender([](const smtp::Path& path, std::string_view) { return !path.route.empty(); })}),
      {"addresses/verb-and-from-in-one", "RFC5321-4.1.1-P1", "MAIL needs no blank before FROM:",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::unknown_verb, Input::mail,
                  [](const Command&, std::string_view line) { return smtp::istarts_with(line, "MAILFROM:<"); });
       }},

      // --- domains and literals
      subtle({"addresses/label-of-63", "RFC5321-4.5.3.1.2-P1", "a label of a sender's domain may have 62 octets",
              malformed_sender([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::name && longest_label(path.domain.in(line)) >= 63;
              })}),
      subtle({"addresses/two-hyphens", "RFC5321-4.2.2-P1", "a sender's domain with two hyphens in a row is malformed, as in any A-label",
              malformed_sender([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::name && path.domain.in(line).find("--") != std::string_view::npos;
              })}),
      subtle({"addresses/ipv6-compressed-in-front", "RFC5321-4.1.3-P2", "an IPv6 literal that begins with two colons is malformed",
              malformed_sender([](const smtp::Path& path, std::string_view line) { return ipv6_of(path, line).starts_with("::"); })}),
      subtle({"addresses/ipv6-compressed-at-end", "RFC5321-4.1.3-P2", "an IPv6 literal that ends with two colons is malformed",
              malformed_sender([](const smtp::Path& path, std::string_view line) { return ipv6_of(path, line).ends_with("::"); })}),
      subtle({"addresses/ipv6-in-capitals", "RFC5321-4.1.3-P2", "the digits of an IPv6 literal are known in small letters only",
              malformed_sender([](const smtp::Path& path, std::string_view line) { return has_capital(ipv6_of(path, line)); })}),
      subtle({"addresses/ipv4-above-249", "RFC5321-4.1.3-P1", "a number from 250 to 255 makes an IPv4 literal malformed",
              malformed_sender([](const smtp::Path& path, std::string_view line) {
                const std::string_view domain = path.domain.in(line);
                for (std::size_t i = 0; path.domain_kind == DomainKind::ipv4 && i + 2 < domain.size(); ++i)
                  if (domain.substr(i, 2) == "25" && smtp::is_digit(domain[i + 2])) return true;
                return false;
              })}),
      subtle({"addresses/ehlo-ipv6-compressed", "RFC5321-4.1.1.1-P3", "EHLO takes IPv6 literals in their full form only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::ehlo, Input::ehlo_syntax,
                         [](const Command& c, std::string_view line) { return c.argument.in(line).find("::") != std::string_view::npos; });
              }}),

      // --- postmaster, and mail to anybody with the null reverse-path
      subtle({"addresses/postmaster-in-quotes", "RFC5321-4.1.2-5", "postmaster is not found when his name stands in quotes",
              [](Seams& seams, Shared&) {
                seams.mailbox = [](std::string_view local, std::string_view, const std::string& lawful) {
                  return lawful == "postmaster" && local.starts_with('"') ? std::string() : lawful;
                };
              }}),
      subtle({"addresses/bare-postmaster-with-parameter", "RFC5321-2.3.5-4",
              "postmaster without a domain is known only when nothing follows it on the line",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_syntax,
                         [](const Command& c, std::string_view) { return c.path.domain.empty() && c.params.size() > 0; });
              }}),
      subtle({"addresses/postmaster-gets-no-bounces", "RFC5321-4.5.1-4",
              "postmaster is refused behind the null reverse-path, for he sends nothing that could bounce",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view line, Input lawful) {
                  const bool bounce = transaction.envelope.reverse_path.empty();
                  return lawful == Input::rcpt && bounce && names_postmaster(line) ? Input::rcpt_refused : lawful;
                });
              }}),
      subtle({"addresses/bounce-for-two", "RFC5321-4.5.3.1.8-P1", "a message with the null reverse-path may have one recipient",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  const auto& envelope = transaction.envelope;
                  return lawful == Input::rcpt && envelope.reverse_path.empty() && !envelope.recipients.empty() ? Input::rcpt_too_many
                                                                                                                : lawful;
                });
              }}),

      // --- VRFY
      subtle({"addresses/vrfy-domain-in-capitals", "RFC5321-7.3-P1", "VRFY compares the domain octet by octet, RCPT does not",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::vrfy, Input::vrfy_no_mailbox, [](const Command& c, std::string_view line) {
                  const std::string_view name = asked(c, line);
                  const std::size_t at = name.rfind('@');
                  return at != name.npos && has_capital(name.substr(at));
                });
              }}),
      subtle({"addresses/vrfy-knows-no-postmaster", "RFC5321-7.3-P1", "VRFY looks among the users, of whom postmaster is none",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::vrfy, Input::vrfy_no_mailbox,
                         [](const Command& c, std::string_view line) { return smtp::istarts_with(asked(c, line), "postmaster"); });
              }}),
      subtle({"addresses/vrfy-takes-quoted-names", "RFC5321-3.5.3-1", "VRFY confirms a quoted name at the server's domain without a look",
              [](Seams& seams, Shared&) {
                const auto is_quoted = [](const Command& c, std::string_view line) { return asked(c, line).starts_with('"'); };
                take_for(seams, Input::vrfy_no_mailbox, Input::vrfy, is_quoted);
                on_answer(seams, Input::vrfy, [is_quoted](std::string_view line, Saying& saying) {
                  const Command command = smtp::parse_command(line);
                  if (is_quoted(command, line)) saying.lines = {"<" + std::string(asked(command, line)) + ">"};
                });
              }}),

      // --- SMTPUTF8
      {"addresses/u-label", "RFC6531-3.3-P1", "a sender's domain is malformed in UTF-8, with SMTPUTF8 too",
       malformed_sender([](const smtp::Path& path, std::string_view line) { return smtp::has_eight_bit(path.domain.in(line)); })},
      subtle({"addresses/utf-8-in-quotes", "RFC6531-3.3-P1", "UTF-8 is taken in a dot-string, and not between quotes",
              malformed_sender(
                  [](const smtp::Path& path, std::string_view line) { return path.quoted && smtp::has_eight_bit(path.local.in(line)); })}),
      subtle({"addresses/utf-8-of-four-octets", "RFC6531-3.3-P1",
              "a sender with a character beyond the first plane of Unicode is malformed",
              malformed_sender([](const smtp::Path& path, std::string_view line) {
                const std::string_view all = path.all.in(line);
                return std::any_of(all.begin(), all.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xf0; });
              })}),
      subtle({"addresses/surrogates", "RFC6531-3.3-P2", "surrogates of UTF-16, each in three octets, are taken for UTF-8",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail_syntax, Input::mail, [](const Command& c, std::string_view line) {
                  const std::string other = without_surrogates(line);
                  return !c && other != line && static_cast<bool>(smtp::parse_command(other, {.utf8 = true})) &&
                         mail_params(other).smtputf8;
                });
              }}),
      subtle({"addresses/relayed-in-utf-8", "RFC6531-3.4-P1",
              "a recipient at another domain is passed on as it stands, with octets beyond ASCII and without SMTPUTF8",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt_syntax, Input::rcpt, [](const Command& c, std::string_view line) {
                  return c && smtp::has_eight_bit(line) && smtp::iequals(c.path.domain.in(line), serve::Config{}.relay_domain);
                });
              }}),

      // --- recipients read in another way than senders
      subtle({"addresses/number-label-of-recipient", "RFC5321-4.1.2-P6", "a recipient's domain that begins with a digit is malformed",
              malformed_recipient([](const smtp::Path& path, std::string_view line) {
                return path.domain_kind == DomainKind::name && smtp::is_digit(path.domain.in(line).front());
              })}),
      subtle({"addresses/specials-of-recipient", "RFC5321-4.1.2-P1",
              "a recipient with a character that a shell or a router of old knows is malformed, where an unknown one is unknown",
              malformed_recipient([](const smtp::Path& path, std::string_view line) {
                return !path.quoted && path.local.in(line).find_first_of("!%/|`$&") != std::string_view::npos;
              })}),
  };
}

}  // namespace smtpspec::faults
