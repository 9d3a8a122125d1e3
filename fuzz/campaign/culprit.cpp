#include "fuzz/campaign/culprit.hpp"

#include <algorithm>

namespace smtpspec::fuzz {

Culprit::Culprit(std::vector<Scenario> scenarios, std::size_t most_plays) : all_(std::move(scenarios)), most_(most_plays) {}

std::optional<std::vector<Scenario>> Culprit::next() {
  if (plays_ == most_) return {};
  if (plays_++ == 0) return trying_ = all_;
  if (best_.size() < 2) return {};
  // What is left without one half is the other.
  const auto all = [this] { return parts_ == 2 ? 2 : 2 * parts_; };
  if (at_ == all() && parts_ < best_.size()) {
    parts_ = std::min(2 * parts_, best_.size());
    at_ = 0;
  }
  if (at_ == all()) return {};
  const bool without = at_ >= parts_;
  const std::size_t part = parts_ - 1 - at_ % parts_, size = best_.size();
  const auto first = best_.begin() + static_cast<std::ptrdiff_t>(part * size / parts_),
             last = best_.begin() + static_cast<std::ptrdiff_t>((part + 1) * size / parts_);
  trying_.assign(without ? best_.begin() : first, without ? first : last);
  if (without) trying_.insert(trying_.end(), last, best_.end());
  ++at_;
  return trying_;
}

void Culprit::tried(bool died) {
  if (!died) return;
  // What remains without one of many parts is cut into as many as are left of them.
  const bool without = at_ > parts_;
  best_ = std::move(trying_);
  parts_ = without ? std::max<std::size_t>(2, parts_ - 1) : 2;
  parts_ = std::min(parts_, std::max<std::size_t>(best_.size(), 2));
  at_ = 0;
}

Scenario joined(const std::vector<Scenario>& sequence) {
  if (sequence.empty()) return {};
  Scenario out{sequence.back().role, {}};
  int used = 0;
  for (const Scenario& one : sequence) {
    if (one.role != out.role) continue;
    if (used > 0) out.acts.push_back({.kind = Act::Kind::open, .tree = {}, .connection = used + 1, .at = script::Start::greeted});
    for (Act act : one.acts) {
      act.connection += used;
      out.acts.push_back(std::move(act));
    }
    used += connections_of(one);
  }
  return out;
}

}  // namespace smtpspec::fuzz
