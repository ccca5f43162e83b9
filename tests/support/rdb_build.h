/* SPDX-License-Identifier: MIT */
/* RDB files and the blobs in them, made by hand for tests. A zeroed build is empty; what runs out of memory
 * aborts. */
#ifndef TESTS_RDB_BUILD_H
#define TESTS_RDB_BUILD_H

#include "base/buffer.h"
#include "base/bytes.h"
#include <stdio.h>

struct build {
    struct buffer bytes;
};

/* A blob being made: a listpack or a ziplist. */
struct pack {
    struct buffer bytes;
    unsigned count;
    size_t last; /* a ziplist's: where its last entry begins */
};

void put_bytes(struct build *b, rf_slice bytes);
void put_hex(struct build *b, const char *hex); /* blanks are skipped */
void put_u8(struct build *b, uint8_t byte);
void put_le64(struct build *b, uint64_t n);
void put_double(struct build *b, double d);
void put_len(struct build *b, uint64_t n); /* in its shortest form */
void put_str(struct build *b, const char *text);
void put_blob(struct build *b, rf_slice bytes);          /* as a raw string */
void put_id(struct build *b, uint64_t ms, uint64_t seq); /* as 16 bytes */

/* A type byte and a key. */
void put_key(struct build *b, uint8_t type, const char *key);

/* FF and the checksum of all before. */
void put_end(struct build *b);

static inline rf_slice built(const struct build *b)
{
    return buffer_slice(&b->bytes);
}

void build_free(struct build *b);

void listpack_begin(struct pack *p);
void listpack_int(struct pack *p, int64_t n); /* below 64 bits in the forms for 7 and 13 bits */
void listpack_text(struct pack *p, const char *text);
void ziplist_begin(struct pack *p);
void ziplist_text(struct pack *p, const char *text); /* below 64 bytes */

/* The blob; freed by pack_free(). */
rf_slice listpack_end(struct pack *p);
rf_slice ziplist_end(struct pack *p);
void pack_free(struct pack *p);

/* Puts a listpack of these texts, up to a NULL; one of digits alone is an integer. */
void put_listpack(struct build *b, const char *const *texts);

#endif
