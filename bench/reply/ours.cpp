// smtpspec's own reply parser, strict: every departure from the grammar that it names is an error. Built a second and a third time
// as a peer, it shows what narrower processors would do (SMTPSPEC_WIDEST in plain.hpp).
#include "reply/strict.hpp"

namespace {

using namespace smtpspec::smtp;

class Ours {
 public:
  static constexpr const char* name = SMTPSPEC_WIDEST == 8 ? "smtpspec-words" : SMTPSPEC_WIDEST == 16 ? "smtpspec-sse2" : "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY,
                                 does = SMTPSPEC_TEXTS | SMTPSPEC_STATUS | SMTPSPEC_STREAMING | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    return replies_.feed(octets, sink, [&](const ReplyView& reply, std::string_view from, std::size_t) { report(reply, from, sink); });
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return replies_.finish(octets); }
  void reset() { replies_.reset(); }

 private:
  void report(const ReplyView& reply, std::string_view octets, const smtpspec_sink& sink) {
    smtpspec_text* text = texts_.data();
    for (const ReplyLine& line : reply.lines) *text++ = {octets.data() + line.text.begin, line.text.size};
    const smtpspec_reply out{static_cast<std::uint32_t>(reply.code),
                             static_cast<std::uint32_t>(reply.lines.size()),
                             texts_.data(),
                             {reply.status.klass, reply.status.subject, reply.status.detail}};
    sink.on_reply(&sink, &out);
  }

  smtpspec::bench::StrictReplies replies_;
  std::vector<smtpspec_text> texts_ = std::vector<smtpspec_text>(ReplyLimits{}.lines);  // as many as a reply can have
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
