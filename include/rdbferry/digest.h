/* SPDX-License-Identifier: MIT */
/* Digests: 128 bits that are equal for equal data, whatever the encoding, the order in the file, the RDB
 * version or the dialect. A data set's digest is the sum of the digests of its contents, so it can be
 * computed in any order and in parts.
 *
 * There are three kinds:
 *
 *   published  XXH3-128. It detects accidental differences. It does not resist attacks: a person who can
 * choose a value can construct another one with the same digest keyed      the same, under a random secret of
 * this process: values chosen without knowledge of the secret have the same digest with a probability of at
 * most 1 in 2^32 (values of up to 240 bytes: 1 in 2^60). It is meaningless outside the process and never
 * printed; all comparisons use it sha256     collision-resistant even for chosen values, and can be
 * published. It is slow
 *
 * The published digest is defined as follows. H is XXH3-128 with seed 0; digests are added modulo 2^128.
 *
 *     u64(n)   8 bytes, little-endian; signed numbers in two's complement
 *     str(s)   u64(length) s
 *     f64(x)   IEEE 754, 8 bytes, little-endian; -0 as 0, as servers convert it in some encodings
 *     dig(d)   16 bytes: the low 64 bits, then the high ones, each little-endian
 *
 *     data set   the sum of its keys and function libraries
 *     library    H( "F" dig(H(code)) )
 *     key        H( u64(type) u64(db) u64(expiry in ms, -1: none) dig(value) dig(H(name)) )
 *                with the no-evict attribute (Redis 8.12) followed by "N" within H
 *     type       0 string, 1 list, 2 set, 3 zset, 4 hash, 5 stream, 6 module, 7 array,
 *                8 path hash
 *     value      one of the following; with a KEY_META record (Redis 8.6+), plus H( its raw bytes )
 *                string  H( bytes )
 *                list    H( str(item) ... )                    in order
 *                set     the sum of H( member ), of members that do not expire; if there are others, plus
 *                        H( "E" dig(the sum of H( u64(expiry in ms) member ), of these) )
 *                zset    the sum of H( f64(score) member )
 *                hash    the sum of H( u64(expiry in ms, -1: none) str(field) value )
 *                array   H( u64(next insert index, -1: none) { u64(index) str(value) } ... )
 *                path hash  the sum of H( str(path) str(field) value )
 *                module  H( "M" name(9 bytes) u64(version) { u64(kind) payload } ... )
 *                          kind 1, 2: u64(number); 3, 4: the 4 or 8 bytes; 5: str(bytes)
 *                stream  H( { u64(ms) u64(seq) u64(pairs) { str(field) str(value) } ... } ... ) + groups + S
 *                          S      = H( "S" u64(last ms, seq) u64(max deleted ms, seq) u64(entries added) )
 *                                   entries added: at least the length
 *                          groups = the sum, over all groups, of
 *                            g    = H( "G" u64(last ms, seq) u64(entries read) dig(H(name)) )
 *                            c    = H( "C" dig(H(name of the group)) dig(H(name)) )   for each consumer
 *                            p    = H( "P" dig(owner) u64(ms) u64(seq) u64(delivered, ms) u64(deliveries) )
 *                                   for each pending entry; owner: its c, or H(name of the group) if it is
 *                                   unowned
 *
 * If the entries-read counter of a group is unknown, the value that a server derives from the IDs is used (as
 * Valkey 9 does; older servers derive less): 0 if nothing was ever added; all entries added for a group at
 * the stream's last ID, or anywhere in an empty stream; entries added - length for a group before the first
 * entry, and one more for a group at it, provided that nothing after it was deleted; else -1.
 *
 * A module value is digested as the module serialized it. Some modules serialize the same data differently
 * after each load, as vector sets do.
 *
 * The sha256 digest is defined in the same way, with these differences. H is SHA-256, and dig(d) its 32
 * bytes. Instead of a sum of numbers, L of several H's is H( 1024 lanes, u16 little-endian each ), where a
 * lane is the sum modulo 2^16, over all of these H's, of the corresponding 16 bits of SHAKE-128( H ), 2048
 * bytes. (LtHash: Bellare and Micciancio 1997; Lewi and others 2019. For a plain sum of numbers collisions
 * can be searched for.)
 *
 *     data set   L of its keys and function libraries, as 64 hexadecimal digits
 *     key        H( u64(type) u64(db) u64(expiry in ms, -1: none) dig(value) dig(H(name)) meta )
 *                meta: dig(H( raw bytes )) with a KEY_META record, else nothing; then "N" as above
 *     set, zset, hash   L of the items summed up above; a set with members that expire:
 *                       H( dig(L of the others) dig(L of these) )
 *     stream     H( dig(H( entries )) dig(S) dig(L of all g, c and p) )
 *
 * Not covered: access times and frequencies of keys, when a consumer was last seen or active, idempotency
 * records (they last for seconds), AUX fields, module auxiliary data. */
#ifndef RDBFERRY_DIGEST_H
#define RDBFERRY_DIGEST_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <stdbool.h>

typedef struct rf_digest {
    uint64_t low, high;
} rf_digest;

/* Kinds of digests; they can be combined. */
typedef enum rf_digest_kind {
    RF_DIGEST_PUBLISHED = 1, /* XXH3-128, as above */
    RF_DIGEST_KEYED = 2,     /* the same under this process's secret: for comparing values */
    RF_DIGEST_SHA256 = 4,    /* SHA-256 and LtHash, as above */
} rf_digest_kind;

/* Digests that were not requested are 0. */
typedef struct rf_key_digest {
    rf_digest key;         /* RF_DIGEST_PUBLISHED: of everything that belongs to the key, */
    rf_digest value;       /* of the elements and the key's metadata */
    rf_digest keyed;       /* RF_DIGEST_KEYED: of the elements and the key's metadata */
    rf_digest left;        /* RF_DIGEST_KEYED: the same without fields or members that have expired */
    uint64_t expired;      /* the number of these */
    int64_t expired_until; /* at this time, see rf_digester_expired() */
    uint64_t elements;     /* as the type counts them: entries of a stream; 1 for a string, 0 for a module */
    uint64_t longest;      /* bytes of the longest element; a hash's fields and values count each */
    uint64_t bytes;        /* of all elements; 0 for a module */
    const char *contradiction; /* how a stream's metadata contradicts its entries, for which a server from
                                  Redis 8.8 on may reject the stream; a static string, or NULL: it does not */
} rf_key_digest;

typedef struct rf_digester rf_digester;

/* `kinds`: a combination of rf_digest_kind, at least one. `unique`: RF_UNIQUE_ALL, see value.h. Returns NULL
 * if out of memory. */
RF_API rf_digester *rf_digester_new(unsigned kinds, bool unique);

/* Fields of hashes and members of sets that expire until `until_ms` count as expired. By default none do. */
RF_API void rf_digester_expired(rf_digester *digester, int64_t until_ms);

/* Whether a key is a hash or a set of which all elements have expired, which is equivalent to no key. */
static inline bool rf_digest_is_expired(const rf_key_digest *digest)
{
    return digest->expired > 0 && digest->expired == digest->elements;
}

/* Walks and consumes the value of an entry that is a key. RF_E_DUPLICATE if `unique` is set and a member is
 * duplicated. */
RF_API rf_code rf_digest_key(rf_digester *digester, const rf_entry *key, rf_key_digest *out, rf_error *error);

RF_API rf_digest rf_digest_library(rf_slice code);

/* Digest of any bytes under this process's secret: RF_DIGEST_KEYED for data that is not a value. */
RF_API rf_digest rf_digest_keyed(rf_slice bytes);

/* RF_DIGEST_SHA256: a multiset of keys and libraries; a zeroed one is empty. */
enum { RF_SHA256_BYTES = 32, RF_LTHASH_LANES = 1024 };
typedef struct rf_lthash {
    uint16_t lanes[RF_LTHASH_LANES];
} rf_lthash;

/* Adds all keys that have been digested without an error; forgets them. */
RF_API void rf_digester_add_to(const rf_digester *digester, rf_lthash *sum);
RF_API void rf_digester_clear(rf_digester *digester);

RF_API rf_code rf_lthash_add_library(rf_lthash *sum, rf_slice code, rf_error *error);

/* The digest of the data set: 64 hexadecimal digits, and a NUL. RF_E_MEMORY if OpenSSL fails. */
enum { RF_SHA256_TEXT = 2 * RF_SHA256_BYTES + 1 };
RF_API rf_code rf_lthash_format(const rf_lthash *sum, char out[RF_SHA256_TEXT], rf_error *error);

/* `digester` may be NULL. */
RF_API void rf_digester_free(rf_digester *digester);

RF_API void rf_digest_add(rf_digest *sum, rf_digest digest);

/* 32 hexadecimal digits, the high half first, and a NUL. */
enum { RF_DIGEST_TEXT = 33 };
RF_API void rf_digest_format(rf_digest digest, char out[RF_DIGEST_TEXT]);

#endif
