// smtpspec's server model, alone on commands that were parsed, and behind its command parser on whole sessions.
#include "smtpspec/smtp/model.hpp"

#include "adapter.hpp"
#include "smtpspec/smtp/command_reader.hpp"
#include "smtpspec/smtp/content.hpp"

namespace {

using namespace smtpspec::smtp;

constexpr ContextNumber begun = number_of({.role = Role::relay, .state = State::greeted});

// Where a session is.
class Walk {
 public:
  std::uint32_t step(Input input) {
    const Step step = model_step(context_, input);
    // The next session begins behind the greeting.
    context_ = state_of(step.next) == State::closed ? begun : step.next;
    return step.code;
  }
  bool in_data() const { return state_of(context_) == State::data; }

 private:
  ContextNumber context_ = begun;
};

class Steps {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_STEP, does = SMTPSPEC_STREAMING;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    static constexpr Input inputs[] = {Input::content, Input::ehlo,  Input::helo, Input::mail,     Input::rcpt,
                                       Input::data,    Input::chunk, Input::rset, Input::vrfy,     Input::expn,
                                       Input::help,    Input::noop,  Input::quit, Input::starttls, Input::auth_success};
    for (const char octet : octets) sink.on_step(&sink, walk_.step(inputs[static_cast<unsigned char>(octet)]));
    return static_cast<std::ptrdiff_t>(octets.size());
  }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return 0; }
  void reset() { walk_ = {}; }

 private:
  Walk walk_;
};

// The input that a command is, when everybody who was asked takes what it says.
Input input_of(const Command& command, std::string_view line) {
  const bool good = static_cast<bool>(command);
  if (good && !command.params.empty()) {
    if (command.verb == Verb::mail && mail_params(command, line).bad >= 0) return Input::mail_bad_parameter;
    if (command.verb == Verb::rcpt && rcpt_params(command, line).bad >= 0) return Input::rcpt_bad_parameter;
  }
  switch (command.verb) {
    case Verb::ehlo: return good ? Input::ehlo : Input::ehlo_syntax;
    case Verb::helo: return good ? Input::helo : Input::helo_syntax;
    case Verb::mail: return good ? Input::mail : Input::mail_syntax;
    case Verb::rcpt: return good ? Input::rcpt : Input::rcpt_syntax;
    case Verb::data: return good ? Input::data : Input::data_argument;
    case Verb::rset: return good ? Input::rset : Input::rset_argument;
    case Verb::vrfy: return good ? Input::vrfy : Input::vrfy_syntax;
    case Verb::expn: return good ? Input::expn : Input::expn_syntax;
    case Verb::help: return Input::help;
    case Verb::noop: return Input::noop;
    case Verb::quit: return good ? Input::quit : Input::quit_argument;
    default: return Input::unknown_verb;
  }
}

class Sessions {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_MODEL, does = SMTPSPEC_STREAMING;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    const char* const start = octets.data();
    for (;;) {
      if (walk_.in_data()) {
        body_.clear();
        octets.remove_prefix(content_.feed(octets, body_));
        if (!content_.done()) break;
        content_ = {};
        sink.on_step(&sink, walk_.step(Input::content));
        continue;
      }
      const Command* const command = commands_.next(octets);
      if (command == nullptr) break;
      sink.on_step(&sink,
                   walk_.step(command->fault == CommandFault::line_too_long ? Input::too_long_line : input_of(*command, commands_.line())));
    }
    return octets.data() - start;
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() { *this = {}; }

 private:
  CommandReader commands_{{.limit = 512}};
  DotReader content_;
  std::string body_;
  Walk walk_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Steps)
SMTPSPEC_BENCH_ADAPTER(Sessions)
