#include "smtpspec/smtp/sasl.hpp"

#include <vector>

#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::smtp {
namespace {

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    const auto u = static_cast<unsigned char>(c);
    out += "0123456789abcdef"[u >> 4];
    out += "0123456789abcdef"[u & 15];
  }
  return out;
}

std::string exclusive_or(std::string a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
  return a;
}

// No early way out: the time says nothing about where two secrets differ.
bool same_secret(std::string_view a, std::string_view b) {
  unsigned char difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

// The value of attribute `name` in a SCRAM message ("r=...,s=...").
std::optional<std::string_view> attribute(std::string_view message, char name) {
  while (!message.empty()) {
    const std::size_t comma = message.find(',');
    const std::string_view part = message.substr(0, comma);
    if (part.size() >= 2 && part[0] == name && part[1] == '=') return part.substr(2);
    message = comma == std::string_view::npos ? std::string_view{} : message.substr(comma + 1);
  }
  return std::nullopt;
}

std::string saslname(std::string_view user) {
  std::string out;
  for (const char c : user) out += c == '=' ? "=3D" : c == ',' ? "=2C" : std::string(1, c);
  return out;
}
std::optional<std::string> from_saslname(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '=') {
      out += name[i];
      continue;
    }
    const std::string_view code = name.substr(i + 1, 2);
    if (code != "3D" && code != "2C") return std::nullopt;
    out += code == "3D" ? '=' : ',';
    i += 2;
  }
  return out;
}

struct PlainClient final : SaslClient {
  explicit PlainClient(Credentials c) : credentials(std::move(c)) {}
  std::string message() const { return std::string("\0", 1) + credentials.user + std::string("\0", 1) + credentials.password; }
  std::optional<std::string> initial() override { return message(); }
  std::optional<std::string> respond(std::string_view) override { return message(); }
  Credentials credentials;
};

struct LoginClient final : SaslClient {
  explicit LoginClient(Credentials c) : credentials(std::move(c)) {}
  std::optional<std::string> initial() override { return std::nullopt; }
  std::optional<std::string> respond(std::string_view) override {
    ++step;
    return step == 1 ? std::optional(credentials.user) : step == 2 ? std::optional(credentials.password) : std::nullopt;
  }
  Credentials credentials;
  int step = 0;
};

struct CramClient final : SaslClient {
  CramClient(Credentials c, Digests d) : credentials(std::move(c)), digests(std::move(d)) {}
  std::optional<std::string> initial() override { return std::nullopt; }
  std::optional<std::string> respond(std::string_view challenge) override {
    return credentials.user + " " + hex(digests.hmac_md5(credentials.password, challenge));
  }
  Credentials credentials;
  Digests digests;
};

struct ScramProof {
  std::string client_proof;
  std::string server_signature;
  std::string client_key_check;  // client signature, for the server's side
};
ScramProof scram_proof(const Digests& digests, std::string_view password, std::string_view salt, int iterations,
                       std::string_view auth_message) {
  const std::string salted = digests.pbkdf2_sha256(password, salt, iterations);
  const std::string client_key = digests.hmac_sha256(salted, "Client Key");
  const std::string server_key = digests.hmac_sha256(salted, "Server Key");
  const std::string signature = digests.hmac_sha256(digests.sha256(client_key), auth_message);
  return {exclusive_or(client_key, signature), digests.hmac_sha256(server_key, auth_message), signature};
}

struct ScramClient final : SaslClient {
  ScramClient(Credentials c, Digests d, std::string n) : credentials(std::move(c)), digests(std::move(d)), nonce(std::move(n)) {}
  std::string bare() const { return "n=" + saslname(credentials.user) + ",r=" + nonce; }
  std::optional<std::string> initial() override { return "n,," + bare(); }
  std::optional<std::string> respond(std::string_view challenge) override {
    if (!expected_signature.empty()) {  // server-final: v=...
      const auto v = attribute(challenge, 'v');
      const auto signature = v ? decode_base64(*v) : std::nullopt;
      if (!signature || !same_secret(*signature, expected_signature)) return std::nullopt;
      return "";
    }
    if (challenge.empty()) return initial();  // the server did not take an initial response
    const auto r = attribute(challenge, 'r');
    const auto s = attribute(challenge, 's');
    const auto i = attribute(challenge, 'i');
    const auto salt = s ? decode_base64(*s) : std::nullopt;
    if (!r || !salt || !i || !r->starts_with(nonce) || i->empty() || i->size() > 6) return std::nullopt;
    if (attribute(challenge, 'm')) return std::nullopt;  // an extension that must be understood (RFC 5802 section 5.1)
    int iterations = 0;
    for (const char c : *i) {
      if (!is_digit(c)) return std::nullopt;
      iterations = iterations * 10 + (c - '0');
    }
    // A hostile server could ask for minutes of work.
    if (iterations < 1 || iterations > 200000) return std::nullopt;
    const std::string without_proof = "c=biws,r=" + std::string(*r);
    const auto proof =
        scram_proof(digests, credentials.password, *salt, iterations, bare() + "," + std::string(challenge) + "," + without_proof);
    expected_signature = proof.server_signature;
    return without_proof + ",p=" + encode_base64(proof.client_proof);
  }
  Credentials credentials;
  Digests digests;
  std::string nonce;
  std::string expected_signature;
};

struct PlainServer final : SaslServer {
  explicit PlainServer(Passwords p) : passwords(std::move(p)) {}
  bool client_first() const override { return true; }
  Step start() override { return {Outcome::challenge, ""}; }
  Step respond(std::string_view response) override {
    const std::size_t first = response.find('\0');
    const std::size_t second = first == std::string_view::npos ? first : response.find('\0', first + 1);
    if (second == std::string_view::npos || response.find('\0', second + 1) != std::string_view::npos) return {Outcome::malformed};
    name = response.substr(first + 1, second - first - 1);
    const std::string_view authorization = response.substr(0, first);
    const auto known = passwords(name);
    const bool right = known && same_secret(*known, response.substr(second + 1));
    return {right && (authorization.empty() || authorization == name) ? Outcome::success : Outcome::failure};
  }
  std::string user() const override { return name; }
  Passwords passwords;
  std::string name;
};

struct LoginServer final : SaslServer {
  explicit LoginServer(Passwords p) : passwords(std::move(p)) {}
  bool client_first() const override { return false; }
  Step start() override { return {Outcome::challenge, "Username:"}; }
  Step respond(std::string_view response) override {
    if (!asked_password) {
      asked_password = true;
      name = response;
      return {Outcome::challenge, "Password:"};
    }
    const auto known = passwords(name);
    return {known && same_secret(*known, response) ? Outcome::success : Outcome::failure};
  }
  std::string user() const override { return name; }
  Passwords passwords;
  std::string name;
  bool asked_password = false;
};

struct CramServer final : SaslServer {
  CramServer(Passwords p, Digests d, std::string n)
      : passwords(std::move(p)), digests(std::move(d)), challenge("<" + std::move(n) + "@smtpspec>") {}
  bool client_first() const override { return false; }
  Step start() override { return {Outcome::challenge, challenge}; }
  Step respond(std::string_view response) override {
    const std::size_t blank = response.rfind(' ');
    if (blank == std::string_view::npos) return {Outcome::malformed};
    name = response.substr(0, blank);
    const auto known = passwords(name);
    return {known && same_secret(hex(digests.hmac_md5(*known, challenge)), response.substr(blank + 1)) ? Outcome::success
                                                                                                       : Outcome::failure};
  }
  std::string user() const override { return name; }
  Passwords passwords;
  Digests digests;
  std::string challenge;
  std::string name;
};

struct ScramServer final : SaslServer {
  ScramServer(Passwords p, Digests d, std::string n) : passwords(std::move(p)), digests(std::move(d)), nonce(std::move(n)) {}
  bool client_first() const override { return true; }
  Step start() override { return {Outcome::challenge, ""}; }
  Step respond(std::string_view response) override {
    ++step;
    if (step == 1) return first(response);
    if (step == 2) return proof(response);
    return {response.empty() ? Outcome::success : Outcome::malformed};
  }
  std::string user() const override { return name; }

  Step first(std::string_view response) {
    // gs2-header: "n,," or "y,,"; no channel binding, no authorization identity but the user's own.
    const std::size_t comma = response.find(',');
    const std::size_t second = comma == std::string_view::npos ? comma : response.find(',', comma + 1);
    if (second == std::string_view::npos) return {Outcome::malformed};
    const std::string_view binding = response.substr(0, comma);
    const std::string_view identity = response.substr(comma + 1, second - comma - 1);
    if ((binding != "n" && binding != "y") || (!identity.empty() && !identity.starts_with("a="))) return {Outcome::malformed};
    gs2 = response.substr(0, second + 1);
    bare = response.substr(second + 1);
    const auto n = attribute(bare, 'n');
    const auto r = attribute(bare, 'r');
    const auto decoded = n ? from_saslname(*n) : std::nullopt;
    if (!decoded || !r || r->empty() || attribute(bare, 'm')) return {Outcome::malformed};
    name = *decoded;
    if (!identity.empty() && identity.substr(2) != *n) return {Outcome::failure};
    full_nonce = std::string(*r) + nonce;
    server_first = "r=" + full_nonce + ",s=" + encode_base64(salt()) + ",i=" + std::to_string(iterations);
    return {Outcome::challenge, server_first};
  }
  Step proof(std::string_view response) {
    const auto c = attribute(response, 'c');
    const auto r = attribute(response, 'r');
    const auto p = attribute(response, 'p');
    const auto given = p ? decode_base64(*p) : std::nullopt;
    const auto binding = c ? decode_base64(*c) : std::nullopt;
    if (!given || !binding || !r) return {Outcome::malformed};
    const std::string auth_message = bare + "," + server_first + "," + std::string(response.substr(0, response.rfind(",p=")));
    const auto known = passwords(name);
    // An unknown user costs the same work as a known one.
    const auto expected = scram_proof(digests, known.value_or(nonce), salt(), iterations, auth_message);
    if (!known || *binding != gs2 || *r != full_nonce || !same_secret(*given, expected.client_proof)) return {Outcome::failure};
    return {Outcome::challenge, "v=" + encode_base64(expected.server_signature)};
  }
  std::string salt() const { return digests.sha256("smtpspec:" + name).substr(0, 16); }

  static constexpr int iterations = 4096;
  Passwords passwords;
  Digests digests;
  std::string nonce, gs2, bare, full_nonce, server_first, name;
  int step = 0;
};

}  // namespace

std::unique_ptr<SaslClient> SaslClient::make(std::string_view mechanism, Credentials credentials, const Digests& digests,
                                             std::string nonce) {
  if (iequals(mechanism, "PLAIN")) return std::make_unique<PlainClient>(std::move(credentials));
  if (iequals(mechanism, "LOGIN")) return std::make_unique<LoginClient>(std::move(credentials));
  if (iequals(mechanism, "CRAM-MD5")) return std::make_unique<CramClient>(std::move(credentials), digests);
  if (iequals(mechanism, "SCRAM-SHA-256")) return std::make_unique<ScramClient>(std::move(credentials), digests, std::move(nonce));
  return nullptr;
}

std::unique_ptr<SaslServer> SaslServer::make(std::string_view mechanism, Passwords passwords, const Digests& digests, std::string nonce) {
  if (iequals(mechanism, "PLAIN")) return std::make_unique<PlainServer>(std::move(passwords));
  if (iequals(mechanism, "LOGIN")) return std::make_unique<LoginServer>(std::move(passwords));
  if (iequals(mechanism, "CRAM-MD5")) return std::make_unique<CramServer>(std::move(passwords), digests, std::move(nonce));
  if (iequals(mechanism, "SCRAM-SHA-256")) return std::make_unique<ScramServer>(std::move(passwords), digests, std::move(nonce));
  return nullptr;
}

}  // namespace smtpspec::smtp
