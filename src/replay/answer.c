/* SPDX-License-Identifier: MIT */
/* Handles replies. The first error among the replies to a request determines its result; without an error the
 * last reply does.
 *
 *   SET key value NX ...   +OK, or nil: it exists
 *   RESTORE key ...        +OK, or BUSYKEY
 *   RENAME staging key     +OK
 *   RENAMENX               :1, or :0
 *   EXEC                   the replies to all commands since MULTI, or EXECABORT if one was rejected */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "base/number.h"
#include "net/redirect.h"
#include "net/refusal.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    UNGUARDED_MS = 10 * 1000, /* how long to wait for replicas that do not acknowledge */
    GUARD_PAUSE_MS = 100, /* WAIT blocks on the server; if it does not, this limits how often it is sent */
};

/* --- errors -------------------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    enum verdict verdict;
    const char *advice; /* for REPLY_FATAL */
} errors[] = {
    {"READONLY", VERDICT_AGAIN, NULL},
    {"NOREPLICAS", VERDICT_AGAIN, NULL},
    {"BUSYKEY", VERDICT_EXISTS, NULL},
    {"OOM", VERDICT_FATAL, "raise maxmemory, or free memory"},
    {"NOAUTH", VERDICT_FATAL, "authentication required"},
    {"WRONGPASS", VERDICT_FATAL, "check the user name and password"},
    {"NOPERM", VERDICT_FATAL, "grant the user this permission"},
    {"MISCONF", VERDICT_FATAL, "the server cannot save: see its log"},
    {"DENIED", VERDICT_FATAL, "connections from this host are denied"},
    /* in a cluster they are classified before */
    {"MOVED", VERDICT_FATAL,
     "the server does not report that it is a cluster node: use redis+cluster://... for a cluster"},
    {"ASK", VERDICT_FATAL,
     "the server does not report that it is a cluster node: use redis+cluster://... for a cluster"},
};

static const enum verdict verdict_of[] = {
    [PASSING_MOVED] = VERDICT_MOVED, [PASSING_ASK] = VERDICT_ASK, [PASSING_WAIT] = VERDICT_AGAIN};

/* "MOVED 3999 ..." */
static unsigned slot_of(struct reply reply)
{
    int64_t slot;
    rf_slice text = reply.text;
    const uint8_t *blank = memchr(text.ptr, ' ', text.len);
    if (!blank)
        return RF_SLOTS;
    text = slice_of(blank + 1, (size_t)(text.ptr + text.len - blank - 1));
    const uint8_t *end = memchr(text.ptr, ' ', text.len);
    text.len = end ? (size_t)(end - text.ptr) : text.len;
    return number_parse_i64(text, &slot) && slot >= 0 && slot < RF_SLOTS ? (unsigned)slot : RF_SLOTS;
}

/* A node that is not in the topology yet must not receive passwords or data. */
static struct node *named_node(rf_replay *r, struct node *asked, struct reply reply)
{
    rf_error ignored;
    rf_address address;
    if (redirect_address(reply, &asked->address, &address, &ignored) != RF_OK)
        return NULL;
    struct node *node = nodes_known(r, &address);
    if (!node && !r->redirect.host) {
        r->redirect = address;
        r->redirected_by = asked;
        return NULL;
    }
    address_free(&address);
    return node;
}

/* Whether the error names the RESTORE command. */
static bool reply_refuses_restore(struct reply reply)
{
    char text[256];
    if (!reply_refuses_command(reply))
        return false;
    reply_text(reply, text, sizeof text);
    return strcasestr(text, "restore") != NULL;
}

enum verdict answer_judge(rf_replay *r, struct node *asked, struct reply reply, struct node **node)
{
    enum passing passing = passing_of(reply);
    *node = NULL;
    if (r->primaries.kind == RF_TARGET_CLUSTER && (passing == PASSING_MOVED || passing == PASSING_ASK)) {
        *node = named_node(r, asked, reply);
        if (passing == PASSING_MOVED && *node && slot_of(reply) < RF_SLOTS)
            r->node_of[slot_of(reply)] = *node;
        return *node ? verdict_of[passing] : VERDICT_AGAIN;
    }
    if (passing == PASSING_WAIT)
        return VERDICT_AGAIN;
    if (reply_refuses_restore(reply))
        return r->options.mode == RF_REPLAY_RESTORE ? VERDICT_FATAL : VERDICT_REFUSED;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (reply_is_error(reply, errors[i].code))
            return errors[i].verdict;
    return VERDICT_REFUSED;
}

rf_code answer_fatal(rf_replay *r, const struct node *node, const char *said, int64_t db, rf_slice key)
{
    const char *advice = NULL;
    struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(said, strlen(said))};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (reply_is_error(reply, errors[i].code))
            advice = errors[i].advice;
    if (reply_refuses_restore(reply))
        advice = "use --mode auto or commands";
    if (r->error.code != RF_OK)
        return r->error.code;
    fail(&r->error, RF_E_TARGET, "%s: %s%s%s%s", node->name, said, advice ? " (" : "", advice ? advice : "",
         advice ? ")" : "");
    error_key(&r->error, db, key);
    return RF_E_TARGET;
}

void answer_note_error(struct parcel *parcel, struct node *node, struct reply reply)
{
    enum { SAID_MAX = 256 };
    struct node *named;
    enum verdict verdict = answer_judge(node->replay, node, reply, &named);
    if (parcel->verdict != VERDICT_OK)
        return;
    parcel->verdict = (uint8_t)verdict;
    parcel->asking = verdict == VERDICT_ASK ? named : NULL;
    parcel->said = malloc(SAID_MAX);
    if (parcel->said)
        reply_text(reply, parcel->said, SAID_MAX);
}

void answer_forget_error(struct parcel *parcel)
{
    free(parcel->said);
    parcel->said = NULL;
    parcel->verdict = VERDICT_OK;
}

void answer_note_unexpected(struct parcel *parcel, const char *what)
{
    if (parcel->verdict != VERDICT_OK)
        return;
    parcel->verdict = VERDICT_REFUSED;
    parcel->said = strdup(what);
}

static const char *said(const struct parcel *parcel)
{
    return parcel->said ? parcel->said : "an error";
}

bool answer_was_garbled(const char *text)
{
    return strncmp(text, "ERR Protocol error", 18) == 0;
}

bool answer_has_gone(const rf_replay *r, const char *text, int64_t expire_ms)
{
    enum { SLACK_MS = 1000 }; /* tolerance for our estimate of the server's clock */
    return expire_ms != RF_NO_EXPIRY && (expire_ms < 0 || write_has_expired(r, expire_ms - SLACK_MS)) &&
           strncmp(text, "ERR no such key", 15) == 0;
}

/* --- keys ---------------------------------------------------------------------------------------------- */

/* The bytes of a request, valid until the next call. Empty if out of memory. */
static rf_slice parcel_bytes(rf_replay *r, const struct pipe *pipe, uint64_t number)
{
    r->commands.len = 0;
    return pipe_copy(pipe, number, &r->commands) ? buffer_slice(&r->commands) : (rf_slice){0};
}

/* `renamed`: a command after the rejected one was executed. The key then has an incomplete value. */
static void settle_key(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel, bool renamed)
{
    rf_slice commands = parcel_bytes(r, pipe, number), key = command_key(commands);
    parcel->settled = true;
    if (parcel->form == FORM_BESIDE)
        mend_clean_up(r, parcel, key);
    if (renamed)
        mend_remove(r, parcel, key);
    if (parcel->verdict != VERDICT_REFUSED)
        settle_exists(r, parcel, key, commands);
    else if (answer_has_gone(r, said(parcel), parcel->ends_ms))
        r->counts.expired++;
    else
        settle_failed(r, parcel, RF_FAILURE_REFUSED, said(parcel), key, commands);
}

/* A request of one command failed because of that command; in one of several the error must name RESTORE. */
static bool lacks_restore(const rf_replay *r, const struct parcel *parcel)
{
    const struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(said(parcel), strlen(said(parcel)))};
    if (!parcel->restored || parcel->verdict != VERDICT_REFUSED || r->options.mode == RF_REPLAY_RESTORE)
        return false;
    return parcel->form == FORM_RESTORE ? reply_refuses_command(reply) : reply_refuses_restore(reply);
}

/* The staging key was written before it, so the replicas have the key when WAIT says so. */
static bool is_known_equal(rf_replay *r, const struct pipe *pipe, uint64_t number,
                           const struct parcel *parcel)
{
    if (parcel->equal_at != pipe->owner)
        return false;
    if (parcel->form == FORM_BESIDE)
        mend_clean_up(r, parcel, command_key(parcel_bytes(r, pipe, number)));
    return true;
}

static void conclude_key(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                         struct reply last)
{
    bool there = last.kind == REPLY_NIL || (last.kind == REPLY_NUMBER && last.number == 0);
    bool renamed = parcel->form == FORM_BESIDE && !there && last.kind != REPLY_ERROR;
    if (parcel->verdict == VERDICT_OK && there)
        parcel->verdict = VERDICT_EXISTS;
    switch ((enum verdict)parcel->verdict) {
    case VERDICT_OK: break;
    case VERDICT_EXISTS:
        if (is_known_equal(r, pipe, number, parcel))
            answer_forget_error(parcel);
        else if (parcel->doubtful)
            mend_stray(r, pipe, number, &r->doubts);
        else
            settle_key(r, pipe, number, parcel, false);
        break;
    case VERDICT_REFUSED:
        if (lacks_restore(r, parcel))
            fallback_take(r, pipe, number);
        else
            settle_key(r, pipe, number, parcel, renamed);
        break;
    case VERDICT_AGAIN:
    case VERDICT_MOVED:
    case VERDICT_ASK: mend_stray(r, pipe, number, &r->strays); break;
    case VERDICT_FATAL:
        answer_fatal(r, pipe->owner, said(parcel), parcel->db, command_key(parcel_bytes(r, pipe, number)));
        break;
    }
}

/* --- everything else ----------------------------------------------------------------------------------- */

static void refuse_command(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel)
{
    char name[64], reason[400];
    struct command command;
    rf_slice commands = parcel_bytes(r, pipe, number), rest = commands;
    parcel->settled = true;
    if (parcel->errors > 0) { /* each of them has been reported */
        settle_post(r, parcel, commands);
        return;
    }
    command_name(command_take(&rest, &command) ? command.argv[0] : rest, name, sizeof name);
    snprintf(reason, sizeof reason, "%s: %s", name, said(parcel));
    settle_failed(r, parcel, RF_FAILURE_REFUSED, reason, (rf_slice){0}, commands);
}

/* Commands after the rejected one may have been executed, so this cannot be undone. */
static void conclude_command(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                             struct reply last)
{
    (void)last;
    if (parcel->verdict == VERDICT_OK)
        return;
    if (parcel->verdict != VERDICT_REFUSED && parcel->verdict != VERDICT_EXISTS) {
        parcel->verdict = VERDICT_FATAL;
        answer_fatal(r, pipe->owner, said(parcel), parcel->db, (rf_slice){0});
        return;
    }
    refuse_command(r, pipe, number, parcel);
}

static void conclude_cleanup(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                             struct reply last)
{
    (void)last;
    if (parcel->verdict == VERDICT_AGAIN || parcel->verdict == VERDICT_MOVED ||
        parcel->verdict == VERDICT_ASK)
        mend_stray(r, pipe, number, &r->strays);
    else if (parcel->verdict == VERDICT_FATAL)
        answer_fatal(r, pipe->owner, said(parcel), parcel->db, (rf_slice){0});
    parcel->settled = parcel->verdict != VERDICT_FATAL;
}

/* The caller waits for the reply to SELECT, and repeats it if necessary. */
static void conclude_select(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                            struct reply last)
{
    (void)number, (void)last;
    parcel->settled = true;
    if (parcel->verdict == VERDICT_OK)
        pipe->db = parcel->db;
    else if (parcel->verdict == VERDICT_REFUSED && r->error.code == RF_OK)
        fail(&r->error, RF_E_UNSAYABLE, "%s: database %d: %s", ((struct node *)pipe->owner)->name, parcel->db,
             said(parcel));
    else if (parcel->verdict == VERDICT_FATAL)
        answer_fatal(r, pipe->owner, said(parcel), parcel->db, (rf_slice){0});
    else
        r->pause = true;
}

static void go_unguarded(struct node *node, const char *why)
{
    char text[400];
    node->guarded = false;
    node->replicas = 0;
    node->unguarded_ms = 0;
    snprintf(text, sizeof text, "%s: a failover may lose recent writes", why);
    nodes_tell(node, text);
}

void answer_fewer_replicas(struct node *node, int64_t replicas)
{
    if (replicas <= 0) {
        go_unguarded(node, "no replica acknowledges writes");
        return;
    }
    node->replicas = (unsigned)replicas;
    node->unguarded_ms = 0;
    nodes_tell(node,
               "not all replicas acknowledge writes: a failover to another replica may lose recent writes");
}

/* WAIT is not available for this user or on this server. */
static bool is_refused(const struct parcel *parcel)
{
    return strncmp(said(parcel), "NOPERM", 6) == 0 || strncmp(said(parcel), "ERR unknown", 11) == 0;
}

static void conclude_wait(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                          struct reply last)
{
    struct node *node = pipe->owner;
    int64_t now = clock_monotonic_ms();
    (void)number;
    parcel->settled = true;
    if (parcel->verdict != VERDICT_OK && is_refused(parcel)) {
        parcel->verdict = VERDICT_OK;
        node->unguardable = true;
        go_unguarded(node, said(parcel));
    } else if (parcel->verdict != VERDICT_OK) {
        pipe->broken = "WAIT is no longer available"; /* unreplicated writes may be lost */
    } else if (last.number >= (int64_t)node->replicas) {
        node->unguarded_ms = node->guard_after_ms = 0;
        pipe->safe = pipe->answer;
    } else {
        r->suspect = true; /* a primary without replicas may have been replaced */
        node->guard_after_ms = now + GUARD_PAUSE_MS;
        if (node->unguarded_ms == 0)
            node->unguarded_ms = now;
        pipe->guarded = 0;
        if (now - node->unguarded_ms > UNGUARDED_MS)
            answer_fewer_replicas(node, last.number);
    }
}

typedef void conclude_fn(rf_replay *r, struct pipe *pipe, uint64_t number, struct parcel *parcel,
                         struct reply last);

static conclude_fn *const conclude[] = {
    [PARCEL_KEY] = conclude_key,         [PARCEL_COMMAND] = conclude_command,
    [PARCEL_CLEANUP] = conclude_cleanup, [PARCEL_SELECT] = conclude_select,
    [PARCEL_WAIT] = conclude_wait,
};

static void take_reply(struct pipe *pipe, struct parcel *parcel, struct reply reply, rf_slice rest)
{
    struct node *node = pipe->owner;
    struct reply found;
    if (parcel->transaction)
        reply = executed_take(pipe, parcel, reply, rest);
    else if (UNLIKELY(reply.kind == REPLY_ERROR || reply.kind == REPLY_ARRAY) &&
             executed_find_error(reply, rest, &found))
        answer_note_error(parcel, node, found);
    if (parcel->replies == 0)
        conclude[parcel->kind](node->replay, pipe, pipe->answer - 1, parcel, reply);
}

/* --- streamed values ----------------------------------------------------------------------------------- */

/* An upper bound: some of these commands may not have been sent yet. */
static uint64_t expected_by_now(const rf_replay *r)
{
    return r->streamed.expected + (r->streamed.encoding ? r->encoder.batch.commands : 0);
}

static void note_streamed(struct node *node, struct reply reply)
{
    struct node *named;
    struct streamed *s = &node->replay->streamed;
    if (reply.kind != REPLY_ERROR || s->verdict != VERDICT_OK)
        return;
    s->verdict = answer_judge(node->replay, node, reply, &named);
    reply_text(reply, s->said, sizeof s->said);
}

static void take_streamed(struct pipe *pipe, struct reply reply, rf_slice rest)
{
    struct node *node = pipe->owner;
    struct streamed *s = &node->replay->streamed;
    if (++s->replies > expected_by_now(node->replay))
        pipe->broken = "unexpected reply";
    s->last = (struct reply){.kind = reply.kind, .number = reply.number};
    s->executed = reply.kind == REPLY_ARRAY;
    note_streamed(node, reply);
    for (int64_t left = s->executed ? reply.number : 0; left > 0; left--) {
        struct reply done = reply_take(&rest);
        note_streamed(node, done);
        reply_pass(&rest, done);
    }
}

/* --- kept requests ------------------------------------------------------------------------------------- */

void answer_release(rf_replay *r, struct pipe *pipe)
{
    struct node *node = pipe->owner;
    uint64_t number = pipe->head, end = node->guarded ? pipe->safe : pipe->answer;
    for (; number < end; number++) {
        struct parcel *parcel = pipe_parcel(pipe, number);
        if (parcel->verdict == VERDICT_FATAL)
            break;
        if (!parcel->settled)
            settle_written(r, node, parcel);
        parcel->settled = true;
    }
    pipe_release(pipe, number);
}

void answer_lost(rf_replay *r, struct pipe *pipe, uint64_t number, const rf_error *why)
{
    struct parcel *parcel = pipe_parcel(pipe, number);
    if (parcel->kind == PARCEL_SELECT || parcel->kind == PARCEL_WAIT)
        return;
    if (parcel->kind == PARCEL_KEY && parcel->verdict == VERDICT_REFUSED &&
        answer_was_garbled(said(parcel))) {
        settle_key(r, pipe, number, parcel, false);
        return;
    }
    if (parcel->kind == PARCEL_COMMAND && r->error.code == RF_OK)
        fail(&r->error, RF_E_TARGET, "%s; AOF commands in flight may or may not have been executed",
             why->message);
    mend_stray(r, pipe, number, &r->strays);
}

const struct pipe_listener answer_listener = {take_reply, take_streamed, big_block};
