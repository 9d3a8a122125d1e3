// Which codes there are: reply codes that an RFC defines, and enhanced status codes that IANA has registered.
//
//   is_defined(556) == true                is_defined(557) == false
//   is_registered({5, 7, 30}) == true      is_registered({5, 7, 60}) == false
#pragma once

#include "smtpspec/smtp/reply.hpp"
#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::smtp {

// Whether RFC 5321 section 4.2.3 defines the code, or an RFC that extends SMTP does, whether the extension is offered or not.
constexpr bool is_defined(int code) {
  constexpr std::string_view core = "211 214 220 221 250 251 252 354 421 450 451 452 455 500 501 502 503 504 550 551 552 553 554 555";
  // RFC 1845, 1985, 2645, 3207, 4954 with what it replaced, 5248, 7504.
  constexpr std::string_view extended = "235 253 334 355 422 430 432 453 454 458 459 521 523 524 525 530 533 534 535 538 556";
  return lists(core, code) || lists(extended, code);
}

inline constexpr int last_subject = 7;  // of an enhanced status code (RFC 3463 section 2)

// Whether the code stands in the registry of RFC 5248 as it was on 2026-11-27, its class left aside.
constexpr bool is_registered(EnhancedCode code) {
  // The last detail of each subject; none before it is missing. RFC 3463, with 3886 (1.9), 7505 (1.10, 7.27), 6710 (3.6, 7.15,
  // 7.16), 4954 (5.6, 7.8, 7.9, 7.11, 7.12), 4468 (6.6), 6531 (6.7 to 6.10), 5248 (7.10, 7.13, 7.14), 7293 (7.17 to 7.19),
  // 7372 (7.20 to 7.26), 8617 (7.29), 8689 (7.30), and 7.28, which no RFC has.
  constexpr int last[last_subject + 1] = {0, 10, 4, 6, 7, 6, 10, 30};
  return code.subject <= last_subject && code.detail <= last[code.subject];
}

}  // namespace smtpspec::smtp
