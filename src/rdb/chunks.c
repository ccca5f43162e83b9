/* SPDX-License-Identifier: MIT */
/* Assembles values from chunks:
 *
 *   u32le id, not 0   u32le size, not 0   size bytes
 *
 * The first chunk with an id begins with the record of the key: its expiry and flags, the type, the key, the
 * number of elements. All chunks end between two elements; what follows the last listpack of a stream is in
 * the chunk of that. The chunks are kept until all elements are there; the record is then read as any other.
 * (Dragonfly src/server/rdb_save.cc: PushToConsumerIfNeeded, MemBufController; rdb_load.cc: LoadValueChunk)
 */
#include "rdb/chunks.h"
#include "base/fail.h"
#include "rdb/rdb_format.h"
#include "rdb/rdb_read.h"
#include <stdlib.h>

enum { KEYS_MAX = 64 };

/* An element: a length, strings, bytes; `has_tail`: more follows the last one. */
struct form {
    uint8_t lengths, strings, bytes;
    bool has_tail;
};

static const struct form forms[] = {
    [2] = {.strings = 1},
    [4] = {.strings = 2},
    [5] = {.strings = 1, .bytes = 8},
    [18] = {.lengths = 1, .strings = 1},
    [21] = {.strings = 2, .has_tail = true},
    [31] = {.strings = 3},
    [32] = {.strings = 2},
};

void chunked_key_free(struct chunked_key *key)
{
    if (!key)
        return;
    spool_free(&key->record);
    free(key);
}

void chunks_free(struct chunks *chunks)
{
    while (chunks->first) {
        struct chunked_key *key = chunks->first;
        chunks->first = key->next;
        chunked_key_free(key);
    }
    chunks->count = 0;
}

/* --- framing ------------------------------------------------------------------------------------------ */

static rf_code skip_element(struct window *w, const struct form *form)
{
    uint64_t ignored;
    window_release(w);
    for (int i = 0; i < form->lengths; i++)
        TRY(rdb_length(w, &ignored));
    for (int i = 0; i < form->strings; i++)
        TRY(rdb_skip_string(w));
    return window_skip(w, form->bytes);
}

static rf_code skip_elements(struct window *w, struct chunked_key *key)
{
    for (; key->left > 0 && w->pos < w->end; key->left--)
        TRY(skip_element(w, key->form));
    if (key->left == 0 && w->pos < w->end && !key->form->has_tail)
        return window_fail(w, RF_E_CORRUPT, "chunk: data after the last element");
    return RF_OK;
}

static rf_code skip_flags(struct window *w)
{
    enum { MEMCACHED = 2 };
    TRY(window_need(w, 4));
    return window_skip(w, load_le32(w->pos) & MEMCACHED ? 8 : 4);
}

/* From the expiry to the number of elements. */
static rf_code skip_head(struct window *w, struct chunked_key *key)
{
    uint8_t byte;
    TRY(rdb_u8(w, &byte));
    while (byte == RDB_EXPIRETIME_MS || byte == RDB_DRAGONFLY_KEY_FLAGS) {
        TRY(byte == RDB_EXPIRETIME_MS ? window_skip(w, 8) : skip_flags(w));
        TRY(rdb_u8(w, &byte));
    }
    if (byte >= sizeof forms / sizeof *forms || forms[byte].strings == 0)
        return window_fail(w, RF_E_UNSUPPORTED, "type %u of Dragonfly in chunks: not supported", byte);
    key->form = &forms[byte];
    TRY(rdb_skip_string(w));
    return rdb_length(w, &key->left);
}

/* Counts the elements of a chunk. */
static rf_code frame(struct window *w, rf_slice payload, struct chunked_key *key)
{
    struct window inside;
    window_open_memory(&inside, payload);
    inside.segment_offset = window_offset(w);
    inside.error = w->error;
    rf_code code = key->form ? RF_OK : skip_head(&inside, key);
    if (code == RF_OK)
        code = skip_elements(&inside, key);
    window_close(&inside);
    return code == RF_E_TRUNCATED
               ? window_fail(w, RF_E_CORRUPT, "a chunk ends inside of an element, or before the first")
               : code;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static struct chunked_key **find(struct chunks *chunks, uint32_t id)
{
    struct chunked_key **at = &chunks->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

static rf_code begin_key(struct chunks *chunks, struct window *w, uint32_t id, int64_t db,
                         struct chunked_key **at)
{
    if (chunks->count == KEYS_MAX)
        return window_fail(w, RF_E_UNSUPPORTED, "more than %d incomplete values in chunks", KEYS_MAX);
    *at = calloc(1, sizeof **at);
    if (!*at)
        return window_fail(w, RF_E_MEMORY, "out of memory");
    **at = (struct chunked_key){.id = id, .db = db};
    chunks->count++;
    return RF_OK;
}

/* All values together have as much memory as one spool. */
static rf_code keep(const struct chunks *chunks, struct chunked_key *key, rf_slice payload)
{
    size_t in_memory = 0;
    TRY(spool_put(&key->record, payload));
    for (const struct chunked_key *each = chunks->first; each; each = each->next)
        in_memory += each->record.memory.cap;
    return in_memory > SPOOL_MEMORY ? spool_flush(&key->record) : RF_OK;
}

rf_code chunks_read(struct chunks *chunks, struct window *w, int64_t db, struct chunked_key **complete)
{
    enum { HEAD = 8 };
    *complete = NULL;
    TRY(window_need(w, HEAD));
    uint32_t id = load_le32(w->pos), size = load_le32(w->pos + 4);
    if (id == 0 || size == 0)
        return window_fail(w, RF_E_CORRUPT, "chunk: invalid %s", id == 0 ? "number" : "size");
    w->pos += HEAD;
    struct chunked_key **at = find(chunks, id), *key;
    if (!*at)
        TRY(begin_key(chunks, w, id, db, at));
    key = *at;
    TRY(window_need(w, size));
    rf_slice payload = {w->pos, size};
    TRY(frame(w, payload, key));
    key->record.error = w->error;
    TRY(keep(chunks, key, payload));
    w->pos += size;
    if (key->left > 0)
        return RF_OK;
    *at = key->next;
    chunks->count--;
    *complete = key;
    return RF_OK;
}
