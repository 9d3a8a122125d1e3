#include "fuzz/scenario/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::fuzz {
namespace {

using Kind = Act::Kind;

constexpr std::string_view heading = "scenario 1 ";
constexpr std::array<std::string_view, 9> kind_words = {"command", "data",    "auth", "starttls", "chunk",
                                                        "silence", "restart", "open", "hang-up"};
constexpr std::array<std::string_view, 8> attributes = {"glued", "last", "single", "restarts", "cuts=", "time=", "connection=", "at="};
constexpr std::size_t most_acts = 1000, most_deep = 100;

void write(const Node& node, std::size_t depth, std::string& out) {
  const Production& production = productions()[node.production];
  out += std::string(2 * depth, ' ') + std::string(production.symbol) + " \"" + std::string(production.makes) + "\"\n";
  for (const Node& child : node.children) write(child, depth + 1, out);
}

std::string line_of(const Act& act) {
  std::string out(kind_words[static_cast<std::size_t>(act.kind)]);
  const auto flag = [&out](bool set, std::string_view word) {
    if (set) out += " " + std::string(word);
  };
  flag(act.glued, "glued");
  flag(act.last, "last");
  flag(act.single, "single");
  flag(act.restarts, "restarts");
  for (std::size_t i = 0; i < act.cuts.size(); ++i) out += (i == 0 ? " cuts=" : ",") + std::to_string(act.cuts[i]);
  if (act.time.count() > 0) out += " time=" + script::print_duration(act.time);
  if (act.connection != 1) out += " connection=" + std::to_string(act.connection);
  if (act.kind == Kind::open) out += " at=" + std::string(to_string(act.at));
  return out + "\n";
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

class ScenarioReader {
 public:
  ScenarioReader(std::string_view text, const std::string& file) : rest_(text), file_(file) {}

  Result<Scenario> run() {
    Scenario out;
    if (!next() || !line_.starts_with(heading)) return wrong("no scenario: it begins with 'scenario 1' and a role");
    const std::string_view word = line_.substr(heading.size());
    const auto* const role =
        std::find_if(std::begin(smtp::all_roles), std::end(smtp::all_roles), [&](smtp::Role one) { return to_string(one) == word; });
    if (role == std::end(smtp::all_roles)) return wrong("'" + smtp::spell(word) + "' is no role");
    out.role = *role;
    next();
    while (!done_) {
      if (out.acts.size() == most_acts) return wrong("more than " + std::to_string(most_acts) + " acts");
      auto act = read_act();
      if (!act) return tl::unexpected(act.error());
      out.acts.push_back(std::move(*act));
    }
    if (out.acts.empty()) return wrong("it has no acts");
    return out;
  }

 private:
  tl::unexpected<Error> wrong(std::string what) const { return failure(std::move(what), {file_, number_, 0}); }

  // The next line, without the blanks that it is indented by. One without a line end was cut off.
  bool next() {
    const std::size_t end = rest_.find('\n');
    done_ = rest_.empty();
    if (!done_ || whole_) ++number_;  // behind a line that was cut off there is none
    whole_ = end != std::string_view::npos;
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(std::min(rest_.size(), line_.size() + 1));
    depth_ = std::min(line_.find_first_not_of(' '), line_.size());
    line_.remove_prefix(depth_);
    return !done_;
  }

  Result<Act> read_act() {
    if (depth_ != 0) return wrong("an act begins at the beginning of its line");
    Act act{.tree = {}};
    std::string_view words = line_;
    const auto word = [&words] {
      const std::string_view out = words.substr(0, words.find(' '));
      words.remove_prefix(std::min(words.size(), out.size() + 1));
      return out;
    };
    const std::string_view kind = word();
    const auto* const at = std::find(kind_words.begin(), kind_words.end(), kind);
    if (at == kind_words.end() || !whole_) return wrong("'" + smtp::spell(kind) + "' is no act");
    act.kind = static_cast<Kind>(at - kind_words.begin());
    while (!words.empty())
      if (auto taken = take_attribute(act, word()); !taken) return tl::unexpected(taken.error());
    next();
    if (!act.says()) return act;
    auto tree = read_tree(1);
    if (!tree) return tl::unexpected(tree.error());
    act.tree = std::move(*tree);
    while (!done_ && depth_ > 0) {
      auto more = read_tree(1);
      if (!more) return tl::unexpected(more.error());
      act.more.push_back(std::move(*more));
    }
    if (act.more.empty() && (act.kind == Kind::data || act.kind == Kind::auth)) return wrong("it says nothing behind its command");
    return act;
  }

  Result<void> take_attribute(Act& act, std::string_view word) const {
    const auto* const named = std::find_if(attributes.begin(), attributes.end(),
                                           [&](std::string_view one) { return one.ends_with('=') ? word.starts_with(one) : word == one; });
    if (named == attributes.end()) return wrong("'" + smtp::spell(word) + "' says nothing of an act");
    std::string_view value = word.substr(named->size());
    switch (named - attributes.begin()) {
      case 0: act.glued = true; return {};
      case 1: act.last = true; return {};
      case 2: act.single = true; return {};
      case 3: act.restarts = true; return {};
      case 4:
        while (true) {
          const std::string_view one = value.substr(0, value.find(','));
          if (!parse_number(one, act.cuts.emplace_back())) return wrong("'" + smtp::spell(one) + "' is no place to cut");
          if (one.size() == value.size()) return {};
          value.remove_prefix(one.size() + 1);
        }
      case 5: {
        const auto time = script::parse_duration(value);
        if (!time) return wrong(time.error().message);
        act.time = *time;
        return {};
      }
      case 6:
        if (!parse_number(value, act.connection) || act.connection < 1 || act.connection > most_connections)
          return wrong("'" + smtp::spell(value) + "' is no connection");
        return {};
      default: {
        if (act.kind != Kind::open) return wrong("'at=' says where a connection opens, and this opens none");
        const auto start = script::parse_start(value);
        if (!start) return wrong(start.error().message);
        act.at = *start;
        return {};
      }
    }
  }

  Result<Node> read_tree(std::size_t depth) {
    if (done_ || depth_ != 2 * depth) return wrong("expected a node " + std::to_string(2 * depth) + " blanks deep");
    if (depth > most_deep) return wrong("the tree is deeper than " + std::to_string(most_deep));
    const std::size_t quote = line_.find(" \"");
    if (quote == std::string_view::npos || !line_.ends_with('"') || line_.size() < quote + 3 || !whole_)
      return wrong("a node is a symbol and a production's text in quotes");
    const auto found = numbers().find(line_);
    if (found == numbers().end()) return wrong("the grammar has no production " + smtp::spell(line_));
    Node out{found->second, {}};
    next();
    for (const std::string_view symbol : Grammar::instance().symbols_in(out.production)) {
      const int place = number_;
      auto child = read_tree(depth + 1);
      if (!child) return child;
      if (Grammar::instance().symbol_of(*child) != symbol) return failure("expected the symbol " + std::string(symbol), {file_, place, 0});
      out.children.push_back(std::move(*child));
    }
    return out;
  }

  // The productions by their lines.
  static const std::unordered_map<std::string_view, std::uint16_t>& numbers() {
    static const std::vector<std::string> lines = [] {
      std::vector<std::string> out;
      for (const Production& one : productions()) out.push_back(std::string(one.symbol) + " \"" + std::string(one.makes) + "\"");
      return out;
    }();
    static const std::unordered_map<std::string_view, std::uint16_t> out = [] {
      std::unordered_map<std::string_view, std::uint16_t> map;
      for (std::size_t i = 0; i < lines.size(); ++i) map.emplace(lines[i], static_cast<std::uint16_t>(i));
      return map;
    }();
    return out;
  }

  std::string_view rest_, line_;
  const std::string& file_;
  int number_ = 0;
  std::size_t depth_ = 0;  // blanks
  bool done_ = false, whole_ = true;
};

}  // namespace

std::string to_text(const Scenario& scenario) {
  std::string out = std::string(heading) + std::string(to_string(scenario.role)) + "\n";
  for (const Act& act : scenario.acts) {
    out += line_of(act);
    if (!act.says()) continue;
    write(act.tree, 1, out);
    for (const Node& tree : act.more) write(tree, 1, out);
  }
  return out;
}

Result<Scenario> from_text(std::string_view text, const std::string& file) { return ScenarioReader(text, file).run(); }

}  // namespace smtpspec::fuzz
