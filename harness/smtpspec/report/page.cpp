#include "smtpspec/report/page.hpp"

#include <fmt/format.h>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::report {
namespace {

constexpr std::string_view frame = R"(<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<style>
:root { --page: #fff; --ink: #1c2024; --quiet: #5b6470; --rule: #d9dde3; --own: #0b62c4; --yardstick: #b35309; --other: #8c96a3; --fault: #b42318; --shade: #f3f5f7; --mark: #fdeceb; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #14171b; --ink: #e6e9ed; --quiet: #9aa4b1; --rule: #343b44; --own: #5aa9ff; --yardstick: #f0a04b; --other: #77818e; --fault: #ff8a80; --shade: #1d2227; --mark: #3d2022; }
}
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 3rem 0 .25rem; border-top: 1px solid var(--rule); padding-top: 1.5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .25rem 0 1rem; max-width: 48rem; }
a { color: var(--own); }
code, pre { font-family: ui-monospace, monospace; }
.quiet, caption, figcaption { color: var(--quiet); }
.fault { color: var(--fault); } svg .fault { fill: var(--fault); }
.key span { margin-right: 1.25rem; white-space: nowrap; }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .875rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.own { fill: var(--own); background: var(--own); } .yardstick { fill: var(--yardstick); background: var(--yardstick); }
.other { fill: var(--other); background: var(--other); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin: .5rem 0; }
caption { text-align: left; padding-bottom: .25rem; }
th, td { padding: .2rem .7rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; padding-left: 0; } th { font-weight: 600; }
th.words, td.words, td.fault { text-align: left; } td.words { white-space: normal; overflow-wrap: anywhere; }
summary { cursor: pointer; } pre { font-size: .8125rem; overflow-x: auto; margin: .25rem 0 1rem; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  .wide, pre { overflow: visible; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  i, b, svg, td, mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, caption, summary { break-after: avoid; } tr, figure { break-inside: avoid; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
}
)";

std::string class_of(std::string_view kind) { return kind.empty() ? "" : fmt::format(" class=\"{}\"", kind); }

}  // namespace

// What is not UTF-8 was spelt before, as control octets were. U+FFFE and U+FFFF are UTF-8, and no characters of XML.
std::string escaped(std::string_view text) {
  std::string out;
  const bool good = smtp::utf8_error(text) == std::string_view::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    if (good && (three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf")) {
      out += '?';
      i += 2;
      continue;
    }
    switch (const char c = text[i]; c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default:
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || (!good && static_cast<unsigned char>(c) >= 0x80))
          out += '?';
        else out += c;
    }
  }
  return out;
}

std::string page(const About& about, std::string_view markup) {
  const std::string title = escaped(about.title);
  const std::string below = about.about.empty() ? "" : "<p class=\"quiet\">" + escaped(about.about) + "</p>\n";
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>{}</title>\n{}{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n{}{}</main>\n"
      "</body>\n</html>\n",
      title, frame, about.style, title, below, markup);
}

std::string table(std::string_view caption, const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows) {
  std::string out = fmt::format("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n",
                                escaped(caption));
  if (!header.empty()) out += "<thead><tr>";
  for (const Cell& cell : header) out += fmt::format("<th scope=\"col\"{}>{}</th>", class_of(cell.kind), cell.markup);
  out += header.empty() ? "<tbody>\n" : "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const Cell& cell : row) {
      const std::string_view tag = &cell == &row.front() ? "th" : "td";
      out += fmt::format("<{}{}{}{}>{}</{}>", tag, tag == "th" ? " scope=\"row\"" : "", class_of(cell.kind),
                         cell.columns == 1 ? "" : fmt::format(" colspan=\"{}\"", cell.columns), cell.markup, tag);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string figure(std::string_view caption, std::string_view words, int width, int height, std::string_view drawing) {
  return fmt::format("<figure><figcaption>{}</figcaption>\n<svg role=\"img\" viewBox=\"0 0 {} {}\" aria-label=\"{}\">\n{}</svg></figure>\n",
                     escaped(caption), width, height, escaped(words), drawing);
}

std::string details(std::string_view summary_markup, std::string_view markup, bool open) {
  return fmt::format("<details{}><summary>{}</summary>\n{}</details>\n", open ? " open=\"open\"" : "", summary_markup, markup);
}

}  // namespace smtpspec::report
