// What becomes of the messages of a dialogue: where they arrive, how often, and what the server made of them.
//
//   mailbox: once [RFC5321-4.2.5-P1]     one copy in the recipient's mailbox; or `never`
//     body: same                         the octets behind the header, transparency taken off
//     fields: kept                       the fields that were sent, unchanged and in their order
//     fields: without Apparently-To      no field of that name was added
//     header: without {second-recipient} what was added to the header does not hold the text
//     return-path: on top                also `once`, or the path: `return-path: <{sender}>`
//     received: with ESMTP ESMTPS        what the field says that the server added when it took the message
//   second-mailbox: once
//   next-hop: never
//   mailbox: once                        … of a notice of failure, where the sender is the recipient:
//     notice: report                     a multipart/report with delivery status (RFC 3464)
//     notice: names bob@relay.test       who was not reached
//     # a remark
//
// All of it is about the arrivals that bear the play's token. A line is what trait_names() lists, with a requirement behind it
// where breaking it breaks another one than the first of `covers`. print(parse(x)) is x in canonical form.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/template.hpp"

namespace smtpspec::script {

// Where something may arrive.
enum class Where : std::uint8_t { mailbox, second_mailbox, next_hop };
inline constexpr Where all_places[] = {Where::mailbox, Where::second_mailbox, Where::next_hop};
// "mailbox", "second-mailbox", "next-hop": facts too, which the case requires without saying so.
std::string_view to_string(Where where);

enum class Trait : std::uint8_t {
  remark,
  once,
  never,
  body_same,
  fields_kept,
  fields_without,
  header_without,
  only_received,
  return_path_on_top,
  return_path_once,
  return_path,
  no_return_path,
  received_on_top,
  received_grammar,
  received_from,
  received_client,
  received_address,
  received_by,
  received_with,
  received_one_path,
  received_registered,
  received_numeric_zone,
  received_date,
  received_on_time,
  notice_report,
  notice_names,
  reverse_path,
  recipients,
};

struct TraitName {
  Trait trait;
  std::string_view key;    // "received"; "" of a place
  std::string_view words;  // "on top"; where a text follows or stands alone it is that of the line
  bool takes_text = false;
  bool at_next_hop_only = false;
  std::string_view meaning;
};
std::span<const TraitName> trait_names();

struct Statement {
  Trait trait = Trait::remark;
  Where where = Where::mailbox;
  Template text{};
  std::string requirement{};  // overrides the case's first
  std::string remark{};       // without "#"
  Place place{};
  // Equal in all but the place.
  bool operator==(const Statement& that) const;
  bool is_place() const { return trait == Trait::once || trait == Trait::never; }
};

// `first_line` is the line of the file where `text` begins, `indent` how far it is indented there.
Result<std::vector<Statement>> parse_delivery(std::string_view text, std::string_view file, int first_line = 1, int indent = 0);
std::string print_delivery(const std::vector<Statement>& statements);
// One of them without its place: "received: with ESMTP", "mailbox: once".
std::string print_statement(const Statement& statement);

std::vector<Statement> with(const std::vector<Statement>& statements, const Variables& row);

}  // namespace smtpspec::script
