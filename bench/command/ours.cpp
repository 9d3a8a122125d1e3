// smtpspec's own command parser, strict: lines end in CRLF, no tolerance, and the values of the parameters that it knows are read.
#include "smtpspec/smtp/command.hpp"

#include "adapter.hpp"
#include "smtpspec/smtp/lines.hpp"

namespace {

using namespace smtpspec::smtp;

// RFC 5321 section 4.5.3.1.4, and what RFC 3461 section 4 adds to RCPT.
constexpr std::size_t line_limit = 512 + 500;

std::uint32_t number(Verb verb) {
  switch (verb) {
    case Verb::ehlo: return SMTPSPEC_VERB_EHLO;
    case Verb::helo: return SMTPSPEC_VERB_HELO;
    case Verb::mail: return SMTPSPEC_VERB_MAIL;
    case Verb::rcpt: return SMTPSPEC_VERB_RCPT;
    case Verb::data: return SMTPSPEC_VERB_DATA;
    case Verb::bdat: return SMTPSPEC_VERB_BDAT;
    case Verb::rset: return SMTPSPEC_VERB_RSET;
    case Verb::vrfy: return SMTPSPEC_VERB_VRFY;
    case Verb::expn: return SMTPSPEC_VERB_EXPN;
    case Verb::help: return SMTPSPEC_VERB_HELP;
    case Verb::noop: return SMTPSPEC_VERB_NOOP;
    case Verb::quit: return SMTPSPEC_VERB_QUIT;
    case Verb::starttls: return SMTPSPEC_VERB_STARTTLS;
    case Verb::auth: return SMTPSPEC_VERB_AUTH;
    default: return 0;
  }
}

class Ours {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_COMMAND, does = SMTPSPEC_TEXTS | SMTPSPEC_STREAMING | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    std::size_t at = 0;
    while (const auto line = splitter_.next(octets.substr(at))) {
      if (line->ending != LineEnding::too_long && !line->rest_of_long) report(octets.substr(at, line->size), at, sink);
      else if (!line->rest_of_long) sink.on_error(&sink, at, "line-too-long");
      at += line->next;
    }
    return static_cast<std::ptrdiff_t>(at);
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() { splitter_ = LineSplitter({.limit = line_limit}); }

 private:
  static void report(std::string_view line, std::size_t at, const smtpspec_sink& sink) {
    const Command command = parse_command(line);
    if (!command) return sink.on_error(&sink, at + command.fault_at, to_string(command.fault).data());
    const int bad = command.params.empty()       ? -1
                    : command.verb == Verb::mail ? mail_params(command, line).bad
                                                 : rcpt_params(command, line).bad;
    if (bad >= 0) return sink.on_error(&sink, at + command.params[static_cast<std::size_t>(bad)].keyword.begin, "bad-value");
    const auto text = [&](Span span) -> smtpspec_text { return {line.data() + span.begin, span.size}; };
    smtpspec_param params[Params::most];
    std::uint32_t count = 0;
    for (const Param& param : command.params)
      params[count++] = {text(param.keyword), param.has_value ? text(param.value) : smtpspec_text{nullptr, 0}};
    const smtpspec_command out{number(command.verb), count, params, text(command.path.local), text(command.path.domain)};
    sink.on_command(&sink, &out);
  }

  LineSplitter splitter_{{.limit = line_limit}};
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
