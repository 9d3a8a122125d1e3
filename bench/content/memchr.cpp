// The least that reads mail data rightly: memchr for each line end, views of what stands between the dots.
#include <cstring>

#include "adapter.hpp"

namespace {

class Memchr {
 public:
  static constexpr const char* name = "memchr";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_CONTENT, does = SMTPSPEC_TEXTS | SMTPSPEC_ZERO_COPY;

  // Takes whole lines: one that is cut comes again.
  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    const char* const end = octets.data() + octets.size();
    const char* line = octets.data();  // start of a line
    const char* piece = line;          // not passed on yet
    for (const char* at = line; at != end;) {
      const auto* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (newline == nullptr) break;
      at = newline + 1;
      if (newline == line || newline[-1] != '\r') continue;
      if (*line == '.') {
        pass(piece, line, sink);
        piece = line + 1;
        if (newline - line == 2) {
          sink.on_message(&sink);
          piece = at;
        }
      }
      line = at;
    }
    pass(piece, line, sink);
    return line - octets.data();
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}

 private:
  static void pass(const char* from, const char* to, const smtpspec_sink& sink) {
    if (from < to) sink.on_content(&sink, {from, static_cast<std::size_t>(to - from)});
  }
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Memchr)
