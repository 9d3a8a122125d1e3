// TLS over memory: octets of the socket go in, octets for the socket come out, and the text in between. No socket, no
// clock, so that a connection may read whenever it likes and say its farewell in one direction only.
//
//   tls.feed(octets); tls.handshake(); send(tls.output());
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "smtpspec/smtp/wire.hpp"

namespace smtpspec::net {

class Tls {
 public:
  // `server_name` is for SNI; "" names nobody.
  Tls(SSL_CTX* context, bool server, const std::string& server_name);

  // What a later handshake with the same server may take up (RFC 8446 section 2.2): the certificate and the facts are
  // those of the first.
  struct FreeSession {
    void operator()(SSL_SESSION* handle) const { SSL_SESSION_free(handle); }
  };
  using Session = std::unique_ptr<SSL_SESSION, FreeSession>;
  // Before a client's handshake: offers the session, which the server may decline.
  void offer(const Session& session);
  bool resumed() const { return SSL_session_reused(ssl_.get()) != 0; }
  // What can be taken up later; nothing before the server has sent its ticket.
  Session session() const;

  // Has the peer's certificate verified for `name`: a fact, which refuses nothing.
  void verify(const std::string& name);

  void feed(std::string_view octets);
  std::size_t held() const;     // octets of input that wait
  std::size_t pending() const;  // octets of output
  std::string output();

  enum class Step { more, done, failed };
  Step handshake();
  enum class Got { text, nothing, end, failure };
  Got read(std::string_view& text);  // which is good until the next call
  bool write(std::string_view text);
  void end();  // close_notify: nothing more will be written
  // What went wrong last.
  const std::string& trouble() const { return trouble_; }
  smtp::TlsFacts facts() const;

 private:
  struct Free {
    void operator()(SSL* handle) const { SSL_free(handle); }
  };
  void note_trouble(int result);

  std::unique_ptr<SSL, Free> ssl_;
  bool verifies_ = false;
  BIO* in_;   // of ssl_
  BIO* out_;  // of ssl_
  std::unique_ptr<char[]> room_;
  std::string trouble_;
};

}  // namespace smtpspec::net
