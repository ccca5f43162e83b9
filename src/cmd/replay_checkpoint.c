/* SPDX-License-Identifier: MIT */
/* A replay's checkpoint: where a run begins, what it may send before the next one is on disk, and how far it
 * has come. */
#include "failure.h"
#include "message.h"
#include "replay.h"
#include "text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As far ahead may be sent at least. */
#define RESERVED (UINT64_C(64) << 20)

/* --- what a run is ------------------------------------------------------------------------------------ */

static char *printable(const char *text)
{
    size_t length = strlen(text), room = 4 * length + 8;
    char *out = malloc(room);

    if (out)
        text_escape((rf_slice){(const uint8_t *)text, length}, out, room);
    return out;
}

/* All rules, one a line; NULL: memory is out. */
static char *rules_text(const rf_rewrite *rewrite)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    rf_rule_info rule;

    if (!out)
        return NULL;
    for (size_t i = 0; rewrite && rf_rewrite_rule(rewrite, i, &rule); i++)
        fprintf(out, "%s%s", i ? "\n" : "", rule.rule);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void shift_text(const struct key_options *keys, char out[32])
{
    out[0] = '\0';
    if (keys->shift == SHIFT_AUTO)
        snprintf(out, 32, "auto");
    else if (keys->shift == SHIFT_BY)
        snprintf(out, 32, "%" PRId64 "ms", keys->shift_ms);
}

static const char *choice_text(const struct option_choice *choices, int value)
{
    while (choices->name && choices->value != value)
        choices++;
    return choices->name;
}

static bool describe(struct replay *r)
{
    const struct replay_options *options = r->options;
    const struct key_options *keys = &options->common.keys;
    char shift[32], *rules = rules_text(keys->rewrite);
    const char *texts[CHECKPOINT_OPTIONS] = {
        [CHECKPOINT_TARGET] = options->target_name,
        [CHECKPOINT_KEYS] = keys->chosen ? keys->chosen : "",
        [CHECKPOINT_EXPIRED] = choice_text(expired_choices, keys->expired),
        [CHECKPOINT_RULES] = rules,
        [CHECKPOINT_SHIFT] = shift,
        [CHECKPOINT_ON_EXISTS] = choice_text(exists_choices, options->on_exists),
        [CHECKPOINT_ON_COLLISION] = choice_text(collision_choices, options->written.on_collision),
    };
    bool good = rules != NULL;

    shift_text(keys, shift);
    for (int i = 0; i < CHECKPOINT_OPTIONS && good; i++)
        good = (r->checkpoint.options[i] = printable(texts[i])) != NULL;
    free(rules);
    if (!good)
        message_error("out of memory");
    return good;
}

/* Pipes are known when they are opened. */
static rf_code identify(struct replay *r, rf_error *error)
{
    rf_code code = RF_OK;

    for (size_t i = 0; i < r->session.input_count && code == RF_OK; i++) {
        struct checkpoint_input *known = &r->checkpoint.inputs[i];
        struct input *input = &r->session.inputs[i];

        known->path = input_name(input);
        code = input_identify(input, &known->known, error);
        known->identity = input->identity;
        input->identified = !known->known;
    }
    return code;
}

/* --- where it begins ---------------------------------------------------------------------------------- */

static rf_code compare(const struct replay *r, rf_error *error)
{
    rf_code code = checkpoint_compare(&r->found, &r->checkpoint, error);

    for (size_t i = 0; i < r->checkpoint.input_count && code == RF_OK; i++)
        code = checkpoint_compare_input(&r->found, &r->checkpoint, i, error);
    if (code == RF_OK && r->found.commands && r->found.state == CHECKPOINT_RUNNING)
        code = failure(
            error, RF_E_ARGUMENT,
            "the run of the checkpoint '%.128s' has not ended cleanly within the commands of an AOF: "
            "which of them were done nobody can tell; replay it into an empty target",
            r->found.path);
    return code;
}

/* The lock goes over. */
static void take_over(struct replay *r)
{
    r->checkpoint.fd = r->found.fd;
    r->found.fd = -1;
}

static void go_on(struct replay *r)
{
    struct checkpoint *c = &r->checkpoint;
    const struct checkpoint *found = &r->found;

    take_over(r);
    memcpy(c->run, found->run, sizeof c->run);
    c->started = r->session.now =
        found->started; /* the same keys are to be chosen, as expired as they were */
    rf_filter_expired(r->options->common.keys.filter, (rf_expired)r->options->common.keys.expired,
                      r->session.now);
    c->commands = found->commands;
    c->failed = found->failed;
    c->skipped = found->skipped;
    c->position = r->start = found->position;
    c->written_until = r->inherited = found->written_until;
    message_detail("%s: on from offset 0x%" PRIx64 " of %s", c->path, r->start.offset,
                   r->start.input < c->input_count ? c->inputs[r->start.input].path : "no input");
}

/* There is nothing left to do. */
static enum status say_done(const struct replay *r)
{
    if (r->found.failed == 0) {
        message_warning("%s: the run is complete, nothing is left to do", r->found.path);
        return STATUS_DONE;
    }
    message_error("%s: the run is complete, and %" PRIu64 " could not be written", r->found.path,
                  r->found.failed);
    return STATUS_OUTPUT;
}

/* A run that is done may give way to another. */
static bool begin_over(struct replay *r)
{
    if (r->found.state != CHECKPOINT_DONE) {
        message_error("the checkpoint '%s' is there: go on from it with --resume, or remove it to begin anew",
                      r->found.path);
        return false;
    }
    take_over(r);
    checkpoint_free(&r->found);
    r->found = (struct checkpoint){.fd = -1};
    return true;
}

static bool begin_from_found(struct replay *r, enum status *status)
{
    rf_error error;

    if (!r->options->resume)
        return begin_over(r);
    if (compare(r, &error) != RF_OK) {
        message_error("%s", error.message);
        return false;
    }
    if (r->found.state == CHECKPOINT_DONE) {
        *status = say_done(r);
        return false;
    }
    go_on(r);
    return true;
}

static bool begin(struct replay *r, enum status *status)
{
    bool there;

    *status = STATUS_USAGE;
    if (!checkpoint_load(&r->found, r->options->checkpoint, &there))
        return false;
    if (there)
        return begin_from_found(r, status);
    if (r->options->resume)
        message_detail("%s: there is none yet, the run begins", r->options->checkpoint);
    return true;
}

bool replay_begin(struct replay *r, enum status *status)
{
    rf_error error;
    rf_code code;

    *status = STATUS_OUTPUT;
    if (!checkpoint_new(&r->checkpoint, r->options->checkpoint, r->session.input_count))
        return false;
    r->checkpoint.started = r->session.now;
    if (!r->options->checkpoint)
        return true;
    code = identify(r, &error);
    if (code == RF_OK)
        return describe(r) && begin(r, status);
    message_failure(&error);
    *status = status_of(code);
    return false;
}

rf_code replay_enter(struct replay *r, size_t input, rf_error *error)
{
    struct checkpoint_input *known = &r->checkpoint.inputs[input];

    r->entered = input + 1;
    if (!r->options->checkpoint || known->known)
        return RF_OK;
    known->known = true;
    known->identity = r->session.inputs[input].identity;
    return r->found.inputs ? checkpoint_compare_input(&r->found, &r->checkpoint, input, error) : RF_OK;
}

/* --- on its way --------------------------------------------------------------------------------------- */

static rf_place later(rf_place a, rf_place b)
{
    return rf_place_before(a, b) ? b : a;
}

/* What lies before it is settled. */
static rf_place position(const struct replay *r)
{
    rf_place settled;

    if (r->put == 0)
        return r->start;
    settled = rf_replay_settled(r->engine);
    if (r->finished)
        settled = (rf_place){r->last.input, r->last.offset + 1};
    return later(settled, r->start);
}

static rf_code save(struct replay *r, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    rf_code code = dead_letter_sync(&r->dead_letter, error);

    if (code != RF_OK)
        return code;
    c->position = position(r);
    c->failed += failures_settle(&r->failures, c->position);
    c->skipped = r->found.skipped + rf_replay_counts_get(r->engine).skipped;
    if (!c->path)
        return RF_OK;
    r->saved = true;
    return checkpoint_save(c, error);
}

/* With a new reservation, from `place` on. */
static rf_code save_ahead(struct replay *r, rf_place place, rf_error *error)
{
    uint64_t ahead = 2 * r->last_second > RESERVED ? 2 * r->last_second : RESERVED;

    place.offset += ahead;
    r->checkpoint.state = CHECKPOINT_RUNNING;
    r->checkpoint.written_until = later(r->checkpoint.written_until, place);
    return save(r, error);
}

rf_code replay_reserve(struct replay *r, rf_place place, bool command, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;

    if (!c->path || (r->saved && rf_place_before(place, c->written_until) && (!command || c->commands)))
        return RF_OK;
    c->commands |= command;
    return save_ahead(r, place, error);
}

rf_code replay_keep(struct replay *r, rf_error *error)
{
    if (!r->checkpoint.path)
        return dead_letter_sync(&r->dead_letter, error);
    if (r->put == 0)
        return RF_OK;
    r->last_second = r->last.input == r->looked_at.input ? r->last.offset - r->looked_at.offset : 0;
    r->looked_at = r->last;
    return save_ahead(r, r->last, error);
}

rf_code replay_end(struct replay *r, bool good, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;

    if (!r->engine || (r->put == 0 && !good)) /* it is as it was before */
        return RF_OK;
    if (r->finished) {
        c->state = good ? CHECKPOINT_DONE : CHECKPOINT_STOPPED;
        c->written_until = later(position(r), r->inherited);
    }
    return save(r, error);
}
