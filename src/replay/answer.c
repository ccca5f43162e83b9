/* SPDX-License-Identifier: MIT */
/* Answers: the first error among those to a parcel is what counts; else the last one tells what came of it.
 *
 *   SET key value NX ...   +OK, or nil: it exists
 *   RESTORE key ...        +OK, or BUSYKEY
 *   RENAME temporary key   +OK
 *   RENAMENX               :1, or :0
 *   EXEC                   the answers to all commands since MULTI, or EXECABORT where one was not taken */
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
    UNGUARDED_MS = 10 * 1000, /* how long replicas may not answer before we go on without them */
    GUARD_PAUSE_MS = 100,     /* servers wait for replicas; one that does not is not asked all the time */
};

/* --- errors -------------------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    enum verdict verdict;
    const char *advice; /* of a fatal one */
} errors[] = {
    {"READONLY", VERDICT_AGAIN, NULL},
    {"NOREPLICAS", VERDICT_AGAIN, NULL},
    {"BUSYKEY", VERDICT_EXISTS, NULL},
    {"OOM", VERDICT_FATAL, "raise its maxmemory, or make room"},
    {"NOAUTH", VERDICT_FATAL, "it wants a password"},
    {"WRONGPASS", VERDICT_FATAL, "check user and password"},
    {"NOPERM", VERDICT_FATAL, "let the user do that"},
    {"MISCONF", VERDICT_FATAL, "it cannot save: its log says why"},
    {"DENIED", VERDICT_FATAL, "it takes no connections from here"},
    /* of a cluster they are judged before */
    {"MOVED", VERDICT_FATAL, "it does not say that it is a cluster's: use redis+cluster://... for a cluster"},
    {"ASK", VERDICT_FATAL, "it does not say that it is a cluster's: use redis+cluster://... for a cluster"},
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

/* Whoever is not known yet gets neither password nor data before the topology names it. */
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

/* By name. */
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
    enum { SLACK_MS = 1000 }; /* of what we think the server's clock says */
    return expire_ms != RF_NO_EXPIRY && (expire_ms < 0 || write_has_expired(r, expire_ms - SLACK_MS)) &&
           strncmp(text, "ERR no such key", 15) == 0;
}

/* --- keys ---------------------------------------------------------------------------------------------- */

/* The bytes of a parcel; good until the next call. Empty where memory is out. */
static rf_slice parcel_bytes(rf_replay *r, const struct pipe *pipe, uint64_t number)
{
    r->commands.len = 0;
    return pipe_copy(pipe, number, &r->commands) ? buffer_slice(&r->commands) : (rf_slice){0};
}

/* `renamed`: a command behind the one that was refused was taken. What has the key's name now is not all of
 * it. */
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

/* A parcel of one command tells which, one of several has to be told by name. */
static bool lacks_restore(const rf_replay *r, const struct parcel *parcel)
{
    const struct reply reply = {.kind = REPLY_ERROR, .text = slice_of(said(parcel), strlen(said(parcel)))};
    if (!parcel->restored || parcel->verdict != VERDICT_REFUSED || r->options.mode == RF_REPLAY_RESTORE)
        return false;
    return parcel->form == FORM_RESTORE ? reply_refuses_command(reply) : reply_refuses_restore(reply);
}

/* The temporary name that went before it was a write, so the replicas are known to follow when WAIT says so.
 */
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
    if (parcel->errors > 0) { /* each of them has been told of */
        settle_post(r, parcel, commands);
        return;
    }
    command_name(command_take(&rest, &command) ? command.argv[0] : rest, name, sizeof name);
    snprintf(reason, sizeof reason, "%s: %s", name, said(parcel));
    settle_failed(r, parcel, RF_FAILURE_REFUSED, reason, (rf_slice){0}, commands);
}

/* The commands behind one that was not taken may have been: there is no going back. */
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

/* Whoever selects waits for the answer, and asks again where it has to. */
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
    snprintf(text, sizeof text, "%s: a failover could lose what was written last", why);
    nodes_tell(node, text);
}

void answer_fewer_replicas(struct node *node, int64_t replicas)
{
    if (replicas <= 0) {
        go_unguarded(node, "no replica takes what is written");
        return;
    }
    node->replicas = (unsigned)replicas;
    node->unguarded_ms = 0;
    nodes_tell(node, "not all replicas take what is written: a failover to another one could lose it");
}

/* WAIT is not for this user, or not for this server. */
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
        pipe->broken = "it cannot wait for replicas any more"; /* what it has not passed on may be lost */
    } else if (last.number >= (int64_t)node->replicas) {
        node->unguarded_ms = node->guard_after_ms = 0;
        pipe->safe = pipe->answer;
    } else {
        r->suspect = true; /* a primary without replicas may be none any more, and not know it */
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

/* --- what is streamed ---------------------------------------------------------------------------------- */

/* More than this there cannot be: some of these commands may not even have been sent. */
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
        pipe->broken = "an unexpected reply";
    s->last = (struct reply){.kind = reply.kind, .number = reply.number};
    s->executed = reply.kind == REPLY_ARRAY;
    note_streamed(node, reply);
    for (int64_t left = s->executed ? reply.number : 0; left > 0; left--) {
        struct reply done = reply_take(&rest);
        note_streamed(node, done);
        reply_pass(&rest, done);
    }
}

/* --- what is kept -------------------------------------------------------------------------------------- */

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
        fail(&r->error, RF_E_TARGET,
             "%s; of commands of an AOF that were under way nobody can tell whether they were done",
             why->message);
    mend_stray(r, pipe, number, &r->strays);
}

const struct pipe_listener answer_listener = {take_reply, take_streamed, big_block};
