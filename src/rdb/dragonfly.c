/* SPDX-License-Identifier: MIT */
/* Records of Dragonfly around keys, and values that no other server has. The latter are skipped by their
 * framing, and reported.
 *
 *   block        string: one zstd or lz4 frame with a run of records
 *   key flags    u32le: 1 sticky, 2 Memcached flags follow, u32le
 *   indexes      derived from the keys: skipped
 *
 * (Dragonfly src/server/rdb_extensions.h, rdb_save.cc, rdb_load.cc) */
#include "rdb/dragonfly.h"

#include "io/frame_decoder.h"
#include "rdb/rdb_read.h"

/* --- compressed blocks ------------------------------------------------------------------------------- */

/* A server does not compress more than 1 MiB in one block. */
enum { BLOCK_MAX = 64 * 1024 * 1024, BLOCK_STEP = 64 * 1024 };

static rf_code damaged_block(struct window *w, const char *why)
{
    return window_fail(w, RF_E_COMPRESSED, "compressed block: %s", why);
}

/* Decompresses one step; *in: the bytes that have been used. */
static rf_code expand_more(struct rdb_reader *r, struct frame_decoder *decoder, rf_slice frame, size_t *in,
                           bool *in_frame)
{
    rf_error error;
    size_t taken = frame.len - *in, made = BLOCK_STEP;
    if (r->block.len > BLOCK_MAX)
        return damaged_block(r->w, "expands to more than 64 MiB");
    if (!buffer_reserve(&r->block, BLOCK_STEP))
        return window_fail(r->w, RF_E_MEMORY, "out of memory");
    if (decoder->run(decoder, frame.ptr + *in, &taken, r->block.data + r->block.len, &made, in_frame,
                     &error) != RF_OK)
        return damaged_block(r->w, error.message);
    *in += taken;
    r->block.len += made;
    return *in_frame && taken == 0 && made == 0 ? damaged_block(r->w, "truncated") : RF_OK;
}

static rf_code expand(struct rdb_reader *r, struct frame_decoder *decoder, rf_slice frame)
{
    size_t in = 0;
    bool in_frame = true;
    r->block.len = 0;
    while (in_frame)
        TRY(expand_more(r, decoder, frame, &in, &in_frame));
    return in == frame.len ? RF_OK : damaged_block(r->w, "data after its frame");
}

static rf_code read_block(struct rdb_reader *r, struct frame_decoder *decoder)
{
    rf_slice frame;
    if (!decoder)
        return window_fail(r->w, RF_E_MEMORY, "out of memory");
    rf_code code = r->block_end ? damaged_block(r->w, "inside of another one") : rdb_string(r->w, &frame);
    if (code == RF_OK)
        code = expand(r, decoder, frame);
    decoder->close(decoder);
    TRY(code);
    r->block_end = r->block.len ? window_offset(r->w) + r->block.len : 0;
    return window_splice(r->w, buffer_slice(&r->block));
}

rf_code read_zstd_block(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    return read_block(r, frame_decoder_zstd());
}

rf_code read_lz4_block(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    (void)entry, (void)ready;
    return read_block(r, frame_decoder_lz4());
}

/* --- chunks ------------------------------------------------------------------------------------------ */

/* A value that arrives in chunks is read when the last one is there. Its offsets end where that does, and do
 * not begin before the entry: of earlier chunks there may be more bytes. */
rf_code read_chunk(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    rf_slice record;
    (void)ready;
    if (r->has_prefix || r->chunked)
        return window_fail(r->w, RF_E_CORRUPT, "a chunk inside of the record of a key");
    TRY(chunks_read(&r->chunks, r->w, r->db, &r->chunked));
    if (!r->chunked)
        return RF_OK;
    TRY(spool_finish(&r->chunked->record, &record, r->w->error));
    window_open_memory(&r->assembled, record);
    uint64_t end = window_offset(r->w);
    r->assembled.segment_offset = end - entry->offset > record.len ? end - record.len : entry->offset;
    r->assembled.error = r->w->error;
    r->input = r->w;
    r->input_db = r->db;
    r->w = r->value.stream = &r->assembled;
    r->db = r->chunked->db;
    return RF_OK;
}

COLD rf_code dragonfly_leave_chunks(struct rdb_reader *r)
{
    bool ended = r->w->pos == r->w->end;
    window_close(&r->assembled);
    r->w = r->value.stream = r->input;
    r->db = r->input_db;
    chunked_key_free(r->chunked);
    r->chunked = NULL;
    return ended ? RF_OK : window_fail(r->w, RF_E_CORRUPT, "chunks: data after a value");
}

/* --- flags of keys, indexes -------------------------------------------------------------------------- */

rf_code read_key_flags(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    enum { STICKY = 1, MEMCACHED = 2 };
    static const char *const texts[] = {NULL, "Dragonfly: a sticky key",
                                        "Dragonfly: Memcached flags of a key",
                                        "Dragonfly: a sticky key, and its Memcached flags"};
    (void)entry, (void)ready;
    TRY(window_need(r->w, 4));
    uint32_t flags = load_le32(r->w->pos);
    if (flags & ~(uint32_t)(STICKY | MEMCACHED))
        return window_fail(r->w, RF_E_UNSUPPORTED, "unknown key flags of Dragonfly (0x%x)", flags);
    r->w->pos += 4;
    r->vendor_flags = texts[flags];
    return flags & MEMCACHED ? window_skip(r->w, 4) : RF_OK;
}

static rf_code skip_lengths(struct window *w, int n)
{
    uint64_t ignored;
    for (; n > 0; n--)
        TRY(rdb_length(w, &ignored));
    return RF_OK;
}

/* u32le id, u64le key, u32le level, (u32le n, n * u32le) for each level up to this one. */
static rf_code skip_vector_node(struct window *w)
{
    enum { LEVEL_AT = 12, NODE_HEAD = 16 };
    window_release(w);
    TRY(window_need(w, NODE_HEAD));
    uint32_t level = load_le32(w->pos + LEVEL_AT);
    w->pos += NODE_HEAD;
    for (uint64_t i = 0; i <= level; i++) {
        TRY(window_need(w, 4));
        uint64_t links = load_le32(w->pos);
        TRY(window_skip(w, 4 + 4 * links));
    }
    return RF_OK;
}

rf_code read_vector_index(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t n;
    (void)entry, (void)ready;
    rdb_reader_notice(r, RF_NOTICE_FOREIGN_RECORD, "Dragonfly: a search index");
    TRY(rdb_skip_string(r->w));
    TRY(skip_lengths(r->w, 1));
    TRY(rdb_length(r->w, &n));
    for (; n > 0; n--)
        TRY(skip_vector_node(r->w));
    return RF_OK;
}

rf_code read_document_index(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    uint64_t n;
    (void)entry, (void)ready;
    rdb_reader_notice(r, RF_NOTICE_FOREIGN_RECORD, "Dragonfly: a search index");
    TRY(skip_lengths(r->w, 1));
    TRY(rdb_skip_string(r->w));
    TRY(rdb_length(r->w, &n));
    for (; n > 0; n--) {
        window_release(r->w);
        TRY(rdb_skip_string(r->w));
        TRY(skip_lengths(r->w, 1));
    }
    return RF_OK;
}

/* --- values ------------------------------------------------------------------------------------------ */

static rf_code corrupt(struct window *w, const char *what)
{
    return window_fail(w, RF_E_CORRUPT, "%s: invalid size", what);
}

/* len total, then (len n, n bytes)* of this total. */
static rf_code skip_pieces(struct window *w)
{
    uint64_t left, n;
    TRY(rdb_length(w, &left));
    for (; left > 0; left -= n) {
        window_release(w);
        TRY(rdb_length(w, &n));
        if (n == 0 || n > left)
            return corrupt(w, "filter");
        TRY(window_skip(w, n));
    }
    return RF_OK;
}

/* len 0, two doubles, three lengths, len n, (len hashes, bits)*n. */
static rf_code skip_bloom(struct window *w, rf_code (*skip_bits)(struct window *w))
{
    uint64_t n;
    TRY(skip_lengths(w, 1));
    TRY(window_skip(w, 16));
    TRY(skip_lengths(w, 3));
    TRY(rdb_length(w, &n));
    for (; n > 0; n--) {
        window_release(w);
        TRY(skip_lengths(w, 1));
        TRY(skip_bits(w));
    }
    return RF_OK;
}

static rf_code skip_bloom_filter(struct window *w)
{
    return skip_bloom(w, rdb_skip_string);
}

static rf_code skip_bloom_filter_in_pieces(struct window *w)
{
    return skip_bloom(w, skip_pieces);
}

/* len width, len depth, len count, i64le * width * depth. */
static rf_code skip_count_min_sketch(struct window *w)
{
    uint64_t width, depth;
    TRY(rdb_length(w, &width));
    TRY(rdb_length(w, &depth));
    TRY(skip_lengths(w, 1));
    if (width == 0 || depth == 0 || width > UINT32_MAX || depth > UINT32_MAX || width > INT64_MAX / 8 / depth)
        return corrupt(w, "count-min sketch");
    return window_skip(w, 8 * width * depth);
}

/* len 0, len k, len width, len depth, double, len n, (string, len count)*n, string. */
static rf_code skip_top_k(struct window *w)
{
    uint64_t n;
    TRY(skip_lengths(w, 4));
    TRY(window_skip(w, 8));
    TRY(rdb_length(w, &n));
    for (; n > 0; n--) {
        window_release(w);
        TRY(rdb_skip_string(w));
        TRY(skip_lengths(w, 1));
    }
    return rdb_skip_string(w);
}

/* Six lengths, len n, filters in pieces. */
static rf_code skip_cuckoo_filter(struct window *w)
{
    uint64_t n;
    TRY(skip_lengths(w, 6));
    TRY(rdb_length(w, &n));
    for (; n > 0; n--)
        TRY(skip_pieces(w));
    return RF_OK;
}

static rf_code read_value(struct rdb_reader *r, rf_entry *entry, bool *ready,
                          rf_code (*skip)(struct window *w), const char *what)
{
    TRY(rdb_reader_key_name(r));
    TRY(skip(r->w));
    rdb_reader_put_foreign(r, entry, "Dragonfly", what);
    *ready = true;
    return RF_OK;
}

rf_code read_bloom_filter(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    return read_value(r, entry, ready, skip_bloom_filter, "a Bloom filter");
}

rf_code read_bloom_filter_in_pieces(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    return read_value(r, entry, ready, skip_bloom_filter_in_pieces, "a Bloom filter");
}

rf_code read_count_min_sketch(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    return read_value(r, entry, ready, skip_count_min_sketch, "a count-min sketch");
}

rf_code read_top_k(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    return read_value(r, entry, ready, skip_top_k, "a top-k sketch");
}

rf_code read_cuckoo_filter(struct rdb_reader *r, rf_entry *entry, bool *ready)
{
    return read_value(r, entry, ready, skip_cuckoo_filter, "a cuckoo filter");
}
