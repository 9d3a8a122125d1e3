// A Received field read by Time-stamp-line (RFC 5321 section 4.4, RFC 5322 section 3.3).
//
//   const Received field = parse_received("from a.example ([192.0.2.1]) by b.example with ESMTP id 7; Sat, 28 Nov 2026 10:00:00 +0000");
//   field.value("with") == "ESMTP"; field.fault.empty()
//
// Comments may stand wherever CFWS may: servers put them behind every clause. Points into the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtpspec::delivery {

struct Received {
  struct Clause {
    std::string_view name;   // as written
    std::string_view value;  // one word
    std::string_view rest;   // comments behind it, and words that belong to no clause
  };
  std::vector<Clause> clauses;  // in their order
  std::string_view date;        // behind the ';', without comments at its end
  std::string fault;            // what breaks the grammar of the clauses first, or ""

  // Names are case-blind.
  const Clause* clause(std::string_view name) const;
};
Received parse_received(std::string_view value);

// RFC 5321 sections 4.1.2 and 4.1.3: a domain or an address literal; a path, with or without its brackets. In UTF-8 too (RFC 6531).
bool is_extended_domain(std::string_view word);
bool is_path(std::string_view word);

// A date-time of RFC 5322 section 3.3.
struct DateTime {
  std::optional<std::int64_t> seconds;  // since 1970, in UTC; nothing where it is no date at all
  bool numeric_zone = false;            // RFC 5321 section 4.4 asks for it by a SHOULD of its own
  std::string obsolete;                 // what else of it is of an obsolete form (section 4.3), or ""
};
DateTime parse_date_time(std::string_view text);

}  // namespace smtpspec::delivery
