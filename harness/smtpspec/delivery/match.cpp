#include "smtpspec/delivery/match.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "smtpspec/delivery/received.hpp"
#include "smtpspec/smtp/address.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::delivery {
namespace {

using script::Statement;
using script::Trait;

constexpr std::int64_t clock_skew = 3600;  // seconds

// IANA's registry of mail parameters, 2026-11-28: protocols behind WITH, links behind VIA, further clauses.
constexpr std::array<std::string_view, 18> protocols = {"SMTP",      "ESMTP",      "ESMTPA",   "ESMTPS",    "ESMTPSA",   "LMTP",
                                                        "LMTPA",     "LMTPS",      "LMTPSA",   "MMS",       "UTF8SMTP",  "UTF8SMTPA",
                                                        "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA"};
constexpr std::array<std::string_view, 2> links = {"TCP", "UUCP"};
constexpr std::array<std::string_view, 7> clauses = {"from", "by", "via", "with", "id", "for", "tls"};

template <class List>
bool has_word(const List& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view one) { return smtp::iequals(one, word); });
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!(text = smtp::trim(text)).empty()) {
    out.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(out.back().size());
  }
  return out;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t most = 120;
  return "'" + smtp::spell(text.substr(0, most)) + (text.size() > most ? "…'" : "'");
}

// A path with its domain in any case.
bool is_same_path(std::string_view a, std::string_view b) {
  const std::size_t at = a.rfind('@');
  if (at == std::string_view::npos || at != b.rfind('@')) return a == b;
  return a.substr(0, at) == b.substr(0, at) && smtp::iequals(a.substr(at), b.substr(at));
}

// One arrival beside the message that it comes of.
struct Pair {
  const Arrival& arrival;
  Message stored;
  const Sent* sent = nullptr;  // nullptr where it cannot be told
  Message original;
  std::vector<bool> is_sent;              // of the stored fields
  std::vector<std::string_view> missing;  // of the fields that were sent
  std::size_t first_sent = 0;             // among the stored fields
  const Field* received = nullptr;        // that was added when the message was taken

  Pair(const Arrival& arrival_, const std::vector<Sent>& all) : arrival(arrival_), stored(split(arrival_.octets)) {
    choose(all);
    if (!sent) return;
    original = split(sent->content);
    align();
  }

 private:
  void choose(const std::vector<Sent>& all) {
    const Sent* taken = nullptr;
    int count = 0;
    for (const Sent& one : all) {
      if (is_same(stored.body, split(one.content).body, arrival.storage)) {
        sent = &one;
        return;
      }
      if (one.accepted()) taken = &one, ++count;
    }
    if (count == 1) sent = taken;
  }

  // From below, since what is added stands above.
  void align() {
    is_sent.assign(stored.fields.size(), false);
    first_sent = stored.fields.size();
    std::size_t end = stored.fields.size();
    for (std::size_t i = original.fields.size(); i-- > 0;) {
      std::size_t at = end;
      while (at > 0 && !is_same(stored.fields[at - 1].whole, original.fields[i].whole, arrival.storage)) --at;
      if (at == 0) {
        missing.push_back(original.fields[i].whole);
        continue;
      }
      end = at - 1;
      is_sent[end] = true;
      first_sent = end;
    }
    // The lowest of those above is the one of the session; hops behind it put theirs on top.
    for (std::size_t i = 0; i < first_sent; ++i)
      if (smtp::iequals(stored.fields[i].name, "Received")) received = &stored.fields[i];
  }
};

// What is wrong, or "".
using Wrong = std::string;

Wrong on_received(const Statement& statement, const Pair& pair, const Seen& seen, const std::string& text) {
  const Received field = parse_received(pair.received->value);
  const auto* from = field.clause("from");
  const auto* with = field.clause("with");
  const std::string clause_of_from = from ? std::string(from->value) + " " + std::string(from->rest) : "";
  const std::string shown = quoted(pair.received->value);
  switch (statement.trait) {
    case Trait::received_grammar: return field.fault.empty() ? "" : field.fault + ": " + shown;
    case Trait::received_from: return from && !from->value.empty() ? "" : "no FROM clause stands in " + shown;
    case Trait::received_client:
      return smtp::to_lower(clause_of_from).find(smtp::to_lower(pair.sent->client)) != std::string::npos
                 ? ""
                 : "'" + pair.sent->client + "' does not stand in the FROM clause of " + shown;
    case Trait::received_address: {
      const std::string& clause = clause_of_from;
      const std::size_t open = clause.find('['), close = clause.find(']', open == std::string::npos ? 0 : open);
      return open != std::string::npos && close != std::string::npos &&
                     smtp::parse_domain(std::string_view(clause).substr(open, close + 1 - open), {}).fault == smtp::AddressFault::none
                 ? ""
                 : "no address literal stands in the FROM clause of " + shown;
    }
    case Trait::received_by: {
      const auto* by = field.clause("by");
      return by && is_extended_domain(by->value) ? "" : "no server is named in " + shown;
    }
    case Trait::received_with:  // the grammar has the clause as optional
      return !with || has_word(words_of(text), with->value) ? "" : "with " + quoted(with->value) + " in " + shown;
    case Trait::received_one_path: {
      int paths = 0;
      for (const auto& clause : field.clauses) {
        if (!smtp::iequals(clause.name, "for")) continue;
        ++paths;
        if (!is_path(clause.value) || clause.value.find(',') != std::string_view::npos)
          return quoted(clause.value) + " is not one path, in " + shown;
      }
      return paths <= 1 ? "" : std::to_string(paths) + " FOR clauses stand in " + shown;
    }
    case Trait::received_registered: {
      if (with && !has_word(protocols, with->value)) return "with " + quoted(with->value) + ", which is not registered, in " + shown;
      if (const auto* via = field.clause("via"); via && !has_word(links, via->value))
        return "via " + quoted(via->value) + ", which is not registered, in " + shown;
      for (const auto& clause : field.clauses)
        if (!has_word(clauses, clause.name)) return "the clause " + quoted(clause.name) + ", which is not registered, in " + shown;
      return "";
    }
    default: break;
  }
  const DateTime date = parse_date_time(field.date);
  if (!date.seconds) return quoted(field.date) + " is no date-time";
  if (statement.trait == Trait::received_numeric_zone) return date.numeric_zone ? "" : "no numeric zone in " + quoted(field.date);
  if (statement.trait == Trait::received_date) return date.obsolete.empty() ? "" : date.obsolete + " in " + quoted(field.date);
  const std::int64_t off = *date.seconds - seen.clock.value_or(*date.seconds);
  return std::abs(off) <= clock_skew ? "" : quoted(field.date) + ", which is " + std::to_string(off) + " s from the time of the test";
}

Wrong on_return_path(const Statement& statement, const Pair& pair, const std::string& text) {
  const auto& fields = pair.stored.fields;
  const auto is_return_path = [](const Field& field) { return smtp::iequals(field.name, "Return-Path"); };
  const auto first = std::find_if(fields.begin(), fields.end(), is_return_path);
  switch (statement.trait) {
    case Trait::no_return_path:
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (is_return_path(fields[i]) && (i >= pair.is_sent.size() || !pair.is_sent[i])) return "one was added: " + quoted(fields[i].value);
      return "";
    case Trait::return_path_once: {
      const auto count = pair.stored.count("Return-Path");
      return count == 1 ? "" : std::to_string(count) + " stand in the header";
    }
    default: break;
  }
  if (first == fields.end()) return "no Return-Path stands in the header";
  if (statement.trait == Trait::return_path) return is_same_path(first->value, text) ? "" : "Return-Path: " + smtp::spell(first->value);
  // Fields that the same server adds above it, such as Delivered-To, are let pass.
  const auto at = static_cast<std::size_t>(first - fields.begin());
  return at < pair.first_sent && (!pair.received || first->whole.data() < pair.received->whole.data())
             ? ""
             : "it stands in place " + std::to_string(at + 1);
}

Wrong on_body(const Pair& pair) {
  const std::string_view stored = pair.stored.body, sent = pair.original.body;
  if (is_same(stored, sent, pair.arrival.storage)) return "";
  const std::string a = pair.arrival.storage == Storage::wire ? std::string(stored) : with_lf(stored);
  const std::string b = pair.arrival.storage == Storage::wire ? std::string(sent) : with_lf(sent);
  const auto apart = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto at = static_cast<std::size_t>(apart.first - a.begin());
  const auto piece = [&](const std::string& text) {
    constexpr std::size_t before = 10, most = 40;
    const std::size_t begin = at < before ? 0 : at - before;
    return begin >= text.size() ? std::string("its end") : "'" + smtp::spell(std::string_view(text).substr(begin, most)) + "'";
  };
  return std::to_string(a.size()) + " octets in place of " + std::to_string(b.size()) + "; at octet " + std::to_string(at + 1) +
         " stands " + piece(a) + " in place of " + piece(b);
}

Wrong check(const Statement& statement, const Pair& pair, const Seen& seen, const std::string& text) {
  const auto& fields = pair.stored.fields;
  const auto is_added = [&](std::size_t i) { return !pair.is_sent[i]; };
  switch (statement.trait) {
    case Trait::body_same: return on_body(pair);
    case Trait::fields_kept: return pair.missing.empty() ? "" : "not there as it was sent: " + quoted(pair.missing.back());
    case Trait::fields_without:
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (is_added(i) && smtp::iequals(fields[i].name, text)) return "there is " + quoted(fields[i].whole);
      return "";
    case Trait::header_without:
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (is_added(i) && smtp::to_lower(fields[i].whole).find(smtp::to_lower(text)) != std::string::npos)
          return "it stands in " + quoted(fields[i].whole);
      return "";
    case Trait::only_received:
      for (std::size_t i = 0; i < fields.size(); ++i)
        if (is_added(i) && !smtp::iequals(fields[i].name, "Received")) return "there is " + quoted(fields[i].whole);
      return "";
    case Trait::notice_report: {
      const Field* type = pair.stored.field("Content-Type");
      const std::string shown = type ? smtp::to_lower(type->value) : "";
      const bool status = smtp::to_lower(pair.stored.body).find("content-type: message/delivery-status") != std::string::npos;
      if (shown.starts_with("multipart/report") && status) return "";
      return type ? "Content-Type: " + quoted(type->value) + (status ? "" : " without a delivery status") : "it has no Content-Type";
    }
    case Trait::notice_names:
      return smtp::to_lower(pair.stored.body).find(smtp::to_lower(text)) != std::string::npos ? "" : "it stands nowhere in the notice";
    case Trait::received_on_top: return pair.received ? "" : "no Received field stands above what was sent";
    case Trait::return_path:
    case Trait::return_path_once:
    case Trait::return_path_on_top:
    case Trait::no_return_path: return on_return_path(statement, pair, text);
    case Trait::reverse_path: {
      const std::string came = "<" + pair.arrival.envelope->reverse_path + ">";
      return came == text ? "" : "it is " + smtp::spell(came);
    }
    case Trait::recipients: {
      std::vector<std::string> came;
      for (const std::string& one : pair.arrival.envelope->recipients) came.push_back("<" + one + ">");
      std::vector<std::string_view> wanted = words_of(text);
      std::sort(came.begin(), came.end());
      std::sort(wanted.begin(), wanted.end());
      if (std::equal(came.begin(), came.end(), wanted.begin(), wanted.end())) return "";
      std::string list;
      for (const std::string& one : came) list += " " + one;
      return "they are" + smtp::spell(list);
    }
    default: return on_received(statement, pair, seen, text);
  }
}

bool is_of_received(Trait trait) { return Trait::received_grammar <= trait && trait <= Trait::received_on_time; }

// Why the statement cannot be judged, or "". That there is no Received field is for the case to say that is about it.
std::string hidden(const Statement& statement, const Pair& pair) {
  if (statement.trait == Trait::reverse_path || statement.trait == Trait::recipients)
    return pair.arrival.envelope ? "" : "the envelope is not known there";
  if (!pair.sent) return "it cannot be told which message it is";
  if (statement.trait == Trait::body_same) {
    // RFC 6152 section 3 lets a server encode a message anew, as long as nothing is lost.
    const auto encoding = [](const Message& message) {
      const Field* field = message.field("Content-Transfer-Encoding");
      return smtp::to_lower(field ? field->value : "");
    };
    if (encoding(pair.stored) != encoding(pair.original)) return "it was encoded anew, as " + quoted(encoding(pair.stored));
  }
  return is_of_received(statement.trait) && !pair.received ? "no Received field was added" : "";
}

std::vector<const Arrival*> at(Where where, const std::vector<Arrival>& arrivals) {
  std::vector<const Arrival*> out;
  for (const Arrival& arrival : arrivals)
    if (arrival.where == where) out.push_back(&arrival);
  return out;
}

// Several arrivals that each hold a part of one body only.
bool in_pieces(const std::vector<const Arrival*>& arrivals, const std::vector<Sent>& sent) {
  return std::any_of(sent.begin(), sent.end(), [&](const Sent& one) {
    const std::string whole = with_lf(one.content);
    return std::all_of(arrivals.begin(), arrivals.end(), [&](const Arrival* arrival) {
      const std::string body = with_lf(split(arrival->octets).body);
      return body.size() + 1 < with_lf(split(one.content).body).size() && whole.find(body) != std::string::npos;
    });
  });
}

Graded grade_place(const Statement& statement, const std::vector<const Arrival*>& arrivals, const Seen& seen) {
  Graded out{.statement = &statement};
  for (const Sent& one : seen.sent) out.entry = std::max(out.entry, one.entry);
  if (statement.trait == Trait::never) {
    if (arrivals.empty()) return out;
    out.is = Graded::Is::broken;
    out.came = "it arrived: " + sketch(split(arrivals.front()->octets).body);
  } else if (arrivals.empty()) {
    const auto why = seen.unsure.find(statement.where);
    out.is = why == seen.unsure.end() ? Graded::Is::broken : Graded::Is::unsure;
    out.came = why == seen.unsure.end() ? "it never arrived" : why->second;
  } else if (arrivals.size() > 1) {
    out.is = Graded::Is::broken;
    out.came = in_pieces(arrivals, seen.sent) ? "it arrived in " + std::to_string(arrivals.size()) + " pieces"
                                              : "it arrived " + std::to_string(arrivals.size()) + " times";
  }
  return out;
}

}  // namespace

std::vector<Graded> grade(const std::vector<Statement>& statements, const Seen& seen) {
  std::vector<Graded> out;
  std::vector<const Arrival*> here;
  std::vector<Pair> pairs;
  for (const Statement& statement : statements) {
    if (statement.trait == Trait::remark) continue;
    if (statement.is_place()) {
      here = at(statement.where, seen.arrivals);
      out.push_back(grade_place(statement, here, seen));
      pairs.clear();
      for (const Arrival* arrival : here) pairs.emplace_back(*arrival, seen.sent);
      continue;
    }
    if (pairs.empty()) continue;
    Graded one{.statement = &statement};
    // What is filled in are facts that the plan has needed too.
    const std::string text = script::octets_of(statement.text, seen.facts).value_or("");
    for (const Pair& pair : pairs) {
      if (pair.sent) one.entry = pair.sent->entry;
      if (std::string why = hidden(statement, pair); !why.empty()) {
        one.is = Graded::Is::unsure;
        one.came = std::move(why);
        continue;
      }
      Wrong wrong = check(statement, pair, seen, text);
      // Of several notices one has to name him.
      if (statement.trait == Trait::notice_names && wrong.empty()) {
        one = {.statement = &statement, .entry = one.entry};
        break;
      }
      if (wrong.empty()) continue;
      one.is = Graded::Is::broken;
      one.came = std::move(wrong);
      if (statement.trait != Trait::notice_names) break;
    }
    out.push_back(std::move(one));
  }
  return out;
}

bool is_there(const std::vector<Statement>& statements, const std::vector<Arrival>& arrivals) {
  return std::all_of(statements.begin(), statements.end(),
                     [&](const Statement& statement) { return statement.trait != Trait::once || !at(statement.where, arrivals).empty(); });
}

}  // namespace smtpspec::delivery
