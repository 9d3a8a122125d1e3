// What an input holds, or what an adapter saw in it, as counts and check-sums. The generator fills one from what it wrote, the
// gate another from what an adapter reports; they are the same when the adapter is right.
#pragma once

#include <cstdint>
#include <string_view>

namespace smtpspec::bench {

// FNV-1a over texts; where one ends counts, how it came in pieces does not.
class TextSum {
 public:
  void add(std::string_view piece) {
    for (const char c : piece) mix(static_cast<unsigned char>(c));
  }
  void end() { mix(0x100); }
  void text(std::string_view whole) {
    add(whole);
    end();
  }
  std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001b3u; }
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

struct Sums {
  std::uint64_t items = 0;   // replies, commands, steps, messages
  std::uint64_t errors = 0;  // items outside the grammar
  std::uint64_t codes = 0;   // sum of reply codes or verbs
  std::uint64_t parts = 0;   // lines, keywords, parameters, octets of content
  std::uint64_t status = 0;  // sum of enhanced status codes
  TextSum text;

  void add_status(std::uint64_t klass, std::uint64_t subject, std::uint64_t detail) {
    status += klass * 1'000'000 + subject * 1'000 + detail;
  }
};

}  // namespace smtpspec::bench
