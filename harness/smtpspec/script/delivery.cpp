#include "smtpspec/script/delivery.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::array<std::string_view, 3> place_words = {"mailbox", "second-mailbox", "next-hop"};

// Of two whose words begin alike the longer stands first.
constexpr std::array<TraitName, 27> traits = {{
    {Trait::once, "", "once", false, false, "one copy arrives there"},
    {Trait::never, "", "never", false, false, "none arrives there"},
    {Trait::body_same, "body", "same", false, false, "what stands behind the header is what was sent"},
    {Trait::fields_kept, "fields", "kept", false, false, "every field that was sent is there, unchanged and in its order"},
    {Trait::fields_without, "fields", "without", true, false, "no field of that name was added"},
    {Trait::header_without, "header", "without", true, false, "what was added to the header does not hold the text"},
    {Trait::only_received, "added", "Received only", false, false, "no other field than Received was added"},
    {Trait::return_path_on_top, "return-path", "on top", false, false, "Return-Path is the first field of all"},
    {Trait::return_path_once, "return-path", "once", false, false, "there is one Return-Path"},
    {Trait::no_return_path, "return-path", "none", false, false, "no Return-Path was added"},
    {Trait::return_path, "return-path", "", true, false, "the topmost Return-Path has this path"},
    {Trait::received_on_top, "received", "on top", false, false, "a Received field stands above every field that was sent"},
    {Trait::received_grammar, "received", "by the grammar", false, false, "it fits Time-stamp-line"},
    {Trait::received_client, "received", "from the client", false, false, "its FROM clause has the name that EHLO or HELO gave"},
    {Trait::received_address, "received", "from an address", false, false, "its FROM clause has an address literal"},
    {Trait::received_from, "received", "from", false, false, "it has a FROM clause"},
    {Trait::received_by, "received", "by", false, false, "its BY clause has a domain or an address literal"},
    {Trait::received_registered, "received", "with registered words", false, false,
     "the protocol, the link and further clauses are known to IANA"},
    {Trait::received_with, "received", "with", true, false, "its WITH clause says one of these words"},
    {Trait::received_one_path, "received", "for one path", false, false, "its FOR clause, if there is one, has one path"},
    {Trait::received_numeric_zone, "received", "numeric zone", false, false, "its date has a numeric zone"},
    {Trait::received_date, "received", "current date form", false, false, "its date has no obsolete form"},
    {Trait::received_on_time, "received", "on time", false, false, "its date is that of the test, give or take an hour"},
    {Trait::notice_report, "notice", "report", false, false, "it is a multipart/report with a delivery status"},
    {Trait::notice_names, "notice", "names", true, false, "its body names the recipient"},
    {Trait::reverse_path, "reverse-path", "", true, true, "of the envelope"},
    {Trait::recipients, "recipients", "", true, true, "of the envelope, in any order, with blanks between"},
}};

const TraitName& name_of(Trait trait) {
  return *std::find_if(traits.begin(), traits.end(), [&](const TraitName& name) { return name.trait == trait; });
}

bool has_small_letter(std::string_view text) {
  int depth = 0;
  return std::any_of(text.begin(), text.end(), [&](char c) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    return depth == 0 && c >= 'a' && c <= 'z';
  });
}

struct Line {
  std::string_view text;
  Place place;
  bool inner = false;

  tl::unexpected<Error> fail(std::string message, std::string hint = {}) const {
    return failure(std::move(message), place, std::move(hint));
  }
};

// Takes "[RFC5321-4.4-1]" off the end.
std::string take_requirement(std::string_view& text) {
  const std::size_t open = text.rfind(" [");
  if (open == std::string_view::npos || !text.ends_with(']') || !text.substr(open).starts_with(" [RFC")) return "";
  const std::string out(text.substr(open + 2, text.size() - open - 3));
  text = smtp::trim(text.substr(0, open));
  return out;
}

Result<Statement> parse_place(const Line& line, std::string_view key, std::string_view value) {
  Statement out{.place = line.place};
  const auto word = std::find(place_words.begin(), place_words.end(), key);
  if (word == place_words.end())
    return line.fail("'" + smtp::spell(key) + "' is no place; mail arrives at mailbox, second-mailbox or next-hop",
                     smtp::nearest(key, std::span<const std::string_view>(place_words)));
  out.where = static_cast<Where>(word - place_words.begin());
  out.requirement = take_requirement(value);
  if (value == "once") out.trait = Trait::once;
  else if (value == "never") out.trait = Trait::never;
  else return line.fail("expected 'once' or 'never' behind '" + std::string(key) + ":'");
  return out;
}

Result<Statement> parse_trait(const Line& line, std::string_view key, std::string_view value, Where where) {
  Statement out{.where = where, .place = line.place};
  out.requirement = take_requirement(value);
  bool known = false;
  std::string choice;
  for (const TraitName& name : traits) {
    if (name.key.empty() || name.key != key) continue;
    known = true;
    choice += (choice.empty() ? "" : ", ") + std::string(name.words.empty() ? "a text" : name.words);
    if (name.takes_text ? !value.starts_with(name.words) : value != name.words) continue;
    if (name.at_next_hop_only && where != Where::next_hop) return line.fail("an envelope is seen at the next-hop only");
    out.trait = name.trait;
    if (!name.takes_text) return out;
    const std::string_view rest = smtp::trim(value.substr(name.words.size()));
    if (rest.empty()) return line.fail("expected a text behind '" + std::string(key) + ": " + std::string(name.words) + "'");
    // What is meant to be other words must not become a text.
    const bool path = name.trait == Trait::return_path || name.trait == Trait::reverse_path || name.trait == Trait::recipients;
    if (path && rest.front() != '<' && rest.front() != '{')
      return line.fail("expected " + choice + ", which is a path in its angle brackets");
    if (name.trait == Trait::received_with && has_small_letter(rest))
      return line.fail("expected protocols in capitals, 'with SMTP ESMTP', or 'with registered words'");
    auto text = parse_template(rest);
    if (!text) return line.fail(text.error().message, text.error().hint);
    out.text = std::move(*text);
    return out;
  }
  if (known) return line.fail("expected " + choice + " behind '" + std::string(key) + ":'");
  std::vector<std::string_view> keys;
  for (const TraitName& name : traits)
    if (!name.key.empty() && std::find(keys.begin(), keys.end(), name.key) == keys.end()) keys.push_back(name.key);
  return line.fail("'" + smtp::spell(key) + "' is nothing that can be said of a message",
                   smtp::nearest(key, std::span<const std::string_view>(keys)));
}

}  // namespace

std::string_view to_string(Where where) { return place_words[static_cast<std::size_t>(where)]; }

std::span<const TraitName> trait_names() { return traits; }

bool Statement::operator==(const Statement& that) const {
  return std::tie(trait, where, text, requirement, remark) == std::tie(that.trait, that.where, that.text, that.requirement, that.remark);
}

Result<std::vector<Statement>> parse_delivery(std::string_view text, std::string_view file, int first_line, int indent) {
  std::vector<Statement> out;
  bool at_place = false, promised = false;
  for (int number = first_line; !text.empty(); ++number) {
    std::string_view rest = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), rest.size() + 1));
    const std::size_t begin = rest.find_first_not_of(' ');
    if (begin == std::string_view::npos) continue;
    const Line line{smtp::trim(rest), Place{std::string(file), number, indent + static_cast<int>(begin) + 1}, begin > 0};
    if (line.text.starts_with('#')) {
      out.push_back(
          {.where = out.empty() ? Where::mailbox : out.back().where, .remark = std::string(line.text.substr(1)), .place = line.place});
      continue;
    }
    const std::size_t colon = line.text.find(':');
    if (colon == std::string_view::npos)
      return line.fail("expected a place, 'mailbox: once', or what is said of its message, 'body: same'");
    const std::string_view key = line.text.substr(0, colon), value = smtp::trim(line.text.substr(colon + 1));
    if (line.inner && !at_place) return line.fail("what is said of a message is indented below its place, 'mailbox: once'");
    if (line.inner && !promised) return line.fail("of what never arrives nothing can be said");
    auto statement = line.inner ? parse_trait(line, key, value, out.back().where) : parse_place(line, key, value);
    if (!statement) return tl::unexpected(statement.error());
    if (!line.inner) {
      for (const Statement& other : out)
        if (other.is_place() && other.where == statement->where) return line.fail("'" + std::string(key) + "' stands here twice");
      at_place = true;
      promised = statement->trait == Trait::once;
    }
    out.push_back(std::move(*statement));
  }
  if (!at_place) return failure("the delivery says nothing", Place{std::string(file), first_line, indent + 1});
  return out;
}

std::string print_statement(const Statement& statement) {
  if (statement.is_place()) return std::string(to_string(statement.where)) + (statement.trait == Trait::once ? ": once" : ": never");
  const TraitName& name = name_of(statement.trait);
  const std::string text = print_template(statement.text);
  return std::string(name.key) + ":" + (name.words.empty() ? "" : " " + std::string(name.words)) + (text.empty() ? "" : " " + text);
}

std::string print_delivery(const std::vector<Statement>& statements) {
  std::string out;
  bool below = false;
  for (const Statement& statement : statements) {
    below = statement.is_place() ? false : below;
    out += below ? "  " : "";
    if (statement.trait == Trait::remark) out += "#" + statement.remark;
    else out += print_statement(statement) + (statement.requirement.empty() ? "" : " [" + statement.requirement + "]");
    out += "\n";
    below = below || statement.is_place();
  }
  return out;
}

std::vector<Statement> with(const std::vector<Statement>& statements, const Variables& row) {
  std::vector<Statement> out = statements;
  for (Statement& statement : out) statement.text = with(statement.text, row);
  return out;
}

}  // namespace smtpspec::script
