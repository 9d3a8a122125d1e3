// A case file, and the languages inside it (dialogue, template, expectation): what is read is printed, what is printed
// is read as the same and prints the same; errors point into the text; the canonical form is its own canonical form;
// and whatever can be read can be linted and planned.
#include <algorithm>

#include "oracle.hpp"
#include "smtpspec/script/lint.hpp"
#include "smtpspec/script/plan.hpp"

using namespace smtpspec;
using fuzz::check_error;
using fuzz::require;

namespace {

template <class Value, class Parse, class Print>
void check_form(std::string_view text, const Parse& parse, const Print& print) {
  const Result<Value> value = parse(text);
  if (!value) return check_error(value.error(), text);
  const std::string printed = print(*value);
  const Result<Value> again = parse(printed);
  require(again.has_value(), "what is printed can be read", printed);
  require(*again == *value, "what is printed means the same", printed);
  require(print(*again) == printed, "printing is its own fixpoint", printed);
}

// How many octets the pieces make, at most; plans of giants cost memory and show nothing.
std::size_t weight(const std::vector<script::Piece>& pieces) {
  std::size_t out = 0;
  for (const auto& piece : pieces) {
    const std::size_t inside = weight(piece.inside) + piece.text.size() + 32;
    out += piece.kind == script::Piece::Kind::repeat ? std::min<std::size_t>(piece.count, 1u << 20) * inside : inside + piece.count;
  }
  return out;
}

std::size_t weight(const std::vector<script::Step>& steps) {
  std::size_t out = 0;
  for (const auto& step : steps) out += weight(step.text.pieces) + static_cast<std::size_t>(std::max(step.count, 1)) * weight(step.inside);
  return out;
}

void check_case(const std::string& text) {
  const auto test = script::parse_case(text, "fuzz/case", "fuzz/case.yaml");
  if (!test) return check_error(test.error(), text);
  if (const auto form = script::format_case(text, "fuzz/case.yaml")) {
    const auto again = script::format_case(*form, "fuzz/case.yaml");
    require(again && *again == *form, "the canonical form is its own", text);
  }
  constexpr std::string_view rules[] = {"reply-ends-in-crlf"};
  for (const Error& problem : script::lint(*test, {}, {rules, {}})) check_error(problem, text);

  const script::Facts facts{
      {{"client", "c.test"}, {"sender", "s@c.test"}, {"recipient", "r@s.test"}, {"token", "t"}, {"user", "u"}, {"password", "p"}}};
  for (const auto* steps : {&test->dialogue, &test->twin}) {
    if (weight(*steps) > 1u << 20) continue;
    for (const smtp::Role role : smtp::all_roles)
      for (const auto& row : test->rows)
        if (const auto plan = script::make_plan(*test, *steps, row, role, facts); !plan) check_error(plan.error(), text);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_case(std::string(text));
  check_form<std::vector<script::Step>>(text, [](std::string_view t) { return script::parse_dialogue(t, "fuzz"); }, script::print_dialogue);
  const std::string_view line = text.substr(0, text.find('\n'));
  check_form<script::Template>(line, script::parse_template, script::print_template);
  check_form<script::Expect>(line, script::parse_expect, script::print_expect);
  return 0;
}
