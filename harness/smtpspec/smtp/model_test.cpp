#include "smtpspec/smtp/model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "smtpspec/smtp/reply_set.hpp"

namespace smtpspec::smtp {

void PrintTo(const Context& context, std::ostream* out) {
  *out << to_string(context.role) << " " << to_string(context.state) << (context.tls ? " tls" : "")
       << (context.authenticated ? " authenticated" : "") << (context.extended ? " extended" : "");
}

namespace {

std::vector<Input> all_inputs() {
  std::vector<Input> out;
  for (int i = 0; i < input_count; ++i) out.push_back(static_cast<Input>(i));
  return out;
}

// Every context that some sequence of inputs leads to, for each role.
const std::vector<Context>& reachable() {
  static const std::vector<Context> all = [] {
    std::vector<Context> out;
    for (const Role role : all_roles) out.push_back({.role = role, .state = State::greeted, .tls = role == Role::submissions});
    for (std::size_t i = 0; i < out.size(); ++i)
      for (const Input input : all_inputs()) {
        const Context next = after(out[i], model_row(out[i], input));
        if (std::find(out.begin(), out.end(), next) == out.end()) out.push_back(next);
      }
    return out;
  }();
  return all;
}

int code_of(const Row& row) { return std::stoi(std::string(row.reply.substr(0, 3))); }
bool accepts(const Row& row) { return code_of(row) < 400; }
bool in_transaction(State state) { return state == State::mail || state == State::rcpt || state == State::data || state == State::bdat; }
bool reads_commands(State state) { return state != State::data && state != State::auth && state != State::closed; }
bool is_one_of(Input input, std::initializer_list<Input> inputs) { return std::find(inputs.begin(), inputs.end(), input) != inputs.end(); }
bool is_auth(Input input) { return input >= Input::auth_challenge && input <= Input::auth_too_long; }
bool is_content(Input input) { return is_one_of(input, {Input::content, Input::content_too_big, Input::content_refused}); }

// Calls use(context, input, row, next) for every pair that can come about on an open connection.
template <class Use>
void all_pairs(const Use& use) {
  for (const Context& context : reachable())
    for (const Input input : all_inputs()) {
      if (context.state == State::closed) continue;
      const Row& row = model_row(context, input);
      SCOPED_TRACE(testing::PrintToString(context) + ", " + std::string(to_string(input)) + ": " + std::string(row.reply));
      use(context, input, row, after(context, row));
    }
}

// --- the table as a table ---------------------------------------------------------------------------------------------------

TEST(Model, EveryPairFindsARowThatFitsIt) {
  std::set<State> states;
  all_pairs([&](const Context& context, Input input, const Row& row, const Context&) {
    states.insert(context.state);
    EXPECT_TRUE(row.states >> static_cast<int>(context.state) & 1);
    EXPECT_TRUE(holds(row.when, context));
    EXPECT_TRUE(row.input == input || row.input == Input::count_);
  });
  EXPECT_EQ(states.size(), static_cast<std::size_t>(state_count) - 1) << "every state but closed is reached";
}

// The row that stands for anything else is for what the states shut out, never for a command where commands are read.
TEST(Model, CommandsAreNamedWhereTheyAreRead) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context&) {
    if (row.input != Input::count_) return;
    const bool shut_out = context.state == State::data ? !is_content(input)
                          : context.state == State::auth
                              ? !is_auth(input) || input == Input::auth_initial
                              : is_content(input) || input == Input::auth_cancelled || input == Input::auth_too_long;
    EXPECT_TRUE(shut_out);
  });
}

TEST(Model, NoRowIsShadowed) {
  std::set<const Row*> used;
  all_pairs([&](const Context&, Input, const Row& row, const Context&) { used.insert(&row); });
  for (const Row& row : model_table())
    EXPECT_TRUE(used.count(&row)) << "no way leads to: " << to_string(row.input) << " " << to_string(row.when) << " " << row.reply;
}

TEST(Model, TheReferenceAnswerPasses) {
  for (const Row& row : model_table()) {
    SCOPED_TRACE(std::string(to_string(row.input)) + ": " + std::string(row.reply));
    const auto passes = ReplySet::parse(row.passes), deviates = ReplySet::parse(row.deviates);
    ASSERT_TRUE(passes && deviates);
    EXPECT_TRUE(passes->has(code_of(row)));
    EXPECT_TRUE(row.law.starts_with("RFC"));
    EXPECT_EQ(row.reply.substr(3, 1), " ");
  }
}

TEST(Model, NamesAreDistinct) {
  std::set<std::string_view> inputs, states, roles;
  for (const Input input : all_inputs()) inputs.insert(to_string(input));
  for (int i = 0; i < state_count; ++i) states.insert(to_string(static_cast<State>(i)));
  for (const Role role : all_roles) roles.insert(to_string(role));
  EXPECT_EQ(inputs.size(), static_cast<std::size_t>(input_count));
  EXPECT_EQ(states.size(), static_cast<std::size_t>(state_count));
  EXPECT_EQ(roles.size(), 3u);
  for (const auto* names : {&inputs, &states, &roles}) EXPECT_FALSE(names->count(""));
}

TEST(Model, PrintsOneLineForEachRow) {
  const std::string text = print_model();
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), model_table().size() + 1);
  EXPECT_NE(text.find("250 2.1.0"), std::string::npos);
}

// --- what RFC 5321 wants of the order of commands (section 4.1.4) --------------------------------------------------------------

TEST(Model, RefusalsChangeNothingButEndWhatTheyRefuse) {
  all_pairs([](const Context& context, Input, const Row& row, const Context& next) {
    if (accepts(row)) return;
    // Content, a chunk or a SASL exchange that is refused is over.
    const bool ends =
        context.state == State::data || context.state == State::bdat || context.state == State::rcpt || context.state == State::auth;
    if (ends && next.state == State::ready) return;
    EXPECT_EQ(next, context);
  });
}

TEST(Model, OneStepOfATransactionFollowsTheOther) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (in_transaction(next.state) && next.state != context.state) {
      switch (next.state) {
        case State::mail: EXPECT_TRUE(context.state == State::ready && input == Input::mail); break;
        case State::rcpt: EXPECT_TRUE(context.state == State::mail && input == Input::rcpt); break;
        case State::data: EXPECT_TRUE(context.state == State::rcpt && input == Input::data && code_of(row) == 354); break;
        default: EXPECT_TRUE(context.state == State::rcpt && input == Input::chunk); break;
      }
    }
    EXPECT_EQ(code_of(row) == 354, next.state == State::data && context.state != State::data);
    if (input == Input::mail && accepts(row)) {
      EXPECT_EQ(context.state, State::ready) << "none before EHLO, none inside another";
    }
  });
}

TEST(Model, HelloAndRsetEndATransactionAndNothingElse) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (!reads_commands(context.state)) return;
    if (input == Input::ehlo || input == Input::helo) {
      EXPECT_EQ(code_of(row), 250);
      Context expected = context;
      expected.state = State::ready;
      expected.extended = input == Input::ehlo;
      EXPECT_EQ(next, expected);
    }
    if (input == Input::rset) {
      EXPECT_EQ(code_of(row), 250) << "in every state (section 4.1.1.5)";
      Context expected = context;
      if (in_transaction(context.state)) expected.state = State::ready;
      EXPECT_EQ(next, expected);
    }
  });
}

// NOOP, HELP, EXPN, VRFY and RSET belong to no order (section 4.1.4), QUIT neither.
TEST(Model, WhatBelongsToNoOrderIsNeverOutOfSequence) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (!reads_commands(context.state)) return;
    if (input == Input::quit) {
      EXPECT_TRUE(code_of(row) == 221 && next.state == State::closed);
    }
    if (is_one_of(input, {Input::noop, Input::help, Input::vrfy, Input::expn})) {
      EXPECT_NE(code_of(row), 503);
      EXPECT_EQ(next, context);
    }
    if (next.state == State::closed) {
      EXPECT_EQ(input, Input::quit);
    }
  });
}

// --- extensions --------------------------------------------------------------------------------------------------------------

TEST(Model, TlsForgetsEverything) {
  bool seen = false;
  all_pairs([&](const Context& context, Input input, const Row& row, const Context& next) {
    if (next.tls == context.tls) return;
    seen = true;
    EXPECT_TRUE(input == Input::starttls && code_of(row) == 220);
    EXPECT_EQ(next, (Context{.role = context.role, .state = State::greeted, .tls = true}));
  });
  EXPECT_TRUE(seen);
  for (const Context& context : reachable()) EXPECT_TRUE(context.tls || context.role != Role::submissions) << "TLS from the first octet on";
}

TEST(Model, LoginComesOnceOutsideTransactionsAndInsideTls) {
  bool seen = false;
  all_pairs([&](const Context& context, Input input, const Row& row, const Context& next) {
    if (code_of(row) == 334 || code_of(row) == 235) {
      EXPECT_TRUE(is_auth(input) && context.tls && !context.authenticated && !in_transaction(context.state));
      EXPECT_NE(context.state, State::greeted);
    }
    if (next.authenticated && !context.authenticated) {
      seen = true;
      EXPECT_EQ(code_of(row), 235);
    }
    if (context.authenticated) {
      EXPECT_TRUE(next.authenticated) << "nothing but a new session takes a login back";
    }
  });
  EXPECT_TRUE(seen);
}

TEST(Model, SubmissionTakesNoMailBeforeTlsAndLogin) {
  std::size_t transactions = 0;
  for (const Context& context : reachable()) {
    if (!in_transaction(context.state)) continue;
    ++transactions;
    EXPECT_TRUE(context.role == Role::relay || (context.tls && context.authenticated)) << testing::PrintToString(context);
  }
  EXPECT_GE(transactions, 3u * 4u) << "all four states of a transaction are reached in each role";
  all_pairs([](const Context& context, Input input, const Row& row, const Context&) {
    if (context.role == Role::relay || context.authenticated || !reads_commands(context.state)) return;
    if (is_one_of(input, {Input::mail, Input::rcpt, Input::data, Input::chunk, Input::last_chunk})) {
      EXPECT_EQ(code_of(row), 530) << "RFC 4954 section 6";
    }
  });
}

// A chunk that is refused, or the last one, ends the transaction (RFC 3030 section 2); no DATA once BDAT was used.
TEST(Model, ChunksEndWhatTheyBegan) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (context.state != State::bdat) return;
    if (is_one_of(input, {Input::last_chunk, Input::chunk_too_big, Input::last_chunk_refused})) {
      EXPECT_EQ(next.state, State::ready);
    }
    if (input == Input::chunk) {
      EXPECT_EQ(next.state, State::bdat);
    }
    if (input == Input::data || input == Input::rcpt) {
      EXPECT_EQ(code_of(row), 503);
    }
  });
}

}  // namespace
}  // namespace smtpspec::smtp
