/* The raw client that others are measured against: blocking sockets, a thread for each connection, and no look at a reply but for
 * its end and its first digit. What a session says is what smtp-source says.
 *
 *   blocking PORT CONNECTIONS SESSIONS MESSAGES           MESSAGES in each session
 *   blocking PORT CONNECTIONS SESSIONS MESSAGES rset      transactions that end with RSET, where DATA would be
 *   blocking PORT 20 20000 1 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char content[] =
    "From: <alice@client.example>\r\nTo: <bob@server.example>\r\nDate: Sat, 28 Nov 2026 12:00:00 +0000\r\nSubject: a benchmark\r\n\r\n"
    "The first line of it.\r\nThe second line of it.\r\nThe third line of it.\r\nThe last line of it.\r\n.\r\n";

static struct sockaddr_in target = {.sin_family = AF_INET};
static atomic_long left;
static atomic_long failed;
static long messages;
static int abandoned;

/* 1 when a whole reply came that begins with `digit`. */
static int expect(int fd, char digit) {
  char octets[4096];
  size_t size = 0, line = 0;
  while (size < sizeof octets) {
    const ssize_t got = read(fd, octets + size, sizeof octets - size);
    if (got <= 0) return 0;
    size += (size_t)got;
    for (char *end; (end = memchr(octets + line, '\n', size - line)) != NULL; line = (size_t)(end + 1 - octets))
      if (end - (octets + line) >= 4 && octets[line + 3] != '-') return octets[line] == digit;
  }
  return 0;
}

static int say(int fd, const char *octets, char digit) {
  const size_t size = strlen(octets);
  return write(fd, octets, size) == (ssize_t)size && expect(fd, digit);
}

static int session(void) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0) return 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int good = connect(fd, (struct sockaddr *)&target, sizeof target) == 0 && expect(fd, '2') && say(fd, "EHLO client.example\r\n", '2');
  for (long i = 0; good && i < messages; ++i)
    good = say(fd, "MAIL FROM:<alice@client.example>\r\n", '2') && say(fd, "RCPT TO:<bob@server.example>\r\n", '2') &&
           (abandoned ? say(fd, "RSET\r\n", '2') : say(fd, "DATA\r\n", '3') && say(fd, content, '2'));
  good = good && say(fd, "QUIT\r\n", '2');
  close(fd);
  return good;
}

static void *work(void *unused) {
  while (atomic_fetch_sub(&left, 1) > 0)
    if (!session()) atomic_fetch_add(&failed, 1);
  return unused;
}

int main(int argc, char **argv) {
  enum { MOST = 256 };
  pthread_t threads[MOST];
  abandoned = argc == 6 && strcmp(argv[5], "rset") == 0;
  if (argc != 5 + abandoned || atoi(argv[2]) < 1 || atoi(argv[2]) > MOST) {
    fputs("blocking PORT CONNECTIONS SESSIONS MESSAGES [rset]\n", stderr);
    return 2;
  }
  target.sin_port = htons((unsigned short)atoi(argv[1]));
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  left = atol(argv[3]);
  messages = atol(argv[4]);
  const int connections = atoi(argv[2]);
  for (int i = 0; i < connections; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < connections; ++i) pthread_join(threads[i], NULL);
  if (failed > 0) fprintf(stderr, "%ld sessions failed\n", (long)failed);
  return failed > 0;
}
