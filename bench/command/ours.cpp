// smtpspec's own command parser, strict: lines end in CRLF, no tolerance, and the values of the parameters that it knows are read.
#include "smtpspec/smtp/command_reader.hpp"

#include "adapter.hpp"

namespace {

using namespace smtpspec::smtp;

// RFC 5321 section 4.5.3.1.4, and what RFC 3461 section 4 adds to RCPT.
constexpr std::size_t line_limit = 512 + 500;

// By Verb.
constexpr auto numbers = [] {
  std::array<std::uint32_t, static_cast<std::size_t>(Verb::etrn) + 1> out{};
  for (const auto& [verb, number] : std::initializer_list<std::pair<Verb, std::uint32_t>>{{Verb::ehlo, SMTPSPEC_VERB_EHLO},
                                                                                          {Verb::helo, SMTPSPEC_VERB_HELO},
                                                                                          {Verb::mail, SMTPSPEC_VERB_MAIL},
                                                                                          {Verb::rcpt, SMTPSPEC_VERB_RCPT},
                                                                                          {Verb::data, SMTPSPEC_VERB_DATA},
                                                                                          {Verb::bdat, SMTPSPEC_VERB_BDAT},
                                                                                          {Verb::rset, SMTPSPEC_VERB_RSET},
                                                                                          {Verb::vrfy, SMTPSPEC_VERB_VRFY},
                                                                                          {Verb::expn, SMTPSPEC_VERB_EXPN},
                                                                                          {Verb::help, SMTPSPEC_VERB_HELP},
                                                                                          {Verb::noop, SMTPSPEC_VERB_NOOP},
                                                                                          {Verb::quit, SMTPSPEC_VERB_QUIT},
                                                                                          {Verb::starttls, SMTPSPEC_VERB_STARTTLS},
                                                                                          {Verb::auth, SMTPSPEC_VERB_AUTH}})
    out[static_cast<std::size_t>(verb)] = number;
  return out;
}();

class Ours {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_COMMAND, does = SMTPSPEC_TEXTS | SMTPSPEC_STREAMING | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    const char* const start = octets.data();
    while (const Command* command = commands_.next(octets)) {
      const char* const line = commands_.line().data();
      const auto wrong = [&](std::size_t at, const char* what) { sink.on_error(&sink, static_cast<std::size_t>(line - start) + at, what); };
      if (!*command) {
        wrong(command->fault_at, to_string(command->fault).data());
        continue;
      }
      const auto text = [line](Span span) -> smtpspec_text { return {line + span.begin, span.size}; };
      if (!command->params.empty()) {
        const int bad =
            command->verb == Verb::mail ? mail_params(*command, commands_.line()).bad : rcpt_params(*command, commands_.line()).bad;
        if (bad >= 0) {
          wrong(command->params[static_cast<std::size_t>(bad)].keyword.begin, "bad-value");
          continue;
        }
        smtpspec_param* out = params_.data();
        const Param *param = command->params.begin(), *const end = command->params.end();
        do *out++ = {text(param->keyword), param->has_value ? text(param->value) : smtpspec_text{nullptr, 0}};
        while (++param != end);
      }
      const smtpspec_command out{numbers[static_cast<std::size_t>(command->verb)], static_cast<std::uint32_t>(command->params.size()),
                                 params_.data(), text(command->path.local), text(command->path.domain)};
      sink.on_command(&sink, &out);
    }
    return octets.data() - start;
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() { commands_ = CommandReader({.limit = line_limit}); }

 private:
  CommandReader commands_{{.limit = line_limit}};
  std::array<smtpspec_param, Params::most> params_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
