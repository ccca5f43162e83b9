/* SPDX-License-Identifier: MIT */
/* The other side of a connection, as bad as a test wants it: a thread behind a unix socket. */
#ifndef TESTS_FAKE_SERVER_H
#define TESTS_FAKE_SERVER_H

#include "support/scratch.h"
#include <pthread.h>
#include <rdbferry/target.h>

struct fake_server {
    struct scratch scratch;
    rf_target target; /* the way to it; its members may be changed before it is used */
    int listener;
    pthread_t thread;
    void (*serve)(struct fake_server *server, int fd);
    const char *const *answers; /* up to a NULL */
    size_t piece;
};

/* Serves one connection after the other with `serve`. */
void fake_server_start(struct fake_server *server, void (*serve)(struct fake_server *server, int fd));

/* Every request, which arrives in one piece, gets the next answer, in writes of `piece` bytes; behind the
 * last one the connection is closed. With the next connection the answers go on. */
void fake_server_answer(struct fake_server *server, const char *const *answers, size_t piece);

/* Writes all of it; false if nobody takes it. */
bool fake_server_write(int fd, const void *bytes, size_t size);

/* No connection may be open any more. */
void fake_server_stop(struct fake_server *server);

#endif
