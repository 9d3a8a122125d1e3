// The seams of the reference server: the places where a fault can be put without touching the logic. Each is a function
// that the lawful server calls; a fault is another function around it. The store is a seam of its own (store.hpp).
//
//   Seams seams = Seams::lawful();
//   seams.model = [](const Context& c, Input i, Row row) { if (i == Input::noop) row.reply.code = 200; return row; };
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/serve/store.hpp"
#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/lines.hpp"
#include "smtpspec/smtp/model.hpp"
#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::serve {

// What a reply says before it is printed.
struct Saying {
  int code = 0;
  std::string status;              // "2.1.0", or ""
  std::vector<std::string> lines;  // text; at least one
};

// Finds the end of the mail data behind a 354, or of a chunk behind a BDAT.
class ContentReader {
 public:
  virtual ~ContentReader() = default;
  // Appends the message's octets to `content`; returns how many octets of `input` belong to the data.
  virtual std::size_t feed(std::string_view input, std::string& content) = 0;
  virtual bool done() const = 0;
};

struct Transaction {
  Envelope envelope;
  std::string content;
};

// What one BDAT announces.
struct Chunk {
  std::uint64_t size = 0;
  bool last = false;
};

enum class Fate : std::uint8_t {
  taken,    // its end is about to be answered by 250
  refused,  // by 5yz
  given_up  // RSET, a new hello or the end of the connection came first
};

struct Seams {
  using Context = smtp::Context;
  using Input = smtp::Input;

  // --- what comes in
  std::function<bool(const Context&, bool lawful)> tls_first;  // whether a handshake comes before the greeting
  std::function<std::string(const Context&, std::string_view unread, std::string segment)> arrive;  // what is kept of a segment
  std::function<std::string(const Context&, std::string_view unread)> at_end;                // what the end of a connection is read as
  std::function<smtp::LineRules(const Context&, smtp::LineRules lawful)> line_rules;         // where a line ends
  std::function<smtp::Tolerance(const Context&, smtp::Tolerance lawful)> tolerance;          // what the parser tolerates
  std::function<std::unique_ptr<ContentReader>(const Context&)> content_reader;              // where mail data end
  std::function<Chunk(const Context&, std::string_view line, Chunk lawful)> chunk;           // what a BDAT announces
  std::function<std::unique_ptr<ContentReader>(const Context&, const Chunk&)> chunk_reader;  // where a chunk ends
  std::function<std::size_t(const Context&, Input, std::string_view unread)> flush;  // how much unread input goes lost behind an answer
  std::function<bool(const Context&)> cuts_long_line;  // whether the rest of a line that is too long is another
  std::function<std::optional<std::string>(std::string_view base64, std::optional<std::string> lawful)> response;  // in AUTH, decoded
  std::function<std::string(std::string glued)> behind_starttls;  // what is kept of the clear octets behind the command

  // --- what it means
  std::function<Input(const Context&, const Transaction&, std::string_view line, Input lawful)> classify;
  std::function<smtp::Row(const Context&, Input, smtp::Row lawful)> model;
  std::function<void(const Context&, Input, Transaction&)> forget;             // at a transaction's end
  std::function<Context(const Context& before, Input, Context lawful)> after;  // the state behind an answer or a handshake
  std::function<void(const Context& before, Input, std::string_view line, Transaction&)> record;            // what a command leaves behind
  std::function<std::string(std::string_view local, std::string_view domain, std::string lawful)> mailbox;  // of an address
  std::function<smtp::Duration(const Context&, smtp::Duration lawful)> idle;                                // silence allowed

  // --- what goes out
  std::function<std::vector<std::string>(const Context&, std::vector<std::string> lawful)> keywords;  // of the EHLO reply
  std::function<Saying(const Context&, Input, Saying lawful)> saying;
  std::function<std::string(const Context&, const Saying&)> printer;
  std::function<smtp::Duration(const Context&, Input)> delay;                                      // before the reply
  std::function<std::string(const Context&, std::string& held, std::string_view unread)> release;  // takes of the replies what goes out now
  std::function<std::string(const Transaction&, std::string trace)> trace;                         // the Received field
  std::function<std::string(const Transaction&, std::string content)> content;
  // What becomes of a message, and of one that was refused or given up: true when it was as it should be.
  std::function<bool(Fate, const Message&, Store&)> hand_over;

  // --- the world
  std::function<std::int64_t()> clock;  // seconds since 1970
  std::function<std::string()> nonce;

  static Seams lawful();
};

// The lawful printer: code, hyphens, enhanced code on every line, CRLF.
std::string print_saying(const Saying& saying);

}  // namespace smtpspec::serve
