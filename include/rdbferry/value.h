/* SPDX-License-Identifier: MIT */
/* A value: decoded lazily, when one of three functions consumes it. One decoder serves all three.
 *
 *   rf_value_skip   skips it
 *   rf_value_copy   hands out its raw bytes without decoding them
 *   rf_value_walk   hands its elements to a visitor
 *
 * A value can be consumed once, because its bytes are streamed; after rf_value_hold() any number of times. A
 * value that was not consumed is skipped by the reader's next step. */
#ifndef RDBFERRY_VALUE_H
#define RDBFERRY_VALUE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef struct rf_stream_id {
    uint64_t ms, seq;
} rf_stream_id;

/* The metadata that a stream records after its entries. */
typedef struct rf_stream {
    uint64_t length;
    rf_stream_id last_id, first_id, max_deleted_id;
    uint64_t entries_added;
    uint64_t groups;
} rf_stream;

typedef struct rf_group {
    rf_slice name;
    rf_stream_id last_id;
    int64_t entries_read; /* -1: unknown */
    uint64_t pending, consumers;
} rf_group;

typedef struct rf_consumer {
    rf_slice name;
    int64_t seen_ms, active_ms; /* active: -1 if never */
    uint64_t pending;
} rf_consumer;

/* A pending entry: of the consumer reported last, or unowned (NACKed, Redis 8.8+). */
typedef struct rf_pending {
    rf_stream_id id;
    int64_t delivered_ms;
    uint64_t delivery_count;
} rf_pending;

/* Idempotent producers (Redis 8.6+). */
typedef struct rf_producers {
    uint64_t duration_s, max_entries, producers;
} rf_producers;

typedef struct rf_producer_record {
    rf_slice producer, iid;
    rf_stream_id id;
} rf_producer_record;

typedef enum rf_part_kind {
    RF_PART_SIGNED = 1, /* number, as int64_t */
    RF_PART_UNSIGNED,   /* number */
    RF_PART_FLOAT,      /* bytes: IEEE 754, 4 of them, little-endian */
    RF_PART_DOUBLE,     /* bytes: 8 of them */
    RF_PART_STRING,     /* bytes */
} rf_part_kind;

typedef struct rf_module_part {
    rf_part_kind kind;
    uint64_t number;
    rf_slice bytes;
} rf_module_part;

enum { RF_NO_INSERT_INDEX = -1 };

/* Whether a walk ends with RF_E_DUPLICATE if a member, field, path, group, consumer, producer or producer iid
 * is duplicated. */
typedef enum rf_unique {
    RF_UNIQUE_UNASKED,
    RF_UNIQUE_ALL,
    RF_UNIQUE_FIRST, /* among the first 1024 of a value; among all if no checksum covers the value */
} rf_unique;

enum { RF_UNIQUE_FIRST_MOST = 1024 };

/* The callbacks of a walk, called in the order of the file. Members may be NULL: those elements are skipped
 * but still checked, except for stream entries, which are not examined at all without a callback. A callback
 * that returns anything but RF_OK ends the walk with that code and fills the rf_error itself.
 *
 * RF_E_DUPLICATE of a large value may be returned only at its end, and then without the name. RF_UNIQUE_ALL
 * takes up to 32 MiB; beyond two million members it also takes 16 bytes for each in a temporary file. */
typedef struct rf_visitor {
    rf_unique unique;

    rf_code (*string)(void *ctx, rf_slice value);
    rf_code (*item)(void *ctx, rf_slice item);                        /* of a list, head to tail */
    rf_code (*member)(void *ctx, rf_slice member, int64_t expire_ms); /* of a set */
    rf_code (*scored)(void *ctx, rf_slice member, double score);
    rf_code (*field)(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms);

    rf_code (*slot)(void *ctx, uint64_t index, rf_slice value);                /* of an array, ascending */
    rf_code (*array)(void *ctx, bool has_insert_index, uint64_t insert_index); /* before the slots */

    /* Of a path hash (Valkey 9.2), path by path. */
    rf_code (*path_field)(void *ctx, rf_slice path, rf_slice field, rf_slice value);

    /* A stream: its entries, its metadata, then its groups, each with its consumers and their pending
     * entries, followed by the group's unowned pending entries; finally the producers. */
    rf_code (*stream_entry)(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
    rf_code (*stream)(void *ctx, const rf_stream *stream);
    rf_code (*group)(void *ctx, const rf_group *group);
    rf_code (*consumer)(void *ctx, const rf_consumer *consumer);
    rf_code (*pending)(void *ctx, const rf_pending *pending);
    rf_code (*unowned)(void *ctx, const rf_pending *pending);
    rf_code (*producers)(void *ctx, const rf_producers *producers);
    rf_code (*producer_record)(void *ctx, const rf_producer_record *record);

    /* A module value: the module's name, then the value's parts, which only the module can interpret. */
    rf_code (*module)(void *ctx, const char name[10], uint64_t version);
    rf_code (*module_part)(void *ctx, const rf_module_part *part);
} rf_visitor;

/* The name of the module that a value of type RF_MODULE belongs to, NUL-terminated, such as "vectorset". The
 * value must not have been consumed, and is not consumed by this. */
RF_API rf_code rf_value_module(rf_value *value, char name[10], rf_error *error);

RF_API rf_code rf_value_skip(rf_value *value, rf_error *error);

/* Passes the value's raw bytes, without the type byte, to `fn` in pieces of any size, in order. The counters
 * of a stream are corrected to match its entries, with RF_NOTICE_STREAM_LENGTH if they differed. */
typedef rf_code (*rf_bytes_fn)(void *ctx, rf_slice bytes);
RF_API rf_code rf_value_copy(rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

/* The type byte for the bytes that rf_value_copy() hands out. It equals the encoding's number, except for
 * hashes whose field names are stored outside the value (Redis 8.10 templates), which are copied as plain
 * hashes (4), and hashes and sets whose elements' expiry is shifted, or some of which are excluded: these get
 * the type of their server for such values (24 or 35, 22 for Valkey, 31 or 32 for Dragonfly), or the plain
 * one. rf_value_copy() holds such values, and returns RF_E_INCOMPATIBLE if a shifted expiry is not one of
 * Dragonfly's whole seconds. */
RF_API uint8_t rf_value_copied_type(const rf_value *value);

RF_API rf_code rf_value_walk(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error);

/* Shifts the expiry of a hash's fields or a set's members by `ms` (negative: earlier) in all later walks and
 * copies. The result is clamped to 1 to 2^46 ms, the range that server commands accept. Must be called before
 * the value is consumed. */
RF_API void rf_value_shift_expiry(rf_value *value, int64_t ms);

/* The range of the expiry times of a hash's fields or a set's members. */
typedef struct rf_field_expiry {
    uint64_t fields, expiring;
    int64_t first_ms, last_ms; /* of the fields that expire; RF_NO_EXPIRY: none does */
} rf_field_expiry;

/* Determines that range. A value that cannot have such fields is not touched; others are held. */
RF_API rf_code rf_value_field_expiry(rf_value *value, rf_field_expiry *expiry, rf_error *error);

/* The time when all fields have expired; RF_NO_EXPIRY: never. */
static inline int64_t rf_fields_end(const rf_field_expiry *expiry)
{
    return expiry->expiring == expiry->fields ? expiry->last_ms : (int64_t)RF_NO_EXPIRY;
}

/* Excludes fields and members that expire until `now_ms` from later walks and copies. `expiry` is the result
 * of rf_value_field_expiry(). */
RF_API void rf_value_leave_out_expired(rf_value *value, const rf_field_expiry *expiry, int64_t now_ms);

/* Keeps the value's raw bytes, in memory up to 16 MiB and in an unlinked temporary file beyond, so that it
 * can be used repeatedly. *size receives the number of raw bytes; `size` may be NULL. */
RF_API rf_code rf_value_hold(rf_value *value, uint64_t *size, rf_error *error);

/* Decodes and checks the whole value, as a server does that sanitizes its input, and counts its elements
 * (entries of a stream; 1 for a string, 0 for a module). RF_E_CORRUPT if it is damaged, RF_E_DUPLICATE for a
 * duplicate member. The value is held and can be used afterwards. */
RF_API rf_code rf_value_check(rf_value *value, uint64_t *elements, rf_error *error);

#endif
