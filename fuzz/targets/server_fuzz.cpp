// The reference server, given any octets: however they are cut into segments, the same octets come back; all it says is whole and
// clean replies; and behind its last word it says nothing. Chunks, mail data and AUTH exchanges are read here as commands are.
#include "oracle.hpp"
#include "smtpspec/serve/server.hpp"
#include "test/naive.hpp"

using namespace smtpspec;
using fuzz::require;
using smtp::Action;
using smtp::Event;

namespace {

// Cryptography would only cost time: no input guesses a password.
const smtp::Digests digests{.sha256 = [](std::string_view) { return std::string(32, 's'); },
                            .hmac_sha256 = [](std::string_view, std::string_view) { return std::string(32, 'h'); },
                            .hmac_md5 = [](std::string_view, std::string_view) { return std::string(16, '5'); },
                            .pbkdf2_sha256 = [](std::string_view, std::string_view, int) { return std::string(32, 'p'); }};

std::string answers(smtp::Role role, const naive::Chunks& chunks) {
  serve::MemoryStore store(1);
  serve::Server server({.message_size = 4096, .recipients = 5, .errors = 50}, store, digests, [] {
    serve::Seams seams = serve::Seams::lawful();
    seams.clock = [] { return std::int64_t{0}; };
    seams.nonce = [] { return std::string("nonce"); };
    return seams;
  });
  const auto machine = server.accept(role);
  std::string out;
  bool closed = false;
  const auto give = [&](const Event& event) {
    smtp::Actions actions;
    machine->on(event, actions);
    bool handshake = false;
    for (const Action& action : actions) {
      require(!closed || action.kind != Action::Kind::send, "nothing is said behind the end", out);
      if (action.kind == Action::Kind::send) out += action.octets;
      closed = closed || action.kind == Action::Kind::close || action.kind == Action::Kind::reset;
      handshake = handshake || action.kind == Action::Kind::start_tls;
    }
    return handshake;
  };
  const auto play = [&](const Event& event) {
    if (give(event)) give({.kind = Event::Kind::tls_up, .tls = {13, "memory", {}}});
  };
  play({.kind = Event::Kind::opened});
  for (const std::string_view chunk : chunks) {
    if (closed) break;
    play({.kind = Event::Kind::octets, .octets = chunk});
  }
  if (!closed) play({.kind = Event::Kind::ended});
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  // What stands behind STARTTLS in its segment is thrown away, so there the cuts do matter.
  bool starttls = false;
  for (std::size_t at = 0; at < size && !starttls; ++at) starttls = smtp::istarts_with(text.substr(at), "STARTTLS");
  for (const smtp::Role role : smtp::all_roles) {
    const std::string whole = answers(role, {text});
    for (const smtp::Reply& reply : naive::read_replies({whole}, {.line = 1u << 20, .lines = 1000}))
      // An empty challenge has a blank and no text: RFC 4954 section 4.
      require(!reply.anomalies.any() || reply.octets == "334 \r\n", "every reply is whole and clean", whole);
    if (starttls && role != smtp::Role::submissions) continue;
    require(answers(role, naive::octet_by_octet(text)) == whole, "octet by octet the answers are the same", text);
    require(answers(role, naive::cut_at_random(text, size)) == whole, "for any cut the answers are the same", text);
  }
  return 0;
}
