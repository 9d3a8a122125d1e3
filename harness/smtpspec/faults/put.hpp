// How faults are put in, in the words of what they change.
#pragma once

#include "smtpspec/faults/fault.hpp"

namespace smtpspec::faults {

using serve::Chunk;
using serve::Saying;
using serve::Transaction;
using smtp::Context;
using smtp::Input;
using smtp::Next;
using smtp::Row;
using smtp::State;

// What is changed goes on from what is there, so that one fault may use several of these.

// The model's row for one input.
template <typename Change>  // void(const Context&, Row&)
void on_row(Seams& seams, Input input, Change change) {
  seams.model = [before = seams.model, input, change](const Context& context, Input what, Row lawful) {
    Row row = before(context, what, lawful);
    if (what == input) change(context, row);
    return row;
  };
}

// What an input is taken for: `classify` returns the input that the server sees.
template <typename Classify>  // Input(const Context&, const Transaction&, std::string_view line, Input lawful)
void on_input(Seams& seams, Classify classify) {
  seams.classify = [before = seams.classify, classify](const Context& context, const Transaction& transaction, std::string_view line,
                                                       Input lawful) mutable {
    return classify(context, transaction, line, before(context, transaction, line, lawful));
  };
}

// What is said to one input.
template <typename Change>  // void(Saying&)
void on_saying(Seams& seams, Input input, Change change) {
  seams.saying = [before = seams.saying, input, change](const Context& context, Input what, Saying lawful) mutable {
    Saying saying = before(context, what, std::move(lawful));
    if (what == input) change(saying);
    return saying;
  };
}

// The octets of every reply.
template <typename Change>  // void(std::string&)
void on_octets(Seams& seams, Change change) {
  seams.printer = [before = seams.printer, change](const Context& context, const Saying& saying) mutable {
    std::string reply = before(context, saying);
    change(reply);
    return reply;
  };
}

// The keywords of the EHLO reply.
template <typename Change>  // void(const Context&, std::vector<std::string>&)
void on_keywords(Seams& seams, Change change) {
  seams.keywords = [before = seams.keywords, change](const Context& context, std::vector<std::string> lawful) mutable {
    auto keywords = before(context, std::move(lawful));
    change(context, keywords);
    return keywords;
  };
}

}  // namespace smtpspec::faults
