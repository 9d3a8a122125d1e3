// A C++ type as an adapter of smtpspec-bench: the concept that it fits, and the table of functions that is made of it.
//
//   struct Mine {
//     static constexpr const char* name = "mine";
//     static constexpr const char* version = "1.0";
//     static constexpr std::uint32_t question = SMTPSPEC_REPLY, does = SMTPSPEC_TEXTS;
//     std::ptrdiff_t feed(std::string_view octets, const smtpspec_sink& sink);    // as adapter.h has it
//     std::ptrdiff_t finish(std::string_view octets, const smtpspec_sink& sink);
//     void reset();
//   };
//   SMTPSPEC_BENCH_ADAPTER(Mine)
//
// The macro stands once for each type, in a source file of the program or of a shared object. Exceptions end in the wrapper
// and count as SMTPSPEC_STOP.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "adapter.h"

namespace smtpspec::bench {

template <class T>
concept Adapter = std::default_initializable<T> && requires(T parser, std::string_view octets, const smtpspec_sink& sink) {
  { T::name } -> std::convertible_to<const char*>;
  { T::version } -> std::convertible_to<const char*>;
  { T::question } -> std::convertible_to<std::uint32_t>;
  { T::does } -> std::convertible_to<std::uint32_t>;
  { parser.feed(octets, sink) } -> std::same_as<std::ptrdiff_t>;
  { parser.finish(octets, sink) } -> std::same_as<std::ptrdiff_t>;
  { parser.reset() } -> std::same_as<void>;
};

template <Adapter T>
inline const smtpspec_adapter adapter_of{
    .abi = SMTPSPEC_BENCH_ABI,
    .question = T::question,
    .does = T::does,
    .name = T::name,
    .version = T::version,
    .create = []() -> void* {
      try {
        return std::make_unique<T>().release();
      } catch (...) {
        return nullptr;
      }
    },
    .destroy = [](void* context) { delete static_cast<T*>(context); },
    .feed = [](void* context, const char* octets, std::size_t size, const smtpspec_sink* sink) -> std::ptrdiff_t {
      try {
        return static_cast<T*>(context)->feed({octets, size}, *sink);
      } catch (...) {
        return SMTPSPEC_STOP;
      }
    },
    .finish = [](void* context, const char* octets, std::size_t size, const smtpspec_sink* sink) -> std::ptrdiff_t {
      try {
        return static_cast<T*>(context)->finish({octets, size}, *sink);
      } catch (...) {
        return SMTPSPEC_STOP;
      }
    },
    .reset = [](void* context) { static_cast<T*>(context)->reset(); },
};

// The adapters of this program or shared object. Hidden, so that each has its own.
__attribute__((visibility("hidden"))) inline std::vector<const smtpspec_adapter*>& adapters() {
  static std::vector<const smtpspec_adapter*> list;
  return list;
}
struct Registration {
  explicit Registration(const smtpspec_adapter* adapter) { adapters().push_back(adapter); }
};

}  // namespace smtpspec::bench

#define SMTPSPEC_BENCH_ADAPTER(type) \
  static const ::smtpspec::bench::Registration smtpspec_registration_##type(&::smtpspec::bench::adapter_of<type>);

// Weak: every source file that registers one brings it, the linker keeps one.
extern "C" __attribute__((weak)) SMTPSPEC_BENCH_EXPORT const smtpspec_adapter* smtpspec_bench_adapter(std::uint32_t index) {
  const auto& list = smtpspec::bench::adapters();
  return index < list.size() ? list[index] : nullptr;
}
