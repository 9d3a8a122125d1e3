#include "smtpspec/run/result.hpp"

#include <algorithm>

namespace smtpspec::run {

const judge::Finding* TestResult::worst() const {
  const judge::Finding* out = nullptr;
  for (const auto& finding : findings)
    if (!out || finding.verdict > out->verdict) out = &finding;
  return out;
}

std::string_view verdict_word(const TestResult& test) { return test.waived.empty() ? to_string(test.verdict) : "waived"; }

namespace {

template <class List, class Is>
std::size_t count_of(const List& list, Is is) {
  return static_cast<std::size_t>(std::count_if(list.begin(), list.end(), is));
}

}  // namespace

bool Run::reached(smtp::Role role) const {
  const auto offer = offers.find(role);
  return offer == offers.end() || offer->second.reached;
}
bool Run::nobody_there() const {
  return dead && std::none_of(endpoints.begin(), endpoints.end(), [this](const auto& one) { return reached(one.first); });
}

std::size_t Run::count(Verdict verdict) const {
  return count_of(tests, [&](const TestResult& test) { return test.verdict == verdict && test.waived.empty(); });
}
std::size_t Run::waived() const {
  return count_of(tests, [](const TestResult& test) { return !test.waived.empty(); });
}
std::size_t Run::by_letter() const {
  return count_of(tests, [](const TestResult& test) { return test.by_letter && test.waived.empty(); });
}
std::size_t Run::waivers_in(WaiverUse::State state) const {
  return count_of(waivers, [&](const WaiverUse& use) { return use.state == state; });
}

}  // namespace smtpspec::run
