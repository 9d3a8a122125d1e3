/* Dovecot's lib-smtp: the reply parser of its submission proxy, over a stream of what was fed. */
#include "shared/dovecot.h"

#include <smtp-reply-parser.h>
#include <string.h>

#define MAX_REPLY_SIZE (1024 * 1024)
#define MAX_LINES 4096

struct context {
  struct stream stream;
  smtpspec_text lines[MAX_LINES];
};

static void* create(void) { return create_context(sizeof(struct context)); }

static void report(struct context* context, const struct smtp_reply* reply, const smtpspec_sink* sink) {
  smtpspec_reply out = {reply->status, 0, context->lines, {0, 0, 0}};
  /* 9 stands for a code that should be there and is not. */
  if (smtp_reply_has_enhanced_code(reply)) {
    out.status.class_ = (uint16_t)reply->enhanced_code.x;
    out.status.subject = (uint16_t)reply->enhanced_code.y;
    out.status.detail = (uint16_t)reply->enhanced_code.z;
  }
  for (const char* const* line = reply->text_lines; *line != NULL && out.line_count < MAX_LINES; ++line) {
    context->lines[out.line_count].data = *line;
    context->lines[out.line_count].size = strlen(*line);
    ++out.line_count;
  }
  sink->on_reply(sink, &out);
}

static ptrdiff_t feed(void* opaque, const char* octets, size_t size, const smtpspec_sink* sink) {
  struct context* context = opaque;
  struct istream* input = i_stream_create_from_data(octets, size);
  struct smtp_reply_parser* parser = smtp_reply_parser_init(input, MAX_REPLY_SIZE);
  struct smtp_reply* reply;
  const char* error;
  uoff_t whole = 0; /* up to the end of the last reply */
  while (smtp_reply_parse_next(parser, FALSE, &reply, &error) > 0) {
    report(context, reply, sink);
    whole = input->v_offset;
  }
  smtp_reply_parser_deinit(&parser);
  return ended(&context->stream, &input, whole, size);
}

DOVECOT_ADAPTER(SMTPSPEC_REPLY, SMTPSPEC_TEXTS)
