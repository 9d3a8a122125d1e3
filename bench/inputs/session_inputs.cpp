#include "inputs/session_inputs.hpp"

#include <string>

#include "adapter.h"
#include "inputs/command_inputs.hpp"
#include "inputs/random.hpp"

namespace smtpspec::bench::inputs {
namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib;
constexpr std::uint32_t end_of_data = 0;

// What a server is at, by RFC 5321 section 4.1.4.
class Server {
 public:
  // The first digit of the reply to a command that is well formed.
  std::uint64_t answer(std::uint32_t verb) {
    switch (verb) {
      case SMTPSPEC_VERB_EHLO: at_ = At::ready; return 2;
      case SMTPSPEC_VERB_MAIL: return go(at_ == At::ready, At::mail);
      case SMTPSPEC_VERB_RCPT: return go(at_ == At::mail || at_ == At::rcpt, At::rcpt);
      case SMTPSPEC_VERB_DATA: return at_ == At::rcpt ? 3 : 5;
      case end_of_data: at_ = At::ready; return 2;
      case SMTPSPEC_VERB_RSET: at_ = At::ready; return 2;
      case SMTPSPEC_VERB_QUIT: at_ = At::greeted; return 2;
      default: return 2;  // NOOP
    }
  }

 private:
  enum class At { greeted, ready, mail, rcpt };
  std::uint64_t go(bool lawful, At next) {
    if (lawful) at_ = next;
    return lawful ? 2 : 5;
  }
  At at_ = At::greeted;
};

// Plays sessions and writes each command down, as a line or as an octet.
class Sessions {
 public:
  Sessions(std::uint64_t seed, bool lines) : random_(seed), lines_(lines) {}

  void session() {
    say(SMTPSPEC_VERB_EHLO);
    for (std::size_t messages = 1 + random_.below(3); messages > 0; --messages) {
      say(SMTPSPEC_VERB_MAIL);
      for (std::size_t recipients = 1 + random_.below(3); recipients > 0; --recipients) say(SMTPSPEC_VERB_RCPT);
      say(SMTPSPEC_VERB_DATA);
      if (random_.percent(20)) say(SMTPSPEC_VERB_NOOP);
      if (random_.percent(20)) say(SMTPSPEC_VERB_RSET);
    }
    say(SMTPSPEC_VERB_QUIT);
  }
  // Every session begins with EHLO: what MAIL gets without it is the server's choice.
  void wander() {
    constexpr std::array verbs = {SMTPSPEC_VERB_EHLO, SMTPSPEC_VERB_MAIL, SMTPSPEC_VERB_RCPT, SMTPSPEC_VERB_RCPT,
                                  SMTPSPEC_VERB_DATA, SMTPSPEC_VERB_RSET, SMTPSPEC_VERB_NOOP};
    say(SMTPSPEC_VERB_EHLO);
    for (std::size_t commands = 5 + random_.below(20); commands > 0; --commands)
      say(static_cast<std::uint32_t>(verbs[random_.below(verbs.size())]));
    say(SMTPSPEC_VERB_QUIT);
  }
  std::size_t size() const { return input_.octets.size(); }
  Input take() { return std::move(input_); }

 private:
  void say(std::uint32_t verb) {
    write(verb);
    const std::uint64_t digit = server_.answer(verb);
    count(digit);
    if (digit != 3) return;
    write(end_of_data);
    count(server_.answer(end_of_data));
  }
  void count(std::uint64_t digit) {
    ++input_.expected.items;
    input_.expected.codes += digit;
  }
  void write(std::uint32_t verb) {
    if (!lines_) {
      input_.octets += static_cast<char>(verb);
      return;
    }
    const std::string number = std::to_string(random_.below(1000));
    switch (verb) {
      case SMTPSPEC_VERB_EHLO: input_.octets += "EHLO client" + number + ".example.com"; break;
      case SMTPSPEC_VERB_MAIL: input_.octets += "MAIL FROM:<sender" + number + "@mail.example.org>"; break;
      case SMTPSPEC_VERB_RCPT: input_.octets += "RCPT TO:<user" + number + "@example.com>"; break;
      case SMTPSPEC_VERB_DATA: input_.octets += "DATA"; break;
      case end_of_data: input_.octets += "Message " + number + "\r\n."; break;
      case SMTPSPEC_VERB_RSET: input_.octets += "RSET"; break;
      case SMTPSPEC_VERB_NOOP: input_.octets += "NOOP"; break;
      default: input_.octets += "QUIT"; break;
    }
    input_.octets += "\r\n";
  }

  Random random_;
  bool lines_;
  Server server_;
  Input input_;
};

Input play(std::size_t size, bool lines, void (Sessions::*once)()) {
  Sessions out(11, lines);
  while (out.size() < size) (out.*once)();
  return out.take();
}

// Lines of text; a share of them, in percent, begins with a dot.
Input messages(std::size_t size, std::size_t lines, std::size_t dots) {
  Random random(12);
  Input out;
  while (out.octets.size() < size) {
    for (std::size_t i = 0; i < lines; ++i) {
      std::string line = random.percent(dots) ? "." : "";
      line += random.letters("abcdefghijklmnopqrstuvwxyz     .", random.below(76)) + "\r\n";
      if (line[0] == '.') out.octets += '.';
      out.octets += line;
      out.expected.parts += line.size();
      out.expected.text.add(line);
    }
    out.octets += ".\r\n";
    out.expected.text.end();
    ++out.expected.items;
  }
  return out;
}

}  // namespace

Input sessions() { return play(mib, true, &Sessions::session); }
Input sessions_4k() { return play(4 * kib, true, &Sessions::session); }
Input mistakes() { return play(mib, true, &Sessions::wander); }
Input dialogue_steps() {
  Input out = dialogue();
  const std::uint64_t commands = out.expected.items;
  out.expected = {};
  out.expected.items = commands;
  out.expected.codes = 2 * commands;
  return out;
}
Input steps() { return play(64 * kib, false, &Sessions::session); }
Input walk() { return play(64 * kib, false, &Sessions::wander); }
Input walk_4k() { return play(4 * kib, false, &Sessions::wander); }
Input text() { return messages(mib, 420, 2); }
Input text_4k() { return messages(4 * kib, 8, 2); }
Input dots() { return messages(256 * kib, 420, 100); }

}  // namespace smtpspec::bench::inputs
