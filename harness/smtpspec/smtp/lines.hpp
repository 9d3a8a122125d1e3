// Splits a stream into lines and says how each one ended (RFC 5321 section 2.3.8).
//
// Only CRLF ends a line by the law; what a program tolerates beside it is a named switch, and every stray CR or
// LF is recorded whether tolerated or not. Nothing is copied: a Line is offsets into the caller's buffer.
//
//   LineSplitter splitter({.lf_ends_line = true, .limit = 512});
//   while (auto line = splitter.next(buffer)) { use(line->text(buffer)); drop(buffer, line->next); }
//
// The caller keeps every octet from the start of the unfinished line on; after a line was returned, the next call's
// buffer starts at that line's `next`. Each octet is looked at once, however the stream is cut into calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "smtpspec/smtp/plain.hpp"

namespace smtpspec::smtp {

enum class LineEnding : std::uint8_t {
  crlf,      // the only lawful one
  lf,        // LF with no CR before it, taken as an end because lf_ends_line is set
  cr,        // CR with no LF behind it, taken as an end because cr_ends_line is set
  eof,       // the stream ended inside the line
  too_long,  // the limit was reached; the rest of the line comes as further pieces, the last with its true ending
};

struct LineRules {
  bool lf_ends_line = false;
  bool cr_ends_line = false;
  std::size_t limit = 512;  // octets including the line end, at least 2 (RFC 5321 sections 4.5.3.1.4 to 4.5.3.1.6)
};

struct Line {
  std::size_t size = 0;  // octets of text, without the line end, from the start of the buffer
  std::size_t next = 0;  // where the following line starts
  LineEnding ending = LineEnding::crlf;
  bool rest_of_long = false;  // this piece continues a line that was cut by the limit
  bool stray_cr = false;      // a CR stands inside the text
  bool stray_lf = false;      // an LF stands inside the text, or ended the line alone
  std::string_view text(std::string_view buffer) const { return buffer.substr(0, size); }
  bool operator==(const Line&) const = default;
};

// Whether CRLF stands there.
inline bool is_crlf(const char* at) { return std::memcmp(at, "\r\n", 2) == 0; }

class LineSplitter {
 public:
  explicit LineSplitter(LineRules rules) : rules_(rules) {}

  // The first line of `buffer`, or nothing until more octets come.
  std::optional<Line> next(std::string_view buffer) {
    // Most lines come at once, are short and have nothing but plain octets before their CRLF.
    const std::string_view within = buffer.substr(0, rules_.limit);
    std::size_t size = 0;
    if (scanned_ == 0 && !in_long_ && plain::is_near(within, size) && is_crlf(within.data() + size))
      return Line{.size = size, .next = size + 2};
    return next_odd(buffer);
  }

  // What is left when the stream ends: a line ending in `eof` (or in `cr`), or nothing.
  std::optional<Line> finish(std::string_view buffer);

 private:
  std::optional<Line> next_odd(std::string_view buffer);
  Line take(std::size_t size, std::size_t next, LineEnding ending);

  LineRules rules_;
  std::size_t scanned_ = 0;  // octets of the unfinished line already looked at
  bool in_long_ = false;
  bool stray_cr_ = false;
  bool stray_lf_ = false;
};

}  // namespace smtpspec::smtp
