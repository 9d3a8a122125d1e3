#include "smtpspec/run/result.hpp"

#include <algorithm>

namespace smtpspec::run {

const judge::Finding* TestResult::worst() const {
  const judge::Finding* out = nullptr;
  for (const auto& finding : findings)
    if (!out || finding.verdict > out->verdict) out = &finding;
  return out;
}

std::size_t Run::count(Verdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(tests.begin(), tests.end(), [&](const TestResult& test) { return test.verdict == verdict; }));
}
std::size_t Run::by_letter() const {
  return static_cast<std::size_t>(std::count_if(tests.begin(), tests.end(), [](const TestResult& test) { return test.by_letter; }));
}

}  // namespace smtpspec::run
