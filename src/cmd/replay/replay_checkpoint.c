/* SPDX-License-Identifier: MIT */
/* A replay's checkpoint: where a run begins, what may be sent before the next checkpoint is on disk, and the
 * progress. */
#include "base/escape.h"
#include "base/fail.h"
#include "cmd/replay/replay.h"
#include "cmd/run/files.h"
#include "cmd/term/message.h"
#include <inttypes.h>
#include <rdbferry/slot.h>
#include <rdbferry/snapshot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The minimum number of bytes that may be sent before the next checkpoint. */
#define RESERVED (UINT64_C(64) << 20)

/* --- the identity of a run ----------------------------------------------------------------------------- */

static char *printable(const char *text)
{
    size_t length = strlen(text), capacity = 4 * length + 8;
    char *out = malloc(capacity);
    if (out)
        escape_text((rf_slice){(const uint8_t *)text, length}, out, capacity);
    return out;
}

/* Returns all rules, one per line, or NULL if out of memory. */
static char *rules_text(const rf_rewrite *rewrite)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    rf_rule_info rule;
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

static rf_code describe(struct replay *r, rf_error *error)
{
    const struct replay_options *options = r->options;
    const struct key_options *keys = &options->common.keys;
    char shift[32], *rules = rules_text(keys->rewrite), *log = log_options_text(&options->common.log);
    const char *texts[CHECKPOINT_OPTIONS] = {
        [CHECKPOINT_TARGET] = options->target_name,
        [CHECKPOINT_KEYS] = keys->chosen ? keys->chosen : "",
        [CHECKPOINT_EXPIRED] = choice_text(expired_choices, keys->expired),
        [CHECKPOINT_RULES] = rules,
        [CHECKPOINT_SHIFT] = shift,
        [CHECKPOINT_ON_EXISTS] = choice_text(exists_choices, options->on_exists),
        [CHECKPOINT_DELETIONS] = options->since          ? "--since"
                                 : options->delete_extra ? "--delete-extra"
                                                         : "",
        [CHECKPOINT_ON_COLLISION] = choice_text(collision_choices, options->written.on_collision),
        [CHECKPOINT_LOG] = log,
    };
    bool good = rules && log;
    shift_text(keys, shift);
    for (int i = 0; i < CHECKPOINT_OPTIONS && good; i++)
        good = (r->checkpoint.options[i] = printable(texts[i])) != NULL;
    free(rules);
    free(log);
    if (good && options->dead_letter)
        good = (r->checkpoint.dead_letter = printable(options->dead_letter)) != NULL;
    return good ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

/* Pipes are identified when they are opened. */
static rf_code identify(struct replay *r, rf_error *error)
{
    for (size_t i = 0; i < r->checkpoint.input_count; i++) {
        struct checkpoint_input *known = &r->checkpoint.inputs[i];
        struct input *input = &r->session.inputs[i];
        known->path = input_name(input);
        if (r->options->follow) /* the id of the stream identifies it */
            continue;
        TRY(input_identify(input, &known->known, error));
        known->identity = input->identity;
        input->identified = !known->known;
    }
    return RF_OK;
}

/* --- the start ----------------------------------------------------------------------------------------- */

/* The order of what was written to slots that have moved is not known. */
static void check_streams(struct replay *r)
{
    if (r->found.state == CHECKPOINT_DONE || r->found.stream_count == 0 ||
        checkpoint_has_same_streams(&r->found, &r->checkpoint))
        return;
    message_warning("slots have moved between the nodes of the source");
    checkpoint_forget_streams(&r->found);
}

static rf_code compare(struct replay *r, rf_error *error)
{
    TRY(checkpoint_compare(&r->found, &r->checkpoint, error));
    if (r->found.state == CHECKPOINT_SWITCHING)
        return fail(
            error, RF_E_ARGUMENT,
            "the run of the checkpoint '%.128s' was ended while it switched the clients: if they use the "
            "target, it is complete; if not, empty it, remove the checkpoint, and start again",
            r->found.path);
    if (r->found.state == CHECKPOINT_LOST)
        return fail(error, RF_E_TARGET,
                    "the target has lost writes that it had acknowledged to the run of the checkpoint "
                    "'%.128s': empty it, remove the checkpoint, and start again",
                    r->found.path);
    if (r->options->follow)
        check_streams(r);
    if (following_restarts(r)) /* there may be other nodes */
        return RF_OK;
    TRY(checkpoint_compare_inputs(&r->found, &r->checkpoint, error));
    if (r->found.commands == COMMANDS_PLAIN && r->found.state == CHECKPOINT_RUNNING)
        return fail(
            error, RF_E_ARGUMENT,
            "the run of the checkpoint '%.128s' used --no-transactions and did not end cleanly: AOF commands "
            "in flight may or may not have been executed; replay it into an empty target",
            r->found.path);
    if (r->found.commands != COMMANDS_NONE &&
        (r->found.commands == COMMANDS_PLAIN) != r->options->no_transactions)
        return fail(error, RF_E_ARGUMENT,
                    "the checkpoint '%.128s' belongs to a different run: --no-transactions was %sgiven",
                    r->found.path, r->options->no_transactions ? "not " : "");
    return RF_OK;
}

static void print_position(const struct replay *r)
{
    const struct checkpoint *c = &r->checkpoint;
    if (replay_is_done(r) && c->commands == COMMANDS_ONCE)
        message_summary("%s: already complete, except for the removal of its position keys", c->path);
    else if (replay_is_done(r))
        message_summary("%s: already complete, nothing to do%s", c->path,
                        r->options->verify ? " except verification" : "");
    else
        message_detail("%s: resuming at offset 0x%" PRIx64 " of %s", c->path, r->position.start.offset,
                       r->position.start.input < c->input_count ? c->inputs[r->position.start.input].path
                                                                : "(end of the inputs)");
}

/* Everything is written again, and what has failed may not fail again. */
static void forget_snapshot(struct checkpoint *found)
{
    found->failed = found->skipped = found->dead_letter_bytes = 0;
    found->position = found->written_until = (rf_position){0};
}

static void go_on(struct replay *r)
{
    struct checkpoint *c = &r->checkpoint;
    const struct checkpoint *found = &r->found;
    if (following_restarts(r))
        forget_snapshot(&r->found);
    c->state = found->state;
    memcpy(c->run, found->run, sizeof c->run);
    c->started = r->session.now = found->started; /* the same keys must be selected and expired as before */
    rf_filter_expired(r->options->common.keys.filter, (rf_expired)r->options->common.keys.expired,
                      r->session.now);
    c->commands = found->commands;
    c->shifted = found->shifted;
    c->import_id = found->import_id;
    for (size_t i = 0; i < found->stream_count; i++) {
        memcpy(c->streams[i].id, found->streams[i].id, sizeof c->streams[i].id);
        c->streams[i].offset = found->streams[i].offset;
        c->streams[i].db = found->streams[i].db;
        memcpy(c->streams[i].marks, found->streams[i].marks, sizeof c->streams[i].marks);
    }
    c->failed = found->failed;
    c->skipped = found->skipped;
    c->dead_letter_bytes = found->dead_letter_bytes;
    c->position = r->position.start = found->position;
    c->written_until = r->position.inherited = found->written_until;
    print_position(r);
}

/* The checkpoint of a complete run may be replaced, unless only it knows which position keys are left. */
static rf_code begin_over(struct replay *r, rf_error *error)
{
    if (r->found.state != CHECKPOINT_DONE || r->found.commands == COMMANDS_ONCE)
        return fail(error, RF_E_ARGUMENT,
                    "the checkpoint '%.128s' already exists; use --resume to continue its run, or delete it",
                    r->found.path);
    checkpoint_free(&r->found);
    r->found = (struct checkpoint){.lock = -1};
    return RF_OK;
}

static rf_code begin(struct replay *r, rf_error *error)
{
    bool there;
    TRY(checkpoint_load(&r->found, r->options->checkpoint, &there, error));
    if (there && !r->options->resume && !r->attempts->saved)
        return begin_over(r, error);
    if (there) {
        TRY(compare(r, error));
        go_on(r);
    } else if (r->options->resume) {
        message_detail("%s: no checkpoint yet, starting", r->options->checkpoint);
    }
    return RF_OK;
}

static rf_code open_dead_letter(struct replay *r, rf_error *error)
{
    const char *before = r->found.dead_letter, *now = r->checkpoint.dead_letter;
    const bool is_own = r->attempts->failed > 0;
    bool same = is_own || (before && now && strcmp(before, now) == 0);
    return dead_letter_open(&r->dead_letter, r->options->dead_letter, r->options->resume || is_own,
                            same ? &r->found.dead_letter_bytes : NULL, error);
}

/* "0-99,200-299"; NULL: out of memory. */
static char *slots_text(const rf_files *files, size_t number)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *comma = "";
    for (unsigned slot = 0, end; out && slot < RF_SLOTS; slot = end + 1) {
        for (end = slot; end < RF_SLOTS && rf_files_has_slot(files, number, end);)
            end++;
        if (end > slot)
            fprintf(out, "%s%u-%u", comma, slot, end - 1);
        comma = end > slot ? "," : comma;
    }
    if (out && fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static rf_code add_streams(struct replay *r, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    c->streams = calloc(r->following.count, sizeof *c->streams);
    for (; c->streams && c->stream_count < r->following.count; c->stream_count++) {
        char *slots = slots_text(&r->options->common.inputs, c->stream_count);
        if (!slots)
            break;
        c->streams[c->stream_count].slots = slots;
    }
    return c->stream_count == r->following.count ? RF_OK : fail(error, RF_E_MEMORY, "out of memory");
}

rf_code replay_lock(struct replay *r, rf_error *error)
{
    TRY(checkpoint_new(&r->checkpoint, r->options->checkpoint, r->session.input_count, error));
    if (r->options->follow)
        TRY(add_streams(r, error));
    r->checkpoint.started = r->session.now;
    if (!r->options->checkpoint)
        return RF_OK;
    TRY(checkpoint_lock(&r->checkpoint, error));
    remove_leftovers(r->options->checkpoint, NULL);
    return RF_OK;
}

rf_code replay_begin(struct replay *r, rf_error *error)
{
    if (r->options->checkpoint) {
        TRY(identify(r, error));
        TRY(describe(r, error));
        TRY(begin(r, error));
    }
    return replay_is_done(r) ? RF_OK : open_dead_letter(r, error);
}

rf_code replay_enter(struct replay *r, size_t input, rf_error *error)
{
    struct checkpoint_input *known = &r->checkpoint.inputs[input];
    r->position.entered = input + 1;
    if (!r->options->checkpoint || known->known || r->options->follow)
        return RF_OK;
    known->known = true;
    known->identity = r->session.inputs[input].identity;
    r->state.saved = false;
    return r->found.inputs ? checkpoint_compare_input(&r->found, &r->checkpoint, input, error) : RF_OK;
}

/* --- progress ------------------------------------------------------------------------------------------ */

static rf_position later(rf_position a, rf_position b)
{
    return rf_position_before(a, b) ? b : a;
}

/* Everything before it is done. */
static rf_position current_position(const struct replay *r)
{
    if (r->following.in_stream)
        return (rf_position){r->following.sources->number, followed_point(r->following.sources)->offset};
    return r->counts.put == 0 ? r->position.start : later(rf_replay_acked(r->engine), r->position.start);
}

static void save_streams(struct replay *r)
{
    for (size_t i = 0; i < r->following.count; i++) {
        const struct followed *source = &r->following.sources[i];
        struct checkpoint_stream *stream = &r->checkpoint.streams[i];
        rf_follow_id(source->follow, stream->id);
        stream->offset = followed_point(source)->offset;
        stream->db = followed_point(source)->db;
        memcpy(stream->marks, source->marks, sizeof stream->marks);
    }
}

/* Whether a resumed run does not come to a position again. Deletions that fail are after all inputs; they are
 * tried again. */
static bool is_saved(const void *ctx, rf_position position)
{
    const struct replay *r = ctx;
    const struct checkpoint *c = &r->checkpoint;
    const size_t stream = position.input - following_first_stream(&r->following);
    if (c->state == CHECKPOINT_DONE)
        return true;
    if (r->following.in_stream && position.input >= following_first_stream(&r->following) &&
        stream < r->following.count)
        return position.offset < followed_point(&r->following.sources[stream])->offset;
    return rf_position_before(position, c->position);
}

static rf_code save(struct replay *r, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    TRY(dead_letter_sync(&r->dead_letter, error));
    c->position = current_position(r);
    if (c->import_id != 0 && rf_replay_import_id(r->engine) != 0)
        c->import_id = rf_replay_import_id(r->engine);
    if (r->following.in_stream) {
        save_streams(r);
        c->written_until = later(c->written_until, c->position);
    }
    c->failed += failures_forget(&r->failures, is_saved, r);
    c->skipped = r->found.skipped + rf_replay_counts_get(r->engine).skipped;
    c->dead_letter_bytes = r->dead_letter.bytes;
    if (!c->path)
        return RF_OK;
    r->state.saved = r->attempts->saved = true;
    const struct checkpoint without_streams = checkpoint_without_streams(c);
    const bool goes_on = c->state < CHECKPOINT_SWITCHING;
    return checkpoint_save(goes_on && following_needs_snapshot(r) ? &without_streams : c, error);
}

/* The position `bytes` after `position`; if that is beyond the end of its file, in the files that follow. The
 * decoded data of compressed files is longer, so that more is reserved than `bytes`. */
static rf_position position_ahead(const struct replay *r, rf_position position, uint64_t bytes)
{
    const struct checkpoint *c = &r->checkpoint;
    while (position.input + 1 < c->input_count && c->inputs[position.input].identity.size >= 0) {
        uint64_t size = (uint64_t)c->inputs[position.input].identity.size;
        uint64_t left = size > position.offset ? size - position.offset : 0;
        if (!c->inputs[position.input].known || left > bytes)
            break;
        bytes -= left;
        position = (rf_position){position.input + 1, 0};
    }
    position.offset += bytes;
    return position;
}

/* Saves the checkpoint with a new reservation that begins at `position`. */
static rf_code save_ahead(struct replay *r, rf_position position, rf_error *error)
{
    uint64_t ahead = 2 * r->ticks.second_bytes > RESERVED ? 2 * r->ticks.second_bytes : RESERVED;
    r->checkpoint.state = r->following.cutover.switching ? CHECKPOINT_SWITCHING : CHECKPOINT_RUNNING;
    r->checkpoint.written_until = later(r->checkpoint.written_until, position_ahead(r, position, ahead));
    return save(r, error);
}

rf_code replay_begin_snapshot(struct replay *r, rf_error *error)
{
    return save_ahead(r, (rf_position){0}, error);
}

rf_code replay_reserve(struct replay *r, rf_position position, bool command, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    bool after_keys = command && !r->state.in_commands;
    r->state.in_commands = command;
    if (after_keys)
        c->commands = r->options->no_transactions ? COMMANDS_PLAIN : COMMANDS_ONCE;
    if (!c->path || (r->state.saved && rf_position_before(position, c->written_until) && !after_keys))
        return RF_OK;
    if (after_keys) /* a resumed run must not write a key again that commands have changed */
        TRY(rf_replay_finish(r->engine, error));
    return save_ahead(r, position, error);
}

rf_code replay_keep(struct replay *r, rf_error *error)
{
    if (!r->checkpoint.path)
        return dead_letter_sync(&r->dead_letter, error);
    if (r->counts.put == 0 && !r->following.in_stream)
        return RF_OK;
    r->ticks.second_bytes = r->position.last.input == r->ticks.second_start.input
                                ? r->position.last.offset - r->ticks.second_start.offset
                                : 0;
    r->ticks.second_start = r->position.last;
    return save_ahead(r, r->position.last, error);
}

rf_code replay_end(struct replay *r, bool good, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    if (!r->engine || (r->counts.put == 0 && !good)) /* the checkpoint has not changed */
        return RF_OK;
    if (c->state == CHECKPOINT_SWITCHING && !r->following.cutover.switching)
        c->state = CHECKPOINT_RUNNING;
    if (r->state.finished) {
        c->state = good                             ? CHECKPOINT_DONE
                   : r->following.cutover.switching ? CHECKPOINT_SWITCHING
                                                    : CHECKPOINT_STOPPED;
        if (good && c->commands == COMMANDS_NONE && rf_replay_is_marked(r->engine))
            c->commands = COMMANDS_ONCE; /* none was written, but there are position keys */
        c->written_until = later(current_position(r), r->position.inherited);
    }
    if (rf_replay_has_lost_writes(r->engine))
        c->state = CHECKPOINT_LOST;
    return save(r, error);
}

rf_code replay_remove_positions(struct replay *r, rf_error *error)
{
    struct checkpoint *c = &r->checkpoint;
    TRY(rf_replay_remove_positions(r->engine, error));
    c->commands = COMMANDS_NONE;
    return c->path ? checkpoint_save(c, error) : RF_OK;
}
