/* SPDX-License-Identifier: MIT */
/* Keys of a log that expire before commands that use them. */
#include "base/bytes.h"
#include "support/commands.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <rdbferry/passed_expiries.h>
#include <stdio.h>
#include <string.h>

enum { NOW = 1000, UNTIL = 2000 };

static void note(rf_passed_expiries *passed, const char *text, int64_t db, uint64_t offset, bool done)
{
    struct command_text command = command_of(text);
    rf_error error;
    command.entry.db = db;
    command.entry.offset = offset;
    cr_assert_eq(rf_passed_expiries_note(passed, &command.entry, done, &error), RF_OK, "%s", text);
    command_free(&command);
}

/* Commands with " | " between them; a number before a command is its database, and "done" one that was done.
 */
static rf_keys_at_risk at_risk(const char *texts)
{
    char copy[512], *rest = copy, *text;
    uint64_t offset = 0;
    rf_passed_expiries *passed = rf_passed_expiries_new(NOW, UNTIL);
    cr_assert(passed);
    snprintf(copy, sizeof copy, "%s", texts);
    while ((text = strsep(&rest, "|"))) {
        text += strspn(text, " ");
        bool done = strncmp(text, "done ", 5) == 0;
        text += done ? 5 : 0;
        int64_t db = *text >= '0' && *text <= '9' ? *text - '0' : 0;
        text += *text >= '0' && *text <= '9' ? 2 : 0;
        text[strcspn(text, "\n")] = '\0';
        note(passed, text, db, offset++, done);
    }
    rf_keys_at_risk keys = rf_passed_expiries_get(passed);
    rf_passed_expiries_free(passed);
    return keys;
}

static const struct {
    const char *texts;
    uint64_t count;
    const char *key; /* the example */
} cases[] = {
    {"SET a 1 PXAT 900", 0, ""},
    {"SET a 1 PXAT 900 | INCR b", 0, ""},
    {"SET a 1 PXAT 900 | INCR a", 1, "a"},
    {"SET a 1 PXAT 1900 | INCR a", 1, "a"},
    {"SET a 1 PXAT 2100 | INCR a", 0, ""},
    {"SET a 1 PXAT 900 | PEXPIREAT a 9000", 1, "a"},
    {"SET a 1 PXAT 900 | PERSIST a", 1, "a"},
    {"SET a 1 | EXPIREAT a 1 | APPEND a 2", 1, "a"},
    {"SET a 1 PXAT 900 | 1 INCR a", 0, ""},
    /* what the end of the log forgets */
    {"SET a 1 PXAT 900 | INCR a | DEL a", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | UNLINK b a", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | SET a 1", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | PEXPIREAT a 901", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | PEXPIREAT a 1900", 1, "a"},
    {"SET a 1 PXAT 900 | INCR a | DEL a | INCR a", 0, ""},
    {"SET a 1 PXAT 900 | SET a 1 KEEPTTL", 1, "a"},
    {"SET a 1 PXAT 900 | INCRBYFLOAT a 1", 1, "a"},
    {"MSETEX 2 a 1 b 2 PXAT 900 | INCR a | INCR b | DEL a", 1, ""},
    /* what is copied */
    {"SET a 1 PXAT 900 | RENAME a b", 1, "b"},
    {"SET a 1 PXAT 900 | COPY a b", 1, "b"},
    {"SET a 1 PXAT 900 | COPY a b DB 3 | 3 DEL b", 0, ""},
    {"SET a 1 PXAT 900 | MOVE a 3", 1, "a"},
    {"SET a 1 PXAT 900 | MOVE a 3 | 3 DEL a", 0, ""},
    {"SET a 1 PXAT 900 | BITOP OR a a b", 1, "a"},
    {"SET a 1 PXAT 900 | BITOP OR b a c | DEL a", 1, "b"},
    {"SET a 1 PXAT 900 | LMOVE a b LEFT LEFT", 2, "a"},
    {"SET a 1 PXAT 900 | SORT c BY w* STORE d", 1, "d"},
    {"SET a 1 PXAT 900 | BITOP OR a b c", 0, ""},
    {"SET a 1 PXAT 900 | NO.SUCH a", 1, "a"},
    /* databases */
    {"SET a 1 PXAT 900 | INCR a | FLUSHALL", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | FLUSHDB", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | 1 FLUSHDB", 1, "a"},
    {"SET a 1 PXAT 900 | FLUSHDB | INCR a", 0, ""},
    {"SET a 1 PXAT 900 | SWAPDB 0 2 | INCR a", 0, ""},
    {"SET a 1 PXAT 900 | SWAPDB 0 2 | 2 INCR a", 1, "a"},
    {"SET a 1 PXAT 900 | INCR a | SWAPDB 0 2 | FLUSHDB", 1, "a"},
    {"SET a 1 PXAT 900 | INCR a | SWAPDB 0 2 | 2 FLUSHDB", 0, ""},
    {"SET a 1 PXAT 900 | INCR a | SWAPDB 0 0 | SWAPDB 1 | SWAPDB x y", 1, "a"},
    /* fields */
    {"HSETEX h PXAT 900 FIELDS 1 f v | HDEL h f", 0, ""},
    {"HSETEX h PXAT 900 FIELDS 1 f v | HPEXPIREAT h 9000 FIELDS 1 f", 1, "h"},
    {"HSETEX h PXAT 900 FIELDS 1 f v | HINCRBY h f 1 | HPEXPIREAT h 900 FIELDS 1 f", 1, "h"},
    /* members */
    {"SADD s a | SPEXPIREAT s 900 MEMBERS 1 a | SREM s a", 0, ""},
    {"SADD s a | SPEXPIREAT s 900 MEMBERS 1 a | SADD s b", 1, "s"},
    {"SADDEX s PXAT 900 MEMBERS 1 PXAT | SEXPIREAT s 9 MEMBERS 1 PXAT", 1, "s"},
    {"SADDEX s MEMBERS 2 PXAT 900 | SADD s b", 0, ""},
    /* a run that is resumed */
    {"done SET a 1 PXAT 900 | done PEXPIREAT a 9000 | INCR a", 0, ""},
    {"done SET a 1 PXAT 900 | done INCR a", 0, ""},
    {"done SET a 1 PXAT 900 | INCR a", 1, "a"},
};

Test(passed_expiries, at_risk)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rf_keys_at_risk keys = at_risk(cases[i].texts);
        cr_expect_eq(keys.count, cases[i].count, "%s: %" PRIu64, cases[i].texts, keys.count);
        cr_expect_str_eq(keys.key, cases[i].key, "%s", cases[i].texts);
    }
}
