// SASL exchanges for both ends: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195) and SCRAM-SHA-256 (RFC 5802, RFC 7677).
//
// Digests are handed in as plain functions, so that this module needs no cryptography of its own. Messages are octets
// before base64: the encoding belongs to AUTH (RFC 4954), not to the mechanism.
//
//   auto client = SaslClient::make("PLAIN", {"alice", "secret"}, digests, nonce);
//   client->initial();            // "\0alice\0secret"
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace smtpspec::smtp {

struct Digests {
  std::function<std::string(std::string_view message)> sha256;
  std::function<std::string(std::string_view key, std::string_view message)> hmac_sha256;
  std::function<std::string(std::string_view key, std::string_view message)> hmac_md5;
  std::function<std::string(std::string_view password, std::string_view salt, int iterations)> pbkdf2_sha256;
};

struct Credentials {
  std::string user;
  std::string password;
};

class SaslClient {
 public:
  virtual ~SaslClient() = default;
  virtual std::optional<std::string> initial() = 0;                            // nothing when the server speaks first
  virtual std::optional<std::string> respond(std::string_view challenge) = 0;  // nothing when the challenge is wrong: cancel
  // nullptr for a mechanism that is not known. `nonce` must be fresh printable ASCII without commas.
  static std::unique_ptr<SaslClient> make(std::string_view mechanism, Credentials credentials, const Digests& digests, std::string nonce);
};

class SaslServer {
 public:
  enum class Outcome { challenge, success, failure, malformed };
  struct Step {
    Outcome outcome = Outcome::failure;
    std::string challenge{};
  };
  // The password of a user, or nothing.
  using Passwords = std::function<std::optional<std::string>(std::string_view user)>;

  virtual ~SaslServer() = default;
  virtual bool client_first() const = 0;
  virtual Step start() = 0;  // the first challenge
  virtual Step respond(std::string_view response) = 0;
  virtual std::string user() const = 0;  // after success
  static std::unique_ptr<SaslServer> make(std::string_view mechanism, Passwords passwords, const Digests& digests, std::string nonce);
};

}  // namespace smtpspec::smtp
