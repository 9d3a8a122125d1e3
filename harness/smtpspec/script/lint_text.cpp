#include <algorithm>
#include <set>

#include "smtpspec/script/lint_parts.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

bool is_boundary(const Piece& piece) { return piece.kind == Piece::Kind::cut || piece.kind == Piece::Kind::pause; }

// The pieces of a secret are masked each for itself.
void secrets(Linter& linter, const std::vector<Step>& steps, bool in_pieces) {
  for (const Step& step : steps) {
    bool secret = false;
    step.text.names([&](std::string_view name) { secret = secret || name == "password"; });
    if (secret && (in_pieces || std::any_of(step.text.pieces.begin(), step.text.pieces.end(), is_boundary)))
      linter.say("a line with the password must not be cut: its masked pieces would show how long it is", step.place);
    secrets(linter, step.inside, in_pieces || step.octet_by_octet);
  }
}

constexpr std::size_t size_limit = 1u << 30;  // beyond it nobody counts

// How many octets the pieces make at least; facts of the profile, and what the session hears, count for nothing.
std::size_t least_size(const std::vector<Piece>& pieces) {
  std::size_t size = 0;
  for (const Piece& piece : pieces) {
    switch (piece.kind) {
      case Piece::Kind::octets: size += piece.text.size(); break;
      case Piece::Kind::limit:
      case Piece::Kind::address:
      case Piece::Kind::name: break;
      case Piece::Kind::repeat: size += piece.count * least_size(piece.inside); break;
      case Piece::Kind::pad: break;
      case Piece::Kind::lines: size += piece.count < 2 ? 0 : piece.count - 2; break;
      case Piece::Kind::base64: size += (least_size(piece.inside) + 2) / 3 * 4; break;
      case Piece::Kind::xtext:
      case Piece::Kind::upper:
      case Piece::Kind::lower: size += least_size(piece.inside); break;
      case Piece::Kind::cut:
      case Piece::Kind::pause: break;
    }
  }
  return std::min(size, size_limit);
}

// {pad} and segment boundaries work on a line, and do nothing of use elsewhere.
void pieces(Linter& linter, const std::vector<Piece>& all, const Place& place, std::size_t line_end, bool quoted) {
  const Piece* pad = nullptr;
  for (const Piece& piece : all) {
    if (quoted && is_boundary(piece)) {
      const std::string shown = print_template({{piece}});
      linter.say(shown + " does nothing inside quotes; write it between the braces", place);
    }
    if (piece.kind == Piece::Kind::pad) {
      if (pad) linter.say("a line has one {pad}; the last one counts", place);
      pad = &piece;
    }
    pieces(linter, piece.inside, place, 0, true);
  }
  const std::size_t size = pad && !pad->beyond_limit ? least_size(all) + line_end : 0;
  if (pad && !pad->beyond_limit && size > pad->count)
    linter.say("{pad " + std::to_string(pad->count) + "} pads to fewer octets than the line has without it; they are at least " +
                   std::to_string(size) + (linter.row->name.empty() ? "" : " in row '" + linter.row->name + "'"),
               place);
}

void lines(Linter& linter, const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    pieces(linter, step.text.pieces, step.place, step.kind == Step::Kind::line ? 2 : 0, false);
    step.text.visit([&](const Piece& piece) {
      if (piece.beyond_limit && !linter.requires_keyword("SIZE"))
        linter.say("{size-limit} needs 'requires: [SIZE]': a server that does not offer it gives no number", step.place);
    });
    lines(linter, step.inside);
  }
}

void names(Linter& linter, const std::vector<Step>& steps, const std::vector<std::string_view>& known, bool repeated) {
  for (const Step& step : steps) {
    step.text.names([&](std::string_view name) {
      if (name == times_name) {
        if (!repeated) linter.say("{" + std::string(name) + "} stands inside 'times' only, whose times it counts", step.place);
      } else if (std::find(known.begin(), known.end(), name) == known.end()) {
        linter.say("{" + std::string(name) + "} is neither a fact nor a variable of the rows", step.place,
                   smtp::nearest(name, std::span<const std::string_view>(known)));
      }
    });
    names(linter, step.inside, known, repeated || step.kind == Step::Kind::times);
  }
}

}  // namespace

void lint_rows(Linter& linter) {
  std::set<std::string, std::less<>> used;
  for (const auto* steps : {&linter.test.dialogue, &linter.test.twin})
    visit_templates(*steps, [&](const Template& text, const Step&) { text.names([&](std::string_view name) { used.emplace(name); }); });
  for (const Statement& statement : linter.test.delivery) statement.text.names([&](std::string_view name) { used.emplace(name); });
  for (const CaseRow& row : linter.test.rows) {
    for (const auto& [name, value] : row.variables) {
      const CaseRow::Places& places = row.places.find(name)->second;
      // A name that is one slip away is complained about where it stands.
      const std::string_view only[] = {name};
      const bool misspelt = std::any_of(used.begin(), used.end(), [&](const std::string& other) {
        return !find_fact(other) && !row.variables.count(other) && !smtp::nearest(other, std::span<const std::string_view>(only)).empty();
      });
      if (used.insert(name).second && !misspelt)
        linter.say("variable '" + name + "' is used nowhere; {" + name + "} stands for it in the dialogue", places.name);
      // Rows fill the dialogue and not one another.
      value.names([&](std::string_view other) {
        if (!find_fact(other))
          linter.say("{" + std::string(other) + "} is no fact; the value of a variable may name nothing else", places.value);
      });
    }
  }
}

namespace {
std::vector<std::string_view> known_names(const Case& test) {
  std::vector<std::string_view> out;
  for (const FactName& fact : fact_names()) out.push_back(fact.name);
  for (const auto& [name, value] : test.rows.front().variables) out.push_back(name);
  return out;
}
}  // namespace

void lint_names(Linter& linter, const std::vector<Step>& steps) {
  auto known = known_names(linter.test);
  known.push_back(limit_name);  // a name that is one slip away from it
  names(linter, steps, known, false);
}

// What arrives is known by the token of the play: it has to stand in something that is sent.
void lint_delivery(Linter& linter) {
  const Case& test = linter.test;
  if (test.delivery.empty()) return;
  const auto known = known_names(test);
  for (const Statement& statement : test.delivery) {
    if (!statement.requirement.empty()) linter.requirement(statement.requirement, statement.place);
    if (!statement.requirement.empty() && std::find(test.covers.begin(), test.covers.end(), statement.requirement) == test.covers.end())
      linter.say("requirement " + statement.requirement + " is not among those that the case covers", statement.place);
    if (statement.text.late()) linter.say("what a session hears is not known of a message that arrives", statement.place);
    statement.text.names([&](std::string_view name) {
      if (std::find(known.begin(), known.end(), name) == known.end())
        linter.say("{" + std::string(name) + "} is neither a fact nor a variable of the rows", statement.place,
                   smtp::nearest(name, std::span<const std::string_view>(known)));
    });
  }
  bool marked = std::any_of(test.rows.begin(), test.rows.end(), [&](const CaseRow& row) { return start_of(test, row) == Start::bdat; });
  visit_templates(test.dialogue, [&](const Template& text, const Step& step) {
    marked = marked || step.kind == Step::Kind::message || (step.kind == Step::Kind::act && step.at == Start::bdat);
    text.names([&](std::string_view name) { marked = marked || name == "token"; });
    for (const CaseRow& row : test.rows)
      with(text, row.variables).names([&](std::string_view name) { marked = marked || name == "token"; });
  });
  if (!marked)
    linter.say("nothing that the dialogue sends has {token}, so that what arrives is not known for its own; 'message:' has it",
               test.delivery.front().place);
}

void lint_texts(Linter& linter, const std::vector<Step>& steps) {
  secrets(linter, steps, false);
  lines(linter, steps);
}

}  // namespace smtpspec::script
