#include "strictness/strictness.hpp"

#include <array>
#include <string>

#include "adapter.h"

namespace smtpspec::bench {
namespace {

using namespace std::string_view_literals;

const std::string long_text = "250 " + std::string(2000, 'x') + "\r\n";
const std::string many_lines = [] {
  std::string out;
  for (int i = 0; i < 299; ++i) out += "250-line\r\n";
  return out + "250 end\r\n";
}();
const std::string long_noop = "NOOP " + std::string(2000, 'x') + "\r\n";
const std::string long_local = "RCPT TO:<" + std::string(65, 'a') + "@b.example>\r\n";

const std::array replies = {
    StrictInput{"two digits", "25 ok\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"three digits and the end of the stream", "250", Judged::incomplete, "RFC 5321 section 4.2"},
    StrictInput{"a code alone", "250\r\n", Judged::accepted, "RFC 5321 section 4.2", 250},
    StrictInput{"another code on the last line", "250-a\r\n251 b\r\n", Judged::refused, "RFC 5321 section 4.2.1"},
    StrictInput{"bare LF", "250 x\n", Judged::refused, "RFC 5321 section 2.3.8"},
    StrictInput{"four digits", "2500 ok\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"first digit 6", "600 ok\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"HT behind the code", "250\tx\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"a line and the end of the stream", "250 x", Judged::incomplete, "RFC 5321 section 4.2"},
    StrictInput{"NUL in the text", "250 a\0b\r\n"sv, Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"UTF-8 in the text", "250 gr\xc3\xbc\xc3\x9f\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"an octet of 255 in the text", "250 a\xff\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"a line of 2006 octets", long_text, Judged::refused, "RFC 5321 section 4.5.3.1.5"},
    StrictInput{"empty texts", "250-\r\n250 \r\n", Judged::either, "RFC 5321 section 4.2", 250},
    StrictInput{"a line without a code inside", "250-a\r\njunk\r\n250 b\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"bare CR in the text", "250 a\rb\r\n", Judged::refused, "RFC 5321 section 2.3.8"},
    StrictInput{"an empty line first", "\r\n250 x\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"underscore behind the code", "250_x\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"a blank first", " 250 x\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"a sign first", "+50 ok\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"second digit 8", "280 x\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"first digit 1", "199 x\r\n", Judged::refused, "RFC 5321 section 4.2"},
    StrictInput{"half a reply and the end of the stream", "250-a\r\n", Judged::incomplete, "RFC 5321 section 4.2"},
    StrictInput{"300 lines", many_lines, Judged::accepted, "RFC 5321 section 4.2.1", 250},
};

const std::array commands = {
    StrictInput{"bare LF", "NOOP\n", Judged::refused, "RFC 5321 section 2.3.8"},
    StrictInput{"a blank behind the colon", "MAIL FROM: <a@b.example>\r\n", Judged::refused, "RFC 5321 section 3.3"},
    StrictInput{"no brackets", "MAIL FROM:a@b.example\r\n", Judged::refused, "RFC 5321 section 4.1.2"},
    StrictInput{"the null path", "MAIL FROM:<>\r\n", Judged::accepted, "RFC 5321 section 4.5.5", SMTPSPEC_VERB_MAIL},
    StrictInput{"a quoted local-part", "RCPT TO:<\"a b\"@c.example>\r\n", Judged::accepted, "RFC 5321 section 4.1.2", SMTPSPEC_VERB_RCPT},
    StrictInput{"an IPv6 literal", "RCPT TO:<a@[IPv6:2001:db8::1]>\r\n", Judged::accepted, "RFC 5321 section 4.1.3", SMTPSPEC_VERB_RCPT},
    StrictInput{"an unknown parameter", "MAIL FROM:<a@b.example> XFOO=1\r\n", Judged::accepted, "RFC 5321 section 4.1.2",
                SMTPSPEC_VERB_MAIL},
    StrictInput{"a SIZE that is no number", "MAIL FROM:<a@b.example> SIZE=abc\r\n", Judged::refused, "RFC 1870 section 3"},
    StrictInput{"NUL in a local-part", "RCPT TO:<a\0b@c.example>\r\n"sv, Judged::refused, "RFC 5321 section 4.1.2"},
    StrictInput{"two dots in a local-part", "RCPT TO:<a..b@c.example>\r\n", Judged::refused, "RFC 5321 section 4.1.2"},
    StrictInput{"bare CR", "NOOP x\rQUIT\r\n", Judged::refused, "RFC 5321 section 2.3.8"},
    StrictInput{"EHLO alone", "EHLO\r\n", Judged::refused, "RFC 5321 section 4.1.1.1"},
    StrictInput{"an underscore in a domain", "EHLO foo_bar.example\r\n", Judged::refused, "RFC 5321 section 4.1.2"},
    StrictInput{"DATA with an argument", "DATA now\r\n", Judged::refused, "RFC 5321 section 4.3.2"},
    StrictInput{"UTF-8 in a local-part without SMTPUTF8", "RCPT TO:<\xc3\xbc@c.example>\r\n", Judged::refused, "RFC 6531 section 3.4"},
    // Every server takes 64, and best any number: a limit may be had, and need not.
    StrictInput{"a local-part of 65 octets", long_local, Judged::either, "RFC 5321 section 4.5.3.1", SMTPSPEC_VERB_RCPT},
    StrictInput{"a null path for RCPT", "RCPT TO:<>\r\n", Judged::refused, "RFC 5321 section 4.1.1.3"},
    StrictInput{"postmaster without a domain", "RCPT TO:<postmaster>\r\n", Judged::accepted, "RFC 5321 section 4.1.1.3",
                SMTPSPEC_VERB_RCPT},
    StrictInput{"SIZE twice", "MAIL FROM:<a@b.example> SIZE=1 SIZE=2\r\n", Judged::refused, "RFC 5321 section 4.1.1.11"},
    StrictInput{"a line of 2007 octets", long_noop, Judged::refused, "RFC 5321 section 4.5.3.1.4"},
    StrictInput{"BDAT with LAST", "BDAT 10 LAST\r\n", Judged::accepted, "RFC 3030 section 2", SMTPSPEC_VERB_BDAT},
    StrictInput{"small letters", "mail from:<a@b.example>\r\n", Judged::accepted, "RFC 5321 section 2.4", SMTPSPEC_VERB_MAIL},
    StrictInput{"an unknown verb", "FROB\r\n", Judged::refused, "RFC 5321 section 4.2.4"},
    StrictInput{"a source route", "RCPT TO:<@a.example:b@c.example>\r\n", Judged::accepted, "RFC 5321 section 4.1.2", SMTPSPEC_VERB_RCPT},
    StrictInput{"no closing bracket", "MAIL FROM:<a@b.example\r\n", Judged::refused, "RFC 5321 section 4.1.2"},
    StrictInput{"half a command and the end of the stream", "QUIT", Judged::incomplete, "RFC 5321 section 2.3.8"},
};

// A message ends at CRLF "." CRLF and nowhere else.
const std::array contents = {
    StrictInput{"an empty message", ".\r\n", Judged::accepted, "RFC 5321 section 4.1.1.4"},
    StrictInput{"a line", "a\r\n.\r\n", Judged::accepted, "RFC 5321 section 4.1.1.4"},
    StrictInput{"LF . LF", "a\n.\n", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"LF . CRLF", "a\n.\r\n", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CRLF . LF", "a\r\n.\n", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CR . CR", "a\r.\r", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CR . CRLF", "a\r.\r\n", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CRLF . CR", "a\r\n.\r", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CRLF . NUL CRLF", "a\r\n.\0\r\n"sv, Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"CRLF . . CRLF", "a\r\n..\r\n", Judged::incomplete, "RFC 5321 section 4.5.2"},
    StrictInput{"CRLF . CR CRLF", "a\r\n.\r\r\n", Judged::incomplete, "RFC 5321 section 4.1.1.4"},
    StrictInput{"a dot inside a line", "a.\r\n", Judged::incomplete, "RFC 5321 section 4.5.2"},
};

}  // namespace

std::span<const StrictInput> strict_inputs(std::uint32_t question) {
  switch (question) {
    case SMTPSPEC_REPLY:
    case SMTPSPEC_EHLO: return replies;
    case SMTPSPEC_COMMAND: return commands;
    case SMTPSPEC_CONTENT: return contents;
    default: return {};
  }
}

}  // namespace smtpspec::bench
