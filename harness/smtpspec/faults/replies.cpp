// Octets and texts of replies.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"
#include "smtpspec/smtp/octets.hpp"

namespace smtpspec::faults {

std::vector<Fault> reply_faults() {
  return {
      {"replies/bare-lf", "RFC5321-2.3.8-1c", "replies end in LF alone",
       [](Seams& seams, Shared&) { on_octets(seams, [](std::string& reply) { std::erase(reply, '\r'); }); }},
      {"replies/line-too-long", "RFC5321-4.5.3.1.5-P1", "the text of HELP has a line of 600 octets",
       [](Seams& seams, Shared&) { on_saying(seams, Input::help, [](Saying& saying) { saying.lines.front() = std::string(600, 'x'); }); }},
      {"replies/other-code-in-ehlo", "RFC5321-4.2.1-4", "the last line of the EHLO reply has another code than the others",
       [](Seams& seams, Shared&) {
         on_octets(seams, [](std::string& reply) {
           const std::size_t last = reply.rfind("\r\n250 ");
           if (reply.starts_with("250-") && last != std::string::npos) reply.replace(last + 2, 3, "251");
         });
       }},
      {"replies/code-of-six", "RFC5321-4.2-9", "NOOP is answered 650",
       [](Seams& seams, Shared&) { on_saying(seams, Input::noop, [](Saying& saying) { saying.code = 650; }); }},
      {"replies/endless-help", "RFC5321-4.2.1-P1", "the text of HELP is a file of some thousand lines, each with a hyphen",
       [](Seams& seams, Shared&) {
         on_reply(seams, Input::help, [](const Context&, std::string& reply) {
           if (!reply.starts_with("214")) return;
           reply.clear();
           for (int i = 0; i < 5000; ++i) reply += "214-2.0.0 x\r\n";
         });
       }},

      // --- the server's name
      {"replies/greeting-without-domain", "RFC5321-4.2-P2", "the greeting opens with a slogan in place of the domain",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::greeting, [](Saying& saying) { saying.lines.front() = "*** ESMTP service ready ***"; });
       }},
      {"replies/local-alias",
       "RFC5321-2.3.5-1",
       "the server names itself by its host name without a domain",
       {},
       [](serve::Config& config) { config.host = "mx"; }},
      {"replies/underscore-in-name",
       "RFC5321-4.1.2-8",
       "the server's own name has an underscore",
       {},
       [](serve::Config& config) { config.host = "mx_1.example.test"; }},
      {"replies/ehlo-without-domain", "RFC5321-4.1.1.1-P1", "the EHLO reply opens with a welcome in place of the domain",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::ehlo, [](Saying& saying) { saying.lines.front() = "Hello, pleased to meet you"; });
       }},
      {"replies/goodbye-without-domain", "RFC5321-4.2-P3", "the reply to QUIT does not name the server",
       [](Seams& seams, Shared&) { on_saying(seams, Input::quit, [](Saying& saying) { saying.lines.front() = "Goodbye"; }); }},

      // --- enhanced codes
      subtle({"replies/status-on-first-line-only", "RFC2034-4-P3",
              "an unknown recipient gets two lines, of which the first alone has the enhanced code",
              [](Seams& seams, Shared&) {
                on_saying(seams, Input::rcpt_no_mailbox, [](Saying& saying) {
                  saying.lines = {saying.status + " No such mailbox here", "Check the address and try again"};
                  saying.status.clear();
                });
              }}),
      {"replies/zero-in-status", "RFC2034-4-P5", "the numbers of enhanced codes have two digits, as in 5.01.01",
       [](Seams& seams, Shared&) { on_saying(seams, Input::rcpt_no_mailbox, [](Saying& saying) { saying.status = "5.01.01"; }); }},
      {"replies/status-of-354", "RFC2034-4-P6", "the reply to DATA has an enhanced code",
       [](Seams& seams, Shared&) { on_saying(seams, Input::data, [](Saying& saying) { saying.status = "3.0.0"; }); }},
      {"replies/status-of-334", "RFC2034-4-P6", "a challenge has an enhanced code in front",
       [](Seams& seams, Shared&) { on_saying(seams, Input::auth_challenge, [](Saying& saying) { saying.status = "2.0.0"; }); }},
      {"replies/subject-nine", "RFC3463-2-P1", "the accepted message gets an enhanced code with the subject 9",
       [](Seams& seams, Shared&) { on_saying(seams, Input::content, [](Saying& saying) { saying.status = "2.9.0"; }); }},
      {"replies/unregistered-status", "RFC5248-2-P1", "the refusal of an unknown mailbox has an enhanced code that stands in no registry",
       [](Seams& seams, Shared&) { on_saying(seams, Input::rcpt_no_mailbox, [](Saying& saying) { saying.status = "5.1.60"; }); }},
      {"replies/invented-code", "RFC5321-4.3.2-3", "an unknown mailbox is refused with a code of the server's own",
       [](Seams& seams, Shared&) { on_saying(seams, Input::rcpt_no_mailbox, [](Saying& saying) { saying.code = 558; }); }},
      subtle({"replies/status-after-ehlo-only", "RFC2034-4-P4", "a client that said HELO gets no enhanced codes",
              [](Seams& seams, Shared&) {
                seams.saying = [](const Context& context, Input, Saying saying) {
                  if (context.state != State::greeted && !context.extended) saying.status.clear();
                  return saying;
                };
              }}),
      subtle({"replies/no-status-at-goodbye", "RFC2034-4-P1", "the reply to QUIT has no enhanced code",
              [](Seams& seams, Shared&) { on_saying(seams, Input::quit, [](Saying& saying) { saying.status.clear(); }); }}),
      subtle({"replies/stale-status", "RFC2034-4-P2", "the recipient accepted behind a refused one gets the enhanced code of the refusal",
              [](Seams& seams, Shared&) {
                const auto stale = std::make_shared<std::string>();
                on_saying(seams, Input::rcpt_no_mailbox, [stale](Saying& saying) { *stale = saying.status; });
                on_saying(seams, Input::rcpt, [stale](Saying& saying) {
                  if (!stale->empty()) saying.status = std::exchange(*stale, {});
                });
              }}),

      // --- the form of lines
      {"replies/no-blank-behind-354", "RFC5321-4.2.1-3", "the reply to DATA is the code alone, without a blank behind it",
       [](Seams& seams, Shared&) { on_reply(seams, Input::data, [](const Context&, std::string& reply) { reply = "354\r\n"; }); }},
      {"replies/tab-behind-code", "RFC5321-4.2-P1", "a tab stands between code and text of the reply to NOOP",
       [](Seams& seams, Shared&) { on_reply(seams, Input::noop, [](const Context&, std::string& reply) { reply[3] = '\t'; }); }},
      subtle({"replies/nul-behind-text", "RFC5321-4.2-P1", "the NUL at the end of a C string is sent with the reply to RSET",
              [](Seams& seams, Shared&) { on_saying(seams, Input::rset, [](Saying& saying) { saying.lines.back() += '\0'; }); }}),
      subtle({"replies/crcrlf-in-help", "RFC5321-2.3.8-1c", "the text of HELP comes from a file whose lines end in CRLF, and keeps the CR",
              [](Seams& seams, Shared&) { on_saying(seams, Input::help, [](Saying& saying) { saying.lines.back() += '\r'; }); }}),
      {"replies/help-lines-without-code", "RFC5321-4.2.1-P1", "the lines of HELP between the first and the last have no code",
       [](Seams& seams, Shared&) {
         on_reply(seams, Input::help, [](const Context&, std::string& reply) {
           if (const std::size_t second = reply.find("\r\n214-"); second != std::string::npos) reply.replace(second + 2, 4, 4, ' ');
         });
       }},
      subtle({"replies/hyphen-on-last-line", "RFC5321-4.2.1-P1", "the only member of a list is shown by EXPN as if more were to follow",
              [](Seams& seams, Shared&) {
                on_reply(seams, Input::expn, [](const Context&, std::string& reply) {
                  if (reply.starts_with("250 ")) reply[3] = '-';
                });
              }}),
      // --- what the client said, shown to him
      subtle({"replies/echo-of-8-bit", "RFC5321-2.4-P3",
              "the refusal of an unknown command shows its octets, those with the eighth bit too",
              [](Seams& seams, Shared&) {
                on_answer(seams, Input::unknown_verb, [](std::string_view line, Saying& saying) {
                  std::string shown(line.substr(0, 80));
                  std::erase_if(shown, smtp::is_control);
                  saying.lines.front() += ": " + shown;
                });
              }}),
      subtle({"replies/echo-of-controls", "RFC5321-2.3.8-1c",
              "the refusal of a malformed MAIL shows its octets, a lone CR or LF among them",
              [](Seams& seams, Shared&) {
                on_answer(seams, Input::mail_syntax, [](std::string_view line, Saying& saying) {
                  std::string shown(line.substr(0, 80));
                  std::erase_if(shown, [](char c) { return smtp::is_eight_bit(c) || (smtp::is_control(c) && c != '\r' && c != '\n'); });
                  saying.lines.front() += ": " + shown;
                });
              }}),
      subtle({"replies/echo-too-long", "RFC5321-4.5.3.1.5-P1",
              "the refusal of an unknown command shows all of it, so that a long command makes a reply line of more than 512 octets",
              [](Seams& seams, Shared&) {
                on_answer(seams, Input::unknown_verb, [](std::string_view line, Saying& saying) {
                  std::string shown(line);
                  std::erase_if(shown, [](char c) { return smtp::is_control(c) || smtp::is_eight_bit(c); });
                  saying.lines.front() += ": " + shown;
                });
              }}),

      // --- mailboxes shown
      {"replies/vrfy-name-only", "RFC5321-3.5.1-2", "VRFY shows a user's name without the mailbox",
       [](Seams& seams, Shared&) { on_saying(seams, Input::vrfy, [](Saying& saying) { saying.lines = {"A. User"}; }); }},
      {"replies/vrfy-without-domain", "RFC5321-3.5.2-1", "VRFY shows a mailbox without its domain",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::vrfy, [](Saying& saying) {
           std::string& text = saying.lines.front();
           if (const std::size_t at = text.find('@'); at != std::string::npos) text.erase(at, text.size() - at - 1);
         });
       }},
      subtle({"replies/vrfy-shows-inner-host", "RFC5321-3.5.2-4",
              "VRFY shows the address on the host that keeps the mailbox, which RCPT refuses",
              [](Seams& seams, Shared&) {
                on_saying(seams, Input::vrfy, [](Saying& saying) {
                  std::string& text = saying.lines.front();
                  if (const std::size_t at = text.find('@'); at != std::string::npos)
                    text.replace(at + 1, text.size() - at - 2, "store-7.internal.test");
                });
              }}),
      subtle({"replies/expn-shows-route", "RFC5321-3.5.2-6", "EXPN shows a member with a source route",
              [](Seams& seams, Shared&) {
                on_saying(seams, Input::expn, [](Saying& saying) {
                  std::string& text = saying.lines.front();
                  if (text.starts_with('<')) text.insert(1, "@mx.example.test:");
                });
              }}),

      // --- what has no place
      {"replies/status-in-ehlo", "RFC5321-4.1.1.1-P1", "the lines of the EHLO reply have an enhanced code in front of name and keywords",
       [](Seams& seams, Shared&) { on_saying(seams, Input::ehlo, [](Saying& saying) { saying.status = "2.0.0"; }); }},
      {"replies/empty-keyword", "RFC5321-4.1.1.1-P2", "the last line of the EHLO reply has no keyword",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::ehlo, [](Saying& saying) {
           if (saying.lines.size() > 1) saying.lines.emplace_back();
         });
       }},
      subtle({"replies/echo-of-recipient", "RFC6531-3.7.4.2-7", "the refusal of an unknown mailbox shows its name, in UTF-8 too",
              [](Seams& seams, Shared&) {
                on_answer(seams, Input::rcpt_no_mailbox, [](std::string_view line, Saying& saying) {
                  std::string shown(smtp::parse_command(line, {.utf8 = true}).path.all.in(line).substr(0, 300));
                  std::erase_if(shown, smtp::is_control);
                  saying.lines.front() += ": " + shown;
                });
              }}),
      subtle(
          {"replies/status-of-too-many-recipients", "RFC2034-4-P2", "a recipient too many gets 452 with an enhanced code of class 5",
           [](Seams& seams, Shared&) { on_row(seams, Input::rcpt_too_many, [](const Context&, Row& row) { row.reply.status = "5.5.3"; }); },
           [](serve::Config& config) { config.recipients = 100; }}),
      {"replies/host-that-takes-no-mail", "RFC7504-3-3", "relaying is refused by 521",
       [](Seams& seams, Shared&) {
         on_row(seams, Input::rcpt_no_relay, [](const Context&, Row& row) {
           if (row.reply.code == 550) row.reply.code = 521;
         });
       }},
      subtle({"replies/no-status-at-421", "RFC2034-4-P1", "the 421 to a silent client has no enhanced code",
              [](Seams& seams, Shared&) { on_saying(seams, Input::idle, [](Saying& saying) { saying.status.clear(); }); }}),
  };
}

}  // namespace smtpspec::faults
