/* SPDX-License-Identifier: MIT */
/* A sink: writes entries to one output, or to an AOF directory.
 *
 * Nothing appears under its final name before rf_sink_finish() returns RF_OK: bytes are written to temporary
 * files in the same directory (O_EXCL, 0600), which are synced, get the mode that the umask allows, and are
 * renamed. rf_sink_close() without rf_sink_finish() removes them. */
#ifndef RDBFERRY_SINK_H
#define RDBFERRY_SINK_H

#include <rdbferry/entry.h>
#include <rdbferry/error.h>
#include <rdbferry/nodes.h>
#include <rdbferry/notice.h>
#include <rdbferry/topology.h>
#include <rdbferry/version.h>
#include <stdbool.h>

typedef struct rf_sink rf_sink;

typedef enum rf_sink_kind { RF_SINK_AOF, RF_SINK_AOFDIR, RF_SINK_RDB, RF_SINK_JSONL } rf_sink_kind;

typedef enum rf_compression { RF_PLAIN, RF_GZIP, RF_LZ4, RF_ZSTD } rf_compression;

/* Without `unsafe`, these are RF_E_EXISTS even with `force`: replacing a file that another process has open
 * for writing, or an RDB in the working directory of a server; an AOF directory among other files; a file
 * that belongs to an AOF directory. */
typedef struct rf_sink_options {
    rf_server target;               /* the server that is to read the output */
    int64_t saved_at;               /* ctime of RDB outputs, in Unix seconds; -1: none */
    rf_compression compress;        /* of files and stdout; an AOF directory is never compressed */
    rf_compression rdb_compression; /* of RDB files and RDB bases, as Valkey 9.2 and newer read it: RF_LZ4,
                                       RF_ZSTD or RF_PLAIN; excludes `compress` */
    bool force;                     /* replace existing output */
    bool unsafe;                    /* also where that endangers a running server, see above */
    bool check;                     /* decode and check every value, also those that are only copied */
    bool hash;                      /* compute XXH3-64 of the output */
    bool prefer_restore;            /* commands: use RESTORE for all types but strings */
    bool drop_unsupported;          /* skip, with a notice, what the target does not support */
    bool drop_detail;               /* write keys without details that the target does not support, such as
                                       expiries of hash fields, with a notice */
    bool json;                      /* the target has a JSON module: JSON documents are written as its values,
                                       not as strings, which is a notice */
    rf_notify notify;
} rf_sink_options;

/* A file of commands. `path` "-" is stdout. */
RF_API rf_code rf_sink_open_aof(const char *path, const rf_sink_options *options, rf_sink **out,
                                rf_error *error);

/* An RDB file; `preamble`: as the start of an AOF, to which commands may be appended. */
RF_API rf_code rf_sink_open_rdb(const char *path, bool preamble, const rf_sink_options *options,
                                rf_sink **out, rf_error *error);

typedef enum rf_aof_base { RF_BASE_RDB, RF_BASE_AOF } rf_aof_base;

/* An AOF directory for Redis 7 and Valkey: base, incremental file, manifest; the manifest appears last.
 * `appendfilename` is the server's setting of that name. The directory is created if it is missing. */
RF_API rf_code rf_sink_open_aofdir(const char *path, const char *appendfilename, rf_aof_base base,
                                   const rf_sink_options *options, rf_sink **out, rf_error *error);

typedef enum rf_json_bytes {
    RF_JSON_ESCAPE, /* bytes that are not valid UTF-8 as \u0080 to \u00ff; see rf_sink_open_jsonl() */
    RF_JSON_BASE64,
} rf_json_bytes;

/* JSON lines: one object for each key, function library and command. The manual page lists the members. Valid
 * UTF-8 is written as it is. In any other string, RF_JSON_ESCAPE writes every byte from 0x80 on as \u00XX;
 * RF_JSON_BASE64 writes the string as {"base64":"..."}, which is exact. */
RF_API rf_code rf_sink_open_jsonl(const char *path, rf_json_bytes bytes, const rf_sink_options *options,
                                  rf_sink **out, rf_error *error);

typedef struct rf_split_options {
    const rf_topology *topology; /* must outlive the sink */
    rf_sink_kind kind;           /* of each output */
    const char *appendfilename;  /* RF_SINK_AOFDIR */
    rf_aof_base base;            /* the same */
    rf_json_bytes bytes;         /* RF_SINK_JSONL */
    bool all_dbs;                /* allow keys in databases other than 0 */
    bool name_only;              /* outputs are named by shard, without slots */
    rf_nodes *nodes;             /* whose topology it is; must outlive the sink. NULL: none */
} rf_split_options;

/* A directory of outputs, one for each shard of a topology. A key is written to the shard that owns its slot;
 * function libraries and module auxiliary data are written to all of them. Named by shard and slots:
 *
 *     shard-0_0-5460.rdb    10.0.0.5-6379_0-99+.rdb.gz    shard-0_0-5460/appendonlydir
 *
 * where "+" indicates further ranges. With `nodes`, there is a directory for each of them, named as the node,
 * with what a server expects in its working directory: its nodes.conf and, if it is a primary, dump.rdb,
 * appendonly.aof or appendonlydir. The kind is not RF_SINK_JSONL then, nothing is compressed, and
 * the target is not Dragonfly.
 *
 * The directory must be missing or empty; with options->force, the result
 * of an earlier split (a directory with a plan.json) is replaced as a whole. The directory appears
 * atomically. RF_E_INCOMPATIBLE for a key outside of database 0, unless all_dbs is set, and for commands. */
RF_API rf_code rf_sink_open_split(const char *path, const rf_split_options *split,
                                  const rf_sink_options *options, rf_sink **out, rf_error *error);

/* Adds a small file to the directory of a completed split; it appears together with the rest. */
RF_API rf_code rf_sink_add_file(rf_sink *split, const char *name, rf_slice bytes, rf_error *error);

/* Whether an output of this kind exists at `path` and is complete: a regular file; an AOF directory with a
 * manifest whose files exist; the directory of a split, with its plan and with the outputs that it lists. */
RF_API bool rf_output_exists(rf_sink_kind kind, const char *path, const char *appendfilename);
RF_API bool rf_split_exists(const char *path);

/* No output: everything is walked and checked, nothing is written. */
RF_API rf_code rf_sink_open_null(rf_sink **out, rf_error *error);

/* Writes one entry and consumes its value. After an error the sink can only be closed. */
RF_API rf_code rf_sink_put(rf_sink *sink, rf_entry *entry, rf_error *error);

/* A part of the output, which is a sink for keys or for commands: they may be put into it on another thread,
 * without their effect on what the output has so far, and are appended later. It must be closed before the
 * sink. What is not possible in a part, as it would take too much memory, is RF_E_MEMORY. `notify` is called
 * on that thread. */
RF_API rf_code rf_sink_open_part(rf_sink *sink, rf_notify notify, rf_sink **part, rf_error *error);

/* Appends a part, with the same result as if its entries were put now. Before it is used again it must be
 * emptied. */
RF_API rf_code rf_sink_append(rf_sink *sink, rf_sink *part, rf_error *error);

/* Empties a part, also after an error of rf_sink_put(). */
RF_API void rf_sink_part_restart(rf_sink *part);

/* The bytes that a part keeps in memory. */
RF_API size_t rf_sink_part_size(const rf_sink *part);

/* Ends the output: trailer, flush, sync (for a split: in rf_sink_finish()); files keep their temporary names.
 * rf_sink_output() may be called afterwards; rf_sink_put() must not. */
RF_API rf_code rf_sink_complete(rf_sink *sink, rf_error *error);

/* Completes the output, if rf_sink_complete() was not called, and renames it to its final name. */
RF_API rf_code rf_sink_finish(rf_sink *sink, rf_error *error);

typedef struct rf_output_info {
    const char *path;
    uint64_t bytes; /* size on disk */
    uint64_t xxh3;  /* XXH3-64 of these bytes; 0 unless requested */
} rf_output_info;

/* The outputs of a completed sink. Returns false past the last one. Strings are valid as long as the sink. */
RF_API bool rf_sink_output(const rf_sink *sink, size_t index, rf_output_info *info);

/* `sink` may be NULL. */
RF_API void rf_sink_close(rf_sink *sink);

/* How rf_file_save() writes a file. Otherwise its mode follows the umask, and it is synced. */
enum {
    RF_SAVE_PRIVATE = 1,  /* only its owner may read it */
    RF_SAVE_UNSYNCED = 2, /* for a file that is replaced repeatedly */
    RF_SAVE_IN_PLACE = 4, /* overwrite a file that cannot be replaced: a mount point, or in a directory that
                             is not writable; a write that fails leaves a part of it */
    RF_SAVE_NEW = 8,      /* RF_E_EXISTS if there is a regular file of this name */
};

/* Writes a small file, such as a report, in one step: a temporary file next to it takes its place; a symbolic
 * link is preserved. A file that is not regular (a device, a FIFO) is written directly, and with
 * RF_SAVE_IN_PLACE one that cannot be replaced. After an error errno is the reason, and no new file exists;
 * ECANCELED: after rf_cleanup_temp_files(). */
RF_API rf_code rf_file_save(const char *path, rf_slice bytes, unsigned flags, rf_error *error);

typedef struct rf_leftovers {
    uint64_t count; /* files and directories that were removed */
    uint64_t bytes; /* in them */
} rf_leftovers;

/* Removes the temporary files and directories that a killed process has left for `path`: those next to it
 * and, if `appendfilename` is not NULL and `path` is an AOF directory, those of the files in it. Only what
 * has the name, the type and the owner that they have, and what no running process has locked. */
RF_API rf_leftovers rf_remove_leftovers(const char *path, const char *appendfilename);

/* If the process runs as root, outputs, and files that rf_file_save() writes, get the owner and group of the
 * directory that they are in; a directory that is created for an output, those of its parent. */
typedef struct rf_ownership {
    uint64_t given;    /* files that got another owner or group than those of the process */
    uint64_t failed;   /* files that should have; they keep the owner of the process, and are complete */
    int failure;       /* errno of the first failure; 0: none */
    unsigned uid, gid; /* of the first failure; if there is none, of the first file */
} rf_ownership;

RF_API rf_ownership rf_outputs_ownership(void);

/* The same for a file that was created by other means at `path`; it is open. */
RF_API void rf_file_give_to_owner(int fd, const char *path);

/* Removes all unfinished temporary files of this process, for a program that is about to be terminated by a
 * signal. Must be called from a thread (sigwait), not from a signal handler. */
RF_API void rf_cleanup_temp_files(void);

#endif
