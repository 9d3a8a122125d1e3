#include "smtpspec/session/match.hpp"

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::session {
namespace {

bool status_fits(std::string_view pattern, smtp::EnhancedCode status) {
  const std::size_t first = pattern.find('.');
  const std::size_t second = pattern.find('.', first + 1);
  const auto field = [](std::string_view p, int value) { return p == "y" || p == "z" || p == std::to_string(value); };
  return field(pattern.substr(0, first), status.klass) && field(pattern.substr(first + 1, second - first - 1), status.subject) &&
         field(pattern.substr(second + 1), status.detail);
}

bool reply_fits(const script::Answer& answer, const smtp::Reply& reply, bool extended_status) {
  if (answer.kind == script::Answer::Kind::codes && !answer.codes.has(reply.code)) return false;
  if (!answer.status.empty() && extended_status && !status_fits(answer.status, reply.status)) return false;
  if (answer.lines && static_cast<std::size_t>(answer.lines) != reply.lines.size()) return false;
  if (!answer.keywords.empty()) {
    const smtp::Capabilities offered = smtp::capabilities(reply);
    for (const auto& keyword : answer.keywords) {
      bool there = offered.has(keyword.keyword);
      if (there && !keyword.param.empty()) there = script::glob_match(keyword.param, offered.params(keyword.keyword));
      if (there != keyword.present) return false;
    }
  }
  if (!answer.texts.empty()) {
    std::string whole;
    for (std::size_t i = 0; i < reply.lines.size(); ++i) whole += (i ? "\n" : "") + std::string(reply.text(i));
    for (const auto& text : answer.texts)
      if (script::glob_match(text.pattern, whole) != text.fits) return false;
  }
  return true;
}

bool fits(const script::Answer& answer, const Came& came, bool extended_status, const Captures& captures) {
  using Kind = script::Answer::Kind;
  switch (answer.kind) {
    case Kind::close: return came.kind == Came::Kind::close;
    case Kind::nothing: return came.kind == Came::Kind::nothing;
    case Kind::tls: return came.kind == Came::Kind::tls && came.tls.version >= answer.tls_version;
    case Kind::no_tls: return came.kind == Came::Kind::no_tls;
    case Kind::same_code:
    case Kind::same_class: {
      const auto it = captures.find(answer.name);
      if (came.kind != Came::Kind::reply || it == captures.end()) return false;
      return answer.kind == Kind::same_code ? it->second.code == came.reply.code : it->second.klass() == came.reply.klass();
    }
    case Kind::codes:
    case Kind::any: return came.kind == Came::Kind::reply && reply_fits(answer, came.reply, extended_status);
  }
  return false;
}

}  // namespace

int match(const script::Expect& expect, const Came& came, bool extended_status, const Captures& captures) {
  for (std::size_t i = 0; i < expect.tiers.size(); ++i)
    for (const auto& answer : expect.tiers[i].answers)
      if (fits(answer, came, extended_status, captures)) return static_cast<int>(i);
  return -1;
}

std::string describe(const Came& came) {
  switch (came.kind) {
    case Came::Kind::reply: {
      std::string text = came.reply.octets.substr(0, came.reply.octets.find('\n'));
      if (text.ends_with('\r')) text.pop_back();
      text = text.empty() ? "an empty line" : smtp::spell(text);
      if (text.size() > 120) text = text.substr(0, 117) + "...";
      if (const std::size_t lines = came.reply.lines.size(); lines > 1)
        text += " (and " + std::to_string(lines - 1) + " more line" + (lines > 2 ? "s)" : ")");
      return text;
    }
    case Came::Kind::close: return "the connection was closed" + (came.detail.empty() ? std::string() : " (" + came.detail + ")");
    case Came::Kind::nothing: return came.detail.empty() ? "nothing came" : came.detail;
    case Came::Kind::tls: return "TLS 1." + std::to_string(came.tls.version - 10) + " was set up";
    case Came::Kind::no_tls: return "the TLS handshake failed" + (came.detail.empty() ? std::string() : ": " + came.detail);
    case Came::Kind::not_connected: return "no connection" + (came.detail.empty() ? std::string() : ": " + came.detail);
  }
  return "";
}

}  // namespace smtpspec::session
