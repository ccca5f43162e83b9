/* SPDX-License-Identifier: MIT */
/* A transfer: the entries of all inputs are filtered, rewritten, checked for collisions and written to one
 * sink. The common part of `convert` and `split`. */
#ifndef CMD_RUN_TRANSFER_H
#define CMD_RUN_TRANSFER_H

#include "base/json.h"
#include "cmd/options/output_options.h"
#include "cmd/run/collisions.h"
#include "cmd/run/module_records.h"
#include "cmd/run/session.h"

struct transfer;

/* The functions that differ between commands. */
struct transfer_ops {
    const char *command;
    /* Opens the sink; called at the first entry: by then the writer of the input is known. */
    rf_code (*open)(const struct transfer *transfer, const rf_sink_options *options, rf_sink **out,
                    rf_error *error);
    /* Called for each entry before it is written. May be NULL. */
    rf_code (*see)(struct transfer *transfer, rf_entry *entry, rf_error *error);
    /* Called for each key that has been written, or would be. May be NULL. */
    void (*on_written)(struct transfer *transfer, const rf_entry *key);
    /* Called when the sink is complete, but its files do not have their final names. May be NULL. */
    rf_code (*end)(struct transfer *transfer, rf_error *error);
    /* Prints what was written, after success. `read`: "dump.rdb: 183 keys in 3 databases"; `bytes`: of the
     * outputs. */
    void (*print_summary)(const struct transfer *transfer, const char *read, uint64_t bytes);
    /* Adds members to the report. May be NULL. */
    void (*report)(struct json *json, const struct transfer *transfer);
    void *ctx;
};

struct transfer {
    const struct common_options *common;
    const struct output_options *written;
    const struct transfer_ops *ops;
    rf_compression compress;
    bool dry; /* dry run: there is no sink */
    struct session session;
    struct collisions collisions;
    struct module_records module_records;
    rf_server surveyed; /* the newest writer of the inputs after the first; 0.0: unknown */
    rf_server target;   /* known at the first entry; 0.0: none */
    int64_t saved_at;   /* known at the first entry */
    bool decided;       /* the two above are known */
    rf_sink *sink;
    uint64_t kept_keys, unsupported, empty; /* keys written to the sink, or skipped by it */
};

/* The five members above `session` are set by the caller. False: the error has been printed. transfer_close()
 * must be called in both cases. */
bool transfer_open(struct transfer *transfer);
void transfer_close(struct transfer *transfer);

/* Reads and writes everything, or removes the output after an error; prints the result, and writes the
 * report. Returns the exit status. */
int transfer_run(struct transfer *transfer);

/* The outcome of the keys read; the counts add up. */
struct transfer_keys {
    uint64_t read, dropped, collided, unsupported, empty, written;
};
struct transfer_keys transfer_keys(const struct transfer *transfer);

/* Adds the same as an object "keys". */
void transfer_put_keys(struct json *json, const struct transfer *transfer);

/* Rejects AOF commands among several inputs: their effect on keys of the other inputs is unknown without
 * executing them. */
rf_code transfer_check_command(const struct common_options *common, rf_error *error);

/* The part of the report that describes the transfer. */
void transfer_report(struct json *json, const void *transfer);

#endif
