/* SPDX-License-Identifier: MIT */
/* Which arguments are keys: of every kind of row, and of commands that no server would have written. */
#include "base/bytes.h"
#include "command/command_keys.h"
#include "support/commands.h"
#include "support/exact.h"
#include "support/record.h"
#include <criterion/criterion.h>
#include <rdbferry/command.h>
#include <stdio.h>
#include <strings.h>

/* "1r 3w": arguments that are keys; o replaced, w changed, d deleted, r read, p pattern. "?": an unknown
 * command; a "!" behind the keys: wrong arguments. */
static const char *keys_of(const rf_entry *command, struct buffer *out)
{
    static const char roles[] = {'o', 'w', 'd', 'r', 'p'};
    struct command_key_walk walk;
    struct command_key key;
    const struct command_row *row = command_row_find(command);
    if (!row)
        return "?";
    command_keys_begin(&walk, row, command);
    while (command_keys_next(&walk, &key)) {
        cr_assert_lt(key.argument, command->argc, "%s", row->name);
        record_text(out, "%s%zu%c", out->len ? " " : "", key.argument, roles[key.role]);
    }
    if (walk.wrong)
        record_text(out, "!");
    return record_end(out);
}

static void expect_keys(const char *text, const char *keys)
{
    struct command_text command = command_of(text);
    struct buffer out = {0};
    cr_expect_str_eq(keys_of(&command.entry, &out), keys, "%s", text);
    buffer_free(&out);
    command_free(&command);
}

static const struct {
    const char *text, *keys;
} cases[] = {
    {"SET a 1", "1o"},
    {"set a 1 PXAT 4102444800000", "1o"},
    {"Incr a", "1w"},
    {"DEL a b c", "1d 2d 3d"},
    {"MSET a 1 b 2", "1o 3o"},
    {"MSETEX 2 a 1 b 2 EX 3", "2o 4o"},
    {"MSETEX 1 a 1 KEEPTTL", "2o"},
    {"PFCOUNT a b", "1w 2w"},
    {"PFMERGE d", "1w"},
    {"PFMERGE d a b", "1w 2r 3r"},
    {"PFDEBUG TODENSE a", "2w"},
    {"RENAME a b", "1d 2o"},
    {"MOVE a 3", "1d 1o"},
    /* options are looked for behind the keys only */
    {"COPY DB REPLACE", "1r 2o"},
    {"COPY a b DB 3 REPLACE", "1r 2o"},
    /* an operator first */
    {"BITOP AND d a b", "2o 3r 4r"},
    {"bitop not AND OR", "2o 3r"},
    /* the number of keys */
    {"ZUNIONSTORE d 2 a b WEIGHTS 2 3 AGGREGATE MAX", "1o 3r 4r"},
    {"ZINTERSTORE d 1 WEIGHTS", "1o 3r"},
    {"ZDIFFSTORE d 2 a b", "1o 3r 4r"},
    {"ZRANGESTORE d s 0 -1", "1o 2r"},
    {"LMPOP 1 a LEFT", "2w"},
    {"BLMPOP 1 2 a b LEFT COUNT 2", "3w 4w"},
    {"BZMPOP 0 1 a MIN", "3w"},
    /* ... which may lie: no key is found outside of the command */
    {"ZUNIONSTORE d 3 a b", "1o 3r 4r!"},
    {"ZUNIONSTORE d 9223372036854775807 a", "1o 3r!"},
    {"ZUNIONSTORE d 9223372036854775808 a", "1o!"},
    {"ZUNIONSTORE d 18446744073709551615 a", "1o!"},
    {"ZUNIONSTORE d 1e3 a", "1o!"},
    {"ZUNIONSTORE d -1 a", "1o!"},
    {"ZUNIONSTORE d -9223372036854775808 a", "1o!"},
    {"ZUNIONSTORE d 0 a", "1o!"},
    {"ZUNIONSTORE d \"\" a", "1o!"},
    {"ZUNIONSTORE d 1\\x00 a", "1o!"},
    {"ZUNIONSTORE d 2", "1o!"},
    {"ZUNIONSTORE d", "1o!"},
    {"MSETEX 4611686018427387905 a 1", "2o!"},
    {"MSETEX 9223372036854775807 a 1 b", "2o 4o!"},
    {"MSETEX 2 a 1 b", "2o 4o!"},
    {"MSETEX 2 a 1", "2o!"},
    {"MSETEX", "!"},
    /* SORT: the last STORE counts, and each GET */
    {"SORT a", "1r"},
    {"SORT a STORE d", "1r 3o"},
    {"SORT a store d STORE e", "1r 5o"},
    {"SORT store BY store LIMIT 0 1 STORE x STORE d", "1r 10o 3p"},
    {"SORT a BY nosort GET STORE STORE d", "1r 7o 3p 5p"},
    {"SORT a LIMIT STORE x STORE d", "1r 6o"},
    {"SORT a GET # GET w_* STORE d GET v_*->f", "1r 7o 3p 5p 9p"},
    {"SORT a BY BY STORE d", "1r 5o 3p"},
    {"SORT a DESC ALPHA BY w_* ASC STORE STORE", "1r 8o 5p"},
    {"SORT a STORE", "1r"},
    {"SORT a BY", "1r"},
    {"SORT a GET", "1r"},
    {"SORT a LIMIT 0", "1r"},
    {"SORT", "!"},
    /* GEORADIUS: STORE and STOREDIST, the last of both */
    {"GEORADIUS a 1 2 3 km", "1r"},
    {"GEORADIUS a 1 2 3 km STORE d", "1r 7o"},
    {"GEORADIUS a 1 2 3 km COUNT 2 storedist d ASC", "1r 9o"},
    {"GEORADIUS a 1 2 3 km STORE d STOREDIST e", "1r 9o"},
    {"GEORADIUS a 1 2 3 km STORE STOREDIST", "1r 7o"},
    {"GEORADIUS STORE 1 2 3 km STORE STORE", "1r 7o"},
    {"GEORADIUSBYMEMBER a STORE 3 km STORE d", "1r 6o"},
    {"GEORADIUSBYMEMBER a m STORE km", "1r"},
    {"GEOSEARCHSTORE d s FROMMEMBER STORE BYRADIUS 1 km STOREDIST", "1o 2r"},
    /* the first half behind STREAMS; a group or consumer may have that name */
    {"XREADGROUP GROUP STREAMS STREAMS COUNT 1 STREAMS a b > >", "7w 8w"},
    {"XREADGROUP GROUP g c STREAMS a >", "5w"},
    {"XREADGROUP GROUP g c streams STREAMS 0", "5w"},
    {"XREADGROUP GROUP g c STREAMS a", "!"},
    {"XREADGROUP GROUP g c STREAMS a b >", "5w!"},
    {"XREADGROUP GROUP g c", "!"},
    /* subcommands */
    {"XGROUP CREATE s g $ MKSTREAM", "2w"},
    {"xgroup setid s g 1-1 ENTRIESREAD 2", "2w"},
    {"XGROUP createconsumer s g c", "2w"},
    {"XGROUP DELCONSUMER s g c", "2w"},
    {"XGROUP DESTROY s g", "2w"},
    {"XGROUP HELP", "?"},
    {"XGROUP", "?"},
    {"XGROUP CREATE", "!"},
    {"FUNCTION LOAD x", ""},
    {"FUNCTION STATS", "?"},
    {"SCRIPT FLUSH", ""},
    {"HIMPORT SET a x", "2o"},
    /* the last one is no key */
    {"BLPOP a b 0", "1w 2w"},
    {"BLPOP a", ""},
    {"BLPOP", ""},
    /* too few */
    {"SET", "!"},
    {"DEL", ""},
    {"MSET a", "1o!"},
    {"MSET a 1 b", "1o 3o!"},
    {"RENAME a", "1d!"},
    {"COPY a", "1r!"},
    {"BITOP AND", "!"},
    {"GEOSEARCHSTORE d", "1o!"},
    /* names */
    {"SET a\\x00b 1", "1o"},
    {"SET \"\" 1", "1o"},
    {"SETX a 1", "?"},
    {"SE a 1", "?"},
    {"SET\\x00 a 1", "?"},
    {"\"\" SET a 1", "?"},
    {"\"\"", "?"},
    {"XGROUP\\x20CREATE s g $", "?"},
    {"XGROUP\\x00 CREATE s g $", "?"},
    {"XGROUP CREATE\\x00 s g $", "?"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ a", "?"},
    {"XGROUP ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ", "?"},
};

Test(command_keys, of_each_kind_of_row)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_keys(cases[i].text, cases[i].keys);
}

static const char *const names[] = {
#define KEYS(name, arity, kind, ...) name,
#include "command/command_keys.def"
};

Test(command_keys, the_table_is_sorted_and_each_row_is_found)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct command_text command = command_of(names[i]);
        const struct command_row *row = command_row_find(&command.entry);
        cr_expect(row && strcmp(row->name, names[i]) == 0, "%s", names[i]);
        cr_expect(i == 0 || strcasecmp(names[i - 1], names[i]) < 0, "%s", names[i]);
        command_free(&command);
    }
}

/* Numbers, words and names in any order, behind any command: keys are arguments of it, each but MOVE's once.
 */
Test(command_keys, of_any_arguments)
{
    static const char *const words[] = {
        "a",  "STORE", "BY",     "GET",  "LIMIT", "STREAMS", "STOREDIST",          "0", "1", "2", "3", "-1",
        "99", "DB",    "CREATE", "\"\"", "GROUP", "*",       "9223372036854775807"};
    uint64_t state = 1;
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t length = (size_t)sprintf(text, "%s",
                                        names[next_random(&state) % (sizeof names / sizeof *names)]);
        for (uint64_t n = next_random(&state) % 9; n > 0; n--)
            length += (size_t)sprintf(text + length, " %s",
                                      words[next_random(&state) % (sizeof words / sizeof *words)]);
        struct command_text command = command_of(text);
        struct buffer out = {0};
        const char *keys = keys_of(&command.entry, &out);
        cr_assert(strlen(keys) < 200, "%s: %s", text, keys);
        buffer_free(&out);
        command_free(&command);
    }
}

/* A million keys and a million GETs are passed once each. */
Test(command_keys, of_a_long_command, .timeout = 20)
{
    enum { COUNT = 1000000 };
    static const char *const commands[] = {"DEL", "SORT", "SUNIONSTORE", "GEORADIUS"};
    rf_slice *argv = malloc(COUNT * sizeof *argv);
    for (size_t c = 0; c < sizeof commands / sizeof *commands; c++) {
        rf_entry command = {.kind = RF_ENTRY_COMMAND, .argv = argv, .argc = COUNT};
        struct command_key_walk walk;
        struct command_key key;
        size_t count = 0;
        argv[0] = slice_of(commands[c], strlen(commands[c]));
        for (size_t i = 1; i < COUNT; i++)
            argv[i] = slice_of("GET", 3);
        command_keys_begin(&walk, command_row_find(&command), &command);
        while (command_keys_next(&walk, &key))
            count++;
        cr_expect_eq(count, ((size_t[]){COUNT - 1, COUNT / 2, COUNT - 1, 1})[c], "%s: %zu", commands[c],
                     count);
    }
    free(argv);
}

/* --- the keys alone ----------------------------------------------------------------------------------- */

struct key_list {
    struct buffer text;
    size_t most, count;
};

static bool list_key(void *ctx, rf_slice key)
{
    struct key_list *list = ctx;
    record_text(&list->text, "%s%.*s", list->count ? " " : "", (int)key.len, (const char *)key.ptr);
    return ++list->count < list->most;
}

static void expect_each_key(const char *text, size_t most, bool known, const char *keys)
{
    struct command_text command = command_of(text);
    struct key_list list = {.most = most};
    cr_expect_eq(rf_command_each_key(&command.entry, list_key, &list), known, "%s", text);
    cr_expect_str_eq(record_end(&list.text), keys, "%s", text);
    buffer_free(&list.text);
    command_free(&command);
}

Test(command_keys, each_once_and_no_patterns)
{
    expect_each_key("mset a 1 b 2 c 3", 9, true, "a b c");
    expect_each_key("MSET a 1 b 2 c 3", 2, true, "a b");
    expect_each_key("MOVE a 3", 9, true, "a");
    expect_each_key("SORT a BY w* GET x* STORE d", 9, true, "a d");
    expect_each_key("FLUSHALL", 9, true, "");
    expect_each_key("SET", 9, true, "");
    expect_each_key("JSON.SET a $ 1", 9, false, "");
}
