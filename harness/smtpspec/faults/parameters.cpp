// Parameters of MAIL, RCPT, VRFY and EXPN: which are known where, how often, in what order, and what their values mean
// (RFC 5321 section 4.1.1.11, RFC 1870, RFC 3461, RFC 4954, RFC 6531).
#include <algorithm>

#include "smtpspec/faults/put.hpp"
#include "smtpspec/faults/written.hpp"

namespace smtpspec::faults {
namespace {

using smtp::Command;
using smtp::Param;

constexpr std::uint64_t saturated = ~std::uint64_t{0};

std::uint64_t size_limit() { return serve::Config{}.message_size; }

std::string_view value_of(const Command& command, std::string_view line, std::string_view keyword) {
  const Param* param = command.param(line, keyword);
  return param ? param->value.in(line) : std::string_view{};
}

template <typename Is>  // bool(const Param&)
bool any_param(const Command& command, Is is) {
  return std::any_of(command.params.begin(), command.params.end(), is);
}

bool has_small_letter(std::string_view text) { return text != smtp::to_upper(text); }

// A lawful MAIL or RCPT that is refused for the value of a parameter.
template <typename Fits>  // bool(std::string_view value)
auto refuse_value(Input input, std::string_view keyword, Fits fits) {
  return [input, keyword, fits](Seams& seams, Shared&) {
    take_for(
        seams, input, input == Input::mail ? Input::mail_bad_parameter : Input::rcpt_bad_parameter,
        [keyword, fits](const Command& c, std::string_view line) { return c.param(line, keyword) && fits(value_of(c, line, keyword)); });
  };
}

// A MAIL that is too big by its declared size, taken where that size is mistaken.
template <typename Fits>  // bool(std::uint64_t size)
auto mistake_size(Fits fits) {
  return [fits](Seams& seams, Shared&) {
    take_for(seams, Input::mail_too_big, Input::mail, [fits](const Command& c, std::string_view line) {
      const auto size = smtp::mail_params(c, line).size;
      return size && *size < saturated && fits(*size);
    });
  };
}

// A MAIL whose only fault is found in a parameter, taken where `fits` holds. Grammar and value are different refusals.
template <typename Fits>  // bool(const Command&, std::string_view line)
auto take_parameter(Fits fits) {
  return [fits](Seams& seams, Shared&) {
    for (const Input refusal : {Input::mail_syntax, Input::mail_bad_parameter}) take_for(seams, refusal, Input::mail, fits);
  };
}

// The elements of a NOTIFY.
std::vector<std::string> elements(std::string_view value) {
  std::vector<std::string> out;
  while (!value.empty()) {
    const std::size_t comma = std::min(value.find(','), value.size());
    out.push_back(smtp::to_upper(value.substr(0, comma)));
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return out;
}

}  // namespace

std::vector<Fault> parameter_faults() {
  return {
      // --- which are known
      subtle({"parameters/four-at-most", "RFC3461-5.4-4", "there is room for four parameters, and a fifth is refused",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_unknown_parameter,
                         [](const Command& c, std::string_view) { return c.params.size() > 4; });
              }}),
      subtle({"parameters/size-first", "RFC1870-3-P2", "SIZE is known only as the first of the parameters",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_unknown_parameter,
                         [](const Command& c, std::string_view line) { return c.param(line, "SIZE") > &c.params[0]; });
              }}),
      subtle({"parameters/rcpt-in-capitals", "RFC5321-2.4-1", "the keywords of RCPT parameters are known in capitals only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_unknown_parameter, [](const Command& c, std::string_view line) {
                  return any_param(c, [&](const Param& param) { return has_small_letter(param.keyword.in(line)); });
                });
              }}),
      subtle({"parameters/unknown-flag", "RFC5321-4.1.1.11-P1", "an unknown parameter without a value is passed over",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail_unknown_parameter, Input::mail, [](const Command& c, std::string_view line) {
                  const int unknown = smtp::mail_params(c, line).unknown;
                  return unknown >= 0 && !c.params[static_cast<std::size_t>(unknown)].has_value;
                });
              }}),
      subtle({"parameters/unknown-behind-notify", "RFC5321-4.1.1.11-P1", "of the parameters of RCPT, those behind NOTIFY are not looked at",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt_unknown_parameter, Input::rcpt, [](const Command& c, std::string_view line) {
                  const Param* notify = c.param(line, "NOTIFY");
                  const int unknown = smtp::rcpt_params(c, line).unknown;
                  return notify && unknown >= 0 && notify < &c.params[static_cast<std::size_t>(unknown)];
                });
              }}),
      subtle({"parameters/one-table", "RFC5321-4.1.1.11-P1", "MAIL and RCPT have one table of parameters, so that RCPT takes BODY and SIZE",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt_unknown_parameter, Input::rcpt,
                         [](const Command& c, std::string_view line) { return c.param(line, "BODY") || c.param(line, "SIZE"); });
              }}),
      subtle({"parameters/first-recipient-only", "RFC3461-5.1-5", "parameters are known at the first recipient of a message only",
              [](Seams& seams, Shared&) {
                on_input(seams, [](const Context&, const Transaction& transaction, std::string_view line, Input lawful) {
                  const bool later = lawful == Input::rcpt && !transaction.envelope.recipients.empty();
                  return later && smtp::parse_command(line, {.utf8 = true}).params.size() > 0 ? Input::rcpt_unknown_parameter : lawful;
                });
              }}),

      // --- SIZE
      subtle({"parameters/size-zero", "RFC1870-3-P2", "a declared size of 0 is none, and refused",
              refuse_value(Input::mail, "SIZE", [](std::string_view value) { return value == "0"; })}),
      subtle({"parameters/size-of-twenty-digits", "RFC1870-3-P2",
              "a declared size may have 19 digits, zeros in front of a small number counted",
              refuse_value(Input::mail, "SIZE", [](std::string_view value) { return value.size() > 19; })}),
      subtle({"parameters/size-with-sign", "RFC1870-3-P3", "a declared size of 2^63 and more is negative, and so below the limit",
              mistake_size([](std::uint64_t size) { return size >> 63 != 0; })}),
      subtle({"parameters/size-in-32-bits", "RFC1870-3-P3", "a declared size is kept in 32 bits, so that 4294967396 octets are a hundred",
              mistake_size([](std::uint64_t size) { return (size & 0xffffffff) <= size_limit(); })}),
      subtle({"parameters/size-with-tail", "RFC1870-6-P2", "a declared size ends at its first octet that is no digit, as by atoi",
              take_parameter([](const Command& c, std::string_view line) {
                const std::string_view value = value_of(c, line, "SIZE");
                return !value.empty() && smtp::is_digit(value.front()) && !smtp::is_digit(value.back());
              })}),

      // --- RFC 3461
      subtle({"parameters/ret-twice-alike", "RFC3461-5.1-3", "RET may be given twice when it says the same",
              take_parameter([](const Command& c, std::string_view line) {
                std::vector<std::string> values;
                for (std::size_t i = 0; i < c.params.size(); ++i)
                  if (smtp::iequals(c.params[i].keyword.in(line), "RET")) values.push_back(smtp::to_upper(c.params[i].value.in(line)));
                return values.size() == 2 && values[0] == values[1] && (values[0] == "FULL" || values[0] == "HDRS");
              })}),
      subtle({"parameters/empty-envid", "RFC3461-4.4-1", "ENVID= with nothing behind it is no ENVID at all, and MAIL is taken",
              take_parameter([](const Command&, std::string_view line) { return smtp::to_upper(line).ends_with(" ENVID="); })}),
      subtle({"parameters/envid-of-100", "RFC3461-5.4-1", "an ENVID parameter may have 99 octets",
              refuse_value(Input::mail, "ENVID", [](std::string_view value) { return value.size() >= 94; })}),
      subtle({"parameters/envid-without-hexchar", "RFC3461-5.1-2", "an ENVID with a plus sign is refused, be it a well-formed hexchar",
              refuse_value(Input::mail, "ENVID", [](std::string_view value) { return value.find('+') != value.npos; })}),
      subtle({"parameters/notify-in-capitals", "RFC3461-4.1-P1", "the values of NOTIFY are known in capitals only",
              refuse_value(Input::rcpt, "NOTIFY", [](std::string_view value) { return has_small_letter(value); })}),
      subtle({"parameters/notify-in-order", "RFC3461-4.1-2", "the values of NOTIFY are taken in the order SUCCESS, FAILURE, DELAY only",
              refuse_value(Input::rcpt, "NOTIFY",
                           [](std::string_view value) {
                             const auto all = elements(value);
                             return !std::is_sorted(all.begin(), all.end(), std::greater<>());
                           })}),
      subtle({"parameters/never-behind-others", "RFC3461-4.1-2", "NEVER behind another value of NOTIFY is passed over",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt_bad_parameter, Input::rcpt, [](const Command& c, std::string_view line) {
                  auto all = elements(value_of(c, line, "NOTIFY"));
                  if (all.size() < 2 || all.back() != "NEVER") return false;
                  all.pop_back();
                  return std::all_of(all.begin(), all.end(),
                                     [](const std::string& e) { return e == "SUCCESS" || e == "FAILURE" || e == "DELAY"; });
                });
              }}),
      subtle({"parameters/orcpt-of-500", "RFC3461-5.4-1", "an ORCPT may have 255 octets, for it is an address",
              refuse_value(Input::rcpt, "ORCPT", [](std::string_view value) { return value.size() > 255; })}),
      subtle({"parameters/orcpt-of-rfc822", "RFC3461-5.1-5", "an ORCPT of another address type than rfc822 and utf-8 is refused",
              refuse_value(
                  Input::rcpt, "ORCPT",
                  [](std::string_view value) { return !smtp::istarts_with(value, "rfc822;") && !smtp::istarts_with(value, "utf-8;"); })}),
      subtle({"parameters/orcpt-is-the-recipient", "RFC3461-5.1-5", "an ORCPT that is not the address of its RCPT is refused as forged",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt, Input::rcpt_bad_parameter, [](const Command& c, std::string_view line) {
                  const std::string_view value = value_of(c, line, "ORCPT");
                  const std::string_view path = c.path.all.in(line);
                  return smtp::istarts_with(value, "rfc822;") && !smtp::iequals(value.substr(7), path.substr(1, path.size() - 2));
                });
              }}),

      // --- AUTH and SMTPUTF8
      subtle({"parameters/auth-without-hexchar", "RFC4954-5-2", "a name with a hexchar in the AUTH parameter of MAIL is refused",
              refuse_value(Input::mail, "AUTH", [](std::string_view value) { return value.find('+') != value.npos; })}),
      {"parameters/smtputf8-with-value", "RFC6531-3.4-2", "SMTPUTF8 is taken with a value",
       take_parameter([](const Command& c, std::string_view line) {
         const Param* param = c.param(line, "SMTPUTF8");
         return param && param->has_value;
       })},
      subtle({"parameters/smtputf8-wants-8bitmime", "RFC6531-3.1-4", "SMTPUTF8 is refused in a MAIL without BODY=8BITMIME",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::mail, Input::mail_bad_parameter, [](const Command& c, std::string_view line) {
                  return smtp::mail_params(c, line).smtputf8 && !c.param(line, "BODY");
                });
              }}),
      subtle({"parameters/smtputf8-in-small-letters", "RFC5321-2.4-1", "SMTPUTF8 behind VRFY is known in capitals only",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::vrfy, Input::vrfy_no_mailbox, [](const Command& c, std::string_view line) {
                  const std::string_view argument = c.argument.in(line);
                  return smtp::to_upper(argument).ends_with(" SMTPUTF8") && !argument.ends_with(" SMTPUTF8");
                });
              }}),
      subtle({"parameters/expn-has-none", "RFC6531-3.1-5", "SMTPUTF8 is known behind VRFY, and not behind EXPN",
              [](Seams& seams, Shared&) {
                for (const Input input : {Input::expn, Input::expn_no_list})
                  take_for(seams, input, Input::expn_syntax, [](const Command& c, std::string_view line) {
                    return smtp::to_upper(c.argument.in(line)).ends_with(" SMTPUTF8");
                  });
              }}),

      // --- RFC 3461, taken or refused outright
      subtle(
          {"parameters/any-ret", "RFC3461-4.3-1", "any value of RET is taken", take_parameter([](const Command& c, std::string_view line) {
             return !value_of(c, line, "RET").empty() && smtp::mail_params(c, line).bad == c.param(line, "RET") - c.params.begin();
           })}),
      subtle({"parameters/ret-in-capitals", "RFC3461-4.1-P1", "the values of RET are known in capitals only",
              refuse_value(Input::mail, "RET", [](std::string_view value) { return has_small_letter(value); })}),
      subtle({"parameters/envid-twice", "RFC3461-5.1-3", "of two ENVIDs the last one counts",
              take_parameter([](const Command& c, std::string_view line) {
                const auto count = std::count_if(c.params.begin(), c.params.end(),
                                                 [&](const Param& param) { return smtp::iequals(param.keyword.in(line), "ENVID"); });
                return count == 2 && smtp::mail_params(c, line).bad > 0;
              })}),
      subtle({"parameters/malformed-envid", "RFC3461-5.1-3", "a plus sign in an ENVID may stand for itself",
              take_parameter([](const Command& c, std::string_view line) {
                const std::string_view value = value_of(c, line, "ENVID");
                return value.find('+') != value.npos && smtp::mail_params(c, line).bad == c.param(line, "ENVID") - c.params.begin();
              })}),
      subtle({"parameters/any-notify", "RFC3461-4.1-1", "unknown values of NOTIFY are passed over",
              [](Seams& seams, Shared&) {
                take_for(seams, Input::rcpt_bad_parameter, Input::rcpt, [](const Command& c, std::string_view line) {
                  const auto all = elements(value_of(c, line, "NOTIFY"));
                  return std::any_of(all.begin(), all.end(), [](const std::string& e) {
                    return e != "NEVER" && e != "SUCCESS" && e != "FAILURE" && e != "DELAY" && !e.empty();
                  });
                });
              }}),
      subtle({"parameters/notify-without-delay", "RFC3461-4.1-2", "of the values of NOTIFY, DELAY is unknown",
              refuse_value(Input::rcpt, "NOTIFY",
                           [](std::string_view value) {
                             const auto all = elements(value);
                             return std::find(all.begin(), all.end(), "DELAY") != all.end();
                           })}),
  };
}

}  // namespace smtpspec::faults
