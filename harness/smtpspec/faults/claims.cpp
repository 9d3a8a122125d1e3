// Keywords of EHLO: their form, what is offered and not kept, what is kept and not offered.
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Command;
using smtp::Role;

bool is_keyword(std::string_view line, std::string_view keyword) { return smtp::iequals(line.substr(0, line.find(' ')), keyword); }

// A keyword that is not offered.
auto hide(std::vector<std::string_view> names) {
  return [names = std::move(names)](Seams& seams, Shared&) {
    on_keywords(seams, [names](const Context&, std::vector<std::string>& keywords) {
      for (const std::string_view name : names) std::erase_if(keywords, [&](const std::string& line) { return is_keyword(line, name); });
    });
  };
}

// The line of a keyword, where it is offered.
template <typename Change>  // void(std::string&)
void on_keyword(Seams& seams, std::string_view name, Change change) {
  on_keywords(seams, [name, change](const Context&, std::vector<std::string>& keywords) {
    for (std::string& line : keywords)
      if (is_keyword(line, name)) change(line);
  });
}
auto offer_as(std::string_view name, std::string_view line) {
  return [name, line](Seams& seams, Shared&) { on_keyword(seams, name, [line](std::string& offered) { offered = line; }); };
}

// One keyword more, where `fits` holds.
template <typename Fits>  // bool(const Context&)
auto offer_too(std::string_view line, Fits fits) {
  return [line, fits](Seams& seams, Shared&) {
    on_keywords(seams, [line, fits](const Context& context, std::vector<std::string>& keywords) {
      if (fits(context)) keywords.emplace_back(line);
    });
  };
}

// A MAIL parameter with a value, "" for any, taken for something else.
void take_parameter(Seams& seams, std::string_view keyword, std::string_view value, Input to) {
  take_for(seams, Input::mail, to, [keyword, value](const Command& c, std::string_view line) {
    const smtp::Param* param = c.param(line, keyword);
    return param && (value.empty() || smtp::iequals(param->value.in(line), value));
  });
}

}  // namespace

std::vector<Fault> claim_faults() {
  return {
      // --- the form of the list
      {"claims/starttls-required", "RFC3207-2-P1", "STARTTLS is offered with the word REQUIRED", offer_as("STARTTLS", "STARTTLS REQUIRED")},
      {"claims/pipelining-with-word", "RFC2920-2-P1", "PIPELINING is offered with a word behind it",
       offer_as("PIPELINING", "PIPELINING YES")},
      {"claims/8bitmime-with-word", "RFC6152-2-P1", "8BITMIME is offered with a word behind it", offer_as("8BITMIME", "8BITMIME YES")},
      {"claims/binarymime-with-word", "RFC3030-3-P1", "BINARYMIME is offered with a word behind it",
       offer_as("BINARYMIME", "BINARYMIME YES")},
      {"claims/enhanced-codes-with-version", "RFC2034-3-P1", "ENHANCEDSTATUSCODES is offered with a version",
       offer_as("ENHANCEDSTATUSCODES", "ENHANCEDSTATUSCODES 2")},
      {"claims/auth-with-equals", "RFC5321-4.1.1.1-P2", "mechanisms are offered also in a line that begins with AUTH=",
       offer_too("AUTH=PLAIN LOGIN", [](const Context& context) { return context.role != Role::relay && context.tls; })},
      subtle({"claims/auth-with-blank", "RFC5321-4.1.1.1-P2", "a blank stands behind the last of the mechanisms",
              [](Seams& seams, Shared&) { on_keyword(seams, "AUTH", [](std::string& line) { line += ' '; }); }}),
      {"claims/mechanism-in-small-letters", "RFC4954-3-P1", "mechanisms are offered in small letters",
       offer_as("AUTH", "AUTH plain login")},
      {"claims/keywords-of-helo", "RFC5321-3.2-2", "HELO is answered with a list of keywords",
       [](Seams& seams, Shared&) {
         on_saying(seams, Input::helo, [](Saying& saying) {
           if (saying.code == 250) saying.lines.insert(saying.lines.end(), {"PIPELINING", "8BITMIME"});
         });
       }},
      {"claims/unregistered-keyword", "RFC5321-2.2.2-3", "a keyword is offered that nobody has registered",
       offer_too("VERP", [](const Context&) { return true; })},

      // --- TLS and logging in
      {"claims/starttls-inside-tls", "RFC3207-4.2-7", "the list of keywords is made once, so that STARTTLS is offered behind STARTTLS",
       offer_too("STARTTLS", [](const Context& context) { return context.tls && context.role != Role::submissions; })},
      subtle({"claims/starttls-on-465", "RFC8314-3.3-P4", "STARTTLS is offered on the port where TLS comes first",
              offer_too("STARTTLS", [](const Context& context) { return context.role == Role::submissions; })}),
      subtle({"claims/auth-without-mechanism", "RFC4954-3-P1",
              "the mechanisms that want TLS are left out before it, and AUTH stands there with none",
              offer_too("AUTH", [](const Context& context) { return context.role == Role::submission && !context.tls; })}),
      {"claims/auth-in-clear", "RFC4954-6-7", "mechanisms are offered before TLS that are refused there",
       offer_too("AUTH PLAIN LOGIN", [](const Context& context) { return context.role == Role::submission && !context.tls; })},
      {"claims/no-auth-on-465", "RFC8314-3.3-P2", "AUTH is taken and not offered on the port where TLS comes first",
       [](Seams& seams, Shared&) {
         on_keywords(seams, [](const Context& context, std::vector<std::string>& keywords) {
           if (context.role == Role::submissions) std::erase_if(keywords, [](const std::string& line) { return is_keyword(line, "AUTH"); });
         });
       }},

      // --- offered, and not kept
      {"claims/expn-turned-down", "RFC5321-4.2.4-4", "EXPN is offered and not implemented",
       [](Seams& seams, Shared&) {
         for (const Input input : {Input::expn, Input::expn_no_list, Input::expn_syntax}) take_for(seams, input, Input::not_implemented);
       }},
      {"claims/etrn-on-submission", "RFC6409-7-1b", "a submission server offers ETRN",
       offer_too("ETRN", [](const Context& context) { return context.role != Role::relay; })},
      subtle({"claims/body-7bit", "RFC6152-3-P1", "of the values of BODY the server knows 8BITMIME and BINARYMIME, and 7BIT is none",
              [](Seams& seams, Shared&) { take_parameter(seams, "BODY", "7BIT", Input::mail_bad_parameter); }}),
      subtle({"claims/body-value-in-small-letters", "RFC6152-3-P1", "the values of BODY are known in capitals only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_bad_parameter, [](const Command& c, std::string_view line) {
                  const smtp::Param* body = c.param(line, "BODY");
                  return body && body->value.in(line) != smtp::to_upper(body->value.in(line));
                });
              }}),
      {"claims/any-body", "RFC6152-3-P2", "any value of BODY is taken",
       [](Seams& seams, Shared&) {
         take_for(seams, Input::mail_bad_parameter, Input::mail, [](const Command& c, std::string_view line) {
           const smtp::MailParams params = smtp::mail_params(c, line);
           return params.body == smtp::Body::none && c.param(line, "BODY") == &c.params[static_cast<std::size_t>(params.bad)];
         });
       }},
      {"claims/binarymime-refused", "RFC3030-3-P2", "BINARYMIME is offered, and BODY=BINARYMIME is refused",
       [](Seams& seams, Shared&) { take_parameter(seams, "BODY", "BINARYMIME", Input::mail_bad_parameter); }},
      {"claims/no-enhanced-codes", "RFC2034-4-P1", "ENHANCEDSTATUSCODES is offered, and no reply has one",
       [](Seams& seams, Shared&) {
         seams.saying = [](const Context&, Input, Saying saying) {
           saying.status.clear();
           return saying;
         };
       }},
      subtle({"claims/smtputf8-part-of-the-name", "RFC6531-3.1-5", "SMTPUTF8 behind VRFY is looked up as a part of the name",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::vrfy, Input::vrfy_no_mailbox, [](const Command& command, std::string_view line) {
                  return command.argument.in(line).find(' ') != std::string_view::npos;
                });
              }}),

      // --- kept, and not offered
      {"claims/expn-hidden", "RFC5321-3.5.2-9", "EXPN is implemented and not offered", hide({"EXPN"})},
      subtle({"claims/chunking-hidden", "RFC5321-4.1.1.1-7", "BDAT is implemented, and CHUNKING is not offered",
              hide({"CHUNKING", "BINARYMIME"})}),
      {"claims/binarymime-alone", "RFC3030-3-P1", "BINARYMIME is offered without CHUNKING", hide({"CHUNKING"})},
      {"claims/smtputf8-without-8bitmime", "RFC6531-3.1-6", "SMTPUTF8 is offered without 8BITMIME", hide({"8BITMIME"})},

      // --- SIZE
      {"claims/size-with-unit", "RFC1870-3-P1", "the number of SIZE is shortened to 10M", offer_as("SIZE", "SIZE 10M")},
      subtle({"claims/size-zero", "RFC1870-7-P1", "SIZE 0 is offered, and every declared size is above that",
              [](Seams& seams, Shared&) {
                on_keyword(seams, "SIZE", [](std::string& line) { line = "SIZE 0"; });
                take_parameter(seams, "SIZE", "", Input::mail_too_big);
              }}),
      {"claims/bare-size", "RFC1870-7-P2", "SIZE is offered without a number, and its parameter is unknown",
       [](Seams& seams, Shared&) {
         on_keyword(seams, "SIZE", [](std::string& line) { line = "SIZE"; });
         take_parameter(seams, "SIZE", "", Input::mail_unknown_parameter);
       }},
      subtle({"claims/size-not-kept", "RFC1870-4-P1", "the limit that is offered is a tenth of the one that is kept",
              offer_as("SIZE", "SIZE 104857")}),
      subtle({"claims/no-size-inside-tls", "RFC5321-4.5.3.1.7-2", "SIZE is not offered inside TLS, where the limit holds as before",
              [](Seams& seams, Shared&) {
                on_keywords(seams, [](const Context& context, std::vector<std::string>& keywords) {
                  if (context.tls) std::erase_if(keywords, [](const std::string& line) { return is_keyword(line, "SIZE"); });
                });
              }}),

      // --- offered to some and not to others
      subtle({"claims/second-ehlo", "RFC5321-4.1.1.1-7", "a second EHLO is answered in one line, since the client knows the keywords",
              [](Seams& seams, Shared&) {
                const auto known = std::make_shared<bool>(false);
                on_after(seams, [known](const Context&, Input input, Context&) {
                  if (input == Input::ehlo || input == Input::starttls) *known = input == Input::ehlo;
                });
                on_keywords(seams, [known](const Context&, std::vector<std::string>& keywords) {
                  if (*known) keywords.clear();
                });
              }}),
      subtle({"claims/ehlo-in-small-letters", "RFC5321-2.4-1", "ehlo in small letters is answered without keywords, as HELO is",
              [](Seams& seams, Shared&) {
                on_answer(seams, Input::ehlo, [](std::string_view line, Saying& saying) {
                  if (line.starts_with("ehlo")) saying.lines.resize(1);
                });
              }}),
  };
}

}  // namespace smtpspec::faults
