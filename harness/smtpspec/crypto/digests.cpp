#include "smtpspec/crypto/digests.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <memory>
#include <vector>

namespace smtpspec::crypto {
namespace {

const unsigned char* octets_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string sha256(std::string_view message) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(octets_of(message), message.size(), octets_of(out));
  return out;
}

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view message) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HMAC(digest, key.data(), static_cast<int>(key.size()), octets_of(message), message.size(), octets_of(out), &size);
  out.resize(size);
  return out;
}

std::string hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    const auto u = static_cast<unsigned char>(c);
    out += "0123456789abcdef"[u >> 4];
    out += "0123456789abcdef"[u & 15];
  }
  return out;
}

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

smtp::Digests digests() {
  return {
      .sha256 = sha256,
      .hmac_sha256 = [](std::string_view key, std::string_view message) { return hmac(EVP_sha256(), key, message); },
      .hmac_md5 = [](std::string_view key, std::string_view message) { return hmac(EVP_md5(), key, message); },
      .pbkdf2_sha256 =
          [](std::string_view password, std::string_view salt, int iterations) {
            std::string out(SHA256_DIGEST_LENGTH, '\0');
            PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), octets_of(salt), static_cast<int>(salt.size()),
                              iterations, EVP_sha256(), static_cast<int>(out.size()), octets_of(out));
            return out;
          },
  };
}

std::string sha256_hex(std::string_view octets) { return hex(sha256(octets)); }

std::string random_hex(std::size_t size) {
  std::string out(size, '\0');
  RAND_bytes(octets_of(out), static_cast<int>(size));
  return hex(out);
}

Certificate self_signed(const std::vector<std::string>& names) {
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(EVP_EC_gen("P-256"));
  const std::unique_ptr<X509, Freer<X509_free>> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  const std::string serial = random_hex(8);
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, serial.c_str());
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86400L);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400L * 365);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, octets_of(std::string_view(names.front())), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  std::string alternatives;
  for (const std::string& name : names) {
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos || name.find(':') != std::string::npos;
    alternatives += (alternatives.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  if (X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str())) {
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  const Bio certificate_text(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {text_of(certificate_text.get()), text_of(key_text.get())};
}

}  // namespace smtpspec::crypto
