/* SPDX-License-Identifier: MIT */
/* Mending: what has left its pipe is sent again, where it belongs by now. */
#include "base/bytes.h"
#include "base/clock.h"
#include "base/fail.h"
#include "replay/beside.h"
#include "replay/commands.h"
#include "replay/replay.h"
#include "resp/resp_write.h"
#include <stdlib.h>

enum {
    FIRST_PAUSE_MS = 20,
    LAST_PAUSE_MS = 1000,
    PATIENCE_MS = 60 * 1000,
};

/* --- strays -------------------------------------------------------------------------------------------- */

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
        fail(&r->error, RF_E_MEMORY, "out of memory for what has to be sent again");
    return NULL;
}

struct stray *mend_stray(rf_replay *r, struct pipe *pipe, uint64_t number, struct strays *into)
{
    struct parcel *parcel = pipe_parcel(pipe, number);
    struct stray *stray = calloc(1, sizeof *stray);
    if (!stray || !pipe_copy(pipe, number, &stray->bytes))
        return out_of_memory(r, stray);
    stray->parcel = *parcel;
    if (stray->parcel.since_ms == 0)
        stray->parcel.since_ms = clock_monotonic_ms();
    parcel->said = NULL;
    parcel->settled = true;
    strays_append(into, stray);
    if (parcel->verdict == VERDICT_MOVED || parcel->verdict == VERDICT_ASK)
        r->pause |= ++stray->parcel.redirects > 1;
    else if (into == &r->strays)
        r->stale = r->pause = true;
    r->counts.resent += parcel->kind == PARCEL_KEY && into == &r->strays;
    return stray;
}

void mend_clean_up(rf_replay *r, const struct parcel *of, rf_slice key)
{
    struct stray *stray = calloc(1, sizeof *stray);
    if (!stray || !beside_name(key, &r->name) ||
        !buffer_reserve(&stray->bytes, RESP_HEADER_MAX + 2 * BULK_EXTRA + REMOVING_MAX + r->name.len)) {
        out_of_memory(r, stray);
        return;
    }
    uint8_t *end = resp_print_header(stray->bytes.data, '*', 2);
    end = resp_print_bulk(resp_print_bulk(end, write_removing(r)), buffer_slice(&r->name));
    stray->bytes.len = (size_t)(end - stray->bytes.data);
    stray->parcel = (struct parcel){.kind = PARCEL_CLEANUP,
                                    .seq = of->seq,
                                    .place = of->place,
                                    .db = of->db,
                                    .since_ms = clock_monotonic_ms()};
    strays_append(&r->strays, stray);
}

/* --- waiting ------------------------------------------------------------------------------------------- */

/* What a server says to whoever connects, and will say again. */
static const char *const hopeless[] = {": NOAUTH ", ": WRONGPASS ", ": NOPERM ", ": DENIED ",
                                       ": ERR invalid password"};

rf_code mend_patience(rf_replay *r, int64_t since_ms, const char *why, rf_error *error)
{
    int64_t patience = r->options.retry_for_ms > 0 ? r->options.retry_for_ms : PATIENCE_MS;
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++)
        if (strstr(why, hopeless[i]))
            return fail(error, RF_E_TARGET, "%s", why);
    if (clock_monotonic_ms() - since_ms <= patience)
        return RF_OK;
    r->gone = true;
    return fail(error, RF_E_TARGET, "%s; no better for %g s", why, (double)patience / 1000);
}

int64_t mend_pause_ms(rf_replay *r)
{
    int64_t doubled = 2 * r->pause_ms;
    return r->pause_ms = doubled < FIRST_PAUSE_MS  ? FIRST_PAUSE_MS
                         : doubled < LAST_PAUSE_MS ? doubled
                                                   : LAST_PAUSE_MS;
}

static rf_code check_patience(rf_replay *r, const struct stray *stray, const rf_error *why, rf_error *error)
{
    const char *text = why                  ? why->message
                       : stray->parcel.said ? stray->parcel.said
                                            : "the connection is lost";
    rf_code code = mend_patience(r, stray->parcel.since_ms, text, error);
    if (code != RF_OK)
        error_key(error, stray->parcel.db, command_key(buffer_slice(&stray->bytes)));
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

/* What is left of an earlier attempt goes first. */
static bool emit_removal(rf_replay *r, struct emission *e, rf_slice key)
{
    if (!beside_name(key, &r->name))
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
        begin(e);
        if (stray->parcel.ours && slice_equal(command.argv[0], SLICE("RENAMENX")))
            command_put(e->out, (const rf_slice[]){SLICE("RENAME"), command.argv[1], command.argv[2]}, 3);
        else
            outbuf_put(e->out, command.whole.ptr, command.whole.len);
    }
}

/* The stray's members but those of its answers go over into the new parcel. */
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
    parcel->restored &= stray->parcel.kind == PARCEL_KEY;
    if (stray->parcel.form == FORM_BESIDE && stray->parcel.kind == PARCEL_KEY &&
        !emit_removal(r, &e, command_key(buffer_slice(&stray->bytes))))
        pipe->out.code = RF_E_MEMORY;
    emit_commands(&e, stray);
    return pipe_end(pipe, e.replies, error);
}

/* Once a key has been looked for at the node that was named, it is looked for at the slot's again. */
static rf_code send_stray(rf_replay *r, struct stray *stray, rf_error *error)
{
    struct pipe *pipe;
    rf_slice key = command_key(buffer_slice(&stray->bytes));
    struct node *node = stray->parcel.asking ? stray->parcel.asking : nodes_of_key(r, key);
    TRY(room_at(r, node, stray->parcel.db, &pipe, error));
    return send_again(r, pipe, stray, error);
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

/* Those that come back meanwhile wait for the next round. */
static rf_code send_strays(rf_replay *r, rf_error *error)
{
    struct strays round = r->strays;
    rf_code code = RF_OK;
    r->strays = (struct strays){0};
    for (struct stray *stray; code == RF_OK && (stray = strays_take(&round));) {
        bool left;
        code = try_stray(r, stray, &left, error);
        if (left)
            strays_append(&r->strays, stray);
        else
            stray_free(stray);
    }
    for (struct stray *stray; (stray = strays_take(&round));)
        strays_append(&r->strays, stray);
    return code;
}

/* A refresh that fails is tried again with the next round. */
static rf_code refresh(rf_replay *r, rf_error *error)
{
    rf_error why;
    const struct stray *first = r->strays.first ? r->strays.first : r->doubts.first;
    rf_code code = nodes_refresh(r, &why);
    if (code == RF_E_TARGET) {
        r->pause = true;
        return check_patience(r, first, &why, error);
    }
    if (code != RF_OK)
        *error = why;
    return code;
}

rf_code mend(rf_replay *r, rf_error *error)
{
    while (r->strays.first || r->doubts.first) {
        if (r->pause)
            TRY(loop_pause(r, mend_pause_ms(r), error));
        r->pause = false;
        if (r->stale)
            TRY(refresh(r, error));
        if (!r->stale)
            TRY(send_strays(r, error));
        TRY(doubt_settle(r, error));
    }
    return RF_OK;
}

/* --- the end after an error ---------------------------------------------------------------------------- */

static void give_up(rf_replay *r, struct node *node, struct pipe *pipe)
{
    for (uint64_t i = pipe->head; i < pipe->tail; i++)
        if (!pipe_parcel(pipe, i)->settled)
            mend_stray(r, pipe, i, &r->strays);
    node->fence |= pipe->connection != NULL;
    pipe_disconnect(pipe);
}

/* Asks for the removal of one temporary name; false where the node cannot be asked. */
static bool sweep_stray(rf_replay *r, const struct stray *stray)
{
    struct reply head;
    rf_slice rest, name = command_key(buffer_slice(&stray->bytes));
    rf_error ignored;
    struct node *node = nodes_of_key(r, name);
    if (stray->parcel.kind == PARCEL_KEY && stray->parcel.form == FORM_BESIDE && beside_name(name, &r->name))
        name = buffer_slice(&r->name);
    else if (stray->parcel.kind != PARCEL_CLEANUP)
        return true;
    return doubt_select(node, stray->parcel.db, &ignored) == RF_OK &&
           client_put(node->asker, (const rf_slice[]){write_removing(r), name}, 2, &ignored) == RF_OK &&
           client_reply(node->asker, &head, &rest, &ignored) == RF_OK;
}

void mend_sweep(rf_replay *r)
{
    bool there = !r->gone;
    for (size_t i = 0; i < r->node_count; i++)
        for (unsigned j = 0; j < r->options.connections; j++)
            give_up(r, r->nodes[i], &r->nodes[i]->pipes[j]);
    for (struct stray *stray = r->strays.first; stray && there; stray = stray->next)
        there = sweep_stray(r, stray);
}
