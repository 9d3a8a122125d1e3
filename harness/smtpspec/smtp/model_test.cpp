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
    for (const Role role : all_roles) out.push_back({.role = role, .tls = role == Role::submissions});
    for (std::size_t i = 0; i < out.size(); ++i)
      for (const Input input : all_inputs()) {
        const Context next = after(out[i], model_row(out[i], input));
        if (std::find(out.begin(), out.end(), next) == out.end()) out.push_back(next);
      }
    return out;
  }();
  return all;
}

int code_of(const Row& row) { return row.reply.code; }
std::string brief(const Row& row) {
  return std::string(to_string(row.first)) + ": " + std::to_string(row.reply.code) + " " + std::string(row.reply.text);
}
bool accepts(const Row& row) { return code_of(row) < 400; }
bool in_transaction(State state) { return state == State::mail || state == State::rcpt || state == State::data || state == State::bdat; }
bool reads_commands(State state) {
  return state == State::greeted || state == State::ready || (in_transaction(state) && state != State::data);
}
bool is_one_of(Input input, std::initializer_list<Input> inputs) { return std::find(inputs.begin(), inputs.end(), input) != inputs.end(); }
bool is_auth(Input input) { return input >= Input::auth_challenge && input <= Input::auth_too_long; }
bool is_content(Input input) { return verb_of(input) == "."; }
bool is_greeting(Input input) { return verb_of(input) == "greeting"; }
// An event of the server's own: it takes leave.
bool is_leave(Input input) { return input >= Input::idle; }

// Calls use(context, input, row, next) for every pair that can come about on an open connection.
template <class Use>
void all_pairs(const Use& use) {
  for (const Context& context : reachable())
    for (const Input input : all_inputs()) {
      if (context.state == State::closed) continue;
      const Row& row = model_row(context, input);
      SCOPED_TRACE(testing::PrintToString(context) + ", " + std::string(to_string(input)) + " -> " + brief(row));
      use(context, input, row, after(context, row));
    }
}

// --- the table as a table ---------------------------------------------------------------------------------------------------

TEST(Model, AStepIsTheFirstRowThatFits) {
  for (int i = 0; i < context_count; ++i) {
    const auto number = static_cast<ContextNumber>(i);
    const Context context = context_of(number);
    ASSERT_EQ(number_of(context), number);
    ASSERT_EQ(state_of(number), context.state);
    for (const Input input : all_inputs()) {
      const auto rows = model_table();
      const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return fits(row, context, input); });
      const Row& row = found == rows.end() ? rows.back() : *found;
      const Step step = model_step(number, input);
      ASSERT_EQ(&rows[step.row], &row) << testing::PrintToString(context) << " " << to_string(input);
      ASSERT_EQ(&model_row(context, input), &row);
      ASSERT_EQ(step.code, row.reply.code);
      ASSERT_EQ(context_of(step.next), after(context, row)) << testing::PrintToString(context) << " " << to_string(input);
    }
  }
}

TEST(Model, EveryPairFindsARowThatFitsIt) {
  std::set<State> states;
  all_pairs([&](const Context& context, Input input, const Row& row, const Context&) {
    states.insert(context.state);
    EXPECT_TRUE(row.states >> static_cast<int>(context.state) & 1);
    EXPECT_TRUE(holds(row.when, context));
    EXPECT_TRUE(row.first <= input && input <= row.last);
  });
  EXPECT_EQ(states.size(), static_cast<std::size_t>(state_count) - 1) << "every state but closed is reached";
}

// The row that stands for anything else is for what the states shut out, never for a command where commands are read.
TEST(Model, CommandsAreNamedWhereTheyAreRead) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context&) {
    if (&row != &model_table().back()) return;
    const bool shut_out = context.state == State::connected  ? !is_greeting(input)
                          : context.state == State::refusing ? is_greeting(input)
                          : context.state == State::data     ? !is_content(input)
                          : context.state == State::auth
                              ? !is_auth(input) || is_one_of(input, {Input::auth_initial, Input::auth_no_mechanism, Input::auth_syntax})
                              : is_greeting(input) || is_content(input) || input == Input::auth_cancelled || input == Input::auth_too_long;
    EXPECT_TRUE(shut_out);
  });
}

TEST(Model, NoRowIsShadowed) {
  std::set<const Row*> used;
  all_pairs([&](const Context&, Input, const Row& row, const Context&) { used.insert(&row); });
  for (const Row& row : model_table()) EXPECT_TRUE(used.count(&row)) << "no way leads to: " << to_string(row.when) << " " << brief(row);
}

TEST(Model, TheReferenceAnswerPasses) {
  for (const Row& row : model_table()) {
    SCOPED_TRACE(brief(row));
    const auto passes = ReplySet::parse(row.passes), deviates = ReplySet::parse(row.deviates);
    ASSERT_TRUE(passes && deviates);
    EXPECT_TRUE(passes->has(code_of(row)));
    EXPECT_TRUE(row.law.starts_with("RFC"));
    EXPECT_LE(row.first, row.last);
    for (int code = 200; code < 600; ++code) EXPECT_EQ(lists(row.passes, code), passes->has(code)) << code;
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
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), model_table().size() + 5);
  EXPECT_NE(text.find("250 2.1.0"), std::string::npos);
}

// --- what RFC 5321 wants of the order of commands (section 4.1.4) --------------------------------------------------------------

TEST(Model, RefusalsChangeNothingButEndWhatTheyRefuse) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (accepts(row) || is_leave(input) || is_greeting(input)) return;
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
    if (verb_of(input) == "MAIL" && accepts(row)) {
      EXPECT_EQ(context.state, State::ready) << "none before EHLO, none inside another";
    }
  });
}

TEST(Model, HelloAndRsetEndATransactionAndNothingElse) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (!reads_commands(context.state)) return;
    // On a submission service that wants TLS, EHLO alone is carried out in clear (RFC 3207 section 4).
    if (holds(When::clear_submission, context) && is_one_of(input, {Input::helo, Input::rset})) {
      EXPECT_EQ(code_of(row), 530);
      return;
    }
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
      EXPECT_TRUE(input == Input::quit || is_leave(input));
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
      EXPECT_TRUE(context.extended) << "an extension is used after EHLO only";
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
    const std::string_view verb = verb_of(input);
    if (verb == "MAIL" || verb == "RCPT" || verb == "DATA" || verb == "BDAT") {
      EXPECT_EQ(code_of(row), 530) << "RFC 4954 section 6";
    }
  });
}

// A chunk that is refused, or the last one, ends the transaction (RFC 3030 section 2); no DATA once BDAT was used.
TEST(Model, ChunksEndWhatTheyBegan) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context& next) {
    if (context.state != State::bdat) return;
    if (is_one_of(input, {Input::last_chunk, Input::chunk_too_big, Input::last_chunk_refused, Input::last_chunk_not_stored})) {
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

// --- what an oracle asks -------------------------------------------------------------------------------------------------------

TEST(Model, SeveralReasonsToRefuseAreAllLawful) {
  const Context greeted{.role = Role::relay, .state = State::greeted};
  EXPECT_EQ(lawfulness(greeted, Input::rcpt_syntax, 503), Lawfulness::lawful);
  EXPECT_EQ(lawfulness(greeted, Input::rcpt_syntax, 501), Lawfulness::lawful);
  EXPECT_EQ(lawfulness(greeted, Input::rcpt_syntax, 250), Lawfulness::unlawful);
  EXPECT_EQ(lawfulness(greeted, Input::rcpt, 501), Lawfulness::near_miss);
  EXPECT_EQ(lawfulness(greeted, Input::rcpt, 421), Lawfulness::lawful);
  const Context clear{.role = Role::submission, .state = State::ready, .extended = true};
  EXPECT_EQ(lawfulness(clear, Input::rcpt, 530), Lawfulness::lawful);
  EXPECT_EQ(lawfulness(clear, Input::rcpt, 503), Lawfulness::lawful);
  EXPECT_EQ(lawfulness(clear, Input::rcpt_no_mailbox, 250), Lawfulness::unlawful);
  EXPECT_EQ(lawfulness(clear, Input::mail, 250), Lawfulness::unlawful) << "a reason to refuse shuts success out";
  const Context bdat{.role = Role::relay, .state = State::bdat, .extended = true};
  EXPECT_EQ(lawfulness(bdat, Input::data, 554), Lawfulness::near_miss) << "RFC 3030 names 503";
  EXPECT_EQ(lawfulness(bdat, Input::data_argument, 501), Lawfulness::lawful);
}

TEST(Model, ReferenceAnswersAreLawful) {
  all_pairs([](const Context& context, Input input, const Row& row, const Context&) {
    EXPECT_EQ(lawfulness(context, input, code_of(row)), Lawfulness::lawful);
  });
}

// Before TLS or a login, no answer may tell a stranger what a command would have done.
TEST(Model, RefusalsBeforeLoginTellNothing) {
  for (const Context& context : reachable()) {
    if (context.role == Role::relay || context.authenticated || !reads_commands(context.state)) continue;
    for (const std::string_view verb : {"MAIL", "RCPT", "DATA", "BDAT", "VRFY", "EXPN"}) {
      std::set<std::string_view> texts;
      for (const Input input : all_inputs())
        if (verb_of(input) == verb) texts.insert(model_row(context, input).reply.text);
      EXPECT_EQ(texts.size(), 1u) << verb << " in " << testing::PrintToString(context);
    }
  }
}

TEST(Model, ListsTheCodesOfEachVerb) {
  for (const int code : {250, 552, 451, 452, 550, 553, 503, 455, 555, 500, 501, 421, 530}) EXPECT_TRUE(listed_for("MAIL", code)) << code;
  for (const int code : {220, 251, 354, 221}) EXPECT_FALSE(listed_for("MAIL", code)) << code;
  EXPECT_TRUE(listed_for("greeting", 554));
  EXPECT_FALSE(listed_for("greeting", 500));
  EXPECT_FALSE(listed_for("QUIT", 250));
  EXPECT_FALSE(listed_for(".", 354));
}

}  // namespace
}  // namespace smtpspec::smtp
