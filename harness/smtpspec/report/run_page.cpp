#include "smtpspec/report/run_page.hpp"

#include <fmt/format.h>

#include <map>

#include "smtpspec/report/deflate.hpp"
#include "smtpspec/report/json.hpp"
#include "smtpspec/report/page_source.hpp"
#include "smtpspec/smtp/encoding.hpp"

namespace smtpspec::report {
namespace {

namespace json_ = boost::json;

// The number of each text that was met, in the order in which it was first.
class Numbers {
 public:
  std::size_t of(std::string_view name) { return numbers_.try_emplace(std::string(name), numbers_.size()).first->second; }
  bool knows(std::string_view name) const { return numbers_.find(name) != numbers_.end(); }

 private:
  std::map<std::string, std::size_t, std::less<>> numbers_;
};

// Elements that hold data, numbered by the place where they come.
class Blocks {
 public:
  std::size_t add(const json_::value& data) {
    markup_ += fmt::format("<script type=\"text/plain\" id=\"block-{}\">{}</script>\n", count_,
                           smtp::encode_base64(deflated(json_::serialize(data))));
    return count_++;
  }
  const std::string& markup() const { return markup_; }

 private:
  std::string markup_;
  std::size_t count_ = 0;
};

// So many octets of JSON are opened to look at one test: some milliseconds.
constexpr std::size_t block_octets = 128u << 10;

// Objects of a list in blocks: each a block's number and how many are in it.
template <class List, class Object>
json_::array in_blocks(const List& list, Blocks& blocks, const Object& object) {
  json_::array out, open;
  std::size_t octets = 0;
  const auto close = [&] {
    const std::size_t count = open.size();
    if (count) out.push_back(json_::array{blocks.add(std::exchange(open, {})), count});
    octets = 0;
  };
  for (const auto& one : list) {
    open.push_back(object(one));
    octets += json_::serialize(open.back()).size();
    if (octets >= block_octets) close();
  }
  close();
  return out;
}

json_::array requirements(Rows rows, Numbers& numbers) {
  json_::array out;
  for (const auto& found : rows) {
    numbers.of(found.row->id);
    out.push_back(json_::array{text(found.row->id), found.row->rfc, text(found.row->section), to_string(found.row->level), found.standing(),
                               text(found.row->says), found.gap() ? text(found.gap()->reason) : json_::string(),
                               found.same ? text(found.same->id) : json_::string()});
  }
  return out;
}

// What lists and filters need of a test, a column each; a case, its row aside, stands once for all runs.
class Index {
 public:
  Index(Numbers& requirements, Blocks& blocks) : requirements_(requirements), blocks_(blocks) {}

  json_::object run(const Reported& reported, const script::Registry& registry) {
    const run::Run& run = reported.run;
    json_::object out = about_object(run, reported.suite);
    json_::array cases, roles, verdicts, levels, times, summaries, choices, found, by_letter, findings;
    for (std::size_t i = 0; i < run.tests.size(); ++i) {
      const run::TestResult& test = run.tests[i];
      cases.push_back(number_of(test));
      roles.push_back(json_::string(to_string(test.role)));
      verdicts.push_back(json_::string(verdict_word(test)));
      levels.push_back(json_::string(to_string(test.level)));
      times.push_back(ms(test.duration));
      summaries.push_back(text(test.summary));
      choices.push_back(text(test.choice));
      if (test.by_letter) by_letter.push_back(i);
      for (const judge::Finding& one : test.findings)
        if (!one.requirements.empty() && requirements_.knows(one.requirements.front()))
          found.push_back(json_::array{i, requirements_.of(one.requirements.front()), to_string(one.verdict)});
    }
    for (const Bug& bug : bugs(run)) {
      if (!bug.finding) continue;
      json_::object one = bug_object(bug, registry);
      for (const auto* name : {"cases", "says", "count"}) one.erase(name);
      json_::array tests;
      for (const auto* test : bug.tests) tests.push_back(test - run.tests.data());
      one["tests"] = std::move(tests);
      findings.push_back(std::move(one));
    }
    out["tests"] = {{"case", std::move(cases)},     {"role", std::move(roles)},  {"verdict", std::move(verdicts)},
                    {"level", std::move(levels)},   {"ms", std::move(times)},    {"summary", std::move(summaries)},
                    {"choice", std::move(choices)}, {"found", std::move(found)}, {"by_letter", std::move(by_letter)}};
    out["findings"] = std::move(findings);
    out["blocks"] = in_blocks(run.tests, blocks_, &test_object);
    return out;
  }

  // With the sources of those that the suite has.
  json_::object cases() {
    json_::object out{
        {"id", std::move(ids_)}, {"title", std::move(titles_)}, {"requirements", std::move(covers_)}, {"source", std::move(source_)}};
    std::vector<const script::Case*> all(sources_.size());
    for (const auto& [test, number] : sources_) all[number] = test;
    out["blocks"] = in_blocks(all, blocks_, [](const script::Case* test) {
      return json_::object{{"why", text(test->why)}, {"file", text(test->file)}, {"source", text(test->source)}};
    });
    return out;
  }

 private:
  std::size_t number_of(const run::TestResult& test) {
    const std::size_t number = cases_.of(test.id);
    if (number < ids_.size()) return number;
    ids_.push_back(text(test.id));
    titles_.push_back(text(test.title));
    json_::array covers;
    const auto cover = [&](const std::vector<std::string>& names) {
      for (const std::string& name : names)
        if (requirements_.knows(name)) covers.push_back(requirements_.of(name));
    };
    // A result names the broken one only; what is covered is the same whatever came.
    if (test.rule) cover(judge::requirements_of(*test.rule));
    else cover(test.requirements);
    covers_.push_back(std::move(covers));
    if (test.test && !test.rule) source_.push_back(sources_.try_emplace(test.test, sources_.size()).first->second);
    else source_.push_back(nullptr);
    return number;
  }

  Numbers& requirements_;
  Blocks& blocks_;
  Numbers cases_;
  json_::array ids_, titles_, covers_, source_;
  std::map<const script::Case*, std::size_t> sources_;
};

}  // namespace

std::string run_page(std::span<const Reported> runs, Rows rows, const script::Suite& suite) {
  Numbers numbers;
  Blocks blocks;
  json_::object data, titles;
  data["requirements"] = requirements(rows, numbers);
  for (const auto& [rfc, title] : suite.registry.rfcs()) titles[std::to_string(rfc)] = text(title);
  data["rfcs"] = std::move(titles);
  Index index(numbers, blocks);
  json_::array all;
  for (const Reported& reported : runs) all.push_back(index.run(reported, suite.registry));
  data["runs"] = std::move(all);
  data["cases"] = index.cases();

  constexpr std::string_view index_here = "<!--index-->", blocks_here = "<!--blocks-->";
  const std::size_t first = page_source.find(index_here), second = page_source.find(blocks_here);
  std::string out(page_source.substr(0, first));
  out += fmt::format("<script type=\"text/plain\" id=\"index\">{}</script>\n", smtp::encode_base64(deflated(json_::serialize(data))));
  out += page_source.substr(first + index_here.size(), second - first - index_here.size());
  out += blocks.markup();
  out += page_source.substr(second + blocks_here.size());
  return out;
}

}  // namespace smtpspec::report
