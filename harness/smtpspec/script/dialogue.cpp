#include "smtpspec/script/dialogue.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::array<std::string_view, start_count> start_names = {"connected", "greeted", "ehlo", "helo", "tls",
                                                                   "auth",      "mail",    "rcpt", "data", "bdat"};

struct ActName {
  std::string_view name;
  Step::Act act;
};
constexpr std::array act_names = {ActName{"handshake", Step::Act::handshake}, ActName{"half-close", Step::Act::half_close},
                                  ActName{"reset", Step::Act::reset},         ActName{"close", Step::Act::close},
                                  ActName{"wait", Step::Act::wait},           ActName{"auth", Step::Act::auth},
                                  ActName{"open", Step::Act::open},           ActName{"restart", Step::Act::restart}};

constexpr std::array<std::string_view, 12> step_names = {"C",       "S",    "raw",       "together", "octet by octet", "message",
                                                         "content", "bdat", "bdat last", "do",       "check",          "times"};

constexpr int most_connections = 9;
constexpr int most_times = 4000;  // a session has room for 5000 replies

struct SourceLine {
  std::string_view text;  // without indentation
  int number = 0;
  int column = 1;  // of text[0] in the file
  int depth = 0;   // indentation inside the dialogue
};

struct DialogueParser {
  std::string_view file;
  std::vector<SourceLine> lines;
  std::size_t next = 0;
  bool repeating = false;  // inside `times`

  tl::unexpected<Error> fail(const SourceLine& line, std::size_t at, std::string message, std::string hint = {}) const {
    return failure(std::move(message), Place{std::string(file), line.number, line.column + static_cast<int>(at)}, std::move(hint));
  }
  tl::unexpected<Error> moved(const SourceLine& line, std::size_t at, const Error& error) const {
    return fail(line, at + static_cast<std::size_t>(std::max(0, error.place.column - 1)), error.message, error.hint);
  }

  Result<std::vector<Step>> steps(int depth) {
    std::vector<Step> out;
    while (next < lines.size()) {
      const SourceLine& line = lines[next];
      if (line.text.empty()) {
        // A blank line belongs to the block that goes on behind it.
        std::size_t ahead = next;
        while (ahead < lines.size() && lines[ahead].text.empty()) ++ahead;
        if (ahead == lines.size() || lines[ahead].depth < depth) break;
        for (; next < ahead; ++next) out.push_back({.kind = Step::Kind::remark, .place = {std::string(file), lines[next].number, 1}});
        continue;
      }
      if (line.depth < depth) break;
      if (line.depth > depth) return fail(line, 0, "this line is indented, but the line above opens no block");
      auto step = one(line);
      if (!step) return tl::unexpected(step.error());
      out.push_back(std::move(*step));
    }
    return out;
  }

  // The lines of a message or content block: templates, blank lines are empty lines of the content.
  Result<void> body(Step& step, int depth) {
    std::size_t end = next;
    for (std::size_t i = next; i < lines.size() && (lines[i].text.empty() || lines[i].depth > depth); ++i)
      if (!lines[i].text.empty()) end = i + 1;
    int block = 0;
    for (; next < end; ++next) {
      const SourceLine& line = lines[next];
      if (block == 0 && !line.text.empty()) block = line.depth;
      Step inner{.kind = Step::Kind::line, .place = {std::string(file), line.number, line.column}};
      if (!line.text.empty()) {
        if (line.depth < block) return fail(line, 0, "this line is indented less than the first one of its block");
        const std::string text = std::string(static_cast<std::size_t>(line.depth - block), ' ') + std::string(line.text);
        auto parsed = parse_template(text);
        if (!parsed) {
          parsed.error().place.column -= line.depth - block;
          return moved(line, 0, parsed.error());
        }
        inner.text = std::move(*parsed);
      }
      step.inside.push_back(std::move(inner));
    }
    return {};
  }

  Result<Step> one(const SourceLine& line) {
    ++next;
    const std::string_view text = line.text;
    Step step{.place = {std::string(file), line.number, line.column}};
    if (text[0] == '#') {
      step.remark = text.substr(1, text.find_last_not_of(' '));
      if (step.remark.empty()) step.remark = " ";
      return step;
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos)
      return fail(line, 0,
                  "expected a step: 'C: …', 'S: …', 'raw: …', 'together:', 'times 2:', 'message:', 'content:', 'bdat: …', 'do: …', "
                  "'check: …' or '# …'");
    std::string_view keyword = text.substr(0, colon);
    std::size_t rest_at = colon + 1;
    if (rest_at < text.size() && text[rest_at] == ' ') ++rest_at;
    const std::string_view rest = text.substr(rest_at);
    const std::string_view label = keyword;
    if (label.starts_with("times") && label.find_last_not_of(" 0123456789") == std::string_view("times").size() - 1)
      return times(line, label, rest_at, std::move(step));
    while (!keyword.empty() && smtp::is_digit(keyword.back())) keyword.remove_suffix(1);
    const std::string_view number = label.substr(keyword.size());
    const std::string_view noun = keyword.substr(0, keyword.find(','));
    if ((number.size() > 1 || number == "0") && std::find(step_names.begin(), step_names.end(), noun) != step_names.end())
      return fail(line, keyword.size(), "connections are numbered 1 to 9, not " + std::string(number));
    if (!number.empty()) step.connection = number[0] - '0';
    const auto templated = [&](Step::Kind kind) -> Result<Step> {
      step.kind = kind;
      auto parsed = parse_template(rest);
      if (!parsed) return moved(line, rest_at, parsed.error());
      step.text = std::move(*parsed);
      return step;
    };
    const auto place_of = [&](std::string_view part) {
      return part.empty() ? rest_at : static_cast<std::size_t>(part.data() - text.data());
    };
    if (keyword == "C") return templated(Step::Kind::line);
    if (keyword == "raw") return templated(Step::Kind::raw);
    if (keyword == "bdat" || keyword == "bdat last") {
      step.last = keyword == "bdat last";
      return templated(Step::Kind::chunk);
    }
    if (keyword == "S") {
      step.kind = Step::Kind::expect;
      const std::string_view meaning = split_remark(rest, step.remark);
      auto expect = parse_expect(meaning);
      if (!expect) return moved(line, place_of(meaning), expect.error());
      step.expect = std::move(*expect);
      if (!repeating &&
          std::any_of(step.expect.tiers.begin(), step.expect.tiers.end(), [](const Tier& t) { return t.ends == Ends::block; }))
        return fail(line, place_of(meaning), "'ends the block' stands inside 'times' only; 'ends the case' ends the whole");
      return step;
    }
    if (keyword == "do" || keyword == "check") {
      const std::string_view meaning = split_remark(rest, step.remark);  // before `step` is moved
      return words(line, keyword == "do", meaning, place_of(meaning), std::move(step));
    }
    if (keyword == "together" || keyword == "octet by octet") {
      if (!rest.empty()) return fail(line, rest_at, "expected the steps of the block on the lines below, indented");
      step.kind = Step::Kind::together;
      step.octet_by_octet = keyword != "together";
      auto inside = steps_inside(line.depth);
      if (!inside) return tl::unexpected(inside.error());
      for (const Step& inner : *inside) {
        if (inner.kind == Step::Kind::together) return failure("a block inside a block has no meaning", inner.place);
        for (const Step& sent : inner.kind == Step::Kind::times ? std::span(inner.inside) : std::span(&inner, 1)) {
          if (!sent.sends() && sent.kind != Step::Kind::remark) return failure("a block holds only what the client sends", sent.place);
          if (sent.kind == Step::Kind::together) return failure("a block inside a block has no meaning", sent.place);
        }
      }
      if (inside->empty()) return fail(line, 0, "the block is empty");
      step.inside = std::move(*inside);
      return step;
    }
    if (noun == "message" || noun == "content") {
      step.kind = noun == "message" ? Step::Kind::message : Step::Kind::content;
      const std::size_t comma = noun.size();
      std::string_view modifiers = comma == keyword.size() ? std::string_view{} : keyword.substr(comma + 1);
      while (!modifiers.empty()) {
        const std::size_t end = modifiers.find(',');
        const std::string_view modifier = smtp::trim(modifiers.substr(0, end));
        if (modifier == "unstuffed") step.stuffed = false;
        else if (modifier == "unended") step.ended = false;
        else {
          static constexpr std::array<std::string_view, 2> known = {"unstuffed", "unended"};
          return fail(line, comma,
                      "'" + smtp::spell(modifier) + "' is no modifier of " + std::string(noun) + "; known are unstuffed and unended",
                      smtp::nearest(modifier, std::span<const std::string_view>(known)));
        }
        modifiers = end == std::string_view::npos ? std::string_view{} : modifiers.substr(end + 1);
      }
      if (!rest.empty()) return fail(line, rest_at, "expected the lines of the " + std::string(noun) + " below, indented");
      if (auto done = body(step, line.depth); !done) return tl::unexpected(done.error());
      return step;
    }
    return unknown(line, label, keyword, noun);
  }

  Result<Step> times(const SourceLine& line, std::string_view label, std::size_t rest_at, Step step) {
    step.kind = Step::Kind::times;
    const std::string_view number = smtp::trim(label.substr(std::string_view("times").size()));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), step.count);
    if (error != std::errc{} || end != number.data() + number.size() || step.count < 2 || step.count > most_times)
      return fail(line, 0, "expected a number from 2 to " + std::to_string(most_times) + " behind 'times', as in 'times 60:'");
    if (rest_at < line.text.size()) return fail(line, rest_at, "expected the steps of the block on the lines below, indented");
    if (std::exchange(repeating, true)) return fail(line, 0, "'times' inside 'times' has no meaning");
    auto inside = steps_inside(line.depth);
    repeating = false;
    if (!inside) return tl::unexpected(inside.error());
    if (inside->empty()) return fail(line, 0, "the block is empty");
    for (const Step& inner : *inside)
      if (inner.kind == Step::Kind::act && (inner.act == Step::Act::open || inner.act == Step::Act::restart))
        return failure("'do: open' and 'do: restart target' stand outside of blocks", inner.place);
    step.inside = std::move(*inside);
    return step;
  }

  // The nearest label, with the connection's number where it belongs: at the very end, "message, unended2:", "bdat last2:".
  tl::unexpected<Error> unknown(const SourceLine& line, std::string_view label, std::string_view keyword, std::string_view noun) const {
    std::string word, number;
    for (const char c : noun) (smtp::is_digit(c) ? number : word) += c;
    std::string hint = smtp::nearest(smtp::trim(word), std::span<const std::string_view>(step_names));
    if (hint == "times") hint += ' ';
    if (!hint.empty()) hint.append(keyword.substr(noun.size())).append(number).append(label.substr(keyword.size()));
    return fail(line, 0, "no step '" + smtp::spell(label) + ":'", std::move(hint));
  }

  Result<std::vector<Step>> steps_inside(int depth) {
    std::size_t ahead = next;
    while (ahead < lines.size() && lines[ahead].text.empty()) ++ahead;
    if (ahead == lines.size() || lines[ahead].depth <= depth) return std::vector<Step>{};
    return steps(lines[ahead].depth);
  }

  // "what is meant   # remark"; a '#' inside quotes is no remark.
  static std::string_view split_remark(std::string_view text, std::string& remark) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\') ++i;
      else if (text[i] == '"') quoted = !quoted;
      else if (text[i] == '#' && !quoted && (i == 0 || text[i - 1] == ' ')) {
        remark = smtp::trim(text.substr(i + 1));
        return smtp::trim(text.substr(0, i));
      }
    }
    return smtp::trim(text);
  }

  Result<Step> words(const SourceLine& line, bool act, std::string_view text, std::size_t at, Step step) {
    std::vector<std::string_view> word;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t blank = rest.find(' ');
      if (blank != 0) word.push_back(rest.substr(0, blank));
      rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
    }
    if (!act) {
      step.kind = Step::Kind::check;
      if (text == "transaction") step.transaction = true;
      else if (text != "no transaction")
        return fail(line, at, "expected 'transaction' or 'no transaction'",
                    smtp::nearest(text, std::array<std::string_view, 2>{"transaction", "no transaction"}));
      return step;
    }
    step.kind = Step::Kind::act;
    const std::string_view verb = word.empty() ? std::string_view{} : word[0];
    for (const auto& [name, known] : act_names) {
      if (verb != name) continue;
      step.act = known;
      const auto count = [&](std::size_t least, std::size_t most) { return word.size() >= least && word.size() <= most; };
      switch (known) {
        case Step::Act::wait: {
          if (!count(2, 2)) return fail(line, at, "expected a duration, as in 'do: wait 2s'");
          auto time = parse_duration(word[1]);
          if (!time) return fail(line, at, time.error().message);
          step.time = *time;
          return step;
        }
        case Step::Act::auth:
          if (!count(1, 2)) return fail(line, at, "expected at most one mechanism, as in 'do: auth PLAIN'");
          if (word.size() == 2) step.mechanism = smtp::to_upper(word[1]);
          return step;
        case Step::Act::open: {
          if (!(count(2, 2) || (count(4, 4) && word[2] == "at")) || word[1].size() != 1 || word[1][0] < '2' ||
              word[1][0] > '0' + most_connections)
            return fail(line, at, "expected a connection from 2 to 9 and perhaps a state, as in 'do: open 2 at rcpt'");
          step.other = word[1][0] - '0';
          if (word.size() == 4) {
            auto start = parse_start(word[3]);
            if (!start) return fail(line, at, start.error().message, start.error().hint);
            step.at = *start;
          }
          return step;
        }
        case Step::Act::restart:
          if (!(count(2, 2) && word[1] == "target")) return fail(line, at, "expected 'do: restart target'");
          return step;
        default:
          if (!count(1, 1)) return fail(line, at, "'" + std::string(name) + "' stands alone");
          return step;
      }
    }
    std::vector<std::string_view> known;
    for (const auto& [name, act_] : act_names) known.push_back(name);
    return fail(line, at, "no act '" + smtp::spell(verb) + "'; known are handshake, half-close, reset, close, wait, auth, open and restart",
                smtp::nearest(verb, std::span<const std::string_view>(known)));
  }
};

std::string number_of(const Step& step) { return step.connection == 1 ? "" : std::to_string(step.connection); }

void print_steps(const std::vector<Step>& steps, const std::string& indent, std::string& out) {
  for (const Step& step : steps) {
    const auto keyword = [&](const std::string& word) {
      out += indent;
      out += word;
      out += number_of(step) + ":";
    };
    const auto rest = [&](const std::string& text) {
      if (!text.empty()) out += " " + text;
    };
    switch (step.kind) {
      case Step::Kind::remark:
        if (!step.remark.empty()) out += indent + "#" + (step.remark == " " ? "" : step.remark);
        out += "\n";
        continue;
      case Step::Kind::line:
        keyword("C");
        rest(print_template(step.text));
        break;
      case Step::Kind::raw:
        keyword("raw");
        rest(print_template(step.text));
        break;
      case Step::Kind::chunk:
        keyword(step.last ? "bdat last" : "bdat");
        rest(print_template(step.text));
        break;
      case Step::Kind::expect:
        keyword("S");
        rest(print_expect(step.expect));
        break;
      case Step::Kind::times:
      case Step::Kind::together:
        keyword(step.kind == Step::Kind::times ? "times " + std::to_string(step.count)
                : step.octet_by_octet          ? "octet by octet"
                                               : "together");
        out += "\n";
        print_steps(step.inside, indent + "  ", out);
        continue;
      case Step::Kind::message:
      case Step::Kind::content:
        out += indent + (step.kind == Step::Kind::message ? "message" : "content");
        if (!step.stuffed) out += ", unstuffed";
        if (!step.ended) out += ", unended";
        out += number_of(step) + ":\n";
        for (bool first = true; const Step& line : step.inside) {
          std::string text = print_template(line.text);
          // A blank that would be taken for indentation, or for nothing, is spelt.
          if (text.starts_with(' ') && (first || text.find_first_not_of(' ') == std::string::npos)) text.replace(0, 1, "\\x20");
          out += text.empty() ? "\n" : indent + "  " + text + "\n";
          first = first && text.empty();
        }
        continue;
      case Step::Kind::act: {
        keyword("do");
        std::string text;
        for (const auto& [name, act] : act_names)
          if (act == step.act) text = name;
        if (step.act == Step::Act::wait) text += " " + print_duration(step.time);
        if (step.act == Step::Act::auth && !step.mechanism.empty()) text += " " + step.mechanism;
        if (step.act == Step::Act::open) text += " " + std::to_string(step.other) + " at " + std::string(to_string(step.at));
        if (step.act == Step::Act::restart) text += " target";
        rest(text);
        break;
      }
      case Step::Kind::check:
        keyword("check");
        rest(step.transaction ? "transaction" : "no transaction");
        break;
    }
    if (!step.remark.empty()) out += "  # " + step.remark;
    out += "\n";
  }
}

}  // namespace

bool Step::operator==(const Step& that) const {
  const auto all = [](const Step& s) {
    return std::tie(s.kind, s.connection, s.remark, s.text, s.inside, s.count, s.octet_by_octet, s.stuffed, s.ended, s.last, s.expect,
                    s.act, s.time, s.mechanism, s.other, s.at, s.transaction);
  };
  return all(*this) == all(that);
}

std::string_view to_string(Start start) { return start_names[static_cast<std::size_t>(start)]; }

Result<Start> parse_start(std::string_view word) {
  for (int i = 0; i < start_count; ++i)
    if (start_names[static_cast<std::size_t>(i)] == word) return static_cast<Start>(i);
  return failure(
      "'" + smtp::spell(word) + "' is no start state; states are connected, greeted, ehlo, helo, tls, auth, mail, rcpt, data and bdat", {},
      smtp::nearest(word, std::span<const std::string_view>(start_names)));
}

Result<std::vector<Step>> parse_dialogue(std::string_view text, std::string_view file, int first_line, int indent) {
  DialogueParser parser{file, {}};
  int number = first_line;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    std::size_t depth = 0;
    while (depth < line.size() && line[depth] == ' ') ++depth;
    if (depth == line.size()) line = {};
    SourceLine source{line.empty() ? line : line.substr(depth), number++, indent + static_cast<int>(depth) + 1, static_cast<int>(depth)};
    if (!source.text.empty() && source.text[0] == '\t') return parser.fail(source, 0, "a tab indents this line; use blanks");
    for (std::size_t i = 0; i < source.text.size(); ++i)
      if (smtp::is_control(source.text[i]))
        return parser.fail(source, i, "octet " + smtp::spell(source.text.substr(i, 1)) + " must be spelt, not written raw");
    parser.lines.push_back(source);
  }
  auto steps = parser.steps(0);
  if (!steps) return steps;
  if (parser.next < parser.lines.size() && !parser.lines[parser.next].text.empty())
    return parser.fail(parser.lines[parser.next], 0, "this line is indented less than the dialogue");
  return steps;
}

std::string print_dialogue(const std::vector<Step>& steps) {
  std::string out;
  print_steps(steps, "", out);
  return out;
}

namespace {

void put_in(std::vector<Step>& steps, const Variables& row) {
  for (Step& step : steps) {
    step.text = with(step.text, row);
    put_in(step.inside, row);
  }
}

}  // namespace

std::vector<Step> with(const std::vector<Step>& steps, const Variables& row) {
  std::vector<Step> out = steps;
  if (!row.empty()) put_in(out, row);
  return out;
}

std::vector<Step> unrolled(const std::vector<Step>& steps) {
  std::vector<Step> out;
  for (const Step& step : steps) {
    if (step.kind != Step::Kind::times) out.push_back(step);
    for (int i = 1; i <= step.count; ++i) {
      auto once = with(step.inside, {{std::string(times_name), {{{Piece::Kind::octets, std::to_string(i)}}}}});
      out.insert(out.end(), std::make_move_iterator(once.begin()), std::make_move_iterator(once.end()));
    }
  }
  return out;
}

void visit_templates(const std::vector<Step>& steps, const std::function<void(const Template&, const Step&)>& use) {
  for (const Step& step : steps) {
    use(step.text, step);
    visit_templates(step.inside, use);
  }
}

}  // namespace smtpspec::script
