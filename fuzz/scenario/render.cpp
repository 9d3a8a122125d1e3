#include "fuzz/scenario/render.hpp"

#include <algorithm>
#include <iterator>

#include "fuzz/scenario/marker.hpp"

namespace smtpspec::fuzz {
namespace {

using script::Expect;
using script::Piece;
using script::Step;
using script::Template;

Expect expectation(std::string_view text) { return *script::parse_expect(text); }

// What every scenario expects, read once.
struct Expectations {
  Expect any = expectation("any");
  Expect go_ahead = expectation("354, else any ends the block");
  Expect challenge = expectation("334, else any ends the block");
  // Where STARTTLS is refused, what is glued behind it gets replies of its own.
  Expect ready = expectation("220, else any ends the block"), ready_or_over = expectation("220, else any ends the case");
  Expect tls = expectation("tls");
  Expect quiet = expectation("nothing for 500ms, else any");
  Expect still_there = expectation("nothing for 1s, else any ends the case, else close ends the case");
};

// A segment boundary behind so many octets of the literal text.
Template cut(Template text, const std::vector<std::uint32_t>& at) {
  for (std::size_t place : at)
    for (std::size_t i = 0; i < text.pieces.size(); ++i) {
      Piece& piece = text.pieces[i];
      if (piece.kind != Piece::Kind::octets) continue;
      if (place > piece.text.size()) {
        place -= piece.text.size();
        continue;
      }
      Piece rest{.text = piece.text.substr(place)};
      piece.text.resize(place);
      const auto behind = text.pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1;
      if (!rest.text.empty()) text.pieces.insert(behind, std::move(rest));
      text.pieces.insert(text.pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1, Piece{.kind = Piece::Kind::cut});
      if (text.pieces[i].text.empty()) text.pieces.erase(text.pieces.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
  return text;
}

// The token becomes the marker of the connection.
void mark(std::vector<Piece>& pieces, const std::string& by) {
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    mark(pieces[i].inside, by);
    if (pieces[i].kind != Piece::Kind::name || pieces[i].text != "token") continue;
    pieces.insert(pieces.begin() + static_cast<std::ptrdiff_t>(++i), Piece{.text = by});
    // Two neighbours of octets are one when they are read back.
    if (i + 1 == pieces.size() || pieces[i + 1].kind != Piece::Kind::octets) continue;
    pieces[i].text += pieces[i + 1].text;
    pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

// Mail data as lines, each of which gets its CRLF when it is sent.
std::vector<Step> lines_of(const Template& text) {
  std::vector<Step> out;
  Step line{.kind = Step::Kind::line};
  const auto end_line = [&] {
    out.push_back(std::move(line));
    line = {.kind = Step::Kind::line};
  };
  for (const Piece& piece : text.pieces) {
    if (piece.kind != Piece::Kind::octets) {
      line.text.pieces.push_back(piece);
      continue;
    }
    std::string_view rest = piece.text;
    for (std::size_t end; (end = rest.find("\r\n")) != std::string_view::npos; rest.remove_prefix(end + 2)) {
      if (end > 0) line.text.pieces.push_back({.text = std::string(rest.substr(0, end))});
      end_line();
    }
    if (!rest.empty()) line.text.pieces.push_back({.text = std::string(rest)});
  }
  if (!line.text.pieces.empty()) end_line();
  return out;
}

Template marked(Template text, const Act& act) {
  mark(text.pieces, mark_of(act.connection));
  return text;
}

std::vector<Step> content_lines(Template text, const Act& act) { return lines_of(marked(cut(std::move(text), act.cuts), act)); }

class Renderer {
 public:
  explicit Renderer(const Scenario& scenario) : scenario_(scenario) {
    texts_.resize(scenario.acts.size());
    for (std::size_t i = 0; i < scenario.acts.size(); ++i) {
      if (!scenario.acts[i].says()) continue;
      texts_[i].push_back(Grammar::instance().text(scenario.acts[i].tree));
      for (const Node& tree : scenario.acts[i].more) texts_[i].push_back(Grammar::instance().text(tree));
    }
  }

  Rendered run() {
    out_.test.id = "fuzz/scenario";
    out_.test.file = "fuzz/scenario.yaml";
    out_.test.roles = {scenario_.role};
    out_.test.start = script::Start::greeted;
    out_.test.rows.resize(1);
    for (std::size_t i = 0; i < scenario_.acts.size();) i = group(i);
    return std::move(out_);
  }

 private:
  static const Expectations& expected() {
    static const Expectations out;
    return out;
  }

  // A step that says the part; its line is its number.
  Step numbered(Step step, std::vector<Part> parts) {
    out_.parts.push_back(std::move(parts));
    step.place.line = static_cast<int>(out_.parts.size());
    return step;
  }
  Step says(std::size_t act, std::size_t more) {
    const Act& one = scenario_.acts[act];
    Step step{.kind = more == 0 && one.kind == Act::Kind::chunk ? Step::Kind::chunk : Step::Kind::line};
    step.text = marked(cut(texts_[act][more], more == 0 && one.kind != Act::Kind::data ? one.cuts : std::vector<std::uint32_t>{}), one);
    step.last = one.last;
    return numbered(std::move(step), {{act, more}});
  }
  // The reply to the part.
  Step expects(const Expect& what, const Part& part) { return numbered(expects(what), {part}); }
  static Step expects(const Expect& what) { return {.kind = Step::Kind::expect, .expect = what}; }
  static Step does(Step::Act act) { return {.kind = Step::Kind::act, .act = act}; }

  // A line end inside of a command would hide from the session where one command ends and the next begins.
  bool whole(std::size_t act) const {
    if (!scenario_.acts[act].says()) return false;
    bool out = true;
    texts_[act].front().visit([&](const Piece& piece) { out = out && piece.text.find_first_of("\r\n") == std::string::npos; });
    return out || scenario_.acts[act].kind == Act::Kind::chunk;
  }

  // Octet by octet goes what has no more than some hundreds of them.
  bool in_octets(std::size_t first, std::size_t last) const {
    bool wanted = false, possible = whole(first);
    const auto look = [&possible](const Piece& piece) { possible = possible && piece.count <= 300; };
    for (std::size_t i = first; i <= last; ++i) {
      wanted = wanted || scenario_.acts[i].single;
      for (const Template& text : texts_[i]) text.visit(look);
    }
    return wanted && possible && last - first < 20;
  }

  // The acts that go out in one write; returns the one behind them.
  std::size_t group(std::size_t first) {
    if (!scenario_.acts[first].says()) {
      pause(scenario_.acts[first]);
      return first + 1;
    }
    std::size_t end = first;
    while (scenario_.acts[end].glued && scenario_.acts[end].kind != Act::Kind::data && end + 1 < scenario_.acts.size() &&
           scenario_.acts[end + 1].connection == scenario_.acts[end].connection && whole(end) && whole(end + 1))
      ++end;
    const Act& last = scenario_.acts[end];
    std::vector<Step> together, steps;
    for (std::size_t i = first; i <= end; ++i) together.push_back(says(i, 0));
    if (last.kind == Act::Kind::starttls)
      for (std::size_t i = 1; i <= last.more.size(); ++i) together.push_back(says(end, i));
    const bool single = in_octets(first, end);
    if (together.size() == 1 && !single) steps.push_back(std::move(together.front()));
    else steps.push_back({.kind = Step::Kind::together, .inside = std::move(together), .octet_by_octet = single});
    for (std::size_t i = first; i < end; ++i) steps.push_back(expects(expected().any, {i, 0}));
    const std::size_t tail = behind(end, last, steps);
    on(last.connection, steps);
    auto& dialogue = out_.test.dialogue;
    if (last.kind == Act::Kind::command || last.kind == Act::Kind::chunk)
      dialogue.insert(dialogue.end(), std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
    else dialogue.push_back({.kind = Step::Kind::times, .inside = std::move(steps), .count = 1});
    return tail + 1;
  }

  static void on(int connection, std::vector<Step>& steps) {
    for (Step& step : steps) {
      step.connection = connection;
      on(connection, step.inside);
    }
  }

  // Another connection; silence, in which a server may give up on the client, and the target's restart, behind which it says so at the next
  // command.
  static Step silence(const Act& act) {
    Step wait = expects(expected().still_there);
    wait.expect.tiers.front().answers.front().time = act.time;
    wait.connection = act.connection;
    return wait;
  }
  static void pause_inside(const Act& act, std::vector<Step>& steps) {
    if (act.time.count() > 0) steps.push_back(silence(act));
    if (act.restarts) steps.push_back(does(Step::Act::restart));
  }
  void pause(const Act& act) {
    auto& dialogue = out_.test.dialogue;
    if (act.kind == Act::Kind::hang_up) {
      Step reset = does(Step::Act::reset);
      reset.connection = act.connection;
      return dialogue.push_back(std::move(reset));
    }
    if (act.kind == Act::Kind::open) {
      Step open = does(Step::Act::open);
      open.other = act.connection;
      open.at = act.at;
      return dialogue.push_back(std::move(open));
    }
    if (act.kind == Act::Kind::restart) return dialogue.push_back(does(Step::Act::restart));
    dialogue.push_back(silence(act));
  }

  // Returns the last act that went out with it.
  std::size_t behind(std::size_t number, const Act& act, std::vector<Step>& steps) {
    std::size_t tail = number;
    switch (act.kind) {
      case Act::Kind::data: {
        steps.push_back(expects(expected().go_ahead, {number, 0}));
        pause_inside(act, steps);
        Step content{.kind = Step::Kind::content, .inside = content_lines(texts_[number][1], act), .stuffed = false};
        const auto& acts = scenario_.acts;
        const bool single = in_octets(number, number);
        while (acts[tail].glued && tail + 1 < acts.size() && acts[tail + 1].kind == Act::Kind::command &&
               acts[tail + 1].connection == act.connection && whole(tail + 1))
          ++tail;
        std::vector<Step> together = {numbered(std::move(content), {{number, 1}})};
        for (std::size_t i = number + 1; i <= tail; ++i) together.push_back(says(i, 0));
        if (tail == number && !single) steps.push_back(std::move(together.front()));
        else steps.push_back({.kind = Step::Kind::together, .inside = std::move(together), .octet_by_octet = single});
        steps.push_back(expects(expected().any, {number, 1}));
        for (std::size_t i = number + 1; i <= tail; ++i) steps.push_back(expects(expected().any, {i, 0}));
        break;
      }
      case Act::Kind::auth:
        for (std::size_t i = 1; i <= act.more.size(); ++i) {
          steps.push_back(expects(expected().challenge, {number, i - 1}));
          if (i == 1) pause_inside(act, steps);
          steps.push_back(says(number, i));
        }
        // An exchange that is not over is given up.
        steps.push_back(expects(expected().challenge, {number, act.more.size()}));
        steps.push_back(numbered({.kind = Step::Kind::line, .text = *script::parse_template("*")}, {{number, act.more.size() + 1}}));
        steps.push_back(expects(expected().any, {number, act.more.size() + 1}));
        break;
      case Act::Kind::starttls:
        steps.push_back(expects(act.more.empty() ? expected().ready : expected().ready_or_over, {number, 0}));
        steps.push_back(does(Step::Act::handshake));
        steps.push_back(expects(expected().tls));
        if (!act.more.empty()) steps.push_back(expects(expected().quiet));
        break;
      default: steps.push_back(expects(expected().any, {number, 0}));
    }
    return tail;
  }

  const Scenario& scenario_;
  std::vector<std::vector<Template>> texts_;  // of an act's trees; none of one that says nothing
  Rendered out_;
};

}  // namespace

Template text_of(const Act& act, const Node& tree) { return marked(Grammar::instance().text(tree), act); }

std::vector<Step> content_of(const Act& act) { return content_lines(Grammar::instance().text(act.more.front()), act); }

Rendered render(const Scenario& scenario) { return Renderer(scenario).run(); }

std::vector<Part> parts_of(const Rendered& rendered, const script::Move& move) {
  std::vector<Part> out;
  const auto add = [&](const Step& step) {
    if (step.place.line <= 0 || !step.sends()) return;
    const auto& parts = rendered.parts[static_cast<std::size_t>(step.place.line - 1)];
    out.insert(out.end(), parts.begin(), parts.end());
  };
  if (move.step.kind == Step::Kind::together)
    for (const Step& inner : move.step.inside) add(inner);
  else if (!move.preamble) add(move.step);
  return out;
}

}  // namespace smtpspec::fuzz
