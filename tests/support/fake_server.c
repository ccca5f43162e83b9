/* SPDX-License-Identifier: MIT */
#include "support/fake_server.h"
#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

bool fake_server_write(int fd, const void *bytes, size_t size)
{
    const char *p = bytes;
    while (size > 0) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n < 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

static void answer(struct fake_server *server, int fd)
{
    char request[4096];
    while (*server->answers && recv(fd, request, sizeof request, 0) > 0) {
        const char *text = *server->answers++;
        size_t left = strlen(text), piece = server->piece;
        for (size_t n; left > 0; text += n, left -= n) {
            n = left < piece ? left : piece;
            if (!fake_server_write(fd, text, n))
                return;
        }
    }
}

static void *run(void *ctx)
{
    struct fake_server *server = ctx;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0; close(fd))
        server->serve(server, fd);
    return NULL;
}

void fake_server_start(struct fake_server *server, void (*serve)(struct fake_server *server, int fd))
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    rf_error error;
    scratch_make(&server->scratch);
    const char *path = scratch_path(&server->scratch, "socket");
    cr_assert_lt(strlen(path), sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    server->serve = serve;
    server->target = (rf_target){.timeout_ms = 5000};
    cr_assert_eq(rf_target_add_address(&server->target, path, 0, &error), RF_OK);
    server->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(server->listener, (const struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(server->listener, 8), 0);
    cr_assert_eq(pthread_create(&server->thread, NULL, run, server), 0);
}

void fake_server_answer(struct fake_server *server, const char *const *answers, size_t piece)
{
    server->answers = answers;
    server->piece = piece;
    fake_server_start(server, answer);
}

void fake_server_stop(struct fake_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    rf_target_free(&server->target);
    scratch_remove(&server->scratch);
}
