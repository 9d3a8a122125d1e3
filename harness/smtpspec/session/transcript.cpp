#include "smtpspec/session/transcript.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace smtpspec::session {

using smtp::span;
using smtp::Span;

namespace {

// The lines go on pointing at their texts.
smtp::Reply masked_reply(smtp::Reply reply, const std::vector<Span>& secret) {
  if (secret.empty()) return reply;
  std::string out;
  std::size_t at = 0;
  for (smtp::ReplyLine& line : reply.lines) {
    out += masked(reply.octets, secret, span(at, line.text.begin));
    at = line.text.end();
    const std::string text = masked(reply.octets, secret, line.text);
    line.text = span(out.size(), out.size() + text.size());
    line.status.size = static_cast<std::uint8_t>(std::min<std::size_t>(line.status.size, text.size()));
    out += text;
  }
  reply.octets = out + masked(reply.octets, secret, span(at, reply.octets.size()));
  return reply;
}

// What one end said on one connection is one text: a secret may begin in an entry and end in a later one.
void hide_in(const std::vector<Entry*>& said, const Secrets& secrets) {
  std::string text;
  for (const Entry* entry : said) text += entry->said();
  const std::vector<Span> found = secrets.find(text);
  std::size_t begin = 0;
  auto next = found.begin();
  for (Entry* entry : said) {
    const std::size_t end = begin + entry->said().size();
    for (; next != found.end() && next->begin < end; ++next) {
      entry->secret.push_back(span(std::max<std::size_t>(next->begin, begin) - begin, std::min<std::size_t>(next->end(), end) - begin));
      if (next->end() > end) break;
    }
    begin = end;
  }
}

}  // namespace

std::string Entry::shown(std::size_t most) const {
  if (kind == Kind::note) return octets;
  std::string out = session::masked(said(), secret);
  const std::size_t whole = out.size();
  if (whole > most) out.resize(most);
  out = smtp::spell(out);
  if (whole > most) out += "... " + std::to_string(whole - most) + " more octets";
  return out;
}

std::string Entry::shown(std::string_view piece, std::size_t most) const {
  const auto begin = static_cast<std::size_t>(piece.data() - said().data());
  const std::string out = session::masked(said(), secret, span(begin, begin + piece.size()));
  return smtp::spell(std::string_view(out).substr(0, most)) + (out.size() > most ? "..." : "");
}

void Transcript::hide(const Secrets& secrets) {
  if (secrets.empty()) return;
  const auto mask = [&](std::string& text) { text = secrets.mask(text); };
  const auto mask_facts = [&](smtp::TlsFacts& facts) {
    mask(facts.cipher);
    mask(facts.trust);
    for (std::string& name : facts.names) mask(name);
  };
  std::map<std::pair<int, bool>, std::vector<Entry*>> streams;
  for (Entry& entry : entries) {
    if (entry.kind == Entry::Kind::note) {
      mask(entry.octets);
      continue;
    }
    auto& stream = streams[{entry.connection, entry.kind == Entry::Kind::sent}];
    stream.push_back(&entry);
    // What is no whole reply may be cut, and come again.
    if (entry.kind == Entry::Kind::octets) hide_in(std::exchange(stream, {}), secrets);
  }
  for (const auto& [key, stream] : streams) hide_in(stream, secrets);
  for (Outcome& outcome : outcomes) {
    mask(outcome.came.detail);
    mask_facts(outcome.came.tls);
    if (outcome.came.kind == Came::Kind::reply)
      outcome.came.reply = masked_reply(std::move(outcome.came.reply), entries[outcome.entry].secret);
  }
  mask_facts(tls);
}

Transcript Transcript::masked() const {
  Transcript out = *this;
  out.offered = {};
  out.greeting = {};
  for (Entry& entry : out.entries) {
    if (!entry.reply) {
      entry.octets = session::masked(entry.octets, entry.secret);
    } else {
      entry.reply = masked_reply(std::move(*entry.reply), entry.secret);
      if (entry.connection == 1 && entry.command == "greeting") out.greeting = entry.reply->text();
      if (entry.connection == 1 && entry.command == "EHLO" && entry.reply->code == 250) out.offered = capabilities(*entry.reply);
    }
    entry.secret = {};
    entry.line = {};
  }
  return out;
}

}  // namespace smtpspec::session
