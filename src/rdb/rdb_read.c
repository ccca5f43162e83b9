/* SPDX-License-Identifier: MIT */
/* The less frequent forms of lengths and strings. */
#include "rdb/rdb_read.h"

#include "base/number.h"
#include "codec/lzf.h"

rf_code rdb_length_slow(struct window *w, uint64_t *n)
{
    TRY(window_need(w, 1));
    uint8_t lead = w->pos[0];
    size_t size = rdb_length_size(lead);
    if (size == 0)
        return window_fail(w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected a length)", lead);
    TRY(window_need(w, size));
    w->long_lengths |= size == 9;
    const uint8_t *p = w->pos;
    *n = size == 1   ? lead
         : size == 2 ? (uint64_t)(lead & 0x3f) << 8 | p[1]
         : size == 5 ? load_be32(p + 1)
                     : load_be64(p + 1);
    w->pos += size;
    return RF_OK;
}

static rf_code integer_string(struct window *w, rf_slice *out)
{
    size_t size = rdb_integer_size(*w->pos);
    TRY(window_need(w, 1 + size));
    int64_t n = rdb_integer(w->pos);
    uint8_t *text = arena_alloc(&w->arena, NUMBER_TEXT_MAX);
    if (!text)
        return window_fail(w, RF_E_MEMORY, "out of memory");
    *out = (rf_slice){text, number_print_i64(text, n)};
    w->pos += 1 + size;
    return RF_OK;
}

static rf_code lzf_lengths(struct window *w, uint64_t *compressed, uint64_t *size)
{
    w->pos++;
    TRY(rdb_length(w, compressed));
    TRY(rdb_length(w, size));
    if (*size / LZF_MAX_RATIO > *compressed)
        return window_fail(w, RF_E_CORRUPT, "%llu bytes of LZF cannot expand to %llu",
                           (unsigned long long)*compressed, (unsigned long long)*size);
    return RF_OK;
}

/* The output is allocated only when all compressed bytes are available, so a wrong length costs nothing. */
static rf_code lzf_string(struct window *w, rf_slice *out)
{
    uint64_t compressed, size;
    TRY(lzf_lengths(w, &compressed, &size));
    TRY(window_need(w, compressed));
    uint8_t *bytes = arena_alloc(&w->arena, size + LZF_SLACK);
    if (!bytes)
        return window_fail(w, RF_E_MEMORY, "out of memory for a string of %llu bytes",
                           (unsigned long long)size);
    if (!lzf_expand((rf_slice){w->pos, compressed}, bytes, size))
        return window_fail(w, RF_E_CORRUPT, "corrupt LZF data");
    w->pos += compressed;
    *out = (rf_slice){bytes, size};
    return RF_OK;
}

static rf_code unknown_string(struct window *w)
{
    return window_fail(w, RF_E_CORRUPT, "unexpected byte 0x%02x (expected a string)", *w->pos);
}

rf_code rdb_string_encoded(struct window *w, rf_slice *out)
{
    switch (*w->pos) {
    case 0xc0:
    case 0xc1:
    case 0xc2: return integer_string(w, out);
    case 0xc3: return lzf_string(w, out);
    default: return unknown_string(w);
    }
}

rf_code rdb_skip_string_encoded(struct window *w)
{
    uint64_t compressed, size;
    switch (*w->pos) {
    case 0xc0:
    case 0xc1:
    case 0xc2: return window_skip(w, 1 + rdb_integer_size(*w->pos));
    case 0xc3: TRY(lzf_lengths(w, &compressed, &size)); return window_skip(w, compressed);
    default: return unknown_string(w);
    }
}

static rf_code lzf_string_start(struct window *w, uint8_t *out, size_t *size)
{
    uint64_t compressed, expanded;
    TRY(lzf_lengths(w, &compressed, &expanded));
    size_t needed = compressed < 2 * *size ? compressed : 2 * *size;
    TRY(window_need(w, needed));
    if (expanded < *size)
        *size = expanded;
    if (lzf_expand_start((rf_slice){w->pos, needed}, out, *size) < *size)
        return window_fail(w, RF_E_CORRUPT, "corrupt LZF data");
    return window_skip(w, compressed);
}

rf_code rdb_string_start(struct window *w, uint8_t *out, size_t *size)
{
    TRY(window_need(w, 1));
    if (*w->pos == 0xc3)
        return lzf_string_start(w, out, size);
    if (*w->pos >= 0xc0) {
        *size = 0;
        return rdb_skip_string_encoded(w);
    }
    uint64_t n = 0;
    TRY(rdb_length(w, &n));
    if (n < *size)
        *size = n;
    TRY(window_need(w, *size));
    memcpy(out, w->pos, *size);
    return window_skip(w, n);
}
