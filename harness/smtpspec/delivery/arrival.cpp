#include "smtpspec/delivery/arrival.hpp"

#include <algorithm>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::delivery {
namespace {

// With its line end.
std::string_view first_line(std::string_view text) {
  const std::size_t end = text.find('\n');
  return end == std::string_view::npos ? text : text.substr(0, end + 1);
}

std::string_view without_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// RFC 5322 section 3.6.8: printable octets and no colon.
std::string_view name_of(std::string_view line) {
  std::size_t size = 0;
  while (size < line.size() && line[size] > ' ' && line[size] < '\x7f' && line[size] != ':') ++size;
  std::size_t colon = size;
  while (colon < line.size() && (line[colon] == ' ' || line[colon] == '\t')) ++colon;
  return size > 0 && colon < line.size() && line[colon] == ':' ? line.substr(0, size) : std::string_view{};
}

// An mbox cannot tell who put the '>' there.
std::string without_quotes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = first_line(text);
    std::size_t quotes = 0;
    while (quotes < line.size() && line[quotes] == '>') ++quotes;
    out += line.substr(quotes).starts_with("From ") ? line.substr(quotes) : line;
    text.remove_prefix(line.size());
  }
  return out;
}

// As a file may hold it: the last line has an end.
std::string in_a_file(std::string_view text, Storage storage) {
  std::string out = with_lf(text);
  if (storage == Storage::mbox) out = without_quotes(out);
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

}  // namespace

const Field* Message::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return smtp::iequals(one.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

std::size_t Message::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& one) { return smtp::iequals(one.name, name); }));
}

Message split(std::string_view octets) {
  Message out;
  std::string_view rest = octets;
  while (!rest.empty()) {
    const std::string_view line = first_line(rest);
    if (without_end(line).empty()) {
      out.header = octets.substr(0, octets.size() - rest.size());
      out.body = rest.substr(line.size());
      return out;
    }
    const std::string_view name = name_of(line);
    if (name.empty()) break;
    std::size_t size = line.size();
    for (std::string_view next; next = first_line(rest.substr(size)), next.starts_with(' ') || next.starts_with('\t');) size += next.size();
    Field field{name, rest.substr(0, size), {}};
    field.value = smtp::trim(without_end(field.whole.substr(field.whole.find(':') + 1)));
    out.fields.push_back(field);
    rest.remove_prefix(size);
  }
  out.header = octets.substr(0, octets.size() - rest.size());
  out.body = rest;
  return out;
}

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') out += text[i];
  return out;
}

bool is_same(std::string_view stored, std::string_view sent, Storage storage) {
  return storage == Storage::wire ? stored == sent : in_a_file(stored, storage) == in_a_file(sent, storage);
}

std::vector<std::string> tokens_in(const Arrival& arrival, std::string_view run) {
  std::vector<std::string> out;
  const auto look = [&](std::string_view text) {
    const std::string begin = std::string(run) + "x";
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string_view::npos;) {
      std::size_t end = at + begin.size();
      while (end < text.size() && smtp::is_digit(text[end])) ++end;
      std::string token(text.substr(at, end - at));
      if (token.size() > begin.size() && std::find(out.begin(), out.end(), token) == out.end()) out.push_back(std::move(token));
      at = end;
    }
  };
  look(arrival.octets);
  if (!arrival.envelope) return out;
  look(arrival.envelope->reverse_path);
  for (const std::string& recipient : arrival.envelope->recipients) look(recipient);
  return out;
}

std::string sketch(std::string_view octets) {
  constexpr std::size_t most = 60;
  const std::string shown = smtp::spell(octets.substr(0, most));
  return std::to_string(octets.size()) + " octets, " + shown + (octets.size() > most ? "…" : "");
}

}  // namespace smtpspec::delivery
