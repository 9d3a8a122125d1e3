#include "smtpspec/script/case.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::array<std::string_view, 16> header_keys = {"title",    "why",      "covers", "level",   "roles",   "tags",
                                                          "requires", "start",    "each",   "clones",  "timeout", "exempt",
                                                          "kills",    "dialogue", "twin",   "delivery"};
constexpr std::array<std::string_view, 6> tag_names = {"security", "smuggling", "slow", "i18n", "tls", "load"};
constexpr std::array<std::string_view, 3> role_names = {"relay", "submission", "submissions"};
constexpr std::array<std::string_view, 8> extra_facts = {"account", "mailbox",   "second-mailbox", "next-hop",
                                                         "restart", "untrusted", "ipv6",           "tls-name"};

bool is_word(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || smtp::is_digit(c) || c == '-'; });
}

// "content/lf-dot-lf", "model/ready/MAIL,login-wanted/lost", "model/data/.-refused/cut", "model/rcpt/(idle)/code-250".
bool is_fault_id(std::string_view text) {
  const auto good = [](char c) { return smtp::is_alnum(c) || std::string_view("-,./()").find(c) != std::string_view::npos; };
  return text.find('/') != std::string_view::npos && std::all_of(text.begin(), text.end(), good);
}

// A literal block's text begins on the line below its key. The place is that of the `|`; the block's indentation is what the
// first line that is not blank has in the file.
struct Block {
  const std::string& text;
  int line, indent;
};
Result<Block> block(const Yaml& key, const Yaml& value, const std::string& source) {
  const auto fail = [&] { return key.fail("expected a block below '" + key.text + ": |'"); };
  if (value.kind != Yaml::Kind::text) return fail();
  std::size_t at = 0;
  for (int line = 1; line < value.place.line; ++line) at = source.find('\n', at) + 1;
  at += static_cast<std::size_t>(value.place.column - 1);
  // Any other scalar folds lines or takes backslashes for its own.
  if (at >= source.size() || source[at] != '|') return fail();
  int indent = 0;
  for (std::size_t i = source.find('\n', at); i < source.size(); ++i) {
    if (source[i] == ' ') ++indent;
    else if (source[i] == '\n') indent = 0;
    else break;
  }
  return Block{value.text, value.place.line + 1, indent};
}

tl::unexpected<Error> at(const Yaml& value, const Error& error) { return failure(error.message, value.place, error.hint); }

Result<void> parse_conditions(const Yaml& value, std::vector<Condition>& out, std::vector<Place>& places) {
  auto words = value.as_texts("conditions");
  if (!words) return tl::unexpected(words.error());
  for (std::size_t i = 0; i < words->size(); ++i) {
    const Yaml& word = value.kind == Yaml::Kind::list ? value.items[i] : value;
    auto condition = parse_condition((*words)[i]);
    if (!condition) return at(word, condition.error());
    out.push_back(std::move(*condition));
    places.push_back(word.place);
  }
  return {};
}

// What a row has of its own under a key of the header. False: the key names a variable.
Result<bool> parse_row_key(const Yaml& key, const Yaml& value, CaseRow& row) {
  if (key.text == "requires") {
    if (auto ok = parse_conditions(value, row.conditions, row.condition_places); !ok) return tl::unexpected(ok.error());
    return true;
  }
  if (key.text != "start") return false;
  auto start = parse_start(value.text);
  if (!start) return at(value, start.error());
  row.start = *start;
  row.start_place = value.place;
  return true;
}

Result<void> parse_rows(const Yaml& each, Case& out) {
  if (each.kind != Yaml::Kind::map || each.entries.empty())
    return each.fail("expected rows, each a name and its variables: 'each: {bare-lf: {end: '\\n'}}'");
  out.rows.clear();
  for (const auto& [name, variables] : each.entries) {
    if (!is_word(name.text))
      return name.fail("'" + smtp::spell(name.text) + "' is no row name; names are lower-case letters, digits and hyphens");
    if (variables.kind != Yaml::Kind::map) return variables.fail("expected the row's variables, {name: text}");
    CaseRow row{.name = name.text, .variables = {}, .place = name.place};
    for (const auto& [key, value] : variables.entries) {
      const auto taken = parse_row_key(key, value, row);
      if (!taken) return tl::unexpected(taken.error());
      if (*taken) continue;
      if (!is_word(key.text))
        return key.fail("'" + smtp::spell(key.text) + "' is no variable name; names are lower-case letters, digits and hyphens");
      if (find_fact(key.text)) return key.fail("'" + key.text + "' is a fact of the profile; choose another name");
      if (key.text == limit_name) return key.fail("'" + key.text + "' is what the server gives for SIZE; choose another name");
      if (key.text == times_name) return key.fail("'" + key.text + "' counts the times of a block; choose another name");
      if (value.kind != Yaml::Kind::text && value.kind != Yaml::Kind::null) return value.fail("expected a text");
      auto text = parse_template(value.text);
      if (!text) return value.fail(text.error().message);
      row.variables.emplace(key.text, std::move(*text));
      row.places.emplace(key.text, CaseRow::Places{key.place, value.place});
    }
    if (!out.rows.empty())
      for (const auto& [key, text] : out.rows.front().variables)
        if (!row.variables.count(key)) return name.fail("row '" + name.text + "' lacks the variable '" + key + "' that the first row has");
    out.rows.push_back(std::move(row));
  }
  return {};
}

Result<smtp::Role> parse_role(const std::string& word) {
  for (std::size_t i = 0; i < role_names.size(); ++i)
    if (role_names[i] == word) return static_cast<smtp::Role>(i);
  return failure("'" + smtp::spell(word) + "' is no role; roles are relay, submission and submissions", {},
                 smtp::nearest(word, std::span<const std::string_view>(role_names)));
}

// Equal in all but places and the text itself.
bool same(const Case& a, const Case& b) {
  const auto all = [](const Case& c) {
    std::vector<std::tuple<std::string, Variables, std::vector<Condition>, std::optional<Start>>> rows;
    for (const CaseRow& row : c.rows) rows.emplace_back(row.name, row.variables, row.conditions, row.start);
    std::vector<std::pair<std::string, std::string>> exempt;
    for (const Exemption& exemption : c.exempt) exempt.emplace_back(exemption.rule, exemption.reason);
    std::vector<std::string> kills;
    for (const Kill& kill : c.kills) kills.push_back(kill.fault);
    return std::tuple(c.title, c.why, c.covers, c.weakened, c.roles, c.tags, c.conditions, c.start, rows, c.clones, c.timeout, exempt,
                      kills, c.dialogue, c.twin, c.delivery);
  };
  return all(a) == all(b);
}

}  // namespace

std::span<const std::string_view> condition_facts() { return extra_facts; }

Result<Condition> parse_condition(std::string_view text) {
  Condition out;
  std::string_view rest = smtp::trim(text);
  if (rest.starts_with("not ")) {
    out.negated = true;
    rest = smtp::trim(rest.substr(4));
  }
  std::vector<std::string_view> known(extra_facts.begin(), extra_facts.end());
  for (const FactName& fact : fact_names()) known.push_back(fact.name);
  if (std::find(known.begin(), known.end(), rest) != known.end()) {
    out.kind = Condition::Kind::fact;
    out.name = rest;
    return out;
  }
  const std::size_t end = rest.find_first_of(" >");
  out.name = rest.substr(0, end);
  // Keywords are written in capitals, facts in small letters: a misspelt fact must not become an unknown keyword.
  const bool keyword = !out.name.empty() && std::all_of(out.name.begin(), out.name.end(),
                                                        [](char c) { return (c >= 'A' && c <= 'Z') || smtp::is_digit(c) || c == '-'; });
  if (!keyword)
    return failure("'" + smtp::spell(text) + "' is neither an EHLO keyword in capitals nor a known fact", {},
                   smtp::nearest(rest, std::span<const std::string_view>(known)));
  if (end == std::string_view::npos) return out;
  rest = smtp::trim(rest.substr(end));
  if (rest.starts_with(">=")) {
    rest = smtp::trim(rest.substr(2));
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out.at_least);
    if (error != std::errc{} || stop != rest.data() + rest.size()) return failure("expected a number behind '>='");
    return out;
  }
  if (rest.find_first_of(" >") != std::string_view::npos)
    return failure("expected one parameter, as in 'AUTH PLAIN', or '>=' and a number");
  out.param = rest;
  return out;
}

std::string to_string(const Condition& condition) {
  std::string out = condition.negated ? "not " : "";
  out += condition.name;
  if (!condition.param.empty()) out += " " + condition.param;
  if (condition.at_least) out += ">=" + std::to_string(condition.at_least);
  return out;
}

bool meets(const Condition& condition, const smtp::Capabilities& offered) {
  bool met = offered.has(condition.name);
  if (met && !condition.param.empty()) met = offered.has_param(condition.name, condition.param);
  if (met && condition.at_least) {
    const std::string_view params = offered.params(condition.name);
    std::uint64_t value = 0;
    std::from_chars(params.data(), params.data() + params.size(), value);
    // SIZE 0 and SIZE alone mean that there is no fixed limit (RFC 1870 section 4).
    met = value >= condition.at_least || (condition.name == "SIZE" && value == 0);
  }
  return met != condition.negated;
}

bool Case::tagged(std::string_view tag) const { return std::find(tags.begin(), tags.end(), tag) != tags.end(); }

Start start_of(const Case& test, const CaseRow& row) { return row.start.value_or(test.start); }

std::vector<Condition> conditions_of(const Case& test, const CaseRow& row) {
  std::vector<Condition> out = test.conditions;
  out.insert(out.end(), row.conditions.begin(), row.conditions.end());
  const auto opens = [](const Step& step) { return step.kind == Step::Kind::act && step.act == Step::Act::open && step.at == Start::bdat; };
  const auto any_opens = [&](const std::vector<Step>& steps) { return std::any_of(steps.begin(), steps.end(), opens); };
  for (const Statement& statement : test.delivery)
    if (statement.is_place()) out.push_back({.kind = Condition::Kind::fact, .name = std::string(to_string(statement.where))});
  if (start_of(test, row) == Start::bdat || any_opens(test.dialogue) || any_opens(test.twin)) out.push_back({.name = "CHUNKING"});
  return out;
}

Level level_of(const Case& test, const Registry& registry, std::string_view requirement) {
  const auto* found = registry.find(requirement);
  return std::max(found ? found->level : Level::must, test.weakened.value_or(Level::must));
}

Result<Case> parse_case(const std::string& text, std::string id, const std::string& file) {
  auto yaml = parse_yaml(text, file);
  if (!yaml) return tl::unexpected(yaml.error());
  if (auto ok = yaml->only(header_keys, "a case header"); !ok) return tl::unexpected(ok.error());
  for (const std::string_view needed : {"title", "covers", "dialogue"})
    if (!yaml->find(needed)) return yaml->fail("a case needs '" + std::string(needed) + "'");
  Case out;
  out.id = std::move(id);
  out.file = file;
  out.source = text;
  out.roles.assign(std::begin(smtp::all_roles), std::end(smtp::all_roles));
  out.rows.push_back({});

  for (const auto& [key, value] : yaml->entries) {
    if (key.text == "title" || key.text == "why") {
      auto line = value.as_text("a text");
      if (!line) return tl::unexpected(line.error());
      (key.text == "title" ? out.title : out.why) = smtp::trim(*line);
    } else if (key.text == "covers") {
      auto ids = value.as_texts("requirement ids");
      if (!ids) return tl::unexpected(ids.error());
      if (ids->empty()) return value.fail("a case covers at least one requirement");
      out.covers = std::move(*ids);
      for (std::size_t i = 0; i < out.covers.size(); ++i)
        out.covers_places.push_back(value.kind == Yaml::Kind::list ? value.items[i].place : value.place);
    } else if (key.text == "level") {
      auto level = parse_level(value.text);
      if (!level) return at(value, level.error());
      out.weakened = *level;
      out.level_place = value.place;
    } else if (key.text == "roles") {
      auto words = value.as_texts("roles");
      if (!words) return tl::unexpected(words.error());
      out.roles.clear();
      for (std::size_t i = 0; i < words->size(); ++i) {
        auto role = parse_role((*words)[i]);
        if (!role) return at(value.kind == Yaml::Kind::list ? value.items[i] : value, role.error());
        if (std::find(out.roles.begin(), out.roles.end(), *role) != out.roles.end())
          return value.fail("role '" + (*words)[i] + "' stands here twice");
        out.roles.push_back(*role);
      }
      if (out.roles.empty()) return value.fail("a case has at least one role");
    } else if (key.text == "tags") {
      auto words = value.as_texts("tags");
      if (!words) return tl::unexpected(words.error());
      for (const std::string& tag : *words)
        if (std::find(tag_names.begin(), tag_names.end(), tag) == tag_names.end())
          return value.fail("no tag '" + smtp::spell(tag) + "'; known are security, smuggling, slow, i18n, tls and load",
                            smtp::nearest(tag, std::span<const std::string_view>(tag_names)));
      out.tags = std::move(*words);
    } else if (key.text == "requires") {
      if (auto ok = parse_conditions(value, out.conditions, out.condition_places); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "start") {
      auto start = parse_start(value.text);
      if (!start) return at(value, start.error());
      out.start = *start;
    } else if (key.text == "each") {
      if (auto ok = parse_rows(value, out); !ok) return tl::unexpected(ok.error());
    } else if (key.text == "clones") {
      auto clones = value.as_number("how many connections run the dialogue at once", 2, 200);
      if (!clones) return tl::unexpected(clones.error());
      out.clones = static_cast<int>(*clones);
    } else if (key.text == "timeout") {
      auto timeout = parse_duration(value.text);
      if (!timeout) return at(value, timeout.error());
      out.timeout = *timeout;
    } else if (key.text == "exempt") {
      if (value.kind != Yaml::Kind::map) return value.fail("expected rules and reasons, {rule: why this case breaks it on purpose}");
      for (const auto& [rule, reason] : value.entries) {
        if (reason.kind != Yaml::Kind::text || smtp::trim(reason.text).empty()) return rule.fail("an exemption needs a reason");
        out.exempt.push_back({rule.text, reason.text, rule.place});
      }
    } else if (key.text == "kills") {
      auto faults = value.as_texts("ids of faults");
      if (!faults) return tl::unexpected(faults.error());
      for (std::size_t i = 0; i < faults->size(); ++i) {
        const Yaml& item = value.kind == Yaml::Kind::list ? value.items[i] : value;
        if (!is_fault_id((*faults)[i]))
          return item.fail("'" + smtp::spell((*faults)[i]) + "' is no id of a fault; they look like model/ready/NOOP/code-500");
        out.kills.push_back({std::move((*faults)[i]), item.place});
      }
    } else {
      const auto lines = block(key, value, text);
      if (!lines) return tl::unexpected(lines.error());
      if (key.text == "delivery") {
        auto statements = parse_delivery(lines->text, file, lines->line, lines->indent);
        if (!statements) return tl::unexpected(statements.error());
        out.delivery = std::move(*statements);
        continue;
      }
      auto steps = parse_dialogue(lines->text, file, lines->line, lines->indent);
      if (!steps) return tl::unexpected(steps.error());
      (key.text == "dialogue" ? out.dialogue : out.twin) = std::move(*steps);
    }
  }
  if (out.title.empty()) return yaml->fail("a case needs a title");
  if (std::none_of(out.dialogue.begin(), out.dialogue.end(), [](const Step& step) { return step.kind != Step::Kind::remark; }))
    return yaml->find("dialogue")->fail("the dialogue is empty");
  return out;
}

namespace {

std::string indented(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    out += end == 0 ? "" : "  ";
    out += std::string(lines.substr(0, end)) + "\n";
    lines.remove_prefix(end + 1);
  }
  return out;
}

// A text of one line as YAML takes it whatever stands in it.
std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

template <class List, class Word>
std::string listed(const List& list, const Word& word) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + word(item);
  return "[" + out + "]\n";
}

}  // namespace

std::string print_case(const Case& test) {
  const auto as_it_is = [](const std::string& word) { return word; };
  const CaseRow& row = test.rows.front();
  std::string out = "title: " + in_quotes(test.title) + "\n";
  if (!test.why.empty()) out += "why: " + in_quotes(test.why) + "\n";
  out += "covers: " + listed(test.covers, as_it_is);
  if (test.weakened) out += "level: " + std::string(to_string(*test.weakened)) + "\n";
  if (!test.roles.empty()) out += "roles: " + listed(test.roles, [](smtp::Role role) { return std::string(to_string(role)); });
  if (!test.tags.empty()) out += "tags: " + listed(test.tags, as_it_is);
  if (const auto needed = conditions_of(test, row); !needed.empty())
    out += "requires: " + listed(needed, [](const Condition& one) { return in_quotes(to_string(one)); });
  out += "start: " + std::string(to_string(start_of(test, row))) + "\n";
  if (test.clones > 1) out += "clones: " + std::to_string(test.clones) + "\n";
  if (test.timeout) out += "timeout: " + print_duration(*test.timeout) + "\n";
  if (!test.exempt.empty()) out += "exempt:\n";
  for (const Exemption& one : test.exempt) out += "  " + one.rule + ": " + in_quotes(one.reason) + "\n";
  out += "dialogue: |\n" + indented(print_dialogue(with(test.dialogue, row.variables)));
  if (!test.delivery.empty()) out += "delivery: |\n" + indented(print_delivery(with(test.delivery, row.variables)));
  return out;
}

Result<std::string> format_case(const std::string& text, const std::string& file) {
  auto parsed = parse_case(text, "", file);
  if (!parsed) return tl::unexpected(parsed.error());
  auto yaml = parse_yaml(text, file);
  // Top-level keys with what belongs to each: remarks above it, its line and those of its value.
  struct Part {
    std::string key;
    std::string remarks;
    std::string lines;
  };
  std::vector<Part> parts;
  std::string remarks, blanks;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    std::string line(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    const bool key = !line.empty() && line[0] != ' ' && line[0] != '#' && line[0] != '-' && line.find(':') != std::string::npos;
    if (key) {
      parts.push_back({std::string(smtp::trim(line.substr(0, line.find(':')))), remarks, line + "\n"});
      remarks.clear();
    } else if (!line.empty() && line[0] == '#') {
      remarks += line + "\n";
    } else if (line.empty()) {
      blanks += "\n";  // inside a value they may be part of it, between keys they go
      continue;
    } else if (!parts.empty()) {
      parts.back().lines += blanks + remarks + line + "\n";
      remarks.clear();
    }
    blanks.clear();
  }
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    const auto rank = [](const std::string& key) { return std::find(header_keys.begin(), header_keys.end(), key) - header_keys.begin(); };
    return rank(a.key) < rank(b.key);
  });
  std::string out;
  for (const Part& part : parts) {
    out += part.remarks;
    const bool blocks = part.key == "dialogue" || part.key == "twin" || part.key == "delivery";
    if (!blocks) out += part.lines;
    else
      out += part.key + ": |\n" +
             indented(part.key == "delivery" ? print_delivery(parsed->delivery)
                                             : print_dialogue(part.key == "dialogue" ? parsed->dialogue : parsed->twin));
  }
  out += remarks;
  // The file was cut by its lines, which is less than YAML: where that is not enough, it stays as it is.
  auto again = parse_case(out, "", file);
  if (!again || !same(*parsed, *again))
    return failure("the header cannot be brought into canonical form; write each key on a line of its own", Place{file, 1, 1});
  return out;
}

}  // namespace smtpspec::script
