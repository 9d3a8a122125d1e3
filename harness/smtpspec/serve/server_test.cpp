#include "smtpspec/serve/server.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "smtpspec/crypto/digests.hpp"

namespace smtpspec::serve {
namespace {

using smtp::Action;
using smtp::Actions;
using smtp::Context;
using smtp::Event;
using smtp::Input;
using smtp::Role;
using smtp::State;

// A client at one connection of a server, without a wire: say() gives what the server answers.
class Client {
 public:
  Client(Server& server, Role role) : machine_(server.accept(role)) {
    give({.kind = Event::Kind::opened});
    if (role == Role::submissions) tls();
  }
  std::string say(std::string_view octets) { return give({.kind = Event::Kind::octets, .octets = octets}); }
  std::string give(const Event& event) {
    Actions actions;
    machine_->on(event, actions);
    std::string out;
    for (const Action& action : actions) {
      if (action.kind == Action::Kind::send) out += action.octets;
      if (action.kind == Action::Kind::pause) out += "(pause)";
      if (action.kind == Action::Kind::close) closed = true;
      if (action.kind == Action::Kind::start_tls) wants_tls = true;
      if (action.kind == Action::Kind::alarm) alarm = action.alarm;
    }
    said += out;
    return out;
  }
  std::string tls() {
    wants_tls = false;
    return give({.kind = Event::Kind::tls_up});
  }

  bool closed = false;
  bool wants_tls = false;
  std::uint64_t alarm = 0;
  std::string said;

 private:
  std::unique_ptr<smtp::Machine> machine_;
};

struct Served {
  explicit Served(Config config = {}, Seams seams = Seams::lawful())
      : server(std::move(config), store, crypto::digests(), [seams = std::move(seams)] { return seams; }) {}
  MemoryStore store;
  Server server;
};

std::string first(const std::string& reply) { return reply.substr(0, 3); }

// AUTH PLAIN of alice with her password.
constexpr std::string_view login = "AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=\r\n";

// Everything up to the first recipient.
Client with_recipient(Server& server) {
  Client client(server, Role::relay);
  for (const char* line : {"EHLO c\r\n", "MAIL FROM:<a@example.org>\r\n"}) client.say(line);
  EXPECT_EQ(first(client.say("RCPT TO:<alice@example.test>\r\n")), "250");
  return client;
}

// --- the model and the running server -------------------------------------------------------------------------------------------

struct Word {
  std::string_view octets;
  Input input;
};
constexpr Word words[] = {
    {"EHLO c\r\n", Input::ehlo},
    {"HELO c\r\n", Input::helo},
    {"MAIL FROM:<a@example.org>\r\n", Input::mail},
    {"RCPT TO:<alice@example.test>\r\n", Input::rcpt},
    {"RCPT TO:<nobody@example.test>\r\n", Input::rcpt_no_mailbox},
    {"DATA\r\n", Input::data},
    {"DATA now\r\n", Input::data_argument},
    {"BDAT 3\r\nabc", Input::chunk},
    {"BDAT 3 LAST\r\nabc", Input::last_chunk},
    {"RSET\r\n", Input::rset},
    {"VRFY alice\r\n", Input::vrfy},
    {"QUIT\r\n", Input::quit},
    {"STARTTLS\r\n", Input::starttls},
    {login, Input::auth_success},
    {"AUTH\r\n", Input::auth_syntax},
    {"XNOPE\r\n", Input::unknown_verb},
};

// Plays one sequence of words; a word said where mail data are read is mail data.
void compare(Server& server, Context context, std::span<const std::string_view> way, std::span<const int> sequence) {
  Client client(server, context.role);
  for (const std::string_view line : way) {
    client.say(line);
    if (client.wants_tls) client.tls();
  }
  std::string trace;
  for (const int index : sequence) {
    const Word word = context.state == State::data ? Word{"hi\r\n.\r\n", Input::content} : words[index];
    const smtp::Row& row = model_row(context, word.input);
    const std::string reply = client.say(word.octets);
    trace += std::string(word.octets.substr(0, word.octets.find('\r'))) + " / ";
    ASSERT_EQ(first(reply), std::to_string(row.reply.code)) << to_string(context.role) << ": " << client.said;
    context = after(context, row);
    ASSERT_EQ(client.wants_tls, row.next == smtp::Next::tls) << trace;
    if (client.wants_tls) client.tls();
    ASSERT_EQ(client.closed, context.state == State::closed) << trace;
    if (client.closed) return;
  }
}

TEST(Server, AnswersEverySequenceAsTheModelDoes) {
  Served served;
  struct Begin {
    Context context;
    std::vector<std::string_view> way;
    std::size_t length = 3;
  };
  const std::vector<Begin> begins = {
      {{.role = Role::relay, .state = State::greeted}, {}, 4},
      {{.role = Role::relay, .state = State::mail, .extended = true}, {"EHLO c\r\n", "MAIL FROM:<>\r\n"}},
      {{.role = Role::submission, .state = State::greeted}, {}},
      {{.role = Role::submission, .state = State::greeted, .tls = true}, {"EHLO c\r\n", "STARTTLS\r\n"}},
      {{.role = Role::submissions, .state = State::ready, .tls = true, .extended = true}, {"EHLO c\r\n"}},
      {{.role = Role::submissions, .state = State::ready, .tls = true, .authenticated = true, .extended = true}, {"EHLO c\r\n", login}},
  };
  constexpr std::size_t count = std::size(words);
  for (const Begin& begin : begins) {
    std::vector<int> sequence(begin.length);
    std::size_t sequences = 1;
    for (std::size_t i = 0; i < begin.length; ++i) sequences *= count;
    for (std::size_t number = 0; number < sequences; ++number) {
      std::size_t rest = number;
      for (int& word : sequence) word = static_cast<int>(rest % count), rest /= count;
      compare(served.server, begin.context, begin.way, sequence);
      if (HasFatalFailure()) return;
    }
  }
}

// --- mail data and the store ----------------------------------------------------------------------------------------------------

class FullStore final : public Store {
 public:
  bool take(const Message&) override { return false; }
};

TEST(Server, SaysTryAgainWhenTheStoreFails) {
  FullStore store;
  Server server({}, store, crypto::digests());
  Client client = with_recipient(server);
  client.say("DATA\r\n");
  EXPECT_EQ(client.say("hi\r\n.\r\n"), "451 4.3.0 Message could not be stored, try again\r\n");
  EXPECT_EQ(first(client.say("RCPT TO:<alice@example.test>\r\n")), "503") << "the transaction is over";
  client.say("MAIL FROM:<>\r\n"), client.say("RCPT TO:<alice@example.test>\r\n");
  EXPECT_EQ(first(client.say("BDAT 2 LAST\r\nhi")), "451");
}

TEST(Server, ADeliveredMessageHasItsTraceAndNothingElse) {
  Served served;
  Client client = with_recipient(served.server);
  client.say("DATA\r\n");
  client.say("..dot\r\nend\r\n.\r\n");
  const auto messages = served.store.messages("alice");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(messages[0].starts_with("Return-Path: <a@example.org>\r\nReceived: from c\r\n\tby mx.example.test with ESMTP id "));
  EXPECT_TRUE(messages[0].ends_with(" +0000\r\n.dot\r\nend\r\n"));
}

TEST(Server, AMessageTooBigIsSwallowedAndRefused) {
  Served served({.message_size = 10});
  Client client = with_recipient(served.server);
  client.say("DATA\r\n");
  EXPECT_EQ(first(client.say("0123456789\r\n.\r\n")), "552");
  client.say("MAIL FROM:<>\r\n"), client.say("RCPT TO:<alice@example.test>\r\n");
  EXPECT_EQ(first(client.say("BDAT 10 LAST\r\n0123456789")), "250") << "ten are allowed";
  client.say("MAIL FROM:<>\r\n"), client.say("RCPT TO:<alice@example.test>\r\n");
  EXPECT_EQ(first(client.say("BDAT 11\r\n0123456789a")), "552");
  EXPECT_EQ(served.store.messages("alice").size(), 1u);
}

// RFC 6531 section 3.7.4.2.
TEST(Server, LooksUpTheNameInFrontOfSmtputf8) {
  Served served;
  Client client(served.server, Role::relay);
  client.say("HELO c\r\n");
  EXPECT_EQ(first(client.say("VRFY alice SMTPUTF8\r\n")), "550") << "no parameter without EHLO";
  client.say("EHLO c\r\n");
  EXPECT_EQ(first(client.say("VRFY alice smtputf8\r\n")), "250");
  EXPECT_EQ(first(client.say("EXPN <alice@example.test> SMTPUTF8\r\n")), "250");
  EXPECT_EQ(first(client.say("VRFY j\xC3\xBCrgen SMTPUTF8\r\n")), "550") << "nobody";
  EXPECT_EQ(first(client.say("VRFY j\xC3\xBCrgen\r\n")), "501");
  EXPECT_EQ(first(client.say("VRFY SMTPUTF8\r\n")), "550") << "a name";
  EXPECT_EQ(first(client.say("VRFY alice SMTPUTF8=1\r\n")), "501");
}

TEST(Server, ALoopEndsAtAHundredHops) {
  Served served;
  const auto sent_with = [&](int fields) {
    Client client = with_recipient(served.server);
    client.say("DATA\r\n");
    for (int i = 0; i < fields; ++i) client.say("Received: by x; date\r\n");
    return first(client.say("\r\nReceived: in the body\r\n.\r\n"));
  };
  EXPECT_EQ(sent_with(100), "250");
  EXPECT_EQ(sent_with(101), "554");
}

TEST(Maildir, TakesAMessageForAllOrForNone) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::temp_directory_path() / ("smtpspec-maildir-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  { std::ofstream in_the_way(directory / "carol"); }
  MaildirStore store(directory.string());
  Message message{{.reverse_path = "a@example.org",
                   .recipients = {{.address = "alice@x", .mailbox = "alice"}, {.address = "carol@x", .mailbox = "carol"}}},
                  "x\r\n"};
  EXPECT_FALSE(store.take(message));
  EXPECT_TRUE(fs::is_empty(directory / "alice/Maildir/new"));
  EXPECT_TRUE(fs::is_empty(directory / "alice/Maildir/tmp"));
  fs::remove(directory / "carol");
  EXPECT_TRUE(store.take(message));
  EXPECT_FALSE(fs::is_empty(directory / "alice/Maildir/new"));
  EXPECT_FALSE(fs::is_empty(directory / "carol/Maildir/new"));
  fs::remove_all(directory);
}

// --- beginning and end of a connection ---------------------------------------------------------------------------------------------

TEST(Server, RefusesServiceBy554AndWaitsForQuit) {
  Served served({.refusing = true});
  Client client(served.server, Role::relay);
  EXPECT_EQ(client.said, "554 mx.example.test No SMTP service here\r\n");
  EXPECT_EQ(first(client.say("EHLO c\r\n")), "503");
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(first(client.say("QUIT\r\n")), "221");
  EXPECT_TRUE(client.closed);
}

TEST(Server, TakesLeaveBy421) {
  Served served({.errors = 2, .connections = 1});
  Client client(served.server, Role::relay);
  EXPECT_EQ(Client(served.server, Role::relay).said, "421 mx.example.test Too many connections, try again later\r\n");
  client.say("X\r\n");
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(client.say("X\r\n"), "500 5.5.1 Command not recognized\r\n421 4.7.0 mx.example.test Too many errors, closing\r\n");
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(client.say("NOOP\r\n"), "") << "nothing behind the end";
}

TEST(Server, AnIdleClientIsToldSo) {
  Served served;
  Client client(served.server, Role::relay);
  EXPECT_EQ(client.give({.kind = Event::Kind::alarm, .alarm = client.alarm - 1}), "") << "an alarm that was set anew is void";
  EXPECT_EQ(client.give({.kind = Event::Kind::alarm, .alarm = client.alarm}), "421 4.4.2 mx.example.test Idle for too long, closing\r\n");
  EXPECT_TRUE(client.closed);
}

// RFC 8314 section 3.3.
TEST(Server, NothingIsSaidWhereAHandshakeIsDue) {
  Served served;
  for (const auto kind : {Event::Kind::alarm, Event::Kind::stopping})
    for (const Role role : {Role::submissions, Role::submission}) {
      auto machine = served.server.accept(role);
      Actions actions;
      machine->on({.kind = Event::Kind::opened}, actions);
      if (role == Role::submission) machine->on({.kind = Event::Kind::octets, .octets = "EHLO c\r\nSTARTTLS\r\n"}, actions);
      const auto alarm =
          std::find_if(actions.rbegin(), actions.rend(), [](const Action& a) { return a.kind == Action::Kind::alarm; })->alarm;
      actions.clear();
      machine->on({.kind = kind, .alarm = alarm}, actions);
      ASSERT_EQ(actions.size(), 1u) << to_string(role);
      EXPECT_EQ(actions.front().kind, Action::Kind::close);
    }
}

TEST(Server, WhatIsGluedBehindStarttlsIsNeverRun) {
  Served served;
  Client client(served.server, Role::relay);
  client.say("EHLO c\r\n");
  EXPECT_EQ(client.say("STARTTLS\r\nNOOP\r\nRSE"), "220 2.0.0 Ready to start TLS\r\n");
  EXPECT_EQ(client.tls(), "");
  EXPECT_EQ(first(client.say("MAIL FROM:<>\r\n")), "503") << "EHLO is forgotten, and so is half a line";
}

// Before a login no mechanism, right or wrong, and no password makes a difference where AUTH has no place.
TEST(Server, AuthOutOfPlaceTellsNothing) {
  Served served;
  Client client(served.server, Role::submission);
  client.say("EHLO c\r\n");
  for (const std::string_view line :
       {login, std::string_view("AUTH PLAIN AGFsaWNlAHdyb25n\r\n"), std::string_view("AUTH NOPE\r\n"), std::string_view("AUTH\r\n")})
    EXPECT_EQ(first(client.say(line)), "538") << line;
}

// --- seams: a fault is one function ---------------------------------------------------------------------------------------------------

// What the server says, by a fixed session, under the given seams; and what it stored.
std::string session(const Seams& seams) {
  Served served({}, seams);
  Client client(served.server, Role::submission);
  client.say("EHLO c\r\n");
  client.say("STARTTLS\r\nNOOP\r\n");
  client.tls();
  client.say("AUTH PLAIN\r\n"), client.say("*\r\n");
  client.say("EHLO c\r\n"), client.say("AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPXg=\r\n"), client.say("*\r\n");
  client.say("AUTH PLAIN\r\n"), client.say("AGFsaWNlAGNvcnJlY3QgaG9yc2U=\r\n");
  client.say("MAIL FROM: <a@example.org>\r\n"), client.say("MAIL FROM:<a@example.org>\r\n"), client.say("RCPT TO:<alice@example.test>\r\n");
  client.say("NOOP\n"), client.say("\r\n"), client.say("RSET\r\n"), client.say("DATA\r\n"), client.say("MAIL FROM:<>\r\n"),
      client.say("RCPT TO:<alice@example.test>\r\n");
  client.say("DATA\r\n"), client.say("a\n.\nb\r\n.\r\n"), client.say("MAIL FROM:<>\r\n"), client.say("RCPT TO:<alice@example.test>\r\n"),
      client.say("BDAT 4 LAST\r\nNOOP\r\n");
  client.say(std::string(2046, 'x') + "NOOP\r\n");
  client.say("QUIT\r\n");
  Client gone(served.server, Role::relay);
  gone.say("NOOP"), gone.give({.kind = Event::Kind::ended});
  std::string out = client.said + gone.said;
  for (const auto& message : served.store.messages("alice")) out += message;
  return out;
}

TEST(Seams, EachOneChangesWhatAClientSees) {
  Seams still = Seams::lawful();
  still.clock = [] { return std::int64_t{0}; };
  const std::string expected = session(still);
  const auto expect_change = [&](const char* name, const auto& fault) {
    Seams seams = still;
    fault(seams);
    EXPECT_TRUE(session(seams) != expected) << name;
  };
  expect_change("arrive", [](Seams& s) {
    s.arrive = [](const Context&, std::string_view, std::string segment) { return segment == "\r\n" ? std::string() : segment; };
  });
  expect_change("at_end", [](Seams& s) { s.at_end = [](const Context&, std::string_view) { return std::string("\r\n"); }; });
  expect_change("line_rules", [](Seams& s) {
    s.line_rules = [](const Context&, smtp::LineRules rules) {
      rules.lf_ends_line = true;
      return rules;
    };
  });
  expect_change("tolerance", [](Seams& s) {
    s.tolerance = [](const Context&, smtp::Tolerance lawful) {
      lawful.blank_after_colon = true;
      return lawful;
    };
  });
  expect_change("content_reader", [](Seams& s) {
    struct AtLf final : ContentReader {
      std::size_t feed(std::string_view input, std::string& content) override {
        const std::size_t end = input.find("\n.\n");
        if (end == input.npos) return content += input, input.size();
        content += input.substr(0, end + 1), over = true;
        return end + 3;
      }
      bool done() const override { return over; }
      bool over = false;
    };
    s.content_reader = [](const Context&) { return std::make_unique<AtLf>(); };
  });
  expect_change(
      "chunk", [](Seams& s) { s.chunk = [](const Context&, std::string_view, Chunk chunk) { return Chunk{chunk.size - 1, chunk.last}; }; });
  expect_change("chunk_reader", [](Seams& s) {
    s.chunk_reader = [lawful = s.chunk_reader](const Context& context, const Chunk& chunk) {
      return lawful(context, {chunk.size + 1, chunk.last});
    };
  });
  expect_change("flush", [](Seams& s) {
    s.flush = [](const Context& context, Input, std::string_view unread) {
      return context.state == State::ready ? unread.size() : std::size_t{0};
    };
  });
  expect_change("cuts_long_line", [](Seams& s) { s.cuts_long_line = [](const Context&) { return true; }; });
  expect_change("response", [](Seams& s) {
    s.response = [](std::string_view, const std::optional<std::string>&) { return std::optional<std::string>("x"); };
  });
  expect_change("behind_starttls", [](Seams& s) { s.behind_starttls = [](std::string glued) { return glued; }; });
  expect_change("classify", [](Seams& s) {
    s.classify = [](const Context&, const Transaction&, std::string_view, Input lawful) {
      return lawful == Input::rset ? Input::noop : lawful;
    };
  });
  expect_change("model", [](Seams& s) {
    s.model = [](const Context&, Input, smtp::Row row) {
      if (row.reply.code == 221) row.reply.code = 250;
      return row;
    };
  });
  expect_change("forget", [](Seams& s) { s.forget = [](const Context&, Input, Transaction&) {}; });
  expect_change("after", [](Seams& s) {
    s.after = [](const Context& before, Input input, Context next) {
      if (input == Input::starttls) next.state = before.state, next.extended = true;
      return next;
    };
  });
  expect_change("record", [](Seams& s) {
    s.record = [](const Context&, Input input, std::string_view, Transaction& transaction) {
      if (input == Input::rcpt) transaction.envelope.recipients.clear();
    };
  });
  expect_change("mailbox", [](Seams& s) { s.mailbox = [](std::string_view, std::string_view, std::string) { return std::string(); }; });
  expect_change("keywords", [](Seams& s) {
    s.keywords = [](const Context&, std::vector<std::string> lawful) {
      lawful.pop_back();
      return lawful;
    };
  });
  expect_change("saying", [](Seams& s) {
    s.saying = [](const Context&, Input, Saying saying) {
      saying.status.clear();
      return saying;
    };
  });
  expect_change("printer",
                [](Seams& s) { s.printer = [](const Context&, const Saying& saying) { return std::to_string(saying.code) + "\r\n"; }; });
  expect_change("release", [](Seams& s) {
    s.release = [](const Context& context, std::string& held, std::string_view) {
      return context.state == State::closed ? std::string() : std::exchange(held, {});
    };
  });
  expect_change("delay", [](Seams& s) { s.delay = [](const Context&, Input) { return smtp::Duration(1); }; });
  expect_change("trace", [](Seams& s) { s.trace = [](const Transaction&, std::string) { return std::string(); }; });
  expect_change("content", [](Seams& s) { s.content = [](const Transaction&, std::string content) { return content + "x"; }; });
  expect_change("clock", [](Seams& s) { s.clock = [] { return std::int64_t{86400}; }; });
  expect_change("nonce", [](Seams& s) { s.nonce = [] { return std::string("another"); }; });
}

// A chunk that comes later must not make its BDAT stand for the command before it.
TEST(Seams, WhatIsRecordedIsEachCommandOnce) {
  std::vector<Input> recorded;
  Seams seams = Seams::lawful();
  seams.record = [&](const Context&, Input input, std::string_view, Transaction&) { recorded.push_back(input); };
  Served served({}, seams);
  Client client = with_recipient(served.server);
  client.say("BDAT 2\r\n"), client.say("hi"), client.say("BDAT 0 LAST\r\n");
  EXPECT_EQ(recorded, (std::vector<Input>{Input::ehlo, Input::mail, Input::rcpt, Input::last_chunk}));
}

}  // namespace
}  // namespace smtpspec::serve
