/* SPDX-License-Identifier: MIT */
/* What the user may do is tried once on each node, with a key that need not exist, so that a missing
 * permission does not end a scan that has run for hours. */
#include "base/bytes.h"
#include "base/fail.h"
#include "scan/internal.h"
#include <stdio.h>

enum { WORDS_MAX = 4 };

enum need {
    NEED_COMMAND,    /* the server must have it */
    NEED_PERMISSION, /* the user must be permitted to use it, if the server has it */
    NEED_NOTHING,    /* there is an alternative */
};

enum { PEXPIRETIME, PTTL, TIME, MEMORY_USAGE, REQUIRED };

static const struct trial {
    const char *permission;
    const char *words[WORDS_MAX];
    enum need need;
} trials[] = {
    [PEXPIRETIME] = {"+pexpiretime", {"PEXPIRETIME", "rdbferry"}, NEED_NOTHING},
    [PTTL] = {"+pttl", {"PTTL", "rdbferry"}, NEED_NOTHING},
    [TIME] = {"+time", {"TIME"}, NEED_NOTHING},
    [MEMORY_USAGE] = {"+memory|usage", {"MEMORY", "USAGE", "rdbferry"}, NEED_NOTHING},
    [REQUIRED] = {"+scan", {"SCAN", "0", "COUNT", "1"}, NEED_COMMAND},
    {"+dump", {"DUMP", "rdbferry"}, NEED_COMMAND},
    {"+select", {"SELECT", "0"}, NEED_PERMISSION},
    {"+function|list", {"FUNCTION", "LIST"}, NEED_PERMISSION},
};
enum { TRIALS = sizeof trials / sizeof *trials };

enum outcome { WORKS, NOT_PERMITTED, NO_KEYS, NOT_OFFERED };

/* What is missing, as a list for the error message. */
struct missing {
    char text[160];
    bool keys;
};

static void add_missing(struct missing *missing, const struct trial *trial)
{
    size_t used = strlen(missing->text);
    if (!strstr(missing->text, trial->permission))
        snprintf(missing->text + used, sizeof missing->text - used, "%s%s", used ? " " : "",
                 trial->permission);
}

/* Redirections and transient errors, such as LOADING, show that the command is permitted. */
static enum outcome outcome_of(struct reply reply)
{
    static const char to_access[] = " access ", keys[] = "key";
    bool noperm = reply_is_error(reply, "NOPERM");
    if (noperm && memmem(reply.text.ptr, reply.text.len, to_access, sizeof to_access - 1) &&
        memmem(reply.text.ptr, reply.text.len, keys, sizeof keys - 1))
        return NO_KEYS;
    if (noperm)
        return NOT_PERMITTED;
    return reply_refuses_command(reply) ? NOT_OFFERED : WORKS;
}

static rf_code try_command(rf_live *live, struct live_conn *node, const struct trial *trial,
                           enum outcome *outcome, rf_error *error)
{
    rf_slice argv[WORDS_MAX], rest;
    size_t argc = 0;
    struct reply reply;
    for (; argc < WORDS_MAX && trial->words[argc]; argc++)
        argv[argc] = slice_of(trial->words[argc], strlen(trial->words[argc]));
    TRY(live_call(live, node, 0, argv, argc, &reply, &rest, error));
    *outcome = outcome_of(reply);
    return RF_OK;
}

/* The expiry, one way or the other. */
static void check_expiry(rf_scan *scan, const enum outcome outcomes[TRIALS], struct missing *missing)
{
    scan->live->by_ttl |= outcomes[PEXPIRETIME] != WORKS;
    if (live_knows_expire_time(scan->live) || (outcomes[PTTL] == WORKS && outcomes[TIME] == WORKS))
        return;
    if (outcomes[PEXPIRETIME] == NOT_PERMITTED) {
        add_missing(missing, &trials[PEXPIRETIME]);
        return;
    }
    for (int i = PTTL; i <= TIME; i++)
        if (outcomes[i] != WORKS)
            add_missing(missing, &trials[i]);
}

static rf_code check_node(rf_scan *scan, struct live_conn *node, struct missing *missing, rf_error *error)
{
    enum outcome outcomes[TRIALS] = {WORKS};
    for (int i = 0; i < TRIALS; i++) {
        const struct trial *trial = &trials[i];
        TRY(try_command(scan->live, node, trial, &outcomes[i], error));
        missing->keys |= outcomes[i] == NO_KEYS;
        if (outcomes[i] == NOT_OFFERED && trial->need == NEED_COMMAND)
            return fail(error, RF_E_TARGET, "%s: the server does not offer %s", client_name(node->client),
                        trial->words[0]);
        if (outcomes[i] == NOT_PERMITTED && trial->need != NEED_NOTHING)
            add_missing(missing, trial);
    }
    check_expiry(scan, outcomes, missing);
    scan->sizes &= outcomes[MEMORY_USAGE] == WORKS;
    return RF_OK;
}

rf_code scan_check_rights(rf_scan *scan, rf_error *error)
{
    struct missing missing = {.text = ""};
    rf_live *live = scan->live;
    scan->sizes = true;
    for (size_t i = 0; i < live->map.primaries.node_count; i++)
        TRY(check_node(scan, live_primary(live, i), &missing, error));
    if (!*missing.text && !missing.keys)
        return RF_OK;
    return fail(error, RF_E_TARGET, "%s: the user lacks permissions that a scan needs: %s%s%s",
                live->info.name, missing.text, *missing.text && missing.keys ? " " : "",
                missing.keys ? "~* (all keys)" : "");
}
