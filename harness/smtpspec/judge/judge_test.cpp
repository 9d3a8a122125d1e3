// Every always-on rule with a session that keeps it and sessions that break it; and the verdicts of a case.
#include "smtpspec/judge/judge.hpp"

#include <gtest/gtest.h>

#include "smtpspec/script/suite.hpp"
#include "test/source_directory.hpp"

namespace smtpspec::judge {
namespace {

using namespace std::chrono_literals;
using session::Came;
using session::Entry;
using smtp::Role;

const script::Registry& registry() {
  static const auto suite = script::load_suite(source_directory() + "/cases");
  static const script::Registry none;
  EXPECT_TRUE(suite) << (suite ? "" : to_string(suite.error()));
  return suite ? suite->registry : none;
}

// A transcript by hand: C() is sent, S() is a reply to a command, and what follows it says more of that reply.
class Talk {
 public:
  Talk& C(const std::string& octets) {
    line_ = octets.substr(0, octets.find("\r\n"));
    return add({.kind = Entry::Kind::sent, .octets = octets, .reply = {}});
  }
  Talk& S(const std::string& command, const std::string& octets) {
    smtp::ReplyParser parser;
    auto view = parser.next(octets);
    if (!view) view = parser.finish(octets);
    EXPECT_TRUE(view) << octets;
    EXPECT_EQ(view->size, octets.size()) << "one reply: " << octets;
    return add({.kind = Entry::Kind::reply, .octets = {}, .reply = own(*view, octets), .command = command, .line = line_});
  }
  Talk& note(const std::string& text) { return add({.kind = Entry::Kind::note, .octets = text, .reply = {}}); }
  Talk& octets(const std::string& text) { return add({.kind = Entry::Kind::octets, .octets = text, .reply = {}}); }
  Talk& on(int connection) {
    return last([=](Entry& entry) { entry.connection = connection; });
  }
  Talk& extended() {
    return last([](Entry& entry) { entry.extended_status = true; });
  }
  Talk& tls() {
    return last([](Entry& entry) { entry.in_tls = true; });
  }
  Talk& unicode() {
    return last([](Entry& entry) { entry.unicode = true; });
  }
  Talk& closing() {
    return last([](Entry& entry) { entry.closing = true; });
  }
  Talk& unasked() {
    return last([](Entry& entry) { entry.unasked = true; });
  }
  const session::Transcript& transcript() const { return transcript_; }

 private:
  Talk& add(Entry entry) {
    transcript_.entries.push_back(std::move(entry));
    return *this;
  }
  template <class Change>
  Talk& last(Change change) {
    change(transcript_.entries.back());
    return *this;
  }
  session::Transcript transcript_;
  std::string line_;
};

Talk greeted(const std::string& greeting = "220 mx.example.test ready\r\n") { return Talk().note("connected").S("greeting", greeting); }
// A command and its reply.
Talk said(const std::string& command, const std::string& reply) {
  return greeted().C(command + "\r\n").S(command.substr(0, command.find(' ')), reply);
}
Talk hello(const std::string& lines) { return said("EHLO x", "250-mx.example.test\r\n" + lines); }
Talk extended(const std::string& command, const std::string& reply) { return said(command, reply).extended(); }

struct Sample {
  std::vector<Talk> lawful;
  std::vector<Talk> broken;
  Role role = Role::relay;
};

std::map<std::string_view, Sample> samples() {
  const std::string x500(500, 'x');
  return {
      {"rules/reply-ends-in-crlf",
       {{said("NOOP", "250 fine\r\n")}, {said("NOOP", "250 fine\n"), said("NOOP", "250-a\n250 b\r\n"), said("NOOP", "250 a\rb\r\n")}}},
      {"rules/reply-first-digit",
       {{said("NOOP", "500 no\r\n"), said("XYZ", "299 what\r\n")},
        {said("NOOP", "199 no\r\n"), said("NOOP", "600 no\r\n"), said("NOOP", "999 no\r\n")}}},
      {"rules/reply-line",
       {{said("NOOP", "250 a\tb\r\n"), said("XYZ", "259 a\r\n")},
        {said("NOOP", "fine\r\n"), said("NOOP", "260 a\r\n"), said("NOOP", "250_fine\r\n"), said("NOOP", "250 a\x1b[2J\r\n"),
         said("NOOP", std::string("250 a\0\r\n", 8)), said("NOOP", "250 a\x7f\r\n"), said("NOOP", "25 fine\r\n"), said("NOOP", "\r\n")}}},
      {"rules/reply-multi-line", {{said("NOOP", "250-a\r\n250 b\r\n")}, {said("NOOP", "250-a\r\nb\r\n250 c\r\n")}}},
      {"rules/reply-same-code", {{said("NOOP", "250-a\r\n250 b\r\n")}, {said("NOOP", "250-a\r\n251 b\r\n")}}},
      {"rules/reply-line-length",
       {{said("NOOP", "250 " + x500 + "123456\r\n"), said("AUTH LOGIN", "334 " + x500 + x500 + "\r\n")},
        {said("NOOP", "250 " + x500 + "1234567\r\n"), said("NOOP", "250-" + x500 + x500 + "\r\n250 b\r\n")}}},
      {"rules/reply-has-an-end",
       {{said("NOOP", "250-a\r\n250 b\r\n")},
        {said("NOOP", "250 " + std::string(70000, 'x') + "\r\n"), said("NOOP",
                                                                       [] {
                                                                         std::string reply;
                                                                         for (int i = 0; i < 2000; ++i) reply += "250-a\r\n";
                                                                         return reply;
                                                                       }())}}},
      {"rules/reply-is-whole",
       {{said("NOOP", "250 fine\r\n"), said("NOOP", "250 fine\r\n").S("QUIT", "221 b").closing(),
         said("NOOP", "250 fi").note("broken: Connection reset by peer")},
        {said("NOOP", "250 fi"), said("NOOP", "250-a\r\n"), said("NOOP", "250 fine\r")}}},
      {"rules/reply-seven-bit",
       {{said("NOOP", "250 fine\r\n"), said("NOOP", "250 f\xc3\xafn\r\n").unicode()},
        {said("NOOP", "250 f\xc3\xafn\r\n"), said("NOOP", "250 \xff\r\n")}}},
      {"rules/reply-text",
       {{said("NOOP", "250 fine\r\n"), said("AUTH LOGIN", "334 \r\n")},
        {said("NOOP", "250\r\n"), said("NOOP", "250 \r\n"), said("NOOP", "250-\r\n250 a\r\n")}}},
      {"rules/blank-without-text",
       {{said("NOOP", "250 \r\n"), said("AUTH PLAIN", "334 \r\n"), said("NOOP", "250-\r\n250 fine\r\n"), said("NOOP", "250")},
        {said("NOOP", "250\r\n"), said("AUTH PLAIN", "334\r\n"), said("NOOP", "250-fine\r\n250\r\n")}}},
      {"rules/challenge-is-base64",
       {{said("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n"), said("AUTH PLAIN", "334 \r\n"), said("AUTH PLAIN", "334\r\n"),
         said("AUTH LOGIN", "334 2.7.0 VXNlcm5hbWU6\r\n"), said("AUTH LOGIN", "235 Welcome!\r\n")},
        {said("AUTH LOGIN", "334 Username:\r\n"), said("AUTH LOGIN", "334 VXNlcm5hbWU\r\n"), said("AUTH PLAIN", "334 =\r\n"),
         said("AUTH PLAIN", "334 go on\r\n"), said("AUTH LOGIN", "334 VXNlcm5hbWU6 \r\n"),
         said("AUTH LOGIN", "334-VXNl\r\n334 cm5hbWU6\r\n")}}},
      {"rules/reply-code-known",
       {{said("NOOP", "250 fine\r\n"), said("AUTH PLAIN", "535 no\r\n"), said("ETRN b.test", "459 no\r\n"), said("STARTTLS", "454 no\r\n"),
         said("RCPT TO:<a@b.test>", "556 no\r\n"), said("ATRN b.test", "453 none\r\n"), said("AUTH PLAIN", "525 disabled\r\n"),
         said("NOOP", "260 a\r\n"), said("NOOP", "fine\r\n")},
        {said("NOOP", "259 fine\r\n"), said("RCPT TO:<a@b.test>", "557 no\r\n"), said("FROB", "559 what?\r\n").extended(),
         greeted().C("raw").S("", "420 later\r\n")}}},
      {"rules/reply-asked-for",
       {{said("NOOP", "250 fine\r\n"), said("NOOP", "250 fine\r\n").S("", "421 too slow\r\n").unasked(),
         greeted().C("raw").S("", "250 a\r\n").S("", "250 b\r\n").closing(),
         greeted().S("greeting", "220 two.example.test ready\r\n").on(2)},
        {greeted().S("", "250 fine\r\n").unasked(), said("NOOP", "250 fine\r\n").S("", "250 fine\r\n").unasked(),
         said("NOOP", "250 fine\r\n").C("QUIT\r\n").S("QUIT", "221 bye\r\n").closing().S("", "250 fine\r\n").closing()}}},
      {"rules/quit-at-the-end",
       {{said("NOOP", "250 fine\r\n").C("QUIT\r\n").S("QUIT", "221 bye\r\n").closing(),
         greeted().C("QUIT\r\n").S("QUIT", "421 too late\r\n").closing(), greeted().C("QUIT now\r\n").S("QUIT", "501 no\r\n")},
        {greeted().C("QUIT\r\n").S("QUIT", "250 bye\r\n").closing(), greeted().C("QUIT\r\n").S("QUIT", "502 no\r\n").closing()}}},
      {"rules/nothing-behind-221",
       {{said("QUIT", "221 mx.example.test bye\r\n").note("closed by the server"),
         said("QUIT", "221 bye\r\n").S("greeting", "220 b.test ready\r\n").on(2)},
        {said("QUIT", "221 bye\r\n").S("", "250 more\r\n"), said("QUIT", "221 bye\r\n").octets("220 mo")}}},
      {"rules/421-closes",
       {{said("NOOP", "421 bye\r\n").note("closed by the server"),
         said("NOOP", "421 bye\r\n").note("connected").S("greeting", "220 b.test ready\r\n"),
         said("NOOP", "421 bye\r\n").S("greeting", "220 b.test ready\r\n").on(2)},
        {said("NOOP", "421 bye\r\n").C("NOOP\r\n").S("NOOP", "250 fine\r\n"), said("NOOP", "421 bye\r\n").S("", "421 bye\r\n")}}},
      {"rules/3yz-has-its-place",
       {{said("DATA", "354 go on\r\n"), said("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n")},
        {said("NOOP", "354 go on\r\n"), said("MAIL FROM:<>", "354 go on\r\n"), said("DATA", "350 go on\r\n"),
         said("RCPT TO:<a>", "399 a\r\n")}}},
      {"rules/reply-in-the-table",
       {{said("NOOP", "250 fine\r\n"), said("MAIL FROM:<>", "452 full\r\n"), said("XYZ", "250 fine\r\n"),
         greeted("554 mx.example.test no service\r\n").C("EHLO x\r\n").S("EHLO", "503 no service\r\n"),
         greeted().C("x\r\n.\r\n").S(".", "552 too much\r\n")},
        {said("NOOP", "251 fine\r\n"), said("EHLO x", "503 no service\r\n"), said("DATA", "250 fine\r\n"), said("QUIT", "250 bye\r\n"),
         greeted("250 mx.example.test\r\n"), greeted().C(".\r\n").S(".", "251 fine\r\n"), said("RSET", "550 no\r\n")}}},
      {"rules/reply-in-its-state",
       {{said("EHLO x", "250 mx.example.test\r\n").C("RCPT TO:<a@b.test>\r\n").S("RCPT", "503 no\r\n"),
         said("EHLO x", "250 mx.example.test\r\n").C("VRFY a\r\n").S("VRFY", "252 perhaps\r\n"), said("NOOP", "251 fine\r\n"),
         said("EHLO x", "250 mx.example.test\r\n").note("closed").S("greeting", "220 mx.example.test ready\r\n"),
         said("EHLO x", "250 mx.example.test\r\n")
             .C("BDAT 1\r\nx")
             .S("", "250 fine\r\n")
             .C("RCPT TO:<a@b.test>\r\n")
             .S("RCPT", "250 fine\r\n"),
         said("EHLO x", "250 mx.example.test\r\n")
             .C("MAIL FROM:<>\r\n")
             .S("MAIL", "250 fine\r\n")
             .C("DATA\r\n")
             .S("DATA", "554 nobody\r\n")},
        {said("EHLO x", "250 mx.example.test\r\n").C("RCPT TO:<a@b.test>\r\n").S("RCPT", "250 fine\r\n"),
         said("EHLO x", "250 mx.example.test\r\n").C("DATA\r\n").S("DATA", "354 go on\r\n"), said("FROB", "250 fine\r\n"),
         said("EHLO x", "250 mx.example.test\r\n")
             .C("MAIL FROM:<>\r\n")
             .S("MAIL", "250 fine\r\n")
             .C("MAIL FROM:<>\r\n")
             .S("MAIL", "250 fine\r\n")}}},
      {"rules/greeting-domain",
       {{greeted(), greeted("220 [192.0.2.1] ready\r\n"), greeted("220 mx_1.example.test\r\n"), greeted("554 no service\r\n")},
        {greeted("220 Welcome! to mx.example.test\r\n"), greeted("220 <mx.example.test>\r\n"), greeted("220 [1.2.3]\r\n")}}},
      {"rules/ehlo-domain",
       {{said("EHLO x", "250-mx.example.test greets x\r\n250 SIZE\r\n"), said("EHLO x", "250 [192.0.2.1]\r\n"),
         said("EHLO x", "501 Hello!\r\n")},
        {said("EHLO x", "250-Hello! x\r\n250 SIZE\r\n"), said("EHLO x", "250 <mx>\r\n")}}},
      {"rules/own-name-qualified",
       {{greeted(), hello("250 HELP\r\n"), greeted("220 [IPv6:2001:db8::1] ready\r\n"), greeted("220 mx_1.example.test\r\n"),
         greeted("220 Welcome! to mx\r\n"), greeted("554 mx no service\r\n"), said("HELO x", "250 mx\r\n"), said("QUIT", "221 Bye\r\n"),
         said("NOOP", "250 fine\r\n"), said("EHLO x", "501 what\r\n")},
        {greeted("220 mx ESMTP\r\n"), greeted("220-localhost ESMTP\r\n220 ready\r\n"), said("EHLO x", "250-mx\r\n250 HELP\r\n"),
         greeted("220 mx_1\r\n")}}},
      {"rules/own-name-letters",
       {{greeted(), greeted("220 m-x1.example.test ESMTP_ready\r\n"), greeted("220 [IPv6:2001:db8::1]\r\n"), greeted("220 <mx_1>\r\n"),
         said("EHLO a_b.test", "250 mx.example.test greets a_b.test\r\n"), said("NOOP", "250 mx_1.example.test\r\n")},
        {greeted("220 mx_1.example.test\r\n"), said("EHLO x", "250-mx_1.example.test\r\n250 HELP\r\n")}}},
      {"rules/farewell-domain",
       {{said("QUIT", "221 mx.example.test bye\r\n"), said("QUIT", "221 2.0.0 mx.example.test bye\r\n"),
         said("QUIT", "221 [IPv6:2001:db8::1]\r\n"), said("NOOP", "421 4.3.2 mx.example.test: no service\r\n"),
         greeted("421 mx.example.test, too many of you\r\n"), greeted("220 mx ready\r\n").C("QUIT\r\n").S("QUIT", "221 MX bye\r\n"),
         said("NOOP", "250 Bye\r\n")},
        {said("QUIT", "221 2.0.0 Bye\r\n"), said("QUIT", "221 Bye.\r\n"), said("NOOP", "421 \r\n"), greeted("421 Too many of you\r\n"),
         greeted("220 mx ready\r\n").on(2).C("QUIT\r\n").S("QUIT", "221 mx bye\r\n")}}},
      {"rules/vrfy-shows-usable-address",
       {{said("VRFY a", "250 A. User <a@b.test>\r\n"),
         said("VRFY a", "250 a@b.test\r\n"),
         said("VRFY a", "250 2.1.5 <a@b.test> is here\r\n"),
         said("VRFY a", "250 User 'a@b.test' ok\r\n"),
         said("VRFY a", "250 User (a@b.test) ok\r\n"),
         said("VRFY a", "250 \"a <b>\"@c.test\r\n"),
         said("VRFY a", "250 <\"a b\"@c.test>\r\n"),
         said("VRFY a", "250 User \"a b\"@c.test ok\r\n"),
         said("VRFY a", "250 he is @ home\r\n"),
         said("VRFY a", "250 that is a user\r\n"),
         said("VRFY a", "250 see <some notes>\r\n"),
         said("VRFY a", "250 see <https://a.test/b>\r\n"),
         said("VRFY a", "250 \"A. User\" <a@b.test>\r\n"),
         said("VRFY a", "250 <postmaster>\r\n"),
         said("VRFY a", "250 <a@[192.0.2.1]>\r\n"),
         said("VRFY a", "250 <\xc3\xa4@b.test>\r\n").unicode(),
         said("VRFY <a@b", "252 <a@b\r\n"),
         said("VRFY a@", "550 no <a@\r\n"),
         said("VRFY a", "551 try <a@c.test>\r\n"),
         said("EXPN l", "250-A. User <a@b.test>\r\n250 <b@b.test>\r\n"),
         said("NOOP", "250 <a>\r\n")},
        {said("VRFY a", "250 <a>\r\n"), said("VRFY a", "250 A. User <a@b..test>\r\n"), said("VRFY a", "250 <>\r\n"),
         said("VRFY a", "250 <a@b.test\r\n"), said("VRFY a", "250 a b.@c.test\r\n"), said("VRFY a", "250 <a@localhost>\r\n"),
         said("VRFY a", "250 a@localhost\r\n"), said("VRFY a", "251 <@x.test:a@b.test>\r\n"), said("VRFY a", "551 try <a c@c.test>\r\n"),
         said("EXPN l", "250-<a@b.test>\r\n250 <|/bin/filter>\r\n")}}},
      {"rules/ehlo-keywords-registered",
       {{hello("250-SIZE 1000\r\n250-8BITMIME\r\n250-limits RCPTMAX=100\r\n250-VERB\r\n250-XCLIENT NAME\r\n250 x-thing\r\n"),
         hello("250 AUTH=PLAIN LOGIN\r\n"), hello("250 X_THING\r\n"), hello("250-PIPECONNECT\r\n250 OK\r\n"),
         said("EHLO x", "250 mx.example.test FROBNICATE\r\n"), said("HELO x", "250-mx.example.test\r\n250 FROBNICATE\r\n"),
         hello("250 FROB_NICATE\r\n")},
        {hello("250-SIZE\r\n250 FROBNICATE\r\n"), hello("250-CHUNKING2 yes\r\n250 HELP\r\n")}}},
      {"rules/ehlo-lines",
       {{hello("250-8BITMIME\r\n250-X-THING a=b c\r\n250 SIZE 1000\r\n")},
        {hello("250 SIZE  1000\r\n"), hello("250 AUTH=PLAIN LOGIN\r\n"), hello("250 X_THING\r\n"), hello("250--THING\r\n250 HELP\r\n"),
         hello("250 SIZE \r\n")}}},
      {"rules/pipelining-alone", {{hello("250 PIPELINING\r\n")}, {hello("250 PIPELINING 10\r\n")}}},
      {"rules/8bitmime-alone", {{hello("250 8BITMIME\r\n")}, {hello("250 8bitmime yes\r\n")}}},
      {"rules/starttls-alone", {{hello("250 STARTTLS\r\n")}, {hello("250 STARTTLS REQUIRED\r\n")}}},
      {"rules/enhancedstatuscodes-alone", {{hello("250 ENHANCEDSTATUSCODES\r\n")}, {hello("250 ENHANCEDSTATUSCODES 1\r\n")}}},
      {"rules/binarymime-alone", {{hello("250-CHUNKING\r\n250 BINARYMIME\r\n")}, {hello("250-CHUNKING\r\n250 BINARYMIME 1\r\n")}}},
      {"rules/binarymime-with-chunking",
       {{hello("250-CHUNKING\r\n250 BINARYMIME\r\n"), hello("250 CHUNKING\r\n")}, {hello("250 BINARYMIME\r\n")}}},
      {"rules/size-number", {{hello("250 SIZE\r\n"), hello("250 SIZE 0\r\n")}, {hello("250 SIZE 10M\r\n"), hello("250 SIZE 1 2\r\n")}}},
      {"rules/no-starttls-in-tls", {{hello("250 STARTTLS\r\n"), hello("250 HELP\r\n").tls()}, {hello("250 STARTTLS\r\n").tls()}}},
      {"rules/auth-mechanisms",
       {{hello("250 AUTH PLAIN SCRAM-SHA-256 X_1\r\n")},
        {hello("250 AUTH\r\n"), hello("250 AUTH plain\r\n"), hello("250 AUTH PLAIN ABCDEFGHIJKLMNOPQRSTU\r\n"),
         hello("250 AUTH PLAIN, LOGIN\r\n")}}},
      {"rules/no-etrn-on-submission", {{hello("250 HELP\r\n")}, {hello("250 ETRN\r\n"), hello("250 ATRN\r\n")}, Role::submission}},
      {"rules/status-code",
       {{extended("NOOP", "250 2.0.0 fine\r\n"), said("NOOP", "250 fine\r\n"), extended("DATA", "354 go on\r\n"),
         extended("EHLO x", "250 mx.example.test\r\n"), greeted().C("x").S("", "250 fine\r\n").extended()},
        {extended("NOOP", "250 fine\r\n"), extended("RSET", "250 2.0 fine\r\n"), extended("QUIT", "221 bye\r\n")}}},
      {"rules/status-class",
       {{extended("NOOP", "500 5.0.0 no\r\n"), said("NOOP", "250 5.0.0 the text\r\n")},
        {extended("NOOP", "250 5.0.0 fine\r\n"), extended("MAIL FROM:<>", "550 4.1.1 no\r\n")}}},
      {"rules/status-on-all-lines",
       {{extended("NOOP", "250-2.0.0 a\r\n250 2.0.0 b\r\n")},
        {extended("NOOP", "250-2.0.0 a\r\n250 2.1.0 b\r\n"), extended("NOOP", "250-2.0.0 a\r\n250 b\r\n")}}},
      {"rules/status-digits",
       {{extended("NOOP", "250 2.0.10 a\r\n")}, {extended("NOOP", "250 2.00.0 a\r\n"), extended("NOOP", "250 2.0.01 a\r\n")}}},
      {"rules/status-range",
       {{extended("NOOP", "250 2.7.999 fine\r\n"), said("NOOP", "250 3.9.1 fine\r\n"), extended("HELP", "214 3.96.2.1 of Something\r\n"),
         extended("HELP", "214 10.1.2 of Something\r\n"), extended("NOOP", "250 2.0.0\r\n"), extended("NOOP", "250 fine 1.2.3 fine\r\n"),
         extended("EHLO x", "250 1.2.3 x\r\n"), extended("DATA", "354 3.0.0 go on\r\n"), extended("NOOP", "250 2.0 fine\r\n"),
         greeted().C("x").S("", "250 3.0.0 fine\r\n").extended()},
        {extended("NOOP", "250 3.0.0 fine\r\n"), extended("NOOP", "550 1.1.1 no\r\n"), extended("RCPT TO:<a>", "550 5.1.1000 no\r\n"),
         extended("RCPT TO:<a>", "550 5.0001.1 no\r\n"), extended("NOOP", "250 2.9.0 fine\r\n"), extended("NOOP", "250 2.8.0\r\n")}}},
      {"rules/status-registered",
       {{extended("NOOP", "250 2.0.0 fine\r\n"), extended("RCPT TO:<a>", "550 5.1.10 no\r\n"), extended("RCPT TO:<a>", "550 5.7.30 no\r\n"),
         extended("NOOP", "250 2.9.0 fine\r\n"), said("NOOP", "250 2.0.9 fine\r\n"), extended("NOOP", "250 fine\r\n")},
        {extended("NOOP", "250 2.0.9 fine\r\n"), extended("RCPT TO:<a>", "550 5.7.60 no\r\n"),
         extended("RCPT TO:<a>", "550 5.1.11 no\r\n")}}},
      {"rules/status-not-in-334",
       {{said("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n")},
        {said("AUTH LOGIN", "334 5.7.0 VXNlcm5hbWU6\r\n"), said("AUTH LOGIN", "334 2.7.0\r\n")}}},
  };
}

TEST(Rules, EachHasSamplesAndASampleItsRule) {
  const auto all = samples();
  for (const Rule& rule : rules()) EXPECT_TRUE(all.count(rule.name)) << rule.name << " has no sample";
  for (const auto& [name, sample] : all) EXPECT_NE(find_rule(name), nullptr) << name << " is no rule";
  for (const auto& [name, sample] : all) EXPECT_FALSE(sample.lawful.empty() || sample.broken.empty()) << name;
  EXPECT_EQ(find_rule("rules/none"), nullptr);
}

TEST(Rules, LawfulSessionsBreakNone) {
  for (const auto& [name, sample] : samples())
    for (const Talk& talk : sample.lawful) {
      const auto findings = judge_rules(nullptr, sample.role, talk.transcript(), registry()).findings;
      // What is shown is lawful for this rule; a text may be at odds with another one.
      for (const Finding& finding : findings)
        EXPECT_NE(finding.rule, name) << finding.came << "\n" << talk.transcript().entries.back().shown();
    }
  // A rule is silent because it looked, not because it looked away.
  for (const auto& [name, sample] : samples())
    EXPECT_TRUE(std::any_of(sample.lawful.begin(), sample.lawful.end(), [&, rule = find_rule(name)](const Talk& talk) {
      return judge_rules(nullptr, sample.role, talk.transcript(), registry()).replies.count(rule) > 0;
    })) << name;
  for (const char* lawful : {"rules/reply-ends-in-crlf", "rules/nothing-behind-221", "rules/status-code", "rules/ehlo-lines"})
    EXPECT_TRUE(judge_rules(nullptr, Role::relay, samples()[lawful].lawful.front().transcript(), registry()).findings.empty()) << lawful;
}

TEST(Rules, BrokenSessionsAreFoundOut) {
  for (const auto& [name, sample] : samples()) {
    const Rule* rule = find_rule(name);
    ASSERT_NE(rule, nullptr);
    const auto watched = requirements_of(*rule);
    for (const auto& id : watched) ASSERT_NE(registry().find(id), nullptr) << name << " " << id;
    for (const Talk& talk : sample.broken) {
      const std::string shown = talk.transcript().entries.back().shown(100);
      const auto findings = judge_rules(nullptr, sample.role, talk.transcript(), registry()).findings;
      const auto it = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) { return finding.rule == name; });
      ASSERT_NE(it, findings.end()) << name << " does not see " << shown;
      EXPECT_TRUE(std::is_permutation(it->requirements.begin(), it->requirements.end(), watched.begin(), watched.end()));
      const auto* requirement = registry().find(it->requirements.front());
      EXPECT_EQ(it->level, requirement->level);
      EXPECT_EQ(it->by_letter, requirement->by_letter.has_value());
      EXPECT_EQ(it->expected, rule->title);
      EXPECT_FALSE(it->came.empty());
      EXPECT_LT(it->came.size(), 400u);
      ASSERT_GE(it->entry, 0);
      EXPECT_EQ(talk.transcript().entries.at(static_cast<std::size_t>(it->entry)).kind, Entry::Kind::reply);
      for (const char octet : it->came) EXPECT_GE(static_cast<unsigned char>(octet), 0x20) << name << ": " << it->came;
    }
  }
}

// A rule is broken once a session, however often; and the worst of it counts.
TEST(Rules, OneFindingASession) {
  const auto twice = said("NOOP", "250 a\n").C("NOOP\r\n").S("NOOP", "250 b\n");
  EXPECT_EQ(judge_rules(nullptr, Role::relay, twice.transcript(), registry()).findings.size(), 1u);
  const auto verdict = [](const Talk& talk) {
    for (const Finding& finding : judge_rules(nullptr, Role::relay, talk.transcript(), registry()).findings)
      if (finding.rule == "rules/ehlo-lines") return finding.verdict;
    return Verdict::pass;
  };
  const auto near_miss = verdict(hello("250 AUTH=PLAIN\r\n"));
  EXPECT_EQ(near_miss, Verdict::deviation);
  EXPECT_GT(verdict(hello("250-AUTH=PLAIN\r\n250 X_THING\r\n")), near_miss) << "a near miss hides nothing behind it";
  EXPECT_GT(verdict(hello("250 AUTH=PLAIN\r\n").C("EHLO x\r\n").S("EHLO", "250-mx.example.test\r\n250 X_THING\r\n")), near_miss);
}

// What a rule is about is counted, so that one that saw nothing of it can say so.
TEST(Rules, WhatTheyAreAbout) {
  const auto talk = said("NOOP", "250 fine\r\n").C("NOOP\r\n").S("NOOP", "250 fine\r\n");
  const auto replies = judge_rules(nullptr, Role::relay, talk.transcript(), registry()).replies;
  EXPECT_EQ(replies.at(find_rule("rules/reply-ends-in-crlf")), 3u);
  EXPECT_EQ(replies.at(find_rule("rules/greeting-domain")), 1u);
  for (const char* unseen : {"rules/ehlo-lines", "rules/421-closes", "rules/status-code", "rules/starttls-alone"})
    EXPECT_EQ(replies.count(find_rule(unseen)), 0u) << unseen;
}

// Which of its requirements a reply broke is the finding's first.
TEST(Rules, OneRuleMayWatchSeveralRequirements) {
  const auto broken = [](const std::string& rule, const Talk& talk) {
    for (const Finding& finding : judge_rules(nullptr, Role::relay, talk.transcript(), registry()).findings)
      if (finding.rule == rule) return std::pair{finding.requirements.front(), finding.verdict};
    return std::pair{std::string(), Verdict::pass};
  };
  using Broken = std::pair<std::string, Verdict>;
  EXPECT_EQ(requirements_of(*find_rule("rules/reply-code-known")), (std::vector<std::string>{"RFC5321-4.2-3", "RFC5321-4.3.2-3"}));
  EXPECT_EQ(broken("rules/blank-without-text", said("NOOP", "250\r\n")), (Broken{"RFC5321-4.2.1-3", Verdict::deviation}));
  EXPECT_EQ(broken("rules/blank-without-text", said("AUTH PLAIN", "334\r\n")), (Broken{"RFC4954-4-P3", Verdict::deviation}));
  const std::string vrfy = "rules/vrfy-shows-usable-address";
  EXPECT_EQ(broken(vrfy, said("VRFY a", "250 <a>\r\n")), (Broken{"RFC5321-3.5.2-4", Verdict::fail}));
  EXPECT_EQ(broken(vrfy, said("VRFY a", "250 <a@localhost>\r\n")), (Broken{"RFC5321-3.5.2-1", Verdict::deviation}));
  EXPECT_EQ(broken(vrfy, said("VRFY a", "250 <@x.test:a@b.test>\r\n")), (Broken{"RFC5321-3.5.2-6", Verdict::fail}));
}

// How grave: the near misses of rules whose requirement is a MUST.
TEST(Rules, NearMisses) {
  const auto verdict = [](const std::string& rule, const Talk& talk) {
    for (const Finding& finding : judge_rules(nullptr, Role::relay, talk.transcript(), registry()).findings)
      if (finding.rule == rule) return finding.verdict;
    return Verdict::pass;
  };
  EXPECT_EQ(verdict("rules/status-range", extended("NOOP", "250 3.0.0 fine\r\n")), Verdict::fail);
  EXPECT_EQ(verdict("rules/status-range", extended("NOOP", "250 2.8.0 fine\r\n")), Verdict::deviation);
  EXPECT_EQ(verdict("rules/own-name-qualified", greeted("220 mx ready\r\n")), Verdict::deviation);
  EXPECT_EQ(verdict("rules/reply-in-its-state", said("NOOP", "501 no argument\r\n")), Verdict::deviation);
  EXPECT_EQ(verdict("rules/reply-in-its-state", said("NOOP", "500 what\r\n")), Verdict::fail);
  EXPECT_EQ(verdict("rules/ehlo-keywords-registered", hello("250 FROBNICATE\r\n")), Verdict::deviation);
  EXPECT_EQ(verdict("rules/challenge-is-base64", said("AUTH LOGIN", "334 VXNlcm5hbWU6 \r\n")), Verdict::deviation);
  EXPECT_EQ(verdict("rules/challenge-is-base64", said("AUTH LOGIN", "334 Username:\r\n")), Verdict::fail);
}

// A code that was made up is one finding, not two.
TEST(Rules, AnInventedCodeIsNamedOnce) {
  const auto findings = judge_rules(nullptr, Role::relay, said("NOOP", "259 fine\r\n").transcript(), registry()).findings;
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "rules/reply-code-known");
}

TEST(Rules, Exemptions) {
  auto test = script::parse_case(
      "title: t\ncovers: [NONE-1-1]\nexempt: {rules/reply-ends-in-crlf: on purpose}\ndialogue: |\n  C: NOOP\n  S: 250\n", "t", "t.yaml");
  ASSERT_TRUE(test);
  const auto talk = said("NOOP", "251 a\n");
  const auto findings = judge_rules(&*test, Role::relay, talk.transcript(), registry()).findings;
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "rules/reply-in-the-table");
  EXPECT_EQ(findings[0].place.file, "t.yaml");
}

// --- cases ------------------------------------------------------------------------------------------------------------------

Came reply(const std::string& octets) {
  smtp::ReplyParser parser;
  return {.kind = Came::Kind::reply, .reply = own(*parser.next(octets), octets)};
}
const Came close{.kind = Came::Kind::close}, nothing{.kind = Came::Kind::nothing}, no_tls{.kind = Came::Kind::no_tls},
    not_connected{.kind = Came::Kind::not_connected, .detail = "connection refused"};

struct Play {
  std::string header = "start: connected";
  std::string dialogue;
  std::vector<Came> came;  // in the order of the expectations
  session::Duration waited{};
  session::Duration deadline = 10s;
  Role role = Role::relay;
};

script::Case case_of(const Play& play) {
  std::string text = "title: t\n" + std::string(play.header.find("covers:") == std::string::npos ? "covers: [NONE-1-1, NONE-2-2]\n" : "") +
                     play.header + "\ndialogue: |\n  ";
  for (const char c : play.dialogue) text += c == '\n' ? std::string("\n  ") : std::string(1, c);
  const auto test = script::parse_case(text, "t", "t.yaml");
  EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
  return *test;
}

// Meets each expectation with what came, as the session does.
Judgement judge(const Play& play, const script::Registry& known = {}) {
  const auto test = case_of(play);
  const script::Facts facts{{{"client", "c.test"}, {"sender", "s@c.test"}, {"recipient", "r@s.test"}}};
  const auto plan = script::make_plan(test, test.dialogue, test.rows.front(), play.role, facts);
  EXPECT_TRUE(plan) << (plan ? "" : to_string(plan.error()));
  session::Transcript transcript;
  session::Captures captures;
  transcript.complete = true;
  std::size_t next = 0;
  std::string command = "greeting";
  for (std::size_t i = 0; i < plan->moves.size(); ++i) {
    const script::Move& move = plan->moves[i];
    for (const auto& segment : move.segments) {
      transcript.entries.push_back({.kind = Entry::Kind::sent, .octets = segment.octets, .reply = {}});
      const std::string word = segment.octets.substr(0, segment.octets.find_first_of(" \r\n"));
      command = move.is_data && word != "BDAT" ? "." : word;
    }
    if (move.step.kind != script::Step::Kind::expect) continue;
    if (next == play.came.size()) {
      transcript.complete = false;
      break;
    }
    const Came& came = play.came[next++];
    const int tier = match(move.step.expect, came, true, captures);
    transcript.outcomes.push_back({i, came, tier, transcript.entries.size(), play.waited, play.deadline});
    if (came.kind == Came::Kind::reply)
      transcript.entries.push_back({.kind = Entry::Kind::reply, .octets = {}, .reply = came.reply, .command = command});
    if (tier < 0) {
      transcript.complete = false;
      break;
    }
  }
  EXPECT_EQ(next, play.came.size());
  return judge_case(test, *plan, transcript, known);
}

TEST(JudgeCase, Pass) {
  const auto j = judge({.dialogue = "C: NOOP\nS: 250", .came = {reply("250 fine\r\n")}});
  EXPECT_EQ(j.verdict, Verdict::pass);
  EXPECT_EQ(j.summary, "");
  EXPECT_TRUE(j.findings.empty());
}

TEST(JudgeCase, LevelsGradeAMismatch) {
  for (const auto& [level, verdict] : {std::pair{"MUST", Verdict::fail}, {"SHOULD", Verdict::deviation}, {"MAY", Verdict::observed}}) {
    const auto j = judge({std::string("start: connected\nlevel: ") + level, "C: NOOP\nS: 250", {reply("500 what?\r\n")}});
    EXPECT_EQ(j.verdict, verdict);
    EXPECT_EQ(j.summary, "NOOP: expected 250, but came 500 what?");
    ASSERT_EQ(j.findings.size(), 1u);
    EXPECT_EQ(j.findings[0].verdict, verdict);
    EXPECT_EQ(j.findings[0].rule, "t");
    EXPECT_EQ(j.findings[0].requirements, (std::vector<std::string>{"NONE-1-1", "NONE-2-2"}));
    EXPECT_EQ(j.findings[0].place, (Place{"t.yaml", 7, 3}));
    EXPECT_EQ(j.findings[0].entry, 1);
  }
}

TEST(JudgeCase, TiersGradeAnAnswer) {
  const std::string dialogue =
      "C: NOOP\nS: 250, else 251 is observed as other, else 252 is observed, else 253 is a deviation, else 254 is inconclusive";
  const auto verdict = [&](const char* octets) { return judge({.dialogue = dialogue, .came = {reply(octets)}}); };
  EXPECT_EQ(verdict("250 a\r\n").verdict, Verdict::pass);
  EXPECT_EQ(verdict("251 a\r\n").verdict, Verdict::observed);
  EXPECT_EQ(verdict("251 a\r\n").choice, "other");
  EXPECT_EQ(verdict("251 a\r\n").summary, "other: 251 a");
  EXPECT_EQ(verdict("253 a\r\n").verdict, Verdict::deviation);
  EXPECT_EQ(verdict("253 a\r\n").findings.size(), 1u);
  EXPECT_EQ(verdict("254 a\r\n").verdict, Verdict::inconclusive);
  EXPECT_TRUE(verdict("254 a\r\n").findings.empty());
  EXPECT_FALSE(verdict("254 a\r\n").policy) << "the case says so; another try would change nothing";
  EXPECT_EQ(verdict("550 a\r\n").verdict, Verdict::fail);
}

TEST(JudgeCase, TheWorstCounts) {
  const std::string dialogue = "C: NOOP\nS: 250, else 251 is a deviation\nC: RSET\nS: 250, else 251 is observed as other";
  const auto j = judge({.dialogue = dialogue, .came = {reply("251 a\r\n"), reply("251 b\r\n")}});
  EXPECT_EQ(j.verdict, Verdict::deviation);
  EXPECT_NE(j.summary.find("251 a"), std::string::npos) << j.summary;
  EXPECT_EQ(j.findings.size(), 2u);
  EXPECT_EQ(j.choice, "other");
  const auto fails = judge({.dialogue = dialogue, .came = {reply("251 a\r\n"), reply("500 b\r\n")}});
  EXPECT_EQ(fails.verdict, Verdict::fail);
  EXPECT_NE(fails.summary.find("500 b"), std::string::npos) << fails.summary;
}

TEST(JudgeCase, TemporaryRefusalsHideTheAnswer) {
  for (const char* octets : {"421 bye\r\n", "450 later\r\n"}) {
    const auto j = judge({.dialogue = "C: NOOP\nS: 250", .came = {reply(octets)}});
    EXPECT_EQ(j.verdict, Verdict::inconclusive);
    EXPECT_TRUE(j.policy);
    EXPECT_TRUE(j.findings.empty());
  }
  EXPECT_EQ(judge({.dialogue = "C: NOOP\nS: 4yz", .came = {reply("450 later\r\n")}}).verdict, Verdict::pass) << "unless it is listed";
  EXPECT_EQ(judge({.dialogue = "C: NOOP\nS: 250, else 450 is a deviation", .came = {reply("450 later\r\n")}}).verdict, Verdict::deviation);
}

struct Quiet {
  const char* header;
  const char* dialogue;
  std::vector<Came> before;
  session::Duration grants;
  const char *step, *expected;
};

TEST(JudgeCase, SilenceProvesNothingBeforeItsTime) {
  for (const Quiet& quiet : std::vector<Quiet>{
           {"start: connected", "S: 220", {}, 5min, "greeting", "220"},
           {"start: connected", "C: NOOP\nS: 250", {}, 5min, "after NOOP", "250"},
           {"start: connected", "C: DATA\nS: 354", {}, 2min, "after DATA", "354"},
           {"start: connected", "C: data\nS: 354", {}, 2min, "after data", "354"},
           {"start: connected", "C: DATA\nS: 354\ncontent:\n  a\nS: 250", {reply("354 go\r\n")}, 10min, "after the end of data", "250"},
           {"start: connected", "bdat last: a\nS: 250", {}, 10min, "after BDAT", "250"},
       })
    for (const session::Duration deadline : {session::Duration(30s), session::Duration(quiet.grants)}) {
      SCOPED_TRACE(quiet.dialogue + (" after " + script::print_duration(deadline)));
      Play play{quiet.header, quiet.dialogue, quiet.before};
      play.came.push_back(nothing);
      play.waited = play.deadline = deadline;
      const auto j = judge(play);
      EXPECT_EQ(j.verdict, deadline < quiet.grants ? Verdict::inconclusive : Verdict::fail) << j.summary;
      if (deadline < quiet.grants) {
        EXPECT_EQ(j.summary, std::string(quiet.step) + ": expected " + quiet.expected +
                                 ", but nothing came within 30s; RFC 5321 section 4.5.3.2 grants " + script::print_duration(quiet.grants));
      }
    }
  Play half{.dialogue = "C: NOOP\nS: 250", .came = {{.kind = Came::Kind::nothing, .detail = "only a part of a reply came"}}};
  half.waited = half.deadline = 1s;
  EXPECT_EQ(judge(half).summary,
            "after NOOP: expected 250, but only a part of a reply came within 1s; RFC 5321 section 4.5.3.2 grants 5min");
  EXPECT_EQ(judge({.dialogue = "C: NOOP\nS: nothing", .came = {nothing}}).verdict, Verdict::pass);
}

TEST(JudgeCase, Closes) {
  const auto j = judge({.dialogue = "C: NOOP\nS: 250", .came = {close}});
  EXPECT_EQ(j.verdict, Verdict::fail);
  EXPECT_EQ(j.summary, "after NOOP: expected 250, but the connection was closed");
  EXPECT_EQ(judge({.dialogue = "C: NOOP\nS: close", .came = {close}}).verdict, Verdict::pass);
}

TEST(JudgeCase, NoConnectionAccusesNobody) {
  const auto j = judge({.dialogue = "S: 220", .came = {not_connected}});
  EXPECT_EQ(j.verdict, Verdict::inconclusive);
  EXPECT_TRUE(j.no_greeting);
  EXPECT_EQ(j.summary, "no connection: connection refused");
}

// What hides the answer is told with its step: which command, what was expected, what came.
TEST(JudgeCase, AnInconclusiveResultNamesItsStep) {
  const std::string dialogue = "C: VRFY a\nS: 250, else 551 is inconclusive\nC: RSET\nS: 250";
  EXPECT_EQ(judge({.dialogue = dialogue, .came = {reply("551 elsewhere\r\n"), reply("250 fine\r\n")}}).summary,
            "VRFY: expected 250, else 551 is inconclusive, but came 551 elsewhere");
  EXPECT_EQ(judge({.dialogue = dialogue, .came = {reply("250 fine\r\n"), reply("450 later\r\n")}}).summary,
            "a temporary refusal hides the answer; RSET: expected 250, but came 450 later");
  EXPECT_EQ(judge({.dialogue = "content:\n  a\nS: 250, else 552 is inconclusive", .came = {reply("552 full\r\n")}}).summary,
            "end of data: expected 250, else 552 is inconclusive, but came 552 full");
  EXPECT_EQ(judge({.dialogue = "S: 220, else 554 is a failure", .came = {reply("554 no\r\n")}}).summary,
            "greeting: expected 220, else 554 is a failure, but came 554 no");
  EXPECT_EQ(judge({.dialogue = "raw: NOOP\\0\\r\\n\nS: 500", .came = {reply("250 fine\r\n")}}).summary,
            "NOOP\\0: expected 500, but came 250 fine");
  EXPECT_EQ(judge({.dialogue = "C: NOOP\nS: 250, else close is a failure", .came = {close}}).summary,
            "after NOOP: expected 250, else close is a failure, but the connection was closed");
}

TEST(JudgeCase, APreambleThatFailsHidesTheAnswer) {
  const Play play{"start: ehlo", "C: NOOP\nS: 250", {reply("220 x\r\n"), reply("550 no\r\n")}};
  const auto j = judge(play);
  EXPECT_EQ(j.verdict, Verdict::inconclusive);
  EXPECT_EQ(j.summary, "the state 'ehlo' was not reached: EHLO: expected 250, but came 550 no");
  EXPECT_FALSE(j.policy);
  EXPECT_FALSE(j.no_greeting);
  EXPECT_TRUE(j.findings.empty());
  EXPECT_TRUE(judge({"start: ehlo", "C: NOOP\nS: 250", {reply("421 x\r\n")}}).policy);
}

TEST(JudgeCase, TheTargetThatDoesNotGreet) {
  EXPECT_TRUE(judge({"start: greeted", "C: NOOP\nS: 250", {nothing}}).no_greeting);
  EXPECT_TRUE(judge({"start: greeted", "C: NOOP\nS: 250", {not_connected}}).no_greeting);
  EXPECT_FALSE(judge({"start: ehlo", "C: NOOP\nS: 250", {reply("220 x\r\n"), nothing}}).no_greeting);
  EXPECT_FALSE(judge({"start: greeted", "C: NOOP\nS: 250", {reply("220 \r\n"), nothing}}).no_greeting);
  EXPECT_FALSE(judge({"start: greeted", "C: NOOP\nS: 250", {close}}).no_greeting) << "somebody is there";
  // TLS comes before the greeting there.
  EXPECT_TRUE(judge({.header = "start: greeted", .dialogue = "C: NOOP\nS: 250", .came = {no_tls}, .role = Role::submissions}).no_greeting);
}

TEST(JudgeCase, AnExpectationMayStandForAnotherRequirement) {
  const auto j = judge({.dialogue = "C: NOOP\nS: 250 [NONE-2-2]", .came = {reply("500 no\r\n")}});
  ASSERT_EQ(j.findings.size(), 1u);
  EXPECT_EQ(j.findings[0].requirements, (std::vector<std::string>{"NONE-2-2", "NONE-1-1"}));
}

TEST(JudgeCase, ByLetter) {
  script::Registry known;
  ASSERT_TRUE(
      known.add("rfc: 5321\ntitle: SMTP\nrequirements:\n  1-1:\n    level: MUST\n    subject: server\n    observable: wire\n"
                "    says: x\n    check: y\n    by-letter: {since: 2026-01-01, reason: nobody does it}\n",
                "rfc5321.yaml"));
  const auto j = judge({"start: connected\ncovers: [RFC5321-1-1]", "C: NOOP\nS: 250", {reply("500 no\r\n")}}, known);
  ASSERT_EQ(j.findings.size(), 1u);
  EXPECT_TRUE(j.findings[0].by_letter);
}

TEST(JudgeCase, AtTheLevelMayItOnlyRecords) {
  const auto judging = [](const char* level, const char* dialogue) {
    const auto test = script::parse_case(
        "title: t\ncovers: [RFC5321-4.1.1.9-P1]\nlevel: " + std::string(level) + "\nstart: ehlo\ndialogue: |\n  " + dialogue + "\n", "a",
        "a.yaml");
    EXPECT_TRUE(test) << (test ? "" : to_string(test.error()));
    return test && judges(*test, registry());
  };
  EXPECT_TRUE(judging("SHOULD", "C: NOOP\n  S: 250"));
  EXPECT_TRUE(judging("MUST", "times 2:\n    C: NOOP\n    S: 250"));
  EXPECT_TRUE(judging("MAY", "C: NOOP\n  S: 250, else 5yz is a deviation"));
  EXPECT_FALSE(judging("MAY", "C: NOOP\n  S: 250, else 5yz is observed as refuses, else 4yz is inconclusive"));
  EXPECT_FALSE(judging("MUST", "C: NOOP"));
}

TEST(JudgeRules, AtTheLevelMayTheyOnlyRecord) {
  EXPECT_TRUE(judges(*find_rule("rules/reply-first-digit"), registry()));
  EXPECT_FALSE(judges(*find_rule("rules/421-closes"), registry()));
}

TEST(JudgeCase, WhatBrokeOffProvesNothing) {
  const Play play{.dialogue = "C: NOOP\nS: 250\nC: RSET\nS: 250", .came = {reply("250 fine\r\n")}};
  const auto j = judge(play);
  EXPECT_EQ(j.verdict, Verdict::inconclusive);
  EXPECT_EQ(j.summary, "the session was broken off before its end");
}

TEST(JudgeCase, WhatTheServerDidNotSayLeavesNothingToAsk) {
  const auto test = case_of({.dialogue = "C: MAIL FROM:<> SIZE={size-limit}\nS: 250"});
  const auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, {});
  session::Transcript transcript;
  transcript.unmet = "the EHLO reply gave no number for SIZE";
  const auto j = judge_case(test, *plan, transcript, {});
  EXPECT_EQ(j.verdict, Verdict::skip);
  EXPECT_EQ(j.summary, transcript.unmet);
  EXPECT_TRUE(j.findings.empty());
}

TEST(JudgeCase, ARestartThatFailed) {
  const auto test = case_of({.dialogue = "do: restart target\nC: NOOP\nS: 250"});
  const auto plan = script::make_plan(test, test.dialogue, test.rows.front(), Role::relay, {});
  session::Transcript transcript;
  transcript.complete = true;
  transcript.target_restart_failed = true;
  EXPECT_EQ(judge_case(test, *plan, transcript, {}).verdict, Verdict::inconclusive);
}

TEST(Judge, Names) {
  EXPECT_EQ(to_string(Verdict::pass), "pass");
  EXPECT_EQ(to_string(Verdict::error), "error");
  EXPECT_EQ(lawful_wait("DATA"), 2min);
  EXPECT_EQ(lawful_wait("."), 10min);
  EXPECT_EQ(lawful_wait("MAIL"), 5min);
  EXPECT_EQ(lawful_wait(""), 5min);
}

TEST(Describe, Replies) {
  EXPECT_EQ(describe(reply("250 fine\r\n")), "250 fine");
  EXPECT_EQ(describe(reply("250-a\r\n250-b\r\n250 c\r\n")), "250-a (and 2 more lines)");
  EXPECT_EQ(describe(reply("250-a\r\n250 b\r\n")), "250-a (and 1 more line)");
  EXPECT_EQ(describe(reply("\r\n")), "an empty line");
  EXPECT_EQ(describe(reply("250 a\rb\r\n")), R"(250 a\rb)");
  EXPECT_EQ(describe(reply("250 \x1b[2J\r\n")), R"(250 \x1b[2J)");
  EXPECT_EQ(describe(reply("250 " + std::string(1000, 'x') + "\r\n")).size(), 120u);
  EXPECT_EQ(describe(close), "the connection was closed");
  EXPECT_EQ(describe(nothing), "nothing came");
  EXPECT_EQ(describe(not_connected), "no connection: connection refused");
  EXPECT_EQ(describe(Came{.kind = Came::Kind::tls, .tls = {12, "", {}}}), "TLS 1.2 was set up");
}

}  // namespace
}  // namespace smtpspec::judge
