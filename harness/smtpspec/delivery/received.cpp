#include "smtpspec/delivery/received.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "smtpspec/smtp/address.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::delivery {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Without blanks and folds around it.
std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Behind the comment that opens at `at`, or npos where it is not closed.
std::size_t end_of_comment(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '(') ++depth;
    else if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return std::string_view::npos;
}

struct Word {
  std::string_view text;
  std::size_t begin = 0, end = 0;
};

// Words and the ';', comments and blanks passed over. Quoted strings and angle brackets keep what is in them.
struct Words {
  std::vector<Word> list;
  std::size_t semicolon = std::string_view::npos;
  bool closed = true;  // every comment is
};
Words tokens_of(std::string_view text) {
  Words out;
  for (std::size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
    } else if (text[at] == '(') {
      at = end_of_comment(text, at);
      if (at == std::string_view::npos) {
        out.closed = false;
        break;
      }
    } else if (text[at] == ';') {
      out.semicolon = at;
      break;
    } else {
      const std::size_t begin = at;
      bool quoted = false, bracketed = false;
      for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\\' && quoted) {
          ++at;
          continue;
        }
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == '<') bracketed = true;
        if (c == '>') bracketed = false;
        if (!bracketed && (is_space(c) || c == '(' || c == ';')) break;
      }
      at = std::min(at, text.size());
      out.list.push_back({text.substr(begin, at - begin), begin, at});
    }
  }
  return out;
}

std::string in_quotes(std::string_view text) { return "'" + smtp::spell(text) + "'"; }

constexpr std::array<std::string_view, 4> optional_clauses = {"via", "with", "id", "for"};

std::string fault_of(const Received& field, const Words& words) {
  if (!words.closed) return "a comment is not closed";
  if (field.clauses.empty() || !smtp::iequals(field.clauses.front().name, "from")) return "it does not begin with a FROM clause";
  if (!is_extended_domain(field.clauses.front().value))
    return in_quotes(field.clauses.front().value) + " behind FROM is neither a domain nor an address literal";
  if (field.clauses.size() < 2 || !smtp::iequals(field.clauses[1].name, "by")) return "no BY clause stands behind the FROM clause";
  if (!is_extended_domain(field.clauses[1].value))
    return in_quotes(field.clauses[1].value) + " behind BY is neither a domain nor an address literal";
  std::size_t order = 0;
  for (std::size_t i = 2; i < field.clauses.size(); ++i) {
    const auto& clause = field.clauses[i];
    if (clause.value.empty()) return "nothing stands behind " + in_quotes(clause.name);
    for (std::size_t at = 0; at < optional_clauses.size(); ++at) {
      if (!smtp::iequals(clause.name, optional_clauses[at])) continue;
      if (at + 1 < order) return in_quotes(clause.name) + " stands behind a clause that it belongs in front of";
      order = at + 1;
    }
    if (smtp::iequals(clause.name, "for") && !is_path(clause.value)) return in_quotes(clause.value) + " behind FOR is no path";
  }
  return words.semicolon == std::string_view::npos ? "no ';' with a date stands at the end" : "";
}

}  // namespace

bool is_extended_domain(std::string_view word) { return smtp::parse_domain(word, {.utf8 = true}).fault == smtp::AddressFault::none; }

bool is_path(std::string_view word) {
  const smtp::Tolerance tolerance{.utf8 = true, .no_brackets = true};
  const auto parsed = smtp::parse_path(word, tolerance);
  return parsed && parsed.size == word.size();
}

const Received::Clause* Received::clause(std::string_view name) const {
  const auto found = std::find_if(clauses.begin(), clauses.end(), [&](const Clause& one) { return smtp::iequals(one.name, name); });
  return found == clauses.end() ? nullptr : &*found;
}

Received parse_received(std::string_view value) {
  Received out;
  const Words words = tokens_of(value);
  const std::size_t end = std::min(words.semicolon, value.size());
  for (std::size_t i = 0; i < words.list.size(); i += 2) {
    const Word& name = words.list[i];
    const bool pair = i + 1 < words.list.size();
    const Word& word = words.list[pair ? i + 1 : i];
    const std::size_t next = i + 2 < words.list.size() ? words.list[i + 2].begin : end;
    out.clauses.push_back({name.text, pair ? word.text : std::string_view{}, trimmed(value.substr(word.end, next - word.end))});
  }
  if (words.semicolon != std::string_view::npos) out.date = trimmed(value.substr(words.semicolon + 1));
  out.fault = fault_of(out, words);
  return out;
}

DateTime parse_date_time(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::array<std::string_view, 7> days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  DateTime out;
  // A comment inside the date is obs-; one behind it is CFWS.
  std::vector<std::string> parts;
  for (const Word& word : tokens_of(text).list) {
    std::string one(word.text);
    if (const std::size_t comma = one.find(','); comma != std::string::npos && comma + 1 < one.size()) {
      parts.push_back(one.substr(0, comma + 1));
      one = one.substr(comma + 1);
    }
    parts.push_back(std::move(one));
  }
  std::size_t at = 0;
  if (!parts.empty() && !smtp::is_digit(parts[0][0])) {
    std::string_view day = parts[0];
    if (day.ends_with(',')) day.remove_suffix(1);
    if (std::none_of(days.begin(), days.end(), [&](std::string_view one) { return smtp::iequals(one, day); })) return out;
    ++at;
  }
  if (parts.size() < at + 5) {
    // The zone may be missing: then it is no date-time.
    return out;
  }
  const auto number = [](std::string_view digits, std::size_t least, std::size_t most) -> std::optional<int> {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.starts_with('-') || error != std::errc{} || end != digits.data() + digits.size() || digits.size() < least ||
        digits.size() > most)
      return std::nullopt;
    return value;
  };
  const auto day = number(parts[at], 1, 2);
  const auto month = std::find_if(months.begin(), months.end(), [&](std::string_view one) { return smtp::iequals(one, parts[at + 1]); });
  auto year = number(parts[at + 2], 2, 8);
  if (!day || month == months.end() || !year) return out;
  if (parts[at + 2].size() < 4) {
    out.obsolete = "a year of " + std::to_string(parts[at + 2].size()) + " digits";
    year = *year + (*year < 50 && parts[at + 2].size() == 2 ? 2000 : 1900);
  }
  const std::string_view clock = parts[at + 3];
  const auto hour = number(clock.substr(0, 2), 2, 2);
  const auto minute = clock.size() >= 5 && clock[2] == ':' ? number(clock.substr(3, 2), 2, 2) : std::nullopt;
  int second = 0;
  if (clock.size() == 8 && clock[5] == ':') second = number(clock.substr(6, 2), 2, 2).value_or(-1);
  else if (clock.size() != 5) second = -1;
  if (!hour || !minute || second < 0) return out;
  const std::string_view zone = parts[at + 4];
  int offset = 0;  // minutes
  out.numeric_zone = zone.size() == 5 && (zone[0] == '+' || zone[0] == '-') && number(zone.substr(1), 4, 4);
  if (out.numeric_zone) offset = (*number(zone.substr(1, 2), 2, 2) * 60 + *number(zone.substr(3, 2), 2, 2)) * (zone[0] == '-' ? -1 : 1);
  // Days since 1970 of the Gregorian calendar.
  const int m = static_cast<int>(month - months.begin()) + 1;
  const int y = *year - (m <= 2 ? 1 : 0);
  const int era = (y >= 0 ? y : y - 399) / 400;
  const int of_era = y - era * 400;
  const int of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + *day - 1;
  const std::int64_t date = std::int64_t{era} * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
  out.seconds = ((date * 24 + *hour) * 60 + *minute - offset) * 60 + second;
  return out;
}

}  // namespace smtpspec::delivery
