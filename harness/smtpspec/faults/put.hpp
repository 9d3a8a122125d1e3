// How faults are put in, in the words of what they change.
#pragma once

#include <memory>
#include <utility>

#include "smtpspec/faults/fault.hpp"
#include "smtpspec/smtp/command.hpp"

namespace smtpspec::faults {

using serve::Chunk;
using serve::Saying;
using serve::Transaction;
using smtp::Context;
using smtp::Input;
using smtp::Next;
using smtp::Row;
using smtp::State;

inline Fault subtle(Fault fault) {
  fault.subtle = true;
  return fault;
}

// What a refusal by order says.
inline constexpr smtp::Said bad_sequence{503, "5.5.1", "Bad sequence of commands"};

// Refuses: nothing changes but the reply.
inline void refuse(Row& row, const smtp::Said& reply) {
  row.reply = reply;
  row.next = Next::stay;
}

// The model's row for the input in another state.
inline Row row_in(State state, Context context, Input input) {
  context.state = state;
  return smtp::model_row(context, input);
}

inline bool in_transaction(State state) {
  return state == State::mail || state == State::rcpt || state == State::data || state == State::bdat;
}

// What the line of a MAIL or RCPT says by its parameters.
// The command, or a line of the exchange.
inline bool is_auth(Input input) { return Input::auth_challenge <= input && input <= Input::auth_too_long; }

inline smtp::MailParams mail_params(std::string_view line) { return smtp::mail_params(smtp::parse_command(line, {.utf8 = true}), line); }
inline smtp::RcptParams rcpt_params(std::string_view line) { return smtp::rcpt_params(smtp::parse_command(line, {.utf8 = true}), line); }

// Does something when the session is over, however it ended: at the end of the connection, or at the latest when the server
// lays it to rest. It may be done twice.
template <typename AtEnd>  // void()
void when_over(Seams& seams, AtEnd at_end) {
  const std::shared_ptr<void> guard(nullptr, [at_end](void*) { at_end(); });
  seams.at_end = [before = seams.at_end, at_end = std::move(at_end), guard](const Context& context, std::string_view unread) {
    at_end();
    return before(context, unread);
  };
}

// What is changed goes on from what is there, so that one fault may use several of these.

// The model's row for one input.
template <typename Change>  // void(const Context&, Row&)
void on_row(Seams& seams, Input input, Change change) {
  seams.model = [before = seams.model, input, change = std::move(change)](const Context& context, Input what, Row lawful) {
    Row row = before(context, what, lawful);
    if (what == input) change(context, row);
    return row;
  };
}

// The model's row for every input.
template <typename Change>  // void(const Context&, Input, Row&)
void on_rows(Seams& seams, Change change) {
  seams.model = [before = seams.model, change = std::move(change)](const Context& context, Input input, Row lawful) {
    Row row = before(context, input, lawful);
    change(context, input, row);
    return row;
  };
}

// The state behind an answer or a handshake.
template <typename Change>  // void(const Context& before, Input, Context& next)
void on_after(Seams& seams, Change change) {
  seams.after = [earlier = seams.after, change = std::move(change)](const Context& before, Input input, Context lawful) {
    Context next = earlier(before, input, lawful);
    change(before, input, next);
    return next;
  };
}

// What a command leaves behind.
template <typename Change>  // void(const Context& before, Input, std::string_view line, Transaction&)
void on_record(Seams& seams, Change change) {
  seams.record = [earlier = seams.record, change = std::move(change)](const Context& before, Input input, std::string_view line,
                                                                      Transaction& transaction) {
    earlier(before, input, line, transaction);
    change(before, input, line, transaction);
  };
}

// What is left of a transaction at its end.
template <typename Change>  // void(const Context& before, Input, const Transaction& ended, Transaction& left)
void on_forget(Seams& seams, Change change) {
  seams.forget = [earlier = seams.forget, change = std::move(change)](const Context& before, Input input, Transaction& transaction) {
    const Transaction ended = transaction;
    earlier(before, input, transaction);
    change(before, input, ended, transaction);
  };
}

// What a BDAT announces.
template <typename Change>  // void(const Context&, std::string_view line, Chunk&)
void on_chunk(Seams& seams, Change change) {
  seams.chunk = [before = seams.chunk, change = std::move(change)](const Context& context, std::string_view line, Chunk lawful) {
    Chunk chunk = before(context, line, lawful);
    change(context, line, chunk);
    return chunk;
  };
}

// What an input is taken for: `classify` returns the input that the server sees.
template <typename Classify>  // Input(const Context&, const Transaction&, std::string_view line, Input lawful)
void on_input(Seams& seams, Classify classify) {
  seams.classify = [before = seams.classify, classify = std::move(classify)](const Context& context, const Transaction& transaction,
                                                                             std::string_view line, Input lawful) mutable {
    return classify(context, transaction, line, before(context, transaction, line, lawful));
  };
}

// Whether what was classified is a command, so that its line is the command's own.
inline bool is_command(const Context& context, Input input) {
  return context.state != State::connected && context.state != State::data && context.state != State::auth && input >= Input::ehlo &&
         input < Input::idle;
}

// A command that is taken for another.
template <typename Fits>  // bool(const smtp::Command&, std::string_view line)
void take_for(Seams& seams, Input from, Input to, Fits fits) {
  on_input(seams, [from, to, fits = std::move(fits)](const Context&, const Transaction&, std::string_view line, Input lawful) {
    return lawful == from && fits(smtp::parse_command(line, {.utf8 = true}), line) ? to : lawful;
  });
}
inline void take_for(Seams& seams, Input from, Input to) {
  take_for(seams, from, to, [](const smtp::Command&, std::string_view) { return true; });
}

// What is said to one input.
template <typename Change>  // void(Saying&)
void on_saying(Seams& seams, Input input, Change change) {
  seams.saying = [before = seams.saying, input, change = std::move(change)](const Context& context, Input what, Saying lawful) mutable {
    Saying saying = before(context, what, std::move(lawful));
    if (what == input) change(saying);
    return saying;
  };
}

// What is said to one input, by the line that it came in.
template <typename Change>  // void(std::string_view line, Saying&)
void on_answer(Seams& seams, Input input, Change change) {
  const auto read = std::make_shared<std::string>();
  on_input(seams, [read](const Context&, const Transaction&, std::string_view line, Input lawful) {
    *read = line;
    return lawful;
  });
  on_saying(seams, input, [read, change = std::move(change)](Saying& saying) { change(*read, saying); });
}

// The octets of every reply.
template <typename Change>  // void(std::string&)
void on_octets(Seams& seams, Change change) {
  seams.printer = [before = seams.printer, change = std::move(change)](const Context& context, const Saying& saying) mutable {
    std::string reply = before(context, saying);
    change(reply);
    return reply;
  };
}

// The octets of the reply to one input.
template <typename Change>  // void(const Context&, std::string&)
void on_reply(Seams& seams, Input input, Change change) {
  const auto here = std::make_shared<bool>(false);  // from the input to its octets
  seams.saying = [before = seams.saying, input, here](const Context& context, Input what, Saying lawful) {
    *here = what == input;
    return before(context, what, std::move(lawful));
  };
  seams.printer = [before = seams.printer, change = std::move(change), here](const Context& context, const Saying& saying) {
    std::string reply = before(context, saying);
    if (*here) change(context, reply);
    return reply;
  };
}

// The keywords of the EHLO reply.
template <typename Change>  // void(const Context&, std::vector<std::string>&)
void on_keywords(Seams& seams, Change change) {
  seams.keywords = [before = seams.keywords, change = std::move(change)](const Context& context, std::vector<std::string> lawful) mutable {
    auto keywords = before(context, std::move(lawful));
    change(context, keywords);
    return keywords;
  };
}

}  // namespace smtpspec::faults
