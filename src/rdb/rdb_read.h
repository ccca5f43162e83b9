/* SPDX-License-Identifier: MIT */
/* The primitives of RDB files: lengths and strings.
 *
 *   00xxxxxx              a length of 6 bits          C0 + 1, C1 + 2, C2 + 4 bytes  an integer's text
 *   01xxxxxx + 1 byte     of 14 bits, big-endian      C3 len clen, len ulen         LZF
 *   80 + 4, 81 + 8 bytes  of 32, 64 bits, big-endian
 *
 * (Valkey src/rdb.c: rdbLoadLenByRef, rdbGenericLoadStringObject) */
#ifndef RDB_RDB_READ_H
#define RDB_RDB_READ_H

#include "base/fail.h"
#include "io/window.h"

rf_code rdb_length_slow(struct window *w, uint64_t *n);
rf_code rdb_string_encoded(struct window *w, rf_slice *out);
rf_code rdb_skip_string_encoded(struct window *w);

/* The bytes that a length takes, by its first one; 0: it is none. */
static inline size_t rdb_length_size(uint8_t lead)
{
    return lead < 0x40 ? 1 : lead < 0x80 ? 2 : lead == 0x80 ? 5 : lead == 0x81 ? 9 : 0;
}

/* A length; non-canonical forms are valid. */
static inline rf_code rdb_length(struct window *w, uint64_t *n)
{
    if (LIKELY(w->end - w->pos >= 2)) {
        uint8_t lead = w->pos[0];
        if (lead < 0x40) {
            *n = lead;
            w->pos += 1;
            return RF_OK;
        }
        if (lead < 0x80) {
            *n = (uint64_t)(lead & 0x3f) << 8 | w->pos[1];
            w->pos += 2;
            return RF_OK;
        }
    }
    return rdb_length_slow(w, n);
}

/* True if a string of less than 64 bytes is completely available at this position; then *n is its length. */
static inline bool rdb_is_short_string(const struct window *w, size_t *n)
{
    if (UNLIKELY(w->end - w->pos < 0x40))
        return false;
    *n = *w->pos;
    return *n < 0x40;
}

/* A string in any encoding, as bytes that are valid until window_release(). */
static inline rf_code rdb_string(struct window *w, rf_slice *out)
{
    size_t short_length;
    if (LIKELY(rdb_is_short_string(w, &short_length))) {
        *out = (rf_slice){w->pos + 1, short_length};
        w->pos += 1 + short_length;
        return RF_OK;
    }
    TRY(window_need(w, 1));
    if (UNLIKELY(*w->pos >= 0xc0))
        return rdb_string_encoded(w, out);
    uint64_t n;
    TRY(rdb_length(w, &n));
    TRY(window_need(w, n));
    *out = (rf_slice){w->pos, n};
    w->pos += n;
    return RF_OK;
}

/* The text of a string of less than 16 KiB that is stored as it is, by its first byte, which is below 0x80,
 * and the one after it. */
static inline rf_slice rdb_plain_text(const uint8_t *p)
{
    return *p < 0x40 ? (rf_slice){p + 1, *p} : (rf_slice){p + 2, (*p & 0x3fu) << 8 | p[1]};
}

/* The integer that is stored at C0, C1 or C2: so many bytes after it, little-endian, signed. */
static inline size_t rdb_integer_size(uint8_t lead)
{
    return (size_t)1 << (lead & 3);
}

static inline int64_t rdb_integer(const uint8_t *p)
{
    return *p == 0xc0 ? (int8_t)p[1] : *p == 0xc1 ? (int16_t)load_le16(p + 1) : (int32_t)load_le32(p + 1);
}

/* A string of less than 16 KiB that is stored as it is, if all of it is there. False: nothing is consumed. */
static inline bool rdb_plain_string(struct window *w, rf_slice *out)
{
    const size_t left = (size_t)(w->end - w->pos);
    if (left < 2 || *w->pos >= 0x80)
        return false;
    const rf_slice text = rdb_plain_text(w->pos);
    if (UNLIKELY(left - (size_t)(text.ptr - w->pos) < text.len))
        return false;
    *out = text;
    w->pos = text.ptr + text.len;
    return true;
}

/* Skips a string; its bytes need not be contiguous and are not decoded. */
static inline rf_code rdb_skip_string(struct window *w)
{
    size_t short_length;
    if (LIKELY(rdb_is_short_string(w, &short_length))) {
        w->pos += 1 + short_length;
        return RF_OK;
    }
    TRY(window_need(w, 1));
    if (UNLIKELY(*w->pos >= 0xc0))
        return rdb_skip_string_encoded(w);
    uint64_t n;
    TRY(rdb_length(w, &n));
    return window_skip(w, n);
}

/* The same, and copies its first bytes to `out`: up to *size, which receives their number; 0 if it is stored
 * as an integer. */
rf_code rdb_string_start(struct window *w, uint8_t *out, size_t *size);

static inline rf_code rdb_u8(struct window *w, uint8_t *out)
{
    TRY(window_need(w, 1));
    *out = *w->pos++;
    return RF_OK;
}

/* A little-endian 64-bit integer. */
static inline rf_code rdb_u64le(struct window *w, uint64_t *out)
{
    TRY(window_need(w, 8));
    *out = load_le64(w->pos);
    w->pos += 8;
    return RF_OK;
}

#endif
