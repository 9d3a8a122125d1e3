#include "smtpspec/smtp/sasl.hpp"

#include <gtest/gtest.h>

#include "smtpspec/crypto/digests.hpp"
#include "smtpspec/smtp/encoding.hpp"
#include "smtpspec/smtp/octets.hpp"
#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

using namespace std::string_view_literals;
using Outcome = SaslServer::Outcome;

const std::vector<std::string> mechanisms = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"};

std::unique_ptr<SaslClient> client(std::string_view mechanism, Credentials credentials, std::string nonce = "rOprNGfwEbeRWgbNEkqO") {
  return SaslClient::make(mechanism, std::move(credentials), crypto::digests(), std::move(nonce));
}

std::unique_ptr<SaslServer> server(std::string_view mechanism, Credentials known = {"alice", "secret"}) {
  return SaslServer::make(
      mechanism, [known](std::string_view user) { return user == known.user ? std::optional(known.password) : std::nullopt; },
      crypto::digests(), "server-nonce");
}

// Runs the exchange to its end; nothing when the client gave up.
std::optional<Outcome> converse(SaslClient& from, SaslServer& to, bool initial_response = true) {
  const auto first = initial_response && to.client_first() ? from.initial() : std::nullopt;
  SaslServer::Step step = first ? to.respond(*first) : to.start();
  for (int i = 0; step.outcome == Outcome::challenge; ++i) {
    if (i == 8) return ADD_FAILURE() << "the exchange has no end", std::nullopt;
    const auto response = from.respond(step.challenge);
    if (!response) return std::nullopt;
    step = to.respond(*response);
  }
  return step.outcome;
}

// --- client against server --------------------------------------------------------------------------------------------

TEST(Sasl, RightPasswordSucceedsByEveryMechanism) {
  for (const std::string& mechanism : mechanisms)
    for (const bool initial_response : {true, false})
      for (const Credentials& who : {Credentials{"alice", "secret"}, Credentials{"a=b,c@d.example", "with blank, = and \xc3\xa9"}}) {
        const auto to = server(mechanism, who);
        EXPECT_EQ(converse(*client(mechanism, who), *to, initial_response), Outcome::success) << mechanism << " " << who.user;
        EXPECT_EQ(to->user(), who.user) << mechanism;
      }
}

TEST(Sasl, WrongPasswordAndUnknownUserFailAlike) {
  for (const std::string& mechanism : mechanisms)
    for (const Credentials& who : {Credentials{"alice", "Secret"}, Credentials{"alice", ""}, Credentials{"alice", "secret2"},
                                   Credentials{"bob", "secret"}, Credentials{"", "secret"}})
      EXPECT_EQ(converse(*client(mechanism, who), *server(mechanism)), Outcome::failure) << mechanism << " " << who.user;
}

TEST(Sasl, MechanismsAreNamedWithoutCaseAndOthersAreNotKnown) {
  for (const std::string& mechanism : mechanisms) {
    EXPECT_NE(client(to_lower(mechanism), {}), nullptr);
    EXPECT_NE(server(to_lower(mechanism)), nullptr);
    EXPECT_EQ(client(mechanism, {"a", "b"})->initial().has_value(), server(mechanism)->client_first()) << mechanism;
  }
  EXPECT_EQ(client("GSSAPI", {}), nullptr);
  EXPECT_EQ(server("SCRAM-SHA-256-PLUS"), nullptr);
}

// --- PLAIN: RFC 4616 --------------------------------------------------------------------------------------------------

TEST(Plain, MessageIsThreePartsWithNulBetween) {
  EXPECT_EQ(client("PLAIN", {"tim", "tanstaaftanstaaf"})->initial(), "\0tim\0tanstaaftanstaaf"sv);
  const std::pair<std::string_view, Outcome> rows[] = {
      {"\0alice\0secret"sv, Outcome::success},
      {"alice\0alice\0secret"sv, Outcome::success},  // the authorization identity is the user's own
      {"bob\0alice\0secret"sv, Outcome::failure},
      {"alice\0secret"sv, Outcome::malformed},
      {"\0alice\0secret\0"sv, Outcome::malformed},
      {"alice", Outcome::malformed},
      {"", Outcome::malformed},
  };
  for (const auto& [message, outcome] : rows) EXPECT_EQ(server("PLAIN")->respond(message).outcome, outcome) << spell(message);
}

// --- CRAM-MD5: RFC 2195 section 2 ------------------------------------------------------------------------------------------

TEST(CramMd5, AnswersTheRfcsExample) {
  const auto from = client("CRAM-MD5", {"tim", "tanstaaftanstaaf"});
  EXPECT_EQ(from->initial(), std::nullopt);
  EXPECT_EQ(from->respond("<1896.697170952@postoffice.reston.mci.net>"), "tim b913a602c7eda7a495b4e6e7334d3890");
}

TEST(CramMd5, ChallengeIsAMessageIdWithTheNonce) {
  const std::string challenge = server("CRAM-MD5")->start().challenge;
  EXPECT_TRUE(challenge.starts_with("<server-nonce@") && challenge.ends_with(">")) << challenge;
}

// --- SCRAM-SHA-256: RFC 7677 section 3 ----------------------------------------------------------------------------------

constexpr std::string_view example_server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

TEST(Scram, ClientSpeaksTheRfcsExample) {
  const auto from = client("SCRAM-SHA-256", {"user", "pencil"});
  EXPECT_EQ(from->initial(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(from->respond(example_server_first),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(from->respond("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), "");
}

TEST(Scram, ClientCancelsWhenTheServerCannotProveItself) {
  for (const std::string_view last : {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9",
                                      "v=", "v=!", "e=invalid-proof", ""}) {
    const auto from = client("SCRAM-SHA-256", {"user", "pencil"});
    ASSERT_TRUE(from->respond(example_server_first));
    EXPECT_EQ(from->respond(last), std::nullopt) << last;
  }
}

TEST(Scram, ClientCancelsOnAServerFirstThatIsWrong) {
  for (const std::string_view first : {
           "r=somebody-elses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
           "r=rOprNGfwEbeRWgbNEkq,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ=,i=4096",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999",  // minutes of work
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999",
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==",
           "m=must-know,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",  // RFC 5802 section 5.1
           "e=other-error",
           "junk",
       })
    EXPECT_EQ(client("SCRAM-SHA-256", {"user", "pencil"})->respond(first), std::nullopt) << first;
}

TEST(Scram, ServerTakesNoBindingAndNoForeignIdentity) {
  const std::pair<std::string_view, Outcome> rows[] = {
      {"n,,n=alice,r=x", Outcome::challenge},
      {"y,,n=alice,r=x", Outcome::challenge},
      {"n,a=alice,n=alice,r=x", Outcome::challenge},
      {"n,a=bob,n=alice,r=x", Outcome::failure},
      {"n,bob,n=alice,r=x", Outcome::malformed},
      {"p=tls-unique,,n=alice,r=x", Outcome::malformed},
      {"none,,n=alice,r=x", Outcome::malformed},
      {",,n=alice,r=x", Outcome::malformed},
      {"n,n=alice,r=x", Outcome::malformed},
      {"n,,n=ali=3ce,r=x", Outcome::malformed},
      {"n,,n=ali=", Outcome::malformed},
      {"n,,n=alice,r=", Outcome::malformed},
      {"n,,r=x", Outcome::malformed},
      {"n,,m=must-know,n=alice,r=x", Outcome::malformed},
      {"", Outcome::malformed},
  };
  for (const auto& [message, outcome] : rows) EXPECT_EQ(server("SCRAM-SHA-256")->respond(message).outcome, outcome) << message;
}

// The client's last message with one thing changed.
TEST(Scram, ServerRefusesAProofThatIsNotOfThisExchange) {
  const auto changed = [](std::string_view from, std::string_view to) {
    const auto with = client("SCRAM-SHA-256", {"alice", "secret"}, "client-nonce");
    const auto at = server("SCRAM-SHA-256");
    std::string last = *with->respond(at->respond(*with->initial()).challenge);
    last.replace(last.find(from), from.size(), to);
    return at->respond(last).outcome;
  };
  EXPECT_EQ(changed("", ""), Outcome::challenge) << "the server's own proof: v=…";
  EXPECT_EQ(changed("c=biws", "c=eSws"), Outcome::failure) << "another header than the one that was sent";
  EXPECT_EQ(changed("c=biws", "c=biw"), Outcome::malformed);
  EXPECT_EQ(changed("r=client-nonce", "r=client-nonceX"), Outcome::failure);
  EXPECT_EQ(changed(",p=", ",x=y,p="), Outcome::failure) << "the proof covers all that stands before it";
  EXPECT_EQ(changed(",p=", ",p=AAAA"), Outcome::failure);
  EXPECT_EQ(changed(",p=", ",p=A"), Outcome::malformed);
  EXPECT_EQ(changed(",p=", ",q="), Outcome::malformed);
}

// The proof itself is right, but over a message that is not of this exchange: what it covers is looked at too.
TEST(Scram, ServerRefusesARightProofOverAnotherNonceOrHeader) {
  const auto outcome = [](std::string_view binding, std::string_view nonce) {
    const auto at = server("SCRAM-SHA-256");
    const std::string bare = "n=alice,r=mine", first = at->respond("n,," + bare).challenge;
    const std::string salt = first.substr(first.find(",s=") + 3, first.find(",i=") - first.find(",s=") - 3);
    const std::string full = first.substr(2, first.find(",s=") - 2);
    const std::string last = "c=" + std::string(binding) + ",r=" + (nonce.empty() ? full : std::string(nonce));
    const Digests digests = crypto::digests();
    const std::string salted = digests.pbkdf2_sha256("secret", *decode_base64(salt), std::stoi(first.substr(first.find(",i=") + 3)));
    std::string proof = digests.hmac_sha256(salted, "Client Key");
    const std::string signature = digests.hmac_sha256(digests.sha256(proof), bare + "," + first + "," + last);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
    return at->respond(last + ",p=" + encode_base64(proof)).outcome;
  };
  EXPECT_EQ(outcome("biws", ""), Outcome::challenge);
  EXPECT_EQ(outcome("eSws", ""), Outcome::failure) << "y,, was never sent";
  EXPECT_EQ(outcome("biws", "mine"), Outcome::failure) << "the server's part of the nonce is missing";
}

// --- garbage --------------------------------------------------------------------------------------------------------------

TEST(Sasl, GarbageNeitherCrashesNorSucceeds) {
  const naive::Words words = {
      "", "\0"sv, "n,,", "n=alice", ",", "r=rOprNGfwEbeRWgbNEkqO", "=", "c=biws", "p=", "i=1", "s=", "v=", "alice ", "\xff"};
  for (const std::string& mechanism : mechanisms)
    naive::all_texts(words, 3, [&](std::string_view garbage) {
      if (HasFailure()) return;
      const auto to = server(mechanism);
      SaslServer::Step step = to->client_first() ? to->respond(garbage) : to->start();
      for (int i = 0; i < 3 && step.outcome == Outcome::challenge; ++i) step = to->respond(garbage);
      ASSERT_NE(step.outcome, Outcome::success) << mechanism << " " << spell(garbage);

      const auto from = client(mechanism, {"alice", "secret"});
      from->initial();
      for (int i = 0; i < 3; ++i) from->respond(garbage);
    });
}

}  // namespace
}  // namespace smtpspec::smtp
