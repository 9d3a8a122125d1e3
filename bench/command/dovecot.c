/* Dovecot's lib-smtp: the command parser of its submission server, with its readers of paths, parameters and EHLO's argument. What
 * a verb may have behind it is the server's matter there and stands here as the server has it. */
#include "shared/dovecot.h"

#include <smtp-address.h>
#include <smtp-command-parser.h>
#include <smtp-params.h>
#include <smtp-syntax.h>
#include <string.h>

static void* create(void) { return create_context(sizeof(struct stream)); }

enum argument { ARGUMENT_NONE, ARGUMENT_ANY, ARGUMENT_SOME, ARGUMENT_DOMAIN, ARGUMENT_FROM, ARGUMENT_TO };

static const struct verb {
  const char* name;
  uint32_t number;
  enum argument argument;
} verbs[] = {
    {"RCPT", SMTPSPEC_VERB_RCPT, ARGUMENT_TO},   {"MAIL", SMTPSPEC_VERB_MAIL, ARGUMENT_FROM},
    {"DATA", SMTPSPEC_VERB_DATA, ARGUMENT_NONE}, {"EHLO", SMTPSPEC_VERB_EHLO, ARGUMENT_DOMAIN},
    {"QUIT", SMTPSPEC_VERB_QUIT, ARGUMENT_NONE}, {"RSET", SMTPSPEC_VERB_RSET, ARGUMENT_NONE},
    {"NOOP", SMTPSPEC_VERB_NOOP, ARGUMENT_ANY},  {"HELO", SMTPSPEC_VERB_HELO, ARGUMENT_DOMAIN},
    {"BDAT", SMTPSPEC_VERB_BDAT, ARGUMENT_SOME}, {"AUTH", SMTPSPEC_VERB_AUTH, ARGUMENT_SOME},
    {"VRFY", SMTPSPEC_VERB_VRFY, ARGUMENT_SOME}, {"STARTTLS", SMTPSPEC_VERB_STARTTLS, ARGUMENT_NONE},
    {"HELP", SMTPSPEC_VERB_HELP, ARGUMENT_ANY},
};

#define CAPABILITIES                                                                                                                \
  (SMTP_CAPABILITY_AUTH | SMTP_CAPABILITY_SIZE | SMTP_CAPABILITY_8BITMIME | SMTP_CAPABILITY_CHUNKING | SMTP_CAPABILITY_BINARYMIME | \
   SMTP_CAPABILITY_DSN)

/* FROM:<path> parameters; how many of them, or -1. */
static int read_mail(const char* text) {
  struct smtp_address* address;
  struct smtp_params_mail params;
  enum smtp_param_parse_error code;
  const char* error;
  if (strncasecmp(text, "FROM:", 5) != 0) return -1;
  if (smtp_address_parse_path_full(pool_datastack_create(), text + 5, SMTP_ADDRESS_PARSE_FLAG_STRICT | SMTP_ADDRESS_PARSE_FLAG_ALLOW_EMPTY,
                                   &address, &error, &text) < 0)
    return -1;
  if (*text == ' ') ++text;
  else if (*text != '\0') return -1;
  if (smtp_params_mail_parse(pool_datastack_create(), text, CAPABILITIES, NULL, NULL, &params, &code, &error) < 0) return -1;
  return (params.size > 0) + (params.body.type != SMTP_PARAM_MAIL_BODY_TYPE_UNSPECIFIED) + (params.envid != NULL) +
         (params.ret != SMTP_PARAM_MAIL_RET_UNSPECIFIED) + (params.auth != NULL);
}

/* TO:<path> parameters. */
static int read_rcpt(const char* text) {
  struct smtp_address* address;
  struct smtp_params_rcpt params;
  enum smtp_param_parse_error code;
  const char* error;
  if (strncasecmp(text, "TO:", 3) != 0) return -1;
  if (smtp_address_parse_path_full(pool_datastack_create(), text + 3,
                                   SMTP_ADDRESS_PARSE_FLAG_STRICT | SMTP_ADDRESS_PARSE_FLAG_ALLOW_LOCALPART, &address, &error, &text) < 0)
    return -1;
  if (*text == ' ') ++text;
  else if (*text != '\0') return -1;
  if (smtp_params_rcpt_parse(pool_datastack_create(), text, 0, CAPABILITIES, NULL, &params, &code, &error) < 0) return -1;
  return (params.notify != SMTP_PARAM_RCPT_NOTIFY_UNSPECIFIED) + (params.orcpt.addr_raw != NULL);
}

static void report(const char* name, const char* params, size_t at, const smtpspec_sink* sink) {
  for (size_t i = 0; i < N_ELEMENTS(verbs); ++i) {
    smtpspec_command out = {verbs[i].number, 0, NULL, {NULL, 0}, {NULL, 0}};
    const char* domain;
    int count = 0;
    if (strcasecmp(name, verbs[i].name) != 0) continue;
    switch (verbs[i].argument) {
      case ARGUMENT_NONE: count = *params == '\0' ? 0 : -1; break;
      case ARGUMENT_ANY: break;
      case ARGUMENT_SOME: count = *params != '\0' ? 0 : -1; break;
      case ARGUMENT_DOMAIN: count = smtp_helo_domain_parse(params, verbs[i].number == SMTPSPEC_VERB_EHLO, &domain); break;
      case ARGUMENT_FROM: count = read_mail(params); break;
      case ARGUMENT_TO: count = read_rcpt(params); break;
    }
    if (count < 0) break;
    out.param_count = (uint32_t)count;
    sink->on_command(sink, &out);
    return;
  }
  sink->on_error(sink, at, "refused");
}

static ptrdiff_t feed(void* opaque, const char* octets, size_t size, const smtpspec_sink* sink) {
  struct istream* input = i_stream_create_from_data(octets, size);
  struct smtp_command_parser* parser = smtp_command_parser_init(input, NULL);
  uoff_t whole = 0; /* up to the end of the last command */
  for (;;) {
    enum smtp_command_parse_error code;
    const char *name, *params, *error;
    const int result = smtp_command_parse_next(parser, &name, &params, &code, &error);
    if (result <= 0 && (result == 0 || code != SMTP_COMMAND_PARSE_ERROR_BAD_COMMAND)) break;
    if (result < 0) {
      sink->on_error(sink, (size_t)whole, error);
    } else {
      T_BEGIN { report(name, params, (size_t)whole, sink); }
      T_END;
    }
    whole = input->v_offset;
  }
  smtp_command_parser_deinit(&parser);
  return ended(opaque, &input, whole, size);
}

DOVECOT_ADAPTER(SMTPSPEC_COMMAND, 0)
