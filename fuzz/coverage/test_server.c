/* A server for the tests of --coverage: it says the same to much that it does differently. Usage: test_server PORT. A process for each
 * connection, so that what is seen is seen through fork. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile int depth; /* keeps the places apart that the compiler would merge */

/* As deep as the argument is long. */
static void look_into(const char *argument) {
  if (strlen(argument) > 1) depth = 1;
  if (strlen(argument) > 4) depth = 2;
  if (strlen(argument) > 16) depth = 3;
  if (strlen(argument) > 64) depth = 4;
  if (strlen(argument) > 256) depth = 5;
  if (strchr(argument, '"')) depth = 6;
  if (strchr(argument, '[')) depth = 7;
  if (strchr(argument, '=')) depth = 8;
}

static void serve(int client) {
  FILE *in = fdopen(client, "r"), *out = fdopen(dup(client), "w");
  char line[4096];
  int data = 0, sender = 0, recipients = 0;
  const char *answer = "220 mx.test.example ready\r\n";
  while (in && out && fputs(answer, out) >= 0 && fflush(out) == 0 && fgets(line, sizeof line, in)) {
    answer = "";
    if (data) {
      if (strcmp(line, ".\r\n") != 0) continue;
      data = sender = recipients = 0;
      answer = "250 stored\r\n";
      continue;
    }
    look_into(line);
    if (strncasecmp(line, "EHLO ", 5) == 0 || strncasecmp(line, "HELO ", 5) == 0 || strncasecmp(line, "RSET", 4) == 0)
      sender = recipients = 0, answer = "250 mx.test.example\r\n";
    else if (strncasecmp(line, "MAIL FROM:", 10) == 0) answer = sender++ ? "503 again\r\n" : "250 sender\r\n";
    else if (strncasecmp(line, "RCPT TO:", 8) == 0) answer = sender ? (++recipients, "250 recipient\r\n") : "503 no sender\r\n";
    else if (strncasecmp(line, "DATA", 4) == 0) answer = recipients ? (data = 1, "354 go on\r\n") : "503 no recipient\r\n";
    else if (strncasecmp(line, "NOOP", 4) == 0) answer = "250 nothing\r\n";
    else if (strncasecmp(line, "QUIT", 4) == 0) {
      fputs("221 mx.test.example bye\r\n", out);
      break;
    } else answer = "500 what\r\n";
  }
  if (out) fflush(out);
}

int main(int argc, char **argv) {
  struct sockaddr_in at;
  const int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  if (argc != 2) return 2;
  memset(&at, 0, sizeof at);
  at.sin_family = AF_INET;
  at.sin_port = htons((unsigned short)atoi(argv[1]));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 64) != 0) return 1;
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    if (fork() == 0) {
      close(listener);
      serve(client);
      _exit(0);
    }
    close(client);
  }
}
