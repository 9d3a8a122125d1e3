#include "smtpspec/script/registry.hpp"

#include <algorithm>
#include <array>

#include "smtpspec/script/yaml.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

constexpr std::array<std::string_view, 3> level_names = {"MUST", "SHOULD", "MAY"};
constexpr std::array<std::string_view, 5> observable_names = {"wire", "delivery", "timing", "config", "none"};
constexpr std::array<std::string_view, 5> subject_names = {"server", "client", "both", "operator", "document"};
constexpr std::array<std::string_view, 4> file_keys = {"rfc", "title", "successor", "requirements"};
constexpr std::array<std::string_view, 10> row_keys = {"level",     "subject", "observable", "says", "check",
                                                       "by-letter", "lenient", "successor",  "gap",  "same-as"};
constexpr std::array<std::string_view, 2> mark_keys = {"since", "reason"};
constexpr std::array<std::string_view, 2> gap_keys = {"kind", "reason"};

// The index of a word in a closed list, or an error with the nearest one.
template <std::size_t N>
Result<std::size_t> choice(const Yaml& yaml, std::string_view what, const std::array<std::string_view, N>& names) {
  const auto it = std::find(names.begin(), names.end(), yaml.text);
  if (yaml.kind != Yaml::Kind::text || it == names.end()) {
    std::string list;
    for (const auto name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    return yaml.fail("expected " + std::string(what) + ", one of " + list,
                     smtp::nearest(yaml.text, std::span<const std::string_view>(names)));
  }
  return static_cast<std::size_t>(it - names.begin());
}

// "4.1.4", "B", "F.2".
bool is_section(std::string_view text) {
  const auto digits = [](std::string_view part) { return !part.empty() && std::all_of(part.begin(), part.end(), smtp::is_digit); };
  const std::string_view first = text.substr(0, text.find('.'));
  if (!digits(first) && !(first.size() == 1 && first[0] >= 'A' && first[0] <= 'Z')) return false;
  while (text.find('.') != std::string_view::npos) {
    text = text.substr(text.find('.') + 1);
    if (!digits(text.substr(0, text.find('.')))) return false;
  }
  return true;
}

Result<Mark> parse_mark(const Yaml& yaml, const std::string& what) {
  if (auto ok = yaml.only(mark_keys, what); !ok) return tl::unexpected(ok.error());
  const Yaml *since = yaml.find("since"), *reason = yaml.find("reason");
  if (!since || !reason) return yaml.fail(what + " needs since and reason");
  auto day = since->as_day();
  if (!day) return tl::unexpected(day.error());
  auto sentence = reason->as_sentence("the reason of the mark");
  if (!sentence) return tl::unexpected(sentence.error());
  return Mark{std::move(*day), std::move(*sentence)};
}

Result<Gap> parse_gap(const Yaml& yaml) {
  if (auto ok = yaml.only(gap_keys, "a gap"); !ok) return tl::unexpected(ok.error());
  const Yaml *kind = yaml.find("kind"), *reason = yaml.find("reason");
  if (!kind || !reason) return yaml.fail("a gap needs kind and reason");
  std::array<std::string_view, std::size(gap_kinds)> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = gap_kinds[i].name;
  auto chosen = choice(*kind, "why nothing covers it", names);
  if (!chosen) return tl::unexpected(chosen.error());
  auto sentence = reason->as_sentence("the reason of the gap");
  if (!sentence) return tl::unexpected(sentence.error());
  return Gap{&gap_kinds[*chosen], std::move(*sentence)};
}

}  // namespace

std::string_view to_string(Level level) { return level_names[static_cast<std::size_t>(level)]; }
std::string_view to_string(Observable observable) { return observable_names[static_cast<std::size_t>(observable)]; }

Result<Level> parse_level(std::string_view word) {
  for (const Level level : {Level::must, Level::should, Level::may})
    if (smtp::iequals(to_string(level), word)) return level;
  return failure("'" + smtp::spell(word) + "' is no level; levels are MUST, SHOULD and MAY", {},
                 smtp::nearest(word, std::span<const std::string_view>(level_names)));
}

const Requirement* Registry::find(std::string_view id) const {
  const auto it = all_.find(id);
  return it == all_.end() ? nullptr : &it->second;
}

std::string Registry::nearest(std::string_view id) const {
  std::vector<std::string_view> ids;
  for (const auto& [known, requirement] : all_) ids.push_back(known);
  return smtp::nearest(id, std::span<const std::string_view>(ids));
}

Result<void> Registry::add(const std::string& text, const std::string& file) {
  auto yaml = parse_yaml(text, file);
  if (!yaml) return tl::unexpected(yaml.error());
  if (auto ok = yaml->only(file_keys, "a requirement file"); !ok) return ok;
  const Yaml *rfc = yaml->find("rfc"), *title = yaml->find("title"), *rows = yaml->find("requirements");
  if (!rfc || !title || !rows || rows->kind != Yaml::Kind::map) return yaml->fail("a requirement file needs rfc, title and requirements");
  auto number = rfc->as_number("the RFC's number", 1, 99999);
  if (!number) return tl::unexpected(number.error());
  rfcs_[static_cast<int>(*number)] = title->text;
  const Yaml* successor = yaml->find("successor");
  if (successor) {
    auto document = successor->as_sentence("the document that replaces the RFC");
    if (!document) return tl::unexpected(document.error());
    successors_[static_cast<int>(*number)] = std::move(*document);
  }
  for (const auto& [key, row] : rows->entries) {
    if (auto ok = row.only(row_keys, "a requirement"); !ok) return ok;
    Requirement out;
    out.id = "RFC" + std::to_string(*number) + "-" + key.text;
    out.rfc = static_cast<int>(*number);
    out.place = key.place;
    const std::size_t dash = key.text.rfind('-');
    if (dash == std::string::npos) return key.fail("'" + key.text + "' is no requirement; they look like 4.1.4-14, section and number");
    out.section = key.text.substr(0, dash);
    for (const std::string_view needed : {"level", "subject", "observable", "says"})
      if (!row.find(needed)) return key.fail("requirement " + key.text + " has no '" + std::string(needed) + "'");
    auto level = choice(*row.find("level"), "a level", level_names);
    if (!level) return tl::unexpected(level.error());
    auto subject = choice(*row.find("subject"), "who is bound", subject_names);
    if (!subject) return tl::unexpected(subject.error());
    auto observable = choice(*row.find("observable"), "where it is seen", observable_names);
    if (!observable) return tl::unexpected(observable.error());
    out.level = static_cast<Level>(*level);
    out.subject = subject_names[*subject];
    out.observable = static_cast<Observable>(*observable);
    out.says = row.find("says")->text;
    if (const Yaml* check = row.find("check")) out.check = check->text;
    for (const auto& [name, mark] : {std::pair{"by-letter", &out.by_letter}, std::pair{"lenient", &out.lenient}}) {
      const Yaml* given = row.find(name);
      if (!given) continue;
      auto parsed = parse_mark(*given, "a " + std::string(name) + " mark");
      if (!parsed) return tl::unexpected(parsed.error());
      *mark = std::move(*parsed);
    }
    if (const Yaml* anchor = row.find("successor")) {
      if (!successor) return anchor->fail("the file names no successor that this could be a section of");
      if (anchor->kind != Yaml::Kind::text || !is_section(anchor->text))
        return anchor->fail("'" + smtp::spell(anchor->text) + "' is no section; sections look like 4.1.4 or F.2");
      out.successor = anchor->text;
    }
    if (const Yaml* given = row.find("gap")) {
      auto gap = parse_gap(*given);
      if (!gap) return tl::unexpected(gap.error());
      out.gap = std::move(*gap);
    }
    if (const Yaml* same = row.find("same-as")) {
      if (out.gap) return same->fail("a row that is the same as another has no gap of its own");
      auto other = same->as_sentence("the requirement that says the same");
      if (!other) return tl::unexpected(other.error());
      out.same_as = std::move(*other);
    }
    const std::string id = out.id;
    if (!all_.emplace(id, std::move(out)).second) return key.fail("requirement " + id + " is there already");
  }
  return {};
}

}  // namespace smtpspec::script
