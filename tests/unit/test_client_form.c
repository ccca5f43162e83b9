/* SPDX-License-Identifier: MIT */
/* What a client sends in place of a command of a log. */
#include "base/bytes.h"
#include "replay/client_form.h"
#include <criterion/criterion.h>
#include <stdio.h>

enum { WORDS = 16 };

static const char *form_of(const char *text, char out[256])
{
    char copy[256];
    rf_slice argv[WORDS];
    rf_entry command = {.kind = RF_ENTRY_COMMAND, .argv = argv}, form;
    struct buffer arguments = {0};
    bool dropped;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[command.argc++] = slice_of(word, strlen(word));
    cr_assert(client_form(&command, &arguments, &form, &dropped));
    out[0] = '\0';
    for (size_t i = 0; !dropped && i < form.argc; i++)
        snprintf(out + strlen(out), 256 - strlen(out), "%s%.*s", i ? " " : "", (int)form.argv[i].len,
                 (const char *)form.argv[i].ptr);
    buffer_free(&arguments);
    return out;
}

Test(client_form, forms)
{
    static const char *const cases[][2] = {
        {"XADD x 5-5 f v", "XADD x 5-5 f v"},
        {"XADD x MINID = 1-1 LIMIT 10 9-9 f v", "XADD x MINID = 1-1 9-9 f v"},
        {"XADD x NOMKSTREAM maxlen = 3 limit 10 9-9 LIMIT 5", "XADD x NOMKSTREAM maxlen = 3 9-9 LIMIT 5"},
        {"XTRIM x MAXLEN = 4 LIMIT 100", "XTRIM x MAXLEN = 4"},
        {"XADD x IDMPAUTO p 5-5 f v", "XADD x IDMPAUTO p 5-5 f v"},
        {"XADD x IDMPAUTO p * f v", ""},
        {"XADD x IDMP p i * f v", ""},
        {"SET a 1 NX", "SET a 1"},
        {"SET NX XX NX PXAT 5", "SET NX XX PXAT 5"},
        {"SET a 1 IFEQ NX", "SET a 1"},
        {"SET a 1 KEEPTTL", "SET a 1 KEEPTTL"},
        {"SETNX b 1", "SET b 1"},
        {"MSETNX c 1 d 1", "MSET c 1 d 1"},
        {"PEXPIREAT a 4102444800000 NX", "PEXPIREAT a 4102444800000"},
        {"HPEXPIREAT h 4102444800000 GT FIELDS 1 f", "HPEXPIREAT h 4102444800000 GT FIELDS 1 f"},
        {"HSETNX h f v", "HSET h f v"},
        {"RPUSHX l b", "RPUSH l b"},
        {"rpushx l b", "RPUSH l b"},
        {"RENAMENX a e", "RENAME a e"},
        {"ZADD z NX 1 m", "ZADD z NX 1 m"},
        {"COPY a b DB 3", "COPY a b DB 3 REPLACE"},
        {"COPY DB REPLACE", "COPY DB REPLACE REPLACE"},
        {"RESTORE-ASKING k 0 p", "RESTORE k 0 p REPLACE"},
        {"RESTORE k 0 p replace ABSTTL", "RESTORE k 0 p replace ABSTTL"},
        {"PING", ""},
        {"PUBLISH c m", ""},
        {"REPLCONF GETACK *", ""},
        {"CLUSTER SYNCSLOTS FINISH", ""},
        {"TRIMSLOTS RANGES 1 0 5", ""},
        {"PFDEBUG TODENSE p", ""},
        {"PFCOUNT p", "PFCOUNT p"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[256];
        cr_expect_str_eq(form_of(cases[i][0], out), cases[i][1], "%s: %s", cases[i][0], out);
    }
}
