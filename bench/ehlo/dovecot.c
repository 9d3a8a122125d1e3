/* Dovecot's lib-smtp: the reply parser as its submission proxy uses it for EHLO, and its reading of each line. */
#include "shared/dovecot.h"

#include <smtp-reply-parser.h>
#include <smtp-syntax.h>
#include <string.h>

#define MAX_REPLY_SIZE (1024 * 1024)
#define MAX_KEYWORDS 4096

struct context {
  struct stream stream;
  smtpspec_keyword keywords[MAX_KEYWORDS];
};

static void* create(void) { return create_context(sizeof(struct context)); }

/* NULL, or what is wrong. Keyword and parameters are said as they stand in the line. */
static const char* read_keywords(struct context* context, const struct smtp_reply* reply, smtpspec_ehlo* out) {
  if (*reply->text_lines == NULL) return NULL;
  for (const char* const* line = reply->text_lines + 1; *line != NULL; ++line) {
    const char *key, *error, *const *params;
    smtpspec_keyword* keyword = &context->keywords[out->keyword_count];
    if (out->keyword_count == MAX_KEYWORDS) return "too many keywords";
    if (smtp_ehlo_line_parse(*line, &key, &params, &error) < 0) return error;
    keyword->keyword.data = *line;
    keyword->keyword.size = strlen(key);
    keyword->params.data = *line + keyword->keyword.size + (params != NULL && *params != NULL ? 1 : 0);
    keyword->params.size = strlen(keyword->params.data);
    ++out->keyword_count;
  }
  return NULL;
}

static ptrdiff_t feed(void* opaque, const char* octets, size_t size, const smtpspec_sink* sink) {
  struct context* context = opaque;
  struct istream* input = i_stream_create_from_data(octets, size);
  struct smtp_reply_parser* parser = smtp_reply_parser_init(input, MAX_REPLY_SIZE);
  struct smtp_reply* reply;
  const char* error;
  uoff_t whole = 0; /* up to the end of the last reply */
  while (smtp_reply_parse_ehlo(parser, &reply, &error) > 0) {
    T_BEGIN {
      smtpspec_ehlo out = {reply->status, 0, context->keywords};
      const char* wrong = read_keywords(context, reply, &out);
      if (wrong == NULL) sink->on_ehlo(sink, &out);
      else sink->on_error(sink, (size_t)whole, wrong);
    }
    T_END;
    whole = input->v_offset;
  }
  smtp_reply_parser_deinit(&parser);
  return ended(&context->stream, &input, whole, size);
}

DOVECOT_ADAPTER(SMTPSPEC_EHLO, SMTPSPEC_TEXTS)
