/* What the adapters of Dovecot's lib-smtp share: a stream of what was fed, whose end is known only when the input ends. In C, as
 * its headers are. A context begins with a struct stream. */
#include <config.h>

#include <lib.h>

#include <istream.h>
#include <stdlib.h>

#include "adapter.h"

struct stream {
  bool unfinished;
};

static void* create_context(size_t size) {
  if (!lib_is_initialized()) lib_init();
  return calloc(1, size);
}

/* Everything was read up to `whole`, and what is behind it is no whole item. */
static ptrdiff_t ended(struct stream* stream, struct istream** input, uoff_t whole, size_t size) {
  stream->unfinished = whole < size;
  i_stream_unref(input);
  return (ptrdiff_t)size;
}

static ptrdiff_t finish(void* context, const char* octets, size_t size, const smtpspec_sink* sink) {
  (void)octets;
  (void)size;
  (void)sink;
  return ((const struct stream*)context)->unfinished ? SMTPSPEC_STOP : 0;
}

static void reset(void* context) { ((struct stream*)context)->unfinished = FALSE; }

/* Behind create() and feed(). */
#define DOVECOT_ADAPTER(question, does)                                                                                      \
  static const smtpspec_adapter adapter = {                                                                                  \
      SMTPSPEC_BENCH_ABI, question, (does) | SMTPSPEC_WHOLE, "dovecot", PACKAGE_VERSION, create, free, feed, finish, reset}; \
  const smtpspec_adapter* smtpspec_bench_adapter(uint32_t index) { return index == 0 ? &adapter : NULL; }
