// The reports of a run and of a campaign in which a server said these octets: whatever they are, XML, JSON and the page are well-formed,
// all is UTF-8, no octet of the server's commands a terminal, and what the transcript shows can be read back.
#include <boost/json.hpp>

#include "fuzz/report/report.hpp"
#include "oracle.hpp"
#include "smtpspec/report/report.hpp"

using namespace smtpspec;
using fuzz::require;

namespace {

// Takes one element of XML 1.0 in the form that the reports have: no comments, no declarations, entities by name.
class Xml {
 public:
  explicit Xml(std::string_view text) : text_(text) {}

  bool well_formed(std::string_view prologue) {
    if (!take(prologue) || !element()) return false;
    blanks();
    return text_.empty();
  }

 private:
  bool take(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void blanks() { text_.remove_prefix(std::min(text_.find_first_not_of(" \n\t"), text_.size())); }
  std::string_view name() {
    std::size_t size = 0;
    while (size < text_.size() && (smtp::is_alnum(text_[size]) || text_[size] == '-')) ++size;
    const std::string_view out = text_.substr(0, size);
    text_.remove_prefix(size);
    return out;
  }
  // Up to the octet that ends it, which is left.
  bool characters(char end) {
    const auto is_plain = [end](char c) { return c >= ' ' && c <= 'z' && c != '<' && c != '&' && c != ']' && c != end; };
    while (!text_.empty() && text_[0] != end) {
      // A page has many of them.
      std::size_t plain = 0;
      while (plain < text_.size() && is_plain(text_[plain])) ++plain;
      text_.remove_prefix(plain);
      if (plain > 0) continue;
      const char c = text_[0];
      if (c == '<' || (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t')) return false;
      if (c == '&') {
        if (!take("&amp;") && !take("&lt;") && !take("&gt;") && !take("&quot;")) return false;
        continue;
      }
      if (text_.starts_with("]]>") || text_.starts_with("\xef\xbf\xbe") || text_.starts_with("\xef\xbf\xbf")) return false;
      text_.remove_prefix(1);
    }
    return !text_.empty();
  }
  bool attributes() {
    for (blanks(); !text_.empty() && text_[0] != '>' && text_[0] != '/'; blanks())
      if (name().empty() || !take("=\"") || !characters('"') || !take("\"")) return false;
    return true;
  }
  bool element() {
    blanks();
    if (!take("<")) return false;
    const std::string_view own = name();
    if (own.empty() || !attributes()) return false;
    if (take("/>")) return true;
    if (!take(">")) return false;
    while (characters('<')) {
      if (take("</")) return name() == own && take(">");
      if (!element()) return false;
    }
    return false;
  }

  std::string_view text_;
};

boost::json::value read(const std::string& text) {
  boost::system::error_code error;
  boost::json::value out = boost::json::parse(text, error, {}, {.max_depth = 64});
  require(!error, "it is JSON", text);
  return out;
}

// A run of two tests, one of which the octets broke.
run::Run run_with(std::string_view octets) {
  const std::string text(octets), spelt = smtp::spell(octets);
  run::Run out;
  out.target = out.version = text;
  out.endpoints[smtp::Role::relay] = {"mx.test", 25};
  out.endpoints[smtp::Role::submission] = {"mx.test", 587};
  auto& offer = out.offers[smtp::Role::relay];
  offer.reached = offer.probed = offer.clear_known = true;
  offer.greeting = text;
  out.offers[smtp::Role::submission].trouble = text;
  out.deaths = {text};
  smtp::ReplyParser parser;
  session::Entry reply{.kind = session::Entry::Kind::octets, .octets = text, .reply = {}};
  if (auto view = parser.next(octets)) {
    reply.kind = session::Entry::Kind::reply;
    reply.reply = smtp::own(*view, octets);
    offer.clear = smtp::capabilities(*reply.reply);
  }
  run::TestResult test;
  test.id = "rfc5321/some/test[" + text + "]";
  test.role = smtp::Role::relay;
  test.title = test.summary = text;
  test.verdict = judge::Verdict::fail;
  test.requirements = {"RFC5321-1-1", text};
  test.place = {text, 3, 1};
  test.log = {text, spelt};
  test.findings.push_back({.rule = test.id,
                           .requirements = {"RFC5321-1-1"},
                           .verdict = judge::Verdict::fail,
                           .step = text,
                           .expected = "250",
                           .came = text,
                           .choice = {},
                           .place = test.place,
                           .entry = 1});
  test.transcript.entries = {{.kind = session::Entry::Kind::sent, .octets = text, .reply = {}},
                             std::move(reply),
                             {.kind = session::Entry::Kind::note, .octets = "closed by the server", .reply = {}}};
  test.marked = 1;
  out.tests.push_back(test);
  test.waived = text;
  out.tests.push_back(std::move(test));
  return out;
}

// A campaign of which all that may have come from the target is what stands in the run.
void look_at_campaign(const run::Run& run, const script::Registry& registry) {
  const run::TestResult& test = run.tests[0];
  fuzz::Found found;
  found.finding = test.findings.front();
  found.transcript = test.transcript;
  found.log = test.log;
  found.origin = run.target;
  fuzz::Report campaign;
  campaign.offered[smtp::Role::relay] = run.offers.at(smtp::Role::relay).clear;
  campaign.findings = {found, found};
  campaign.dropped = campaign.deaths = run.deaths;
  const auto& reply = test.transcript.entries[1].reply;
  if (reply) campaign.codes[reply->code]["MAIL"] = campaign.seen[{smtp::State::ready, smtp::Input::mail}][reply->code] = 1;
  const fuzz::Setting setting{.version = run.target,
                              .target = run.target,
                              .target_version = run.target,
                              .endpoints = run.endpoints,
                              .options = {},
                              .files = {run.target},
                              .known = {1},
                              .trouble = run.target};
  const std::string page = fuzz::html(campaign, setting, registry);
  require(smtp::utf8_error(page) == page.npos, "the page is UTF-8", page);
  require(Xml(page).well_formed("<!doctype html>\n"), "the page is well-formed", page);
  // What would load or run something: no tag that the octets brought.
  for (const std::string_view tag : {"<script", "<img", "<a ", "<link", "<iframe"})
    require(page.find(tag) == page.npos, "nothing comes from elsewhere", page);
  const std::string document = fuzz::json(campaign, setting);
  require(smtp::utf8_error(document) == document.npos && read(document).is_object(), "a campaign is a document", document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view octets = fuzz::text_of(data, size);
  static const script::Registry registry;
  const run::Run run = run_with(octets);

  const std::string xml = report::junit(run, {"1", "0"}, registry);
  require(smtp::utf8_error(xml) == xml.npos, "JUnit is UTF-8", xml);
  require(Xml(xml).well_formed("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), "JUnit is well-formed XML", xml);

  for (const std::string& document : {report::json(run, {"1", "0"}, registry), report::sarif(run, {"1", "0"}, registry)}) {
    require(smtp::utf8_error(document) == document.npos, "JSON is UTF-8", document);
    require(read(document).is_object(), "a document is an object", document);
  }
  look_at_campaign(run, registry);
  const std::string line = report::json_line(run.tests[0]);
  require(line.find('\n') == line.npos, "a line of JSON is one line", line);
  const boost::json::value test = read(line);
  if (size <= 1000) {
    const auto spelt = smtp::unspell(std::string(test.at("transcript").at(0).at("octets").as_string()));
    require(spelt && *spelt == octets, "what the transcript shows is what was said", octets);
  }

  // What comes from the wire commands no terminal. All else there is ours, or was spelt where it came from.
  run::TestResult shown = run.tests[0];
  shown.id = shown.title = shown.summary = shown.place.file = smtp::spell(octets);
  shown.requirements.pop_back();
  shown.log.erase(shown.log.begin());
  const std::string terminal = report::terminal_test(shown, registry, {.verbosity = 2});
  for (const char c : terminal) require(c == '\n' || (c >= 32 && c <= 126), "a terminal gets printable ASCII", terminal);
  return 0;
}
