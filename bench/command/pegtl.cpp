// The commands of RFC 5321 section 4.1 on taocpp PEGTL, with BDAT (RFC 3030), STARTTLS (RFC 3207) and AUTH (RFC 4954), written to
// be fast: see reply/pegtl.cpp. The commonest verbs come first. Values of parameters are what RFC 5321 lets them be.
#include <cstring>
#include <tao/pegtl/contrib/uri.hpp>
#include <vector>

#include "shared/pegtl.hpp"

namespace {

using namespace smtpspec::bench;
using pegtl::alnum, pegtl::digit, pegtl::istring, pegtl::one, pegtl::opt, pegtl::plus, pegtl::range, pegtl::ranges, pegtl::seq, pegtl::sor,
    pegtl::star;

struct sp : one<' '> {};

// Section 4.1.2. sub-domain = Let-dig [Ldh-str], without looking back for the last octet.
struct sub_domain : seq<plus<alnum>, star<plus<one<'-'>>, plus<alnum>>> {};
struct domain : pegtl::list<sub_domain, one<'.'>> {};
// Section 4.1.3
struct general : seq<alnum, star<ranges<'a', 'z', 'A', 'Z', '0', '9', '-'>>, one<':'>, plus<ranges<'!', 'Z', '^', '~'>>> {};
struct literal
    : seq<one<'['>, sor<pegtl::uri::IPv4address, seq<istring<'I', 'P', 'v', '6', ':'>, pegtl::uri::IPv6address>, general>, one<']'>> {};

struct atext
    : ranges<'a', 'z', 'A', 'Z', '0', '9', '^', '`', '{', '~', '#', '\'', '*', '+', '!', '!', '-', '-', '/', '/', '=', '=', '?', '?', '_'> {
};
struct atom : plus<atext> {};
struct qtext : ranges<' ', '!', '#', '[', ']', '~'> {};
struct quoted_string : seq<one<'"'>, star<sor<qtext, seq<one<'\\'>, range<' ', '~'>>>>, one<'"'>> {};
struct local_part : sor<pegtl::list<atom, one<'.'>>, quoted_string> {};
struct mail_domain : sor<domain, literal> {};
struct mailbox : seq<local_part, one<'@'>, mail_domain> {};
struct route : seq<pegtl::list<seq<one<'@'>, domain>, one<','>>, one<':'>> {};
struct path : seq<one<'<'>, opt<route>, mailbox, one<'>'>> {};
struct postmaster : istring<'p', 'o', 's', 't', 'm', 'a', 's', 't', 'e', 'r'> {};
struct postmaster_path : seq<one<'<'>, postmaster, one<'>'>> {};
struct null_path : pegtl::string<'<', '>'> {};

struct keyword : seq<alnum, star<ranges<'A', 'Z', '0', '9', 'a', 'z', '-'>>> {};
struct value : plus<ranges<'!', '<', '>', '~'>> {};
struct parameter : seq<sp, keyword, opt<one<'='>, value>> {};
struct parameters : star<parameter> {};
struct string : sor<atom, quoted_string> {};

struct RCPT : istring<'R', 'C', 'P', 'T'> {};
struct MAIL : istring<'M', 'A', 'I', 'L'> {};
struct DATA : istring<'D', 'A', 'T', 'A'> {};
struct EHLO : istring<'E', 'H', 'L', 'O'> {};
struct QUIT : istring<'Q', 'U', 'I', 'T'> {};
struct RSET : istring<'R', 'S', 'E', 'T'> {};
struct NOOP : istring<'N', 'O', 'O', 'P'> {};
struct HELO : istring<'H', 'E', 'L', 'O'> {};
struct BDAT : istring<'B', 'D', 'A', 'T'> {};
struct AUTH : istring<'A', 'U', 'T', 'H'> {};
struct STARTTLS : istring<'S', 'T', 'A', 'R', 'T', 'T', 'L', 'S'> {};
struct VRFY : istring<'V', 'R', 'F', 'Y'> {};
struct EXPN : istring<'E', 'X', 'P', 'N'> {};
struct HELP : istring<'H', 'E', 'L', 'P'> {};

struct rcpt : seq<RCPT, istring<' ', 'T', 'O', ':'>, sor<path, postmaster_path>, parameters> {};
struct mail : seq<MAIL, istring<' ', 'F', 'R', 'O', 'M', ':'>, sor<path, null_path>, parameters> {};
struct ehlo : seq<EHLO, sp, sor<domain, literal>> {};
struct helo : seq<HELO, sp, domain> {};
struct bdat : seq<BDAT, sp, plus<digit>, opt<istring<' ', 'L', 'A', 'S', 'T'>>> {};
struct mechanism : pegtl::rep_min_max<1, 20, ranges<'A', 'Z', '0', '9', 'a', 'z', '-', '-', '_'>> {};
struct initial : sor<seq<plus<ranges<'a', 'z', 'A', 'Z', '0', '9', '+', '+', '/'>>, pegtl::rep_max<2, one<'='>>>, one<'='>> {};
struct auth : seq<AUTH, sp, mechanism, opt<sp, initial>> {};
struct command : seq<sor<rcpt, mail, DATA, ehlo, QUIT, RSET, seq<NOOP, opt<sp, string>>, helo, bdat, auth, STARTTLS, seq<VRFY, sp, string>,
                         seq<EXPN, sp, string>, seq<HELP, opt<sp, string>>>,
                     crlf> {};

struct State {
  std::uint32_t verb = 0;
  smtpspec_text local{}, domain{};
  std::vector<smtpspec_param> params;
};

template <std::uint32_t number>
struct is_verb {
  static void apply0(State& state) { state.verb = number; }
};

template <class Rule>
struct action {};
template <>
struct action<RCPT> : is_verb<SMTPSPEC_VERB_RCPT> {};
template <>
struct action<MAIL> : is_verb<SMTPSPEC_VERB_MAIL> {};
template <>
struct action<DATA> : is_verb<SMTPSPEC_VERB_DATA> {};
template <>
struct action<EHLO> : is_verb<SMTPSPEC_VERB_EHLO> {};
template <>
struct action<QUIT> : is_verb<SMTPSPEC_VERB_QUIT> {};
template <>
struct action<RSET> : is_verb<SMTPSPEC_VERB_RSET> {};
template <>
struct action<NOOP> : is_verb<SMTPSPEC_VERB_NOOP> {};
template <>
struct action<HELO> : is_verb<SMTPSPEC_VERB_HELO> {};
template <>
struct action<BDAT> : is_verb<SMTPSPEC_VERB_BDAT> {};
template <>
struct action<AUTH> : is_verb<SMTPSPEC_VERB_AUTH> {};
template <>
struct action<STARTTLS> : is_verb<SMTPSPEC_VERB_STARTTLS> {};
template <>
struct action<VRFY> : is_verb<SMTPSPEC_VERB_VRFY> {};
template <>
struct action<EXPN> : is_verb<SMTPSPEC_VERB_EXPN> {};
template <>
struct action<HELP> : is_verb<SMTPSPEC_VERB_HELP> {};

template <>
struct action<local_part> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.local = view_of(in);
  }
};
template <>
struct action<postmaster> : action<local_part> {};
template <>
struct action<mail_domain> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.domain = view_of(in);
  }
};
template <>
struct action<keyword> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.params.push_back({view_of(in), {nullptr, 0}});
  }
};
template <>
struct action<value> {
  template <class Input>
  static void apply(const Input& in, State& state) {
    state.params.back().value = view_of(in);
  }
};

class Pegtl : public PegtlAdapter {
 public:
  static constexpr std::uint32_t question = SMTPSPEC_COMMAND;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    Octets in = input_of(octets);
    while (!in.empty()) {
      state_.params.clear();
      state_.local = state_.domain = {};
      if (pegtl::parse<command, action>(in, state_)) {
        const smtpspec_command out{state_.verb, static_cast<std::uint32_t>(state_.params.size()), state_.params.data(), state_.local,
                                   state_.domain};
        sink.on_command(&sink, &out);
        continue;
      }
      const void* newline = std::memchr(in.current(), '\n', in.size());
      if (newline == nullptr) break;
      sink.on_error(&sink, static_cast<std::size_t>(in.current() - octets.data()), nullptr);
      in.bump_in_this_line(static_cast<std::size_t>(static_cast<const char*>(newline) + 1 - in.current()));
    }
    return in.current() - octets.data();
  }

 private:
  State state_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Pegtl)
