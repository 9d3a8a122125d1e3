// A page that is read by itself: it loads nothing and runs nothing, is light or dark as its reader has it, and prints. A picture has its
// figures in words, for who does not see it.
//
//   page({.title = "Parsers", .about = "2026-11-28"}, "<section>\n<h2>Replies</h2>\n" + figure(…) + table(…) + "</section>\n")
//
// What is called markup goes into the page as it is; everything else is text and is escaped here. The page is well-formed XML behind its
// first line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace smtpspec::report {

// Text as markup holds it, between tags or within quotes: XML 1.0. What XML cannot hold, and octets of what is not UTF-8, become '?'.
std::string escaped(std::string_view text);

struct About {
  std::string title, about;  // the heading, and a quiet line below it; none where it is empty
  std::string style{};       // CSS beside the page's own; colours are variables: --page --ink --quiet --rule --own --fault …
};
std::string page(const About& about, std::string_view markup);

// A cell of a table. The first one of a row is its heading.
struct Cell {
  std::string markup;
  std::string_view kind{};  // class
  int columns = 1;
};
// Figures stand to the right; what is of the kind "words" stands to the left. Without a header there is none.
std::string table(std::string_view caption, const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows);

// SVG in units of its own, as wide as there is room. The words are what it shows.
std::string figure(std::string_view caption, std::string_view words, int width, int height, std::string_view drawing);

// Open as it stands, or to be opened; on paper always.
std::string details(std::string_view summary_markup, std::string_view markup, bool open = false);

}  // namespace smtpspec::report
