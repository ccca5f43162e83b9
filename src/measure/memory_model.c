/* SPDX-License-Identifier: MIT */
/* The estimated memory of a key in a server.
 *
 * The server is a Redis 7.0 on a 64-bit machine with jemalloc (size classes 16 bytes apart, as in
 * distribution packages) and default settings, that has loaded the dump; the estimate is for MEMORY USAGE key
 * SAMPLES 0. It covers what belongs to the key alone, not its share of the hash tables of keys and expiries,
 * nor fragmentation.
 *
 *   key      an entry of the table, 24, and the name as a string of its own
 *   object   16, and by type:
 *   string   an integer: in the object; up to 44 bytes: in one allocation with it; else one of its own
 *   list     40, and 40 and a listpack for each node of 8 KiB
 *   set      integers, up to 512: an array of them; else a table
 *   hash     up to 128 fields of up to 64 bytes: a listpack; else a table
 *   zset     the same; else a table and a skip list, whose nodes have 1 1/3 levels on average
 *   stream   80, its listpacks of 4 KiB or 100 entries, radix trees at 244 a node, groups, consumers and
 *            pending entries
 *   table    56, a bucket of 8 for each power of two, an entry of 24 for each element
 *
 * Packed encodings in the dump stay packed, unless they exceed the limits, as in a server that loads them.
 * Data that Redis 7.0 does not support (arrays, path hashes, expiring fields and members, keys that must not
 * be evicted) is estimated after later servers, of Redis 8.12 after its source; a module value counts with
 * its size in the dump. Servers of other generations differ: most use less. (Redis 7.0 src/object.c:
 * objectComputeSize, src/rdb.c: rdbLoadObject) */
#include "measure/memory_model.h"
#include "base/number.h"
#include <math.h>

/* --- entries of a listpack --------------------------------------------------------------------------- */

static inline uint64_t with_length_behind(uint64_t n)
{
    return n + (n < 128 ? 1 : n < 16384 ? 2 : n < 2097152 ? 3 : n < 268435456 ? 4 : 5);
}

uint64_t packed_integer_size(int64_t n)
{
    if (n >= 0 && n < 128)
        return 2;
    if (n >= -4096 && n < 4096)
        return 3;
    if (n == (int16_t)n)
        return 4;
    if (n >= -(1 << 23) && n < 1 << 23)
        return 5;
    return n == (int32_t)n ? 6 : 10;
}

uint64_t packed_string_size(rf_slice element)
{
    int64_t n;
    if (number_parse_i64(element, &n))
        return packed_integer_size(n);
    return with_length_behind(element.len + (element.len < 64 ? 1 : element.len < 4096 ? 2 : 5));
}

/* As text with 17 digits, unless it is an integer; short binary values are also short as text. */
uint64_t packed_score_size(double score)
{
    enum { LONG_SCORE = 18 + 2, SHORT_SCORE = 6 + 2 };
    if (fabs(score) >= 1e17 || isinf(score))
        return SHORT_SCORE;
    if (score == (double)(int64_t)score)
        return packed_integer_size((int64_t)score);
    double scaled = score * 1024;
    return scaled == floor(scaled) ? SHORT_SCORE : LONG_SCORE;
}

/* --- values ------------------------------------------------------------------------------------------ */

enum {
    INTSET_FRAME = 8,
    TABLE = 56,
    TABLE_LEAST = 4,
    SKIPLIST = 16 + 32 + 640, /* including a first node of 32 levels */
    /* 40 bytes with one level, 16 more for each further one, which a quarter has */
    SKIPLIST_NODE_QUARTERS = 213,
    LIST = 40,
    STREAM = 80,
    TREE_NODE = 4 + 30 * 8,
    TREE_ID = 16,
    EXPIRY = 24, /* of a field or a member */
    /* of a set with expiries: what a listpack is wrapped in, what its table has besides */
    PACKED_SET_EXPIRY = 24,
    TABLE_SET_EXPIRY = 32,
};

static uint64_t memory_of_buckets(uint64_t entries)
{
    uint64_t bytes = TABLE_LEAST * 8;
    while (bytes / 8 < entries && bytes << 1)
        bytes <<= 1;
    return bytes;
}

static uint64_t memory_of_table(uint64_t entries)
{
    return TABLE + memory_of_buckets(entries) + entries * MEMORY_TABLE_ENTRY;
}

/* A table of keys, whose entries are counted with the keys, and one of expiries. */
uint64_t rf_measure_tables(uint64_t keys, uint64_t expiring)
{
    return (keys ? memory_of_buckets(keys) : 0) +
           (expiring ? memory_of_buckets(expiring) + expiring * MEMORY_TABLE_ENTRY : 0);
}

static uint64_t memory_of_listpack(const struct shape *s)
{
    return memory_allocated(LISTPACK_FRAME + s->packed);
}

/* Whether a hash or a zset is packed in the dump. */
static bool is_packed(const rf_entry *key)
{
    enum { ZSET_ZIPLIST = 12, HASH_ZIPLIST, HASH_LISTPACK = 16, ZSET_LISTPACK };
    unsigned number = key->encoding->number;
    return number == ZSET_ZIPLIST || number == HASH_ZIPLIST || number == HASH_LISTPACK ||
           number == ZSET_LISTPACK;
}

/* Whether it is packed in a server that loads it. */
static bool stays_packed(const rf_entry *key, const struct shape *s)
{
    return s->elements <= LISTPACK_ENTRIES && (is_packed(key) || s->longest <= LISTPACK_VALUE);
}

static uint64_t memory_of_list(const rf_entry *key, const struct shape *s)
{
    (void)key;
    return LIST + s->nodes.memory;
}

/* In a listpack each member is followed by its expiry, 0 without one. (Redis 8.12 src/t_set_listpackex.c,
 * set_entry.h) */
static uint64_t memory_of_expiring_set(const rf_entry *key, const struct shape *s)
{
    if (stays_packed(key, s))
        return PACKED_SET_EXPIRY + memory_allocated(LISTPACK_FRAME + s->packed + s->packed_expiries);
    return memory_of_table(s->elements) + TABLE_SET_EXPIRY + s->apart + s->expiring * EXPIRY;
}

static uint64_t memory_of_set(const rf_entry *key, const struct shape *s)
{
    enum { SET_LISTPACK = 20 };
    if (s->expiring > 0)
        return memory_of_expiring_set(key, s);
    if (s->not_numbers == 0 && s->elements <= INTSET_ENTRIES)
        return memory_allocated(INTSET_FRAME + s->elements * s->widest);
    if (key->encoding->number == SET_LISTPACK && s->elements <= LISTPACK_ENTRIES)
        return memory_of_listpack(s);
    return memory_of_table(s->elements) + s->apart;
}

static uint64_t memory_of_zset(const rf_entry *key, const struct shape *s)
{
    if (s->blob > 0 && s->elements <= LISTPACK_ENTRIES)
        return memory_allocated(s->blob);
    if (stays_packed(key, s))
        return memory_of_listpack(s);
    return SKIPLIST + memory_of_table(s->elements) + s->elements * SKIPLIST_NODE_QUARTERS / 4 + s->apart;
}

static uint64_t memory_of_hash(const rf_entry *key, const struct shape *s)
{
    uint64_t expiries = s->expiring * EXPIRY;
    if (stays_packed(key, s))
        return memory_of_listpack(s) + expiries;
    return memory_of_table(s->elements) + s->apart + expiries;
}

uint64_t memory_of_tree(const struct id_tree *tree)
{
    return tree->ids * TREE_ID + (tree->nodes ? tree->nodes : 1) * TREE_NODE;
}

static uint64_t memory_of_stream(const rf_entry *key, const struct shape *s)
{
    (void)key;
    return STREAM + memory_of_tree(&s->tree) + s->nodes.memory + s->group_memory;
}

static uint64_t memory_of_module(const rf_entry *key, const struct shape *s)
{
    (void)key;
    return s->bytes;
}

static uint64_t memory_of_array(const rf_entry *key, const struct shape *s)
{
    (void)key;
    return s->elements * 8 + s->apart;
}

/* A radix tree of paths, with a small table for the fields of each: an upper bound if paths share prefixes.
 */
static uint64_t memory_of_path_hash(const rf_entry *key, const struct shape *s)
{
    (void)key;
    return s->elements * MEMORY_TABLE_ENTRY + s->apart;
}

uint64_t memory_of_value(const rf_entry *key, const struct shape *s)
{
    static uint64_t (*const by_type[RF_TYPE_COUNT])(const rf_entry *, const struct shape *) = {
        [RF_LIST] = memory_of_list,     [RF_SET] = memory_of_set,
        [RF_ZSET] = memory_of_zset,     [RF_HASH] = memory_of_hash,
        [RF_STREAM] = memory_of_stream, [RF_MODULE] = memory_of_module,
        [RF_ARRAY] = memory_of_array,   [RF_PATH_HASH] = memory_of_path_hash,
    };
    return MEMORY_OBJECT + by_type[key->type](key, s);
}
