/* SPDX-License-Identifier: MIT */
/* A reader: returns the entries of one source, one at a time. */
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
    size_t block_size; /* read size; 0: a suitable default. Tests use 1, 2, 3, 7 */
    rf_notify notify;
    bool resume;          /* continue after a damaged value or command if the next entry can be located */
    uint64_t stream_from; /* commands with an argument of at least this many bytes are streamed: see
                             rf_command_stream(). 0, or with `resume`: all arguments are in memory, as what is
                             in a damaged one may be the next commands */
    size_t batches;       /* number of batches that may be taken and not ended: see rf_reader_take() */
    bool key_batches;     /* batches are of keys alone, not of commands */
} rf_reader_options;

typedef enum rf_log_damage_kind {
    RF_LOG_INTACT,
    RF_LOG_TORN,             /* the input ends inside a command */
    RF_LOG_OPEN_TRANSACTION, /* it ends after MULTI without EXEC */
    RF_LOG_MALFORMED,
    RF_LOG_NO_NAME,         /* "*0" */
    RF_LOG_NO_LINE_END,     /* other bytes in place of the CR LF after a string, which a server ignores */
    RF_LOG_LONG_ANNOTATION, /* longer than a server reads a line */
    RF_LOG_INVALID_COMMAND, /* well-formed: a SELECT without a database, a RREPLAY without commands */
} rf_log_damage_kind;

/* Damage among the commands of an AOF, from the start of what cannot be read. */
typedef struct rf_log_damage {
    rf_log_damage_kind kind;
    uint64_t offset;     /* of an open transaction: that of its MULTI */
    uint64_t end;        /* with `resume`: where reading continues, or the end of the input */
    bool at_end;         /* nothing that can be read follows, as far as is known */
    bool in_transaction; /* its EXEC may have been lost */
} rf_log_damage;

/* What is known of the input so far: the format from the first bytes, the writer once its AUX field has been
 * read. */
typedef struct rf_reader_info {
    const char *format; /* "rdb", "aof" or "aof with rdb preamble" (known once the RDB has ended) */
    rf_dialect dialect;
    int rdb_version;     /* 0: an AOF without preamble */
    rf_server writer;    /* from redis-ver or valkey-ver, checked against the RDB version; else derived from
                            the RDB version */
    const char *product; /* another vendor's server that saved it, told by its AUX fields or records
                            ("KeyDB"); static; NULL: none is known */
    int64_t saved_at;    /* Unix seconds, from ctime, at most INT64_MAX / 1000; -1: not recorded */
    int64_t complete_bytes; /* commands: the offset in the decoded stream after the last one that is complete
                      and outside of an unfinished transaction, where a truncated file can be cut: before the
                      first damage; -1: none, or not known yet */
    rf_log_damage damage;   /* commands: what the last call of rf_reader_next() has returned as an error; its
                               kind is RF_LOG_INTACT if the input could not be read, and at the end */
} rf_reader_info;

/* Examines the first bytes of the source and starts the thread that reads ahead. Takes ownership of `source`,
 * also on error. */
RF_API rf_code rf_reader_open(rf_source *source, const rf_reader_options *options, rf_reader **out,
                              rf_error *error);

/* Returns the next entry, or RF_END after the last one. Invalidates everything borrowed from the previous
 * entry. Errors are sticky: after one, every call returns it. At RF_END the whole input has been read and its
 * checksum, if present, has been verified.
 *
 * With `resume`, an error returned while a value is consumed is not sticky if the framing around the damage
 * is intact (a string's length, a collection's count): the next call continues with the next entry. Otherwise
 * it returns the same error again.
 *
 * The same holds for damage among the commands of an AOF, if several sound commands of known names follow,
 * and unless `damage.at_end`. A SELECT and the end of a transaction may have been lost in it: see
 * `db_unknown`. */
RF_API rf_code rf_reader_next(rf_reader *reader, rf_entry *entry, rf_error *error);

RF_API const rf_reader_info *rf_reader_info_get(const rf_reader *reader);
RF_API const rf_source *rf_reader_source(const rf_reader *reader);

/* How far the input has been read, in bytes of the decoded stream and of the file. May be called from any
 * thread. */
RF_API void rf_reader_position(const rf_reader *reader, uint64_t *decoded, uint64_t *file);

/* `reader` may be NULL. */
RF_API void rf_reader_close(rf_reader *reader);

#endif
