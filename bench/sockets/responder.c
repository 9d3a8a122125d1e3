/* The least that is an SMTP server: it answers every line at once with what a conforming server could say, checks nothing and keeps
 * nothing. One thread, epoll. What a client reaches against it is the client's own speed.
 *
 *   responder PORT        on loopback, until it is killed */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_FD = 4096, ROOM = 64 * 1024 };

static struct connection {
  char octets[ROOM];
  size_t size;
  int in_data;
} * connections[MAX_FD];

/* The octets that are done with; what is to be said goes into `reply`. */
static size_t answer(struct connection *c, char *reply, size_t *said, int *quit) {
  size_t done = 0;
  while (*said < ROOM - 256) {
    const char *line = c->octets + done, *text;
    const size_t left = c->size - done;
    if (c->in_data) {
      const char *end = left >= 3 && memcmp(line, ".\r\n", 3) == 0 ? line - 2 : memmem(line, left, "\r\n.\r\n", 5);
      if (end == NULL) return done;
      done = (size_t)(end + 5 - c->octets);
      c->in_data = 0;
      text = "250 2.0.0 taken\r\n";
    } else {
      const char *end = memchr(line, '\n', left);
      if (end == NULL) return done;
      done = (size_t)(end + 1 - c->octets);
      switch (line[0] & 0xdf) {
        case 'E': text = "250-responder.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n"; break;
        case 'H': text = "250 responder.example\r\n"; break;
        case 'D': text = "354 go on\r\n"; c->in_data = 1; break;
        case 'Q': text = "221 2.0.0 responder.example bye\r\n"; *quit = 1; break;
        case 'M': text = "250 2.1.0 fine\r\n"; break;
        case 'R': text = (line[1] & 0xdf) == 'C' ? "250 2.1.5 fine\r\n" : "250 2.0.0 fine\r\n"; break;
        default: text = "250 2.0.0 fine\r\n";
      }
    }
    memcpy(reply + *said, text, strlen(text));
    *said += strlen(text);
    if (*quit) return done;
  }
  return done;
}

int main(int argc, char **argv) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (argc == 2) at.sin_port = htons((unsigned short)atoi(argv[1]));
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (argc != 2 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1024) != 0) {
    perror("responder PORT");
    return 2;
  }
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = listener}}, ready[256];
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    const int n = epoll_wait(poll, ready, 256, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == listener) {
        const int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) continue;
        if (accepted >= MAX_FD) {
          close(accepted);
          continue;
        }
        if (connections[accepted] == NULL) connections[accepted] = malloc(sizeof *connections[accepted]);
        connections[accepted]->size = 0;
        connections[accepted]->in_data = 0;
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.fd = accepted;
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event);
        if (write(accepted, "220 responder.example ready\r\n", 29) != 29) close(accepted);
        continue;
      }
      struct connection *c = connections[fd];
      static char reply[ROOM];
      size_t said = 0;
      int quit = 0;
      const ssize_t got = read(fd, c->octets + c->size, ROOM - c->size);
      if (got < 0 && errno == EAGAIN) continue;
      if (got > 0) {
        c->size += (size_t)got;
        const size_t done = answer(c, reply, &said, &quit);
        c->size -= done;
        memmove(c->octets, c->octets + done, c->size);
      }
      /* A client that does not read its replies is let go. */
      if (got <= 0 || c->size == ROOM || (said > 0 && write(fd, reply, said) != (ssize_t)said) || quit) close(fd);
    }
  }
}
