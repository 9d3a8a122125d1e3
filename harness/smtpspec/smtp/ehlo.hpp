// What an EHLO reply offers (RFC 5321 section 4.1.1.1).
//
//   Capabilities offered = capabilities(reply);
//   offered.has("PIPELINING"); offered.params("SIZE") == "10240000"
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpspec/smtp/reply.hpp"

namespace smtpspec::smtp {

struct Capability {
  std::string keyword;  // as sent
  std::string params;   // the rest of the line behind the first blank
  bool operator==(const Capability&) const = default;
};

struct Capabilities {
  std::vector<Capability> list;

  const Capability* find(std::string_view keyword) const;
  bool has(std::string_view keyword) const { return find(keyword) != nullptr; }
  std::string_view params(std::string_view keyword) const;
  bool has_param(std::string_view keyword, std::string_view param) const;
  bool operator==(const Capabilities&) const = default;
};

// A line's keyword and the rest behind the first blank, as views of it, and why it is no
//
//   ehlo-line = ehlo-keyword *( SP ehlo-param )
//
// or "".
struct EhloLine {
  std::string_view keyword, params, fault;
};
EhloLine ehlo_line(std::string_view text);

// Empty unless the reply is a 250. The first line names the server and is no capability.
Capabilities capabilities(const Reply& reply);

}  // namespace smtpspec::smtp
