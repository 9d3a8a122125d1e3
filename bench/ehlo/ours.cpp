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
    if (keywords_.size() < reply.lines.size()) keywords_.resize(reply.lines.size());
    smtpspec_keyword* keyword = keywords_.data();
    for (const ReplyLine& line : reply.lines.subspan(1)) {
      const EhloLine parts = ehlo_line(line.text.in(octets));
      if (!parts.fault.empty()) return sink.on_error(&sink, at + line.text.begin, parts.fault.data());
      *keyword++ = {text(parts.keyword), text(parts.params)};
    }
    const smtpspec_ehlo out{static_cast<std::uint32_t>(reply.code), static_cast<std::uint32_t>(reply.lines.size() - 1), keywords_.data()};
    sink.on_ehlo(&sink, &out);
  }

  smtpspec::bench::StrictReplies replies_;
  std::vector<smtpspec_keyword> keywords_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Ours)
