/* SPDX-License-Identifier: MIT */
/* Digests: 128 bits that are equal where data is equal, whatever the encoding, the order in the file, the RDB
 * version or the dialect. A data set's digest is the sum of what it holds, so it can be added up in any order
 * and by parts.
 *
 * There are three kinds.
 *
 *   published  XXH3-128. It finds accidents. It does not stand up to intent: who can choose a value can make
 *              another one of the same digest without any search
 *   keyed      the same, under a random secret of this process: values that were made without knowing it have
 *              one digest with a chance of 1 in 2^32 at most (of up to 240 bytes, 1 in 2^60). It means
 * nothing elsewhere and is never printed; all comparisons use it sha256     resists collisions, whoever
 * chooses the values, and can be published. It is slow
 *
 * The definition of the published digest, for whoever computes it anew. H is XXH3-128 with seed 0; digests
 * are added modulo 2^128.
 *
 *     u64(n)   8 bytes, little-endian; signed numbers in two's complement
 *     str(s)   u64(length) s
 *     f64(x)   IEEE 754, 8 bytes, little-endian; -0 as 0, which is what servers make of it in some encodings
 *     dig(d)   16 bytes: the low 64 bits, then the high ones, each little-endian
 *
 *     data set   the sum of its keys and function libraries
 *     library    H( "F" dig(H(code)) )
 *     key        H( u64(type) u64(db) u64(expiry in ms, -1: none) dig(value) dig(H(name)) )
 *     type       0 string, 1 list, 2 set, 3 zset, 4 hash, 5 stream, 6 module, 7 array
 *     value      one of the following; where there is a KEY_META record (Redis 8.6+), plus H( its raw bytes )
 *                string  H( bytes )
 *                list    H( str(item) ... )                    in order
 *                set     the sum of H( member )
 *                zset    the sum of H( f64(score) member )
 *                hash    the sum of H( u64(expiry in ms, -1: none) str(field) value )
 *                array   H( u64(next insert index, -1: none) { u64(index) str(value) } ... )
 *                module  H( "M" name(9 bytes) u64(version) { u64(kind) payload } ... )
 *                          kind 1, 2: u64(number); 3, 4: the 4 or 8 bytes; 5: str(bytes)
 *                stream  H( { u64(ms) u64(seq) u64(pairs) { str(field) str(value) } ... } ... ) + groups + S
 *                          S      = H( "S" u64(last ms, seq) u64(max deleted ms, seq) u64(entries added) )
 *                                   the length counts where less was said to be added
 *                          groups = the sum, over all groups, of
 *                            g    = H( "G" u64(last ms, seq) u64(entries read) dig(H(name)) )
 *                            c    = H( "C" dig(H(name of the group)) dig(H(name)) )   for each consumer
 *                            p    = H( "P" dig(owner) u64(ms) u64(seq) u64(delivered, ms) u64(deliveries) )
 *                                   for each pending entry; owner: its c, or H(name of the group) where
 *                                   nobody owns it
 *
 * Entries that a group has read, where that is unknown, count as what a server makes of the ids as soon as it
 * is asked (as Valkey 9 does; older ones know less): 0 where nothing was ever added; all that were added for
 * a group that stands at the stream's last id, or anywhere in an empty stream; entries added - length for one
 * before the first entry, and one more for one at it, provided that nothing behind it was deleted; else -1.
 *
 * A module's value is what the module wrote. Some write the same data in another way after each load, as
 * vector sets do.
 *
 * The definition of the sha256 digest is the same but for this. H is SHA-256, and dig(d) its 32 bytes. There
 * is no sum of numbers: L of some H's is H( 1024 lanes, u16 little-endian each ), where a lane is the sum
 * modulo 2^16, over all of these H's, of what SHAKE-128( H ), 2048 bytes, has in its place. (LtHash: Bellare
 * and Micciancio 1997; Lewi and others 2019. Of the sum of numbers a collision could be searched for.)
 *
 *     data set   L of its keys and function libraries, as 64 hexadecimal digits
 *     key        H( u64(type) u64(db) u64(expiry in ms, -1: none) dig(value) dig(H(name)) meta )
 *                meta: dig(H( raw bytes )) where there is a KEY_META record, else nothing
 *     set, zset, hash   L of what is summed up above
 *     stream     H( dig(H( entries )) dig(S) dig(L of all g, c and p) )
 *
 * What is no data is left out: when a key was used, when a consumer was last seen or active, idempotency
 * records (they last for seconds), AUX fields, what modules keep beside the keys. */
#ifndef RDBFERRY_DIGEST_H
#define RDBFERRY_DIGEST_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_digest {
    uint64_t low, high;
} rf_digest;

/* Kinds of digests; they can be asked for together. */
typedef enum rf_digest_kind {
    RF_DIGEST_PUBLISHED = 1, /* XXH3-128, as above */
    RF_DIGEST_KEYED = 2,     /* the same under this process's secret: to compare values with one another */
    RF_DIGEST_SHA256 = 4,    /* SHA-256 and LtHash, as above */
} rf_digest_kind;

/* What was not asked for is 0. */
typedef struct rf_key_digest {
    rf_digest key;         /* RF_DIGEST_PUBLISHED: of all that belongs to it, */
    rf_digest value;       /* of the elements and the key's metadata */
    rf_digest keyed;       /* RF_DIGEST_KEYED: of the elements and the key's metadata */
    rf_digest left;        /* RF_DIGEST_KEYED: the same without the fields of a hash that had expired */
    uint64_t expired;      /* so many */
    int64_t expired_until; /* at this time, see rf_digester_expired() */
    uint64_t elements;     /* as the type counts them: entries of a stream; 1 for a string, 0 for a module */
    uint64_t longest;      /* bytes of the longest element; a hash's fields and values count each */
    uint64_t bytes;        /* of all elements; 0 for a module */
    const char *contradiction; /* what a stream says of itself that its entries do not, of which a server from
                                  Redis 8.8 on may refuse the stream; a string that stays, or NULL: nothing */
} rf_key_digest;

typedef struct rf_digester rf_digester;

/* `kinds`: of rf_digest_kind, at least one. `unique`: RF_UNIQUE_ALL, see value.h. NULL when memory is out. */
RF_API rf_digester *rf_digester_new(unsigned kinds, bool unique);

/* Fields of hashes that expire until then have expired. At first none have. */
RF_API void rf_digester_expired(rf_digester *digester, int64_t until_ms);

/* Whether a key is a hash of which all fields had expired: as good as none. */
static inline bool rf_digest_is_expired(const rf_key_digest *digest)
{
    return digest->expired > 0 && digest->expired == digest->elements;
}

/* Walks the value of an entry that is a key; uses it up. RF_E_DUPLICATE where `unique` is set, and something
 * is not. */
RF_API rf_code rf_digest_key(rf_digester *digester, const rf_entry *key, rf_key_digest *out, rf_error *error);

/* The same for many keys, on as many threads as there are processors. What has been put in comes out in the
 * same order, on the caller's thread, in a later call; `key` then has no value, and its reader may be gone,
 * but not what that reader tells its notices to. Readers with `resume` gain most: the others' keys are
 * digested at once. One of `digest` and `fault`, an error that rf_digest_key() returned, is NULL. What `fn`
 * returns but RF_OK is returned to the caller. */
typedef rf_code (*rf_digested_fn)(void *ctx, const rf_entry *key, const rf_key_digest *digest,
                                  const rf_error *fault, rf_error *error);

typedef struct rf_digest_pool rf_digest_pool;

RF_API rf_code rf_digest_pool_open(unsigned kinds, bool unique, rf_digested_fn fn, void *ctx,
                                   rf_digest_pool **out, rf_error *error);

/* As rf_digester_expired(), for keys that are put from here on and some before these. */
RF_API void rf_digest_pool_expired(rf_digest_pool *pool, int64_t until_ms);

/* Uses up the key's value, and keeps nothing of the entry. */
RF_API rf_code rf_digest_pool_put(rf_digest_pool *pool, rf_entry *key, rf_error *error);

/* Until all that was put in has come out. */
RF_API rf_code rf_digest_pool_drain(rf_digest_pool *pool, rf_error *error);

/* NULL is let through. */
RF_API void rf_digest_pool_close(rf_digest_pool *pool);

RF_API rf_digest rf_digest_library(rf_slice code);

/* Of any bytes, under this process's secret: RF_DIGEST_KEYED for what is no value. */
RF_API rf_digest rf_digest_keyed(rf_slice bytes);

/* RF_DIGEST_SHA256: a multiset of keys and libraries; a zeroed one is empty. */
enum { RF_SHA256_BYTES = 32, RF_LTHASH_LANES = 1024 };
typedef struct rf_lthash {
    uint16_t lanes[RF_LTHASH_LANES];
} rf_lthash;

/* Adds all keys that have been digested without an error; of a pool, those that have come out. */
RF_API void rf_digester_add_to(const rf_digester *digester, rf_lthash *sum);
RF_API void rf_digest_pool_add_to(const rf_digest_pool *pool, rf_lthash *sum);

RF_API rf_code rf_lthash_add_library(rf_lthash *sum, rf_slice code, rf_error *error);

/* The digest of the data set: 64 hexadecimal digits, and a NUL. RF_E_MEMORY where OpenSSL fails. */
enum { RF_SHA256_TEXT = 2 * RF_SHA256_BYTES + 1 };
RF_API rf_code rf_lthash_format(const rf_lthash *sum, char out[RF_SHA256_TEXT], rf_error *error);

/* NULL is let through. */
RF_API void rf_digester_free(rf_digester *digester);

RF_API void rf_digest_add(rf_digest *sum, rf_digest digest);

/* 32 hexadecimal digits, the high half first, and a NUL. */
enum { RF_DIGEST_TEXT = 33 };
RF_API void rf_digest_format(rf_digest digest, char out[RF_DIGEST_TEXT]);

#endif
