// Domains, mailboxes and paths (RFC 5321 sections 4.1.2 and 4.1.3, RFC 6531 section 3.3).
//
//   auto path = parse_path("<@a.example:\"J. Doe\"@[IPv6:2001:db8::1]>", {});
//   path->local.in(text) == "\"J. Doe\""
//
// A path is offsets into the text it was parsed from; nothing is allocated. `Tolerance` names each leniency.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {

struct Tolerance {
  bool utf8 = false;               // RFC 6531: UTF-8 in local-parts, labels and parameter values
  bool blank_after_colon = false;  // "MAIL FROM: <a@b.example>"
  bool no_brackets = false;        // "MAIL FROM:a@b.example"
  bool bad_dots = false;           // "<a..b@c.example>", "<.a@c.example>"
  bool no_domain = false;          // "<alice>" for others than postmaster
  bool underscore = false;         // "under_score" in a domain label
};

enum class DomainKind : std::uint8_t { none, name, ipv4, ipv6, general };

struct Path {
  Span all;     // with the angle brackets
  Span route;   // "@a.example,@b.example", without the colon; empty when there is none
  Span local;   // as written, quotes included
  Span domain;  // as written, brackets of a literal included
  DomainKind domain_kind = DomainKind::none;
  bool quoted = false;
  bool null = false;  // "<>"
};

// Why a text is not what it should be; `at` counts octets from the start of the text that was parsed.
enum class AddressFault : std::uint8_t {
  none,
  no_opening_bracket,
  no_closing_bracket,
  bad_route,
  bad_local_part,
  bad_quoted_string,
  no_domain,
  bad_domain,
  bad_literal,
  control_octet,
  eight_bit,
};
std::string_view to_string(AddressFault fault);

struct PathResult {
  Path path;
  AddressFault fault = AddressFault::none;
  std::size_t at = 0;    // where the fault is
  std::size_t size = 0;  // octets of the path, when there is no fault
  explicit operator bool() const { return fault == AddressFault::none; }
};

// The path should start at `begin` of `text`, from whose start all offsets count; what follows the path is the caller's.
PathResult parse_path(std::string_view text, const Tolerance& tolerance, std::size_t begin = 0);

// The whole of `text` as a Domain or an address-literal, as EHLO takes it; fault `none` when it is one.
struct DomainResult {
  DomainKind kind = DomainKind::none;
  AddressFault fault = AddressFault::none;
  std::size_t at = 0;
};
DomainResult parse_domain(std::string_view text, const Tolerance& tolerance);

// The mailbox a local-part means, without quotes and backslashes: "a\bc" and abc are one (section 4.1.2).
std::string unquote_local(std::string_view local);

// The local-part in its shortest lawful spelling: as a dot-string if it is one, else quoted.
std::string quote_local(std::string_view mailbox);

}  // namespace smtpspec::smtp
