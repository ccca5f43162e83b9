/* SPDX-License-Identifier: MIT */
/* Probes commands in a transaction that is discarded.
 *
 *   WATCH key   MULTI      +OK +OK
 *   EXISTS key   ...       +QUEUED, or an error if the server lacks the command or the user may not run it
 *   SET key value   ...    the same; not sent before another command has been queued
 *   DISCARD
 *
 * Nothing is executed. The first commands are harmless even if they are: they are also sent if MULTI is
 * rejected, or if a proxy answers MULTI itself and forwards the commands after it. */
#include "net/abilities.h"

#include "base/bytes.h"
#include "base/fail.h"
#include "net/client.h"
#include "net/reply.h"
#include <rdbferry/slot.h>
#include <stdio.h>

enum { WORDS_MAX = 5, QUEUED_FROM = RF_COMMAND_EXISTS, WRITES_FROM = RF_COMMAND_SET };

#define KEY "rdbferry:probe"

/* In lower case, as in COMMAND INFO. */
static const struct {
    const char *name, *words[WORDS_MAX];
} probes[RF_COMMAND_COUNT] = {
    [RF_COMMAND_WATCH] = {"WATCH", {"watch", KEY}},
    [RF_COMMAND_MULTI] = {"MULTI", {"multi"}},
    [RF_COMMAND_EXISTS] = {"EXISTS", {"exists", KEY}},
    [RF_COMMAND_SELECT] = {"SELECT", {"select", "0"}},
    [RF_COMMAND_RESTORE] = {"RESTORE", {"restore", KEY, "0", ""}},
    [RF_COMMAND_RENAME] = {"RENAME", {"rename", KEY, KEY}},
    [RF_COMMAND_RENAMENX] = {"RENAMENX", {"renamenx", KEY, KEY}},
    [RF_COMMAND_UNLINK] = {"UNLINK", {"unlink", KEY}},
    [RF_COMMAND_DEL] = {"DEL", {"del", KEY}},
    [RF_COMMAND_PEXPIREAT] = {"PEXPIREAT", {"pexpireat", KEY, "0"}},
    [RF_COMMAND_PEXPIRE] = {"PEXPIRE", {"pexpire", KEY, "1"}},
    [RF_COMMAND_PERSIST] = {"PERSIST", {"persist", KEY}},
    [RF_COMMAND_SET] = {"SET", {"set", KEY, ""}},
    [RF_COMMAND_RPUSH] = {"RPUSH", {"rpush", KEY, ""}},
    [RF_COMMAND_SADD] = {"SADD", {"sadd", KEY, ""}},
    [RF_COMMAND_ZADD] = {"ZADD", {"zadd", KEY, "0", ""}},
    [RF_COMMAND_HMSET] = {"HMSET", {"hmset", KEY, "", ""}},
    [RF_COMMAND_XADD] = {"XADD", {"xadd", KEY, "*", "", ""}},
    [RF_COMMAND_MSET] = {"MSET", {"mset", KEY, ""}},
    [RF_COMMAND_MSETNX] = {"MSETNX", {"msetnx", KEY, ""}},
};

const char *rf_command_name(rf_command command)
{
    return probes[command].name;
}

struct probing {
    struct client *client;
    char key[32]; /* KEY, or a similar key in one of the node's slots */
    rf_abilities *abilities;
    bool in_multi;
    bool queued;  /* a command was queued, */
    bool carried; /* or executed in spite of MULTI */
    int lost_at;  /* the command over which the connection was lost last; -1: none */
};

/* A server of unknown version is not sent RESTORE, not even an empty one. */
static bool is_probed(const rf_abilities *abilities, int command)
{
    return rf_accepts(abilities, (rf_command)command) &&
           (command != RF_COMMAND_RESTORE || !abilities->assumed);
}

static rf_code put_words(const struct probing *a, const char *const words[WORDS_MAX], rf_error *error)
{
    rf_slice argv[WORDS_MAX];
    size_t argc = 0;
    for (; argc < WORDS_MAX && words[argc]; argc++) {
        const char *word = strcmp(words[argc], KEY) == 0 ? a->key : words[argc];
        argv[argc] = slice_of(word, strlen(word));
    }
    return client_put(a->client, argv, argc, error);
}

/* A cluster node only accepts keys in its own slots. */
static void choose_key(struct probing *a, const struct primaries *primaries, const rf_address *address)
{
    enum { TRIES = 4 * RF_SLOTS };
    bool is_own = primaries->kind != RF_TARGET_CLUSTER;
    snprintf(a->key, sizeof a->key, KEY);
    for (unsigned i = 0; i < TRIES && !is_own; i++) {
        int length = snprintf(a->key, sizeof a->key, KEY "{%u}", i);
        size_t node = primaries->node_of[rf_slot_of(slice_of(a->key, (size_t)length))];
        is_own = node != NO_NODE && address_equal(&primaries->nodes[node], address);
    }
}

/* --- the transaction ----------------------------------------------------------------------------------- */

/* If the connection is lost twice over the same command, it counts as not available. */
static void note_loss(struct probing *a, int command)
{
    if (a->lost_at == command)
        a->abilities->refused |= UINT32_C(1) << command;
    a->lost_at = command;
}

static rf_code on_reply(struct probing *a, int command, rf_error *error)
{
    struct reply head;
    rf_slice rest;
    rf_code code = client_reply(a->client, &head, &rest, error);
    if (rf_code_is_target(code))
        note_loss(a, command);
    TRY(code);
    bool queued = slice_equal(head.text, SLICE("QUEUED"));
    a->queued |= queued;
    a->carried |= command >= QUEUED_FROM && !queued && head.kind != REPLY_ERROR;
    bool refused = reply_refuses_command(head);
    if (refused && !*a->abilities->why)
        reply_text(head, a->abilities->why, sizeof a->abilities->why);
    a->abilities->refused |= (uint32_t)refused << command;
    a->in_multi |= command == RF_COMMAND_MULTI && head.kind == REPLY_STATUS;
    return RF_OK;
}

/* Sends these commands ahead of their replies. */
static rf_code probe_some(struct probing *a, int from, int to, rf_error *error)
{
    const rf_abilities known = *a->abilities;
    for (int i = from; i < to; i++)
        if (is_probed(&known, i))
            TRY(put_words(a, probes[i].words, error));
    for (int i = from; i < to; i++)
        if (is_probed(&known, i))
            TRY(on_reply(a, i, error));
    return RF_OK;
}

/* RF_E_TARGET: the connection is lost. */
static rf_code probe_all(struct probing *a, rf_error *error)
{
    static const char *const discard[] = {"discard", NULL};
    struct reply head;
    rf_slice rest;
    a->in_multi = a->queued = a->carried = false;
    TRY(probe_some(a, RF_COMMAND_WATCH, QUEUED_FROM, error));
    if (!a->in_multi)
        return rf_accepts(a->abilities, RF_COMMAND_MULTI) ? RF_OK
                                                          : probe_some(a, QUEUED_FROM, WRITES_FROM, error);
    TRY(probe_some(a, QUEUED_FROM, WRITES_FROM, error));
    if (a->carried)
        a->abilities->refused |= UINT32_C(1) << RF_COMMAND_MULTI;
    else if (a->queued)
        TRY(probe_some(a, WRITES_FROM, RF_COMMAND_COUNT, error));
    return client_query(a->client, discard, &head, &rest, error);
}

/* --- COMMAND INFO -------------------------------------------------------------------------------------- */

static rf_code probe_names(struct probing *a, rf_error *error)
{
    rf_slice argv[2 + RF_COMMAND_COUNT] = {SLICE("COMMAND"), SLICE("INFO")}, rest;
    struct reply head;
    for (int i = 0; i < RF_COMMAND_COUNT; i++)
        argv[2 + i] = slice_of(probes[i].words[0], strlen(probes[i].words[0]));
    TRY(client_put(a->client, argv, sizeof argv / sizeof *argv, error));
    TRY(client_reply(a->client, &head, &rest, error));
    for (int i = 0; head.kind == REPLY_ARRAY && head.number == RF_COMMAND_COUNT && i < RF_COMMAND_COUNT;
         i++) {
        struct reply command = reply_next(&rest);
        reply_skip(&rest, command);
        a->abilities->refused |= (uint32_t)(command.kind == REPLY_NIL) << i;
    }
    return RF_OK;
}

/* --- control flow -------------------------------------------------------------------------------------- */

/* Reconnects after a lost connection: the second loss over the same command determines it. */
static rf_code probe(struct probing *a, const rf_target *target, const rf_address *address,
                     rf_code (*questions)(struct probing *a, rf_error *error), rf_error *error)
{
    rf_code code = RF_E_TARGET;
    for (int left = 2 * RF_COMMAND_COUNT; rf_code_is_target(code) && left > 0; left--) {
        TRY(client_open(target, address, &a->client, error));
        code = questions(a, error);
        client_close(a->client);
    }
    return code;
}

rf_code abilities_probe(const rf_target *target, const rf_address *address, const struct primaries *primaries,
                        rf_abilities *out, rf_error *error)
{
    struct probing a = {.abilities = out, .lost_at = -1};
    *out = (rf_abilities){.server = primaries->server,
                          .assumed = primaries->assumed,
                          .refused = (uint32_t)primaries->restores_otherwise << RF_COMMAND_RESTORE};
    choose_key(&a, primaries, address);
    rf_code code = probe(&a, target, address, probe_all, error);
    if (code == RF_OK && !rf_accepts(out, RF_COMMAND_MULTI) && !primaries->closes_on_unknown)
        code = probe(&a, target, address, probe_names, error);
    return rf_code_is_target(code) ? RF_OK : code;
}
