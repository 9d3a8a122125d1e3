// A dialogue: the play of a test case, one step a line.
//
//   C: MAIL FROM:<{sender}>            what the client says; CRLF is added
//   S: 250                             what the server has to answer (expect.hpp)
//   raw: NOOP\n                        exactly these octets
//   together:                          the steps inside go out in one write
//     C: MAIL FROM:<{sender}>
//     C: RCPT TO:<{recipient}>
//   octet by octet:                    … or in segments of one octet
//   times 60:                          the steps inside 60 times, {count} counts from 1
//   message:                           a complete message; what stands inside is its body
//   content:                           only the lines inside; both dot-stuffed and ended by CRLF.CRLF
//   content, unstuffed, unended:       … or not
//   bdat: abc   bdat last:             a chunk with its right size, in one write
//   do: handshake                      also half-close, reset, close, wait 2s, auth [MECHANISM], open 2 at rcpt,
//                                      restart target
//   check: no transaction              a probe; also `check: transaction`
//   C2: RSET   S2: 250   do2: reset    the same on connection 2
//   # a remark
//
// The text form round-trips: print(parse(x)) is x in canonical form, remarks and blank lines kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/expect.hpp"
#include "smtpspec/script/template.hpp"

namespace smtpspec::script {

// Where a dialogue begins; each state is reached by a preamble that fits the role (plan.hpp).
enum class Start : std::uint8_t { connected, greeted, ehlo, helo, tls, auth, mail, rcpt, data, bdat };
inline constexpr int start_count = 10;
std::string_view to_string(Start start);
Result<Start> parse_start(std::string_view word);

struct Step {
  enum class Kind : std::uint8_t { remark, line, raw, together, message, content, chunk, expect, act, check, times };
  enum class Act : std::uint8_t { handshake, half_close, reset, close, wait, auth, open, restart };

  Kind kind = Kind::remark;
  int connection = 1;
  Place place{};
  std::string remark{};        // without "#"; of a remark step, "" is a blank line and " " a lone "#"
  Template text{};             // line, raw, chunk
  std::vector<Step> inside{};  // together, times: steps; message, content: `line` steps
  int count = 0;               // times
  bool octet_by_octet = false;
  bool stuffed = true;
  bool ended = true;
  bool last = false;  // chunk
  Expect expect{};
  Act act = Act::handshake;
  Duration time{};           // wait
  std::string mechanism{};   // auth; "" takes the first that the target offers
  int other = 0;             // open: the connection's number
  Start at = Start::ehlo;    // open
  bool transaction = false;  // check: it is there (or gone)

  // Equal in all but the place.
  bool operator==(const Step& that) const;

  bool sends() const {
    return kind == Kind::line || kind == Kind::raw || kind == Kind::together || kind == Kind::message || kind == Kind::content ||
           kind == Kind::chunk;
  }
};

// `first_line` is the line of the file where `text` begins, `indent` how far it is indented there.
Result<std::vector<Step>> parse_dialogue(std::string_view text, std::string_view file, int first_line = 1, int indent = 0);
std::string print_dialogue(const std::vector<Step>& steps);

// The steps with a row's texts in place of names.
std::vector<Step> with(const std::vector<Step>& steps, const Variables& row);

// The name that counts the times of a block, inside of it.
inline constexpr std::string_view times_name = "count";
// The steps with each `times` written out.
std::vector<Step> unrolled(const std::vector<Step>& steps);

// Calls `use` for every template in the steps, those inside blocks too.
void visit_templates(const std::vector<Step>& steps, const std::function<void(const Template&, const Step&)>& use);

}  // namespace smtpspec::script
