#include <algorithm>
#include <array>

#include "smtpspec/script/lint_parts.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

// What the pieces read like: enough to tell verb and parameters, with a word for what only the profile knows.
std::string reading(const std::vector<Piece>& pieces) {
  std::string out;
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::octets: out += piece.text; break;
      case Piece::Kind::name: out += piece.text; break;
      case Piece::Kind::repeat:
        for (std::size_t i = 0; i < (piece.beyond_limit ? 2 : std::min<std::size_t>(piece.count, 2)); ++i) out += reading(piece.inside);
        break;
      case Piece::Kind::upper: out += smtp::to_upper(reading(piece.inside)); break;
      case Piece::Kind::lower: out += smtp::to_lower(reading(piece.inside)); break;
      case Piece::Kind::limit: out += "1"; break;
      case Piece::Kind::base64:
      case Piece::Kind::address:
      case Piece::Kind::xtext: out += "x"; break;
      default: break;
    }
  }
  return out;
}

// "BODY=8BITMIME" is a use of those whose list has it; a value that stands in a list belongs to no other.
bool adds(const smtp::Extension& extension, bool mail, std::string_view param) {
  const auto list = [&](const smtp::Extension& e) { return mail ? e.mail : e.rcpt; };
  const bool special = std::any_of(std::begin(smtp::extensions), std::end(smtp::extensions),
                                   [&](const smtp::Extension& e) { return smtp::has_word(list(e), param); });
  return smtp::has_word(list(extension), special ? param : param.substr(0, param.find('=')));
}

struct Reader {
  const Linter& linter;
  const std::vector<std::string>& asked;
  std::vector<Use>& out;

  template <class Adds>
  void use(std::string what, bool verb, const Adds& adds_it) {
    const smtp::Extension* first = nullptr;
    for (const smtp::Extension& extension : smtp::extensions) {
      if (extension.is_core() || !adds_it(extension)) continue;
      if (linter.deals_with(extension.keyword) || std::find(asked.begin(), asked.end(), extension.keyword) != asked.end()) return;
      if (!first) first = &extension;
    }
    // A server that must not offer it is right to refuse it.
    if (!first || !linter.offered(*first)) return;
    Use found{std::move(what), verb, std::string(first->keyword)};
    if (std::find(out.begin(), out.end(), found) == out.end()) out.push_back(std::move(found));
  }

  void line(std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    const std::string verb = smtp::to_upper(text.substr(0, text.find(' ')));
    use(verb, true, [&](const smtp::Extension& extension) { return smtp::has_word(extension.verbs, verb); });
    if (verb != "MAIL" && verb != "RCPT") return;
    const std::size_t path = text.find("> ");
    if (path == std::string_view::npos) return;
    for (std::string_view rest = text.substr(path + 2); !rest.empty();) {
      const std::size_t blank = rest.find(' ');
      const std::string_view param = rest.substr(0, blank);
      rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
      const std::size_t equals = param.find('=');
      use(smtp::to_upper(param.substr(0, equals)) + (equals == std::string_view::npos ? "" : "="), false,
          [&](const smtp::Extension& extension) { return adds(extension, verb == "MAIL", param); });
    }
  }
};

}  // namespace

std::vector<Use> uses(const Linter& linter, const Template& text, const std::vector<std::string>& asked) {
  std::vector<Use> out;
  Reader reader{linter, asked, out};
  const std::string octets = reading(text.pieces);
  for (std::string_view rest = octets; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    reader.line(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return out;
}

bool notes_refusal(const Expect& expect, const Use& use) {
  // What servers say to a verb or a parameter that they do not know: RFC 5321 sections 4.2.4 and 4.1.1.11.
  const std::array<int, 2> refusals = use.verb ? std::array{500, 502} : std::array{501, 555};
  return std::all_of(refusals.begin(), refusals.end(), [&](int code) {
    for (const Tier& tier : expect.tiers)
      for (const Answer& answer : tier.answers)
        if (has_code(answer, code)) return tier.grade == Grade::observed;
    return false;
  });
}

}  // namespace smtpspec::script
