/* SPDX-License-Identifier: MIT */
#include "support/encoding.h"
#include "support/record.h"
#include <criterion/criterion.h>

rf_code encode(struct encoding *e)
{
    struct build b = {0};
    struct encoder_options options = {
        .target = e->target,
        .prefer_restore = e->flags & PREFER_RESTORE,
        .drop_unsupported = e->flags & DROP_UNSUPPORTED,
        .drop_detail = e->flags & DROP_DETAIL,
        .notify = {count_notice, e->notices},
    };
    put_bytes(&b, slice_of(e->magic, strlen(e->magic)));
    put_hex(&b, e->hex);
    put_end(&b);
    rf_code code = run_encode(built(&b), 4096, &options, &e->resp, &e->error);
    if (code == RF_OK)
        resp_as_text(buffer_slice(&e->resp), &e->text);
    record_end(&e->text);
    build_free(&b);
    return code;
}

void encoding_free(struct encoding *e)
{
    buffer_free(&e->resp);
    buffer_free(&e->text);
}

void expect_commands_for(rf_server target, int flags, const char *magic, const char *hex,
                         const char *expected)
{
    struct encoding e = {.magic = magic, .hex = hex, .target = target, .flags = flags};
    rf_code code = encode(&e);
    cr_expect_eq(code, RF_OK, "%s: %s", hex, e.error.message);
    cr_expect_str_eq((const char *)e.text.data, expected, "%s gave\n%s", hex, (const char *)e.text.data);
    encoding_free(&e);
}

void expect_commands(const char *magic, const char *hex, const char *expected)
{
    expect_commands_for((rf_server){RF_REDIS, 8, 10}, 0, magic, hex, expected);
}

void expect_unsupported(rf_server target, const char *magic, const char *hex, const char *what)
{
    struct encoding e = {.magic = magic, .hex = hex, .target = target};
    cr_expect_eq(encode(&e), RF_E_INCOMPATIBLE, "%s", hex);
    cr_expect(strstr(e.error.message, what), "'%s' is not in '%s'", what, e.error.message);
    cr_expect_str_eq(e.error.key, "k");
    encoding_free(&e);

    char both[4096];
    snprintf(both, sizeof both, "%s 00 0178 0179", hex);
    struct encoding dropping = {.magic = magic, .hex = both, .target = target, .flags = DROP_UNSUPPORTED};
    cr_expect_eq(encode(&dropping), RF_OK, "%s: %s", hex, dropping.error.message);
    cr_expect_str_eq((const char *)dropping.text.data, "SELECT 0\nSET x y\n");
    cr_expect_eq(dropping.notices[RF_NOTICE_DROPPED], 1);
    encoding_free(&dropping);
}
