// What the other end says in a SASL exchange: nothing of it lets a stranger in, makes the client work without bound, or gives the
// password away in a mechanism that is there to keep it; and base64 and xtext come back from their encodings.
#include "oracle.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/sasl.hpp"

using namespace smtpspec;
using fuzz::require;
using Outcome = smtp::SaslServer::Outcome;

namespace {

// No cryptography, and nothing that a short text could guess.
std::string mark(char what, std::string_view a, std::string_view b) {
  std::uint64_t sum = 1469598103934665603u + static_cast<unsigned char>(what);
  for (const std::string_view part : {a, b})
    for (const char c : part) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::string out(32, what);
  for (int i = 0; i < 8; ++i) out[static_cast<std::size_t>(i) * 4] = static_cast<char>(sum >> (8 * i));
  return out;
}

smtp::Digests digests(std::string_view about) {
  return {.sha256 = [](std::string_view message) { return mark('h', message, {}); },
          .hmac_sha256 = [](std::string_view key, std::string_view message) { return mark('m', key, message); },
          .hmac_md5 = [](std::string_view key, std::string_view message) { return mark('5', key, message).substr(0, 16); },
          .pbkdf2_sha256 =
              [about](std::string_view password, std::string_view salt, int iterations) {
                require(iterations > 0 && iterations <= 200'000, "the other end does not choose how long we work", about);
                return mark('p', password, salt);
              }};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::string password = "a secret that no input holds";
  if (text.find(password) != text.npos) return 0;  // the engine reads what its target compares with
  for (const char* mechanism : {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"}) {
    const auto server = smtp::SaslServer::make(
        mechanism, [&](std::string_view user) { return user == "alice" ? std::optional(password) : std::nullopt; }, digests(text), "nonce");
    const auto client = smtp::SaslClient::make(mechanism, {"alice", password}, digests(text), "nonce");
    const bool keeps = std::string_view(mechanism) != "PLAIN" && std::string_view(mechanism) != "LOGIN";
    client->initial();
    auto step = server->client_first() ? smtp::SaslServer::Step{Outcome::challenge} : server->start();
    for (std::size_t at = 0, rounds = 0; rounds < 4; ++rounds) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view message = text.substr(std::min(at, text.size()), end - std::min(at, text.size()));
      at = end + 1;
      if (step.outcome == Outcome::challenge) step = server->respond(message);
      require(step.outcome != Outcome::success, "who does not know the password is not let in", text);
      const auto answer = client->respond(message);
      require(!keeps || !answer || answer->find(password) == answer->npos, "the password is not said", text);
    }
  }

  require(smtp::decode_base64(smtp::encode_base64(text)) == text, "base64 comes back", text);
  if (const auto octets = smtp::decode_base64(text)) require(smtp::encode_base64(*octets) == text, "base64 has one spelling", text);
  require(smtp::decode_xtext(smtp::encode_xtext(text)) == text, "xtext comes back", text);
  require(smtp::is_xtext(text) == smtp::decode_xtext(text).has_value(), "xtext is what can be decoded", text);
  return 0;
}
