// What the harness itself costs: takes everything and answers nothing.
#include "adapter.hpp"

namespace {

struct Null {
  static constexpr const char* name = "null";
  static constexpr const char* version = "";
  static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_BASELINE | SMTPSPEC_STREAMING;
  std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink&) { return static_cast<std::ptrdiff_t>(octets.size()); }
  std::ptrdiff_t finish(std::string_view, const smtpspec_sink&) { return 0; }
  void reset() {}
};

}  // namespace

SMTPSPEC_BENCH_ADAPTER(Null)
