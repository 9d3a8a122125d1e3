#include "smtpspec/script/expect.hpp"

#include <algorithm>
#include <array>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

struct Token {
  std::string text;
  std::size_t at = 0;
  bool quoted = false;
};

bool is_status(std::string_view word) {
  // class.subject.detail, any of the last two may be a letter: 5.5.z, 5.y.z
  const std::size_t first = word.find('.');
  const std::size_t second = first == std::string_view::npos ? first : word.find('.', first + 1);
  if (second == std::string_view::npos || word.find('.', second + 1) != std::string_view::npos || first != 1) return false;
  const auto field = [](std::string_view f) {
    return !f.empty() && f.size() <= 3 &&
           ((f.size() == 1 && (f[0] == 'y' || f[0] == 'z')) || std::all_of(f.begin(), f.end(), smtp::is_digit));
  };
  return (word[0] == '2' || word[0] == '4' || word[0] == '5') && field(word.substr(2, second - 2)) && field(word.substr(second + 1));
}

struct ExpectationParser {
  std::vector<Token> tokens;
  std::size_t end_at = 0;
  std::size_t next = 0;

  tl::unexpected<Error> fail(std::string message, std::string hint = {}) const {
    return failure(std::move(message), Place{"", 1, static_cast<int>(here()) + 1}, std::move(hint));
  }
  std::size_t here() const { return next < tokens.size() ? tokens[next].at : end_at; }
  bool peek(std::string_view word) const { return next < tokens.size() && !tokens[next].quoted && tokens[next].text == word; }
  bool take(std::string_view word) {
    if (!peek(word)) return false;
    ++next;
    return true;
  }
  bool end() const { return next >= tokens.size(); }
  bool word() const { return !end() && !tokens[next].quoted && tokens[next].text != "," && !tokens[next].text.starts_with('['); }

  Result<void> tokenize(std::string_view text) {
    end_at = text.size();
    for (std::size_t i = 0; i < text.size();) {
      if (text[i] == ' ' || text[i] == '\t') {
        ++i;
        continue;
      }
      const std::size_t begin = i;
      if (text[i] == '"') {
        std::string raw;
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          raw += text[i];
          if (text[i] == '\\' && i + 1 < text.size()) {
            if (text[i + 1] == '"') raw.pop_back();
            raw += text[++i];
          }
        }
        if (i >= text.size()) return failure("the quote that opens here is not closed", Place{"", 1, static_cast<int>(begin) + 1});
        ++i;
        auto octets = smtp::unspell(raw);
        if (!octets) return failure(octets.error().message, Place{"", 1, static_cast<int>(begin) + 1});
        tokens.push_back({*octets, begin, true});
        continue;
      }
      if (text[i] == ',') {
        tokens.push_back({",", i++, false});
        continue;
      }
      while (i < text.size() && text[i] != ' ' && text[i] != '\t' && text[i] != ',' && text[i] != '"') ++i;
      tokens.push_back({std::string(text.substr(begin, i - begin)), begin, false});
    }
    return {};
  }

  Result<std::string> name() {
    if (!word()) return fail("expected a name");
    const std::string& text = tokens[next].text;
    for (const char c : text)
      if (!(c >= 'a' && c <= 'z') && !smtp::is_digit(c) && c != '-')
        return fail("'" + smtp::spell(text) + "' is no name; names are lower-case letters, digits and hyphens");
    ++next;
    return text;
  }

  Result<Answer> answer() {
    Answer out;
    if (take("close")) {
      out.kind = Answer::Kind::close;
      return out;
    }
    if (take("nothing")) {
      out.kind = Answer::Kind::nothing;
      if (take("for")) {
        if (!word()) return fail("expected a duration behind 'for'");
        auto time = parse_duration(tokens[next].text);
        if (!time) return fail(time.error().message);
        ++next;
        out.time = *time;
      }
      return out;
    }
    if (take("no")) {
      if (!take("tls")) return fail("expected 'tls' behind 'no'");
      out.kind = Answer::Kind::no_tls;
      return out;
    }
    if (take("tls")) {
      out.kind = Answer::Kind::tls;
      if (word() && smtp::is_digit(tokens[next].text[0])) {
        const std::string& version = tokens[next].text;
        if (version.size() != 4 || version[0] != '1' || version[1] != '.' || version[2] < '0' || version[2] > '3' || version[3] != '+')
          return fail("'" + version + "' is no TLS version; write 1.2+ or 1.3+");
        out.tls_version = 10 + version[2] - '0';
        ++next;
      }
      return out;
    }
    if (take("same")) {
      if (take("code")) out.kind = Answer::Kind::same_code;
      else if (take("class")) out.kind = Answer::Kind::same_class;
      else return fail("expected 'code' or 'class' behind 'same'");
      if (!take("as")) return fail("expected 'as' and the name of a captured reply");
      auto captured = name();
      if (!captured) return tl::unexpected(captured.error());
      out.name = *captured;
      return out;
    }
    if (take("any")) {
      out.kind = Answer::Kind::any;
    } else {
      while (word() && !tokens[next].text.empty() && smtp::is_digit(tokens[next].text[0]) && !is_status(tokens[next].text)) {
        auto pattern = smtp::parse_code_pattern(tokens[next].text);
        if (!pattern) return fail(pattern.error().message);
        out.codes.members.push_back(*pattern);
        ++next;
      }
      if (out.codes.members.empty()) {
        static constexpr std::array<std::string_view, 6> words = {"any", "close", "nothing", "same", "tls", "no"};
        return fail("expected a reply code (250, 5yz, 55z), any, close, nothing, same, tls or no tls",
                    word() ? smtp::nearest(tokens[next].text, std::span<const std::string_view>(words)) : "");
      }
      if (word() && is_status(tokens[next].text)) out.status = tokens[next++].text;
    }
    for (;;) {
      if (peek("with") || peek("without")) {
        Answer::Keyword keyword;
        keyword.present = tokens[next++].text == "with";
        if (!word()) return fail("expected an EHLO keyword");
        keyword.keyword = tokens[next++].text;
        if (!end() && tokens[next].quoted) keyword.param = tokens[next++].text;
        out.keywords.push_back(std::move(keyword));
      } else if (take("text")) {
        const bool fits = !take("not");
        if (end() || !tokens[next].quoted) return fail("expected a pattern in double quotes behind 'text' or 'text not'");
        out.texts.push_back({fits, tokens[next++].text});
      } else if (take("lines")) {
        if (!word() || !std::all_of(tokens[next].text.begin(), tokens[next].text.end(), smtp::is_digit) || tokens[next].text.size() > 4 ||
            std::stoi(tokens[next].text) == 0)
          return fail("expected a number from 1 to 9999 behind 'lines'");
        out.lines = std::stoi(tokens[next++].text);
      } else {
        return out;
      }
    }
  }

  Result<Expect> expect() {
    Expect out;
    for (;;) {
      Tier tier;
      do {
        auto one = answer();
        if (!one) return tl::unexpected(one.error());
        tier.answers.push_back(std::move(*one));
      } while (take("or"));
      if (take("is")) {
        if (take("a")) {
          if (take("deviation")) tier.grade = Grade::deviation;
          else if (take("failure")) tier.grade = Grade::failure;
          else return fail("expected 'deviation' or 'failure' behind 'is a'");
        } else if (take("inconclusive")) {
          tier.grade = Grade::inconclusive;
        } else if (take("observed")) {
          tier.grade = Grade::observed;
          if (take("as")) {
            auto choice = name();
            if (!choice) return tl::unexpected(choice.error());
            tier.choice = *choice;
          }
        } else {
          return fail("expected 'a deviation', 'a failure', 'inconclusive' or 'observed' behind 'is'");
        }
        if (take("and") && !peek("ends")) return fail("expected 'ends the case' or 'ends the block' behind 'and'");
      }
      if (take("ends")) {
        if (!take("the") || (!peek("case") && !peek("block"))) return fail("expected 'ends the case' or 'ends the block'");
        tier.ends = take("block") ? Ends::block : Ends::the_case;
        take("case");
      }
      out.tiers.push_back(std::move(tier));
      if (!take(",")) break;
      if (!take("else")) return fail("expected 'else' behind the comma");
    }
    if (take("as")) {
      auto captured = name();
      if (!captured) return tl::unexpected(captured.error());
      out.capture = *captured;
    }
    if (!end() && !tokens[next].quoted && tokens[next].text.starts_with('[') && tokens[next].text.ends_with(']') &&
        tokens[next].text.size() > 2) {
      out.requirement = tokens[next].text.substr(1, tokens[next].text.size() - 2);
      ++next;
    }
    if (!end()) {
      static constexpr std::array<std::string_view, 9> words = {"or", "is", "with", "without", "text", "lines", "as", "else", "ends"};
      return fail("'" + smtp::spell(tokens[next].text) + "' does not belong here",
                  smtp::nearest(tokens[next].text, std::span<const std::string_view>(words)));
    }
    return out;
  }
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : smtp::spell(text)) {
    if (c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string print_answer(const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::close: return "close";
    case Answer::Kind::nothing: return answer.time ? "nothing for " + print_duration(*answer.time) : "nothing";
    case Answer::Kind::tls: return answer.tls_version ? "tls 1." + std::to_string(answer.tls_version - 10) + "+" : "tls";
    case Answer::Kind::no_tls: return "no tls";
    case Answer::Kind::same_code: return "same code as " + answer.name;
    case Answer::Kind::same_class: return "same class as " + answer.name;
    case Answer::Kind::any:
    case Answer::Kind::codes: break;
  }
  std::string out = answer.kind == Answer::Kind::any ? "any" : smtp::to_string(answer.codes);
  if (!answer.status.empty()) out += " " + answer.status;
  for (const auto& keyword : answer.keywords) {
    out += (keyword.present ? " with " : " without ") + keyword.keyword;
    if (!keyword.param.empty()) out += " " + quoted(keyword.param);
  }
  for (const auto& text : answer.texts) out += (text.fits ? " text " : " text not ") + quoted(text.pattern);
  if (answer.lines) out += " lines " + std::to_string(answer.lines);
  return out;
}

}  // namespace

std::string_view to_string(Grade grade) {
  switch (grade) {
    case Grade::pass: return "pass";
    case Grade::observed: return "observed";
    case Grade::deviation: return "deviation";
    case Grade::failure: return "failure";
    case Grade::inconclusive: return "inconclusive";
  }
  return "";
}

Result<Expect> parse_expect(std::string_view text) {
  ExpectationParser parser;
  if (auto done = parser.tokenize(text); !done) return tl::unexpected(done.error());
  return parser.expect();
}

std::string print_expect(const Expect& expect) {
  std::string out;
  for (const Tier& tier : expect.tiers) {
    if (!out.empty()) out += ", else ";
    for (std::size_t i = 0; i < tier.answers.size(); ++i) out += (i ? " or " : "") + print_answer(tier.answers[i]);
    if (tier.grade == Grade::deviation) out += " is a deviation";
    if (tier.grade == Grade::failure) out += " is a failure";
    if (tier.grade == Grade::inconclusive) out += " is inconclusive";
    if (tier.grade == Grade::observed) out += tier.choice.empty() ? " is observed" : " is observed as " + tier.choice;
    if (tier.ends != Ends::nothing)
      out += std::string(tier.grade == Grade::pass ? " ends" : " and ends") + (tier.ends == Ends::block ? " the block" : " the case");
  }
  if (!expect.capture.empty()) out += " as " + expect.capture;
  if (!expect.requirement.empty()) out += " [" + expect.requirement + "]";
  return out;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  // Greedy with one point of return: linear in practice, quadratic at worst, no recursion.
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace smtpspec::script
