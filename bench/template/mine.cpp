// A parser of replies as an adapter of smtpspec-bench, to start from: a type that fits the concept of adapter.hpp.
//
//   c++ -std=c++20 -O2 -shared -fPIC -I DIRECTORY_OF_ADAPTER_H mine.cpp -o libmine.so
//   smtpspec-bench --adapter ./libmine.so --input reply/mixed
#include <string_view>
#include <vector>

#include "adapter.hpp"

namespace {

class Mine {
 public:
  static constexpr const char* name = "mine";
  static constexpr const char* version = "1.0";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_TEXTS | SMTPSPEC_ZERO_COPY;

  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink) {
    std::size_t done = 0, at = 0;
    lines_.clear();
    for (;;) {
      const std::size_t end = octets.find("\r\n", at);
      if (end == std::string_view::npos) return static_cast<std::ptrdiff_t>(done);  // the rest is fed again, with more behind it
      const std::string_view line = octets.substr(at, end - at);
      if (!is_line(line)) {
        sink.on_error(&sink, at, "not a reply");
        return SMTPSPEC_STOP;
      }
      const std::string_view text = line.substr(line.size() < 4 ? 3 : 4);
      lines_.push_back({text.data(), text.size()});
      at = end + 2;
      if (line.size() > 3 && line[3] == '-') continue;
      const auto digit = [&](std::size_t i) { return static_cast<std::uint32_t>(line[i] - '0'); };
      const smtpspec_reply reply{digit(0) * 100 + digit(1) * 10 + digit(2), static_cast<std::uint32_t>(lines_.size()), lines_.data(), {}};
      sink.on_reply(&sink, &reply);
      lines_.clear();
      done = at;
    }
  }
  std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink&) { return octets.empty() ? 0 : SMTPSPEC_STOP; }
  void reset() {}

 private:
  static bool is_line(std::string_view line) {
    return line.size() >= 3 && line.substr(0, 3).find_first_not_of("0123456789") == std::string_view::npos &&
           (line.size() == 3 || line[3] == ' ' || line[3] == '-');
  }

  std::vector<smtpspec_text> lines_;
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Mine)
