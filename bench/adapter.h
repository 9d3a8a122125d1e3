/* The interface between smtpspec-bench and a parser: a table of functions, in plain C99, so that a parser in any language that
 * can export a C function fits. A library exports
 *
 *   const smtpspec_adapter *smtpspec_bench_adapter(uint32_t index);
 *
 * which gives its adapters one after the other, and NULL behind the last. An adapter answers one question; a parser of
 * replies and of commands is two adapters. bench/README.md has a template.
 *
 * What is passed either way stays the property of who passes it and is good until the call returns. No function may throw or
 * jump out. One context is used by one thread at a time. */
#ifndef SMTPSPEC_BENCH_ADAPTER_H
#define SMTPSPEC_BENCH_ADAPTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Goes up with every change of this file that an adapter must be built again for. */
#define SMTPSPEC_BENCH_ABI 1u

/* What is asked. */
enum {
  SMTPSPEC_REPLY = 1,   /* replies of a server, a stream of them: on_reply */
  SMTPSPEC_EHLO = 2,    /* replies to EHLO, with their keywords: on_ehlo */
  SMTPSPEC_COMMAND = 3, /* commands of a client: on_command, on_error for each that is outside the grammar */
  SMTPSPEC_MODEL = 4,   /* what a client says in whole sessions: on_step for each command and each end of mail data */
  SMTPSPEC_CONTENT = 5, /* mail data with its dots, message after message: on_content, on_message */
  SMTPSPEC_STEP = 6     /* commands that were parsed and found good, an octet each, SMTPSPEC_VERB_..., 0 for the end of mail data
                           behind a DATA that was accepted: on_step for each. Behind QUIT a session begins anew, as in MODEL. */
};

/* What an adapter does beside the question. The more it says, the more of its answers are checked. */
enum {
  SMTPSPEC_TEXTS = 1u << 0,     /* gives texts: lines of replies, parameters of keywords, paths and parameters of commands */
  SMTPSPEC_STATUS = 1u << 1,    /* on_reply gives the enhanced status code (RFC 3463) */
  SMTPSPEC_STREAMING = 1u << 2, /* octets that were seen are not looked at again */
  SMTPSPEC_ZERO_COPY = 1u << 3, /* texts are views of the octets that were fed */
  SMTPSPEC_WHOLE = 1u << 4,     /* takes inputs in one piece only: is not asked for fragments */
  SMTPSPEC_BASELINE = 1u << 5   /* no parser: a floor to compare with, whose answers are not checked */
};

typedef struct smtpspec_text {
  const char* data;
  size_t size;
} smtpspec_text;

/* class.subject.detail; class_ 0: none was given. */
typedef struct smtpspec_status {
  uint16_t class_, subject, detail;
} smtpspec_status;

typedef struct smtpspec_reply {
  uint32_t code;
  uint32_t line_count;
  const smtpspec_text* lines; /* behind code and separator, without CRLF; NULL without SMTPSPEC_TEXTS */
  smtpspec_status status;     /* of the first line */
} smtpspec_reply;

typedef struct smtpspec_keyword {
  smtpspec_text keyword;
  smtpspec_text params; /* behind the blank; size 0: none */
} smtpspec_keyword;

typedef struct smtpspec_ehlo {
  uint32_t code;
  uint32_t keyword_count;
  const smtpspec_keyword* keywords; /* NULL without SMTPSPEC_TEXTS; the first line, which names the server, is none */
} smtpspec_ehlo;

enum {
  SMTPSPEC_VERB_EHLO = 1,
  SMTPSPEC_VERB_HELO,
  SMTPSPEC_VERB_MAIL,
  SMTPSPEC_VERB_RCPT,
  SMTPSPEC_VERB_DATA,
  SMTPSPEC_VERB_BDAT,
  SMTPSPEC_VERB_RSET,
  SMTPSPEC_VERB_VRFY,
  SMTPSPEC_VERB_EXPN,
  SMTPSPEC_VERB_HELP,
  SMTPSPEC_VERB_NOOP,
  SMTPSPEC_VERB_QUIT,
  SMTPSPEC_VERB_STARTTLS,
  SMTPSPEC_VERB_AUTH
};

typedef struct smtpspec_param {
  smtpspec_text keyword;
  smtpspec_text value; /* data NULL: no "=" */
} smtpspec_param;

typedef struct smtpspec_command {
  uint32_t verb;
  uint32_t param_count;         /* MAIL, RCPT */
  const smtpspec_param* params; /* NULL without SMTPSPEC_TEXTS */
  smtpspec_text local, domain;  /* MAIL, RCPT, as written; size 0 each for <> */
} smtpspec_command;

/* Where results go. The functions are never NULL; an adapter calls those of its question. */
typedef struct smtpspec_sink smtpspec_sink;
struct smtpspec_sink {
  void (*on_reply)(const smtpspec_sink* self, const smtpspec_reply* reply);
  void (*on_ehlo)(const smtpspec_sink* self, const smtpspec_ehlo* ehlo);
  void (*on_command)(const smtpspec_sink* self, const smtpspec_command* command);
  void (*on_step)(const smtpspec_sink* self, uint32_t code);            /* with which the machine answers; its first digit is checked */
  void (*on_content)(const smtpspec_sink* self, smtpspec_text content); /* a piece, without the dots of transparency */
  void (*on_message)(const smtpspec_sink* self);                        /* CRLF "." CRLF came */
  /* A reply or command outside the grammar, instead of the call above; `at` counts from the start of what was fed. */
  void (*on_error)(const smtpspec_sink* self, size_t at, const char* what);
};

typedef struct smtpspec_adapter {
  uint32_t abi;        /* SMTPSPEC_BENCH_ABI */
  uint32_t question;   /* SMTPSPEC_REPLY ... */
  uint32_t does;       /* SMTPSPEC_TEXTS | ... */
  const char* name;    /* "pegtl" */
  const char* version; /* "3.2.7"; "" when it has none */

  /* A context, or NULL when there is no memory for one. */
  void* (*create)(void);
  void (*destroy)(void* context);

  /* Takes octets and reports everything that is whole. Returns how many octets it is done with; the rest is fed again, at
   * the start of the next call and perhaps at another address, with more octets behind it. A parser that keeps its own copy
   * returns `size`. SMTPSPEC_STOP: it cannot go on; reset comes next. */
  ptrdiff_t (*feed)(void* context, const char* octets, size_t size, const smtpspec_sink* sink);

  /* The stream ended behind `octets`, the rest that feed left. Returns SMTPSPEC_STOP when something was unfinished, else 0. */
  ptrdiff_t (*finish)(void* context, const char* octets, size_t size, const smtpspec_sink* sink);

  /* Back to the start of a stream. */
  void (*reset)(void* context);
} smtpspec_adapter;

#define SMTPSPEC_STOP ((ptrdiff_t)-1)

#if defined(_WIN32)
#define SMTPSPEC_BENCH_EXPORT __declspec(dllexport)
#else
#define SMTPSPEC_BENCH_EXPORT __attribute__((visibility("default")))
#endif
SMTPSPEC_BENCH_EXPORT const smtpspec_adapter* smtpspec_bench_adapter(uint32_t index);

#ifdef __cplusplus
}
#endif

#endif
