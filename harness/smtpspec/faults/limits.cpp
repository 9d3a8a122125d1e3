// Sizes and counts: addresses, command lines, recipients, messages, sessions.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Command;

constexpr std::size_t crlf = 2;

// The lines of a content, without their CRLF.
std::vector<std::string_view> lines_of(std::string_view content) {
  std::vector<std::string_view> out;
  while (!content.empty()) {
    const std::size_t end = content.find("\r\n");
    out.push_back(content.substr(0, end));
    content = end == std::string_view::npos ? std::string_view{} : content.substr(end + crlf);
  }
  return out;
}

std::string_view header_of(std::string_view content) { return content.substr(0, content.find("\r\n\r\n")); }

// A command that is refused for the size of something in it.
template <typename Fits>  // bool(const Command&, std::string_view line)
auto refuse_size(Input input, Input refusal, Fits fits) {
  return [input, refusal, fits](Seams& seams, Shared&) { take_for(seams, input, refusal, fits); };
}

// What the digits of a SIZE parameter come to in 64 bits that wrap.
std::uint64_t wrapped(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits)
    if (smtp::is_digit(c)) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

bool is_recipient(Input input) { return input >= Input::rcpt && input < Input::rcpt_too_many; }

}  // namespace

std::vector<Fault> limit_faults() {
  return {
      // --- addresses
      subtle({"limits/local-part-of-64", "RFC5321-4.5.3.1.1-P1", "a sender's local-part may have 63 octets",
              refuse_size(Input::mail, Input::mail_syntax, [](const Command& c, std::string_view) { return c.path.local.size >= 64; })}),
      subtle({"limits/domain-of-255", "RFC5321-4.5.3.1.2-P1", "the name in EHLO may have 253 octets, as in the DNS",
              refuse_size(Input::ehlo, Input::ehlo_syntax, [](const Command& c, std::string_view) { return c.argument.size > 253; })}),
      subtle({"limits/path-of-256", "RFC5321-4.5.3.1.3-P1", "a reverse-path may have 255 octets, its brackets counted",
              refuse_size(Input::mail, Input::mail_syntax, [](const Command& c, std::string_view) { return c.path.all.size >= 256; })}),

      // --- messages
      {"limits/message-of-50000",
       "RFC5321-4.5.3.1.7-1",
       "a message may have 50000 octets, as SIZE says",
       {},
       [](serve::Config& config) { config.message_size = 50000; }},

      // --- command lines
      subtle({"limits/command-line-of-512", "RFC5321-4.5.3.1.4-P1",
              "lines of commands without parameters may have 511 octets, since a NUL wants room behind them",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  const bool with_parameters = (lawful >= Input::mail && lawful <= Input::rcpt_refused) || lawful >= Input::auth_challenge;
                  return is_command(context, lawful) && !with_parameters && line.size() + crlf >= 512 ? Input::too_long_line : lawful;
                });
              }}),
      {"limits/no-room-for-parameters",
       "RFC5321-4.5.3.1.4-P2",
       "MAIL may have 512 octets whatever extensions are offered",
       {},
       [](serve::Config& config) { config.command_line = 512; }},
      subtle({"limits/no-room-for-auth", "RFC4954-3-P2", "the AUTH parameter makes no MAIL line of more than 600 octets lawful",
              refuse_size(
                  Input::mail, Input::too_long_line,
                  [](const Command& c, std::string_view line) { return smtp::mail_params(c, line).auth && line.size() + crlf > 600; })}),
      subtle({"limits/long-line-goes-on", "RFC5321-4.5.3.1.4-P3",
              "a command line that fills the buffer is refused there and then, and its rest is another command",
              [](Seams& seams, Shared&) { seams.cuts_long_line = [](const Context& context) { return context.state != State::auth; }; }}),

      // --- recipients
      subtle({"limits/ninety-nine-recipients",
              "RFC5321-4.5.3.1.8-1",
              "a message may have 99 recipients",
              {},
              [](serve::Config& config) { config.recipients = 99; }}),
      subtle({"limits/refused-recipients-count", "RFC5321-4.5.3.1.8-1",
              "a message may have a hundred recipients, those that were refused among them",
              [](Seams& seams, Shared&) {
                on_input(seams, [count = 0](const Context&, const Transaction&, std::string_view, Input lawful) mutable {
                  if (lawful == Input::mail) count = 0;
                  return is_recipient(lawful) && ++count > 100 ? Input::rcpt_too_many : lawful;
                });
              }}),
      {"limits/too-many-recipients-552", "RFC5321-4.5.3.1.10-2", "the 101st recipient is refused with 552, as RFC 821 had it",
       [](Seams& seams, Shared&) {
         on_row(seams, Input::rcpt_too_many, [](const Context&, Row& row) {
           row.reply.code = 552;
           row.reply.status = "5.5.3";
         });
       },
       [](serve::Config& config) { config.recipients = 100; }},
      subtle({"limits/too-many-recipients-drop-all", "RFC5321-4.1.1.3-P4",
              "the 101st recipient is refused, and the transaction is dropped with it",
              [](Seams& seams, Shared&) {
                on_after(seams, [](const Context&, Input input, Context& next) {
                  if (input == Input::rcpt_too_many && next.state == State::rcpt) next.state = State::ready;
                });
              },
              [](serve::Config& config) { config.recipients = 100; }}),

      // --- messages
      subtle({"limits/size-at-limit", "RFC1870-3-P2", "a declared size that is just the limit is too big",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_too_big, [](const Command& c, std::string_view line) {
                  return smtp::mail_params(c, line).size == serve::Config{}.message_size;
                });
              }}),
      subtle({"limits/size-wraps", "RFC1870-3-P3", "a declared size of 2^64 and something is taken for that something",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail_too_big, Input::mail, [](const Command& c, std::string_view line) {
                  const smtp::Param* size = c.param(line, "SIZE");
                  return size && wrapped(size->value.in(line)) <= serve::Config{}.message_size;
                });
              }}),
      subtle({"limits/stuffed-dots-count", "RFC1870-6.3-P1", "a message is measured by its declared size with the dots that were doubled",
              [](Seams& seams, Shared&) {
                const auto declared = std::make_shared<std::uint64_t>();
                on_record(seams, [declared](const Context&, Input input, std::string_view line, Transaction&) {
                  if (input == Input::mail) *declared = mail_params(line).size.value_or(0);
                });
                on_input(seams, [declared](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  if (lawful != Input::content || *declared == 0) return lawful;
                  const auto lines = lines_of(transaction.content);
                  const auto dots = std::count_if(lines.begin(), lines.end(), [](std::string_view line) { return line.starts_with('.'); });
                  const std::uint64_t size = transaction.content.size();
                  return size <= *declared && size + static_cast<std::uint64_t>(dots) > *declared ? Input::content_too_big : lawful;
                });
              }}),

      // --- header sections
      subtle({"limits/hundred-addresses", "RFC5321-4.5.3.1.8-2",
              "a message whose header section shows more than a hundred addresses is refused",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  const std::string_view header = header_of(transaction.content);
                  return lawful == Input::content && std::count(header.begin(), header.end(), '@') > 100 ? Input::content_refused : lawful;
                });
              }}),
      {"limits/twenty-five-hops", "RFC5321-6.3-1", "a message with more than 25 Received fields is refused as a loop",
       [](Seams& seams, Shared&) {
         on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
           const auto lines = lines_of(header_of(transaction.content));
           const auto hops =
               std::count_if(lines.begin(), lines.end(), [](std::string_view line) { return smtp::istarts_with(line, "Received:"); });
           return lawful == Input::content && hops > 25 ? Input::content_refused : lawful;
         });
       }},

      // --- sessions
      subtle({"limits/lost-sessions-count", "RFC5321-4.1.1.5-4",
              "a session that ends without QUIT is counted among those that last, of which there may be ten",
              [](Seams& seams, Shared& shared) {
                ++shared.count;
                on_input(seams, [&shared](const Context&, const Transaction&, std::string_view, Input lawful) {
                  if (lawful == Input::quit) --shared.count;
                  return lawful == Input::greeting && shared.count > 10 ? Input::greeting_too_many : lawful;
                });
              }}),

      // --- what one command does and another not
      subtle({"limits/rcpt-line-of-1000", "RFC3461-5.4-3", "a RCPT line may have 1000 octets",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context& context, const Transaction&, std::string_view line, Input lawful) {
                  return is_command(context, lawful) && is_recipient(lawful) && line.size() + crlf > 1000 ? Input::too_long_line : lawful;
                });
              }}),
      subtle({"limits/mail-line-of-1036", "RFC3461-5.4-4",
              "a MAIL line may have 1036 octets, as DSN wants, with no room for the other extensions",
              refuse_size(Input::mail, Input::too_long_line,
                          [](const Command&, std::string_view line) { return line.size() + crlf > 1036; })}),
      subtle({"limits/helo-name-of-64", "RFC5321-4.5.3.1.2-P1", "the name in HELO may have 64 octets, as a host name has in Unix",
              refuse_size(Input::helo, Input::helo_syntax, [](const Command& c, std::string_view) { return c.argument.size > 64; })}),
      subtle({"limits/chunks-of-any-size", "RFC1870-4-P1", "the limit is kept in DATA, and a message in chunks may have any size",
              [](Seams& seams, Shared&) {
                const auto last = std::make_shared<bool>(false);
                on_chunk(seams, [last](const Context&, std::string_view, Chunk& chunk) { *last = chunk.last; });
                on_input(seams, [last](const Context&, const Transaction&, std::string_view, Input lawful) {
                  if (lawful != Input::chunk_too_big) return lawful;
                  return *last ? Input::last_chunk : Input::chunk;
                });
              }}),
      subtle({"limits/trace-counts", "RFC1870-6.3-P1",
              "the Received field counts towards the limit, so that a message just below it is too big",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  const bool full = transaction.content.size() + 200 > serve::Config{}.message_size;
                  return lawful == Input::content && full ? Input::content_too_big : lawful;
                });
              }}),

      subtle({"limits/long-line-in-two", "RFC5321-4.5.3.1.4-P3",
              "a command line that is too long is passed over with its segment, and its rest in the next segment is a command",
              [](Seams& seams, Shared&) {
                const auto cut = std::make_shared<bool>(false);
                seams.arrive = [cut](const Context&, std::string_view unread, std::string octets) {
                  *cut = !unread.empty();
                  return octets;
                };
                seams.cuts_long_line = [cut](const Context& context) { return *cut && context.state != State::auth; };
              }}),

      subtle({"limits/header-of-16k", "RFC5321-4.5.3.1.7-1", "a header section may have 16384 octets, whatever the message may",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  return lawful == Input::content && header_of(transaction.content).size() > 16384 ? Input::content_refused : lawful;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
