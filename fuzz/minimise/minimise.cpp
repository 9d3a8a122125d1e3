#include "fuzz/minimise/minimise.hpp"

#include <algorithm>

namespace smtpspec::fuzz {
namespace {

using script::Case;
using script::Piece;
using script::Step;
using script::Template;

constexpr std::size_t long_run = 16;  // octets of one kind, or a text: worth a search of their own

// The lists of steps that come one after the other: the dialogue's, those of blocks, and the lines of messages.
template <class Use>
void visit_lists(std::vector<Step>& steps, const Use& use) {
  use(steps);
  for (Step& step : steps)
    if (step.kind == Step::Kind::times || step.kind == Step::Kind::message || step.kind == Step::Kind::content)
      visit_lists(step.inside, use);
}

template <class Use>
void visit_steps(std::vector<Step>& steps, const Use& use) {
  for (Step& step : steps) {
    use(step);
    visit_steps(step.inside, use);
  }
}

template <class Use>
void visit_pieces(std::vector<Piece>& pieces, const Use& use) {
  for (Piece& piece : pieces) {
    use(piece);
    visit_pieces(piece.inside, use);
  }
}

// The numbers that may be smaller.
template <class Use>
void visit_numbers(std::vector<Step>& steps, const Use& use) {
  visit_steps(steps, [&](Step& step) {
    if (step.kind == Step::Kind::times) {
      auto count = static_cast<std::size_t>(step.count);
      use(count, "times");
      step.count = static_cast<int>(count);
    }
    visit_pieces(step.text.pieces, [&](Piece& piece) {
      if ((piece.kind == Piece::Kind::repeat || piece.kind == Piece::Kind::pad || piece.kind == Piece::Kind::lines) && !piece.beyond_limit)
        use(piece.count, script::print_template({{piece}}));
    });
  });
}

// Where each unit begins: what is said or done, with the replies behind it.
std::vector<std::size_t> units(const std::vector<Step>& steps) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (i == 0 || (steps[i].kind != Step::Kind::expect && steps[i].kind != Step::Kind::remark)) out.push_back(i);
  out.push_back(steps.size());
  return out;
}

// Long runs of one octet as a repetition: the same octets, and a number that can be searched.
void count_runs(Template& text) {
  std::vector<Piece> out;
  for (Piece& piece : text.pieces) {
    if (piece.kind != Piece::Kind::octets) {
      out.push_back(std::move(piece));
      continue;
    }
    const std::string& octets = piece.text;
    std::string plain;
    for (std::size_t i = 0; i < octets.size();) {
      const std::size_t end = std::min(octets.find_first_not_of(octets[i], i), octets.size());
      if (end - i < long_run) {
        plain += octets.substr(i, end - i);
      } else {
        if (!plain.empty()) out.push_back({.text = std::exchange(plain, {})});
        out.push_back({.kind = Piece::Kind::repeat, .count = end - i, .inside = {{.text = std::string(1, octets[i])}}});
      }
      i = end;
    }
    if (!plain.empty()) out.push_back({.text = std::move(plain)});
  }
  text.pieces = std::move(out);
}

}  // namespace

Minimising::Minimising(const Case& test, const script::CaseRow& row, std::size_t most_plays) : best_(test), most_(most_plays) {
  best_.start = start_of(test, row);
  best_.conditions = conditions_of(test, row);
  best_.dialogue = with(test.dialogue, row.variables);
  best_.rows.assign(1, {});
  best_.twin.clear();
  visit_lists(best_.dialogue,
              [](std::vector<Step>& steps) { std::erase_if(steps, [](const Step& one) { return one.kind == Step::Kind::remark; }); });
  visit_steps(best_.dialogue, [](Step& step) { count_runs(step.text); });
  list();
}

void Minimising::list() {
  candidates_.clear();
  const auto put = [this](const auto& change) {
    if (candidates_.size() + plays_ >= most_) return;  // its turn would never come
    Case copy = best_;
    change(copy);
    if (!copy.dialogue.empty()) candidates_.push_back(std::move(copy));
  };
  // In the copy, what has this number in the best.
  const auto put_step = [&](std::size_t number, const auto& change) {
    put([&](Case& copy) {
      std::size_t at = 0;
      visit_steps(copy.dialogue, [&](Step& step) {
        if (at++ == number) change(step);
      });
    });
  };
  if (best_.clones > 1) put([](Case& copy) { copy.clones = 1; });

  std::vector<std::vector<std::size_t>> lists;
  visit_lists(best_.dialogue, [&](std::vector<Step>& steps) { lists.push_back(units(steps)); });
  for (std::size_t number = 0; number < lists.size(); ++number) {
    const auto& begins = lists[number];
    const std::size_t count = begins.size() - 1;
    for (std::size_t size = std::max<std::size_t>(count / 2, 1); size > 0 && count > 0; size /= 2)
      // The end first: what came behind the reply in question is nearly always for nothing.
      for (std::size_t end = count; end >= size; end -= size) {
        put([&](Case& copy) {
          std::size_t at = 0;
          visit_lists(copy.dialogue, [&](std::vector<Step>& steps) {
            if (at++ != number) return;
            const auto first = steps.begin() + static_cast<std::ptrdiff_t>(begins[end - size]);
            steps.erase(first, steps.begin() + static_cast<std::ptrdiff_t>(begins[end]));
          });
        });
        if (end == size) break;
      }
    // Of a write of several commands one, with its reply.
    std::size_t list_at = 0;
    visit_lists(best_.dialogue, [&](std::vector<Step>& steps) {
      if (list_at++ != number) return;
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].kind != Step::Kind::together || steps[i].inside.size() < 2) continue;
        for (std::size_t inner = steps[i].inside.size(); inner-- > 0;)
          put([&](Case& copy) {
            std::size_t at = 0;
            visit_lists(copy.dialogue, [&](std::vector<Step>& copied) {
              if (at++ != number) return;
              copied[i].inside.erase(copied[i].inside.begin() + static_cast<std::ptrdiff_t>(inner));
              const std::size_t reply = i + 1 + inner;
              if (reply < copied.size() && copied[reply].kind == Step::Kind::expect)
                copied.erase(copied.begin() + static_cast<std::ptrdiff_t>(reply));
            });
          });
      }
    });
  }

  std::size_t number = 0;
  visit_steps(best_.dialogue, [&](const Step& step) {
    const std::size_t here = number++;
    if (step.octet_by_octet) put_step(here, [](Step& one) { one.octet_by_octet = false; });
    const auto& pieces = step.text.pieces;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      // A boundary, a pause, or a text that is not needed.
      if (pieces.size() > 1)
        put_step(here, [i](Step& one) { one.text.pieces.erase(one.text.pieces.begin() + static_cast<std::ptrdiff_t>(i)); });
      if (pieces[i].kind != Piece::Kind::octets) continue;
      const std::string& text = pieces[i].text;
      const auto put_text = [&](std::string shorter) { put_step(here, [&](Step& one) { one.text.pieces[i].text = shorter; }); };
      // Words from the last on, but for the verb; then halves of what is long.
      for (std::size_t blank = text.rfind(' '); blank != std::string::npos && blank > 0; blank = text.rfind(' ', blank - 1))
        put_text(text.substr(0, blank) + text.substr(std::min(text.find(' ', blank + 1), text.size())));
      for (std::size_t size = text.size() / 2; size >= long_run; size /= 2)
        for (std::size_t at = 0; at + size <= text.size(); at += size) put_text(text.substr(0, at) + text.substr(at + size));
    }
  });
  std::reverse(candidates_.begin(), candidates_.end());
  number_ = low_ = 0;
  counting_ = false;
}

// Halfway between what shows it and what does not, of one number after the other.
std::optional<Case> Minimising::smaller_number() {
  while (true) {
    std::size_t at = 0;
    bool there = false, exhausted = false;
    Case copy = best_;
    visit_numbers(copy.dialogue, [&](std::size_t& count, const std::string&) {
      if (at++ != number_) return;
      there = true;
      exhausted = count <= low_ + 1;
      tried_value_ = count = exhausted ? count : low_ == 0 ? 1 : low_ + (count - low_) / 2;
    });
    if (!there) return {};
    if (!exhausted) return copy;
    ++number_;
    low_ = 0;
  }
}

std::optional<Case> Minimising::next() {
  if (plays_ >= most_) return {};
  trying_.reset();
  while (!trying_ && !candidates_.empty()) {
    if (tried_.insert(script::print_case(candidates_.back())).second) trying_ = std::move(candidates_.back());
    candidates_.pop_back();
  }
  counting_ = !trying_;
  if (counting_) trying_ = smaller_number();
  plays_ += trying_.has_value();
  return trying_;
}

void Minimising::tried(bool still_shows_it) {
  if (counting_) {
    if (still_shows_it) best_ = std::move(*trying_);
    else low_ = tried_value_;
    return;
  }
  if (!still_shows_it) return;
  best_ = std::move(*trying_);
  list();
}

std::vector<std::string> Minimising::boundaries() const {
  std::vector<std::string> out;
  std::size_t at = 0;
  Case copy = best_;
  visit_numbers(copy.dialogue, [&](const std::size_t& count, const std::string& text) {
    if (at++ < number_ && count > 1) out.push_back("from " + std::to_string(count) + " of " + text);
  });
  return out;
}

}  // namespace smtpspec::fuzz
