/* SPDX-License-Identifier: MIT */
/* A server that is further away: a proxy that passes everything on a fixed time later, however much of it is
 * in flight.
 *
 *   delay PORT MICROSECONDS     to 127.0.0.1:PORT, whose round trips take so much longer; 0: none
 *
 * Prints the port that it listens at, and goes on until it is killed. Each way of a connection has a thread
 * of its own, and takes half of the time: what was read goes into a ring, with a mark that says when it is
 * due. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    RING = 1024 * 1024, /* bytes in flight; with 50 us of delay enough for 20 GB/s */
    MARKS = 4096,
    ONCE = 256 * 1024, /* bytes read at once */
    BILLION = 1000000000,
};

struct mark {
    uint64_t end; /* of the bytes that are due */
    int64_t ns;   /* then */
};

struct rewind_buffer {
    int from, to;
    bool ended;        /* nothing more can be read */
    uint64_t in, out;  /* bytes read and written */
    uint64_t due;      /* up to here they may be written */
    size_t head, tail; /* of the marks that are not due yet */
    struct mark marks[MARKS];
    uint8_t ring[RING];
};

static in_port_t server_port;
static int64_t delay_ns; /* one way */

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)BILLION + now.tv_nsec;
}

/* --- one way ------------------------------------------------------------------------------------------- */

/* How many bytes there are from a position up to another one, before the ring turns. */
static size_t piece(uint64_t from, uint64_t to)
{
    uint64_t turn = RING - from % RING;
    return (size_t)(to - from < turn ? to - from : turn);
}

static bool may_read(const struct rewind_buffer *w)
{
    return !w->ended && w->in - w->out < RING && w->tail - w->head < MARKS;
}

static bool was_not_ready(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void take(struct rewind_buffer *w)
{
    size_t space = piece(w->in, w->out + RING);
    ssize_t n = recv(w->from, w->ring + w->in % RING, space < ONCE ? space : ONCE, MSG_DONTWAIT);
    if (was_not_ready(n))
        return;
    if (n <= 0) {
        w->ended = true;
        return;
    }
    w->in += (uint64_t)n;
    w->marks[w->tail++ % MARKS] = (struct mark){w->in, now_ns() + delay_ns};
}

/* False where the other end takes nothing any more. */
static bool give(struct rewind_buffer *w)
{
    while (w->head < w->tail && w->marks[w->head % MARKS].ns <= now_ns())
        w->due = w->marks[w->head++ % MARKS].end;
    while (w->out < w->due) {
        ssize_t n = send(w->to, w->ring + w->out % RING, piece(w->out, w->due), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (was_not_ready(n))
            return true;
        if (n < 0)
            return false;
        w->out += (uint64_t)n;
    }
    return true;
}

/* Until something can be read or written, or is due. */
static void await(const struct rewind_buffer *w)
{
    bool writes = w->out < w->due;
    struct pollfd fds[] = {
        {.fd = may_read(w) ? w->from : -1, .events = POLLIN},
        {.fd = writes ? w->to : -1, .events = POLLOUT},
    };
    int64_t left = w->head < w->tail ? w->marks[w->head % MARKS].ns - now_ns() : -1;
    struct timespec timeout = {0, left > 0 ? left % BILLION : 0};
    ppoll(fds, 2, w->head < w->tail ? &timeout : NULL, NULL);
}

static void *run_way(void *argument)
{
    struct rewind_buffer *w = argument;
    while (give(w) && !(w->ended && w->out == w->in)) {
        await(w);
        if (may_read(w))
            take(w);
    }
    shutdown(w->to, SHUT_WR);
    shutdown(w->from, SHUT_RD);
    return NULL;
}

/* --- connections --------------------------------------------------------------------------------------- */

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void send_at_once(int fd)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static struct rewind_buffer *new_way(int from, int to)
{
    struct rewind_buffer *w = calloc(1, sizeof *w);
    if (!w)
        die("delay");
    w->from = from;
    w->to = to;
    return w;
}

static void *run_connection(void *argument)
{
    int client = *(int *)argument, server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = loopback(server_port);
    struct rewind_buffer *there = new_way(client, server), *back = new_way(server, client);
    pthread_t thread;
    free(argument);
    send_at_once(client);
    send_at_once(server);
    if (connect(server, (struct sockaddr *)&address, sizeof address) == 0) {
        if (pthread_create(&thread, NULL, run_way, back) != 0)
            die("delay: thread");
        run_way(there);
        pthread_join(thread, NULL);
    }
    close(client);
    close(server);
    free(there);
    free(back);
    return NULL;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        die("delay: listen");
    printf("%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: delay PORT MICROSECONDS\n");
        return 2;
    }
    server_port = (in_port_t)atoi(argv[1]);
    delay_ns = atoll(argv[2]) * 1000 / 2;
    prctl(PR_SET_TIMERSLACK, 1L); /* else each wait takes up to 50 us more */
    int listener = listen_somewhere();
    for (;;) {
        pthread_t thread;
        int *client = malloc(sizeof *client);
        if (!client || (*client = accept(listener, NULL, NULL)) < 0)
            die("delay: accept");
        if (pthread_create(&thread, NULL, run_connection, client) != 0)
            die("delay: thread");
        pthread_detach(thread);
    }
}
