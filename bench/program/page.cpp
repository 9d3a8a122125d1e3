// The report as one page that needs nothing from elsewhere. Plots are SVG, drawn here; each has its figures in words, and the table
// that it was drawn from stands below it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

#include "program/report.hpp"
#include "smtpspec/report/page.hpp"

namespace smtpspec::bench {

using report::escaped;

namespace {

constexpr std::string_view style = R"(.plots { display: flex; flex-wrap: wrap; gap: 1rem 2rem; margin: 1rem 0; }
.plots figure { flex: 0 1 30rem; }
svg .tick { fill: var(--quiet); font-size: 10px; }
svg .grid { stroke: var(--rule); }
)";

// A way to look at the results of an input.
struct Plot {
  std::string title, unit;  // "Time", "ns/reply"
  bool logarithmic = false;
  double most = 0;                                  // of the axis; 0: as the values have it
  std::function<double(const Result&)> value;       // 0: nothing to draw
  std::function<std::string(const Result&)> words;  // behind the bar
};

std::string format(const char* pattern, double a, double b = 0, double c = 0, double d = 0) {
  char out[256];
  std::snprintf(out, sizeof out, pattern, a, b, c, d);
  return out;
}

// The axis: from `least`, which a bar's root stands for, to `most`, with lines at `ticks`.
struct Axis {
  double least = 0, most = 1;
  bool logarithmic = false;
  std::vector<double> ticks;
  double place(double value) const {
    const double share = logarithmic ? std::log10(value / least) / std::log10(most / least) : (value - least) / (most - least);
    return std::clamp(share, 0.0, 1.0);
  }
};

// Up to four round steps.
Axis axis_of(const Plot& plot, double smallest, double largest) {
  Axis out{.logarithmic = plot.logarithmic, .ticks = {}};
  if (plot.logarithmic) {
    // Far enough below the smallest for its bar to be seen.
    out.least = std::pow(10, std::floor(std::log10(smallest / 2)));
    out.most = std::max(std::pow(10, std::ceil(std::log10(largest))), out.least * 10);
    for (double tick = out.least; tick <= out.most * 1.01; tick *= 10) out.ticks.push_back(tick);
    return out;
  }
  const double wanted = plot.most > 0 ? plot.most : largest;
  double step = std::pow(10, std::floor(std::log10(wanted / 4)));
  for (const double factor : {2.0, 2.5, 2.0})
    if (step * 4 < wanted) step *= factor;
  out.most = plot.most > 0 ? plot.most : std::ceil(wanted / step) * step;
  for (double tick = 0; tick <= out.most * 1.001; tick += step) out.ticks.push_back(tick);
  return out;
}

std::string class_of(const Result& result, const Report& report) {
  return result.name == report.own ? "own" : result.name == report.yardstick ? "yardstick" : "other";
}

std::string figure(const Plot& plot, const std::vector<const Result*>& results, const Report& report) {
  double smallest = 0, largest = 0;
  for (const Result* each : results)
    if (const double value = plot.value(*each); value > 0) {
      smallest = smallest == 0 ? value : std::min(smallest, value);
      largest = std::max(largest, value);
    }
  if (largest == 0) return "";
  const Axis axis = axis_of(plot, smallest, largest);
  constexpr double width = 368, left = 104, right = 76, row = 20, bar = 12, top = 4, below = 18;
  constexpr double room = width - left - right;
  const double height = top + row * static_cast<double>(results.size());
  std::string drawn, words = plot.title + ", " + plot.unit + ": ";
  for (const double tick : axis.ticks) {
    const double x = left + room * axis.place(tick);
    drawn += format("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%.0f\"/>", x, x, height);
    drawn +=
        format("<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.0f\">", x, height + 13) + format("%.6g", tick) + "</text>\n";
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Result& each = *results[i];
    const double y = top + row * static_cast<double>(i), value = plot.value(each);
    const double length = value > 0 ? room * axis.place(value) : 0;
    const std::string said = !each.fault.empty() ? each.fault : plot.words(each);
    drawn += format("<text text-anchor=\"end\" x=\"%.0f\" y=\"%.1f\">", left - 8, y + bar - 1.5) + escaped(each.name) + "</text>";
    if (length > 0)
      drawn += "<rect class=\"" + class_of(each, report) +
               format("\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>", left, y, length, bar);
    drawn += std::string(each.fault.empty() ? "<text" : "<text class=\"fault\"") +
             format(" x=\"%.1f\" y=\"%.1f\">", left + length + 5, y + bar - 1.5) + escaped(said) + "</text>\n";
    words += (i == 0 ? "" : "; ") + each.name + " " + (said.empty() ? "none" : said);
  }
  return report::figure(plot.title + ", " + plot.unit + (plot.logarithmic ? ", logarithmic" : ""), words, static_cast<int>(width),
                        static_cast<int>(height + below), drawn);
}

std::string plots(const Asked& asked, const Report& report) {
  std::vector<const Result*> results;
  double strict = 0;
  for (const Result& each : asked.results)
    if (each.kind == Result::Kind::adapter) {
      results.push_back(&each);
      strict = std::max(strict, static_cast<double>(each.strict));
    }
  const auto shown = [](double value) { return value > 0 ? number(value) : ""; };
  const Plot all[] = {
      {.title = "Time",
       .unit = "ns/" + asked.unit,
       .logarithmic = true,
       .value = [](const Result& each) { return each.least * 1e9; },
       .words = [shown](const Result& each) { return shown(each.least * 1e9); }},
      {.title = "Instructions",
       .unit = "for each " + asked.unit,
       .logarithmic = true,
       .value = [](const Result& each) { return each.instructions; },
       .words = [shown](const Result& each) { return shown(each.instructions); }},
      {.title = "Speed",
       .unit = "% of the hardware's limit",
       .value = [](const Result& each) { return 100 * each.of_limit.value_or(0); },
       .words = [shown](const Result& each) { return shown(100 * each.of_limit.value_or(0)); }},
      {.title = "Strictness",
       .unit = "inputs judged right",
       .most = strict,
       .value = [](const Result& each) { return static_cast<double>(each.right); },
       .words = score_of},
  };
  std::string out;
  for (const Plot& plot : all) out += figure(plot, results, report);
  return out.empty() ? "" : "<div class=\"plots\">\n" + out + "</div>\n";
}

}  // namespace

std::string html(const Report& report) {
  std::string out;
  if (report.timed) {
    out +=
        "<p>Each adapter was checked first and timed then: what is wrong has no time. Times are the least of all repetitions; on a machine "
        "that is shared, instructions compare better.</p>\n<p class=\"key quiet\"><span><i class=\"own\"></i>" +
        escaped(report.own) + "</span><span><i class=\"yardstick\"></i>" + escaped(report.yardstick) +
        ", the yardstick</span><span><i class=\"other\"></i>others</span></p>\n";
  }
  if (!report.faults.empty()) {
    out += "<ul>\n";
    for (const std::string& fault : report.faults) out += "<li class=\"fault\">" + escaped(fault) + "</li>\n";
    out += "</ul>\n";
  }
  out += overview(report).html(report.timed ? "All inputs: instructions for each item, where they were counted, / least time in ns"
                                            : "All inputs");
  for (const Asked& asked : report.asked) {
    out += "<section>\n<h2>" + escaped(asked.name) + "</h2>\n<p class=\"quiet\">" + escaped(asked.about) + "</p>\n" + plots(asked, report);
    out += table_of(asked, report).html(extent_of(asked));
    out += "</section>\n";
  }
  if (!report.judged.empty()) out += "<section>\n<h2>Inputs at the edge of the grammar</h2>\n";
  for (const Judgement& each : report.judged) {
    std::string lines;
    for (const std::string& line : each.lines) lines += escaped(line) + "\n";
    out += report::details(escaped(each.title + ": " + each.score), "<pre>" + lines + "</pre>");
  }
  if (!report.judged.empty()) out += "</section>\n";
  if (!report.growth.empty()) out += std::string("<section>\n<h2>Growth</h2>\n<p>") + growth_about + "</p>\n";
  for (const Growing& each : report.growth) out += each.table.html(each.name + ": " + each.about);
  if (!report.growth.empty()) out += "</section>\n";
  return report::page(
      {.title = "Parsers of SMTP", .about = report.date + ", " + report.processor + ", " + report.compiler, .style = std::string(style)},
      out);
}

}  // namespace smtpspec::bench
