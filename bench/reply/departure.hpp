// What smtpspec's own adapters take for an error of a reply.
#pragma once

#include <array>

#include "smtpspec/smtp/reply.hpp"

namespace smtpspec::bench {

// The first departure from the grammar that counts, or nullptr. A code without text is in the grammar, and the status codes are
// another RFC's matter.
inline const smtp::Anomaly* departure(const smtp::Anomalies& anomalies) {
  using smtp::Anomaly;
  static constexpr std::array counted = {Anomaly::bare_lf,      Anomaly::bare_cr,        Anomaly::line_too_long,
                                         Anomaly::line_endless, Anomaly::no_code,        Anomaly::code_out_of_range,
                                         Anomaly::code_changed, Anomaly::bad_separator,  Anomaly::control_octet,
                                         Anomaly::eight_bit,    Anomaly::too_many_lines, Anomaly::truncated};
  if (!anomalies.any()) return nullptr;
  for (const Anomaly& each : counted)
    if (anomalies.has(each)) return &each;
  return nullptr;
}

}  // namespace smtpspec::bench
