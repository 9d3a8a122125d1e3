// What the grammars on taocpp PEGTL share: terms, views for actions, and the part of an adapter that is the same for all of them.
// No positions are counted, and PEGTL cannot pause: what is not whole is parsed again from its start.
#pragma once

#include <tao/pegtl.hpp>

#include "adapter.hpp"

namespace smtpspec::bench {

namespace pegtl = tao::pegtl;

struct code : pegtl::seq<pegtl::range<'2', '5'>, pegtl::range<'0', '5'>, pegtl::range<'0', '9'>> {};
struct crlf : pegtl::string<'\r', '\n'> {};

template <class Input>
std::uint32_t number_of(const Input& code) {
  const char* at = code.begin();
  return static_cast<std::uint32_t>((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
}

template <class Input>
smtpspec_text view_of(const Input& in) {
  return {in.begin(), in.size()};
}

using Octets = pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::crlf, const char*>;
inline Octets input_of(std::string_view octets) { return Octets(octets.data(), octets.size(), ""); }

struct PegtlAdapter {
  static constexpr const char* name = "pegtl";
  static constexpr const char* version = TAO_PEGTL_VERSION;
  static constexpr std::uint32_t does = SMTPSPEC_TEXTS | SMTPSPEC_ZERO_COPY;
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}
};

}  // namespace smtpspec::bench
