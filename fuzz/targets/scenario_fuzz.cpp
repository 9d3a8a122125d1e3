// A scenario as text: what is read is written, what is written is read as the same and written the same; errors point into the text; and
// whatever can be read becomes a case that can be planned, or says why not, and can be changed.
#include "fuzz/scenario/render.hpp"
#include "fuzz/scenario/text.hpp"
#include "oracle.hpp"

using namespace smtpspec;
using fuzz::require;

namespace {

void check(const fuzz::Scenario& scenario, std::string_view text) {
  const std::string written = fuzz::to_text(scenario);
  const auto again = fuzz::from_text(written, "fuzz");
  require(again.has_value(), "what is written can be read", written);
  require(*again == scenario, "what is written means the same", text);
  require(fuzz::to_text(*again) == written, "writing is its own fixpoint", written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  auto scenario = fuzz::from_text(text, "fuzz");
  if (!scenario) {
    fuzz::check_error(scenario.error(), text);
    return 0;
  }
  check(*scenario, text);
  static const script::Facts facts{
      {{"client", "c.test"}, {"sender", "s@c.test"}, {"recipient", "r@s.test"}, {"domain", "s.test"}, {"token", "t"}}};
  const fuzz::Rendered rendered = fuzz::render(*scenario);
  const auto plan = script::make_plan(rendered.test, rendered.test.dialogue, rendered.test.rows.front(), scenario->role, facts);
  if (!plan) require(!plan.error().message.empty(), "an error says what is wrong", text);
  const fuzz::Ground ground{.facts = &facts};
  fuzz::Random random(size);
  const fuzz::Scenario other = *scenario;
  fuzz::mutate(*scenario, ground, random);
  check(*scenario, text);
  fuzz::splice(*scenario, other, random);
  check(*scenario, text);
  return 0;
}
