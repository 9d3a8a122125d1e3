#include "fuzz/grammar/grammar.hpp"

#include <algorithm>
#include <cassert>

namespace smtpspec::fuzz {
namespace {

using script::Piece;
using smtp::Input;

constexpr int most_depth = 12;  // from here on only the first production of a symbol

void add(std::vector<Input>& to, Input input) {
  if (std::find(to.begin(), to.end(), input) == to.end()) to.push_back(input);
}

// Why a server may refuse what is said rightly: its policy, its limits, its mailboxes.
std::span<const Input> refusals(Input base) {
  using enum Input;
  static constexpr Input of_ehlo[] = {ehlo_refused}, of_helo[] = {helo_refused}, of_mail[] = {mail_refused, mail_too_big},
                         of_rcpt[] = {rcpt_no_mailbox, rcpt_no_relay, rcpt_too_many, rcpt_refused}, of_data[] = {data_refused, data_binary},
                         of_chunk[] = {chunk_too_big, last_chunk_refused, last_chunk_not_stored},
                         of_content[] = {content_too_big, content_refused, content_not_stored},
                         of_auth[] = {auth_failure, auth_no_mechanism};
  switch (base) {
    case ehlo: return of_ehlo;
    case helo: return of_helo;
    case mail: return of_mail;
    case rcpt: return of_rcpt;
    case data: return of_data;
    case chunk:
    case last_chunk: return of_chunk;
    case content: return of_content;
    case auth_success:
    case auth_challenge: return of_auth;
    default: return {};
  }
}

// A syntax error of the command, where the model has one.
std::optional<Input> syntax_error(Input base) {
  using enum Input;
  switch (base) {
    case ehlo: return ehlo_syntax;
    case helo: return helo_syntax;
    case mail: return mail_syntax;
    case rcpt: return rcpt_syntax;
    case data: return data_argument;
    case chunk:
    case last_chunk: return chunk_syntax;
    case rset: return rset_argument;
    case vrfy: return vrfy_syntax;
    case expn: return expn_syntax;
    case quit: return quit_argument;
    case Input::starttls: return starttls_argument;
    case auth_challenge:
    case auth_success:
    case auth_failure: return auth_malformed;
    default: return {};
  }
}

bool has_text(const Piece& piece) { return piece.kind != Piece::Kind::octets || !piece.text.empty(); }

}  // namespace

std::string_view to_string(Validity validity) {
  constexpr std::string_view words[] = {"valid", "unusual", "tolerated", "invalid", "forbidden"};
  return words[static_cast<int>(validity)];
}

const Grammar& Grammar::instance() {
  static const Grammar grammar;
  return grammar;
}

int Grammar::number_of(std::string_view symbol) const {
  const auto at = std::find(symbols_.begin(), symbols_.end(), symbol);
  return at == symbols_.end() ? -1 : static_cast<int>(at - symbols_.begin());
}

std::vector<std::string_view> Grammar::symbols_in(std::uint16_t production) const {
  std::vector<std::string_view> out;
  for (const Part& part : rules_[production].parts)
    if (part.symbol >= 0) out.push_back(symbols_[static_cast<std::size_t>(part.symbol)]);
  return out;
}

Grammar::Grammar() {
  const auto table = productions();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (symbols_.empty() || symbols_.back() != table[i].symbol) {
      symbols_.push_back(table[i].symbol);
      of_symbol_.emplace_back();
    }
    of_symbol_.back().push_back(static_cast<std::uint16_t>(i));
  }
  for (const Production& production : table) {
    Rule& rule = rules_.emplace_back();
    const auto text = script::parse_template(production.makes);
    assert(text && "a production is a template");
    for (const Piece& piece : text->pieces) {
      const int symbol = piece.kind == Piece::Kind::name ? number_of(piece.text) : -1;
      rule.parts.push_back({symbol, symbol < 0 ? piece : Piece{}});
      rule.leaf = rule.leaf && symbol < 0;
    }
    text->names([&](std::string_view name) {
      if (number_of(name) < 0) rule.facts.emplace_back(name);
    });
  }
  // What no row of a symbol does without, who names the symbol needs, too.
  for (bool more = true; more;) {
    more = false;
    for (Rule& rule : rules_)
      for (const Part& part : rule.parts) {
        if (part.symbol < 0) continue;
        const auto& rows = of_symbol_[static_cast<std::size_t>(part.symbol)];
        std::vector<std::string> needed = rules_[rows.front()].facts;
        for (const std::uint16_t row : rows)
          std::erase_if(needed, [&](const std::string& name) {
            const auto& facts = rules_[row].facts;
            return std::find(facts.begin(), facts.end(), name) == facts.end();
          });
        for (const std::string& name : needed)
          if (std::find(rule.facts.begin(), rule.facts.end(), name) == rule.facts.end()) rule.facts.push_back(name), more = true;
      }
  }
  // A symbol is as large as the smallest of its productions, until nothing changes.
  std::vector<std::size_t> least(symbols_.size(), 1000);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t symbol = 0; symbol < symbols_.size(); ++symbol)
      for (const std::uint16_t production : of_symbol_[symbol]) {
        Rule& rule = rules_[production];
        rule.least = 1;
        for (const Part& part : rule.parts)
          if (part.symbol >= 0) rule.least += least[static_cast<std::size_t>(part.symbol)];
        if (rule.least >= least[symbol]) continue;
        least[symbol] = rule.least;
        changed = true;
      }
  }
}

bool Grammar::possible(std::uint16_t production, const Ground& ground) const {
  const auto& facts = rules_[production].facts;
  return !ground.facts || std::all_of(facts.begin(), facts.end(), [&](const std::string& name) { return ground.facts->has(name); });
}

Node Grammar::grow(int symbol, const Ground& ground, Random& random, int depth) const {
  const auto table = productions();
  const auto& choices = of_symbol_[static_cast<std::size_t>(symbol)];
  const bool broken = symbols_[static_cast<std::size_t>(symbol)].starts_with("broken-");
  const auto fits = [&](std::uint16_t production) {
    const Production& one = table[production];
    return (broken || one.validity <= Validity::unusual) && possible(production, ground) &&
           (one.needs.empty() || !ground.offered || ground.offered->has(one.needs));
  };
  std::size_t weights = 0;
  if (depth < most_depth)
    for (const std::uint16_t production : choices)
      if (fits(production)) weights += static_cast<std::size_t>(table[production].weight);
  Node node{choices.front(), {}};
  if (weights > 0) {
    std::size_t at = random.below(weights);
    for (const std::uint16_t production : choices) {
      if (!fits(production)) continue;
      const auto weight = static_cast<std::size_t>(table[production].weight);
      if (at < weight) {
        node.production = production;
        break;
      }
      at -= weight;
    }
  }
  for (const Part& part : rules_[node.production].parts)
    if (part.symbol >= 0) node.children.push_back(grow(part.symbol, ground, random, depth + 1));
  return node;
}

Node Grammar::generate(std::string_view symbol, const Ground& ground, Random& random) const {
  const int number = number_of(symbol);
  assert(number >= 0 && "the grammar has the symbol");
  return grow(number, ground, random, 0);
}

Node Grammar::command(std::string_view symbol, const Ground& ground, Random& random) const {
  Node tree = generate(symbol, ground, random);
  while (symbol_of(tree) == "command") tree = Node(std::move(tree.children.front()));
  return tree;
}

std::optional<Node> Grammar::meaning_one(smtp::Input input, const Ground& ground, Random& random) const {
  constexpr std::string_view exchanged = "response";
  const auto table = productions();
  std::vector<std::uint16_t> choices;
  for (std::size_t number = 0; number < table.size(); ++number) {
    const auto i = static_cast<std::uint16_t>(number);
    const auto means = table[i].means.all();
    const bool wanted = std::find(means.begin(), means.end(), input) != means.end();
    const bool known = table[i].needs.empty() || !ground.offered || ground.offered->has(table[i].needs);
    if (wanted && known && table[i].symbol != exchanged && possible(i, ground)) choices.push_back(i);
  }
  if (choices.empty()) return {};
  Node out{random.pick(choices), {}};
  for (const Part& part : rules_[out.production].parts)
    if (part.symbol >= 0) out.children.push_back(grow(part.symbol, ground, random, 3));
  // A parameter stands in a command.
  static constexpr std::pair<std::string_view, std::string_view> places[] = {{"mail", "mail-parameters"}, {"rcpt", "rcpt-parameters"}};
  const std::string_view symbol = symbol_of(out);
  for (const auto& [verb, parameters] : places) {
    const int number = number_of(verb);
    if (symbol == verb ||
        smtp::verb_of(input) != smtp::verb_of(table[of_symbol_[static_cast<std::size_t>(number)].front()].means.all().front()))
      continue;
    // Some parameter of the plain command grows into it.
    Node whole = smallest(number, ground);
    const auto put = [&](const auto& self, Node& node, int depth) -> bool {
      for (Node& child : node.children) {
        if (symbol_of(child) == symbol) {
          child = out;
          return true;
        }
        if (depth > 0 && self(self, child, depth - 1)) return true;
      }
      return false;
    };
    for (const std::uint16_t production : of_symbol_[static_cast<std::size_t>(number_of(parameters))]) {
      Node list{production, {}};
      for (const Part& part : rules_[production].parts)
        if (part.symbol >= 0) list.children.push_back(smallest(part.symbol, ground));
      for (Node& child : whole.children)
        if (symbol_of(child) == parameters) child = list;
      if (put(put, whole, 2)) return whole;
    }
    return {};
  }
  return out;
}

bool Grammar::mutate(Node& tree, const Ground& ground, Random& random) const {
  std::vector<Node*> nodes;
  const auto gather = [&](const auto& self, Node& node) -> void {
    nodes.push_back(&node);
    for (Node& child : node.children) self(self, child);
  };
  gather(gather, tree);
  for (int tries = 0; tries < 8; ++tries) {
    Node& node = *random.pick(nodes);
    const int symbol = number_of(symbol_of(node));
    const auto& choices = of_symbol_[static_cast<std::size_t>(symbol)];
    const std::uint16_t production = random.pick(choices);
    if ((production == node.production && rules_[production].leaf) || !possible(production, ground)) continue;
    Node grown{production, {}};
    for (const Part& part : rules_[production].parts)
      if (part.symbol >= 0) grown.children.push_back(grow(part.symbol, ground, random, 3));
    node = std::move(grown);
    return true;
  }
  return false;
}

void Grammar::write(const Node& node, std::vector<Piece>& out) const {
  std::size_t child = 0;
  for (const Part& part : rules_[node.production].parts) {
    if (part.symbol >= 0) {
      write(node.children[child++], out);
    } else if (part.piece.kind == Piece::Kind::octets && !out.empty() && out.back().kind == Piece::Kind::octets) {
      out.back().text += part.piece.text;
    } else if (has_text(part.piece)) {
      out.push_back(part.piece);
    }
  }
}

script::Template Grammar::text(const Node& tree) const {
  script::Template out;
  write(tree, out.pieces);
  return out;
}

void Grammar::gather(const Node& node, const smtp::Capabilities& offered, Meaning& out) const {
  const Production& production = productions()[node.production];
  const bool unknown = !production.needs.empty() && !offered.has(production.needs);
  if (production.validity > out.validity) {
    out.validity = production.validity;
    out.worst = &production;
  }
  for (const Input input : production.means.all()) add(out.inputs, input);
  for (const Node& child : node.children) gather(child, offered, out);
  const Input base = out.inputs.empty() ? Input::greeting : out.inputs.front();
  // A parameter that is not known, or a value that is not, or what it lets stand in the address.
  if (unknown && base == Input::mail)
    for (const Input input : {Input::mail_unknown_parameter, Input::mail_bad_parameter, Input::mail_syntax}) add(out.inputs, input);
  else if (unknown && base == Input::rcpt)
    for (const Input input : {Input::rcpt_unknown_parameter, Input::rcpt_bad_parameter, Input::rcpt_syntax}) add(out.inputs, input);
  else if (unknown)
    for (const Input input : {Input::unknown_verb, Input::not_implemented}) add(out.inputs, input);
  if (production.validity == Validity::valid || (production.validity != Validity::tolerated && !production.means.all().empty())) return;
  // A part that says nothing of itself is a syntax error of its command to a server that does not take it.
  if (const auto error = syntax_error(base)) add(out.inputs, *error);
  else out.anything = true;
}

Meaning Grammar::meaning(const Node& tree, const smtp::Capabilities& offered) const {
  Meaning out;
  gather(tree, offered, out);
  if (out.inputs.empty()) return out;
  const Input base = out.inputs.front();
  for (const Input input : refusals(base)) add(out.inputs, input);
  // To be refused: the command that it would be without the broken part is none of what it may be taken for.
  if (out.validity >= Validity::invalid && (base == Input::mail || base == Input::rcpt)) {
    out.accepted = base;
    out.inputs.erase(out.inputs.begin());
  }
  return out;
}

Node Grammar::smallest(int symbol, const Ground& ground) const {
  const auto& choices = of_symbol_[static_cast<std::size_t>(symbol)];
  std::uint16_t best = choices.front();
  for (const std::uint16_t production : choices)
    if (productions()[production].validity == Validity::valid && possible(production, ground) &&
        rules_[production].least < rules_[best].least)
      best = production;
  Node node{best, {}};
  for (const Part& part : rules_[best].parts)
    if (part.symbol >= 0) node.children.push_back(smallest(part.symbol, ground));
  return node;
}

std::vector<Node> Grammar::simpler(const Node& tree, const Ground& ground) const {
  std::vector<Node> out;
  const Node least = smallest(number_of(symbol_of(tree)), ground);
  if (least != tree) out.push_back(least);
  for (std::size_t i = 0; i < tree.children.size(); ++i) {
    // A node of the same symbol below takes this one's place.
    if (symbol_of(tree.children[i]) == symbol_of(tree)) out.push_back(tree.children[i]);
    for (Node& child : simpler(tree.children[i], ground)) {
      Node copy = tree;
      copy.children[i] = std::move(child);
      out.push_back(std::move(copy));
    }
  }
  return out;
}

}  // namespace smtpspec::fuzz
