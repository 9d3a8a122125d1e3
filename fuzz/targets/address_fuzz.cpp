// A path and a domain: taken exactly when the grammar of RFC 5321 section 4.1.2 has them, read character by character here; their
// parts lie in the text; a tolerance changes nothing that is right; a mailbox survives its quoting.
#include "oracle.hpp"
#include "smtpspec/smtp/address.hpp"
#include "test/naive.hpp"

using namespace smtpspec;
using fuzz::inside;
using fuzz::require;
using naive::let_dig;

namespace {

bool atext(char c) { return let_dig(c) || (c != '\0' && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos); }

// Takes the longest Domain off the front.
bool take_domain(std::string_view& text) {
  for (;;) {
    std::size_t size = 0;
    while (size < text.size() && (let_dig(text[size]) || text[size] == '-')) ++size;
    if (size == 0 || text[0] == '-' || text[size - 1] == '-') return false;
    text.remove_prefix(size);
    if (!text.starts_with('.')) return true;
    text.remove_prefix(1);
  }
}

bool take_local(std::string_view& text) {
  if (text.starts_with('"')) {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == '"') return text.remove_prefix(i + 1), true;
      if (text[i] == '\\') ++i;
      if (i >= text.size() || text[i] < 32 || text[i] > 126) return false;
    }
    return false;
  }
  for (;;) {
    std::size_t size = 0;
    while (size < text.size() && atext(text[size])) ++size;
    if (size == 0) return false;
    text.remove_prefix(size);
    if (!text.starts_with('.')) return true;
    text.remove_prefix(1);
  }
}

// Reverse-path or Forward-path; an address literal in it is not known here.
bool is_path(std::string_view text) {
  if (text == "<>") return true;
  if (text.size() < 3 || text.front() != '<' || text.back() != '>') return false;
  text = text.substr(1, text.size() - 2);
  if (smtp::iequals(text, "postmaster")) return true;
  while (text.starts_with('@')) {
    text.remove_prefix(1);
    if (!take_domain(text) || text.empty()) return false;
    const char next = text[0];
    text.remove_prefix(1);
    if (next == ':') break;
    if (next != ',' || !text.starts_with('@')) return false;
  }
  if (!take_local(text) || !text.starts_with('@')) return false;
  text.remove_prefix(1);
  return take_domain(text) && text.empty();
}

void check_path(std::string_view text) {
  const smtp::PathResult strict = smtp::parse_path(text, {});
  if (text.find('[') == text.npos) require((strict && strict.size == text.size()) == is_path(text), "a path is what the grammar has", text);
  fuzz::all_tolerances([&](const smtp::Tolerance& tolerance) {
    const smtp::PathResult result = smtp::parse_path(text, tolerance);
    require(result.at <= text.size() && result.size <= text.size(), "places lie in the text", text);
    for (const smtp::Span span : {result.path.all, result.path.route, result.path.local, result.path.domain})
      require(inside(span, text), "parts lie in the text", text);
    if (strict && strict.size == text.size())
      require(result && result.size == strict.size && result.path.local.in(text) == strict.path.local.in(text),
              "a tolerance changes nothing that is right", text);
    // In a longer text the path is the same.
    const std::string longer = "RCPT TO:" + std::string(text);
    const smtp::PathResult later = smtp::parse_path(longer, tolerance, 8);
    require(static_cast<bool>(later) == static_cast<bool>(result) && later.size == result.size, "a path is the same wherever it stands",
            text);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_path(text);

  std::string_view rest = text;
  const bool is_domain = take_domain(rest) && rest.empty();
  const smtp::DomainResult domain = smtp::parse_domain(text, {});
  if (!text.starts_with('[')) require((domain.fault == smtp::AddressFault::none) == is_domain, "a domain is what the grammar has", text);
  require(domain.at <= text.size(), "the place of a fault lies in the text", text);

  const std::string quoted = smtp::quote_local(text);
  require(smtp::unquote_local(quoted) == text, "a mailbox survives its quoting", text);
  require(smtp::quote_local(smtp::unquote_local(quoted)) == quoted, "the shortest spelling is its own", text);
  return 0;
}
