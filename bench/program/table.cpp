#include "program/table.hpp"

#include <algorithm>
#include <cstdio>

#include "smtpspec/report/page.hpp"

namespace smtpspec::bench {

// The first two always: what runs over the columns begins in the second.
std::vector<bool> Table::shown() const {
  std::vector<bool> out(rows_.front().size(), false);
  std::fill_n(out.begin(), std::min<std::size_t>(2, out.size()), true);
  for (std::size_t i = 1; i < rows_.size(); ++i)
    for (std::size_t column = 2; column < rows_[i].size(); ++column)
      if (!rows_[i][column].empty()) out[column] = true;
  return out;
}

std::string Table::text(std::string_view indent) const {
  const std::vector<bool> is_shown = shown();
  std::vector<std::size_t> widths(is_shown.size(), 0);
  for (const auto& row : rows_)
    for (std::size_t column = 0; column < std::min(row.size(), widths.size()); ++column)
      if (row.size() != 2 || column == 0 || widths.size() == 2) widths[column] = std::max(widths[column], row[column].size());
  std::string out;
  for (const auto& row : rows_) {
    std::string line = row.front();
    line.resize(std::max(widths[0], line.size()), ' ');
    if (row.size() == 2 && widths.size() != 2) {
      line += "  " + row[1];
    } else {
      for (std::size_t column = 1; column < row.size(); ++column) {
        if (!is_shown[column]) continue;
        line.append(2 + widths[column] - std::min(widths[column], row[column].size()), ' ');
        line += row[column];
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += std::string(indent) + line + "\n";
  }
  return out;
}

std::string Table::markdown() const {
  const std::vector<bool> is_shown = shown();
  std::string out;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    for (std::size_t column = 0; column < is_shown.size(); ++column) {
      if (!is_shown[column]) continue;
      std::string cell = column < rows_[i].size() ? rows_[i][column] : "";
      for (std::size_t at = 0; (at = cell.find('|', at)) != std::string::npos; at += 2) cell.insert(at, 1, '\\');
      out += (out.empty() || out.back() == '\n' ? "| " : " ") + cell + " |";
    }
    out += '\n';
    if (i > 0) continue;
    for (std::size_t column = 0; column < is_shown.size(); ++column)
      if (is_shown[column]) out += column == 0 ? "|---|" : "--:|";
    out += '\n';
  }
  return out;
}

std::string Table::html(std::string_view caption) const {
  const std::vector<bool> is_shown = shown();
  const auto columns = static_cast<std::size_t>(std::count(is_shown.begin(), is_shown.end(), true));
  std::vector<report::Cell> header;
  std::vector<std::vector<report::Cell>> rows;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& row = rows_[i];
    const bool runs_over = i > 0 && row.size() == 2 && columns > 2;
    std::vector<report::Cell> cells;
    for (std::size_t column = 0; column < is_shown.size() && !(runs_over && column > 1); ++column) {
      if (!is_shown[column] && !runs_over) continue;
      cells.push_back({report::escaped(column < row.size() ? row[column] : "")});
    }
    if (runs_over) cells.back() = {.markup = cells.back().markup, .kind = "fault", .columns = static_cast<int>(columns) - 1};
    if (i == 0) header = std::move(cells);
    else rows.push_back(std::move(cells));
  }
  return report::table(caption, header, rows);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", value == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value);
  return text;
}

}  // namespace smtpspec::bench
