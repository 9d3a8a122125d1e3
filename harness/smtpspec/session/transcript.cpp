#include "smtpspec/session/transcript.hpp"

#include <algorithm>

#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::session {

std::string mask(std::string text, const std::vector<std::string>& secrets) {
  // Longest first: a password inside its own base64 must not leave pieces of it.
  std::vector<std::string> ordered(secrets);
  for (const std::string& secret : secrets)
    if (std::string spelt = smtp::spell(secret); spelt != secret) ordered.push_back(std::move(spelt));
  std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const std::string& secret : ordered) {
    if (secret.size() < 3) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) text.replace(at, secret.size(), "***");
  }
  return text;
}

std::string Transcript::shown(const Entry& entry, std::size_t most) const {
  const std::string& octets = entry.reply ? entry.reply->octets : entry.octets;
  if (entry.kind == Entry::Kind::note) return mask(octets, secrets);
  std::string masked = mask(octets, secrets);
  const std::size_t whole = masked.size();
  if (whole > most) masked.resize(most);
  std::string out = smtp::spell(masked);
  if (whole > most) out += "... " + std::to_string(whole - most) + " more octets";
  return out;
}

}  // namespace smtpspec::session
