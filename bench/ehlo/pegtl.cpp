// The reply to EHLO of RFC 5321 section 4.1.1.1 on taocpp PEGTL, written to be fast: see reply/pegtl.cpp. The ABNF
//
//   ehlo-ok-rsp = ( "250" SP Domain [ SP ehlo-greet ] CRLF ) /
//                 ( "250-" Domain [ SP ehlo-greet ] CRLF *( "250-" ehlo-line CRLF ) "250" SP ehlo-line CRLF )
//   ehlo-line   = ehlo-keyword *( SP ehlo-param )
//
// is taken with any code, as the other adapters take it, and the first line as text.
#include <vector>

#include "shared/pegtl.hpp"

namespace {

using namespace smtpspec::bench;

struct greeting : pegtl::star<pegtl::ranges<' ', '~', '\t'>> {};
struct keyword : pegtl::seq<pegtl::alnum, pegtl::star<pegtl::ranges<'A', 'Z', '0', '9', 'a', 'z', '-'>>> {};
struct params : pegtl::list<pegtl::plus<pegtl::range<'!', '~'>>, pegtl::one<' '>> {};
struct line : pegtl::seq<keyword, pegtl::opt<pegtl::one<' '>, params>, crlf> {};
struct single : pegtl::seq<pegtl::opt<pegtl::one<' '>, greeting>, crlf> {};
struct several : pegtl::seq<pegtl::one<'-'>, greeting, crlf, code, pegtl::star<pegtl::one<'-'>, line, code>, pegtl::one<' '>, line> {};
struct reply : pegtl::seq<code, pegtl::sor<several, single>> {};

struct State {
  std::uint32_t code = 0;
  std::vector<smtpspec_keyword> keywords;
};

template <class Rule>
struct action {};
template <>
struct action<code> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.code = number_of(in);
  }
};
template <>
struct action<keyword> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.keywords.push_back({view_of(in), {in.end(), 0}});
  }
};
template <>
struct action<params> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.keywords.back().params = view_of(in);
  }
};

class Pegtl : public PegtlAdapter {
 public:
  static constexpr std::uint32_t question = SMTPSPEC_EHLO;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    Octets in = input_of(octets);
    while (!in.empty()) {
      state_.keywords.clear();
      if (!pegtl::parse<reply, action>(in, state_)) break;
      const smtpspec_ehlo out{state_.code, static_cast<std::uint32_t>(state_.keywords.size()), state_.keywords.data()};
      sink.on_ehlo(&sink, &out);
    }
    return in.current() - octets.data();
  }

 private:
  State state_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Pegtl)
