// Replies as smtpspec's own adapters read them: strict, so that the first departure from the grammar is an error of the reply. A
// code without text is in the grammar, and the status codes are another RFC's matter.
#pragma once

#include <array>

#include "adapter.hpp"
#include "smtpspec/smtp/reply.hpp"

namespace smtpspec::bench {

// The first that counts, or nullptr.
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

class StrictReplies {
 public:
  // `report` gets each reply within the grammar, the octets from its start on, and where that is in what was fed.
  template <class Report>  // void(const smtp::ReplyView&, std::string_view octets, std::size_t at)
  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink, const Report& report) {
    std::size_t at = 0;
    while (const auto reply = parser_.next(octets)) {
      if (const smtp::Anomaly* wrong = departure(reply->anomalies))
        sink.on_error(&sink, at + reply->anomalies.at(*wrong), to_string(*wrong).data());
      else report(*reply, octets, at);
      at += reply->size;
      octets.remove_prefix(reply->size);
    }
    return static_cast<std::ptrdiff_t>(at);
  }
  std::ptrdiff_t finish(std::string_view octets) { return parser_.finish(octets) ? SMTPSPEC_STOP : 0; }
  void reset() { parser_ = {}; }

 private:
  smtp::ReplyParser parser_;
};

}  // namespace smtpspec::bench
