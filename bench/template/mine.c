/* A parser of replies as an adapter of smtpspec-bench, to start from. Replace what stands in `next_reply` with a call of yours.
 *
 *   cc -std=c99 -O2 -shared -fPIC -I DIRECTORY_OF_ADAPTER_H mine.c -o libmine.so
 *   smtpspec-bench --adapter ./libmine.so --input reply/mixed
 */
#include <stdlib.h>
#include <string.h>

#include "adapter.h"

#define MAX_LINES 4096

typedef struct parser {
  smtpspec_text lines[MAX_LINES];
} parser;

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* The octets of the first reply, 0 when more are needed, SMTPSPEC_STOP when it is none. */
static ptrdiff_t next_reply(parser *self, const char *octets, size_t size, smtpspec_reply *reply) {
  size_t at = 0;
  memset(reply, 0, sizeof *reply);
  reply->lines = self->lines;
  for (;;) {
    const char *line = octets + at;
    const char *newline = memchr(line, '\n', size - at);
    size_t text;
    if (newline == NULL) return 0;
    if (newline - line < 4 || newline[-1] != '\r') return SMTPSPEC_STOP;
    if (!is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])) return SMTPSPEC_STOP;
    if (line[3] != ' ' && line[3] != '-' && line[3] != '\r') return SMTPSPEC_STOP;
    if (reply->line_count == MAX_LINES) return SMTPSPEC_STOP;
    reply->code = (uint32_t)((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
    text = line[3] == '\r' ? 3 : 4;
    self->lines[reply->line_count].data = line + text;
    self->lines[reply->line_count].size = (size_t)(newline - 1 - line) - text;
    ++reply->line_count;
    at = (size_t)(newline + 1 - octets);
    if (line[3] != '-') return (ptrdiff_t)at;
  }
}

static void *create(void) { return calloc(1, sizeof(parser)); }
static void destroy(void *context) { free(context); }

static ptrdiff_t feed(void *context, const char *octets, size_t size, const smtpspec_sink *sink) {
  size_t at = 0;
  for (;;) {
    smtpspec_reply reply;
    const ptrdiff_t taken = next_reply(context, octets + at, size - at, &reply);
    if (taken < 0) {
      sink->on_error(sink, at, "not a reply");
      return SMTPSPEC_STOP;
    }
    if (taken == 0) return (ptrdiff_t)at; /* the rest is fed again, with more behind it */
    sink->on_reply(sink, &reply);
    at += (size_t)taken;
  }
}

static ptrdiff_t finish(void *context, const char *octets, size_t size, const smtpspec_sink *sink) {
  (void)context, (void)octets, (void)sink;
  return size == 0 ? 0 : SMTPSPEC_STOP;
}

static void reset(void *context) { (void)context; }

static const smtpspec_adapter adapter = {
    SMTPSPEC_BENCH_ABI, SMTPSPEC_REPLY, SMTPSPEC_TEXTS | SMTPSPEC_ZERO_COPY, "mine", "1.0", create, destroy, feed, finish, reset,
};

const smtpspec_adapter *smtpspec_bench_adapter(uint32_t index) { return index == 0 ? &adapter : NULL; }
