// BDAT (RFC 3030 section 2): wrong counting, and wrong memory of what was begun, refused and ended.
#include <algorithm>
#include <cstdlib>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/content.hpp"

namespace smtpspec::faults {
namespace {

using serve::ContentReader;

bool is_chunk(Input input) { return input == Input::chunk || input == Input::last_chunk; }
bool takes_chunks(const Context& context) { return context.state == State::rcpt || context.state == State::bdat; }

// Reads a chunk octet by octet; `counts` says whether one counts towards the announced size.
template <typename Counts>  // bool(char before, char octet)
class Counting final : public ContentReader {
 public:
  Counting(std::uint64_t size, Counts counts) : left_(size), counts_(counts) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    std::size_t i = 0;
    for (; i < input.size() && left_ > 0; ++i) {
      if (counts_(before_, input[i])) --left_;
      before_ = input[i];
    }
    content += input.substr(0, i);
    return i;
  }
  bool done() const override { return left_ == 0; }

 private:
  std::uint64_t left_;
  Counts counts_;
  char before_ = '\n';
};

template <typename Counts>
void count_by(Seams& seams, Counts counts) {
  seams.chunk_reader = [counts](const Context&, const Chunk& chunk) { return std::make_unique<Counting<Counts>>(chunk.size, counts); };
}

// Ends a chunk at its size or at a final dot.
class UntilDot final : public ContentReader {
 public:
  explicit UntilDot(std::uint64_t size) : size_(size) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    input = input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(size_, input.size())));
    std::string unstuffed;
    const std::size_t taken = dot_.feed(input, unstuffed);
    size_ -= taken;
    content += input.substr(0, taken);
    return taken;
  }
  bool done() const override { return size_ == 0 || dot_.done(); }

 private:
  std::uint64_t size_;
  smtp::DotReader dot_;
};

// Ends a chunk with the segment, however much of it is missing.
class OneRead final : public ContentReader {
 public:
  explicit OneRead(std::uint64_t size) : reader_(size) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    const std::size_t taken = reader_.feed(input);
    content += input.substr(0, taken);
    read_ = true;
    return taken;
  }
  bool done() const override { return read_ || reader_.done(); }

 private:
  smtp::ChunkReader reader_;
  bool read_ = false;
};

// The size of the last chunk that was announced.
std::shared_ptr<std::uint64_t> announced(Seams& seams) {
  const auto size = std::make_shared<std::uint64_t>(0);
  on_chunk(seams, [size](const Context&, std::string_view, Chunk& chunk) { *size = chunk.size; });
  return size;
}

// Answers the chunks that `early` names before their octets came, which then go lost.
template <typename Early>  // bool(const Context&, const Chunk&)
void answer_early(Seams& seams, Early early) {
  const auto due = std::make_shared<std::uint64_t>(0);
  const auto drop = [due](std::size_t there) {
    const std::size_t dropped = static_cast<std::size_t>(std::min<std::uint64_t>(*due, there));
    *due -= dropped;
    return dropped;
  };
  on_chunk(seams, [due, early](const Context& context, std::string_view, Chunk& chunk) {
    if (early(context, chunk)) *due = std::exchange(chunk.size, 0);
  });
  seams.flush = [drop](const Context&, Input, std::string_view unread) { return drop(unread.size()); };
  seams.arrive = [drop](const Context&, std::string_view, std::string segment) { return segment.erase(0, drop(segment.size())); };
}

// After a message by `one` way, the session takes none by `other`.
void no_mixed_session(Seams& seams, Input one, Input other) {
  const auto had_one = std::make_shared<bool>(false);
  on_after(seams, [had_one, one](const Context&, Input input, Context&) { *had_one = *had_one || input == one; });
  on_row(seams, other, [had_one](const Context& context, Row& row) {
    if (*had_one && takes_chunks(context)) refuse(row, bad_sequence);
  });
}

// Remembers the last octet of a chunk.
class LastOctet final : public ContentReader {
 public:
  LastOctet(std::uint64_t size, std::shared_ptr<char> last) : reader_(size), last_(std::move(last)) {}
  std::size_t feed(std::string_view input, std::string& content) override {
    const std::size_t taken = reader_.feed(input);
    content += input.substr(0, taken);
    if (taken > 0) *last_ = input[taken - 1];
    return taken;
  }
  bool done() const override { return reader_.done(); }

 private:
  smtp::ChunkReader reader_;
  std::shared_ptr<char> last_;
};

}  // namespace

std::vector<Fault> chunk_faults() {
  return {
      // --- counting
      {"chunks/dot-ends", "RFC3030-2-P4", "CRLF . CRLF ends a chunk before its size",
       [](Seams& seams, Shared&) {
         seams.chunk_reader = [](const Context&, const Chunk& chunk) { return std::make_unique<UntilDot>(chunk.size); };
       }},
      {"chunks/line-end-counts-once", "RFC3030-2-P1", "a CRLF in a chunk counts as one octet",
       [](Seams& seams, Shared&) { count_by(seams, [](char before, char octet) { return !(before == '\r' && octet == '\n'); }); }},
      subtle({"chunks/doubled-dot-counts-once", "RFC3030-2-P1",
              "two dots at the start of a line of a chunk count as one, as if the first were for transparency",
              [](Seams& seams, Shared&) {
                count_by(seams, [stuffed = false](char before, char octet) mutable {
                  return !(std::exchange(stuffed, before == '\n' && octet == '.') && octet == '.');
                });
              }}),
      subtle({"chunks/counts-characters", "RFC3030-2-P1", "the size of a chunk counts UTF-8 characters",
              [](Seams& seams, Shared&) { count_by(seams, [](char, char octet) { return (octet & 0xc0) != 0x80; }); }}),
      subtle({"chunks/octal", "RFC3030-2-P1", "a chunk size with a zero in front is read as octal",
              [](Seams& seams, Shared&) {
                on_chunk(seams, [](const Context&, std::string_view line, Chunk& chunk) {
                  const std::string digits(line.substr(line.find_first_of("0123456789")));
                  chunk.size = std::strtoull(digits.c_str(), nullptr, 0);
                });
              }}),
      subtle(
          {"chunks/size-in-16-bits", "RFC3030-2-P1", "a chunk size is kept in 16 bits, so that 65536 octets are none",
           [](Seams& seams, Shared&) { on_chunk(seams, [](const Context&, std::string_view, Chunk& chunk) { chunk.size &= 0xffff; }); }}),
      subtle({"chunks/size-in-32-bits", "RFC3030-2-P8",
              "a chunk size is kept in 32 bits, so that a chunk of 4294967296 octets is answered before one of them came",
              [](Seams& seams, Shared&) {
                on_chunk(seams, [](const Context&, std::string_view, Chunk& chunk) { chunk.size &= 0xffffffff; });
              }}),
      subtle({"chunks/one-read", "RFC3030-2-P8",
              "a chunk ends with the segment that its first octets came in, and the rest is read as commands",
              [](Seams& seams, Shared&) {
                seams.chunk_reader = [](const Context&, const Chunk& chunk) { return std::make_unique<OneRead>(chunk.size); };
              }}),

      // --- when and how chunks are answered
      subtle({"chunks/empty-chunk-unanswered", "RFC3030-2-5", "a chunk of no octets gets no reply",
              [](Seams& seams, Shared&) {
                const auto size = announced(seams);
                on_reply(seams, Input::chunk, [size](const Context& context, std::string& reply) {
                  if (*size == 0 && takes_chunks(context)) reply.clear();
                });
              }}),
      subtle({"chunks/empty-last-refused", "RFC3030-2-P1", "BDAT 0 LAST is refused as a syntax error",
              [](Seams& seams, Shared&) {
                const auto size = announced(seams);
                on_row(seams, Input::last_chunk, [size](const Context& context, Row& row) {
                  if (*size == 0 && takes_chunks(context)) refuse(row, {501, "5.5.4", "Syntax: BDAT size [LAST]"});
                });
              }}),
      {"chunks/accepted-early", "RFC3030-2-P8", "a chunk that is not the last gets its 250 before its octets came",
       [](Seams& seams, Shared&) {
         answer_early(seams, [](const Context& context, const Chunk& chunk) { return takes_chunks(context) && !chunk.last; });
       }},
      subtle({"chunks/refused-early", "RFC3030-2-6", "a chunk without a transaction is refused before its octets came",
              [](Seams& seams, Shared&) {
                answer_early(seams, [](const Context& context, const Chunk&) { return !takes_chunks(context); });
              }}),
      {"chunks/refused-run-as-commands", "RFC3030-2-6", "the octets of a refused chunk are read as commands",
       [](Seams& seams, Shared&) {
         on_chunk(seams, [](const Context& context, std::string_view, Chunk& chunk) {
           if (!takes_chunks(context)) chunk.size = 0;
         });
       }},
      subtle({"chunks/later-chunks-run-as-commands", "RFC3030-2-8",
              "the octets of chunks behind one that failed inside a transaction are read as commands",
              [](Seams& seams, Shared&) {
                const auto failed = std::make_shared<bool>(false);
                on_after(seams, [failed](const Context& before, Input input, Context&) {
                  if (takes_chunks(before))
                    *failed = input == Input::chunk_too_big || input == Input::last_chunk_refused || input == Input::last_chunk_not_stored;
                  else if (input == Input::rset || input == Input::ehlo || input == Input::mail) *failed = false;
                });
                on_chunk(seams, [failed](const Context& context, std::string_view, Chunk& chunk) {
                  if (*failed && !takes_chunks(context)) chunk.size = 0;
                });
              }}),
      subtle({"chunks/third-chunk-refused", "RFC3030-2-5", "the third chunk of a message is refused as out of order",
              [](Seams& seams, Shared&) {
                const auto taken = std::make_shared<int>(0);
                on_after(seams, [taken](const Context& before, Input input, Context& next) {
                  if (!takes_chunks(next)) *taken = 0;
                  else if (input == Input::chunk && takes_chunks(before)) ++*taken;
                });
                on_rows(seams, [taken](const Context& context, Input input, Row& row) {
                  if (*taken >= 2 && is_chunk(input) && takes_chunks(context)) refuse(row, bad_sequence);
                });
              }}),
      subtle(
          {"chunks/binary-label-refused", "RFC3030-3-12",
           "a message that says Content-Transfer-Encoding: binary is refused when MAIL did not say BODY=BINARYMIME",
           [](Seams& seams, Shared&) {
             on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
               const bool labelled = smtp::to_lower(transaction.content).find("\r\ncontent-transfer-encoding: binary") != std::string::npos;
               if (transaction.envelope.binary || !labelled) return lawful;
               return lawful == Input::content ? Input::content_refused : lawful == Input::last_chunk ? Input::last_chunk_refused : lawful;
             });
           }}),
      subtle({"chunks/nul-refused", "RFC3030-2-P1", "a message with a NUL in it is refused, BODY=BINARYMIME or not",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  const bool has_nul = transaction.content.find('\0') != std::string::npos;
                  return lawful == Input::last_chunk && has_nul ? Input::last_chunk_refused : lawful;
                });
              }}),

      subtle({"chunks/long-line-refused", "RFC3030-3-1",
              "a message that ends in 10000 octets without a CRLF is refused, BODY=BINARYMIME or not",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view, Input lawful) {
                  const std::string_view content = transaction.content;
                  const std::size_t end = content.rfind("\r\n");
                  const std::size_t unended = content.size() - (end == content.npos ? 0 : end);
                  return lawful == Input::last_chunk && unended > 10000 ? Input::last_chunk_refused : lawful;
                });
              }}),

      // --- LAST, and what goes on behind it
      subtle({"chunks/last-in-capitals-only", "RFC3030-2-P6", "LAST is known in capitals only, so that a chunk with last is not the last",
              [](Seams& seams, Shared&) {
                on_chunk(seams, [](const Context&, std::string_view line, Chunk& chunk) {
                  chunk.last = chunk.last && line.find("LAST") != line.npos;
                });
              }}),
      subtle({"chunks/empty-last-ends-nothing", "RFC3030-2-3", "BDAT 0 LAST leaves the transaction open for more chunks",
              [](Seams& seams, Shared&) {
                const auto size = announced(seams);
                on_after(seams, [size](const Context& before, Input input, Context& next) {
                  if (input == Input::last_chunk && *size == 0 && takes_chunks(before)) next.state = before.state;
                });
              }}),
      subtle({"chunks/last-remembered", "RFC3030-2-P1", "behind a message by BDAT, chunks are out of order in every later transaction too",
              [](Seams& seams, Shared&) {
                const auto last = std::make_shared<bool>(false);
                on_rows(seams, [last](const Context& context, Input input, Row& row) {
                  if (!is_chunk(input) || !takes_chunks(context)) return;
                  if (*last) refuse(row, bad_sequence);
                  *last = *last || input == Input::last_chunk;
                });
              }}),

      // --- the mixture with DATA
      subtle({"chunks/empty-chunk-begins-nothing", "RFC3030-2-10", "DATA is taken behind a chunk of no octets",
              [](Seams& seams, Shared&) {
                const auto size = announced(seams);
                on_after(seams, [size](const Context& before, Input input, Context& next) {
                  if (input == Input::chunk && *size == 0 && before.state == State::rcpt) next.state = State::rcpt;
                });
              }}),
      subtle({"chunks/rset-keeps-the-way", "RFC5321-4.1.1.5-1",
              "behind chunks and RSET, DATA of the next transaction is refused as if it had begun with BDAT",
              [](Seams& seams, Shared&) {
                const auto begun = std::make_shared<bool>(false);
                on_after(seams, [begun](const Context& before, Input input, Context& next) {
                  if (next.state == State::bdat) *begun = true;
                  else if (before.state == State::bdat && input != Input::rset) *begun = false;
                });
                on_row(seams, Input::data, [begun](const Context& context, Row& row) {
                  if (*begun && context.state == State::rcpt) refuse(row, bad_sequence);
                });
              }}),
      subtle({"chunks/rset-keeps-the-octets", "RFC3030-2-P2",
              "the chunks of before RSET stand in front of the next message, which is judged with them",
              [](Seams& seams, Shared&) {
                on_forget(seams, [](const Context& before, Input input, const Transaction& ended, Transaction& left) {
                  if (input == Input::rset || !in_transaction(before.state)) left.content = ended.content;
                });
              }}),
      subtle({"chunks/no-data-after-bdat", "RFC3030-2-1", "behind a message by BDAT, the session takes none by DATA",
              [](Seams& seams, Shared&) { no_mixed_session(seams, Input::last_chunk, Input::data); }}),
      subtle({"chunks/no-bdat-after-data", "RFC3030-2-P1", "behind a message by DATA, the session takes none by BDAT",
              [](Seams& seams, Shared&) {
                for (const Input chunk : {Input::chunk, Input::last_chunk}) no_mixed_session(seams, Input::content, chunk);
              }}),

      // --- where one chunk ends
      subtle({"chunks/crlf-in-two-chunks", "RFC3030-2-P1",
              "each chunk is looked through for lone CRs by itself, so that a CRLF between two chunks makes a bad message",
              [](Seams& seams, Shared&) {
                const auto octet = std::make_shared<char>('\0');
                seams.chunk_reader = [octet](const Context&, const Chunk& chunk) { return std::make_unique<LastOctet>(chunk.size, octet); };
                on_input(seams, [octet, cut = false](const Context&, const Transaction&, std::string_view, Input lawful) mutable {
                  if (lawful == Input::chunk) cut = cut || *octet == '\r';
                  if (lawful == Input::chunk || lawful == Input::last_chunk) *octet = '\0';
                  return lawful == Input::last_chunk && std::exchange(cut, false) ? Input::last_chunk_refused : lawful;
                });
              }}),
      subtle({"chunks/full-buffer", "RFC3030-2-P1", "a chunk that fills buffers of 4096 octets to the brim is read on for one octet more",
              [](Seams& seams, Shared&) {
                on_chunk(seams, [](const Context&, std::string_view, Chunk& chunk) {
                  if (chunk.size > 0 && chunk.size % 4096 == 0) ++chunk.size;
                });
              }}),
      subtle({"chunks/blank-behind-last", "RFC5321-4.1.1-1", "a chunk is refused for a blank behind LAST",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  return is_chunk(lawful) && line.ends_with(' ') ? Input::chunk_syntax : lawful;
                });
              }}),
      subtle({"chunks/refusal-bars-rset", "RFC5321-4.1.1.5-2", "behind a chunk that was out of order, RSET is too",
              [](Seams& seams, Shared&) {
                const auto refused = std::make_shared<bool>(false);
                on_rows(seams, [refused](const Context&, Input input, Row& row) {
                  if (is_chunk(input)) *refused = row.reply.code == 503;
                  if (input == Input::rset && *refused) refuse(row, bad_sequence);
                });
              }}),

      subtle({"chunks/ten-digits", "RFC3030-2-P1", "a chunk size may have ten digits, zeros in front of a small number counted",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction&, std::string_view line, Input lawful) {
                  const auto digits = std::count_if(line.begin(), line.end(), smtp::is_digit);
                  return is_chunk(lawful) && digits > 10 ? Input::chunk_syntax : lawful;
                });
              }}),
  };
}

}  // namespace smtpspec::faults
