#include "program/report.hpp"

#include <algorithm>

namespace smtpspec::bench {
namespace {

std::string if_any(double value) { return value > 0 ? number(value) : ""; }

std::string about(const Asked& asked) { return asked.about + ", " + extent_of(asked); }

std::string question_of(const Asked& asked) { return asked.name.substr(0, asked.name.find('/')); }

}  // namespace

std::string extent_of(const Asked& asked) {
  return std::to_string(asked.items) + " items" + (asked.sha256.empty() ? "" : ", sha256 " + asked.sha256.substr(0, 16));
}

std::string score_of(const Result& result) {
  return result.strict == 0 ? "" : std::to_string(result.right) + " of " + std::to_string(result.strict);
}

Table table_of(const Asked& asked, const Report& report) {
  Table table(report.timed ? std::vector<std::string>{"adapter", "ns/" + asked.unit, "median", "Ir/" + asked.unit, "MB/s", "of limit",
                                                      "allocations", "strict", "x " + report.yardstick}
                           : std::vector<std::string>{"adapter", "answers", "strict"});
  for (const Result& each : asked.results) {
    if (!each.fault.empty()) {
      table.row({each.name, each.fault});
    } else if (!each.timed) {
      table.row({each.name, each.kind == Result::Kind::adapter ? "right" : "not checked", score_of(each)});
    } else {
      std::vector<std::string> row = {each.name, number(each.least * 1e9), number(each.median * 1e9), if_any(each.instructions),
                                      if_any(each.rate / 1e6)};
      if (each.kind == Result::Kind::adapter) {
        row.push_back(each.of_limit ? number(100 * *each.of_limit) + " %" : "");
        row.push_back(number(each.allocations));
        row.push_back(score_of(each));
        row.push_back(each.factor ? number(*each.factor) : "");
      }
      table.row(std::move(row));
    }
  }
  return table;
}

Table overview(const Report& report) {
  std::vector<std::string> header = {""}, names;
  for (const Asked& asked : report.asked)
    for (const Result& each : asked.results) {
      if (each.kind != Result::Kind::adapter || std::find(names.begin(), names.end(), each.name) != names.end()) continue;
      names.push_back(each.name);
      header.push_back(each.version.empty() ? each.name : each.name + " " + each.version);
    }
  Table table(header);
  for (std::size_t i = 0; i < report.asked.size(); ++i) {
    const Asked& asked = report.asked[i];
    std::vector<std::string> row = {asked.name}, strict = {question_of(asked) + ", strict"};
    bool scored = false;
    for (const std::string& name : names) {
      const auto found = std::find_if(asked.results.begin(), asked.results.end(), [&](const Result& each) { return each.name == name; });
      std::string cell, score;
      if (found != asked.results.end()) {
        if (!found->fault.empty()) cell = found->fault;
        else if (!found->timed) cell = "right";
        else cell = (found->instructions > 0 ? number(found->instructions) + " / " : "") + number(found->least * 1e9);
        score = score_of(*found);
      }
      row.push_back(std::move(cell));
      scored = scored || !score.empty();
      strict.push_back(std::move(score));
    }
    table.row(std::move(row));
    const bool last = i + 1 == report.asked.size() || question_of(report.asked[i + 1]) != question_of(asked);
    if (last && scored) table.row(std::move(strict));
  }
  return table;
}

std::string text(const Report& report) {
  std::string out = report.processor + "\n" + report.compiler + "\n";
  for (const Asked& asked : report.asked) out += "\n" + asked.name + "  " + about(asked) + "\n" + table_of(asked, report).text("  ");
  out += "\n";
  for (const std::string& fault : report.faults) out += fault + "\n";
  for (const Judgement& each : report.judged) {
    out += "\n" + each.title + ": " + each.score + "\n";
    for (const std::string& line : each.lines) out += "  " + line + "\n";
  }
  if (report.growth.empty()) return out;
  out += std::string("Growth: ") + growth_about + "\n";
  for (const Growing& each : report.growth) out += "\n" + each.name + "  " + each.about + "\n" + each.table.text("  ");
  return out + "\n";
}

std::string markdown(const Report& report) {
  std::string out = "# Parsers of SMTP, " + report.date + "\n\n" + report.processor + ", " + report.compiler + ".\n\n";
  if (report.timed) out += "Instructions for each item / least time in ns:\n\n";
  out += overview(report).markdown();
  for (const Asked& asked : report.asked) out += "\n## " + asked.name + "\n\n" + about(asked) + "\n\n" + table_of(asked, report).markdown();
  if (!report.faults.empty()) out += "\n## Faults\n\n";
  for (const std::string& fault : report.faults) out += "* " + fault + "\n";
  if (!report.judged.empty()) out += "\n## Inputs at the edge of the grammar\n";
  for (const Judgement& each : report.judged) {
    out += "\n### " + each.title + ": " + each.score + "\n\n";
    for (const std::string& line : each.lines) out += "    " + line + "\n";
  }
  if (!report.growth.empty()) out += std::string("\n## Growth\n\n") + growth_about + "\n";
  for (const Growing& each : report.growth) out += "\n### " + each.name + "\n\n" + each.about + "\n\n" + each.table.markdown();
  return out;
}

}  // namespace smtpspec::bench
