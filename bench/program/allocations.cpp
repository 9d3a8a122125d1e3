#include "program/allocations.hpp"

#include <cstddef>

#ifdef SMTPSPEC_BENCH_NO_HEAP
std::uint64_t smtpspec::bench::allocations() { return 0; }
#else
// These stand in for the C library's, also for shared objects and for operator new.
extern "C" {
void* __libc_malloc(std::size_t size);                    // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t n, std::size_t size);     // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* at, std::size_t size);         // NOLINT(bugprone-reserved-identifier)
void* __libc_memalign(std::size_t to, std::size_t size);  // NOLINT(bugprone-reserved-identifier)
}

namespace {
std::uint64_t count = 0;
}

extern "C" {
void* malloc(std::size_t size) {
  ++count;
  return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
  ++count;
  return __libc_calloc(n, size);
}
void* realloc(void* at, std::size_t size) {
  ++count;
  return __libc_realloc(at, size);
}
void* aligned_alloc(std::size_t to, std::size_t size) {
  ++count;
  return __libc_memalign(to, size);
}
}

std::uint64_t smtpspec::bench::allocations() { return count; }
#endif
