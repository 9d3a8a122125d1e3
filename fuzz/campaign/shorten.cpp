#include "fuzz/campaign/shorten.hpp"

#include <algorithm>

namespace smtpspec::fuzz {
namespace {

// Connections that nothing is said on any more go, and the others take their numbers.
void close_up(Scenario& scenario) {
  auto& acts = scenario.acts;
  const auto first = std::find_if(acts.begin(), acts.end(), [](const Act& act) { return act.connection == 1; });
  // The one that is there from the start needs no opening.
  if (first == acts.end() && acts.front().kind == Act::Kind::open && acts.front().at == script::Start::greeted) {
    const int opened = acts.front().connection;
    acts.erase(acts.begin());
    for (Act& act : acts)
      if (act.connection == opened) act.connection = 1;
  }
  std::set<int> used{1};
  for (const Act& act : acts) used.insert(act.connection);
  for (Act& act : acts) act.connection = 1 + static_cast<int>(std::distance(used.begin(), used.find(act.connection)));
}

}  // namespace

Shortening::Shortening(Scenario scenario, Ground ground, std::size_t most_plays)
    : best_(std::move(scenario)), ground_(ground), most_(most_plays), chunk_(std::max<std::size_t>(best_.acts.size() / 2, 1)) {
  list();
}

void Shortening::list() {
  candidates_.clear();
  const auto put = [this](const auto& change) {
    Scenario copy = best_;
    change(copy);
    if (copy.acts.empty()) return;
    copy.acts.back().glued = false;
    if (copy != best_) candidates_.push_back(std::move(copy));
  };
  const std::size_t acts = best_.acts.size();
  for (std::size_t size = std::min(chunk_, acts); size > 0; size /= 2)
    // The end first: what came behind the reply in question is nearly always for nothing.
    for (std::size_t end = acts; end >= size; end -= size) {
      put([&](Scenario& scenario) {
        const auto last = scenario.acts.begin() + static_cast<std::ptrdiff_t>(end);
        scenario.acts.erase(last - static_cast<std::ptrdiff_t>(size), last);
      });
      if (end == size) break;
    }
  put(close_up);
  put([](Scenario& scenario) {
    for (Act& act : scenario.acts) act.glued = false;
  });
  put([](Scenario& scenario) {
    for (Act& act : scenario.acts) act.cuts.clear();
    for (Act& act : scenario.acts) act.single = false;
  });
  for (std::size_t i = 0; i < acts; ++i) {
    put([i](Scenario& scenario) { scenario.acts[i].glued = false; });
    put([i](Scenario& scenario) { scenario.acts[i].cuts.clear(); });
    put([i](Scenario& scenario) { scenario.acts[i].single = false; });
    if (!best_.acts[i].says()) continue;
    if (best_.acts[i].kind == Act::Kind::starttls || best_.acts[i].more.size() > 1)
      for (std::size_t line = 0; line < best_.acts[i].more.size(); ++line)
        put([&](Scenario& scenario) { scenario.acts[i].more.erase(scenario.acts[i].more.begin() + static_cast<std::ptrdiff_t>(line)); });
    for (const Node& tree : Grammar::instance().simpler(best_.acts[i].tree, ground_))
      put([&](Scenario& scenario) { scenario.acts[i].tree = tree; });
    for (std::size_t line = 0; line < best_.acts[i].more.size(); ++line)
      for (const Node& tree : Grammar::instance().simpler(best_.acts[i].more[line], ground_))
        put([&](Scenario& scenario) { scenario.acts[i].more[line] = tree; });
  }
  std::reverse(candidates_.begin(), candidates_.end());
}

std::optional<Scenario> Shortening::next() {
  if (plays_ >= most_ || candidates_.empty()) return {};
  ++plays_;
  trying_ = std::move(candidates_.back());
  candidates_.pop_back();
  return trying_;
}

void Shortening::tried(bool still_shows_it) {
  if (!still_shows_it) return;
  best_ = std::move(*trying_);
  list();
}

}  // namespace smtpspec::fuzz
