/* SPDX-License-Identifier: MIT */
/* Building the blobs inside RDB strings, listpacks (lp), ziplists (zl), intsets (is) and zipmaps (zm), and
 * text.
 *
 * A pack is started, filled and finished; the blob that finishing returns is borrowed until the next start.
 * A zeroed pack is ready to be started. Out of memory ends the program. */
#ifndef RDBGEN_PACK_H
#define RDBGEN_PACK_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "rng.h"
#include <stddef.h>
#include <stdint.h>

enum { ZIPMAP_HEAD = 1, LISTPACK_HEAD = 6, INTSET_HEAD = 8, ZIPLIST_HEAD = 10 };

struct pack {
    struct buffer bytes;
    size_t count;
    bool hide_count;    /* the header says "unknown" */
    bool wide_prevlens; /* ziplist: 5 bytes where 1 would do, as cascading updates leave them */
    bool old_integers;  /* ziplist: as before RDB 6, of 16, 32 and 64 bits only */
    struct rng *odd;    /* draws which elements have a longer form than they need; NULL: none has */
    size_t last;        /* ziplist: where the last entry starts */
    size_t last_size;   /* ziplist: its size, 0 before the first */
};

/* --- any buffer ----------------------------------------------------------------- */

void put(struct buffer *to, rf_slice bytes);
void put_text(struct buffer *to, const char *text);
void put_integer(struct buffer *to, int64_t n);
void put_byte(struct buffer *to, uint8_t byte);
void put_u32le(struct buffer *to, uint32_t x);
void put_u64le(struct buffer *to, uint64_t x);

/* --- listpacks and ziplists ------------------------------------------------------ */

/* An element becomes an integer where its text is one, as servers do it. */
void lp_start(struct pack *pack);
void lp_integer(struct pack *pack, int64_t n);
void lp_element(struct pack *pack, rf_slice s);
rf_slice lp_finish(struct pack *pack);

void zl_start(struct pack *pack);
void zl_element(struct pack *pack, rf_slice s);
rf_slice zl_finish(struct pack *pack);

/* --- the others ------------------------------------------------------------------- */

/* Starts with the width that holds the extremes. Members come in ascending order. */
void is_start(struct pack *pack, int64_t lowest, int64_t highest);
void is_member(struct pack *pack, int64_t n);
rf_slice is_finish(struct pack *pack);

void zm_start(struct pack *pack);
void zm_pair(struct pack *pack, rf_slice field, rf_slice value, uint8_t spare_bytes);
rf_slice zm_finish(struct pack *pack);

#endif
