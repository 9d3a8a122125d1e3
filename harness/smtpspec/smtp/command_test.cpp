#include "smtpspec/smtp/command.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "smtpspec/smtp/lines.hpp"
#include "test/naive.hpp"

namespace smtpspec::smtp {
namespace {

using namespace std::string_view_literals;
using enum CommandFault;

// --- good lines -----------------------------------------------------------------------------------------------------

TEST(Command, GoodLinesAreReadAndPrintedInCanonicalForm) {
  struct {
    std::string_view line;
    Verb verb;
    std::string_view printed;
  } const rows[] = {
      {"ehlo mx.Example.test", Verb::ehlo, "EHLO mx.Example.test"},
      {"EHLO [127.0.0.1]", Verb::ehlo, "EHLO [127.0.0.1]"},
      {"EHLO [IPv6:2001:db8::1]", Verb::ehlo, "EHLO [IPv6:2001:db8::1]"},
      {"HeLo a", Verb::helo, "HELO a"},
      {"LHLO a.example", Verb::lhlo, "LHLO a.example"},
      {"mail from:<A@B.example> size=10 Body=8bitMime", Verb::mail, "MAIL FROM:<A@B.example> SIZE=10 BODY=8bitMime"},
      {"MAIL FROM:<>", Verb::mail, "MAIL FROM:<>"},
      {"MAIL FROM:<@a,@b:c@d> SMTPUTF8 ", Verb::mail, "MAIL FROM:<@a,@b:c@d> SMTPUTF8"},
      {"RCPT TO:<\"a b\"@c>   ", Verb::rcpt, "RCPT TO:<\"a b\"@c>"},
      {"rcpt To:<postMaster>", Verb::rcpt, "RCPT TO:<postMaster>"},
      {"RCPT TO:<a@[x:y]> ORCPT=rfc822;a+2Bb@c", Verb::rcpt, "RCPT TO:<a@[x:y]> ORCPT=rfc822;a+2Bb@c"},
      {"data", Verb::data, "DATA"},
      {"DATA  ", Verb::data, "DATA"},
      {"Bdat 0010 last", Verb::bdat, "BDAT 10 LAST"},
      {"BDAT 0", Verb::bdat, "BDAT 0"},
      {"BDAT 99999999999999999999", Verb::bdat, "BDAT 18446744073709551615"},
      {"rset", Verb::rset, "RSET"},
      {"vrfy a@b", Verb::vrfy, "VRFY a@b"},
      {"expn my list", Verb::expn, "EXPN my list"},
      {"help", Verb::help, "HELP"},
      {"HELP mail", Verb::help, "HELP mail"},
      {"noop", Verb::noop, "NOOP"},
      {"noop  two blanks ", Verb::noop, "NOOP  two blanks"},
      {"quit", Verb::quit, "QUIT"},
      {"StartTLS", Verb::starttls, "STARTTLS"},
      {"auth plain AGEAYg==", Verb::auth, "AUTH PLAIN AGEAYg=="},
      {"AUTH PLAIN =", Verb::auth, "AUTH PLAIN ="},
      {"AUTH x-y_9", Verb::auth, "AUTH X-Y_9"},
      {"etrn b.example", Verb::etrn, "ETRN b.example"},
  };
  std::set<Verb> seen;
  for (const auto& row : rows) {
    const Command command = parse_command(row.line);
    ASSERT_TRUE(command) << row.line << ": " << to_string(command.fault);
    EXPECT_EQ(to_string(command.verb), to_string(row.verb)) << row.line;
    EXPECT_EQ(print_command(command, row.line), row.printed);
    seen.insert(command.verb);
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(Verb::etrn)) << "a row for each verb that is known";
}

TEST(Command, PartsAreOffsetsIntoTheLine) {
  const std::string_view line = "Mail From:<@r:a@b> size=7 SMTPUTF8 X-y=z";
  const Command mail = parse_command(line);
  EXPECT_EQ(mail.verb_text.in(line), "Mail");
  EXPECT_EQ(mail.argument.in(line), "From:<@r:a@b> size=7 SMTPUTF8 X-y=z");
  EXPECT_EQ(mail.path.all.in(line), "<@r:a@b>");
  EXPECT_EQ(mail.path.route.in(line), "@r");
  EXPECT_EQ(mail.path.local.in(line), "a");
  EXPECT_EQ(mail.path.domain.in(line), "b");
  ASSERT_EQ(mail.params.size(), 3);
  EXPECT_EQ(mail.param(line, "SIZE")->value.in(line), "7");
  EXPECT_FALSE(mail.param(line, "smtputf8")->has_value);
  EXPECT_EQ(mail.param(line, "x-Y")->keyword.in(line), "X-y");
  EXPECT_EQ(mail.param(line, "BODY"), nullptr);

  const std::string_view login = "AUTH PLAIN =";
  const Command auth = parse_command(login);
  EXPECT_EQ(auth.mechanism.in(login), "PLAIN");
  EXPECT_EQ(auth.initial->in(login), "=");
  EXPECT_FALSE(parse_command("AUTH PLAIN ").initial) << "a trailing blank is no empty response: that is '='";

  const Command chunk = parse_command("BDAT 86 LAST");
  EXPECT_EQ(chunk.chunk_size, 86u);
  EXPECT_TRUE(chunk.last);
}

// --- bad lines ------------------------------------------------------------------------------------------------------

TEST(Command, FaultsAreNamedAndPlaced) {
  struct {
    std::string line;
    CommandFault fault;
    std::uint32_t at;
    AddressFault address = AddressFault::none;
  } const rows[] = {
      {"", empty, 0},
      {"   ", empty, 0},
      {" NOOP", unknown_verb, 0},
      {"NOOP\tx", unknown_verb, 0},
      {"NOOPX", unknown_verb, 0},
      {"MAIL", no_argument, 4},
      {"EHLO ", no_argument, 4},
      {"RCPT  ", no_argument, 4},
      {"VRFY", no_argument, 4},
      {"EXPN", no_argument, 4},
      {"ETRN", no_argument, 4},
      {"AUTH", no_argument, 4},
      {"DATA now", unwanted_argument, 5},
      {"RSET x", unwanted_argument, 5},
      {"QUIT x", unwanted_argument, 5},
      {"STARTTLS x", unwanted_argument, 9},
      {"EHLO foo_bar", bad_domain, 8, AddressFault::bad_domain},
      {"HELO a b", bad_domain, 6, AddressFault::bad_domain},
      {"EHLO [1.2.3]", bad_domain, 6, AddressFault::bad_literal},
      {"EHLO \xc3\xa9", bad_domain, 5, AddressFault::eight_bit},
      {"MAIL TO:<a@b>", no_from_or_to, 5},
      {"MAIL  FROM:<a@b>", no_from_or_to, 5},
      {"MAIL FROM :<a@b>", no_from_or_to, 5},
      {"RCPT FROM:<a@b>", no_from_or_to, 5},
      {"RCPT TO", no_from_or_to, 5},
      {"MAIL FROM: <a@b>", bad_path, 10, AddressFault::no_opening_bracket},
      {"MAIL FROM:a@b", bad_path, 10, AddressFault::no_opening_bracket},
      {"MAIL FROM:", bad_path, 10, AddressFault::no_opening_bracket},
      {"MAIL FROM:<a..b@c>", bad_path, 13, AddressFault::bad_local_part},
      {"MAIL FROM:<postmaster>", bad_path, 21, AddressFault::no_domain},  // section 4.1.1.3: RCPT alone takes it
      {"RCPT TO:<alice>", bad_path, 14, AddressFault::no_domain},
      {"RCPT TO:<>", bad_path, 8, AddressFault::bad_local_part},
      {"RCPT TO:<a@b", bad_path, 12, AddressFault::no_closing_bracket},
      {"MAIL FROM:<a@b>SIZE=1", bad_parameter, 15},
      {"MAIL FROM:<a@b>  SIZE=1", bad_parameter, 16},
      {"MAIL FROM:<a@b> -X=1", bad_parameter, 16},
      {"MAIL FROM:<a@b> SIZE=", bad_parameter, 21},
      {"MAIL FROM:<a@b> SIZE=1=2", bad_parameter, 22},
      {"MAIL FROM:<a@b> SIZE=1\x01", bad_parameter, 22},
      {"MAIL FROM:<a@b> X_Y=1", bad_parameter, 17},
      {"MAIL FROM:<a@b> X=\xc3\xa9", bad_parameter, 18},
      {"BDAT", bad_size, 4},
      {"BDAT -1", bad_size, 5},
      {"BDAT 1x", bad_size, 6},
      {"BDAT 100000000000000000000", bad_size, 26},  // chunk-size has at most 20 digits
      {"BDAT LAST", bad_size, 5},
      {"BDAT 1  LAST", bad_end_marker, 7},
      {"BDAT 1 LASTLY", bad_end_marker, 7},
      {"AUTH  PLAIN", bad_mechanism, 5},
      {"AUTH PL@IN", bad_mechanism, 7},
      {"AUTH ABCDEFGHIJKLMNOPQRSTU", bad_mechanism, 5},
      {"AUTH PLAIN a b", bad_initial_response, 11},
      {"NOOP x\rQUIT", bad_string, 6},
      {"VRFY a\x7f", bad_string, 6},
      {"HELP \xff", bad_string, 5},
  };
  std::set<CommandFault> seen;
  for (const auto& row : rows) {
    const Command command = parse_command(row.line);
    EXPECT_EQ(to_string(command.fault), to_string(row.fault)) << spell(row.line);
    EXPECT_EQ(to_string(command.address), to_string(row.address)) << spell(row.line);
    EXPECT_EQ(command.fault_at, row.at) << spell(row.line);
    seen.insert(command.fault);
  }
  seen.insert(none);
  seen.insert(too_many_parameters);
  seen.insert(line_too_long);
  for (int i = 0; i <= static_cast<int>(line_too_long); ++i) {
    const auto fault = static_cast<CommandFault>(i);
    EXPECT_TRUE(seen.count(fault)) << to_string(fault) << " has no row";
    EXPECT_NE(to_string(fault), "");
    EXPECT_EQ(section_of(fault).starts_with("RFC "), fault != none) << to_string(fault);
  }
}

TEST(Command, TakesSixteenParametersAndNoMore) {
  std::string line = "MAIL FROM:<a@b>";
  for (int i = 1; i <= 16; ++i) line += " X" + std::to_string(i);
  EXPECT_TRUE(parse_command(line));
  const std::size_t at = line.size() + 1;
  line += " ONE=MORE";
  const Command command = parse_command(line);
  EXPECT_EQ(to_string(command.fault), to_string(too_many_parameters));
  EXPECT_EQ(command.fault_at, at);
  EXPECT_EQ(command.params.size(), 16);
}

// What a fault leaves standing can still be used: a server that is lenient, or a person who reads a message, does.
TEST(Command, WhatCouldBeReadIsThereBesideTheFault) {
  const std::string_view line = "RCPT TO:<a@b> NOTIFY=NEVER ORCPT=";
  const Command command = parse_command(line);
  EXPECT_EQ(to_string(command.fault), to_string(bad_parameter));
  EXPECT_EQ(command.path.local.in(line), "a");
  EXPECT_EQ(command.param(line, "NOTIFY")->value.in(line), "NEVER");
}

// --- strictness: the inputs on which SMTP servers' parsers differ -----------------------------------------------------

// What a server that keeps to the letter finds: in the line, in the command, in the values of its parameters.
std::string verdict(std::string_view octets) {
  LineSplitter splitter{LineRules{}};
  const auto line = splitter.next(octets);
  if (!line || line->ending != LineEnding::crlf || line->stray_cr || line->stray_lf) return "bad line";
  const std::string_view text = line->text(octets);
  const Command command = parse_command(text);
  if (!command) return std::string(to_string(command.fault));
  const auto judge = [](const auto& params) { return params.bad >= 0 ? "bad value" : params.unknown >= 0 ? "unknown parameter" : "good"; };
  return command.verb == Verb::mail   ? judge(mail_params(command, text))
         : command.verb == Verb::rcpt ? judge(rcpt_params(command, text))
                                      : "good";
}

TEST(Command, StrictnessIsThatOfTheRfc) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"NOOP\n", "bad line"},
      {"MAIL FROM: <a@b>\r\n", "bad-path"},
      {"MAIL FROM:a@b\r\n", "bad-path"},
      {"MAIL FROM:<>\r\n", "good"},
      {"RCPT TO:<\"a b\"@c>\r\n", "good"},
      {"RCPT TO:<a@[IPv6:2001:db8::1]>\r\n", "good"},
      {"MAIL FROM:<a@b> XFOO=1\r\n", "unknown parameter"},
      {"MAIL FROM:<a@b> SIZE=abc\r\n", "bad value"},
      {std::string("MAIL FROM:<a\0b@c>\r\n"sv), "bad-path"},
      {"MAIL FROM:<a..b@c>\r\n", "bad-path"},
      {"NOOP x\rQUIT\r\n", "bad line"},
      {"EHLO\r\n", "no-argument"},
      {"EHLO foo_bar\r\n", "bad-domain"},
      {"DATA now\r\n", "unwanted-argument"},
      {"MAIL FROM:<\xc3\xa9@b>\r\n", "bad-path"},
      // 64 octets are what every server must take, not the most it may (section 4.5.3.1).
      {"MAIL FROM:<" + std::string(65, 'a') + "@b>\r\n", "good"},
      {"RCPT TO:<>\r\n", "bad-path"},
      {"RCPT TO:<postmaster>\r\n", "good"},
      {"MAIL FROM:<a@b> SIZE=1 SIZE=2\r\n", "bad value"},
      {"NOOP " + std::string(2000, 'x') + "\r\n", "bad line"},
      {"BDAT 10 LAST\r\n", "good"},
      {"EHLO mx.example.test\r\n", "good"},
      {"MAIL FROM:<a@b> SIZE=1000 BODY=8BITMIME\r\n", "good"},
      {"RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE\r\n", "good"},
      {"NOOP " + std::string(505, 'x') + "\r\n", "good"},
      {"NOOP " + std::string(506, 'x') + "\r\n", "bad line"},
  };
  for (const auto& [octets, expected] : rows) EXPECT_EQ(verdict(octets), expected) << spell(octets.substr(0, 80));
}

TEST(Command, EachToleranceIsItsOwn) {
  const std::pair<Tolerance, std::vector<std::string_view>> rows[] = {
      {{.utf8 = true}, {"MAIL FROM:<\xc3\xa9@b>", "MAIL FROM:<a@b> X=\xc3\xa9", "VRFY \xc3\xa9", "EHLO \xc3\xa9.example"}},
      {{.blank_after_colon = true}, {"MAIL FROM: <a@b>", "RCPT TO:  <a@b> NOTIFY=NEVER"}},
      {{.no_brackets = true}, {"MAIL FROM:a@b", "RCPT TO:a@b NOTIFY=NEVER"}},
      {{.bad_dots = true}, {"MAIL FROM:<a..b@c>"}},
      {{.no_domain = true}, {"MAIL FROM:<postmaster>", "RCPT TO:<alice>"}},
      {{.underscore = true}, {"EHLO foo_bar", "MAIL FROM:<a@b_c>"}},
  };
  for (const auto& [tolerance, lines] : rows)
    for (const std::string_view line : lines) {
      EXPECT_FALSE(parse_command(line)) << line;
      for (const auto& [other, others] : rows) EXPECT_EQ(bool(parse_command(line, other)), &others == &lines) << line;
    }
}

TEST(Command, ToleratedUtf8IsStillUtf8) {
  for (const std::string_view line : {"MAIL FROM:<a@b> X=\xff", "VRFY a\xc3", "NOOP \xed\xa0\x80"})
    EXPECT_FALSE(parse_command(line, {.utf8 = true})) << spell(line);
}

// --- all short arguments ------------------------------------------------------------------------------------------------

// Whatever stands there: no place outside the line; and what is accepted is printed, and what is printed is the same
// command, and prints the same.
TEST(Command, PrintIsAFixpointOnAllShortArguments) {
  const naive::Words letters = {"<", ">", "@", "a", ".", "\"", "\\", " ", "[", "]", ":", "=", "1", "-", ",", "\x80"};
  const Tolerance lenient{true, true, true, true, true, true};
  std::size_t accepted = 0;
  for (const auto& [head, tail] : std::initializer_list<std::pair<std::string, std::string>>{{"MAIL FROM:", ""},
                                                                                             {"MAIL FROM:<", ">"},
                                                                                             {"mail from:<a@", "> X=1"},
                                                                                             {"RCPT TO:<> ", ""},
                                                                                             {"MAIL FROM:<a@b>", ""},
                                                                                             {"EHLO ", ""},
                                                                                             {"BDAT ", ""},
                                                                                             {"AUTH ", " ="},
                                                                                             {"", " a"}})
    naive::all_texts(letters, 4, [&](std::string_view argument) {
      if (HasFailure()) return;
      const std::string line = head + std::string(argument) + tail;
      const bool strict = static_cast<bool>(parse_command(line));
      for (const Tolerance& tolerance : {Tolerance{}, lenient}) {
        const Command command = parse_command(line, tolerance);
        ASSERT_LE(command.fault_at, line.size()) << spell(line);
        ASSERT_TRUE(command || !strict || tolerance.utf8) << spell(line) << ": tolerance refuses what the grammar takes";
        if (!command) continue;
        ++accepted;
        const std::string printed = print_command(command, line);
        const Command again = parse_command(printed, tolerance);
        ASSERT_TRUE(again) << spell(line) << " printed as " << spell(printed);
        ASSERT_EQ(print_command(again, printed), printed) << spell(line);
        ASSERT_EQ(again.verb, command.verb);
        ASSERT_EQ(again.path.local.in(printed), command.path.local.in(line));
        ASSERT_EQ(again.path.domain.in(printed), command.path.domain.in(line));
        ASSERT_EQ(again.params.size(), command.params.size());
        ASSERT_EQ(again.chunk_size, command.chunk_size);
      }
    });
  EXPECT_GT(accepted, 1000u);
}

// esmtp-param of RFC 5321 section 4.1.2; blanks at the end of a line are let through (section 4.1.1).
TEST(Command, ParametersAgreeWithTheGrammarOnAllShortTexts) {
  static const std::regex grammar("(?: [A-Za-z0-9][A-Za-z0-9-]*(?:=[!-<>-~]+)?)* *");
  naive::all_texts({" ", "a", "9", "-", "=", "~", "\x7f", "\x80", "\t"}, 6, [](std::string_view text) {
    if (HasFailure()) return;
    ASSERT_EQ(bool(parse_command("MAIL FROM:<>" + std::string(text))), std::regex_match(text.begin(), text.end(), grammar)) << spell(text);
  });
}

// --- values of parameters -----------------------------------------------------------------------------------------------

TEST(MailParams, ValuesAreCheckedByTheirRfc) {
  const std::string most_xtext(100, 'x');
  struct {
    std::string params;
    int bad = -1, unknown = -1;
  } const rows[] = {
      // RFC 1870 section 3: 1*20DIGIT, once.
      {" SIZE=0"},
      {" SIZE=99999999999999999999"},
      {" SIZE=100000000000000000000", 0},
      {" SIZE", 0},
      {" SIZE=1k", 0},
      {" SIZE=123:", 0},
      {" SIZE=/1234567", 0},
      {" SIZE=1 SIZE=1", 1},
      // RFC 6152 section 2, RFC 3030 section 3.
      {" BODY=7bit"},
      {" BODY=8BITMIME"},
      {" BODY=BinaryMime"},
      {" BODY", 0},
      {" BODY=9BIT", 0},
      {" BODY=7BIT BODY=8BITMIME", 1},
      // RFC 6531 section 3.4, RFC 8689 section 2: no value.
      {" SMTPUTF8"},
      {" SMTPUTF8=1", 0},
      {" SMTPUTF8 SMTPUTF8", 1},
      {" REQUIRETLS"},
      {" REQUIRETLS=yes", 0},
      {" REQUIRETLS REQUIRETLS", 1},
      // RFC 4954 section 5: a mailbox as xtext, or <>.
      {" AUTH=<>"},
      {" AUTH=e+3Dmc2@example.test"},
      {" AUTH=a+3d@b", 0},
      {" AUTH=a", 0},
      {" AUTH=a@b+20c", 0},
      {" AUTH=<a@b>", 0},
      {" AUTH=+3Ca@b+3E", 0},
      {" AUTH", 0},
      {" AUTH=<> AUTH=<>", 1},
      // RFC 3461 sections 4.3 and 4.4.
      {" RET=FULL"},
      {" RET=hdrs"},
      {" RET=BODY", 0},
      {" RET", 0},
      {" RET=FULL RET=FULL", 1},
      {" ENVID=QQ314159"},
      {" ENVID=" + most_xtext},
      {" ENVID=" + most_xtext + "x", 0},
      {" ENVID=a+2", 0},
      {" ENVID", 0},
      {" ENVID=a ENVID=b", 1},
      // Section 4.1.1.11: what is not known is answered by another code than what is wrong.
      {" XFOO=1", -1, 0},
      {" SIZE=1 XFOO XBAR", -1, 1},
      {" NOTIFY=NEVER", -1, 0},
      {" XFOO SIZE=x", 1, 0},
      {" SIZE=x BODY=y", 0},
  };
  for (const auto& row : rows) {
    const std::string line = "MAIL FROM:<a@b>" + row.params;
    const Command command = parse_command(line);
    ASSERT_TRUE(command) << line;
    const MailParams params = mail_params(command, line);
    EXPECT_EQ(params.bad, row.bad) << line;
    EXPECT_EQ(params.unknown, row.unknown) << line;
  }
}

TEST(MailParams, AreReadAsValues) {
  const std::string_view line = "MAIL FROM:<a@b> SIZE=70 BODY=BINARYMIME SMTPUTF8 REQUIRETLS AUTH=<> RET=HDRS ENVID=e+20f";
  const MailParams params = mail_params(parse_command(line), line);
  EXPECT_EQ(params.size, 70u);
  EXPECT_EQ(params.body, Body::binary_mime);
  EXPECT_TRUE(params.smtputf8);
  EXPECT_TRUE(params.requiretls);
  EXPECT_EQ(params.auth->in(line), "<>");
  EXPECT_EQ(params.ret->in(line), "HDRS");
  EXPECT_EQ(params.envid->in(line), "e+20f");
  EXPECT_EQ(params.bad, -1);

  const std::string_view most = "MAIL FROM:<> SIZE=99999999999999999999";
  EXPECT_EQ(mail_params(parse_command(most), most).size, ~std::uint64_t{0}) << "saturates";
  // One to nine digits: those of four to eight are read as one word.
  for (std::uint64_t size = 0, digit = 1; digit <= 9; ++digit) {
    size = size * 10 + digit;
    const std::string sized = "MAIL FROM:<> SIZE=" + std::to_string(size);
    EXPECT_EQ(mail_params(parse_command(sized), sized).size, size);
  }
  const MailParams absent = mail_params(parse_command("MAIL FROM:<>"), "MAIL FROM:<>");
  EXPECT_FALSE(absent.size || absent.auth || absent.ret || absent.envid || absent.smtputf8 || absent.requiretls);
  EXPECT_EQ(absent.body, Body::none);
}

// RFC 3461 sections 4.1 and 4.2.
TEST(RcptParams, ValuesAreCheckedByTheirRfc) {
  const std::string most_orcpt = "rfc822;" + std::string(493, 'x');
  struct {
    std::string params;
    int bad = -1, unknown = -1;
  } const rows[] = {
      {" NOTIFY=NEVER"},
      {" NOTIFY=success,Failure,DELAY"},
      {" NOTIFY=NEVER,SUCCESS", 0},
      {" NOTIFY=SUCCESS,NEVER", 0},
      {" NOTIFY=SUCCESS,", 0},
      {" NOTIFY=,SUCCESS", 0},
      {" NOTIFY=ALWAYS", 0},
      {" NOTIFY", 0},
      {" NOTIFY=NEVER NOTIFY=NEVER", 1},
      {" ORCPT=rfc822;a+2Bb@c"},
      {" ORCPT=" + most_orcpt},
      {" ORCPT=" + most_orcpt + "x", 0},
      {" ORCPT=rfc822", 0},
      {" ORCPT=;a@b", 0},
      {" ORCPT=rfc822;", 0},
      {" ORCPT=rfc822;a+2bb", 0},
      {" ORCPT=rf(822;a@b", 0},
      {" ORCPT=utf-8;j\xC3\xBCrgen@b"},
      {" ORCPT=UTF-8;j\\x{FC}rgen@b"},
      {" ORCPT=rfc822;j\xC3\xBCrgen@b", 0},
      {" ORCPT", 0},
      {" ORCPT=a;b ORCPT=a;b", 1},
      {" XFOO", -1, 0},
      {" SIZE=1", -1, 0},
  };
  for (const auto& row : rows) {
    const std::string line = "RCPT TO:<a@b>" + row.params;
    const Command command = parse_command(line, {.utf8 = true});
    ASSERT_TRUE(command) << line;
    const RcptParams params = rcpt_params(command, line);
    EXPECT_EQ(params.bad, row.bad) << line;
    EXPECT_EQ(params.unknown, row.unknown) << line;
  }
}

}  // namespace
}  // namespace smtpspec::smtp
