#include "smtpspec/report/read.hpp"

#include <algorithm>
#include <cmath>

#include "smtpspec/report/json.hpp"

namespace smtpspec::report {
namespace {

namespace json_ = boost::json;

// A value of the document, and the way to it for complaints. What is not as it should be is noted, the first of it, and read as nothing.
class Node {
 public:
  Node(const json_::value* value, std::string& wrong) : value_(value), wrong_(wrong) {}

  bool there() const { return value_ != nullptr; }
  Node operator[](std::string_view name) const {
    const auto* object = value_ ? value_->if_object() : nullptr;
    if (value_ && !object) complain("expected an object");
    return {object ? object->if_contains(name) : nullptr, *this, name, 0};
  }
  std::string text() const {
    const auto* string = value_ ? value_->if_string() : nullptr;
    if (!string) complain("expected a string");
    return string ? std::string(*string) : "";
  }
  std::string text_or_none() const { return there() ? text() : ""; }
  double number() const {
    if (value_ && value_->is_number()) return value_->to_number<double>();
    complain("expected a number");
    return 0;
  }
  // A whole number up to `most`, and not below zero.
  std::size_t count(std::size_t most = 1u << 31) const {
    const double value = number();
    if (value >= 0 && value <= static_cast<double>(most) && value == std::floor(value)) return static_cast<std::size_t>(value);
    complain("expected a whole number up to " + std::to_string(most));
    return 0;
  }
  std::size_t count_or_none() const { return there() ? count() : 0; }
  session::Duration milliseconds() const {
    constexpr double most = 1e12;
    const double value = number();
    if (std::abs(value) <= most) return session::Duration(std::llround(value * 1000));
    complain("expected a number of milliseconds");
    return {};
  }
  bool flag() const {
    if (!there()) return false;
    if (!value_->is_bool()) complain("expected true or false");
    return value_->is_bool() && value_->get_bool();
  }
  std::string octets() const {
    auto out = smtp::unspell(text());
    if (!out) complain("no spelling of octets: " + out.error().message);
    return out ? std::move(*out) : "";
  }
  template <class Each>
  void each(const Each& each) const {
    if (!there()) return;
    const auto* array = value_->if_array();
    if (!array) return complain("expected an array");
    for (std::size_t i = 0; i < array->size(); ++i) each(Node(&(*array)[i], *this, {}, i));
  }
  template <class Each>
  void members(const Each& each) const {
    if (!there()) return;
    const auto* object = value_->if_object();
    if (!object) return complain("expected an object");
    for (const auto& [name, value] : *object) each(std::string(name), Node(&value, *this, name, 0));
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    each([&](const Node& one) { out.push_back(one.text()); });
    return out;
  }
  // The one of these whose word it is.
  template <class One>
  One one_of(std::initializer_list<One> all) const {
    const std::string word = text();
    std::string known;
    for (const One one : all) {
      if (to_string(one) == word) return one;
      known += (known.empty() ? "" : ", ") + std::string(to_string(one));
    }
    complain("expected one of " + known);
    return *all.begin();
  }
  void complain(const std::string& why) const {
    if (wrong_.empty()) wrong_ = (parent_ ? path() + ": " : "") + (there() ? why : "it is missing");
  }

 private:
  Node(const json_::value* value, const Node& parent, std::string_view name, std::size_t index)
      : value_(value), wrong_(parent.wrong_), parent_(&parent), name_(name), index_(index) {}
  std::string path() const {
    if (!parent_) return "";
    const std::string above = parent_->path();
    if (name_.empty()) return above + "[" + std::to_string(index_) + "]";
    return (above.empty() ? "" : above + ".") + smtp::spell(name_);
  }

  const json_::value* value_;
  std::string& wrong_;
  const Node* parent_ = nullptr;
  std::string_view name_;
  std::size_t index_ = 0;
};

smtp::Role role_of(const Node& node) { return node.one_of({smtp::Role::relay, smtp::Role::submission, smtp::Role::submissions}); }
smtp::Role role_called(const std::string& word, const Node& node) {
  const auto role = run::role_named(word);
  if (!role) node.complain("'" + smtp::spell(word) + "' is no role");
  return role.value_or(smtp::Role::relay);
}
script::Level level_of(const Node& node) { return node.one_of({script::Level::must, script::Level::should, script::Level::may}); }

session::Transcript transcript_of(const Node& node) {
  using Kind = session::Entry::Kind;
  session::Transcript out;
  node.each([&](const Node& line) {
    session::Entry& entry = out.entries.emplace_back();
    const std::string who = line["dir"].text();
    entry.kind = who == "C" ? Kind::sent : who == "S" ? Kind::octets : Kind::note;
    if (entry.kind == Kind::note && who != "*") line["dir"].complain("expected C, S or *");
    entry.at = session::Time{} + line["t_ms"].milliseconds();
    if (line["connection"].there()) entry.connection = static_cast<int>(line["connection"].count(1u << 20));
    // What happened is said in words.
    entry.octets = entry.kind == Kind::note ? line["octets"].text() : line["octets"].octets();
  });
  return out;
}

judge::Finding finding_of(const Node& node) {
  judge::Finding out;
  out.rule = node["rule"].text();
  out.requirements = node["requirements"].texts();
  out.level = level_of(node["level"]);
  out.verdict = node["verdict"].one_of({judge::Verdict::observed, judge::Verdict::deviation, judge::Verdict::fail});
  out.step = node["step"].text_or_none();
  out.expected = node["expected"].text();
  out.came = node["came"].text();
  out.choice = node["choice"].text_or_none();
  out.by_letter = node["by_letter"].flag();
  out.place.line = static_cast<int>(node["line"].count_or_none());
  if (node["entry"].there()) out.entry = static_cast<int>(node["entry"].count());
  return out;
}

run::Verdict verdict_of(const Node& test) {
  using run::Verdict;
  if (test["waiver"].there()) return test["waiver"]["verdict"].one_of({Verdict::fail, Verdict::deviation});
  return test["verdict"].one_of(
      {Verdict::pass, Verdict::observed, Verdict::skip, Verdict::inconclusive, Verdict::deviation, Verdict::fail, Verdict::error});
}

run::TestResult test_of(const Node& node, const script::Suite& suite) {
  run::TestResult out;
  out.id = node["id"].text();
  if (const std::size_t bracket = out.id.find('['); bracket != std::string::npos && out.id.ends_with(']'))
    out.row = out.id.substr(bracket + 1, out.id.size() - bracket - 2);
  out.rule = judge::find_rule(out.id);
  out.test = suite.find(std::string_view(out.id).substr(0, out.id.find('[')));
  out.role = role_of(node["role"]);
  out.level = level_of(node["level"]);
  out.requirements = node["requirements"].texts();
  out.title = node["title"].text();
  out.verdict = verdict_of(node);
  out.summary = node["summary"].text();
  out.choice = node["choice"].text_or_none();
  out.by_letter = node["by_letter"].flag();
  out.flaky = node["flaky"].flag();
  if (node["waiver"].there()) out.waived = node["waiver"]["reason"].text();
  node["findings"].each([&](const Node& one) { out.findings.push_back(finding_of(one)); });
  out.transcript = transcript_of(node["transcript"]);
  if (node["marked"].there()) out.marked = static_cast<int>(node["marked"].count());
  out.place.file = node["file"].text_or_none();
  out.place.line = static_cast<int>(node["line"].count_or_none());
  out.duration = node["duration_ms"].milliseconds();
  out.checked = node["replies_checked"].count_or_none();
  out.seen_in = node["seen_in"].count_or_none();
  out.example = node["example"].text_or_none();
  out.log = node["log"].texts();
  for (judge::Finding& finding : out.findings) finding.place.file = out.place.file;
  return out;
}

run::WaiverUse waiver_of(const Node& node) {
  using State = run::WaiverUse::State;
  run::WaiverUse out;
  out.waiver.glob = node["case"].text();
  if (node["role"].there()) out.waiver.role = role_of(node["role"]);
  out.waiver.reason = node["reason"].text();
  out.waiver.until = node["until"].text_or_none();
  out.state = node["state"].one_of({State::used, State::expired, State::stale, State::untested});
  out.tests = node["tests"].count();
  return out;
}

void read_target(const Node& target, run::Run& out) {
  out.target = target["name"].text();
  out.version = target["version"].text_or_none();
  out.log = target["log"].text_or_none();
  out.log_cut = target["log_cut"].flag();
  target["facts"].members([&](const std::string& name, const Node& value) { out.facts[name] = value.text(); });
  target["endpoints"].members([&](const std::string& word, const Node& value) {
    const auto url = run::parse_url(value.text());
    if (url) out.endpoints[role_called(word, value)] = url->second;
    else value.complain(url.error().message);
  });
  target["ehlo"].members([&](const std::string& word, const Node& lines) {
    run::Offer& offer = out.offers[role_called(word, lines)];
    lines.each([&](const Node& line) {
      const std::string whole = line.octets();
      const std::size_t blank = whole.find(' ');
      offer.ready.list.push_back({whole.substr(0, blank), blank == std::string::npos ? "" : whole.substr(blank + 1)});
    });
  });
  target["trust"].members(
      [&](const std::string& word, const Node& value) { out.offers[role_called(word, value)].tls.trust = value.text(); });
  if (target["greeting"].there() && !out.offers.empty()) out.offers.begin()->second.greeting = target["greeting"].octets();
}

Reported reported_of(const Node& root, const script::Suite& suite) {
  Reported out;
  run::Run& run = out.run;
  const Node suite_node = root["suite"];
  out.suite = {suite_node["version"].text(), suite_node["cases_sha256"].text(), suite_node["command"].text()};
  if (const Node shard = suite_node["shard"]; shard.there()) {
    constexpr std::size_t most = 100000;
    out.suite.shard = static_cast<int>(shard["part"].count(most));
    out.suite.shards = static_cast<int>(shard["of"].count(most));
    if (out.suite.shard < 1 || out.suite.shard > out.suite.shards) shard.complain("expected a part of so many");
  }
  read_target(root["target"], run);
  run.started = root["started"].text_or_none();
  run.duration = root["duration_ms"].milliseconds();
  const Node deadlines = root["deadlines_ms"];
  run.deadlines.connect = deadlines["connect"].milliseconds();
  run.deadlines.greeting = deadlines["greeting"].milliseconds();
  run.deadlines.reply = deadlines["reply"].milliseconds();
  run.deadlines.data = deadlines["data"].milliseconds();
  run.deadlines.quiet = deadlines["quiet"].milliseconds();
  run.replies = root["replies"].count(std::size_t{1} << 53);
  run.interrupted = root["interrupted"].flag();
  run.trouble = root["trouble"].text_or_none();
  run.dead = !run.trouble.empty();
  run.deaths = root["deaths"].texts();
  run.left_out = root["summary"]["left-out"].count_or_none();
  root["waivers"].each([&](const Node& one) { run.waivers.push_back(waiver_of(one)); });
  if (!root["cases"].there()) root["cases"].complain("");
  root["cases"].each([&](const Node& one) { run.tests.push_back(test_of(one, suite)); });
  for (auto& [role, offer] : run.offers) offer.reached = offer.probed = true;
  root["dead_roles"].members([&](const std::string& word, const Node& value) {
    const smtp::Role role = role_called(word, value);
    run.dead_roles[role] = run.offers[role].trouble = value.text();
    run.offers[role].reached =
        std::any_of(run.tests.begin(), run.tests.end(), [&](const run::TestResult& test) { return test.role == role; });
  });
  return out;
}

Place place_in(std::string_view text, std::size_t at, const std::string& file) {
  const std::string_view before = text.substr(0, at);
  const std::size_t begin = before.rfind('\n') + 1;  // npos + 1: none is before it
  return {file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1, static_cast<int>(at - begin) + 1};
}

}  // namespace

Result<Reported> read_run(std::string_view text, const std::string& file, const script::Suite& suite) {
  json_::stream_parser parser;
  json_::error_code error;
  const std::size_t good = parser.write_some(text.data(), text.size(), error);
  if (!error && good < text.size()) error = json_::error::extra_data;
  if (!error) parser.finish(error);
  if (error) return failure("no JSON: " + error.message(), place_in(text, good, file));
  const json_::value document = parser.release();
  std::string wrong;
  const Node root(&document, wrong);
  const std::string schema = root["schema"].text();
  if (!wrong.empty()) return failure("no run document: " + wrong, Place{file});
  if (schema != run_schema)
    return failure("a document of the schema '" + smtp::spell(schema) + "'; what is read here is '" + std::string(run_schema) + "'",
                   Place{file});
  Reported out = reported_of(root, suite);
  if (!wrong.empty()) return failure("the run document is damaged: " + wrong, Place{file});
  return out;
}

}  // namespace smtpspec::report
