/* SPDX-License-Identifier: MIT */
/* Retries: requests that have left their pipeline are sent again, to the node that serves their slot now. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/beside.h"
#include "replay/commands.h"
#include "replay/modules.h"
#include "replay/suspect.h"
#include "resp/resp_write.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_PAUSE_MS = 20,
    LAST_PAUSE_MS = 1000,
    PATIENCE_MS = 60 * 1000,
};

/* --- the retry queue ----------------------------------------------------------------------------------- */

void strays_append(struct strays *strays, struct stray *stray)
{
    if (!strays->first)
        strays->end = &strays->first;
    *strays->end = stray;
    strays->end = &stray->next;
    stray->next = NULL;
}

struct stray *strays_take(struct strays *strays)
{
    struct stray *stray = strays->first;
    if (stray)
        strays->first = stray->next;
    return stray;
}

void stray_free(struct stray *stray)
{
    if (!stray)
        return;
    free(stray->parcel.said);
    buffer_free(&stray->bytes);
    free(stray);
}

void strays_free(struct strays *strays)
{
    for (struct stray *stray; (stray = strays_take(strays));)
        stray_free(stray);
}

static struct stray *out_of_memory(rf_replay *r, struct stray *stray)
{
    stray_free(stray);
    if (r->error.code == RF_OK)
        fail(&r->error, RF_E_MEMORY, "out of memory for retries");
    return NULL;
}

struct stray *mend_stray(rf_replay *r, struct pipe *pipe, uint64_t number, struct strays *into)
{
    struct parcel *parcel = pipe_parcel(pipe, number);
    struct stray *stray = calloc(1, sizeof *stray);
    if (!stray || !pipe_copy(pipe, number, &stray->bytes))
        return out_of_memory(r, stray);
    stray->parcel = *parcel;
    stray->parcel.equal_at = NULL;
    if (stray->parcel.since_ms == 0)
        stray->parcel.since_ms = clock_monotonic_ms();
    parcel->said = NULL;
    parcel->settled = true;
    strays_append(into, stray);
    if (parcel->form == FORM_BESIDE && parcel->kind == PARCEL_KEY)
        stray->parcel.asking = NULL; /* a rename requires that both keys are on the same node, after the slot
                                        migration */
    if (parcel->verdict == VERDICT_MOVED || stray->parcel.asking)
        r->pause |= stray->parcel.redirects++ > 0;
    else if (into == &r->strays)
        r->stale = r->pause = true;
    r->counts.resent += parcel->kind == PARCEL_KEY && into == &r->strays;
    return stray;
}

void mend_remove(rf_replay *r, const struct parcel *of, rf_slice key)
{
    struct stray *stray = calloc(1, sizeof *stray);
    if (!stray || !buffer_reserve(&stray->bytes, RESP_HEADER_MAX + 2 * BULK_EXTRA + REMOVING_MAX + key.len)) {
        out_of_memory(r, stray);
        return;
    }
    uint8_t *end = resp_print_header(stray->bytes.data, '*', 2);
    end = resp_print_bulk(resp_print_bulk(end, write_removing(r)), key);
    stray->bytes.len = (size_t)(end - stray->bytes.data);
    stray->parcel = (struct parcel){.kind = PARCEL_CLEANUP,
                                    .seq = of->seq,
                                    .place = of->place,
                                    .db = of->db,
                                    .since_ms = clock_monotonic_ms()};
    strays_append(&r->strays, stray);
}

void mend_clean_up(rf_replay *r, const struct parcel *of, rf_slice key)
{
    if (beside_name(key, r->options.run, &r->name))
        mend_remove(r, of, buffer_slice(&r->name));
    else
        out_of_memory(r, NULL);
}

/* --- waiting ------------------------------------------------------------------------------------------- */

/* Errors that a server returns to every new connection. */
static const char *const hopeless[] = {": NOAUTH ", ": WRONGPASS ", ": NOPERM ", ": DENIED ",
                                       ": ERR invalid password"};

/* Sets the error that ends the run, if there is none yet. */
static rf_code give_up_on(rf_replay *r, const char *why, const char *more, rf_error *error)
{
    if (r->error.code == RF_OK)
        fail(&r->error, RF_E_TARGET, "%s%s", why, more);
    *error = r->error;
    return error->code;
}

rf_code mend_patience(rf_replay *r, int64_t since_ms, const char *why, rf_error *error)
{
    char no_better[64];
    int64_t patience = r->options.retry_for_ms > 0 ? r->options.retry_for_ms : PATIENCE_MS;
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++)
        if (strstr(why, hopeless[i]))
            return give_up_on(r, why, "", error);
    if (clock_monotonic_ms() - since_ms <= patience)
        return RF_OK;
    snprintf(no_better, sizeof no_better, "; gave up after %g s", (double)patience / 1000);
    return give_up_on(r, why, no_better, error);
}

/* The duration of the next pause. */
static int64_t next_pause_ms(rf_replay *r)
{
    int64_t doubled = 2 * r->pause_ms;
    return r->pause_ms = doubled < FIRST_PAUSE_MS  ? FIRST_PAUSE_MS
                         : doubled < LAST_PAUSE_MS ? doubled
                                                   : LAST_PAUSE_MS;
}

static rf_code check_patience(rf_replay *r, const struct stray *stray, const rf_error *why, rf_error *error)
{
    char said[400];
    const struct node *node = nodes_of_key(r, command_key(buffer_slice(&stray->bytes)));
    snprintf(said, sizeof said, "%s: %s", node->name,
             stray->parcel.said ? stray->parcel.said : "connection lost");
    rf_code code = mend_patience(r, stray->parcel.since_ms, why ? why->message : said, error);
    if (code != RF_OK && !why && stray->parcel.said) {
        error_key(&r->error, stray->parcel.db, command_key(buffer_slice(&stray->bytes)));
        *error = r->error;
    }
    return code;
}

/* --- sending again ------------------------------------------------------------------------------------- */

struct emission {
    struct outbuf *out;
    bool asking;
    uint32_t replies;
};

static void begin(struct emission *e)
{
    if (e->asking)
        outbuf_put(e->out, "*1\r\n$6\r\nASKING\r\n", 16);
    e->replies += e->asking ? 2 : 1;
}

/* The staging key of an earlier attempt is removed first. */
static bool emit_removal(rf_replay *r, struct emission *e, rf_slice key)
{
    if (!beside_name(key, r->options.run, &r->name))
        return false;
    begin(e);
    write_removal(r, e->out, buffer_slice(&r->name));
    return true;
}

static void emit_commands(struct emission *e, const struct stray *stray)
{
    struct command command;
    rf_slice rest = buffer_slice(&stray->bytes);
    while (command_take(&rest, &command)) {
        if (stray->parcel.kind == PARCEL_KEY && command_is_passing(&command))
            continue;
        begin(e);
        outbuf_put(e->out, command.whole.ptr, command.whole.len);
    }
}

/* Copies the retry item to a new request, except for its replies. */
static rf_code send_again(rf_replay *r, struct pipe *pipe, const struct stray *stray, rf_error *error)
{
    struct parcel *parcel;
    struct emission e = {.out = &pipe->out, .asking = stray->parcel.asking != NULL};
    TRY(pipe_begin(pipe, &parcel, error));
    uint64_t start = parcel->start;
    *parcel = stray->parcel;
    parcel->start = start;
    parcel->said = NULL;
    parcel->asking = NULL;
    parcel->verdict = VERDICT_OK;
    parcel->settled = false;
    bool beside = stray->parcel.form == FORM_BESIDE || stray->parcel.doubtful;
    if (stray->parcel.kind == PARCEL_KEY && beside &&
        !emit_removal(r, &e, command_key(buffer_slice(&stray->bytes))))
        pipe->out.code = RF_E_MEMORY;
    emit_commands(&e, stray);
    return pipe_end(pipe, e.replies, error);
}

/* Requests lost meanwhile, or the connection to be used, may already be in the retry queue. */
static rf_code send_alone(rf_replay *r, struct pipe *pipe, const struct stray *stray, rf_error *error)
{
    unsigned serial = pipe->serial;
    TRY(suspect_wait(pipe->owner, error));
    if (!pipe->connection || pipe->serial != serial || pipe->db != stray->parcel.db)
        return fail(error, RF_E_TARGET, "%s: connection lost", ((struct node *)pipe->owner)->name);
    TRY(send_again(r, pipe, stray, error));
    return suspect_wait(pipe->owner, error);
}

/* The node may have changed. *lacking: it lacks the module, and the key has failed. */
static rf_code check_module(rf_replay *r, const struct stray *stray, struct node *node, bool *lacking,
                            rf_error *error)
{
    char type[10];
    const char *why;
    rf_slice commands = buffer_slice(&stray->bytes);
    *lacking = false;
    if (LIKELY(!stray->parcel.module) || !modules_type_of(commands, type))
        return RF_OK;
    TRY(modules_learn(node, error));
    *lacking = !modules_allow(node, type, &why);
    if (*lacking)
        settle_failed(r, &stray->parcel, RF_FAILURE_UNSAYABLE, why, command_key(commands), commands);
    return RF_OK;
}

/* After one attempt at the node of an ASK redirection, the key is sent to the slot's node again. */
static rf_code send_stray(rf_replay *r, struct stray *stray, rf_error *error)
{
    struct pipe *pipe;
    bool lacking;
    rf_slice key = command_key(buffer_slice(&stray->bytes));
    struct node *node = stray->parcel.asking ? stray->parcel.asking : nodes_of_key(r, key);
    TRY(check_module(r, stray, node, &lacking, error));
    if (lacking)
        return RF_OK;
    TRY(room_at(r, node, stray->parcel.db, &pipe, error));
    if (!stray->parcel.asking && nodes_of_key(r, key) != node)
        return fail(error, RF_E_TARGET, "%s: no longer a primary", node->name);
    TRY(suspect_judge(r, stray, pipe, error));
    if (!suspect_goes_alone(&stray->parcel))
        return send_again(r, pipe, stray, error);
    return send_alone(r, pipe, stray, error);
}

/* *left: it could not be sent now. */
static rf_code try_stray(rf_replay *r, struct stray *stray, bool *left, rf_error *error)
{
    rf_error why;
    rf_code code = check_patience(r, stray, NULL, error);
    *left = true;
    TRY(code);
    code = send_stray(r, stray, &why);
    *left = code != RF_OK;
    if (code == RF_E_TARGET && r->error.code == RF_OK) {
        r->stale = r->pause = true;
        return check_patience(r, stray, &why, error);
    }
    if (code != RF_OK)
        *error = why;
    return code;
}

/* Items that return to the queue wait for the next round. Every item holds back the acknowledged position. */
static rf_code send_strays(rf_replay *r, rf_error *error)
{
    rf_code code = RF_OK;
    r->round = r->strays;
    r->strays = (struct strays){0};
    while (code == RF_OK && (r->hand = strays_take(&r->round))) {
        bool left;
        code = try_stray(r, r->hand, &left, error);
        if (left)
            strays_append(&r->strays, r->hand);
        else
            stray_free(r->hand);
    }
    for (struct stray *stray; (stray = strays_take(&r->round));)
        strays_append(&r->strays, stray);
    r->hand = NULL;
    return code;
}

/* A failed refresh is repeated in the next round. */
static rf_code refresh(rf_replay *r, rf_error *error)
{
    rf_error why;
    const struct stray *first = r->strays.first ? r->strays.first : r->doubts.first;
    rf_code code = nodes_refresh(r, &why);
    if (code == RF_E_TARGET && r->error.code == RF_OK) {
        r->pause = true;
        return check_patience(r, first, &why, error);
    }
    if (code != RF_OK)
        *error = why;
    return code;
}

rf_code mend_wait(rf_replay *r, int64_t *since_ms, const rf_error *why, rf_error *error)
{
    rf_error still;
    if (*since_ms == 0)
        *since_ms = clock_monotonic_ms();
    TRY(mend_patience(r, *since_ms, why->message, error));
    TRY(loop_pause(r, next_pause_ms(r), error));
    r->stale = true;
    rf_code code = nodes_refresh(r, &still);
    if (code == RF_E_TARGET && r->error.code == RF_OK)
        return RF_OK;
    if (code != RF_OK)
        *error = still;
    return code;
}

rf_code mend(rf_replay *r, rf_error *error)
{
    while (r->strays.first || r->doubts.first) {
        if (r->pause)
            TRY(loop_pause(r, next_pause_ms(r), error));
        r->pause = false;
        if (r->stale)
            TRY(refresh(r, error));
        if (!r->stale)
            TRY(send_strays(r, error));
        TRY(doubt_settle(r, error));
    }
    return RF_OK;
}

/* --- cleanup after an error ---------------------------------------------------------------------------- */

static void give_up(rf_replay *r, struct node *node, struct pipe *pipe)
{
    for (uint64_t i = pipe->head; i < pipe->tail; i++)
        if (!pipe_parcel(pipe, i)->settled)
            mend_stray(r, pipe, i, &r->strays);
    node->fence |= pipe->connection != NULL;
    pipe_disconnect(pipe);
}

/* Requests the removal of one staging key. */
static rf_code sweep_stray(rf_replay *r, struct node *node, const struct stray *stray, rf_error *error)
{
    struct reply head;
    rf_slice rest, name = command_key(buffer_slice(&stray->bytes));
    if (stray->parcel.kind == PARCEL_KEY && beside_name(name, r->options.run, &r->name))
        name = buffer_slice(&r->name);
    TRY(doubt_select(node, stray->parcel.db, error));
    TRY(client_put(node->asker, (const rf_slice[]){write_removing(r), name}, 2, error));
    return client_reply(node->asker, &head, &rest, error);
}

/* A node that cannot be reached is not tried again. */
static void sweep_all(rf_replay *r, const struct strays *strays)
{
    rf_error ignored;
    for (const struct stray *stray = strays->first; stray; stray = stray->next) {
        bool beside = stray->parcel.form == FORM_BESIDE || stray->parcel.doubtful;
        struct node *node = nodes_of_key(r, command_key(buffer_slice(&stray->bytes)));
        if (node->gone ||
            !(stray->parcel.kind == PARCEL_CLEANUP || (stray->parcel.kind == PARCEL_KEY && beside)))
            continue;
        node->gone = sweep_stray(r, node, stray, &ignored) != RF_OK;
    }
}

void mend_sweep(rf_replay *r)
{
    for (size_t i = 0; i < r->node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            give_up(r, r->nodes[i], &r->nodes[i]->pipes[j]);
    sweep_all(r, &r->strays);
    sweep_all(r, &r->doubts);
}
