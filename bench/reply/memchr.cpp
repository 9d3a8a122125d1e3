// The least that still finds replies: memchr for each line, three digits and the octet behind them. Checks nothing else.
#include <cstring>

#include "adapter.hpp"

namespace {

struct Memchr {
  static constexpr const char* name = "memchr";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    const char* const begin = octets.data();
    const char* const end = begin + octets.size();
    const char* done = begin;
    std::uint32_t lines = 0;
    for (const char* line = begin;;) {
      const auto* newline = static_cast<const char*>(std::memchr(line, '\n', static_cast<std::size_t>(end - line)));
      if (newline == nullptr) return done - begin;
      ++lines;
      if (newline - line < 4 || line[3] != '-') {
        const auto digit = [&](int i) { return newline - line > i ? static_cast<std::uint32_t>(line[i] - '0') : 0u; };
        const smtpspec_reply reply{digit(0) * 100 + digit(1) * 10 + digit(2), lines, nullptr, {}};
        sink.on_reply(&sink, &reply);
        lines = 0;
        done = newline + 1;
      }
      line = newline + 1;
    }
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Memchr)
