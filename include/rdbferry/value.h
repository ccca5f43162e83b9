/* SPDX-License-Identifier: MIT */
/* A value: lazy until somebody does one of three things with it. One decoder serves all three.
 *
 *   rf_value_skip   nobody wants it
 *   rf_value_copy   its raw bytes, never decoded
 *   rf_value_walk   its elements, pushed into a visitor
 *
 * A value can be used once, because its bytes stream by; after rf_value_hold() any number of times.
 * A value nobody used is skipped by the reader's next step. */
#ifndef RDBFERRY_VALUE_H
#define RDBFERRY_VALUE_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef struct rf_stream_id {
    uint64_t ms, seq;
} rf_stream_id;

/* What a stream says of itself after its entries. */
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

/* One pending entry: of the consumer told last, or of nobody (NACKed, Redis 8.8+). */
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

/* Whether a walk ends with RF_E_DUPLICATE where a member, field, group, consumer, producer or its iid occurs
 * twice. */
typedef enum rf_unique {
    RF_UNIQUE_UNASKED,
    RF_UNIQUE_ALL,
    RF_UNIQUE_FIRST, /* among the first 1024 of a value; among all of one that no checksum is over */
} rf_unique;

enum { RF_UNIQUE_FIRST_MOST = 1024 };

/* What a walk calls, in the order of the file. Members may be NULL: their elements are then passed by,
 * still checked, except that a stream's entries are not even looked at where nobody listens to them. A
 * callback that returns anything but RF_OK ends the walk with that code; it fills the rf_error itself.
 *
 * RF_E_DUPLICATE of a large value may come at its end, and then without the name. RF_UNIQUE_ALL takes up to
 * 32 MiB; beyond two million members come 16 bytes for each in a temporary file. */
typedef struct rf_visitor {
    rf_unique unique;

    rf_code (*string)(void *ctx, rf_slice value);
    rf_code (*item)(void *ctx, rf_slice item); /* of a list, head to tail */
    rf_code (*member)(void *ctx, rf_slice member);
    rf_code (*scored)(void *ctx, rf_slice member, double score);
    rf_code (*field)(void *ctx, rf_slice field, rf_slice value, int64_t expire_ms);

    rf_code (*slot)(void *ctx, uint64_t index, rf_slice value);                /* of an array, ascending */
    rf_code (*array)(void *ctx, bool has_insert_index, uint64_t insert_index); /* before the slots */

    /* A stream: its entries, then itself, then its groups, each with its consumers and their pending
     * entries, then the group's pending entries that nobody owns; last the producers. */
    rf_code (*stream_entry)(void *ctx, rf_stream_id id, const rf_slice *fields_values, size_t pairs);
    rf_code (*stream)(void *ctx, const rf_stream *stream);
    rf_code (*group)(void *ctx, const rf_group *group);
    rf_code (*consumer)(void *ctx, const rf_consumer *consumer);
    rf_code (*pending)(void *ctx, const rf_pending *pending);
    rf_code (*unowned)(void *ctx, const rf_pending *pending);
    rf_code (*producers)(void *ctx, const rf_producers *producers);
    rf_code (*producer_record)(void *ctx, const rf_producer_record *record);

    /* A module's value: what it is called, then its parts, of which nobody but the module knows the
     * meaning. */
    rf_code (*module)(void *ctx, const char name[10], uint64_t version);
    rf_code (*module_part)(void *ctx, const rf_module_part *part);
} rf_visitor;

/* The name of the module that a value of type RF_MODULE belongs to, NUL-terminated, such as "vectorset". The
 * value is not used by this, and has not been. */
RF_API rf_code rf_value_module(rf_value *value, char name[10], rf_error *error);

RF_API rf_code rf_value_skip(rf_value *value, rf_error *error);

/* Hands the value's raw bytes, without the type byte, to `fn` in pieces of any size, in order. Of a stream
 * the totals are those of its entries, with RF_NOTICE_STREAM_LENGTH where they were others. */
typedef rf_code (*rf_bytes_fn)(void *ctx, rf_slice bytes);
RF_API rf_code rf_value_copy(rf_value *value, rf_bytes_fn fn, void *ctx, rf_error *error);

/* The type byte that belongs to the bytes rf_value_copy() hands out. It is the encoding's number but
 * for hashes whose field names lie outside the value (Redis 8.10 templates), which come out as plain
 * hashes (4), and those whose fields' expiry is shifted (24, of Valkey 22). Such values are held by it. */
RF_API uint8_t rf_value_copied_type(const rf_value *value);

RF_API rf_code rf_value_walk(rf_value *value, const rf_visitor *visitor, void *ctx, rf_error *error);

/* From here on the value's fields expire `ms` later (earlier, where that is negative): that is what a walk
 * tells and what a copy says. They stay between 1 and 2^46 ms, which is as far as servers' commands go. Only
 * before the value is used, and only hashes have such fields. */
RF_API void rf_value_shift_expiry(rf_value *value, int64_t ms);

/* When the fields of a hash expire. */
typedef struct rf_field_expiry {
    uint64_t fields, expiring;
    int64_t first_ms, last_ms; /* of those that expire; RF_NO_EXPIRY: none does */
} rf_field_expiry;

/* Looks for it. A value that cannot have such fields is not touched; others are held. */
RF_API rf_code rf_value_field_expiry(rf_value *value, rf_field_expiry *expiry, rf_error *error);

/* When all fields have expired; RF_NO_EXPIRY: never. */
static inline int64_t rf_fields_end(const rf_field_expiry *expiry)
{
    return expiry->expiring == expiry->fields ? expiry->last_ms : RF_NO_EXPIRY;
}

/* From here on fields that expire until `now_ms` are no part of the value: a walk does not tell them and a
 * copy does not have them. `expiry` is what was found before. */
RF_API void rf_value_leave_out_expired(rf_value *value, const rf_field_expiry *expiry, int64_t now_ms);

/* Keeps the value's raw bytes, in memory up to 16 MiB and in an unlinked temporary file beyond, so that
 * it can be used again and again. *size, if not NULL: the number of raw bytes. */
RF_API rf_code rf_value_hold(rf_value *value, uint64_t *size, rf_error *error);

/* Looks into the whole value, as a server does that checks what it loads, and counts its elements (entries of
 * a stream; 1 for a string, 0 for a module). RF_E_CORRUPT for what is damaged, RF_E_DUPLICATE for what occurs
 * twice. The value is held, and can be used afterwards. */
RF_API rf_code rf_value_check(rf_value *value, uint64_t *elements, rf_error *error);

#endif
