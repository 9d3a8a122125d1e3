// The reply grammar of RFC 5321 section 4.2 on taocpp PEGTL: the yardstick, so as fast as PEGTL can have it. Actions get views
// and no positions are counted. The ABNF
//
//   Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
//
// is written with the repetition behind the first code, which is the same language without reading the last code twice.
// PEGTL cannot pause inside a reply: one that is not whole is parsed again from its start.
#include <vector>

#include "shared/pegtl.hpp"

namespace {

using namespace smtpspec::bench;

struct text : pegtl::plus<pegtl::ranges<' ', '~', '\t'>> {};
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
    state.code = number_of(in);
    state.lines.push_back({in.end(), 0});
  }
};
template <>
struct action<text> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.lines.back() = view_of(in);
  }
};

class Pegtl : public PegtlAdapter {
 public:
  static constexpr std::uint32_t question = SMTPSPEC_REPLY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    Octets in = input_of(octets);
    while (!in.empty()) {
      state_.lines.clear();
      if (!pegtl::parse<reply, action>(in, state_)) break;
      const smtpspec_reply out{state_.code, static_cast<std::uint32_t>(state_.lines.size()), state_.lines.data(), {}};
      sink.on_reply(&sink, &out);
    }
    return in.current() - octets.data();
  }

 private:
  State state_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Pegtl)
