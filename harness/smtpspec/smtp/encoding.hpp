// The two text encodings of SMTP: base64 for SASL (RFC 4648 section 4, strict as RFC 4954 section 4 wants it) and
// xtext for parameters (RFC 3461 section 4).
//
//   encode_base64("a") == "YQ=="      decode_base64("YQ=") == nullopt
//   encode_xtext("a+b") == "a+2Bb"    decode_xtext("+2b") == nullopt   (hexadecimal digits are capitals)
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace smtpspec::smtp {

std::string encode_base64(std::string_view octets);
std::optional<std::string> decode_base64(std::string_view text);  // nothing foreign, padding exact, no stray bits

std::string encode_xtext(std::string_view octets);
std::optional<std::string> decode_xtext(std::string_view text);
bool is_xtext(std::string_view text);

}  // namespace smtpspec::smtp
