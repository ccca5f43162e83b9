/* SPDX-License-Identifier: MIT */
/* A scan of a server that changes between its passes, and replies what it likes. */
#include "base/bytes.h"
#include "codec/crc64.h"
#include "io/source.h"
#include "support/fake_server.h"
#include "support/fake_target.h"
#include "support/record.h"
#include "support/run.h"
#include <criterion/criterion.h>
#include <rdbferry/scan.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PASSES = 4, FIRST_TIME = 1000 };

/* What the server has in a pass: the last one goes on. */
struct state {
    const char *scanned; /* names in the reply to SCAN */
    const char *held;    /* "name=value", of those that DUMP finds; "name=value@ms": the time left */
    int time_ms;         /* its clock, after FIRST_TIME s */
};

struct script {
    const char *version; /* NULL: 7.0.15 */
    struct state states[PASSES];
    const char *refused;  /* commands that the user may not use: " DUMP PTTL " */
    const char *unknown;  /* commands that the server does not know */
    const char *trailing; /* bytes after each value */
    int rdb_version;      /* of payloads; 0: 10 */
    /* Expected: */
    const char *error;  /* in the message; NULL: none */
    const char *passes; /* "+added ~changed -removed xexpired" of each */
    const char *keys;
};

static const struct script scripts[] = {
    /* twice in SCAN, once in the data; no change in the second pass */
    {.states = {{"a a b", "a=1 b=2", 0}},
     .passes = "+2~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\n"
             "key 0 b string\nstring 2\n"},
    /* gone between SCAN and DUMP */
    {.states = {{"a b", "a=1", 0}}, .passes = "+1~0-0x0 +0~0-0x0 ", .keys = "key 0 a string\nstring 1\n"},
    /* changed, new, removed; then quiet */
    {.states = {{"a b c", "a=1 b=2 c=3", 0}, {"a c d", "a=9 c=3 d=4", 0}},
     .passes = "+3~0-0x0 +1~1-1x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 9\nkey 0 c string\nstring 3\nkey 0 d string\nstring 4\n"},
    /* not in SCAN, but there: it has moved */
    {.states = {{"a b", "a=1 b=2", 0}, {"a", "a=1 b=2", 0}},
     .passes = "+2~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\nkey 0 b string\nstring 2\n"},
    /* removed, and back again */
    {.states = {{"a", "a=1", 0}, {"", "", 0}, {"a", "a=1", 0}},
     .passes = "+1~0-0x0 +0~0-1x0 +1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\n"},
    /* never quiet: ends after the last pass allowed */
    {.states = {{"a", "a=1", 0}, {"a", "a=2", 0}, {"a", "a=3", 0}, {"a", "a=4", 0}},
     .passes = "+1~0-0x0 +0~1-0x0 +0~1-0x0 +0~1-0x0 ",
     .keys = "key 0 a string\nstring 4\n"},
    /* an exact expiry that changes */
    {.states = {{"a", "a=1@5000", 0}, {"a", "a=1@5001", 0}},
     .passes = "+1~0-0x0 +0~1-0x0 +0~0-0x0 ",
     .keys = "key 0 a string expire 1005001\nstring 1\n"},
    /* by the time left: that of two replies is the better one which is earlier, unless they are too far apart
     */
    {.version = "6.2.7",
     .states = {{"a", "a=1@5000", 0}, {"a", "a=1@4900", 60}, {"a", "a=1@4900", 300}},
     .passes = "+1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string expire 1004960\nstring 1\n"},
    {.version = "6.2.7",
     .states = {{"a", "a=1@5000", 0}, {"a", "a=1@5000", 101}, {"a", "a=1@4950", 202}},
     .passes = "+1~0-0x0 +0~1-0x0 +0~0-0x0 ",
     .keys = "key 0 a string expire 1005101\nstring 1\n"},
    {.refused = " PEXPIRETIME ",
     .states = {{"a", "a=1@5000", 7}},
     .passes = "+1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string expire 1005007\nstring 1\n"},
    /* sizes are only estimates */
    {.refused = " MEMORY ",
     .states = {{"a", "a=1", 0}},
     .passes = "+1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\n"},
    {.unknown = " MEMORY FUNCTION ",
     .states = {{"a", "a=1", 0}},
     .passes = "+1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\n"},
    /* without INFO the databases are tried: here there is one */
    {.refused = " INFO ",
     .states = {{"a", "a=1", 0}},
     .passes = "+1~0-0x0 +0~0-0x0 ",
     .keys = "key 0 a string\nstring 1\n"},
    {.states = {{"", "", 0}}, .passes = "+0~0-0x0 +0~0-0x0 ", .keys = ""},
    /* what is missing is said at once, all of it */
    {.refused = " SCAN DUMP PEXPIRETIME PTTL SELECT FUNCTION ",
     .error =
         "the user lacks permissions that a scan needs: +scan +dump +select +function|list +pexpiretime"},
    {.version = "6.2.7",
     .refused = " PTTL TIME ",
     .unknown = " PEXPIRETIME ",
     .error = "the user lacks permissions that a scan needs: +pttl +time"},
    {.unknown = " DUMP ", .error = "the server does not offer DUMP"},
    /* nothing of a payload may become a record of its own */
    {.states = {{"a", "a=1", 0}}, .trailing = "\xfe\x01", .error = "DUMP payload: 2 bytes after the value"},
    {.states = {{"a", "a=1", 0}},
     .rdb_version = 79,
     .error = "DUMP payload of a newer server than this program knows (RDB version 79; known up to 17)"},
    {.states = {{"a", "a=1", 0}}, .rdb_version = 82, .error = "(RDB version 82; known up to 81)"},
};

static const struct script *script;
static int pass; /* from 1 on; before: the commands are tried */

static const struct state *now(void)
{
    int i = pass > 0 ? pass - 1 : 0;
    while (i > 0 && (i >= PASSES || !script->states[i].scanned))
        i--;
    return &script->states[i];
}

static void put_bulk(struct buffer *out, rf_slice bytes)
{
    record_text(out, "$%zu\r\n", bytes.len);
    cr_assert(buffer_append(out, bytes) && buffer_append(out, SLICE("\r\n")));
}

static void put_text(struct buffer *out, const char *text)
{
    put_bulk(out, slice_of(text, strlen(text)));
}

/* --- the store ------------------------------------------------------------------------------------------ */

/* Finds "name=value[@ms]". */
static bool find(rf_slice name, rf_slice *value, int *ms)
{
    const char *held = now()->held;
    for (const char *at = held ? held : ""; *at; at += strspn(at, " ")) {
        size_t length = strcspn(at, " "), equals = strcspn(at, "=");
        if (equals == name.len && memcmp(at, name.ptr, equals) == 0) {
            const char *start = at + equals + 1;
            *value = slice_of(start, strcspn(start, "@ "));
            *ms = start[value->len] == '@' ? atoi(start + value->len + 1) : -1;
            return true;
        }
        at += length;
    }
    return false;
}

static void put_payload(struct buffer *out, rf_slice value)
{
    struct buffer payload = {0};
    uint8_t footer[10];
    const char *trailing = script->trailing ? script->trailing : "";
    cr_assert(buffer_reserve(&payload, 2));
    payload.data[payload.len++] = 0;
    payload.data[payload.len++] = (uint8_t)value.len;
    cr_assert(buffer_append(&payload, value) &&
              buffer_append(&payload, slice_of(trailing, strlen(trailing))));
    store_le16(footer, (uint16_t)(script->rdb_version ? script->rdb_version : 10));
    store_le64(footer + 2, crc64(crc64(0, payload.data, payload.len), footer, 2));
    cr_assert(buffer_append(&payload, slice_of(footer, sizeof footer)));
    put_bulk(out, buffer_slice(&payload));
    buffer_free(&payload);
}

/* --- commands ------------------------------------------------------------------------------------------- */

static void answer_scan(struct buffer *out, bool counted)
{
    const char *names;
    size_t count = 0;
    pass += counted;
    names = now()->scanned ? now()->scanned : "";
    for (const char *at = names; *at; at += strcspn(at, " "), at += strspn(at, " "))
        count++;
    record_text(out, "*2\r\n$1\r\n0\r\n*%zu\r\n", count);
    for (const char *at = names; *at; at += strcspn(at, " "), at += strspn(at, " "))
        put_bulk(out, slice_of(at, strcspn(at, " ")));
}

static void answer_info(struct buffer *out)
{
    char text[128];
    snprintf(text, sizeof text, "redis_version:%s\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n",
             script->version ? script->version : "7.0.15");
    put_text(out, text);
}

static void answer_key(struct buffer *out, const char *command, rf_slice name)
{
    rf_slice value;
    int ms;
    bool found = find(name, &value, &ms), dump = strcmp(command, "DUMP") == 0;
    if (dump && found)
        put_payload(out, value);
    else if (dump)
        record_text(out, "$-1\r\n");
    else if (strcmp(command, "MEMORY") == 0)
        record_text(out, found ? ":%zu\r\n" : "$-1\r\n", found ? value.len : 0);
    else if (!found || ms < 0)
        record_text(out, ":%d\r\n", found ? -1 : -2);
    else
        record_text(out, ":%d\r\n", strcmp(command, "PTTL") == 0 ? ms : 1000 * FIRST_TIME + ms);
}

static void answer_time(struct buffer *out)
{
    char seconds[16], us[16];
    snprintf(seconds, sizeof seconds, "%d", FIRST_TIME + now()->time_ms / 1000);
    snprintf(us, sizeof us, "%d", now()->time_ms % 1000 * 1000);
    record_text(out, "*2\r\n");
    put_text(out, seconds);
    put_text(out, us);
}

static bool is_listed(const char *list, const char *command)
{
    char word[40];
    snprintf(word, sizeof word, " %s ", command);
    return list && strstr(list, word);
}

static void answer(struct buffer *out, const rf_slice *argv, size_t argc)
{
    char command[32];
    snprintf(command, sizeof command, "%.*s", (int)argv[0].len, (const char *)argv[0].ptr);
    if (is_listed(script->unknown, command))
        record_text(out, "-ERR unknown command '%s'\r\n", command);
    else if (is_listed(script->refused, command))
        record_text(out, "-NOPERM this user has no permissions to run the '%s' command\r\n", command);
    else if (strcmp(command, "SCAN") == 0)
        answer_scan(out, slice_equal(argv[3], SLICE("1000")));
    else if (strcmp(command, "INFO") == 0)
        answer_info(out);
    else if (strcmp(command, "TIME") == 0)
        answer_time(out);
    else if (strcmp(command, "FUNCTION") == 0)
        record_text(out, "*0\r\n");
    else if (strcmp(command, "SELECT") == 0 && !slice_equal(argv[1], SLICE("0")))
        record_text(out, "-ERR DB index is out of range\r\n");
    else if (strstr("DUMP PTTL PEXPIRETIME MEMORY", command))
        answer_key(out, command, argv[argc - 1]);
    else
        record_text(out, "+OK\r\n");
}

static void serve(struct fake_server *server, int fd)
{
    enum { ARGS_MAX = 512 };
    struct buffer in = {0};
    bool taken = true;
    (void)server;
    for (ssize_t n = 1; taken && n > 0;) {
        struct buffer out = {0};
        rf_slice argv[ARGS_MAX], rest;
        size_t argc;
        cr_assert(buffer_reserve(&in, 64 * 1024));
        n = recv(fd, in.data + in.len, 64 * 1024, 0);
        in.len += n > 0 ? (size_t)n : 0;
        for (rest = buffer_slice(&in); fake_take_request(&rest, argv, &argc);)
            answer(&out, argv, argc);
        memmove(in.data, rest.ptr, rest.len);
        in.len = rest.len;
        taken = fake_server_write(fd, out.data, out.len);
        buffer_free(&out);
    }
    buffer_free(&in);
}

/* --- the scan ------------------------------------------------------------------------------------------- */

static bool settled;

static void on_pass(void *ctx, const rf_scan_pass *result)
{
    settled = result->settled;
    record_text(ctx, "+%d~%d-%dx%d ", (int)result->added, (int)result->changed, (int)result->removed,
                (int)result->expired);
}

/* The copy, as an RDB, in blocks of one byte and all at once. */
static void check_copy(const rf_scan *scan, const char *keys)
{
    struct buffer copy = {0}, text = {0};
    rf_source *source;
    rf_error error;
    size_t n = 1;
    cr_assert_eq(rf_scan_source(scan, &source, &error), RF_OK, "%s", error.message);
    while (n > 0) {
        cr_assert(buffer_reserve(&copy, 1024));
        cr_assert_eq(source_read(source, copy.data + copy.len, copy.len % 2 ? 1 : 1024, &n, &error), RF_OK);
        copy.len += n;
    }
    cr_expect_eq(rf_source_size(source), (int64_t)copy.len);
    rf_source_close(source);
    cr_expect_eq(run_read(buffer_slice(&copy), 0, &text, &error), RF_OK, "%s", error.message);
    const char *found = strstr(record_end(&text), "key ");
    cr_expect_str_eq(found ? found : "", keys);
    buffer_free(&text);
    buffer_free(&copy);
}

static void run(const struct script *one, size_t number)
{
    struct fake_server server;
    struct buffer passes = {0};
    rf_scan *scan;
    rf_error error = {.message = ""};
    script = one;
    pass = 0;
    fake_server_start(&server, serve);
    const rf_scan_options options = {.passes = PASSES, .on_pass = on_pass, .ctx = &passes};
    rf_code code = rf_scan_open(&server.target, &options, &scan, &error);
    if (code == RF_OK)
        code = rf_scan_run(scan, &error);
    cr_expect_eq(code == RF_OK, !one->error, "%zu: %s", number, error.message);
    cr_expect(!one->error || strstr(error.message, one->error), "%zu: %s", number, error.message);
    if (code == RF_OK) {
        cr_expect_str_eq(record_end(&passes), one->passes, "%zu", number);
        cr_expect_eq(settled, strstr(one->passes, "+0~0-0x0 ") != NULL, "%zu", number);
        check_copy(scan, one->keys);
    }
    rf_scan_close(scan);
    fake_server_stop(&server);
    buffer_free(&passes);
}

Test(scan, passes, .timeout = 120)
{
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        run(&scripts[i], i);
}
