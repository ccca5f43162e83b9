/* SPDX-License-Identifier: MIT */
/* SCAN of a server that does as it likes. */
#include "base/bytes.h"
#include "support/fake_server.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/live.h>
#include <stdio.h>
#include <sys/socket.h>

/* What it says to the n-th SCAN: the next cursor, and how many names. */
struct course {
    unsigned (*cursor)(unsigned n);
    unsigned names;
    const char *expected; /* in the error; NULL: all names come */
};

static unsigned cursor_same(unsigned n)
{
    (void)n;
    return 7;
}

static unsigned cursor_in_a_circle(unsigned n)
{
    return n < 5 ? 1000 + n : 1 + n % 100;
}

static unsigned cursor_new(unsigned n)
{
    return n + 1;
}

static unsigned cursor_ends(unsigned n)
{
    return n < 49 ? n + 1 : 0;
}

static const struct course courses[] = {
    {cursor_same, 0, "SCAN does not end: 0 names in 3 replies, of 1000 keys in INFO"},
    {cursor_in_a_circle, 1, "SCAN does not end: "},
    {cursor_new, 5000, "SCAN does not end: 405000 names in "},
    {cursor_ends, 100, NULL}, /* each key five times */
    {cursor_ends, 0, NULL},
};

static const struct course *course;
static unsigned calls;

static void put_bulk(struct buffer *out, const char *text)
{
    record_text(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

static void answer_scan(struct buffer *out)
{
    char cursor[16];
    snprintf(cursor, sizeof cursor, "%u", course->cursor(calls++));
    record_text(out, "*2\r\n");
    put_bulk(out, cursor);
    record_text(out, "*%u\r\n", course->names);
    for (unsigned i = 0; i < course->names; i++)
        put_bulk(out, "a name");
}

static void serve(struct fake_server *server, int fd)
{
    char request[4096];
    (void)server;
    for (ssize_t n; (n = recv(fd, request, sizeof request - 1, 0)) > 0;) {
        struct buffer out = {0};
        request[n] = '\0';
        if (strstr(request, "SCAN"))
            answer_scan(&out);
        else if (strstr(request, "keyspace"))
            put_bulk(&out, "db0:keys=1000,expires=0,avg_ttl=0\r\n");
        else if (strstr(request, "FUNCTION"))
            record_text(&out, "*0\r\n");
        else
            put_bulk(&out, "redis_version:7.0.15\r\n");
        bool taken = fake_server_write(fd, out.data, out.len);
        buffer_free(&out);
        if (!taken)
            return;
    }
}

static rf_code count(void *ctx, const rf_key_record *key, rf_error *error)
{
    (void)key, (void)error;
    ++*(unsigned *)ctx;
    return RF_OK;
}

Test(live_scan, ends, .timeout = 60)
{
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        struct fake_server server;
        rf_live *live;
        rf_error error;
        unsigned names = 0;
        course = &courses[i];
        calls = 0;
        fake_server_start(&server, serve);
        cr_assert_eq(rf_live_open(&server.target, &(rf_live_options){.names_only = true}, &live, &error),
                     RF_OK, "%s", error.message);
        rf_code code = rf_live_scan(live, 0, count, &names, &error);
        cr_expect_eq(code, course->expected ? RF_E_TARGET : RF_OK, "%zu: %s", i, error.message);
        if (course->expected)
            cr_expect(strstr(error.message, course->expected), "%zu: %s", i, error.message);
        else
            cr_expect_eq(names, 50 * course->names);
        rf_live_close(live);
        fake_server_stop(&server);
    }
}
