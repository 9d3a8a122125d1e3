// Text with braces: what a dialogue line sends.
//
//   RCPT TO:<{recipient}>          a fact, or a variable of the row
//   NOOP {"x" x 500}               a text 500 times
//   NOOP {pad 512}                 "x" up to a line of 512 octets, its CRLF included
//   {lines 65536}                  lines of text, 65536 octets with the line end behind them
//   AUTH PLAIN {base64 "\0{user}\0{password}"}      also {xtext "…"} {upper "…"} {lower "…"}
//   MAIL FROM:<> SIZE={size-limit + 1}     the number that this session's EHLO reply gave for SIZE, and one more;
//                                  {lines size-limit - 200} and the like count with it
//   RCPT TO:<{address in shown}>   what stands between angle brackets in the reply that was kept as `shown`
//   NO{cut}OP                      a segment boundary; {pause 200ms} is one with a pause
//   {{ and }}                      the braces themselves
//
// Octets are written in the one spelling (smtp/octets.hpp). parse(print(t)) == t.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/facts.hpp"
#include "smtpspec/smtp/result.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::script {

using smtp::Duration;

struct Piece {
  enum class Kind : std::uint8_t { octets, name, repeat, pad, lines, base64, xtext, upper, lower, cut, pause, limit, address };
  Kind kind = Kind::octets;
  std::string text{};     // octets, or the name; address: of the kept reply
  std::size_t count = 0;  // repeat, pad, lines
  Duration pause{};
  std::vector<Piece> inside{};                 // repeat, base64, xtext, upper, lower
  std::optional<std::int64_t> beyond_limit{};  // limit; of a count that hangs on it: how much more than the size limit
  bool operator==(const Piece&) const = default;
};

struct Template {
  std::vector<Piece> pieces;
  bool operator==(const Template&) const = default;
  // Calls `use` with every piece, nested ones too.
  void visit(const std::function<void(const Piece&)>& use) const;
  // … with every name in it.
  void names(const std::function<void(std::string_view)>& use) const;
  // What it becomes is known in the session only: it hangs on what a server has said there.
  bool late() const;
};

// The error's column counts from the start of `text`.
Result<Template> parse_template(std::string_view text);
std::string print_template(const Template& text);

// "200ms", "5s", "2min".
Result<Duration> parse_duration(std::string_view text);
std::string print_duration(Duration duration);

// What goes on the wire: segments, each with the pause before it.
struct Segment {
  std::string octets;
  Duration pause{};
  bool operator==(const Segment&) const = default;
};

// What a row of a case puts in place of names: texts of the same kind, which may name facts.
using Variables = std::map<std::string, Template, std::less<>>;
Template with(const Template& text, const Variables& row);

// The names under which `Facts` hold what a session has heard.
inline constexpr std::string_view limit_name = "size-limit";
std::string address_name(std::string_view kept);  // "address in shown"

// `line_end` is appended and counted by {pad}. A name without a value is an error.
Result<std::vector<Segment>> expand(const Template& text, const Facts& facts, std::string_view line_end);
// All of it as one text, cuts and pauses passed over, without a line end.
Result<std::string> octets_of(const Template& text, const Facts& facts);

}  // namespace smtpspec::script
