// SMTP commands: parser and printer (RFC 5321 section 4.1; the verbs and parameters of RFC 1870, 1985, 2033, 2852,
// 3030, 3207, 3461, 4865, 4954, 6152, 6531, 6710, 8689).
//
//   Command c = parse_command("RCPT TO:<bob@b.example> NOTIFY=NEVER");
//   c.verb == Verb::rcpt; c.params.size() == 1; c.params[0].value.in(line) == "NEVER"
//
// The line comes without its CRLF. All results are offsets into it; nothing is allocated. A line outside the grammar
// gives a Command with the first fault, its place and the section that it breaks: what could be read is still there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "smtpspec/smtp/address.hpp"

namespace smtpspec::smtp {

enum class Verb : std::uint8_t {
  unknown,
  ehlo,
  helo,
  lhlo,
  mail,
  rcpt,
  data,
  bdat,
  rset,
  vrfy,
  expn,
  help,
  noop,
  quit,
  starttls,
  auth,
  etrn
};
std::string_view to_string(Verb verb);  // "EHLO"; "" for unknown

enum class CommandFault : std::uint8_t {
  none,
  empty,                 // nothing but CRLF
  unknown_verb,          // section 4.2.4
  no_argument,           // the verb needs one
  unwanted_argument,     // the verb takes none (section 4.3.2)
  bad_domain,            // EHLO, HELO
  no_from_or_to,         // "FROM:" / "TO:" missing
  bad_path,              // `address` says what
  bad_parameter,         // not an esmtp-param
  too_many_parameters,   // more than Params::most
  bad_size,              // BDAT: no chunk-size, or not a number
  bad_end_marker,        // BDAT: something else than LAST
  bad_mechanism,         // AUTH: not a SASL mechanism name
  bad_initial_response,  // AUTH: more than one argument behind the mechanism
  bad_string,            // VRFY, EXPN, NOOP, HELP: neither Atom nor Quoted-string... see parse_command
  line_too_long,         // only a CommandReader finds it (section 4.5.3.1.4)
};
std::string_view to_string(CommandFault fault);
std::string_view section_of(CommandFault fault);  // "RFC 5321 section 4.1.2"

// The parameters whose values mail_params and rcpt_params read.
enum class ParamName : std::uint8_t { unknown, size, body, smtputf8, requiretls, auth, ret, envid, notify, orcpt };

struct Param {
  Span keyword;
  Span value;
  ParamName name = ParamName::unknown;
  bool has_value = false;
};

// The parameters of a command, in their order. Room for them is not filled before they come: most commands have none.
class Params {
 public:
  static constexpr std::size_t most = 16;

  Params() : size_(0) {}
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == most; }
  const Param* begin() const { return std::launder(reinterpret_cast<const Param*>(room_)); }
  const Param* end() const { return begin() + size_; }
  const Param& operator[](std::size_t i) const { return begin()[i]; }
  void clear() { size_ = 0; }
  void add(const Param& param) { new (room_ + size_++ * sizeof(Param)) Param(param); }

 private:
  alignas(Param) std::byte room_[most * sizeof(Param)];
  std::uint8_t size_;
};

struct Command {
  Verb verb = Verb::unknown;
  CommandFault fault = CommandFault::none;
  AddressFault address = AddressFault::none;  // detail of bad_path and bad_domain
  bool last = false;                          // BDAT ... LAST
  std::uint32_t fault_at = 0;                 // octet of the line
  Span verb_text;
  Span argument;                 // everything behind the verb's blank, trailing blanks taken off
  std::uint64_t chunk_size = 0;  // BDAT; saturates
  Span mechanism;                // AUTH
  Path path;                     // MAIL, RCPT; offsets from the start of the line
  std::optional<Span> initial;   // AUTH initial response
  Params params;                 // MAIL, RCPT

  explicit operator bool() const { return fault == CommandFault::none; }
  const Param* param(std::string_view line, std::string_view keyword) const;
};

Command parse_command(std::string_view line, const Tolerance& tolerance = {});

// The same by the grammar alone, one octet after the other; parse_command reads what is common at once (common_command.hpp).
Command parse_command_by_octet(std::string_view line, const Tolerance& tolerance = {});

// The canonical line for a command parsed from `line`: verb and keywords in capitals, one blank where one belongs.
// For every command without fault, parse(print(c)) is the same command and print is its own fixpoint.
std::string print_command(const Command& command, std::string_view line);

// --- values of MAIL and RCPT parameters -------------------------------------------------------------------------

enum class Body : std::uint8_t { none, seven_bit, eight_bit_mime, binary_mime };

// What the parameters of one MAIL say; `unknown` and `bad` are indices of the first parameter of that sort.
struct MailParams {
  std::optional<std::uint64_t> size;  // RFC 1870; saturates at 2^64-1
  Body body = Body::none;             // RFC 6152, RFC 3030
  bool smtputf8 = false;              // RFC 6531
  bool requiretls = false;            // RFC 8689
  std::optional<Span> auth;           // RFC 4954, xtext as written
  std::optional<Span> ret, envid;     // RFC 3461
  int unknown = -1;
  int bad = -1;
};
struct RcptParams {
  std::optional<Span> notify, orcpt;  // RFC 3461
  int unknown = -1;
  int bad = -1;
};
MailParams mail_params(const Command& command, std::string_view line);
RcptParams rcpt_params(const Command& command, std::string_view line);

}  // namespace smtpspec::smtp
