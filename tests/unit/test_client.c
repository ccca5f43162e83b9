/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "base/clock.h"
#include "net/client.h"
#include "support/fake_server.h"
#include <criterion/criterion.h>
#include <limits.h>
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
        cr_expect(slice_equal(reply_next(&rest).text, SLICE("hello")));
        cr_expect_eq(reply_next(&rest).number, 7);
        cr_assert_eq(call(client, &head, &rest, &error), RF_OK, "%s", error.message);
        cr_expect_eq(head.kind, REPLY_NIL);
        cr_expect_eq(call(client, &head, &rest, &error), RF_E_UNAVAILABLE);
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
        cr_expect_eq(call(client, &head, &rest, &error), RF_E_UNAVAILABLE, "%zu", n);
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
    cr_expect(strstr(error.message, "socket: protocol error: not a RESP reply"), "%s", error.message);
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
        {"-ERR unknown command 'AUTH', with args beginning with: 'user' 'secret' \r\n", "AUTH: rejected"},
        {"-secret is wrong\r\n", "AUTH: rejected"},
        {"-ERR max number of clients reached\r\n", "AUTH: ERR max number of clients reached"},
        {":1\r\n", "AUTH: rejected"},
    };
    rf_error error;
    cr_expect_eq(authenticate("+OK\r\n", &error), RF_OK);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        bool full = strstr(refusals[i].answer, "max number of clients") != NULL;
        cr_expect_eq(authenticate(refusals[i].answer, &error), full ? RF_E_UNAVAILABLE : RF_E_TARGET);
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
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_UNAVAILABLE);
    cr_expect(strstr(error.message, "no reply within 0.05 s"), "%s", error.message);
    client_close(client);
    fake_server_stop(&server);
}

static rf_code tick(void *ctx, rf_error *error)
{
    unsigned *left = ctx;
    error->code = --*left > 0 ? RF_OK : RF_E_WRITE;
    return error->code;
}

/* Long before it would give up by itself. */
Test(client, can_be_ended_while_it_waits, .timeout = 30)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    unsigned left = 3;
    fake_server_start(&server, serve_nothing);
    server.target.timeout_ms = 600 * 1000;
    server.target.wait = (rf_target_wait){.tick = tick, .ctx = &left};
    struct client *client = connect_to(&server);
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_WRITE);
    cr_expect_eq(left, 0);
    client_close(client);
    fake_server_stop(&server);
}

/* Ticks are not progress. */
Test(client, gives_up_while_it_is_asked, .timeout = 30)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    unsigned left = UINT_MAX;
    fake_server_start(&server, serve_nothing);
    server.target.timeout_ms = 350;
    server.target.wait = (rf_target_wait){.tick = tick, .ctx = &left};
    struct client *client = connect_to(&server);
    cr_expect_eq(call(client, &head, &rest, &error), RF_E_UNAVAILABLE);
    cr_expect_lt(left, UINT_MAX);
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
        {"name.invalid", 1, "name.invalid:1: cannot resolve the host name"},
    };
    for (size_t i = 0; i < sizeof nobody / sizeof *nobody; i++)
        cr_assert_eq(rf_target_add_address(&target, nobody[i].host, nobody[i].port, &error), RF_OK);
    for (size_t i = 0; i < target.address_count; i++) {
        cr_expect_eq(client_open(&target, &target.addresses[i], &client, &error),
                     nobody[i].host == path ? RF_E_TARGET : RF_E_UNAVAILABLE);
        cr_expect(strstr(error.message, nobody[i].message), "%s", error.message);
    }
    target.tls = true;
    cr_expect_eq(client_open(&target, &target.addresses[0], &client, &error), RF_E_ARGUMENT);
    rf_target_free(&target);
}

/* --- answers without limits --------------------------------------------------------------------------- */

/* What comes of an answer of which only the head arrives. */
static void expect_of_head(const char *const *words, const char *head_only, const char *message)
{
    const char *const answers[] = {head_only, NULL, NULL};
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    fake_server_answer(&server, answers, 100);
    server.target.timeout_ms = 200;
    struct client *client = connect_to(&server);
    bool waits = strstr(message, "closed by") != NULL;
    cr_expect_eq(client_call(client, words, &head, &rest, &error), waits ? RF_E_UNAVAILABLE : RF_E_TARGET,
                 "%s", words[0]);
    cr_expect(strstr(error.message, message), "%s: %s: %s", words[0], head_only, error.message);
    client_close(client);
    fake_server_stop(&server);
}

/* They are refused when they are announced. */
Test(client, limits_answers_by_what_was_asked)
{
    static const struct {
        const char *words[3], *head;
    } heads[] = {
        {{"AUTH", "secret"}, "$65537\r\n"},
        {{"SELECT", "0"}, "$65537\r\n"},
        {{"EXISTS", "key"}, "*30000\r\n"},
        {{"ROLE"}, "*2\r\n$5\r\nslave\r\n*21845\r\n"},
        {{"CLIENT", "SETNAME"}, "$536870912\r\n"},
        {{"CLIENT", "LIST"}, "$67108865\r\n"},
        {{"INFO", "server"}, "$4194305\r\n"},
        {{"CONFIG", "GET"}, "*400000\r\n"},
        {{"CLUSTER", "SLOTS"}, "*16384\r\n$33554432\r\n"},
        {{"SENTINEL", "MASTERS"}, "$16777217\r\n"},
        {{"SCAN", "0"}, "*2\r\n$1\r\n0\r\n$1073741825\r\n"},
        {{"dump", "key"}, "$4294983681\r\n"},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        expect_of_head(heads[i].words, heads[i].head, "reply larger than expected");
    expect_of_head((const char *const[]){"DUMP", "key", NULL}, "$536870912\r\n", "closed by the server");
    expect_of_head((const char *const[]){"INFO", NULL}, "$4000000\r\n", "closed by the server");
}

static void serve_too_much(struct fake_server *server, int fd)
{
    char request[64];
    (void)server;
    while (recv(fd, request, sizeof request, MSG_DONTWAIT) != 0)
        if (!fake_server_write(fd, "+OK\r\n+OK\r\n", 10))
            return;
}

/* More requests than its socket holds never get through to it, and answers to none keep coming. */
Test(client, answers_to_nothing, .timeout = 20)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    rf_code code = RF_OK;
    fake_server_start(&server, serve_too_much);
    struct client *client = connect_to(&server);
    for (int i = 0; i < 3 && code == RF_OK; i++)
        code = call(client, &head, &rest, &error);
    cr_expect_eq(code, RF_E_TARGET);
    cr_expect(strstr(error.message, "unexpected reply"), "%s", error.message);
    client_close(client);
    fake_server_stop(&server);
}

/* One byte at a time, without end. */
static void serve_slowly(struct fake_server *server, int fd)
{
    char request[64];
    (void)server;
    if (recv(fd, request, sizeof request, 0) <= 0 || !fake_server_write(fd, "$1000000\r\n", 10))
        return;
    while (fake_server_write(fd, "x", 1))
        clock_sleep_ms(5);
}

Test(client, bytes_alone_are_no_progress, .timeout = 20)
{
    struct fake_server server;
    struct reply head;
    rf_slice rest;
    rf_error error;
    fake_server_start(&server, serve_slowly);
    server.target.timeout_ms = 100;
    struct client *client = connect_to(&server);
    rf_code code = client_call(client, (const char *const[]){"DUMP", "key", NULL}, &head, &rest, &error);
    cr_expect_eq(code, RF_E_UNAVAILABLE);
    cr_expect(strstr(error.message, "no reply within 0.1 s"), "%s", error.message);
    client_close(client);
    fake_server_stop(&server);
}

/* --- addresses ---------------------------------------------------------------------------------------- */

static const char *mapped(const rf_target *target, const char *host, int port, char out[ADDRESS_TEXT])
{
    const rf_address reached = address_mapped(target, &(rf_address){(char *)(uintptr_t)host, port});
    address_format(&reached, out);
    return out;
}

Test(client, addresses_that_are_mapped)
{
    rf_target target = {0};
    rf_error error;
    char text[ADDRESS_TEXT];
    static const char *const maps[] = {"10.0.0.1=gate", "10.0.0.1:7001=127.0.0.1:9001",
                                       "[fd00::1]:7000=[::1]:80", "Node.example=other:1"};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        cr_assert_eq(rf_target_map_address(&target, maps[i], &error), RF_OK, "%s", error.message);
    cr_expect_str_eq(mapped(&target, "10.0.0.1", 7000, text), "gate:7000");
    cr_expect_str_eq(mapped(&target, "10.0.0.1", 7001, text), "127.0.0.1:9001");
    cr_expect_str_eq(mapped(&target, "fd00::1", 7000, text), "[::1]:80");
    cr_expect_str_eq(mapped(&target, "fd00::1", 7001, text), "[fd00::1]:7001");
    cr_expect_str_eq(mapped(&target, "node.EXAMPLE", 5, text), "other:1");
    cr_expect_str_eq(mapped(&target, "gate", 7000, text), "gate:7000");
    cr_expect_str_eq(mapped(&target, "10.0.0.1", 0, text), "10.0.0.1"); /* a path */
    static const char *const wrong[] = {"",
                                        "a",
                                        "=",
                                        "a=",
                                        "=b",
                                        "a:=b",
                                        "a:0=b",
                                        "a=b:65536",
                                        "a=b:x",
                                        "::1=b",
                                        "[::1=b",
                                        "[]=b",
                                        "[::1]x=b",
                                        "10.0.0.1=twice",
                                        "NODE.example=twice"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(rf_target_map_address(&target, wrong[i], &error), RF_E_ARGUMENT, "%s", wrong[i]);
    rf_target_free(&target);
}
