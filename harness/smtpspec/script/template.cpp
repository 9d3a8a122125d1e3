#include "smtpspec/script/template.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::size_t longest_text = 256u << 20;  // of one text: more would try the machine that tests, and no server
constexpr int deepest_braces = 8;                 // braces in quotes in braces
constexpr Duration default_cut{5000};             // long enough that two writes are two segments for the reader

struct Function {
  std::string_view word;
  Piece::Kind kind;
};
constexpr std::array quoting = {Function{"base64", Piece::Kind::base64}, Function{"xtext", Piece::Kind::xtext},
                                Function{"upper", Piece::Kind::upper}, Function{"lower", Piece::Kind::lower}};

struct TemplateParser {
  std::string_view text;
  std::size_t at = 0;
  int depth = 0;

  tl::unexpected<Error> fail(std::string message, std::size_t where) const {
    return failure(std::move(message), Place{"", 1, static_cast<int>(where) + 1});
  }

  // Reads to the end of the text, or to the closing quote when `quoted`.
  Result<std::vector<Piece>> pieces(bool quoted) {
    std::vector<Piece> out;
    // Neighbouring octets are one piece, so that print and parse agree.
    const auto take = [&](std::string_view octets, std::size_t size) {
      if (out.empty() || out.back().kind != Piece::Kind::octets) out.push_back({});
      out.back().text += octets;
      at += size;
    };
    while (at < text.size()) {
      const char c = text[at];
      const std::string_view ahead = text.substr(at + 1, 1);
      if (quoted && c == '"') break;
      if ((c == '{' || c == '}') && ahead == text.substr(at, 1)) {
        take(ahead, 2);
      } else if (c == '}') {
        return fail("a lone '}'; a brace is written }}", at);
      } else if (c == '{') {
        auto piece = braces();
        if (!piece) return tl::unexpected(piece.error());
        out.push_back(std::move(*piece));
      } else if (quoted && c == '\\' && ahead == "\"") {
        take(ahead, 2);
      } else {
        const std::size_t size = c != '\\' ? 1 : ahead == "x" ? 4 : 2;
        auto octet = smtp::unspell(text.substr(at, size));
        if (!octet) return fail(octet.error().message, at);
        take(*octet, size);
      }
    }
    return out;
  }

  Result<std::vector<Piece>> quotation() {
    const std::size_t open = at;
    if (at >= text.size() || text[at] != '"') return fail("expected a text in double quotes", at);
    if (depth == deepest_braces) return fail("braces stand inside braces too deeply", open);
    ++at;
    ++depth;
    auto inside = pieces(true);
    --depth;
    if (!inside) return inside;
    if (at >= text.size()) return fail("the quote that opens here is not closed", open);
    ++at;
    return inside;
  }

  Result<std::size_t> number() {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), value);
    if (error != std::errc{} || value > longest_text) return fail("expected a number up to " + std::to_string(longest_text), at);
    at = static_cast<std::size_t>(end - text.data());
    return value;
  }

  // "512", or "size-limit + 1".
  Result<void> count(Piece& piece) {
    if (!text.substr(at).starts_with(limit_name)) {
      auto value = number();
      if (!value) return tl::unexpected(value.error());
      piece.count = *value;
      return {};
    }
    at += limit_name.size();
    piece.beyond_limit = 0;
    blanks();
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return {};
    const bool more = text[at++] == '+';
    blanks();
    auto value = number();
    if (!value) return tl::unexpected(value.error());
    piece.beyond_limit = more ? static_cast<std::int64_t>(*value) : -static_cast<std::int64_t>(*value);
    return {};
  }

  // "in shown", behind "address".
  Result<Piece> kept_address() {
    const auto word = [&] {
      const std::size_t begin = at;
      while (at < text.size() && (smtp::is_alnum(text[at]) || text[at] == '-')) ++at;
      return text.substr(begin, at - begin);
    };
    const std::size_t begin = at;
    const bool in = word() == "in";
    blanks();
    const std::string_view name = word();
    if (!in || name.empty()) return fail("expected 'in' and the name of a kept reply, as in {address in shown}", begin);
    return Piece{Piece::Kind::address, std::string(name)};
  }

  void blanks() {
    while (at < text.size() && text[at] == ' ') ++at;
  }

  Result<Piece> braces() {
    const std::size_t open = at++;
    Piece piece;
    if (at < text.size() && text[at] == '"') {
      auto inside = quotation();
      if (!inside) return tl::unexpected(inside.error());
      blanks();
      if (at >= text.size() || text[at] != 'x') return fail("expected 'x' and a number behind the text", at);
      ++at;
      blanks();
      piece = {Piece::Kind::repeat, "", 0, {}, std::move(*inside)};
      if (auto counted = count(piece); !counted) return tl::unexpected(counted.error());
    } else {
      const std::size_t word_at = at;
      while (at < text.size() && (smtp::is_alnum(text[at]) || text[at] == '-' || text[at] == '_')) ++at;
      const std::string word(text.substr(word_at, at - word_at));
      if (word.empty()) return fail("expected a name, a function or a quoted text behind '{'; a brace is written {{", word_at);
      const bool argument = at < text.size() && text[at] == ' ';
      blanks();
      const auto function = std::find_if(quoting.begin(), quoting.end(), [&](const Function& f) { return f.word == word; });
      if (function != quoting.end() && argument) {
        auto inside = quotation();
        if (!inside) return tl::unexpected(inside.error());
        piece = {function->kind, "", 0, {}, std::move(*inside)};
      } else if ((word == "pad" || word == "lines") && argument) {
        piece.kind = word == "pad" ? Piece::Kind::pad : Piece::Kind::lines;
        if (auto counted = count(piece); !counted) return tl::unexpected(counted.error());
      } else if (word == limit_name) {
        at = word_at;
        piece.kind = Piece::Kind::limit;
        if (auto counted = count(piece); !counted) return tl::unexpected(counted.error());
      } else if (word == "address" && argument) {
        auto address = kept_address();
        if (!address) return address;
        piece = std::move(*address);
      } else if (word == "cut" && !argument) {
        piece.kind = Piece::Kind::cut;
      } else if (word == "pause" && argument) {
        const std::size_t begin = at;
        while (at < text.size() && text[at] != '}') ++at;
        auto pause = parse_duration(text.substr(begin, at - begin));
        if (!pause) return fail(pause.error().message, begin);
        piece.kind = Piece::Kind::pause;
        piece.pause = *pause;
      } else if (argument) {
        static constexpr std::array<std::string_view, 8> functions = {"base64", "xtext", "upper", "lower",
                                                                      "pad",    "lines", "pause", "address"};
        return failure("no function '" + word + "'", Place{"", 1, static_cast<int>(word_at) + 1},
                       smtp::nearest(word, std::span<const std::string_view>(functions)));
      } else {
        piece = {Piece::Kind::name, word};
      }
    }
    blanks();
    if (at >= text.size() || text[at] != '}') return fail("the brace that opens here is not closed", open);
    ++at;
    return piece;
  }
};

std::string print_count(const Piece& piece) {
  if (!piece.beyond_limit) return std::to_string(piece.count);
  const std::int64_t more = *piece.beyond_limit;
  return std::string(limit_name) + (more == 0 ? "" : (more > 0 ? " + " : " - ") + std::to_string(more > 0 ? more : -more));
}

void print_pieces(const std::vector<Piece>& pieces, bool quoted, std::string& out) {
  for (const Piece& piece : pieces) {
    const auto quote = [&] {
      out += '"';
      print_pieces(piece.inside, true, out);
      out += '"';
    };
    switch (piece.kind) {
      case Piece::Kind::octets:
        for (const char c : smtp::spell(piece.text)) {
          if (c == '{' || c == '}') out += c;
          if (quoted && c == '"') out += '\\';
          out += c;
        }
        break;
      case Piece::Kind::name: out += "{" + piece.text + "}"; break;
      case Piece::Kind::repeat:
        out += "{";
        quote();
        out += " x " + print_count(piece) + "}";
        break;
      case Piece::Kind::pad: out += "{pad " + print_count(piece) + "}"; break;
      case Piece::Kind::lines: out += "{lines " + print_count(piece) + "}"; break;
      case Piece::Kind::limit: out += "{" + print_count(piece) + "}"; break;
      case Piece::Kind::address: out += "{" + address_name(piece.text) + "}"; break;
      case Piece::Kind::cut: out += "{cut}"; break;
      case Piece::Kind::pause: out += "{pause " + print_duration(piece.pause) + "}"; break;
      default:
        for (const Function& function : quoting)
          if (function.kind == piece.kind) out += "{" + std::string(function.word) + " ";
        quote();
        out += "}";
    }
  }
}

void visit_pieces(const std::vector<Piece>& pieces, const std::function<void(const Piece&)>& use) {
  for (const Piece& piece : pieces) {
    use(piece);
    visit_pieces(piece.inside, use);
  }
}

std::string lines_of(std::size_t size) {
  // 70 octets a line; what is left over goes into the last one.
  static constexpr std::string_view line = "The quick brown fox jumps over the lazy dog, and over the slow parser.\r\n";
  std::string out;
  if (size < 2) return out;
  size -= 2;
  out.reserve(size);
  while (out.size() + line.size() <= size) out += line;
  out.append(size - out.size(), 'z');
  return out;
}

std::vector<Piece> with_row(const std::vector<Piece>& pieces, const Variables& row) {
  std::vector<Piece> out;
  for (const Piece& piece : pieces) {
    const auto value = piece.kind == Piece::Kind::name ? row.find(piece.text) : row.end();
    if (value != row.end()) {
      out.insert(out.end(), value->second.pieces.begin(), value->second.pieces.end());
    } else {
      out.push_back(piece);
      out.back().inside = with_row(piece.inside, row);
    }
  }
  return out;
}

struct Expander {
  const Facts& facts;
  std::vector<Segment> out{{}};
  std::size_t size = 0;  // of all segments

  Result<std::uint64_t> limit_and(std::int64_t more) const {
    const std::string_view given = facts.get(limit_name);
    std::int64_t limit = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), limit);
    if (given.empty()) return failure("the EHLO reply gave no number for SIZE");
    if (error != std::errc{} || limit > std::numeric_limits<std::int64_t>::max() - std::max<std::int64_t>(more, 0))
      return failure("the number that the EHLO reply gave for SIZE is beyond all bounds");
    if (limit < -more) return failure("the number that the EHLO reply gave for SIZE is less than " + std::to_string(-more));
    return static_cast<std::uint64_t>(limit + more);
  }
  Result<std::size_t> count_of(const Piece& piece) const {
    if (!piece.beyond_limit) return piece.count;
    const auto count = limit_and(*piece.beyond_limit);
    if (!count) return tl::unexpected(count.error());
    if (*count > longest_text) return failure("the text becomes more than " + std::to_string(longest_text) + " octets");
    return static_cast<std::size_t>(*count);
  }

  // Every octet comes through here, before it is made.
  Result<void> room(std::size_t more) {
    size += more;
    if (size > longest_text) return failure("the text becomes more than " + std::to_string(longest_text) + " octets");
    return {};
  }
  Result<void> add(std::string_view octets) {
    auto fits = room(octets.size());
    if (fits) out.back().octets += octets;
    return fits;
  }

  Result<void> run(const std::vector<Piece>& pieces, std::string_view line_end) {
    std::size_t pad_at = std::string::npos, pad_to = 0, pad_segment = 0;
    Result<void> fits;
    for (const Piece& piece : pieces) {
      if (!fits) return fits;
      const auto count = count_of(piece);
      if (!count && piece.kind != Piece::Kind::limit) return tl::unexpected(count.error());
      switch (piece.kind) {
        case Piece::Kind::octets: fits = add(piece.text); break;
        case Piece::Kind::name:
          if (!facts.has(piece.text)) return failure("no value for {" + piece.text + "}");
          fits = add(facts.get(piece.text));
          break;
        case Piece::Kind::lines:
          fits = room(std::max<std::size_t>(*count, 2) - 2);
          if (fits) out.back().octets += lines_of(*count);
          break;
        case Piece::Kind::limit: {
          const auto value = limit_and(*piece.beyond_limit);
          if (!value) return tl::unexpected(value.error());
          fits = add(std::to_string(*value));
          break;
        }
        case Piece::Kind::address:
          if (!facts.has(address_name(piece.text)))
            return failure("the reply that was kept as '" + piece.text + "' shows no address in angle brackets");
          fits = add(facts.get(address_name(piece.text)));
          break;
        case Piece::Kind::pad:
          pad_at = out.back().octets.size();
          pad_to = *count;
          pad_segment = out.size() - 1;
          break;
        case Piece::Kind::cut: out.push_back({"", default_cut}); break;
        case Piece::Kind::pause: out.push_back({"", piece.pause}); break;
        default: {
          Expander inner{facts};
          if (auto done = inner.run(piece.inside, ""); !done) return done;
          std::string text;
          for (auto& segment : inner.out) text += segment.octets;
          if (piece.kind == Piece::Kind::repeat) {
            fits = room(text.size() * *count);
            std::string& tail = out.back().octets;
            if (fits && text.size() == 1) tail.append(*count, text.front());
            else
              for (std::size_t i = 0; fits && i < *count && !text.empty(); ++i) tail += text;
          } else {
            text = piece.kind == Piece::Kind::base64  ? smtp::encode_base64(text)
                   : piece.kind == Piece::Kind::xtext ? smtp::encode_xtext(text)
                   : piece.kind == Piece::Kind::upper ? smtp::to_upper(text)
                                                      : smtp::to_lower(text);
            fits = add(text);
          }
        }
      }
    }
    if (fits) fits = add(line_end);
    if (fits && pad_at != std::string::npos) {
      if (size > pad_to)
        return failure("{pad " + std::to_string(pad_to) + "}: the line has " + std::to_string(size) + " octets without it");
      out[pad_segment].octets.insert(pad_at, pad_to - size, 'x');
    }
    return fits;
  }
};

}  // namespace

void Template::visit(const std::function<void(const Piece&)>& use) const { visit_pieces(pieces, use); }

void Template::names(const std::function<void(std::string_view)>& use) const {
  visit([&](const Piece& piece) {
    if (piece.kind == Piece::Kind::name) use(piece.text);
  });
}

bool Template::late() const {
  bool out = false;
  visit([&](const Piece& piece) { out = out || piece.beyond_limit || piece.kind == Piece::Kind::address; });
  return out;
}

std::string address_name(std::string_view kept) { return "address in " + std::string(kept); }

Result<Template> parse_template(std::string_view text) {
  TemplateParser parser{text};
  auto pieces = parser.pieces(false);
  if (!pieces) return tl::unexpected(pieces.error());
  return Template{std::move(*pieces)};
}

std::string print_template(const Template& text) {
  std::string out;
  print_pieces(text.pieces, false, out);
  return out;
}

Result<Duration> parse_duration(std::string_view text) {
  // By hand, since not every library's std::from_chars has doubles.
  double value = 0, place = 1;
  std::size_t at = 0, digits = 0;
  for (; at < text.size() && smtp::is_digit(text[at]); ++at, ++digits) value = value * 10 + (text[at] - '0');
  if (at < text.size() && text[at] == '.')
    for (++at; at < text.size() && smtp::is_digit(text[at]); ++at, ++digits) value += (text[at] - '0') * (place /= 10);
  const std::string_view unit = smtp::trim(text.substr(at));
  const double scale = unit == "ms" ? 1e3 : unit == "s" ? 1e6 : unit == "min" ? 6e7 : 0;
  if (digits == 0 || scale == 0 || value * scale > 3.6e9)
    return failure("'" + smtp::spell(text) + "' is no duration up to an hour; durations look like 200ms, 5s or 2min");
  return Duration(std::llround(value * scale));
}

std::string print_duration(Duration duration) {
  const auto us = duration.count();
  if (us != 0 && us % 60'000'000 == 0) return std::to_string(us / 60'000'000) + "min";
  if (us % 1'000'000 == 0) return std::to_string(us / 1'000'000) + "s";
  if (us % 1000 == 0) return std::to_string(us / 1000) + "ms";
  std::string out = std::to_string(us / 1000) + "." + std::to_string(1000 + us % 1000).substr(1);
  while (out.back() == '0') out.pop_back();
  return out + "ms";
}

Template with(const Template& text, const Variables& row) { return {with_row(text.pieces, row)}; }

Result<std::vector<Segment>> expand(const Template& text, const Facts& facts, std::string_view line_end) {
  Expander expander{facts};
  if (auto done = expander.run(text.pieces, line_end); !done) return tl::unexpected(done.error());
  return std::move(expander.out);
}

Result<std::string> octets_of(const Template& text, const Facts& facts) {
  const auto segments = expand(text, facts, "");
  if (!segments) return tl::unexpected(segments.error());
  std::string out;
  for (const Segment& segment : *segments) out += segment.octets;
  return out;
}

}  // namespace smtpspec::script
