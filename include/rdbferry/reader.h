/* SPDX-License-Identifier: MIT */
/* A reader: entries out of one source, pulled one at a time. */
#ifndef RDBFERRY_READER_H
#define RDBFERRY_READER_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/notice.h>
#include <rdbferry/source.h>
#include <rdbferry/value.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef struct rf_reader rf_reader;

typedef struct rf_reader_options {
    size_t block_size; /* how much is read at a time; 0: a good size. Tests use 1, 2, 3, 7 */
    rf_notify notify;
    bool resume; /* go on behind a damaged value, where the next entry can be found */
} rf_reader_options;

/* What is known of the input so far: the format from the first bytes, the writer when its AUX field has
 * gone by. */
typedef struct rf_reader_info {
    const char *format; /* "rdb", "aof" or "aof with rdb preamble" (known once the RDB has ended) */
    rf_dialect dialect;
    int rdb_version;  /* 0: an AOF without preamble */
    rf_server writer; /* from redis-ver or valkey-ver, held against the RDB version; else from that */
    int64_t saved_at; /* Unix seconds, from ctime, at most INT64_MAX / 1000; -1: not said */
    int64_t whole;    /* commands: the offset in the decoded stream behind the last one that is complete and
                         outside of an unfinished transaction, where a torn file can be cut; -1: none */
} rf_reader_info;

/* Looks at the head of the source and starts the thread that reads ahead. `source` belongs to the reader
 * from here on, also after an error. */
RF_API rf_code rf_reader_open(rf_source *source, const rf_reader_options *options, rf_reader **out,
                              rf_error *error);

/* The next entry, or RF_END. Whatever the entry before borrowed is gone. Errors are sticky: after one,
 * every call returns it. At RF_END the whole input has been read and its checksum has been right (or
 * absent).
 *
 * With `resume`, an error that the use of a value has returned is not sticky where what encloses the damage
 * is sound (a string's length, a collection's count): the next call goes on with the next entry. Where it
 * does not, it returns the same error again. */
RF_API rf_code rf_reader_next(rf_reader *reader, rf_entry *entry, rf_error *error);

RF_API const rf_reader_info *rf_reader_info_get(const rf_reader *reader);
RF_API const rf_source *rf_reader_source(const rf_reader *reader);

/* How far the input has been read: bytes of the decoded stream, and of the file. May be called from
 * any thread. */
RF_API void rf_reader_position(const rf_reader *reader, uint64_t *decoded, uint64_t *file);

/* NULL is let through. */
RF_API void rf_reader_close(rf_reader *reader);

#endif
