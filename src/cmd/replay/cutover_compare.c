/* SPDX-License-Identifier: MIT */
#include "cmd/replay/cutover_compare.h"
#include "base/bytes.h"
#include "base/fail.h"
#include "base/memory_limit.h"
#include "cmd/replay/replay.h"
#include "cmd/run/key_set.h"
#include "cmd/term/message.h"
#include <rdbferry/live.h>
#include <rdbferry/snapshot.h>

enum {
    FEW = 2000,            /* changed keys, which are soon compared; */
    ROUNDS_MAX = 10,       /* with more there is another round before the pause */
    DOUBTFUL_MAX = 100000, /* keys that are remembered */
    MEMORY_SHARES = 4,     /* the names and the tables of two sets of keys */
};

static struct cutover_compare *compare_of(struct replay *r)
{
    return &r->following.cutover.compare;
}

/* --- what the stream changes ---------------------------------------------------------------------------- */

static void note_key(void *ctx, const rf_entry *key, int64_t source_db, rf_slice source)
{
    struct cutover_compare *c = compare_of(ctx);
    if (c->rounds > 0 && !c->off)
        changed_keys_add(&c->changed, &(struct changed_key){key->db, source_db, key->key, source});
}

/* The names that its keys have on the target are only known without rules. */
static void note_left_out(void *ctx, const rf_entry *command)
{
    const struct replay *r = ctx;
    struct cutover_compare *c = compare_of(ctx);
    if (c->rounds == 0 || c->off)
        return;
    changed_keys_add_command(&c->changed, command, r->session.unfiltered);
    c->changed.all |= !r->session.unfiltered;
}

void cutover_compare_begin(struct replay *r)
{
    struct cutover_compare *c = compare_of(r);
    const uint64_t memory = r->options->written.memory;
    c->off = r->options->cutover_unverified;
    c->changed.memory = c->checked.memory = (memory ? memory : memory_default().memory) / MEMORY_SHARES;
    if (r->options->cutover_ms > 0)
        r->session.noted_keys = (struct noted_keys){note_key, note_left_out, r};
}

void cutover_compare_note(struct replay *r, const rf_entry *command, bool named)
{
    struct cutover_compare *c = compare_of(r);
    if (c->rounds > 0 && !c->off)
        changed_keys_add_command(&c->changed, command, !named);
}

void cutover_compare_give_up(struct cutover_compare *c, const char *why)
{
    if (!c->off)
        message_note("cut-over: all keys are compared during the pause: %s", why);
    c->off = true;
}

/* --- differences ---------------------------------------------------------------------------------------- */

static rf_code add_doubtful(struct replay *r, rf_digest digest, rf_error *error)
{
    struct cutover_compare *c = compare_of(r);
    if (c->doubtful.len / sizeof digest >= DOUBTFUL_MAX)
        cutover_compare_give_up(c, "keys differ");
    return c->off || buffer_append(&c->doubtful, slice_of(&digest, sizeof digest))
               ? RF_OK
               : fail(error, RF_E_MEMORY, "out of memory");
}

/* An rf_difference_fn. */
static rf_code on_difference(void *ctx, const rf_difference *difference, rf_error *error)
{
    const rf_key_record *record = difference->before ? difference->before : difference->after;
    return add_doubtful(ctx, key_digest(record->db, record->key), error);
}

/* Those that have changed are compared again. */
static void forget_changed(struct cutover_compare *c)
{
    rf_digest *doubtful = (rf_digest *)(void *)c->doubtful.data;
    size_t count = c->doubtful.len / sizeof *doubtful, kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!changed_keys_has(&c->checked, doubtful[i]))
            doubtful[kept++] = doubtful[i];
    c->doubtful.len = kept * sizeof *doubtful;
}

/* --- keys by name --------------------------------------------------------------------------------------- */

/* The source is asked for records that no key has: the difference is what it has. */
struct by_name {
    struct replay *replay;
    rf_live *source, *target;
    bool shifted;
};

static rf_key_record impossible(int64_t db, rf_slice key)
{
    return (rf_key_record){.db = db,
                           .key = key,
                           .type = RF_TYPE_COUNT,
                           .expire_ms = RF_NO_EXPIRY,
                           .fields_until = session_fields_until()};
}

/* The key is compared with what the source has; `offset` is its position in the names. */
static rf_code on_source(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct by_name *names = ctx;
    const rf_key_record *before = difference->before;
    size_t position = before->offset;
    struct changed_key key;
    changed_keys_next(&compare_of(names->replay)->checked, &position, &key);
    rf_key_record record = impossible(key.db, key.key);
    if (difference->kind == RF_CHANGED) {
        record = *difference->after;
        record.db = key.db;
        record.key = key.key;
        record.fields_until = before->fields_until;
        if (names->shifted)
            record.expire_ms = rf_expiry_shifted(record.expire_ms);
    }
    return rf_live_check(names->target, &record, error);
}

/* A key that neither has is no difference. */
static rf_code on_target(void *ctx, const rf_difference *difference, rf_error *error)
{
    struct by_name *names = ctx;
    if (difference->kind == RF_REMOVED && difference->before->type == RF_TYPE_COUNT)
        return RF_OK;
    return on_difference(names->replay, difference, error);
}

static rf_code check_names(struct by_name *names, rf_error *error)
{
    struct replay *r = names->replay;
    const struct changed_keys *checked = &compare_of(r)->checked;
    struct changed_key key;
    rf_live_counts counts;
    for (size_t position = 0, start = 0; changed_keys_next(checked, &position, &key); start = position) {
        rf_key_record record = impossible(key.source_db, key.source_key);
        record.offset = start;
        TRY(replay_tick(r, error));
        TRY(rf_live_check(names->source, &record, error));
    }
    TRY(rf_live_finish(names->source, &counts, error));
    return rf_live_finish(names->target, &counts, error);
}

static rf_code open_source(struct by_name *names, rf_error *error)
{
    static const rf_server tells_expiries = {RF_REDIS, 7, 0};
    const rf_files *files = &names->replay->options->common.inputs;
    const rf_live_options options = {.fn = on_source, .ctx = names};
    TRY(rf_live_open(rf_files_source(files, 0), &options, &names->source, error));
    const rf_server server = rf_live_info_get(names->source)->server;
    return rf_server_at_least(server, tells_expiries)
               ? RF_OK
               : fail(error, RF_E_INCOMPATIBLE, "the source does not tell expiries exactly before 7.0");
}

static rf_code compare_changed(struct replay *r, bool shifted, rf_error *error)
{
    struct by_name names = {.replay = r, .shifted = shifted};
    const rf_live_options options = {.fn = on_target, .ctx = &names};
    forget_changed(compare_of(r));
    rf_code code = open_source(&names, error);
    if (code == RF_OK)
        code = rf_live_open(&r->target, &options, &names.target, error);
    if (code == RF_OK)
        code = check_names(&names, error);
    rf_live_close(names.source);
    rf_live_close(names.target);
    return code;
}

/* --- before the pause ----------------------------------------------------------------------------------- */

/* As the snapshot has been read, another one can be. */
static void release_snapshots(struct replay *r)
{
    for (size_t i = 0; i < r->following.count; i++)
        rf_files_release(&r->options->common.inputs, i);
}

static rf_code compare_all(struct replay *r, rf_error *error)
{
    replay_verify_free(&r->verification);
    rf_code code = replay_verify_inputs(r, 0, r->following.count, on_difference, error);
    progress_phase(&r->session.progress, NULL, 0);
    release_snapshots(r);
    compare_of(r)->keys_before = r->verification.counts.checked;
    r->verification.complete = false; /* until the pause it says nothing */
    return code;
}

/* What is needed later is tried now. */
static rf_code try_source(struct replay *r, rf_error *error)
{
    struct cutover_compare *c = compare_of(r);
    const struct changed_key any = {.key = SLICE("rdbferry"), .source_key = SLICE("rdbferry")};
    changed_keys_clear(&c->checked);
    changed_keys_add(&c->checked, &any);
    TRY(compare_changed(r, false, error));
    c->doubtful.len = 0;
    return RF_OK;
}

static rf_code compare_round(struct replay *r, rf_error *error)
{
    struct cutover_compare *c = compare_of(r);
    const struct changed_keys checked = c->checked;
    if (c->rounds == 0)
        TRY(try_source(r, error));
    if (c->rounds++ == 0)
        return compare_all(r, error);
    c->checked = c->changed;
    c->changed = checked;
    changed_keys_clear(&c->changed);
    return compare_changed(r, r->checkpoint.shifted, error);
}

bool cutover_compare_helps(const struct replay *r)
{
    const struct cutover_compare *c = &r->following.cutover.compare;
    if (c->off || c->changed.all || c->rounds >= ROUNDS_MAX)
        return false;
    return c->rounds == 0 || changed_keys_count(&c->changed) > FEW;
}

rf_code cutover_compare_ahead(struct replay *r, rf_error *error)
{
    struct cutover_compare *c = compare_of(r);
    rf_error why;
    TRY(rf_replay_finish(r->engine, error));
    if (c->rounds == 0)
        message_note("cut-over: comparing, before the writes are paused");
    rf_code code = compare_round(r, &why);
    if (r->state.stopped) {
        *error = why;
        return code;
    }
    if (code != RF_OK)
        cutover_compare_give_up(c, why.message);
    return RF_OK;
}

/* --- during the pause ----------------------------------------------------------------------------------- */

static bool is_known(const struct cutover_compare *c)
{
    return c->rounds > 0 && !c->off && !c->changed.all;
}

rf_code cutover_compare_rest(struct replay *r, bool *equal, rf_error *error)
{
    struct cutover_compare *c = compare_of(r);
    const struct changed_keys checked = c->checked;
    rf_error why;
    *equal = false;
    if (!is_known(c)) {
        if (c->changed.all)
            cutover_compare_give_up(c, "it is not known which keys were written to");
        return RF_OK;
    }
    c->checked = c->changed;
    c->changed = checked;
    c->keys_during = changed_keys_count(&c->checked);
    rf_code code = compare_changed(r, r->checkpoint.shifted, &why);
    if (r->state.stopped) {
        *error = why;
        return code;
    }
    *equal = code == RF_OK && !c->off && c->doubtful.len == 0;
    if (*equal)
        replay_verify_settle(&r->verification);
    else
        cutover_compare_give_up(c, code != RF_OK ? why.message : "keys differ");
    return RF_OK;
}

rf_code cutover_compare_fully(struct replay *r, bool *equal, rf_error *error)
{
    replay_verify_free(&r->verification);
    rf_code code = replay_verify_inputs(r, 0, r->following.count, NULL, error);
    progress_phase(&r->session.progress, NULL, 0);
    compare_of(r)->keys_before = 0;
    compare_of(r)->keys_during = r->verification.counts.checked;
    const struct replay_verification *v = &r->verification;
    /* in a target that was empty, every key is one of the source */
    bool has_extra = r->options->on_exists == RF_ON_EXISTS_FAIL &&
                     extra_keys_deletable(&v->extra) > v->left_extra;
    *equal = code == RF_OK && replay_verify_unaccounted(v) == 0 && !has_extra;
    return code;
}

void cutover_compare_free(struct cutover_compare *c)
{
    changed_keys_free(&c->changed);
    changed_keys_free(&c->checked);
    buffer_free(&c->doubtful);
}
