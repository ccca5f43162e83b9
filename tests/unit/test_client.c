/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "net/client.h"
#include "support/fake_server.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static struct client *connect_to(const struct fake_server *server)
{
    struct client *client;
    rf_error error;
    cr_assert_eq(client_open(&server->target, &server->target.addresses[0], &client, &error), RF_OK, "%s",
                 error.message);
    return client;
}

static rf_code call(struct client *client, struct reply *head, rf_slice *rest, rf_error *error)
{
    return client_call(client, (const char *const[]){"COMMAND", "argument", NULL}, head, rest, error);
}

Test(client, takes_answers_however_they_arrive)
{
    static const char *const answers[] = {"+OK\r\n", "*2\r\n$5\r\nhello\r\n:7\r\n", "$-1\r\n", NULL};
    for (size_t piece = 1; piece < 8; piece++) {
        struct fake_server server;
        struct reply head;
        rf_slice rest;
        rf_error error;
        fake_server_answer(&server, answers, piece);
        struct client *client = connect_to(&server);
        cr_assert_eq(call(client, &head, &rest, &error), RF_OK, "%s", error.message);
        cr_expect_eq(head.kind, REPLY_STATUS);
        cr_assert_eq(call(client, &head, &rest, &error), RF_OK, "%s", error.message);
        cr_expect(head.kind == REPLY_ARRAY && head.number == 2);
        cr_expect(slice_equal(reply_take(&rest).text, SLICE("hello")));
        cr_expect_eq(reply_take(&rest).number, 7);
        cr_assert_eq(call(client, &head, &rest, &error), RF_OK, "%s", error.message);
        cr_expect_eq(head.kind, REPLY_NIL);
        cr_expect_eq(call(client, &head, &rest, &error), RF_E_TARGET);
        client_close(client);
        fake_server_stop(&server);
    }
}

/* What comes before the end is still told. */
Test(client, answers_that_are_cut)
{
    const char *whole = "$5\r\nhello\r\n";
    for (size_t n = 0; n < strlen(whole); n++) {
        char cut[16] = "";
        const char *const answers[] = {"+first\r\n", cut, NULL};
        struct fake_server server;
        struct reply head;
        rf_slice rest;
        rf_error error;
        memcpy(cut, whole, n);
        fake_server_answer(&server, answers, 1);
        struct client *client = connect_to(&server);
        cr_expect_eq(call(client, &head, &rest, &error), RF_OK);
        cr_expect_eq(call(client, &head, &rest, &error), RF_E_TARGET, "%zu", n);
        client_close(client);
        fake_server_stop(&server);
    }
}

Test(client, says_what_a_server_refuses)
{
    static const char *const answers[] = {"-ERR unknown \x1b[31m command\r\n", "HTTP/1.1 400\r\n", NULL};
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    fake_server_answer(&server, answers, 100);
    struct client *client = connect_to(&server);
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_TARGET);
    cr_expect(strstr(error.message, "socket: COMMAND: ERR unknown ?[31m command"), "%s", error.message);
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_TARGET);
    cr_expect(strstr(error.message, "socket: an answer that is not RESP"), "%s", error.message);
    client_close(client);
    fake_server_stop(&server);
}

/* --- passwords ----------------------------------------------------------------------------------------- */

static rf_code authenticate(const char *answer, rf_error *error)
{
    const char *const answers[] = {answer, NULL};
    struct fake_server server;
    struct client *client = NULL;
    fake_server_answer(&server, answers, 100);
    server.target.user = strdup("user");
    server.target.password = strdup("secret");
    rf_code code = client_open(&server.target, &server.target.addresses[0], &client, error);
    client_close(client);
    fake_server_stop(&server);
    return code;
}

Test(client, passwords_do_not_come_back)
{
    static const struct {
        const char *answer, *message;
    } refusals[] = {
        {"-WRONGPASS invalid username-password pair or user is disabled.\r\n",
         "AUTH: WRONGPASS invalid username-password pair or user is disabled."},
        {"-ERR unknown command 'AUTH', with args beginning with: 'user' 'secret' \r\n",
         "AUTH: it is refused"},
        {"-secret is wrong\r\n", "AUTH: it is refused"},
        {"-ERR max number of clients reached\r\n", "AUTH: ERR max number of clients reached"},
        {":1\r\n", "AUTH: it is refused"},
    };
    rf_error error;
    cr_expect_eq(authenticate("+OK\r\n", &error), RF_OK);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect_eq(authenticate(refusals[i].answer, &error), RF_E_TARGET);
        const char *said = strstr(error.message, "AUTH");
        cr_assert_not_null(said, "%s", error.message);
        cr_expect_str_eq(said, refusals[i].message);
    }
}

/* --- sending ahead -------------------------------------------------------------------------------------- */

enum { ROUNDS = 200, REQUEST = 20000, ANSWER = 50000 };

/* Takes in a request only when its answers to the ones before have been taken. */
static void serve_reluctantly(struct fake_server *server, int fd)
{
    static char request[REQUEST], answer[ANSWER];
    (void)server;
    int head = snprintf(answer, sizeof answer, "$%d\r\n", ANSWER - 100);
    memset(answer + head, 'a', ANSWER - 100);
    memcpy(answer + head + ANSWER - 100, "\r\n", 2);
    while (recv(fd, request, sizeof request, MSG_WAITALL) == (ssize_t)sizeof request)
        if (!fake_server_write(fd, answer, (size_t)head + ANSWER - 98))
            return;
}

/* More is on its way in both directions than the sockets hold, and nobody asks for the answers meanwhile. */
Test(client, never_comes_to_a_halt, .timeout = 60)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    static const char header[] = "*1\r\n$19983\r\n"; /* so a request has REQUEST bytes */
    char *name = calloc(1, REQUEST);
    const rf_slice argv[] = {{(const uint8_t *)name, REQUEST - sizeof header + 1 - 2}};
    fake_server_start(&server, serve_reluctantly);
    struct client *client = connect_to(&server);
    for (int i = 0; i < ROUNDS; i++)
        cr_assert_eq(client_put(client, argv, 1, &error), RF_OK);
    cr_assert_eq(client_unsent(client), (size_t)ROUNDS * REQUEST);
    cr_assert_eq(client_flush(client, &error), RF_OK, "%s", error.message);
    cr_expect_eq(client_unsent(client), 0);
    for (int i = 0; i < ROUNDS; i++) {
        cr_assert_eq(client_reply(client, &head, &rest, &error), RF_OK, "%s", error.message);
        cr_assert_eq(head.text.len, ANSWER - 100);
    }
    client_close(client);
    fake_server_stop(&server);
    free(name);
}

/* --- waiting -------------------------------------------------------------------------------------------- */

static void serve_nothing(struct fake_server *server, int fd)
{
    char request[64];
    (void)server;
    while (recv(fd, request, sizeof request, 0) > 0)
        ;
}

Test(client, gives_up)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    fake_server_start(&server, serve_nothing);
    server.target.timeout_ms = 50;
    struct client *client = connect_to(&server);
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_TARGET);
    cr_expect(strstr(error.message, "no answer within 0.05 s"), "%s", error.message);
    client_close(client);
    fake_server_stop(&server);
}

Test(client, finds_nobody)
{
    rf_target target = {.timeout_ms = 1000};
    struct client *client;
    rf_error error;
    char path[300];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    const struct {
        const char *host;
        int port;
        const char *message;
    } nobody[] = {
        {"/nowhere/socket", 0, "/nowhere/socket: cannot connect: No such file"},
        {path, 0, "too long"},
        {"127.0.0.1", 1, "127.0.0.1:1: cannot connect: Connection refused"},
        {"name.invalid", 1, "name.invalid:1: cannot find the host"},
    };
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
        cr_assert_eq(rf_target_add_address(&target, nobody[i].host, nobody[i].port, &error), RF_OK);
    for (size_t i = 0; i < target.address_count; i++) {
        cr_expect_eq(client_open(&target, &target.addresses[i], &client, &error), RF_E_TARGET);
        cr_expect(strstr(error.message, nobody[i].message), "%s", error.message);
    }
    target.tls = true;
    cr_expect_eq(client_open(&target, &target.addresses[0], &client, &error), RF_E_ARGUMENT);
    rf_target_free(&target);
}
