// smtpspec's own reply parser, strict: every departure from the grammar that it names is an error.
#include "adapter.hpp"
#include "reply/departure.hpp"

namespace {

using namespace smtpspec::smtp;

class Ours {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY,
                                 does = SMTPSPEC_TEXTS | SMTPSPEC_STATUS | SMTPSPEC_STREAMING | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    const std::size_t size = octets.size();
    while (const auto reply = parser_.next(octets)) {
      report(*reply, octets, size, sink);
      octets.remove_prefix(reply->size);
    }
    return static_cast<std::ptrdiff_t>(size - octets.size());
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return parser_.finish(octets) ? SMTPSPEC_STOP : 0; }
  void reset() { parser_ = {}; }

 private:
  void report(const ReplyView& reply, std::string_view octets, std::size_t size, const smtpspec_sink& sink) {
    if (const Anomaly* wrong = smtpspec::bench::departure(reply.anomalies))
      return sink.on_error(&sink, size - octets.size() + reply.anomalies.at(*wrong), to_string(*wrong).data());
    texts_.clear();
    for (const ReplyLine& line : reply.lines) texts_.push_back({octets.data() + line.text.begin, line.text.size});
    const smtpspec_reply out{static_cast<std::uint32_t>(reply.code),
                             static_cast<std::uint32_t>(texts_.size()),
                             texts_.data(),
                             {reply.status.klass, reply.status.subject, reply.status.detail}};
    sink.on_reply(&sink, &out);
  }

  ReplyParser parser_;
  std::vector<smtpspec_text> texts_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
