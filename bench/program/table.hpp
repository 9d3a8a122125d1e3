// A table in the forms that people read: columns of text, Markdown, HTML. The first column stands to the left, the others to the right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smtpspec::bench {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  // A row of two words has its second one run over all columns.
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.size() == 1; }
  // Columns in which no row has anything are left out.
  std::string text(std::string_view indent = "") const;
  std::string markdown() const;
  std::string html(std::string_view caption) const;

 private:
  std::vector<bool> shown() const;

  std::vector<std::vector<std::string>> rows_;
};

// Three digits that count: "0.83", "16.7", "242", "2979".
std::string number(double value);

}  // namespace smtpspec::bench
