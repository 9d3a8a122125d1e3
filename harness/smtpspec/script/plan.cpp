#include "smtpspec/script/plan.hpp"

#include <algorithm>
#include <set>

#include "smtpspec/smtp/content.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::script {
namespace {

// The header of `message:` and of the chunk before `start: bdat`: complete and clean by RFC 5322, so that no content filter has a reason to
// refuse it.
constexpr std::string_view message_header =
    R"(Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nFrom: <{sender}>\r\nTo: <{recipient}>\r\nMessage-ID: <{token}@{client}>\r\n)"
    R"(Subject: smtpspec {token}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n)";

constexpr std::string_view gone_probe = "C: RCPT TO:<{recipient}>\nS: 503, else 530 is inconclusive, else 5yz\n";
constexpr std::string_view there_probe = "C: RCPT TO:<{recipient}>\nS: 250 251, else 2yz is a deviation\n";

// Of all clones of a plan together. A segment costs more than its octet.
constexpr std::size_t most_octets_of_a_plan = 256u << 20;
constexpr std::size_t most_single_octets = 1u << 20;
constexpr std::size_t most_moves = 50000;

bool is_late(const Step& step) { return step.text.late() || std::any_of(step.inside.begin(), step.inside.end(), is_late); }

struct Maker {
  const Facts& facts;
  Plan& plan;
  bool account = false;
  std::size_t clones = 1;
  bool in_session = false;  // what is late can be made
  std::size_t total = 0;    // octets so far

  tl::unexpected<Error> at(const Step& step, const Error& error) const { return failure(error.message, step.place, error.hint); }

  Result<std::vector<Segment>> fill(const Template& text, const Step& step, std::string_view line_end) {
    auto segments = expand(text, facts, line_end);
    if (!segments) return at(step, segments.error());
    for (const Segment& segment : *segments) total += segment.octets.size();
    if (total * clones > most_octets_of_a_plan)
      return at(step, {"here the plan grows beyond " + std::to_string(most_octets_of_a_plan) + " octets" +
                       (clones > 1 ? ", counted over its " + std::to_string(clones) + " clones" : "")});
    return segments;
  }

  // Mail content: the lines with their CRLFs, stuffed and ended as the step says. Cuts inside it stay.
  Result<std::vector<Segment>> content(const Step& step) {
    std::vector<Segment> out{{}};
    if (step.kind == Step::Kind::message) {
      auto header = fill(*parse_template(message_header), step, "");
      if (!header) return header;
      out = std::move(*header);
      if (step.inside.empty()) out.back().octets += "A message of smtpspec.\r\n";
    }
    for (const Step& line : step.inside) {
      auto segments = fill(line.text, line, "\r\n");
      if (!segments) return segments;
      out.back().octets += segments->front().octets;
      out.insert(out.end(), segments->begin() + 1, segments->end());
    }
    if (step.stuffed) {
      // Stuffing needs the text as a whole; the cuts are put back where they were.
      std::string whole;
      std::vector<std::size_t> cuts;
      for (const Segment& segment : out) {
        cuts.push_back(whole.size());
        whole += segment.octets;
      }
      std::vector<Segment> stuffed;
      bool line_start = true;
      std::size_t next = 0;
      for (std::size_t i = 0; i < whole.size(); ++i) {
        while (next < cuts.size() && cuts[next] == i) stuffed.push_back({"", out[next++].pause});
        if (line_start && whole[i] == '.') stuffed.back().octets += '.';
        stuffed.back().octets += whole[i];
        line_start = whole[i] == '\n' && i > 0 && whole[i - 1] == '\r';
      }
      while (next < cuts.size()) stuffed.push_back({"", out[next++].pause});
      out = std::move(stuffed);
    }
    if (step.ended) out.back().octets += ".\r\n";
    return out;
  }

  Result<Move> one(const Step& step) {
    Move move{.step = step, .segments = {}};
    if (!in_session && is_late(step)) {
      move.late = true;
      return move;
    }
    switch (step.kind) {
      case Step::Kind::line: {
        auto segments = fill(step.text, step, "\r\n");
        if (!segments) return tl::unexpected(segments.error());
        move.segments = std::move(*segments);
        move.commands = 1;
        break;
      }
      case Step::Kind::raw: {
        auto segments = fill(step.text, step, "");
        if (!segments) return tl::unexpected(segments.error());
        move.segments = std::move(*segments);
        break;
      }
      case Step::Kind::chunk: {
        auto segments = fill(step.text, step, "");
        if (!segments) return tl::unexpected(segments.error());
        std::size_t size = 0;
        for (const Segment& segment : *segments) size += segment.octets.size();
        segments->front().octets.insert(0, "BDAT " + std::to_string(size) + (step.last ? " LAST\r\n" : "\r\n"));
        move.segments = std::move(*segments);
        move.commands = 1;
        move.is_data = true;
        break;
      }
      case Step::Kind::message:
      case Step::Kind::content: {
        auto segments = content(step);
        if (!segments) return tl::unexpected(segments.error());
        move.segments = std::move(*segments);
        move.commands = step.ended ? 1 : 0;
        move.is_data = true;
        break;
      }
      case Step::Kind::together: {
        move.segments.push_back({});
        move.step.inside = unrolled(step.inside);
        for (const Step& inner : move.step.inside) {
          if (inner.kind == Step::Kind::remark) continue;
          auto part = one(inner);
          if (!part) return part;
          move.commands += part->commands;
          move.is_data = move.is_data || part->is_data;
          move.segments.back().octets += part->segments.front().octets;
          move.segments.insert(move.segments.end(), part->segments.begin() + 1, part->segments.end());
        }
        if (step.octet_by_octet) {
          std::size_t octets_in_all = 0;
          for (const Segment& segment : move.segments) octets_in_all += segment.octets.size();
          if (octets_in_all > most_single_octets)
            return at(step, {"octet by octet go at most " + std::to_string(most_single_octets) + " octets, not " +
                             std::to_string(octets_in_all)});
          std::vector<Segment> octets;
          for (const Segment& segment : move.segments)
            for (const char c : segment.octets) octets.push_back({std::string(1, c), octets.empty() ? Duration{} : Duration{1000}});
          move.segments = std::move(octets);
        }
        break;
      }
      default: break;
    }
    return move;
  }

  // Appends the moves of a text that stands for one step, at that step's place.
  Result<void> written_out(std::string_view text, const Step& step, int connection, bool preamble_steps) {
    auto parts = parse_dialogue(text, step.place.file);
    for (Step& part : *parts) {
      part.place = step.place;
      part.connection = connection;
    }
    return all(*parts, preamble_steps);
  }

  tl::unexpected<Error> too_many(const Step& step) const {
    return at(step, {"here the plan grows beyond " + std::to_string(most_moves) + " steps" +
                     (clones > 1 ? ", counted over its " + std::to_string(clones) + " clones" : "")});
  }

  Result<void> block(const Step& step, bool preamble_steps) {
    const std::size_t first = plan.moves.size();
    if ((first + step.inside.size() * static_cast<std::size_t>(step.count)) * clones > most_moves) return too_many(step);
    if (auto ok = all(unrolled({step}), preamble_steps); !ok) return ok;
    for (std::size_t i = first; i < plan.moves.size(); ++i) plan.moves[i].block_end = plan.moves.size();
    return {};
  }

  Result<void> all(const std::vector<Step>& steps, bool preamble_steps) {
    for (const Step& step : steps) {
      if (step.kind == Step::Kind::remark) continue;
      if (step.kind == Step::Kind::check) {
        if (auto ok = written_out(step.transaction ? there_probe : gone_probe, step, step.connection, preamble_steps); !ok) return ok;
        continue;
      }
      if (step.kind == Step::Kind::times) {
        if (auto ok = block(step, preamble_steps); !ok) return ok;
        continue;
      }
      if (plan.moves.size() * clones >= most_moves) return too_many(step);
      auto move = one(step);
      if (!move) return tl::unexpected(move.error());
      move->preamble = preamble_steps;
      plan.moves.push_back(std::move(*move));
      if (step.kind == Step::Kind::act && step.act == Step::Act::open)
        if (auto ok = written_out(preamble(step.at, plan.role, account), step, step.other, true); !ok) return ok;
    }
    return {};
  }
};

}  // namespace

std::string preamble(Start start, smtp::Role role, bool account) {
  if (start == Start::connected) return "";
  std::string out = role == smtp::Role::submissions ? "do: handshake\nS: tls\nS: 220\n" : "S: 220\n";
  if (start == Start::greeted) return out;
  const std::string hello = "C: EHLO {client}\nS: 250\n";
  const std::string encrypt = "C: STARTTLS\nS: 220\ndo: handshake\nS: tls\n";
  const bool submits = role != smtp::Role::relay;
  // Some servers take no second hello; only a login needs the EHLO in front.
  if (start == Start::helo && !submits) return out + "C: HELO {client}\nS: 250\n";
  if (role == smtp::Role::submission || (role == smtp::Role::relay && start == Start::tls)) out += hello + encrypt;
  // RFC 4954 section 4: AUTH belongs to EHLO, so that a HELO session logs in before its HELO.
  out += hello;
  if (start == Start::tls) return out;
  if (start == Start::auth || (submits && account)) out += "do: auth\nS: 235\n";
  if (start == Start::helo) out += "C: HELO {client}\nS: 250\n";
  if (start == Start::helo || start == Start::ehlo || start == Start::auth) return out;
  out += "C: MAIL FROM:<{sender}>\nS: 250\n";
  if (start == Start::mail) return out;
  out += "C: RCPT TO:<{recipient}>\nS: 250 251\n";
  if (start == Start::rcpt) return out;
  if (start == Start::bdat) return out + "bdat: " + std::string(message_header) + "\nS: 250\n";
  return out + "C: DATA\nS: 354\n";
}

Result<Plan> make_plan(const Case& test, const std::vector<Step>& steps, const CaseRow& row, smtp::Role role, const Facts& facts) {
  Plan plan;
  plan.role = role;
  plan.start = start_of(test, row);
  plan.facts = facts;
  Maker maker{facts, plan, facts.has("user") && facts.has("password"), static_cast<std::size_t>(test.clones)};
  if (auto ok = maker.all(*parse_dialogue(preamble(plan.start, role, maker.account), test.file), true); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = row.variables.empty() ? maker.all(steps, false) : maker.all(with(steps, row.variables), false); !ok)
    return tl::unexpected(ok.error());
  return plan;
}

Result<Move> fill_in(const Plan& plan, const Move& move, const Facts& heard) {
  Facts facts = plan.facts;
  facts.values.insert(heard.values.begin(), heard.values.end());
  Plan none;
  Maker maker{.facts = facts, .plan = none, .in_session = true};
  auto out = maker.one(move.step);
  if (!out) return out;
  out->preamble = move.preamble;
  out->block_end = move.block_end;
  return out;
}

std::vector<std::string> missing_facts(const Case& test, const CaseRow& row, smtp::Role role, const Facts& facts) {
  std::set<std::string> missing;
  const auto need = [&](std::string_view name) {
    if (name == times_name || facts.has(name)) return;
    // What is told by another fact is missing with that one.
    if (name == "user" || name == "password") name = "account";
    if (name == "relay-domain") name = "relayed-recipient";
    if (name == "second-domain" && !facts.has("second-recipient")) name = "second-recipient";
    missing.emplace(name);
  };
  const Start start = start_of(test, row);
  bool logs_in =
      start == Start::auth || (role != smtp::Role::relay && start != Start::connected && start != Start::greeted && start != Start::tls);
  for (const auto* steps : {&test.dialogue, &test.twin}) {
    visit_templates(*steps, [&](const Template& text, const Step& step) {
      with(text, row.variables).names(need);
      if (step.kind == Step::Kind::act && step.act == Step::Act::auth) logs_in = true;
      if (step.kind == Step::Kind::message || step.kind == Step::Kind::check) need("recipient");
    });
  }
  for (const Statement& statement : test.delivery) with(statement.text, row.variables).names(need);
  if (start == Start::rcpt || start == Start::data || start == Start::bdat) need("recipient");
  if (logs_in) need("user");
  return {missing.begin(), missing.end()};
}

}  // namespace smtpspec::script
