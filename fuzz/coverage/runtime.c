/* What a server is linked with so that `smtpspec fuzz --coverage` sees where in its code a scenario led. Plain C99 without
 * libraries, for a server in any language whose compiler instruments as clang or gcc do:
 *
 *   clang -c runtime.c
 *   clang -fsanitize-coverage=trace-pc-guard … server.c runtime.o        or: gcc -fsanitize-coverage=trace-pc
 *
 * Only the server's own files are to be instrumented, not this one. A place in the code is an octet of shared memory (System V, which
 * a chroot does not hide), made by the fuzzer and named by the environment: SMTPSPEC_COVERAGE=ID. Whoever inherits it
 * takes part, children and programs that are executed too; without it the server runs as ever. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/shm.h>
#include <unistd.h>

/* As in coverage.hpp. Octet 0 says that somebody is here. */
enum { map_size = 1 << 16 };

static uint8_t nowhere[map_size];
static uint8_t *map = nowhere;
static uint32_t first; /* where the places of this program begin */

/* Programs of one server shall not share places: where they begin hangs on the name of the file. */
static uint32_t hash_of_program(void) {
  char name[4096];
  const ssize_t size = readlink("/proc/self/exe", name, sizeof name);
  uint32_t hash = 2166136261u;
  ssize_t i;
  for (i = 0; i < size; ++i) hash = (hash ^ (unsigned char)name[i]) * 16777619u;
  return hash;
}

static void attach(void) {
  static int done;
  const char *id = getenv("SMTPSPEC_COVERAGE");
  void *at;
  if (done || id == NULL) return;
  done = 1;
  at = shmat(atoi(id), NULL, 0);
  if (at == (void *)-1) return;
  first = hash_of_program();
  map = at;
  map[0] = 1;
}

static void visit(uint32_t place) {
  uint8_t *at = map + 1 + place % (map_size - 1);
  if (*at == 0) *at = 1;
}

/* clang: every place has a number of its own. */
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop) {
  static uint32_t number;
  attach();
  if (start == stop || *start != 0) return;
  for (; start < stop; ++start) *start = ++number;
}
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard) {
  if (*guard != 0) visit(first + *guard);
}

/* gcc: a place is an address, which moves with each start as a whole. */
extern const char __executable_start;
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
  static int known;
  const uintptr_t offset = (uintptr_t)__builtin_return_address(0) - (uintptr_t)&__executable_start;
  if (!known) {
    known = 1;
    attach();
  }
  visit(first + (uint32_t)(offset * 2654435761u >> 8));
}
