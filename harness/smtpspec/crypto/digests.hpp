// Digests, random octets and certificates, over OpenSSL's libcrypto. The core receives them as plain functions.
#pragma once

#include <string>

#include "smtpspec/smtp/sasl.hpp"

namespace smtpspec::crypto {

smtp::Digests digests();

std::string sha256_hex(std::string_view octets);

// `size` octets of randomness as hexadecimal text, twice as long.
std::string random_hex(std::size_t size);

// A self-signed P-256 certificate for `names` (DNS names, and IP addresses as text), valid from yesterday for a year.
struct Certificate {
  std::string certificate_pem;
  std::string key_pem;
};
Certificate self_signed(const std::vector<std::string>& names);

}  // namespace smtpspec::crypto
