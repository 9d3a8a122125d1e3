// What tests and fuzz targets of the core share: all short inputs, all ways to cut an input, readers that take it in
// pieces, and naive models (slow, short and plainly right) that the real code has to agree with.
//
//   naive::all_texts({"\r", "\n", "a"}, 6, [](std::string_view text) { … });   // 3^0 + … + 3^6 texts
//   naive::all_cuts("abc", [](const naive::Chunks& chunks) { … });             // abc, a|bc, ab|c, a|b|c
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/lines.hpp"
#include "smtpspec/smtp/reply.hpp"

namespace smtpspec::naive {

using Words = std::vector<std::string_view>;
using Chunks = std::vector<std::string_view>;

// --- all short inputs -------------------------------------------------------------------------------------------

template <class Use>
void all_texts(const Words& words, int most, const Use& use, std::string text = {}) {
  use(std::string_view(text));
  if (most == 0) return;
  for (const std::string_view word : words) all_texts(words, most - 1, use, text + std::string(word));
}

// The set bits of `cuts` are the places behind which the text is cut.
inline Chunks cut(std::string_view text, std::uint64_t cuts) {
  Chunks out;
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= text.size(); ++i)
    if (i == text.size() || (cuts >> (i - 1) & 1)) {
      out.push_back(text.substr(begin, i - begin));
      begin = i;
    }
  return out;
}

template <class Use>
void all_cuts(std::string_view text, const Use& use) {
  const std::uint64_t ways = text.empty() ? 1 : std::uint64_t{1} << (text.size() - 1);
  for (std::uint64_t cuts = 0; cuts < ways; ++cuts) use(cut(text, cuts));
}

inline Chunks octet_by_octet(std::string_view text) {
  Chunks out;
  for (std::size_t i = 0; i < text.size(); ++i) out.push_back(text.substr(i, 1));
  return out;
}

// Pieces of 1 to 16 octets, the sizes drawn from `seed`.
inline Chunks cut_at_random(std::string_view text, std::uint64_t seed) {
  Chunks out;
  while (!text.empty()) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    out.push_back(text.substr(0, 1 + (seed >> 60)));
    text.remove_prefix(out.back().size());
  }
  return out;
}

// --- readers ----------------------------------------------------------------------------------------------------

// A line with the place in the stream where it starts.
struct PlacedLine {
  std::size_t at = 0;
  smtp::Line line;
  bool operator==(const PlacedLine&) const = default;
};

// All lines of a stream that comes in chunks and then ends; the reader keeps the unfinished line and no more.
inline std::vector<PlacedLine> read_lines(const Chunks& chunks, const smtp::LineRules& rules) {
  std::vector<PlacedLine> out;
  smtp::LineSplitter splitter(rules);
  std::string buffer;
  std::size_t at = 0;
  const auto take = [&](const smtp::Line& line) {
    out.push_back({at, line});
    at += line.next;
    buffer.erase(0, line.next);
  };
  for (const std::string_view chunk : chunks) {
    buffer += chunk;
    while (const auto line = splitter.next(buffer)) take(*line);
  }
  while (const auto line = splitter.finish(buffer)) take(*line);
  return out;
}

// All replies, likewise.
inline std::vector<smtp::Reply> read_replies(const Chunks& chunks, smtp::ReplyParser parser) {
  std::vector<smtp::Reply> out;
  std::string buffer;
  const auto take = [&](const smtp::ReplyView& view) {
    out.push_back(own(view, buffer));
    buffer.erase(0, view.size);
  };
  for (const std::string_view chunk : chunks) {
    buffer += chunk;
    while (const auto view = parser.next(buffer)) take(*view);
  }
  while (const auto view = parser.finish(buffer)) take(*view);
  return out;
}
inline std::vector<smtp::Reply> read_replies(const Chunks& chunks, smtp::ReplyLimits limits = {}) {
  return read_replies(chunks, smtp::ReplyParser(limits));
}

// --- naive models -----------------------------------------------------------------------------------------------

// Let-dig of RFC 5321 section 4.1.2.
constexpr bool let_dig(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The lines of a stream that is there as a whole.
inline std::vector<PlacedLine> lines(std::string_view stream, const smtp::LineRules& rules) {
  using smtp::LineEnding;
  std::vector<PlacedLine> out;
  bool rest = false;
  for (std::size_t at = 0; at < stream.size();) {
    smtp::Line line;
    line.rest_of_long = rest;
    std::size_t size = 0, end = 0;
    LineEnding ending = LineEnding::eof;
    for (;; ++size) {
      const std::string_view left = stream.substr(at + size);
      if (left.empty() && size < rules.limit) break;
      if (left.starts_with("\r\n") && size + 2 <= rules.limit) {
        ending = LineEnding::crlf;
        end = 2;
        break;
      }
      if (left.starts_with('\n') && rules.lf_ends_line && size < rules.limit) {
        ending = LineEnding::lf;
        end = 1;
        break;
      }
      if (left.starts_with('\r') && !left.starts_with("\r\n") && rules.cr_ends_line && size < rules.limit) {
        ending = LineEnding::cr;
        end = 1;
        break;
      }
      // A CR is never the last octet of a piece: it stays with what stands behind it.
      if (size == rules.limit || (left[0] == '\r' && size + 1 == rules.limit)) {
        ending = LineEnding::too_long;
        break;
      }
      line.stray_cr = line.stray_cr || left[0] == '\r';
      line.stray_lf = line.stray_lf || left[0] == '\n';
    }
    line.size = size;
    line.next = size + end;
    line.ending = ending;
    line.stray_lf = line.stray_lf || ending == LineEnding::lf;
    rest = ending == LineEnding::too_long;
    out.push_back({at, line});
    at += line.next;
  }
  return out;
}

// True when `octets` is one reply without any departure from RFC 5321 section 4.2, every line with text, and with
// enhanced codes (RFC 2034), if any, that are equal on all lines.
inline bool clean_reply(std::string_view octets) {
  const auto status = [](std::string_view text) -> std::optional<std::string_view> {  // nothing: malformed
    std::size_t at = 0;
    bool zero = false;
    const auto number = [&] {
      const std::size_t begin = at;
      while (at < text.size() && at < begin + 3 && text[at] >= '0' && text[at] <= '9') ++at;
      zero = zero || (at - begin > 1 && text[begin] == '0');
      return at > begin;
    };
    const auto take = [&](std::string_view one_of) { return at < text.size() && one_of.find(text[at]) != one_of.npos && (++at, true); };
    const bool found =
        take("245") && take(".") && number() && take(".") && number() && (at == text.size() || text[at] == ' ' || text[at] == '\t');
    if (!found) return "";
    return zero ? std::nullopt : std::optional(text.substr(0, at));
  };
  std::optional<std::string_view> code, first_status;
  while (!octets.empty()) {
    const std::size_t end = octets.find("\r\n");
    if (end == octets.npos || end + 2 > 512 || end < 5) return false;
    const std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end + 2);
    const bool digits = line[0] >= '2' && line[0] <= '5' && line[1] >= '0' && line[1] <= '5' && line[2] >= '0' && line[2] <= '9';
    if (!digits || line.substr(0, 3) != code.value_or(line.substr(0, 3))) return false;
    if (line[3] != (octets.empty() ? ' ' : '-')) return false;
    const std::string_view text = line.substr(4);
    for (const char c : text)
      if (c != '\t' && (c < ' ' || c > '~')) return false;
    const auto its_status = status(text);
    if (!its_status || *its_status != first_status.value_or(*its_status)) return false;
    code = line.substr(0, 3);
    first_status = its_status;
  }
  return code.has_value();
}

// What DATA's octets mean (RFC 5321 section 4.5.2): cut at <CRLF>.<CRLF>, one dot taken off each line that begins
// with one. `taken` is 0 when the end is not there.
struct Content {
  std::string body;
  std::size_t taken = 0;
};
inline Content unstuff(std::string_view input) {
  Content out;
  std::size_t line = 0;
  for (;;) {
    std::size_t end = input.find("\r\n", line);
    const std::size_t next = end == input.npos ? input.size() : end + 2;
    std::string_view text = input.substr(line, next - line);
    if (text == ".\r\n") {
      out.taken = next;
      return out;
    }
    if (text.starts_with('.')) text.remove_prefix(1);
    out.body += text;
    if (end == input.npos) return out;
    line = next;
  }
}

}  // namespace smtpspec::naive
