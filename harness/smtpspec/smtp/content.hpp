// Mail data on the wire: transparency (RFC 5321 section 4.5.2) and BDAT chunks (RFC 3030).
//
//   dot_stuff(".a\r\n") == "..a\r\n"
//   DotReader reader; reader.feed("hi\r\n.\r\nNOOP\r\n", body) == 7   // octets taken; body == "hi\r\n"; reader.done()
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace smtpspec::smtp {

// One dot more at the start of every line that begins with one. Lines end at CRLF only.
std::string dot_stuff(std::string_view content);

// The content as DATA sends it: stuffed, with the CRLF that the last line may lack, and the final dot.
std::string data_octets(std::string_view content);

// Reads dot-stuffed data up to <CRLF>.<CRLF>, and no other end.
class DotReader {
 public:
  // Appends the unstuffed octets to `body`; returns how many octets of `input` belong to the data.
  std::size_t feed(std::string_view input, std::string& body);
  bool done() const { return state_ == State::done; }

 private:
  enum class State : std::uint8_t { line_start, dot, dot_cr, text, text_cr, done };
  State state_ = State::line_start;
};

// Counts the octets of one chunk.
class ChunkReader {
 public:
  explicit ChunkReader(std::uint64_t size) : left_(size) {}
  std::size_t feed(std::string_view input) {
    const std::size_t take = left_ < input.size() ? static_cast<std::size_t>(left_) : input.size();
    left_ -= take;
    return take;
  }
  bool done() const { return left_ == 0; }

 private:
  std::uint64_t left_;
};

}  // namespace smtpspec::smtp
