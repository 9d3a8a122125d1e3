// smtpspec's own reply parser and its reading of EHLO lines, strict: a line that is no ehlo-line is an error of the reply.
#include "reply/strict.hpp"
#include "smtpspec/smtp/ehlo.hpp"

namespace {

using namespace smtpspec::smtp;

smtpspec_text text(std::string_view view) { return {view.data(), view.size()}; }

class Ours {
 public:
  static constexpr const char* name = "smtpspec";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_EHLO, does = SMTPSPEC_TEXTS | SMTPSPEC_STREAMING | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    return replies_.feed(octets, sink,
                         [&](const ReplyView& reply, std::string_view from, std::size_t at) { report(reply, from, at, sink); });
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return replies_.finish(octets); }
  void reset() { replies_.reset(); }

 private:
  void report(const ReplyView& reply, std::string_view octets, std::size_t at, const smtpspec_sink& sink) {
    keywords_.clear();
    for (std::size_t i = 1; i < reply.lines.size(); ++i) {
      const std::string_view line = reply.lines[i].text.in(octets);
      if (const std::string_view fault = ehlo_line_fault(line); !fault.empty())
        return sink.on_error(&sink, at + reply.lines[i].text.begin, fault.data());
      const EhloLine parts = ehlo_line(line);
      keywords_.push_back({text(parts.keyword), text(parts.params)});
    }
    const smtpspec_ehlo out{static_cast<std::uint32_t>(reply.code), static_cast<std::uint32_t>(keywords_.size()), keywords_.data()};
    sink.on_ehlo(&sink, &out);
  }

  smtpspec::bench::StrictReplies replies_;
  std::vector<smtpspec_keyword> keywords_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
