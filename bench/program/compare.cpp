#include "program/compare.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "program/table.hpp"

namespace smtpspec::bench {
namespace {

namespace json = boost::json;

struct Measured {
  double seconds = 0;  // of an item, the least
  double instructions = 0;
};

double number_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

// The hashes of the inputs stand in the context, "sha256 reply/mixed".
constexpr std::string_view hash_key = "sha256 ";

struct Document {
  std::map<std::string, Measured> rows;
  std::map<std::string, std::string> hashes;  // by input

  // Of the input that a row is about; "" when it has none.
  std::string hash_of(std::string_view row) const {
    for (const auto& [input, hash] : hashes)
      if (row.starts_with(input) && row.size() > input.size() && (row[input.size()] == '/' || row[input.size()] == ':')) return hash;
    return "";
  }
};

[[noreturn]] void not_ours(const std::string& why) { throw std::runtime_error("is no document of --report json: " + why); }

const json::value& member(const json::object& of, std::string_view key, bool (json::value::*is)() const noexcept) {
  const json::value* value = of.if_contains(key);
  if (value == nullptr || !(value->*is)()) not_ours("it has no \"" + std::string(key) + "\"");
  return *value;
}

Document read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Document out;
  json::error_code error;
  json::stream_parser parser;
  const std::size_t taken = parser.write_some(text, error);
  if (!error) parser.finish(error);
  if (error || text.find_first_not_of(" \t\r\n", taken) != std::string::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(taken), '\n');
    not_ours("the JSON is broken in line " + std::to_string(line));
  }
  const json::value document = parser.release();
  if (!document.is_object()) not_ours("it is no object");
  if (const json::value* context = document.get_object().if_contains("context"); context != nullptr && context->is_object())
    for (const auto& [key, value] : context->get_object())
      if (key.starts_with(hash_key) && value.is_string()) out.hashes[std::string(key.substr(hash_key.size()))] = value.get_string();
  for (const json::value& each : member(document.get_object(), "benchmarks", &json::value::is_array).get_array()) {
    if (!each.is_object()) not_ours("one of \"benchmarks\" is no object");
    const json::object& run = each.get_object();
    if (member(run, "run_type", &json::value::is_string).get_string() != "iteration") continue;
    Measured& measured = out.rows[std::string(member(run, "run_name", &json::value::is_string).get_string())];
    const double rate = number_at(run, "items_per_second");
    if (rate > 0 && (measured.seconds == 0 || 1 / rate < measured.seconds)) measured.seconds = 1 / rate;
    measured.instructions = number_at(run, "instructions");
  }
  return out;
}

std::string ratio(double before, double after) { return before > 0 && after > 0 ? number(after / before) : ""; }
std::string shown(double value) { return value > 0 ? number(value) : ""; }

}  // namespace

Comparison compare(const std::string& before, const std::string& after, double tolerance_percent) {
  Comparison out;
  Document documents[2];
  const std::string* reading = &before;
  try {
    documents[0] = read(before);
    reading = &after;
    documents[1] = read(after);
  } catch (const std::exception& error) {
    out.fault = *reading + ": " + error.what();
    return out;
  }
  Table table({"", "ns before", "after", "ratio", "Ir before", "after", "ratio"});
  for (const auto& [name, first] : documents[0].rows) {
    const auto found = documents[1].rows.find(name);
    if (found == documents[1].rows.end() || (first.seconds > 0 && found->second.seconds == 0)) {
      // One that crashes now is no slower than before, and yet worse.
      table.row({name, "measured before, and not after"});
      out.worse = true;
      continue;
    }
    if (documents[0].hash_of(name) != documents[1].hash_of(name)) {
      table.row({name, "not comparable: the input is another one"});
      out.worse = true;
      continue;
    }
    const Measured& then = found->second;
    table.row({name, shown(first.seconds * 1e9), shown(then.seconds * 1e9), ratio(first.seconds, then.seconds), shown(first.instructions),
               shown(then.instructions), ratio(first.instructions, then.instructions)});
    out.worse = out.worse || (first.instructions > 0 && then.instructions > first.instructions * (1 + tolerance_percent / 100));
  }
  if (table.empty()) out.fault = "the two have nothing in common";
  out.text = table.text();
  return out;
}

}  // namespace smtpspec::bench
