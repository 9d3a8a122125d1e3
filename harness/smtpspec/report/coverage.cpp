#include "smtpspec/report/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "smtpspec/report/text.hpp"

namespace smtpspec::report {

namespace json_ = boost::json;

using script::Level;
using script::Observable;
using script::Requirement;
using script::RowCoverage;

namespace {

constexpr Level all_levels[] = {Level::must, Level::should, Level::may};

bool on_the_wire(const Requirement& row) {
  return row.binds_server() && (row.observable == Observable::wire || row.observable == Observable::timing);
}
bool beyond_it(const Requirement& row) {
  return row.binds_server() && (row.observable == Observable::delivery || row.observable == Observable::config);
}
bool unseen(const Requirement& row) { return row.binds_server() && row.observable == Observable::none; }

struct Share {
  std::size_t covered = 0, all = 0;
};

template <class Is>
Share share_of(Rows rows, const Is& is) {
  Share out;
  for (const RowCoverage& found : rows)
    if (is(*found.row)) {
      ++out.all;
      out.covered += found.covered();
    }
  return out;
}

template <class Is>
std::size_t count_of(Rows rows, const Is& is) {
  return static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), is));
}

std::vector<Level> levels_of(Rows rows) {
  std::vector<Level> out;
  for (const Level level : all_levels)
    if (count_of(rows, [&](const RowCoverage& found) { return found.row->level == level; })) out.push_back(level);
  return out;
}

// Never rounded up to what is not reached.
std::string percent(const Share& share) { return share.all ? fmt::format("{}%", 100 * share.covered / share.all) : ""; }
std::string figures(const Share& share) { return share.all ? fmt::format("{}/{}", share.covered, share.all) : ""; }
std::string number(std::size_t n) { return n ? std::to_string(n) : ""; }

// A line of a table, without the blanks of its empty last columns.
std::string ended(const std::string& line) { return line.substr(0, line.find_last_not_of(' ') + 1) + "\n"; }

std::string line_of(const std::string& name, Rows rows, const std::vector<Level>& levels) {
  std::string out = fmt::format("{:<34.34}", name);
  for (const Level level : levels) {
    const Share share = share_of(rows, [&](const Requirement& row) { return row.level == level && on_the_wire(row); });
    out += fmt::format("{:>9}{:>6}", figures(share), percent(share));
  }
  out += fmt::format("{:>10}", figures(share_of(rows, beyond_it)));
  out += fmt::format("{:>8}", number(count_of(rows, [](const RowCoverage& found) { return unseen(*found.row); })));
  out += fmt::format("{:>8}", number(count_of(rows, [](const RowCoverage& found) { return !found.row->binds_server(); })));
  out += fmt::format("{:>6}", number(count_of(rows, [](const RowCoverage& found) { return found.standing() == "open"; })));
  return ended(out);
}

// Why a row is not covered, and the sentence for it; in the order in which a reader has to act.
struct Why {
  std::string_view standing;
  std::string_view means;
};
std::vector<Why> all_whys() {
  std::vector<Why> out = {{"open", "no reason is given: a case or rule is missing"}};
  for (const script::GapKind& kind : script::gap_kinds) out.push_back({kind.name, kind.means});
  out.insert(out.end(), {{"client", "it binds clients"}, {"operator", "it binds operators"}, {"document", "it binds readers and authors"}});
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string head_of(const RowCoverage& found, const Paint& paint) {
  return fmt::format("{}  {}", paint(found.row->id, "1"), to_string(found.row->level));
}

std::string reason_lines(const RowCoverage& found) {
  const std::string same = found.same ? "the same as " + found.same->id : "";
  if (!found.gap()) return same.empty() ? "" : wrapped(same, 6);
  return wrapped((same.empty() ? "" : same + ": ") + found.gap()->reason, 6);
}

}  // namespace

std::string coverage_table(Rows rows, const script::Registry& registry, bool color) {
  const Paint paint{color};
  const auto levels = levels_of(rows);
  std::string out = fmt::format("{:<34}{:>{}}{:>10}{:>8}{:>8}\n", "", "on the wire", 15 * levels.size(), "beyond", "not to", "others'");
  std::string names = fmt::format("{:<34}", "RFC");
  for (const Level level : levels) names += fmt::format("{:>15}", to_string(level));
  out += paint(names + fmt::format("{:>10}{:>8}{:>8}{:>6}", "the wire", "be seen", "duties", "open"), "1") + "\n";
  std::size_t rfcs = 0;
  for (Rows rest = rows; !rest.empty();) {
    const int rfc = rest.front().row->rfc;
    const auto end = std::find_if(rest.begin(), rest.end(), [&](const RowCoverage& found) { return found.row->rfc != rfc; });
    const auto size = static_cast<std::size_t>(end - rest.begin());
    out += line_of(fmt::format("{}  {}", rfc, registry.rfcs().at(rfc)), rest.first(size), levels);
    rest = rest.subspan(size);
    ++rfcs;
  }
  if (rfcs > 1) out += paint(line_of("all", rows, levels), "1");

  std::string below;
  for (const Why& why : all_whys()) {
    std::string counts;
    std::size_t sum = 0;
    for (const Level level : levels) {
      const std::size_t n =
          count_of(rows, [&](const RowCoverage& found) { return found.row->level == level && found.standing() == why.standing; });
      counts += fmt::format("{:>8}", number(n));
      sum += n;
    }
    if (sum) below += ended(fmt::format("{:<10}{:<46}{}", why.standing, why.means, counts));
  }
  if (below.empty()) return out;
  std::string title = fmt::format("{:<56}", "not covered, and why");
  for (const Level level : levels) title += fmt::format("{:>8}", to_string(level));
  return out + "\n" + paint(title, "1") + "\n" + below;
}

std::string coverage_rows(Rows rows, bool color) {
  const Paint paint{color};
  std::string out;
  for (const RowCoverage& found : rows) {
    out += head_of(found, paint) + "  " + paint(found.standing(), found.covered() ? "32" : found.standing() == "open" ? "33" : "90") + "\n";
    out += wrapped(found.row->says, 4);
    if (found.covered() && found.same) out += wrapped("as the same as " + found.same->id + ":", 6);
    for (const auto* names : {&found.rules, &found.cases})
      if (!names->empty()) out += wrapped(joined(*names), 6);
    if (!found.covered()) out += reason_lines(found);
  }
  return out;
}

std::string coverage_missing(Rows rows, bool color) {
  const Paint paint{color};
  std::string out;
  for (const Why& why : all_whys()) {
    std::string below;
    std::size_t count = 0;
    for (const RowCoverage& found : rows) {
      if (!found.row->binds_server() || found.standing() != why.standing) continue;
      below += "  " + head_of(found, paint) + "\n" + wrapped(found.row->says, 4) + reason_lines(found);
      ++count;
    }
    if (count) out += paint(fmt::format("{}: {} ({})", why.standing, why.means, plural(count, "row")), "1") + "\n" + below + "\n";
  }
  return out;
}

std::string coverage_json(Rows rows, const script::Registry& registry, const std::string& version) {
  const auto mark = [](const script::Mark& given) { return json_::object{{"since", given.since}, {"reason", given.reason}}; };
  json_::array requirements, rfcs;
  for (const RowCoverage& found : rows) {
    const Requirement& row = *found.row;
    json_::object out{{"id", row.id},
                      {"rfc", row.rfc},
                      {"section", row.section},
                      {"level", to_string(row.level)},
                      {"subject", row.subject},
                      {"observable", to_string(row.observable)},
                      {"says", row.says},
                      {"standing", found.standing()},
                      {"cases", json_::value_from(found.cases)},
                      {"rules", json_::value_from(found.rules)}};
    if (!row.check.empty()) out["check"] = row.check;
    if (found.same) out["same_as"] = found.same->id;
    if (!found.covered() && found.gap()) out["reason"] = found.gap()->reason;
    if (row.by_letter) out["by_letter"] = mark(*row.by_letter);
    if (row.lenient) out["lenient"] = mark(*row.lenient);
    if (!row.successor.empty()) out["successor"] = row.successor;
    requirements.push_back(std::move(out));
  }
  for (const auto& [rfc, title] : registry.rfcs())
    for (const Level level : all_levels) {
      const auto here = [&, number = rfc](const Requirement& row) { return row.rfc == number && row.level == level; };
      json_::object out{{"rfc", rfc}, {"title", title}, {"level", to_string(level)}};
      if (const Share all = share_of(rows, here); all.all) out["rows"] = all.all;
      else continue;
      for (const auto& [name, is] : {std::pair{"wire", &on_the_wire}, std::pair{"beyond", &beyond_it}}) {
        const Share share = share_of(rows, [&here, &kind = is](const Requirement& row) { return here(row) && kind(row); });
        out[name] = {{"rows", share.all}, {"covered", share.covered}};
      }
      json_::object missing;
      for (const Why& why : all_whys())
        if (const std::size_t n =
                count_of(rows, [&](const RowCoverage& found) { return here(*found.row) && found.standing() == why.standing; }))
          missing[why.standing] = n;
      out["not_covered"] = std::move(missing);
      rfcs.push_back(std::move(out));
    }
  return json_::serialize(json_::object{{"schema", "smtpspec.coverage.v1"},
                                        {"suite", {{"version", version}}},
                                        {"summary", std::move(rfcs)},
                                        {"requirements", std::move(requirements)}}) +
         "\n";
}

}  // namespace smtpspec::report
