/* SPDX-License-Identifier: MIT */
#include "replication/absolute_expiry.h"
#include "base/bytes.h"
#include "base/fail.h"
#include <stdlib.h>

/* One that cannot be represented is left to the target, which rejects it. */
static bool add_time(rf_slice text, int64_t unit_ms, int64_t now_ms, int64_t *ms)
{
    int64_t time;
    if (!number_parse_i64(text, &time) || time > (INT64_MAX - now_ms) / unit_ms || time < -now_ms / unit_ms)
        return false;
    *ms = now_ms + time * unit_ms;
    return true;
}

static rf_slice print_time(struct absolute_expiry *a, int64_t ms)
{
    return slice_of(a->text, number_print_i64(a->text, ms));
}

/* A copy of the arguments, with space for one more. */
static bool copy(struct absolute_expiry *a, const rf_entry *command)
{
    if (command->argc + 1 > a->capacity) {
        rf_slice *grown = realloc(a->argv, (command->argc + 1) * sizeof *grown);
        if (!grown)
            return false;
        a->argv = grown;
        a->capacity = command->argc + 1;
    }
    memcpy(a->argv, command->argv, command->argc * sizeof *a->argv);
    return true;
}

/* --- commands ------------------------------------------------------------------------------------------ */

/* Returns the number of arguments; 0: the command is not changed. */
typedef size_t make_fn(struct absolute_expiry *a, size_t argc, int64_t unit_ms, int64_t now_ms);

static size_t make_expire(struct absolute_expiry *a, size_t argc, int64_t unit_ms, int64_t now_ms)
{
    int64_t ms;
    if (argc < 3 || !add_time(a->argv[2], unit_ms, now_ms, &ms))
        return 0;
    a->argv[0] = SLICE("PEXPIREAT");
    a->argv[2] = print_time(a, ms);
    return argc;
}

static size_t make_setex(struct absolute_expiry *a, size_t argc, int64_t unit_ms, int64_t now_ms)
{
    int64_t ms;
    if (argc != 4 || !add_time(a->argv[2], unit_ms, now_ms, &ms))
        return 0;
    a->argv[0] = SLICE("SET");
    a->argv[2] = a->argv[3];
    a->argv[3] = SLICE("PXAT");
    a->argv[4] = print_time(a, ms);
    return 5;
}

static size_t make_set(struct absolute_expiry *a, size_t argc, int64_t unit_ms, int64_t now_ms)
{
    int64_t ms;
    for (size_t i = 3; i + 1 < argc; i++) {
        bool seconds = slice_is_word(a->argv[i], "EX");
        if (!seconds && !slice_is_word(a->argv[i], "PX"))
            continue;
        if (!add_time(a->argv[i + 1], seconds ? unit_ms * 1000 : unit_ms, now_ms, &ms))
            return 0;
        a->argv[i] = SLICE("PXAT");
        a->argv[i + 1] = print_time(a, ms);
        return argc;
    }
    return 0;
}

static size_t make_restore(struct absolute_expiry *a, size_t argc, int64_t unit_ms, int64_t now_ms)
{
    int64_t ms;
    for (size_t i = 4; i < argc; i++)
        if (slice_is_word(a->argv[i], "ABSTTL"))
            return 0;
    if (argc < 4 || slice_equal(a->argv[2], SLICE("0")) || !add_time(a->argv[2], unit_ms, now_ms, &ms))
        return 0;
    a->argv[2] = print_time(a, ms);
    a->argv[argc] = SLICE("ABSTTL");
    return argc + 1;
}

static const struct {
    const char *name;
    make_fn *make;
    int64_t unit_ms;
} rows[] = {{"SET", make_set, 1},
            {"EXPIRE", make_expire, 1000},
            {"PEXPIRE", make_expire, 1},
            {"SETEX", make_setex, 1000},
            {"PSETEX", make_setex, 1},
            {"RESTORE", make_restore, 1},
            {"RESTORE-ASKING", make_restore, 1}};

rf_code absolute_expiry_make(struct absolute_expiry *a, int64_t now_ms, rf_entry *command, rf_error *error)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!slice_is_word(command->argv[0], rows[i].name))
            continue;
        if (!copy(a, command))
            return fail(error, RF_E_MEMORY, "out of memory for a command");
        size_t argc = rows[i].make(a, command->argc, rows[i].unit_ms, now_ms);
        if (argc == 0)
            return RF_OK;
        command->argv = a->argv;
        command->argc = argc;
        command->row = 0;
        command->raw = (rf_slice){0};
        return RF_OK;
    }
    return RF_OK;
}

void absolute_expiry_free(struct absolute_expiry *a)
{
    free(a->argv);
}
