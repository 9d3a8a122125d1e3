// The functions that libFuzzer asks a program for: to be included by one file of it, which defines server_under_test() (inprocess.hpp).
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/inprocess/inprocess.hpp"

namespace smtpspec::fuzz::libfuzzer {

inline InProcess& linked() {
  static InProcess server(server_under_test());
  return server;
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

inline std::size_t put(const std::string& text, std::uint8_t* out) {
  std::copy(text.begin(), text.end(), out);
  return text.size();
}

}  // namespace smtpspec::fuzz::libfuzzer

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace libfuzzer = smtpspec::fuzz::libfuzzer;
  const std::string wrong = libfuzzer::linked().play(libfuzzer::text_of(data, size));
  if (wrong.empty()) return 0;
  std::fprintf(stderr, "%s", wrong.c_str());
  std::abort();
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  namespace libfuzzer = smtpspec::fuzz::libfuzzer;
  return libfuzzer::put(libfuzzer::linked().mutate(libfuzzer::text_of(data, size), most, seed), data);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, std::size_t one_size, const std::uint8_t* other,
                                                 std::size_t other_size, std::uint8_t* out, std::size_t most, unsigned seed) {
  namespace libfuzzer = smtpspec::fuzz::libfuzzer;
  const std::string text =
      libfuzzer::linked().cross_over(libfuzzer::text_of(one, one_size), libfuzzer::text_of(other, other_size), most, seed);
  return libfuzzer::put(text, out);
}
