/* SPDX-License-Identifier: MIT */
/* The forms of commands for clients. A command of a log has succeeded:
 *
 *   its conditions have held, and are left out: an older target need not know them;
 *   XADD and XTRIM have the exact length, and a LIMIT that only a replica accepts;
 *   XADD with IDMPAUTO and "*" was a duplicate;
 *   RESTORE-ASKING is for nodes of a cluster.
 *
 * Commands that change no data, and those of one node for another, are dropped. */
#include "replay/client_form.h"
#include "base/bytes.h"
#include "command/command_keys.h"

enum { FORM_WORDS = 8 }; /* with the NULL at the end */

/* `as`: the name without a condition, NULL: it stays. `without`: options from argument `from` on; NULL ends
 * them. `with`: an option that is added if it is not there. */
static const struct form {
    const char *name, *as;
    size_t from;
    const char *without[FORM_WORDS];
    const char *with;
} forms[] = {
    {"COPY", NULL, 3, {0}, "REPLACE"},
    {"EXPIREAT", NULL, 3, {"NX", "XX", "GT", "LT"}, NULL},
    {"HSETNX", "HSET", SIZE_MAX, {0}, NULL},
    {"LPUSHX", "LPUSH", SIZE_MAX, {0}, NULL},
    {"MSETNX", "MSET", SIZE_MAX, {0}, NULL},
    {"PEXPIREAT", NULL, 3, {"NX", "XX", "GT", "LT"}, NULL},
    {"RENAMENX", "RENAME", SIZE_MAX, {0}, NULL},
    {"RESTORE", NULL, 4, {0}, "REPLACE"},
    {"RESTORE-ASKING", "RESTORE", 4, {0}, "REPLACE"},
    {"RPUSHX", "RPUSH", SIZE_MAX, {0}, NULL},
    {"SETNX", "SET", SIZE_MAX, {0}, NULL},
};

static const struct form *find_form(const rf_entry *command)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (slice_is_word(command->argv[0], forms[i].name))
            return &forms[i];
    return NULL;
}

static bool put(struct buffer *arguments, rf_slice argument)
{
    return buffer_append(arguments, slice_of(&argument, sizeof argument));
}

static bool apply(const struct form *form, const rf_entry *command, struct buffer *arguments)
{
    rf_slice name = form->as ? slice_of(form->as, strlen(form->as)) : command->argv[0];
    bool good = put(arguments, name), has = !form->with;
    for (size_t i = 1; i < command->argc; i++) {
        rf_slice word = command->argv[i];
        if (i >= form->from && slice_is_one_of(word, form->without))
            continue;
        has |= i >= form->from && slice_is_word(word, form->with ? form->with : "");
        good &= put(arguments, word);
    }
    return good && (has || put(arguments, slice_of(form->with, strlen(form->with))));
}

/* --- streams ------------------------------------------------------------------------------------------- */

/* The options of XADD before the id, and of XTRIM: how many arguments belong to one; 0: it is none. */
static size_t option_length(const rf_entry *command, size_t at)
{
    static const char *const alone[FORM_WORDS] = {"NOMKSTREAM", "KEEPREF", "DELREF", "ACKED"};
    const rf_slice word = command->argv[at];
    if (slice_is_one_of(word, alone))
        return 1;
    if (slice_is_word(word, "LIMIT") || slice_is_word(word, "IDMPAUTO"))
        return 2;
    if (slice_is_word(word, "IDMP"))
        return 3;
    if (!slice_is_word(word, "MAXLEN") && !slice_is_word(word, "MINID"))
        return 0;
    bool how = at + 1 < command->argc && (slice_equal(command->argv[at + 1], SLICE("=")) ||
                                          slice_equal(command->argv[at + 1], SLICE("~")));
    return how ? 3 : 2;
}

static bool apply_to_stream(const rf_entry *command, struct buffer *arguments, bool *dropped)
{
    bool add = slice_is_word(command->argv[0], "XADD"), good = true, idempotent = false;
    size_t at = 2, length;
    for (size_t i = 0; i < at && i < command->argc; i++)
        good &= put(arguments, command->argv[i]);
    for (; at < command->argc && (length = option_length(command, at)) > 0; at += length) {
        idempotent |= slice_is_word(command->argv[at], "IDMPAUTO") ||
                      slice_is_word(command->argv[at], "IDMP");
        for (size_t i = at;
             i < at + length && i < command->argc && !slice_is_word(command->argv[at], "LIMIT"); i++)
            good &= put(arguments, command->argv[i]);
    }
    *dropped = add && idempotent && at < command->argc && slice_equal(command->argv[at], SLICE("*"));
    for (; at < command->argc; at++)
        good &= put(arguments, command->argv[at]);
    return good;
}

/* --- all commands -------------------------------------------------------------------------------------- */

static bool is_dropped(const rf_entry *command)
{
    const struct command_row *row = command_row_find(command);
    return (row && row->kind == CLASS_DROP) || slice_is_word(command->argv[0], "PFDEBUG");
}

static bool is_conditional_value(const rf_entry *command, size_t at)
{
    return slice_is_word(command->argv[at], "IFEQ") || slice_is_word(command->argv[at], "IFNE") ||
           slice_is_word(command->argv[at], "IFDEQ") || slice_is_word(command->argv[at], "IFDNE");
}

/* SET key value ... IFEQ other */
static bool apply_to_set(const rf_entry *command, struct buffer *arguments)
{
    bool good = true;
    for (size_t i = 0; i < command->argc; i++) {
        if (i >= 3 && is_conditional_value(command, i))
            i++;
        else if (i < 3 || !(slice_is_word(command->argv[i], "NX") || slice_is_word(command->argv[i], "XX")))
            good &= put(arguments, command->argv[i]);
    }
    return good;
}

bool client_form(const rf_entry *command, struct buffer *arguments, rf_entry *out, bool *dropped)
{
    const struct form *form = find_form(command);
    bool stream = slice_is_word(command->argv[0], "XADD") || slice_is_word(command->argv[0], "XTRIM");
    bool set = slice_is_word(command->argv[0], "SET"), good;
    *out = *command;
    *dropped = is_dropped(command);
    arguments->len = 0;
    if (*dropped || (!form && !stream && !set))
        return true;
    if (stream)
        good = apply_to_stream(command, arguments, dropped);
    else if (set)
        good = apply_to_set(command, arguments);
    else
        good = apply(form, command, arguments);
    out->argv = (const rf_slice *)(const void *)arguments->data;
    out->argc = arguments->len / sizeof(rf_slice);
    out->row = 0;
    out->raw.len = 0;
    return good;
}
