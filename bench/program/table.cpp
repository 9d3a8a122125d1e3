#include "program/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace smtpspec::bench {

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (std::size_t column = 0; column < widths.size(); ++column) {
    for (std::size_t i = 1; i < rows_.size(); ++i)
      if ((rows_[i].size() != 2 || column == 0) && column < rows_[i].size())
        widths[column] = std::max(widths[column], rows_[i][column].size());
    if (widths[column] != 0) widths[column] = std::max(widths[column], rows_.front()[column].size());
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line = row.front();
    line.resize(std::max(widths[0], line.size()), ' ');
    if (row.size() == 2) {
      line += "  " + row[1];
    } else {
      for (std::size_t column = 1; column < row.size(); ++column) {
        if (widths[column] == 0) continue;
        line.append(2 + widths[column] - std::min(widths[column], row[column].size()), ' ');
        line += row[column];
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", value == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value);
  return text;
}

}  // namespace smtpspec::bench
