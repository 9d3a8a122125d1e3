// DEFLATE (RFC 1951), without a header or a checksum around it: "deflate-raw" to a browser's DecompressionStream.
#pragma once

#include <string>
#include <string_view>

namespace smtpspec::report {

std::string deflated(std::string_view octets);

}  // namespace smtpspec::report
