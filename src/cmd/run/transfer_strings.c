/* SPDX-License-Identifier: MIT */
/* Transferring keys with plain strings: each is accepted and renamed by itself, as any other key, and then
 * they are written together. */
#include "base/fail.h"
#include "cmd/run/journal.h"
#include "cmd/run/string_entry.h"
#include "cmd/run/transfer.h"
#include <string.h>

/* So that what is known of them fits into the fastest cache. */
enum { STRINGS_MOST = PLACED_KEYS_MOST };

/* The name lasts only until the next key is renamed. */
static rf_code keep_name(struct transfer *t, rf_string *string, rf_slice name, rf_error *error)
{
    uint8_t *kept = arena_alloc(&t->names, name.len);
    if (!kept)
        return fail(error, RF_E_MEMORY, "out of memory for a name of %zu bytes", name.len);
    memcpy(kept, name.ptr, name.len);
    string->key = (rf_slice){kept, name.len};
    string->record = NULL;
    string->tag_length = 0;
    return RF_OK;
}

static rf_code keep(struct transfer *t, rf_string *string, const rf_entry *key, rf_error *error)
{
    if (key->key.ptr != string->key.ptr)
        TRY(keep_name(t, string, key->key, error));
    if (key->expire_ms != string->expire_ms)
        string->record = NULL;
    string->expire_ms = key->expire_ms;
    string->slot = key->slot;
    return RF_OK;
}

static rf_code accept(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                      bool is_first, rf_entry *key, bool *accepted, rf_error *error)
{
    TRY(cursor_accept_key(cursor, key, accepted, error));
    if (!*accepted)
        return RF_OK;
    TRY(transfer_accept(t, cursor->input, key, accepted, error));
    return *accepted && is_first && steps->check ? steps->check(steps->ctx, &t->session, key, error) : RF_OK;
}

/* The next one of `from`, which moves to `to`, unless it is left out. The first one decides about the
 * database of all. */
static rf_code accept_one(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                          rf_strings *from, rf_strings *to, rf_error *error)
{
    const rf_string *string = from->keys;
    rf_entry key = string_entry(from, string);
    bool accepted;
    TRY(accept(t, steps, cursor, to->count == 0, &key, &accepted, error));
    if (accepted) {
        to->keys[to->count] = *string;
        TRY(keep(t, &to->keys[to->count], &key, error));
        to->count++;
        to->db = key.db;
    }
    from->keys++;
    from->count--;
    return RF_OK;
}

/* Those that are next and need no more than to be counted, or a new name. */
static void accept_some(struct transfer *t, struct cursor *cursor, rf_strings *from, rf_strings *to)
{
    rf_rewrite *rewrite = cursor->session->options->keys.rewrite;
    const size_t n = cursor_accepts_all(cursor)
                         ? from->count
                         : rf_rewrite_strings(rewrite, from->db, from->keys, from->count);
    if (n == 0)
        return;
    cursor_accept_strings(cursor, from->keys, n);
    collisions_note_others(&t->collisions);
    if (to->keys + to->count < from->keys)
        memmove(to->keys + to->count, from->keys, n * sizeof *from->keys);
    to->count += n;
    from->keys += n;
    from->count -= n;
}

/* Leaves those that are accepted, up to an error. *entry: of the journal, it is that of the next one. */
static rf_code accept_strings(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                              rf_strings *strings, uint64_t *entry, rf_error *error)
{
    const bool several = collisions_ignores_others(&t->collisions) &&
                         (cursor_accepts_all(cursor) || cursor_only_renames(cursor));
    const uint64_t end = *entry + strings->count;
    rf_strings from = *strings;
    strings->count = 0;
    while (from.count > 0) {
        TRY(accept_one(t, steps, cursor, &from, strings, error));
        if (several)
            accept_some(t, cursor, &from, strings);
        *entry = end - from.count;
    }
    return RF_OK;
}

static inline void place_one(rf_string *key, struct placed_key *placed)
{
    const rf_slice tag = slice_of(key->key.ptr + key->tag_at, key->tag_length);
    *placed = (struct placed_key){.tag = tag, .bytes = key->size};
    placed->slot = tag.len > 0 ? rf_slot_of_tag(tag) : rf_slot_and_tag(key->key, &placed->tag);
    key->slot = (int)placed->slot;
}

static void place(struct transfer *t, const struct transfer_steps *steps, const rf_strings *strings)
{
    struct placed_key placed[STRINGS_MOST];
    for (size_t i = 0; i < strings->count; i++)
        place_one(&strings->keys[i], &placed[i]);
    transfer_note_written(t, steps, placed, strings->count);
}

/* The size of the last one is known if a key follows that is not written. */
static void end_last(struct session *session, const rf_string *last)
{
    if (!session->bytes_of || session->last_offset == last->offset)
        return;
    *session->bytes_of += last->size;
    session->bytes_of = NULL;
}

static rf_code put(struct transfer *t, const struct transfer_steps *steps, const rf_strings *strings,
                   rf_error *error)
{
    if (strings->count == 0)
        return RF_OK;
    if (steps->written)
        place(t, steps, strings);
    end_last(&t->session, strings->keys + strings->count - 1);
    t->kept_keys += strings->count;
    return rf_sink_put_strings(t->sink, strings, error);
}

rf_code transfer_strings(struct transfer *t, const struct transfer_steps *steps, struct cursor *cursor,
                         size_t most, size_t *count, rf_error *error)
{
    rf_string keys[STRINGS_MOST];
    rf_strings strings = {0};
    rf_error failure;
    uint64_t unused = 0, *entry = t->journal ? &t->journal->entry : &unused;
    const uint64_t first = *entry;
    if (t->begun && t->sink && rf_sink_takes_strings(t->sink))
        cursor_next_strings(cursor, keys, most < STRINGS_MOST ? most : STRINGS_MOST, &strings);
    *count = strings.count;
    if (*count == 0)
        return RF_OK;
    arena_reset(&t->names);
    if (cursor->session->options->keys.rewrite)
        rf_rewrite_release_names(cursor->session->options->keys.rewrite);
    rf_code code = accept_strings(t, steps, cursor, &strings, entry, &failure);
    rf_code written = put(t, steps, &strings, error);
    if (written != RF_OK || code == RF_OK) {
        *entry = first;
        return written;
    }
    *error = failure;
    return code;
}
