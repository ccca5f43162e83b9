/* SPDX-License-Identifier: MIT */
/* A sink: where entries go. One output, or an AOF directory.
 *
 * Nothing appears under its final name before rf_sink_finish() returns RF_OK: bytes go to temporary
 * files beside the target (O_EXCL, 0600), are synced, get the mode that umask allows, and are renamed.
 * rf_sink_close() without a finish removes them. */
#ifndef RDBFERRY_SINK_H
#define RDBFERRY_SINK_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/notice.h>
#include <rdbferry/topology.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef struct rf_sink rf_sink;

typedef enum rf_sink_kind { RF_SINK_AOF, RF_SINK_AOFDIR, RF_SINK_RDB, RF_SINK_JSONL } rf_sink_kind;

typedef enum rf_compression { RF_PLAIN, RF_GZIP, RF_LZ4 } rf_compression;

/* What is refused without `unsafe`, also with `force`, is RF_E_EXISTS: to replace what another process has
 * open for writing, or an RDB in the directory where a server works; an AOF directory among other files; a
 * file that belongs to an AOF directory. */
typedef struct rf_sink_options {
    rf_server target;        /* who is to read the output */
    int64_t saved_at;        /* the ctime that RDB outputs tell, in Unix seconds; -1: none */
    rf_compression compress; /* of files and stdout; an AOF directory is always plain */
    bool force;              /* replace what is there */
    bool unsafe;             /* also where that hurts a server, see below */
    bool check;              /* look into every value, also those that are only copied */
    bool hash;               /* add up XXH3-64 of what is written */
    bool prefer_restore;     /* commands: RESTORE for all but strings */
    bool drop_unsupported;   /* leave out, with a notice, what the target has no words for */
    bool drop_detail;        /* leave out, with a notice, of a key what the target has no words for, such as
                                expiries of hash fields, and write the rest */
    rf_notify notify;
} rf_sink_options;

/* A file of commands. `path` "-" is stdout. */
RF_API rf_code rf_sink_open_aof(const char *path, const rf_sink_options *options, rf_sink **out,
                                rf_error *error);

/* An RDB file; `preamble`: as the head of an AOF, after which commands may follow. */
RF_API rf_code rf_sink_open_rdb(const char *path, bool preamble, const rf_sink_options *options,
                                rf_sink **out, rf_error *error);

typedef enum rf_aof_base { RF_BASE_RDB, RF_BASE_AOF } rf_aof_base;

/* An AOF directory as Redis 7 and Valkey read it: base, incr, manifest; the manifest appears last.
 * `appendfilename` is the server's setting of that name. The directory is made if it is missing. */
RF_API rf_code rf_sink_open_aofdir(const char *path, const char *appendfilename, rf_aof_base base,
                                   const rf_sink_options *options, rf_sink **out, rf_error *error);

typedef enum rf_json_bytes {
    RF_JSON_ESCAPE, /* bytes that are no UTF-8 as \u0080 to \u00ff; see rf_sink_open_jsonl() */
    RF_JSON_BASE64,
} rf_json_bytes;

/* JSON lines: one object for each key, function library and command. The manual page has the members. Text
 * that is valid UTF-8 stands as it is. With RF_JSON_ESCAPE a string that is not comes out with every byte
 * from 0x80 on as \u00XX; with RF_JSON_BASE64 as {"base64":"..."}, which is exact. */
RF_API rf_code rf_sink_open_jsonl(const char *path, rf_json_bytes bytes, const rf_sink_options *options,
                                  rf_sink **out, rf_error *error);

typedef struct rf_split_options {
    const rf_topology *topology; /* has to outlive the sink */
    rf_sink_kind kind;           /* of each output */
    const char *appendfilename;  /* RF_SINK_AOFDIR */
    rf_aof_base base;            /* likewise */
    rf_json_bytes bytes;         /* RF_SINK_JSONL */
    bool all_dbs;                /* keys may be in other databases than 0 */
} rf_split_options;

/* A directory of outputs, one for each shard of a topology. A key goes to the shard that has its slot;
 * function libraries and what modules saved beside the keys go to all of them. Named by shard and slots:
 *
 *     shard-0_0-5460.rdb    10.0.0.5-6379_0-99+.rdb.gz    shard-0_0-5460/appendonlydir
 *
 * where "+" stands for further ranges. The directory must not be there yet, or be empty; with options->force
 * one that an earlier split made (it holds a plan.json) is replaced as a whole. It appears in one step.
 * RF_E_UNSAYABLE for a key that is not in database 0, unless all_dbs is set, and for commands. */
RF_API rf_code rf_sink_open_split(const char *path, const rf_split_options *split,
                                  const rf_sink_options *options, rf_sink **out, rf_error *error);

/* Adds a small file to the directory of a split, which is complete; it appears with the rest. */
RF_API rf_code rf_sink_add_file(rf_sink *split, const char *name, rf_slice bytes, rf_error *error);

/* Nowhere: everything is walked and checked, nothing is kept. */
RF_API rf_code rf_sink_open_null(rf_sink **out, rf_error *error);

/* Writes one entry. Uses up its value. After an error the sink can only be closed. */
RF_API rf_code rf_sink_put(rf_sink *sink, rf_entry *entry, rf_error *error);

/* Ends the output: trailer, flush, sync (of a split: by rf_sink_finish()); it still has its temporary names.
 * rf_sink_output() can tell from here on. Nothing can be put any more. */
RF_API rf_code rf_sink_complete(rf_sink *sink, rf_error *error);

/* Completes the output, if that has not been done, and gives it its final names. */
RF_API rf_code rf_sink_finish(rf_sink *sink, rf_error *error);

typedef struct rf_output_info {
    const char *path;
    uint64_t bytes; /* as it lies on disk */
    uint64_t xxh3;  /* XXH3-64 of these bytes; 0 unless it was asked for */
} rf_output_info;

/* What a finished sink has written; false past the last one. Strings live as long as the sink. */
RF_API bool rf_sink_output(const rf_sink *sink, size_t index, rf_output_info *info);

/* NULL is let through. */
RF_API void rf_sink_close(rf_sink *sink);

/* Removes every unfinished temporary file of this process; for a program that is about to die of a
 * signal. Call it from a thread (sigwait), not from a signal handler. */
RF_API void rf_remove_unfinished(void);

#endif
