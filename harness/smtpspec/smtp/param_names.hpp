// The parameters of MAIL and RCPT whose values are read, by their keywords.
#pragma once

#include "smtpspec/smtp/command.hpp"
#include "smtpspec/smtp/word_table.hpp"

namespace smtpspec::smtp {

inline constexpr WordTable param_names({{"SIZE", ParamName::size},
                                        {"BODY", ParamName::body},
                                        {"SMTPUTF8", ParamName::smtputf8},
                                        {"REQUIRETLS", ParamName::requiretls},
                                        {"AUTH", ParamName::auth},
                                        {"RET", ParamName::ret},
                                        {"ENVID", ParamName::envid},
                                        {"NOTIFY", ParamName::notify},
                                        {"ORCPT", ParamName::orcpt}},
                                       ParamName::unknown);

}  // namespace smtpspec::smtp
