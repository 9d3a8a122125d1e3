#include "smtpspec/session/secrets.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/reply.hpp"

namespace smtpspec::session {

using smtp::Span;

namespace {

// What forms are compared by. The case of letters does not count: ASCII's, and those of Latin-1, Greek and Cyrillic in UTF-8,
// which differ in two bits. Nor does it count which of these stands for a blank or for base64's last two letters.
constexpr auto folds = [] {
  std::array<unsigned char, 256> out{};
  for (unsigned u = 0; u < out.size(); ++u) {
    const char c = static_cast<char>(u);
    const auto letter = static_cast<unsigned char>(smtp::lower(c));
    out[u] = c == ' ' || c == '-' || c == '_' || c == '/' ? '+' : letter < 0x80 ? letter : letter & 0xde;
  }
  return out;
}();
constexpr unsigned char folded(char c) { return folds[static_cast<unsigned char>(c)]; }

// The number that `size` digits at the start of the text make, or -1.
constexpr int number(std::string_view text, std::size_t size, int base) {
  if (text.size() < size) return -1;
  int out = 0;
  for (const char c : text.substr(0, size)) {
    const char letter = smtp::lower(c);
    const int digit = smtp::is_digit(c) ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : base;
    if (digit >= base) return -1;
    out = out * base + digit;
  }
  return out;
}

constexpr bool is_line_end(char c) { return c == '\r' || c == '\n'; }
constexpr bool is_base64(char c) { return smtp::is_alnum(c) || c == '+' || c == '/'; }
constexpr bool may_be_in_escape(char c) { return number(std::string_view(&c, 1), 1, 16) >= 0 || c == 'x' || c == 'u' || c == '\\'; }
constexpr std::size_t hash(char a, char b, char c) { return ((folded(a) * 31U + folded(b)) * 31U + folded(c)) % (1U << 15); }
constexpr bool begins_escape(char c) { return c == '%' || c == '=' || c == '+' || c == '\\'; }

std::string hex_digits(std::string_view octets) {
  std::string out;
  for (const char c : octets)
    for (const int shift : {4, 0}) out += "0123456789abcdef"[static_cast<unsigned char>(c) >> shift & 15];
  return out;
}

// The letters that `octets` alone decide when base64 encodes them behind `before` octets.
std::string base64_letters(std::string_view octets, std::size_t before) {
  const std::size_t first = (before * 8 + 5) / 6, end = (before + octets.size()) * 8 / 6;
  return smtp::encode_base64(std::string(before, '\0').append(octets)).substr(first, end - first);
}

// The code at the start of a reply's line with its separator, "250-", and the enhanced code behind it, "2.1.0 ".
constexpr std::size_t longest_line_start = 4 + 10;
struct LineStart {
  std::size_t code = 0, status = 0;
};
LineStart line_start(std::string_view text, std::size_t at) {
  if (at > 0 && text[at - 1] != '\n') return {};
  const std::string_view rest = text.substr(at, longest_line_start);
  if (number(rest, 3, 10) < 0 || rest.size() < 4 || (rest[3] != ' ' && rest[3] != '-')) return {};
  const std::size_t status = smtp::parse_enhanced_code(rest.substr(4)).size;
  return {4, status && 4 + status < rest.size() && rest[4 + status] == ' ' ? status + 1 : 0};
}

// Where the text goes on behind a break between two lines; `at` when there is none.
std::size_t behind_break(std::string_view text, std::size_t at) {
  const bool soft = text.substr(at).starts_with("=\r") || text.substr(at).starts_with("=\n");  // RFC 2045 section 6.7
  const std::size_t end = at + soft;
  std::size_t next = end;
  if (next < text.size() && text[next] == '\r') ++next;
  if (next < text.size() && text[next] == '\n') ++next;
  if (next == end) return at;
  const auto start = line_start(text, next);
  return next + start.code + start.status;
}

constexpr std::size_t longest_escape = 6;
// The octets of an escape, which a break may stand inside of, and how much of the text so many of them take.
struct Escape {
  std::string octets;
  std::array<std::size_t, longest_escape + 1> sizes{};

  Escape(std::string_view text, std::size_t begin) {
    bool broken = false;
    for (std::size_t at = begin; octets.size() < longest_escape && at < text.size();) {
      octets += text[at++];
      sizes[octets.size()] = at - begin;
      const std::size_t next = broken ? at : behind_break(text, at);
      broken = broken || next != at;
      at = next;
    }
  }
};

// A way to read on in a text: so many octets stand for a letter, or for nothing.
struct Reading {
  std::size_t size = 0;
  int letter = nothing;
  static constexpr int nothing = -1;
};
constexpr std::size_t longest_reading = longest_escape + 3 + longest_line_start;

template <class Use>
void readings_at(std::string_view text, std::size_t at, const Use& use) {
  use(Reading{1, folded(text[at])});
  if (begins_escape(text[at])) {
    const Escape escape(text, at);
    const std::string_view octets = escape.octets;
    const auto take = [&](std::size_t digits_at, std::size_t digits, int base) {
      const int value = octets.size() > digits_at ? number(octets.substr(digits_at), digits, base) : -1;
      if (value >= 0 && value < 256) use(Reading{escape.sizes[digits_at + digits], folded(static_cast<char>(value))});
    };
    if (octets[0] == '=' && behind_break(text, at) != at) use(Reading{1});
    if (octets[0] != '\\') return take(1, 2, 16);
    use(Reading{1});
    take(1, 3, 8);
    const char kind = octets.size() > 1 ? octets[1] : '\\';
    if (kind == 'x' || kind == 'X') take(2, 2, 16);
    if (kind == 'u' || kind == 'U') take(2, 4, 16);
    constexpr std::string_view names = "rnt0", named{"\r\n\t\0", 4};
    if (const std::size_t i = names.find(kind); i != names.npos) use(Reading{escape.sizes[2], folded(named[i])});
  } else if (is_line_end(text[at])) {
    use(Reading{1});
  } else if (const auto start = line_start(text, at); start.code) {
    use(Reading{start.code});
    if (start.status) use(Reading{start.code + start.status});
  }
}

}  // namespace

void Secrets::add(std::string_view secret) {
  if (secret.size() < least) return;
  add_form(secret, false);
  for (const std::string& text : {std::string(secret), smtp::to_upper(secret), smtp::to_lower(secret)}) {
    add_form(hex_digits(text), false);
    for (std::size_t before = 0; before < 3; ++before) add_form(base64_letters(text, before), true);
  }
  for (std::size_t inner = 0; inner < 3; ++inner)
    for (std::size_t outer = 0; outer < 3; ++outer) add_form(base64_letters(base64_letters(secret, inner), outer), true);
}

void Secrets::add_form(std::string_view letters, bool base64) {
  const auto begin = static_cast<std::uint32_t>(letters_.size());
  for (const char c : letters) letters_ += static_cast<char>(folded(c));
  const std::string_view all = letters_, added = all.substr(begin);
  const bool known =
      std::any_of(forms_.begin(), forms_.end(), [&](const Form& form) { return all.substr(form.begin, form.end - form.begin) == added; });
  if (known) return letters_.resize(begin);
  form_of_.resize(letters_.size(), static_cast<std::uint32_t>(forms_.size()));
  forms_.push_back({begin, static_cast<std::uint32_t>(letters_.size()), base64});
  first_letters_.set(folded(letters[0]));
  first_threes_.set(hash(letters[0], letters[1], letters[2]));
  for (std::size_t i = 0; i + 2 < letters.size(); ++i) threes_.set(hash(letters[i], letters[i + 1], letters[i + 2]));
}

// All forms are followed at once through all ways to read the text. A form of which the text holds the beginning is told by
// the letter that is due; of ways that come to the same, the one that began first counts.
class Secrets::Search {
 public:
  Search(const Secrets& secrets, std::string_view text) : secrets_(secrets), text_(text) {}

  std::vector<Span> run() {
    bool in_front = true;  // the text may have been cut before here, inside a secret and perhaps inside an escape
    for (std::size_t at = 0; at < text_.size(); ++at) {
      in_front = in_front && at < longest_escape && (at == 0 || may_be_in_escape(text_[at - 1]));
      if (alive_ == 0 && !(in_front ? may_begin(at, secrets_.threes_) : begins(text_[at]) && may_begin(at, secrets_.first_threes_)))
        continue;
      Slot& here = slot(at);
      readings_at(text_, at, [&](const Reading& step) {
        for (const std::uint32_t due : here.due)
          if (step.letter == Reading::nothing) follow(at + step.size, due, here.began[due]);
          else if (letter(due) == step.letter) follow(at + step.size, due + 1, here.began[due]);
        if (step.letter != Reading::nothing) begin(at, step, in_front);
      });
      if (text_ends_in_step(at)) keep_parts(at);
      for (const std::uint32_t due : here.due) here.began[due] = never;
      alive_ -= here.due.size();
      here.due.clear();
    }
    keep_parts(text_.size());
    return without_line_starts();
  }

 private:
  // Where the text goes on with a form, and whether the form had begun before the text.
  struct Began {
    std::uint32_t at = 0;
    bool before = false;
    auto operator<=>(const Began&) const = default;
  };
  static constexpr Began never{std::numeric_limits<std::uint32_t>::max(), true};
  struct Slot {
    std::vector<std::uint32_t> due;  // letters
    std::vector<Began> began;        // by letter
  };

  int letter(std::uint32_t index) const { return static_cast<unsigned char>(secrets_.letters_[index]); }
  Slot& slot(std::size_t at) { return slots_[at % slots_.size()]; }

  // Most octets begin nothing, as they themselves show and the next two.
  bool begins(char c) const { return begins_escape(c) || secrets_.first_letters_[folded(c)]; }
  bool may_begin(std::size_t at, const Threes& threes) const {
    const auto unclear = [](char c) { return begins_escape(c) || is_line_end(c); };
    if (begins_escape(text_[at])) return true;
    if (at + 1 == text_.size()) return false;
    if (unclear(text_[at + 1])) return true;
    if (at + 2 == text_.size()) return false;
    return unclear(text_[at + 2]) || threes[hash(text_[at], text_[at + 1], text_[at + 2])];
  }

  void begin(std::size_t at, const Reading& step, bool in_front) {
    const Began now{static_cast<std::uint32_t>(at), false}, before{static_cast<std::uint32_t>(at), true};
    if (!in_front && !secrets_.first_letters_[static_cast<std::size_t>(step.letter)]) return;
    for (const Form& form : secrets_.forms_) {
      if (letter(form.begin) == step.letter) follow(at + step.size, form.begin + 1, now);
      for (std::uint32_t due = form.begin + 1; in_front && due + least <= form.end; ++due)
        if (letter(due) == step.letter) follow(at + step.size, due + 1, before);
    }
  }

  void follow(std::size_t at, std::uint32_t due, Began begin) {
    const Form& form = secrets_.forms_[secrets_.form_of_[due - 1]];
    if (due == form.end) return found(begin.at, at, form);
    Slot& there = slot(at);
    if (there.began.empty()) there.began.assign(secrets_.letters_.size(), never);
    if (there.began[due] == never) {
      there.due.push_back(due);
      ++alive_;
    }
    there.began[due] = std::min(there.began[due], begin);
  }

  // Whether the end of the text leaves open what the next step would be.
  bool text_ends_in_step(std::size_t at) const {
    return text_.size() - at < longest_reading && (begins_escape(text_[at]) || (at > 0 && text_[at - 1] == '\n'));
  }
  void keep_parts(std::size_t at) {
    const Slot& here = slot(at);
    for (const std::uint32_t due : here.due) {
      const Form& form = secrets_.forms_[secrets_.form_of_[due]];
      if (const Began begin = here.began[due]; !begin.before && due - form.begin >= least) found(begin.at, text_.size(), form);
    }
  }

  void found(std::size_t begin, std::size_t end, const Form& form) {
    if (end - begin < least) return;
    if (!found_.empty() && found_.back().begin <= begin && end <= found_.back().end()) return;
    if (form.base64) {
      while (begin > 0 && is_base64(text_[begin - 1])) --begin;
      while (end < text_.size() && (is_base64(text_[end]) || text_[end] == '=')) ++end;
    }
    for (; !found_.empty() && found_.back().end() >= begin; found_.pop_back()) {
      begin = std::min<std::size_t>(begin, found_.back().begin);
      end = std::max<std::size_t>(end, found_.back().end());
    }
    found_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)});
  }

  std::vector<Span> without_line_starts() const {
    std::vector<Span> out;
    for (const Span& stretch : found_)
      for (std::size_t at = stretch.begin; at < stretch.end();) {
        std::size_t end = at;
        while (end < stretch.end() && !is_line_end(text_[end])) ++end;
        if (end > at) out.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end - at)});
        while (end < stretch.end() && is_line_end(text_[end])) ++end;
        const auto start = line_start(text_, end);
        at = end + start.code + start.status;
      }
    return out;
  }

  const Secrets& secrets_;
  std::string_view text_;
  std::array<Slot, longest_reading + 1> slots_;  // of this place and those that a step can lead to
  std::size_t alive_ = 0;                        // in all of them
  std::vector<Span> found_;
};

std::vector<Span> Secrets::find(std::string_view text) const {
  if (forms_.empty() || text.size() < least) return {};
  return Search(*this, text).run();
}

std::string Secrets::mask(std::string_view text) const { return masked(text, find(text)); }

std::string masked(std::string_view text, std::span<const Span> stretches, Span piece) {
  std::string out;
  std::size_t at = piece.begin;
  auto next =
      std::lower_bound(stretches.begin(), stretches.end(), at, [](const Span& stretch, std::size_t from) { return stretch.end() <= from; });
  for (; next != stretches.end() && next->begin < piece.end(); ++next) {
    const std::size_t begin = std::max<std::size_t>(next->begin, at), end = std::min(next->end(), piece.end());
    out += text.substr(at, begin - at);
    out.append(std::min<std::size_t>(3, end - begin), '*');
    at = end;
  }
  return out += text.substr(at, piece.end() - at);
}

std::string masked(std::string_view text, std::span<const Span> stretches) {
  return masked(text, stretches, {0, static_cast<std::uint32_t>(text.size())});
}

}  // namespace smtpspec::session
