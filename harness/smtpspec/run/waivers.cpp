#include "smtpspec/run/waivers.hpp"

#include <array>

#include "smtpspec/run/result.hpp"
#include "smtpspec/script/yaml.hpp"

namespace smtpspec::run {
namespace {

constexpr std::array<std::string_view, 4> waiver_keys = {"case", "role", "reason", "until"};

Result<std::string> text_of(const script::Yaml& yaml, std::string_view key, const char* what) {
  const auto* value = yaml.find(key);
  if (!value) return yaml.fail("a waiver needs " + std::string(key) + ", " + what);
  return value->as_sentence(what);
}

Result<Waiver> parse_waiver(const script::Yaml& yaml, const script::Suite& suite) {
  if (auto ok = yaml.only(waiver_keys, "a waiver"); !ok) return tl::unexpected(ok.error());
  Waiver out;
  out.place = yaml.place;
  auto glob = text_of(yaml, "case", "the pattern of the tests that it lifts");
  if (!glob) return tl::unexpected(glob.error());
  if (const auto error = unknown_id(suite, *glob)) return yaml.find("case")->fail(error->message, error->hint);
  auto reason = text_of(yaml, "reason", "a sentence that says why");
  if (!reason) return tl::unexpected(reason.error());
  out.glob = std::move(*glob);
  out.reason = std::move(*reason);
  if (const auto* role = yaml.find("role")) {
    out.role = role_named(role->text);
    if (!out.role)
      return role->fail("'" + smtp::spell(role->text) + "' is no role; roles are relay, submission and submissions",
                        smtp::nearest(role->text, role_words()));
  }
  if (const auto* until = yaml.find("until")) {
    auto day = until->as_day();
    if (!day) return tl::unexpected(day.error());
    out.until = std::move(*day);
  }
  return out;
}

}  // namespace

std::string_view to_string(WaiverUse::State state) {
  static constexpr std::array<std::string_view, 4> names = {"used", "expired", "stale", "untested"};
  return names[static_cast<std::size_t>(state)];
}

Waivers::Waivers(std::vector<Waiver> waivers, const std::string& today) {
  for (Waiver& waiver : waivers) {
    const bool expired = !waiver.until.empty() && waiver.until < today;
    counts_.push_back({std::move(waiver), expired});
  }
}

void Waivers::apply(TestResult& result) {
  const bool hit = result.verdict == Verdict::fail || result.verdict == Verdict::deviation;
  const bool clean = result.verdict == Verdict::pass || result.verdict == Verdict::observed;
  for (Count& count : counts_) {
    if (!count.waiver.names(result.id, result.role)) continue;
    ++(hit ? count.hits : clean ? count.clean : count.open);
    if (hit && !count.expired && result.waived.empty()) result.waived = count.waiver.reason;
  }
}

std::vector<WaiverUse> Waivers::uses() const {
  std::vector<WaiverUse> out;
  for (const Count& count : counts_) {
    WaiverUse::State state = WaiverUse::State::untested;
    if (count.hits > 0) state = count.expired ? WaiverUse::State::expired : WaiverUse::State::used;
    else if (count.clean > 0 && count.open == 0) state = WaiverUse::State::stale;
    out.push_back({count.waiver, state, count.hits});
  }
  return out;
}

Result<std::vector<Waiver>> parse_waivers(const std::string& text, const std::string& file, const script::Suite& suite) {
  auto yaml = script::parse_yaml(text, file);
  if (!yaml) return tl::unexpected(yaml.error());
  if (yaml->kind != script::Yaml::Kind::list) return yaml->fail("expected a list of waivers, each '- case: PATTERN' with its reason");
  std::vector<Waiver> out;
  for (const auto& item : yaml->items) {
    auto waiver = parse_waiver(item, suite);
    if (!waiver) return tl::unexpected(waiver.error());
    out.push_back(std::move(*waiver));
  }
  return out;
}

}  // namespace smtpspec::run
