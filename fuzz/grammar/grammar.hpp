// What a client can say, as a grammar of typed derivation trees: RFC 5321 section 4.1 with RFC 1870, 3030, 3207, 3461, 4954,
// 6152 and 6531. A production is a text in the language of the case files' templates, where a name in braces is a symbol of
// this grammar or a fact of the target:
//
//   {"mail", 20, "MAIL FROM:{reverse-path}{mail-parameters}{end}", .means = {Input::mail}}
//   {"reverse-path", 3, "{sender}", Validity::tolerated, {Input::mail_syntax}, "RFC5321 4.1.2"}
//
// A tree says what is lawful to answer: a server that conforms takes its command for one of meaning().inputs. Nothing is ever
// read back from the octets.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/grammar/random.hpp"
#include "smtpspec/script/template.hpp"
#include "smtpspec/smtp/ehlo.hpp"
#include "smtpspec/smtp/model.hpp"

namespace smtpspec::fuzz {

// What a production makes of the command that it is part of, the mildest first.
enum class Validity : std::uint8_t {
  valid,      // a server has to take it for what it is
  unusual,    // lawful, and refused here and there: obsolete forms, rare literals, lengths near a limit
  tolerated,  // outside the grammar; taken by servers that respect the robustness principle
  invalid,    // outside the grammar: to be refused
  forbidden,  // outside the grammar, and a MUST says that it is refused
};
std::string_view to_string(Validity validity);

// The inputs of the server model that a production makes possible.
struct Means {
  smtp::Input of[4]{};
  std::uint8_t count = 0;
  constexpr Means() = default;
  constexpr Means(std::initializer_list<smtp::Input> inputs) {
    for (const smtp::Input input : inputs) of[count++] = input;
  }
  std::span<const smtp::Input> all() const { return {of, count}; }
};

struct Production {
  std::string_view symbol;
  int weight = 1;  // among the productions of the symbol; how often it is taken, not how likely a server likes it
  std::string_view makes;
  Validity validity = Validity::valid;
  Means means{};             // of a command: what it is; of a part that is not valid: what it may be taken for
  std::string_view law{};    // sections
  std::string_view needs{};  // the EHLO keyword without which the server need not know it
};
std::span<const Production> productions();
// False of those that only choose a command: its tree begins with what they choose.
bool can_be_said(const Production& production);
std::size_t sayable_productions();  // how many can be

// A node of a derivation tree. Its children stand in the order of the symbols in the production's text.
struct Node {
  std::uint16_t production = 0;
  std::vector<Node> children;
  bool operator==(const Node&) const = default;
};

// What a target has: facts that a production may name, and what its EHLO offered.
struct Ground {
  const script::Facts* facts = nullptr;
  const smtp::Capabilities* offered = nullptr;  // nullptr: everything
};

struct Meaning {
  Validity validity = Validity::valid;  // the worst of the tree
  std::vector<smtp::Input> inputs;      // of a lawful server; the one that the command is without its broken parts comes first
  std::optional<smtp::Input> accepted;  // what a server takes it for that is laxer than it may be
  const Production* worst = nullptr;    // that made it so; nullptr for a valid tree
  bool anything = false;                // the model has no word for what a server may make of it
};

class Grammar {
 public:
  Grammar();
  static const Grammar& instance();

  // A random tree of the symbol, lawful unless the symbol is one of those for what is broken; nothing that the ground lacks.
  // Trees are small: recursion dies out.
  Node generate(std::string_view symbol, const Ground& ground, Random& random) const;
  // The same of a command, or of a symbol that makes one: the tree of the command itself, whose symbol tells the verb's kind.
  Node command(std::string_view symbol, const Ground& ground, Random& random) const;
  // A command that may be taken for the input, of whatever validity: the rare ones come as often as the others. Nothing when the
  // ground has none.
  std::optional<Node> meaning_one(smtp::Input input, const Ground& ground, Random& random) const;
  // The smallest lawful tree of the symbol: what an ordinary client says.
  Node plain(std::string_view symbol, const Ground& ground) const { return smallest(number_of(symbol), ground); }
  // Puts another production in the place of a random node: any validity. False when there is nothing to change.
  bool mutate(Node& tree, const Ground& ground, Random& random) const;

  script::Template text(const Node& tree) const;
  // What a server with these capabilities may take a command for.
  Meaning meaning(const Node& tree, const smtp::Capabilities& offered) const;

  std::string_view symbol_of(const Node& tree) const { return productions()[tree.production].symbol; }
  // Those that the children of a node with this production are of, in order.
  std::vector<std::string_view> symbols_in(std::uint16_t production) const;
  // The trees that can stand in the place of this one and are smaller, the smallest first: for a minimiser.
  std::vector<Node> simpler(const Node& tree, const Ground& ground) const;

 private:
  struct Part {
    int symbol = -1;  // or, when negative, the piece
    script::Piece piece{};
  };
  struct Rule {
    std::vector<Part> parts;
    std::vector<std::string> facts;  // that it names
    bool leaf = true;
    std::size_t least = 0;  // nodes of its smallest tree
  };
  bool possible(std::uint16_t production, const Ground& ground) const;
  Node grow(int symbol, const Ground& ground, Random& random, int depth) const;
  Node smallest(int symbol, const Ground& ground) const;
  void write(const Node& node, std::vector<script::Piece>& out) const;
  void gather(const Node& node, const smtp::Capabilities& offered, Meaning& out) const;
  int number_of(std::string_view symbol) const;

  std::vector<std::string_view> symbols_;
  std::vector<std::vector<std::uint16_t>> of_symbol_;  // the productions
  std::vector<Rule> rules_;                            // of productions()
};

}  // namespace smtpspec::fuzz
