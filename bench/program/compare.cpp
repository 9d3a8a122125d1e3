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

std::map<std::string, Measured> read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::map<std::string, Measured> out;
  const json::value document = json::parse(text);
  for (const json::value& each : document.as_object().at("benchmarks").as_array()) {
    const json::object& run = each.as_object();
    if (run.at("run_type").as_string() != "iteration") continue;
    Measured& measured = out[std::string(run.at("run_name").as_string())];
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
  std::map<std::string, Measured> documents[2];
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
  for (const auto& [name, first] : documents[0]) {
    const auto found = documents[1].find(name);
    if (found == documents[1].end() || (first.seconds > 0 && found->second.seconds == 0)) {
      // One that crashes now is no slower than before, and yet worse.
      table.row({name, "measured before, and not after"});
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
