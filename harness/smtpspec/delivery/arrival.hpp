// A message that arrived: where and when it was seen, the envelope where that is known, and its octets as they are stored.
//
//   const Message message = split(arrival.octets);
//   message.field("Return-Path")->value
//
// RFC 5322 section 2.1: header fields, an empty line, a body. A line ends in CRLF or, in files, in LF; a text that is no field ends
// the header all the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/script/delivery.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::delivery {

using script::Where;
using smtp::Duration;
using smtp::Time;

// Paths stand without their brackets.
struct Envelope {
  std::string reverse_path;
  std::vector<std::string> recipients;
  std::string client;    // the name in EHLO, "" where it is not known
  std::string protocol;  // "ESMTP", "" where it is not known
  bool operator==(const Envelope&) const = default;
};

// What the place where it was seen does to the octets of a message.
enum class Storage : std::uint8_t {
  wire,   // nothing
  lines,  // a line ends in LF, the last one always
  mbox,   // the same, with '>' in front of lines that begin with "From ", and an empty line behind the last
};

struct Arrival {
  Where where = Where::mailbox;
  Time at{};  // when it was seen
  std::string octets;
  Storage storage = Storage::wire;
  std::optional<Envelope> envelope{};
};

struct Field {
  std::string_view name;   // "Received"
  std::string_view whole;  // with its line ends
  std::string_view value;  // behind the colon and blanks, folds left in, without the last line end
};

struct Message {
  std::vector<Field> fields;
  std::string_view header;  // all fields
  std::string_view body;    // behind the empty line

  const Field* field(std::string_view name) const;  // the first of that name, or nullptr
  std::size_t count(std::string_view name) const;
};
// Points into `octets`.
Message split(std::string_view octets);

// CRLF as LF.
std::string with_lf(std::string_view text);

// The two say the same, as far as the storage leaves octets alone; `stored` and `sent` with any line ends.
bool is_same(std::string_view stored, std::string_view sent, Storage storage);

// The tokens of plays, "t1x23" of the run "t1", that stand in what arrived; each once.
std::vector<std::string> tokens_in(const Arrival& arrival, std::string_view run);

// For a person: size and beginning.
std::string sketch(std::string_view octets);

}  // namespace smtpspec::delivery
