// The service extensions of SMTP, a row each: the EHLO keyword, and what a client may use once it was offered.
//
//   find_extension("DSN")->mail == "RET ENVID"
//   has_word(find_extension("CHUNKING")->verbs, "BDAT")
//
// The rows are those of IANA's registry "SMTP Service Extensions", and VRFY, which servers list without it. Keywords that
// begin with X are local and stand in no registry (RFC 5321 section 2.2.2).
#pragma once

#include <cstdint>
#include <string_view>

#include "smtpspec/smtp/model.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {

// The roles that may offer an extension, a bit each.
inline constexpr std::uint8_t on_relay = 1u << static_cast<int>(Role::relay);
inline constexpr std::uint8_t on_submission = 1u << static_cast<int>(Role::submission);
inline constexpr std::uint8_t on_submissions = 1u << static_cast<int>(Role::submissions);
inline constexpr std::uint8_t on_all = on_relay | on_submission | on_submissions;

struct Extension {
  std::string_view keyword;
  int rfc = 0;  // that defines it; 0: none
  // Lists of words with blanks between them.
  std::string_view verbs{};
  std::string_view mail{};  // parameters of MAIL; "BODY=BINARYMIME" is that value alone
  std::string_view rcpt{};
  std::uint8_t roles = on_all;
  std::string_view with{};  // the keyword without which it is not offered

  // The verb is one of SMTP itself, which a client may try whether it is listed or not.
  constexpr bool is_core() const { return rfc == 821 || rfc == 5321; }
  constexpr bool offered_on(Role role) const { return (roles >> static_cast<int>(role) & 1) != 0; }
};

inline constexpr Extension extensions[] = {
    {"8BITMIME", 6152, "", "BODY"},
    {"ATRN", 2645, "ATRN", "", "", on_relay},  // not on submission, as ETRN: RFC 6409 section 7
    {"AUTH", 4954, "AUTH", "AUTH"},
    {"BINARYMIME", 3030, "", "BODY=BINARYMIME", "", on_all, "CHUNKING"},
    {"BURL", 4468, "BURL", "", "", on_submission | on_submissions},
    {"CHECKPOINT", 1845, "", "TRANSID"},
    {"CHUNKING", 3030, "BDAT"},
    {"CONNEG", 4141, "", "", "CONNEG"},
    {"CONPERM", 4141, "", "CONPERM"},
    {"DELIVERBY", 2852, "", "BY"},
    {"DSN", 3461, "", "RET ENVID", "NOTIFY ORCPT"},
    {"ENHANCEDSTATUSCODES", 2034},
    {"ETRN", 1985, "ETRN", "", "", on_relay},
    {"EXPN", 5321, "EXPN"},
    {"FUTURERELEASE", 4865, "", "HOLDFOR HOLDUNTIL", "", on_submission | on_submissions},
    {"HELP", 5321, "HELP"},
    {"LIMITS", 9422},
    {"MT-PRIORITY", 6710, "", "MT-PRIORITY"},
    {"MTRK", 3885, "", "MTRK"},
    {"NO-SOLICITING", 3865, "", "SOLICIT"},
    {"ONEX", 0, "ONEX"},
    {"PIPELINING", 2920},
    {"REQUIRETLS", 8689, "", "REQUIRETLS"},
    {"RRVS", 7293, "", "", "RRVS"},
    {"SAML", 821, "SAML"},
    {"SEND", 821, "SEND"},
    {"SIZE", 1870, "", "SIZE"},
    {"SMTPUTF8", 6531, "", "SMTPUTF8", "", on_all, "8BITMIME"},
    {"SOML", 821, "SOML"},
    {"STARTTLS", 3207, "STARTTLS", "", "", on_relay | on_submission},  // inside TLS there is nothing to start
    {"SUBMITTER", 4405, "", "SUBMITTER"},
    {"TURN", 821, "TURN", "", "", on_relay},
    {"UTF8SMTP", 5336, "", "ALT-ADDRESS", "ALT-ADDRESS"},
    {"VERB", 0, "VERB"},
    {"VRFY", 5321, "VRFY"},
};

constexpr const Extension* find_extension(std::string_view keyword) {
  for (const Extension& extension : extensions)
    if (iequals(extension.keyword, keyword)) return &extension;
  return nullptr;
}

constexpr bool is_local_keyword(std::string_view keyword) { return !keyword.empty() && lower(keyword[0]) == 'x'; }

// True when `word` stands in the list, in any case of letters.
constexpr bool has_word(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    if (iequals(list.substr(0, blank), word)) return true;
    list = blank == std::string_view::npos ? std::string_view{} : list.substr(blank + 1);
  }
  return false;
}

}  // namespace smtpspec::smtp
