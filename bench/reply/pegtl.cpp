// The reply grammar of RFC 5321 section 4.2 on taocpp PEGTL: the yardstick, so as fast as PEGTL can have it. Actions get views
// and no positions are counted. The ABNF
//
//   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
//
// is written with the repetition behind the first code, which is the same language without reading the last code twice.
// PEGTL cannot pause inside a reply: one that is not whole is parsed again from its start.
#include <tao/pegtl.hpp>
#include <vector>

#include "adapter.hpp"

namespace {

namespace pegtl = tao::pegtl;

struct code : pegtl::seq<pegtl::range<'2', '5'>, pegtl::range<'0', '5'>, pegtl::range<'0', '9'>> {};
struct text : pegtl::plus<pegtl::ranges<' ', '~', '\t'>> {};
struct crlf : pegtl::string<'\r', '\n'> {};
struct reply : pegtl::seq<code, pegtl::star<pegtl::one<'-'>, pegtl::opt<text>, crlf, code>, pegtl::opt<pegtl::one<' '>, text>, crlf> {};

struct State {
  std::uint32_t code = 0;
  std::vector<smtpspec_text> lines;
};

template <class Rule>
struct action {};
template <>
struct action<code> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    const char* at = in.begin();
    state.code = static_cast<std::uint32_t>((at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0'));
    state.lines.push_back({in.end(), 0});
  }
};
template <>
struct action<text> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.lines.back() = {in.begin(), in.size()};
  }
};

class Pegtl {
 public:
  static constexpr const char* name = "pegtl";
  static constexpr const char* version = TAO_PEGTL_VERSION;
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_TEXTS | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    pegtl::memory_input<pegtl::tracking_mode::lazy, pegtl::eol::crlf, const char*> in(octets.data(), octets.size(), "");
    while (!in.empty()) {
      state_.lines.clear();
      if (!pegtl::parse<reply, action>(in, state_)) break;
      const smtpspec_reply out{state_.code, static_cast<std::uint32_t>(state_.lines.size()), state_.lines.data(), {}};
      sink.on_reply(&sink, &out);
    }
    return in.current() - octets.data();
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}

 private:
  State state_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Pegtl)
