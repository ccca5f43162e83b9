/* SPDX-License-Identifier: MIT */
/* The uses of a value: skip, walk, copy as stored; and holding one for more than one use. All of them run the
 * walk function of the value's type. */
#include "rdb/value.h"

#include "rdb/rdb_format.h"
#include "rdb/rdb_read.h"
#include "rdb/value_module.h"

COLD static rf_code concern(struct rf_value *value, rf_code code, rf_error *error)
{
    error_key(error, value->db, value->key);
    error_input(error, value->input);
    return code;
}

/* An error in the middle of a value is permanent: the reader's position is undefined. */
COLD static rf_code conclude(struct rf_value *value, rf_code code, rf_error *error)
{
    concern(value, code, error);
    *value->sticky = *error;
    return code;
}

/* Reads the first length of the value, which is the module's ID, and goes back. */
static rf_code peek_module_id(struct rf_value *value, uint64_t *id)
{
    struct window *w = value->stream;
    uint64_t before = window_offset(w);
    TRY(rdb_length(w, id));
    w->pos -= window_offset(w) - before;
    value->record = NULL; /* the window may have moved on */
    return RF_OK;
}

rf_code rf_value_module(rf_value *value, char name[10], rf_error *error)
{
    uint64_t id;
    if (value->used || value->type->encoding.type != RF_MODULE)
        return fail(error, RF_E_ARGUMENT, "not a module value, or already consumed");
    value->stream->error = error;
    rf_code code = peek_module_id(value, &id);
    if (code != RF_OK)
        return conclude(value, code, error);
    module_name(id, name);
    return RF_OK;
}

/* Runs `use` over the bytes of a held value. */
COLD static rf_code use_held(const struct walk *k, value_use_fn *use, void *arg)
{
    struct window memory;
    struct walk held = *k;
    window_open_memory(&memory, k->value->bytes);
    memory.segment_offset = k->value->offset;
    memory.error = k->w->error;
    held.w = &memory;
    rf_code code = use(&held, arg);
    window_close(&memory);
    return code;
}

/* Runs `use` over the value's bytes, wherever they are. */
static inline rf_code value_use(struct rf_value *value, value_use_fn *use, const rf_visitor *visitor,
                                void *ctx, void *arg, rf_error *error)
{
    if (UNLIKELY(value->used && !value->held))
        return fail(error, RF_E_ARGUMENT, "value already consumed: hold it to use it again");
    value->used = true;
    struct walk k = {.w = value->stream, .visitor = visitor, .ctx = ctx, .value = value};
    k.w->error = error;
    rf_code code = UNLIKELY(value->held) ? use_held(&k, use, arg) : use(&k, arg);
    if (LIKELY(code == RF_OK))
        return RF_OK;
    return value->held && value->resume ? concern(value, code, error) : conclude(value, code, error);
}

/* The most frequent value, a plain string, is taken at once. It has nothing that could be damaged. */
static inline bool take_string(struct rf_value *value, rf_slice *string)
{
    if (value->used || value->type->encoding.number != RDB_STRING || !rdb_plain_string(value->stream, string))
        return false;
    value->used = true;
    return true;
}

/* What has become of a string that was taken. */
static inline rf_code taken(struct rf_value *value, rf_code code, rf_error *error)
{
    if (LIKELY(code == RF_OK))
        return RF_OK;
    return value->resume ? concern(value, code, error) : conclude(value, code, error);
}

/* With `resume`, damage inside the framing of a skipped value is ignored. */
static rf_code use_walk(struct walk *k, void *arg)
{
    (void)arg;
    k->frame_only = !k->visitor && k->value->resume;
    return k->visitor ? walk_with_visitor(k) : k->value->type->walk(k);
}

rf_code rf_value_skip(rf_value *value, rf_error *error)
{
    return value_use(value, use_walk, NULL, NULL, NULL, error);
}

/* --- walking, and finding the end of a damaged value ------------------------------------------------ */

enum { REWIND_MAX = 16 * 1024 * 1024 };

/* A tap for the segments that the walk has left. */
static rf_code rewind_save(void *ctx, rf_slice bytes)
{
    struct rf_value *value = ctx;
    value->rewind_lost |= value->rewind_buffer.len + bytes.len > REWIND_MAX ||
                          !buffer_append(&value->rewind_buffer, bytes);
    return RF_OK;
}

/* Over memory all of its bytes are still there. */
static rf_code rewind_value(struct rf_value *value, struct window *w)
{
    if (window_is_memory(w)) {
        window_tap_cancel(w);
        window_release(w);
        w->pos -= window_offset(w) - value->offset;
        return RF_OK;
    }
    if (window_tap_end(w) != RF_OK || value->rewind_lost)
        return window_fail(w, RF_E_CORRUPT, "cannot rewind to the start of the value");
    window_release(w);
    return window_unread(w, buffer_slice(&value->rewind_buffer));
}

/* Goes back to the start of the value, and walks its framing only, without decoding its strings. `found`:
 * receives an error in the framing. */
COLD static rf_code skip_damaged(struct walk *k, rf_error *found)
{
    struct walk skip = {.w = k->w, .value = k->value, .frame_only = true};
    k->w->error = found;
    TRY(rewind_value(k->value, k->w));
    return k->value->type->walk(&skip);
}

/* The reader's sticky error must be an error of the input: an error of the visitor, which has no offset, is
 * not. */
COLD static rf_code go_back(struct rf_value *value, struct walk *k, rf_code code, rf_error *error)
{
    rf_error found;
    rf_code found_code = skip_damaged(k, &found);
    if (found_code == RF_OK)
        return concern(value, code, error);
    if (error->offset < 0) {
        conclude(value, found_code, &found);
        return concern(value, code, error);
    }
    return conclude(value, code, error);
}

static rf_code walk_resumably(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error)
{
    struct walk k = {.w = value->stream, .visitor = visitor, .ctx = ctx, .value = value};
    value->used = true;
    value->rewind_buffer.len = 0;
    value->rewind_lost = false;
    k.w->error = error;
    window_tap_begin(k.w, rewind_save, value);
    rf_code code = walk_with_visitor(&k);
    if (UNLIKELY(code != RF_OK))
        return go_back(value, &k, code, error);
    window_tap_cancel(k.w);
    return RF_OK;
}

static rf_code walk_stored(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error)
{
    if (value->resume && !value->used)
        return walk_resumably(value, visitor, ctx, error);
    return value_use(value, use_walk, visitor, ctx, NULL, error);
}

rf_code value_skip_raw(struct rf_value *value, value_use_fn *use, void *arg, rf_error *error)
{
    return value_use(value, use, NULL, NULL, arg, error);
}

/* --- elements with a changed expiry, or expired ------------------------------------------------------ */

/* Only hashes and sets of specific types have elements that expire; those with a template have none. */
static bool has_element_expiry(const struct rf_value *value)
{
    const struct rdb_type *type = value->type;
    return (type->encoding.type == RF_HASH || type->encoding.type == RF_SET) &&
           type->encoding.since > RDB_LAST_COMMON && type->copied_type == type->encoding.number;
}

bool value_is_always_checked(const struct rf_value *value)
{
    return has_element_expiry(value) || value->type->encoding.number == RDB_ZIPMAP;
}

void rf_value_shift_expiry(rf_value *value, int64_t ms)
{
    value->changed |= ms != 0 && has_element_expiry(value);
    value->shift_ms = ms;
}

void rf_value_leave_out_expired(rf_value *value, const rf_field_expiry *expiry, int64_t now_ms)
{
    if (expiry->expiring == 0 || expiry->first_ms > now_ms)
        return;
    value->leave_out_ms = now_ms - value->shift_ms;
    value->changed = true;
    value->is_plain = expiry->last_ms <= now_ms;
}

struct changing {
    const rf_visitor *visitor;
    void *ctx;
    int64_t shift_ms, leave_out_ms;
};

/* Clamped to the range that server commands accept; 0 would mean none in some types. */
static int64_t shift(int64_t expire_ms, int64_t by)
{
    static const int64_t least = 1, most = ((int64_t)1 << 46) - 1;
    int64_t sum;
    if (by == 0 || (expire_ms > most && by > 0))
        return expire_ms;
    if (__builtin_add_overflow(expire_ms, by, &sum))
        return by < 0 ? least : most;
    return sum < least ? least : sum > most ? most : sum;
}

/* False: the element is excluded. */
static bool change_expiry(const struct changing *c, int64_t *expire_ms)
{
    if (*expire_ms == RF_NO_EXPIRY)
        return true;
    if (*expire_ms <= c->leave_out_ms)
        return false;
    *expire_ms = shift(*expire_ms, c->shift_ms);
    return true;
}

static rf_code change_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    const struct changing *c = ctx;
    return change_expiry(c, &expire_ms) ? c->visitor->field(c->ctx, field, value, expire_ms) : RF_OK;
}

static rf_code change_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    const struct changing *c = ctx;
    return change_expiry(c, &expire_ms) ? c->visitor->member(c->ctx, member, expire_ms) : RF_OK;
}

/* A hash has no elements but fields, and a set none but members. */
COLD static rf_code walk_changed(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error)
{
    const rf_visitor changer = {.unique = visitor->unique,
                                .field = visitor->field ? change_field : NULL,
                                .member = visitor->member ? change_member : NULL};
    struct changing changing = {visitor, ctx, value->shift_ms, value->leave_out_ms};
    return walk_stored(value, &changer, &changing, error);
}

rf_code rf_value_walk(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error)
{
    rf_slice string;
    if (LIKELY(take_string(value, &string)))
        return taken(value, visitor->string ? visitor->string(ctx, string) : RF_OK, error);
    if (UNLIKELY(value->changed))
        return walk_changed(value, visitor, ctx, error);
    return walk_stored(value, visitor, ctx, error);
}

static rf_code see_member(void *ctx, rf_slice member, int64_t expire_ms)
{
    rf_field_expiry *range = ctx;
    (void)member;
    range->fields++;
    if (expire_ms == RF_NO_EXPIRY)
        return RF_OK;
    if (range->expiring == 0 || expire_ms < range->first_ms)
        range->first_ms = expire_ms;
    if (range->expiring++ == 0 || expire_ms > range->last_ms)
        range->last_ms = expire_ms;
    return RF_OK;
}

static rf_code see_field(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms)
{
    (void)value;
    return see_member(ctx, field, expire_ms);
}

rf_code rf_value_field_expiry(rf_value *value, rf_field_expiry *expiry, rf_error *error)
{
    static const rf_visitor seer = {.field = see_field, .member = see_member};
    *expiry = (rf_field_expiry){.first_ms = RF_NO_EXPIRY, .last_ms = RF_NO_EXPIRY};
    if (!has_element_expiry(value))
        return RF_OK;
    TRY(rf_value_hold(value, NULL, error));
    return rf_value_walk(value, &seer, expiry, error);
}

/* --- extracting the raw bytes ----------------------------------------------------------------------- */

struct extraction {
    struct buffer *into;
    size_t most; /* limit of into->len */
};

/* Any error ends the walk when the limit is exceeded. */
static rf_code on_tapped(void *ctx, rf_slice bytes)
{
    struct extraction *t = ctx;
    if (!buffer_append(t->into, bytes))
        return RF_E_MEMORY;
    return t->into->len > t->most ? RF_E_ARGUMENT : RF_OK;
}

rf_code value_take(struct rf_value *value, struct buffer *into, size_t most, bool *taken, rf_error *error)
{
    *taken = false;
    if (UNLIKELY(value->changed || value->held))
        return RF_OK;
    size_t start = into->len;
    struct walk k = {.w = value->stream, .value = value, .frame_only = true};
    struct extraction extraction = {into, start + most};
    k.w->error = error;
    window_tap_begin(k.w, on_tapped, &extraction);
    rf_code code = value->type->walk(&k), tap_code = window_tap_end(k.w);
    if (code == RF_E_MEMORY || tap_code == RF_E_MEMORY)
        return conclude(value, window_fail(k.w, RF_E_MEMORY, "out of memory for a value"), error);
    *taken = value->used = code == RF_OK && tap_code == RF_OK;
    if (*taken)
        return RF_OK;
    window_release(k.w);
    code = window_unread(k.w, slice_of(into->data + start, into->len - start));
    into->len = start;
    value->record = NULL;
    return code == RF_OK ? RF_OK : conclude(value, code, error);
}

rf_code value_check_taken(struct rf_value *value, rf_slice bytes, uint64_t *elements, rf_error *error)
{
    bool resume = value->resume;
    value->bytes = bytes;
    value->held = value->resume = true;
    rf_code code = rf_value_check(value, elements, error);
    value->held = false;
    value->resume = resume;
    return code;
}

/* --- copying as stored ----------------------------------------------------------------------------- */

struct copy {
    rf_bytes_fn fn;
    void *ctx;
    const uint8_t *from; /* NULL: only the value */
    bool frame_only;
};

static rf_code use_tapped(struct walk *k, void *arg)
{
    struct copy *copy = arg;
    k->frame_only = copy->frame_only;
    window_tap_begin(k->w, copy->fn, copy->ctx);
    if (copy->from)
        k->w->tap_from = copy->from;
    TRY(k->value->type->walk(k));
    return window_tap_end(k->w);
}

rf_code value_copy_stored(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    rf_slice string;
    const uint8_t *from = value->stream->pos;
    if (LIKELY(take_string(value, &string)))
        return taken(value, fn(ctx, slice_of(from, (size_t)(string.ptr + string.len - from))), error);
    struct copy copy = {.fn = fn, .ctx = ctx};
    return value_use(value, use_tapped, NULL, NULL, &copy, error);
}

rf_code value_copy_record(struct rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error)
{
    rf_slice string;
    if (LIKELY(take_string(value, &string)))
        return taken(value,
                     fn(ctx, slice_of(value->record, (size_t)(string.ptr + string.len - value->record))),
                     error);
    struct copy copy = {.fn = fn, .ctx = ctx, .from = value->record};
    return value_use(value, use_tapped, NULL, NULL, &copy, error);
}

/* --- holding --------------------------------------------------------------------------------------- */

rf_code rf_value_hold(rf_value *value, uint64_t *size, rf_error *error)
{
    if (!value->held) {
        value->spool = (struct spool){.error = error};
        struct copy copy = {.fn = spool_put, .ctx = &value->spool, .frame_only = value->resume};
        rf_code code = value_use(value, use_tapped, NULL, NULL, &copy, error);
        if (code == RF_OK && (code = spool_finish(&value->spool, &value->bytes, error)) != RF_OK)
            conclude(value, code, error);
        if (code != RF_OK) {
            spool_free(&value->spool);
            return code;
        }
        value->held = true;
    }
    if (size)
        *size = value->bytes.len;
    return RF_OK;
}
