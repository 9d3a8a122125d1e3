#include "smtpspec/net/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <new>

namespace smtpspec::net {
namespace {

std::string text_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)), static_cast<std::size_t>(ASN1_STRING_length(string))};
}

std::string address_of(const ASN1_OCTET_STRING* octets) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(octets);
  if (size == 4 || size == 16) ::inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(octets), text, sizeof text);
  return text;
}

// RFC 6125 section 6.4.4: the common name counts only where no alternative name stands.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> out;
  auto* names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) out.push_back(text_of(name->d.dNSName));
    if (name->type == GEN_IPADD) out.push_back(address_of(name->d.iPAddress));
  }
  GENERAL_NAMES_free(names);
  if (!out.empty()) return out;
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); at >= 0)
    out.push_back(text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return out;
}

}  // namespace

Tls::Tls(SSL_CTX* context, bool server, const std::string& server_name)
    : ssl_(SSL_new(context)), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
  if (!ssl_ || !in_ || !out_) throw std::bad_alloc();
  // An empty buffer asks for more; it is no end.
  BIO_set_mem_eof_return(in_, -1);
  SSL_set_bio(ssl_.get(), in_, out_);
  if (!server_name.empty()) SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
  server ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
}

void Tls::verify(const std::string& name) {
  verifies_ = true;
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str()) != 1) X509_VERIFY_PARAM_set1_host(expected, name.c_str(), 0);
}

// Copies go in and out: OpenSSL takes a session for spoilt when a connection that has it is cut.
void Tls::offer(const Session& session) { SSL_set_session(ssl_.get(), Session(SSL_SESSION_dup(session.get())).get()); }

Tls::Session Tls::session() const {
  const SSL_SESSION* session = SSL_get0_session(ssl_.get());
  return Session(session && SSL_SESSION_is_resumable(session) ? SSL_SESSION_dup(session) : nullptr);
}

void Tls::feed(std::string_view octets) { BIO_write(in_, octets.data(), static_cast<int>(octets.size())); }

std::size_t Tls::held() const { return BIO_ctrl_pending(in_); }

std::size_t Tls::pending() const { return BIO_ctrl_pending(out_); }

std::string Tls::output() {
  std::string octets(pending(), '\0');
  const int size = BIO_read(out_, octets.data(), static_cast<int>(octets.size()));
  octets.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return octets;
}

void Tls::note_trouble(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  const char* reason = ERR_reason_error_string(ERR_get_error());
  trouble_ = reason ? reason : kind == SSL_ERROR_ZERO_RETURN ? "closed by the peer" : "TLS failed";
}

Tls::Step Tls::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return Step::done;
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) return Step::more;
  note_trouble(result);
  return Step::failed;
}

Tls::Got Tls::read(std::string_view& text) {
  constexpr std::size_t room = 16u << 10;
  if (!room_) room_ = std::make_unique_for_overwrite<char[]>(room);
  ERR_clear_error();
  const int result = SSL_read(ssl_.get(), room_.get(), static_cast<int>(room));
  text = {room_.get(), result > 0 ? static_cast<std::size_t>(result) : 0};
  if (result > 0) return Got::text;
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return Got::nothing;
  if (kind == SSL_ERROR_ZERO_RETURN) return Got::end;
  note_trouble(result);
  return Got::failure;
}

bool Tls::write(std::string_view text) {
  ERR_clear_error();
  const int result = SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  if (result > 0) return true;
  note_trouble(result);
  return false;
}

void Tls::end() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

smtp::TlsFacts Tls::facts() const {
  smtp::TlsFacts facts;
  facts.version = 10 + (SSL_version(ssl_.get()) - TLS1_VERSION);
  if (const char* name = SSL_get_cipher_name(ssl_.get())) facts.cipher = name;
  if (X509* certificate = SSL_get0_peer_certificate(ssl_.get())) facts.names = names_of(certificate);
  if (verifies_) {
    const long result = SSL_get_verify_result(ssl_.get());
    facts.trust = result == X509_V_OK ? "verified" : X509_verify_cert_error_string(result);
  }
  return facts;
}

}  // namespace smtpspec::net
