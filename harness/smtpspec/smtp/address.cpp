#include "smtpspec/smtp/address.hpp"

#include <algorithm>
#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "smtpspec/smtp/octet_class.hpp"

namespace smtpspec::smtp {
namespace {

// The fault of an octet that stands where it may not; control and 8-bit octets are named as such.
AddressFault octet_fault(char c, AddressFault otherwise) {
  return is_control(c) ? AddressFault::control_octet : is_eight_bit(c) ? AddressFault::eight_bit : otherwise;
}

struct Step {
  AddressFault fault = AddressFault::none;
  std::size_t at = 0;  // end of what was read, or place of the fault
};

#if defined(__SSE2__)
// Which octets of a text are of a name, a bit each.
struct NameOctets {
  std::uint64_t all = 0, dots = 0, hyphens = 0;

  void add_16(const char* text, std::size_t shift) {
    const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    // Moved up to where it ends at the greatest signed number, a range is what is above a limit.
    const auto in_range = [](__m128i from, char last, char size) {
      return _mm_cmpgt_epi8(_mm_add_epi8(from, _mm_set1_epi8(static_cast<char>(127 - last))), _mm_set1_epi8(static_cast<char>(127 - size)));
    };
    const __m128i letters = in_range(_mm_or_si128(octets, _mm_set1_epi8(0x20)), 'z', 26), digits = in_range(octets, '9', 10);
    const __m128i dot = _mm_cmpeq_epi8(octets, _mm_set1_epi8('.')), hyphen = _mm_cmpeq_epi8(octets, _mm_set1_epi8('-'));
    const auto bits = [&](__m128i of) { return std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(of))} << shift; };
    all |= bits(_mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(dot, hyphen)));
    dots |= bits(dot);
    hyphens |= bits(hyphen);
  }
};

// The size of the domain that stands there, if it is in ASCII, not long and without fault; else 0.
std::size_t common_domain(std::string_view text, std::size_t at) {
  constexpr std::size_t block = 16;
  if (text.size() < block) return 0;
  const std::size_t last = text.size() - block, first = std::min(at, last), second = std::min(at + block, last);
  NameOctets octets;
  octets.add_16(text.data() + first, 0);
  if (second > first) octets.add_16(text.data() + second, second - first);
  const std::size_t before = at - first, size = static_cast<std::size_t>(std::countr_one(octets.all >> before));
  if (at + size == second + block && second != last) return 0;
  const std::uint64_t end = std::uint64_t{1} << size, below = end - 1;
  const std::uint64_t dots = (octets.dots >> before & below) | end, hyphens = octets.hyphens >> before & below;
  const std::uint64_t starts = (dots << 1 | 1) & (below | end);
  return (starts & (dots | hyphens)) != 0 || (hyphens << 1 & dots) != 0 ? 0 : size;
}
#else
std::size_t common_domain(std::string_view, std::size_t) { return 0; }
#endif

// Domain = sub-domain *("." sub-domain); sub-domain = Let-dig [Ldh-str]
Step read_domain(std::string_view text, std::size_t at, const Tolerance& tolerance) {
  if (const std::size_t size = tolerance.utf8 || tolerance.underscore ? 0 : common_domain(text, at)) return {AddressFault::none, at + size};
  const unsigned let_dig_hyp = in_label | (tolerance.underscore ? in_underscore : 0u) | (tolerance.utf8 ? in_eight_bit : 0u);
  for (;;) {
    const std::size_t label = at;
    at = end_of_run(let_dig_hyp, text, at);
    if (at == label) return {at < text.size() ? octet_fault(text[at], AddressFault::bad_domain) : AddressFault::bad_domain, at};
    if (text[label] == '-') return {AddressFault::bad_domain, label};
    if (text[at - 1] == '-') return {AddressFault::bad_domain, at - 1};
    if (tolerance.utf8) {
      const std::size_t wrong = utf8_error(text.substr(label, at - label));
      if (wrong != std::string_view::npos) return {AddressFault::eight_bit, label + wrong};
    }
    if (at >= text.size() || text[at] != '.') return {AddressFault::none, at};
    ++at;
  }
}

bool is_ipv4(std::string_view text) {
  int groups = 0;
  std::size_t at = 0;
  for (;;) {
    std::size_t digits = 0;
    int value = 0;
    while (at < text.size() && digits < 3 && is_digit(text[at])) {
      value = value * 10 + (text[at++] - '0');
      ++digits;
    }
    if (digits == 0 || value > 255) return false;
    ++groups;
    if (at == text.size()) return groups == 4;
    if (text[at++] != '.') return false;
  }
}

// IPv6-full, IPv6-comp, IPv6v4-full, IPv6v4-comp. "::" stands for at least two groups by the grammar's comment; one is
// let through, since erratum 2467 shows that readers differ.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool compressed = false;
  std::size_t at = 0;
  if (text.substr(0, 2) == "::") {
    compressed = true;
    at = 2;
    if (at == text.size()) return true;
  }
  for (;;) {
    if (is_ipv4(text.substr(at))) {
      groups += 2;
      break;
    }
    std::size_t digits = 0;
    while (at < text.size() && digits < 4 && (is_digit(text[at]) || (lower(text[at]) >= 'a' && lower(text[at]) <= 'f'))) {
      ++at;
      ++digits;
    }
    if (digits == 0) return false;
    ++groups;
    if (at == text.size()) break;
    if (text[at++] != ':') return false;
    if (at < text.size() && text[at] == ':') {
      if (compressed) return false;
      compressed = true;
      if (++at == text.size()) break;
    }
  }
  return compressed ? groups <= 7 : groups == 8;
}

struct Literal {
  DomainKind kind = DomainKind::none;
  Step step;
};

// address-literal = "[" ( IPv4 / "IPv6:" ... / Standardized-tag ":" 1*dcontent ) "]"
Literal read_literal(std::string_view text, std::size_t at) {
  const std::size_t close = text.find(']', at);
  if (close == std::string_view::npos) return {DomainKind::none, {AddressFault::bad_literal, text.size()}};
  const std::string_view inside = text.substr(at + 1, close - at - 1);
  if (is_ipv4(inside)) return {DomainKind::ipv4, {AddressFault::none, close + 1}};
  if (istarts_with(inside, "IPv6:"))
    return is_ipv6(inside.substr(5)) ? Literal{DomainKind::ipv6, {AddressFault::none, close + 1}}
                                     : Literal{DomainKind::none, {AddressFault::bad_literal, at + 6}};
  const std::size_t colon = inside.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == inside.size())
    return {DomainKind::none, {AddressFault::bad_literal, at + 1}};
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char c = inside[i];
    const bool good = i < colon ? is_alnum(c) || (c == '-' && i + 1 != colon) : c >= 33 && c <= 126 && c != '[' && c != '\\';
    if (!good) return {DomainKind::none, {octet_fault(c, AddressFault::bad_literal), at + 1 + i}};
  }
  return {DomainKind::general, {AddressFault::none, close + 1}};
}

// Quoted-string = DQUOTE *( %d32-33 / %d35-91 / %d93-126 / "\" %d32-126 ) DQUOTE; RFC 6531 section 3.3 adds UTF-8, but
// not behind a backslash.
Step read_quoted(std::string_view text, std::size_t at, const Tolerance& tolerance) {
  const std::size_t begin = at;
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') {
      const std::size_t wrong = tolerance.utf8 ? utf8_error(text.substr(begin, at - begin)) : std::string_view::npos;
      return wrong == std::string_view::npos ? Step{AddressFault::none, at + 1} : Step{AddressFault::eight_bit, begin + wrong};
    }
    const bool escaped = text[at] == '\\';
    if (escaped) ++at;
    if (at >= text.size()) break;
    if (is_eight_bit(text[at]) && tolerance.utf8 && !escaped) continue;
    if (is_control(text[at]) || is_eight_bit(text[at])) return {octet_fault(text[at], AddressFault::bad_quoted_string), at};
  }
  return {AddressFault::bad_quoted_string, text.size()};
}

// Dot-string = Atom *("." Atom)
Step read_dot_string(std::string_view text, std::size_t at, const Tolerance& tolerance) {
  const unsigned atext = in_atext | (tolerance.utf8 ? in_eight_bit : 0u);
  const std::size_t begin = at;
  for (;; ++at) {
    const std::size_t atom = at;
    at = end_of_run(atext, text, at);
    const bool dot = at < text.size() && text[at] == '.';
    if (at == atom && !(tolerance.bad_dots && (dot || at > begin)))
      return {at < text.size() ? octet_fault(text[at], AddressFault::bad_local_part) : AddressFault::bad_local_part, at};
    if (!dot) break;
  }
  if (tolerance.utf8) {
    const std::size_t wrong = utf8_error(text.substr(begin, at - begin));
    if (wrong != std::string_view::npos) return {AddressFault::eight_bit, begin + wrong};
  }
  return {AddressFault::none, at};
}

}  // namespace

std::string_view to_string(AddressFault fault) {
  switch (fault) {
    case AddressFault::none: return "none";
    case AddressFault::no_opening_bracket: return "no-opening-bracket";
    case AddressFault::no_closing_bracket: return "no-closing-bracket";
    case AddressFault::bad_route: return "bad-route";
    case AddressFault::bad_local_part: return "bad-local-part";
    case AddressFault::bad_quoted_string: return "bad-quoted-string";
    case AddressFault::no_domain: return "no-domain";
    case AddressFault::bad_domain: return "bad-domain";
    case AddressFault::bad_literal: return "bad-literal";
    case AddressFault::control_octet: return "control-octet";
    case AddressFault::eight_bit: return "eight-bit";
  }
  return "";
}

PathResult parse_path(std::string_view text, const Tolerance& tolerance, std::size_t begin) {
  PathResult result;
  Path& path = result.path;
  const auto fail = [&](AddressFault fault, std::size_t at) {
    result.fault = fault;
    result.at = at;
    return result;
  };
  std::size_t at = begin;
  const bool bracketed = at < text.size() && text[at] == '<';
  if (!bracketed && !tolerance.no_brackets) return fail(AddressFault::no_opening_bracket, at);
  if (bracketed) ++at;
  if (bracketed && at < text.size() && text[at] == '>') {
    path.null = true;
    path.all = span(begin, at + 1);
    result.size = 2;
    return result;
  }
  if (at < text.size() && text[at] == '@') {  // A-d-l ":"
    const std::size_t route = at;
    for (;;) {
      const Step step = read_domain(text, at + 1, tolerance);
      if (step.fault != AddressFault::none)
        return fail(octet_fault(step.at < text.size() ? text[step.at] : ' ', AddressFault::bad_route), step.at);
      at = step.at;
      if (at < text.size() && text[at] == ',' && at + 1 < text.size() && text[at + 1] == '@') {
        ++at;
        continue;
      }
      break;
    }
    path.route = span(route, at);
    if (at >= text.size() || text[at] != ':') return fail(AddressFault::bad_route, at);
    ++at;
  }
  const std::size_t local = at;
  path.quoted = at < text.size() && text[at] == '"';
  const Step local_step = path.quoted ? read_quoted(text, at, tolerance) : read_dot_string(text, at, tolerance);
  if (local_step.fault != AddressFault::none) return fail(local_step.fault, local_step.at);
  at = local_step.at;
  path.local = span(local, at);
  if (at < text.size() && text[at] == '@') {
    const std::size_t domain = ++at;
    Step step;
    if (at < text.size() && text[at] == '[') {
      const Literal literal = read_literal(text, at);
      path.domain_kind = literal.kind;
      step = literal.step;
    } else {
      path.domain_kind = DomainKind::name;
      step = read_domain(text, at, tolerance);
    }
    if (step.fault != AddressFault::none) return fail(step.fault, step.at);
    at = step.at;
    path.domain = span(domain, at);
  } else if (!tolerance.no_domain && !(iequals(path.local.in(text), "postmaster") && path.route.empty())) {
    return fail(at < text.size() ? octet_fault(text[at], AddressFault::no_domain) : AddressFault::no_domain, at);
  }
  if (bracketed) {
    if (at >= text.size() || text[at] != '>')
      return fail(at < text.size() ? octet_fault(text[at], AddressFault::no_closing_bracket) : AddressFault::no_closing_bracket, at);
    ++at;
  }
  path.all = span(begin, at);
  result.size = at - begin;
  return result;
}

DomainResult parse_domain(std::string_view text, const Tolerance& tolerance) {
  if (text.empty()) return {DomainKind::none, AddressFault::no_domain, 0};
  DomainKind kind = DomainKind::name;
  Step step;
  if (text[0] == '[') {
    const Literal literal = read_literal(text, 0);
    kind = literal.kind;
    step = literal.step;
  } else {
    step = read_domain(text, 0, tolerance);
  }
  if (step.fault == AddressFault::none && step.at != text.size()) step = {octet_fault(text[step.at], AddressFault::bad_domain), step.at};
  if (step.fault != AddressFault::none) return {DomainKind::none, step.fault, step.at};
  return {kind, AddressFault::none, 0};
}

std::string unquote_local(std::string_view local) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return std::string(local);
  std::string out;
  for (std::size_t i = 1; i + 1 < local.size(); ++i) {
    if (local[i] == '\\' && i + 2 < local.size()) ++i;
    out += local[i];
  }
  return out;
}

std::string quote_local(std::string_view mailbox) {
  const Step step = read_dot_string(mailbox, 0, {.utf8 = true});
  if (step.fault == AddressFault::none && step.at == mailbox.size()) return std::string(mailbox);
  std::string out = "\"";
  for (const char c : mailbox) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace smtpspec::smtp
