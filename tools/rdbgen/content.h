/* SPDX-License-Identifier: MIT */
/* What a key of a `types` file holds, apart from how it is encoded: made at random by content.c and
 * stream_content.c, written by gen_*.c, told by plain_json.c.
 *
 * The first variants of every type are set: 0 has a single element, 1 has every short string that is near
 * a limit of some encoding, 2 the long ones too, and its blobs are compressed and hide their counts. From
 * 3 on everything is random. */
#ifndef RDBGEN_CONTENT_H
#define RDBGEN_CONTENT_H

#include "base/arena.h"
#include "mutate.h"
#include "pack.h"
#include "rdb_out.h"
#include "rdbgen.h"
#include "rng.h"

enum { VARIANT_SINGLE, VARIANT_SHORT, VARIANT_LONG, VARIANT_RANDOM };

static const int64_t NO_EXPIRY = -1;

/* Unix seconds of 2023-02-01, from which Dragonfly counts. */
enum { DRAGONFLY_EXPIRY_BASE = 1675209600 };

/* An element: a list's item, a set's member, a zset's member with its score, a hash's field with its
 * value, an array's value with its index, a path hash's field with its value and its path. */
struct item {
    rf_slice name, value, path;
    double score;
    int64_t integer; /* of an intset */
    uint64_t index;
    bool is_double; /* of an array: `score` is the value, `name` its text */
    int64_t expire_ms;
};

struct id {
    uint64_t ms, seq;
};

struct stream_entry {
    struct id id;
    bool deleted, opens_node;
    size_t fields;       /* how many */
    rf_slice strings[8]; /* field, value, ... */
};

struct pending {
    struct id id;
    int64_t delivered_ms;
    uint64_t deliveries;
    size_t owner; /* an index into the consumers; their number: nobody */
};

struct consumer {
    rf_slice name;
    int64_t seen_ms, active_ms; /* active_ms -1: never */
};

enum { GROUP_MAX = 4, CONSUMER_MAX = 4, PENDING_MAX = 16, ENTRY_MAX = 64, IID_MAX = 8 };

struct group {
    rf_slice name;
    struct id last;
    int64_t entries_read; /* -1: unknown */
    struct pending pending[PENDING_MAX];
    struct consumer consumers[CONSUMER_MAX];
    size_t pending_count, consumer_count;
};

/* A message id that an idempotent producer has used, and the entry that it gave. */
struct iid {
    size_t producer;
    rf_slice iid;
    struct id id;
};

struct stream {
    struct stream_entry entries[ENTRY_MAX];
    struct group groups[GROUP_MAX];
    struct iid iids[IID_MAX];
    size_t entry_count, length, group_count, iid_count, producer_count;
    struct id first, last, max_deleted;
    uint64_t added, duration, max_iids, iids_added, iids_duplicates;
};

/* What a HASH_TEMPLATE record defines. */
struct hash_template {
    uint64_t id;
    size_t fields;
    const char *names[8];
};

struct content {
    struct item *items;
    size_t count;
    bool has_insert_index;
    uint64_t insert_index;
    struct stream *stream;
    const struct hash_template *template;
};

/* The state of one run of generate_types(). */
struct types {
    const struct options *options;
    struct rdb_out out;
    struct rng rng;
    struct pack pack;
    struct arena arena; /* the present key's content */
    unsigned variant;
    uint8_t type;  /* the present key's */
    rf_slice name; /* of a file's only key */
    bool odd;      /* elements may have forms that no server writes, and still reads */
    struct mutation mutation;
};

/* --- content.c ------------------------------------------------------------------- */

void make_string(struct types *types, struct content *content);
void make_list(struct types *types, struct content *content);
void make_set(struct types *types, struct content *content);
void make_intset(struct types *types, struct content *content);
void make_zset(struct types *types, struct content *content);
void make_hash(struct types *types, struct content *content);
void make_hash_with_ttl(struct types *types, struct content *content);
void make_hash_with_seconds(struct types *types, struct content *content);
void make_path_hash(struct types *types, struct content *content);
void make_array(struct types *types, struct content *content);
void make_template_hash(struct types *types, struct content *content);
void make_nothing(struct types *types, struct content *content); /* a module's */

extern const struct hash_template templates[];
extern const size_t template_count;

/* Room that lasts until the next key. */
void *types_alloc(struct types *types, size_t size);

/* Up to 30 random bytes, letters only or anything; different for different numbers below 26. */
rf_slice random_string(struct types *types, size_t number);

/* --- stream_content.c ------------------------------------------------------------- */

/* As much as a stream of the present type has. */
void make_stream(struct types *types, struct content *content);

/* How many pending entries this consumer owns. */
size_t pending_of(const struct group *group, size_t owner);

/* There are at most three. */
rf_slice producer_name(size_t number);

#endif
