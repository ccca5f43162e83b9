/* SPDX-License-Identifier: MIT */
/* A transfer: the entries of all inputs, chosen, rewritten and without collisions, go into one sink. What
 * `convert` and `split` have in common. */
#ifndef CMD_TRANSFER_H
#define CMD_TRANSFER_H

#include "collisions.h"
#include "json.h"
#include "module_records.h"
#include "session.h"
#include "written_options.h"

struct transfer;

/* What a command does its own way. */
struct transfer_part {
    const char *command;
    /* Opens the sink; called with the first entry: by then the input has said who wrote it. */
    rf_code (*open)(const struct transfer *transfer, const rf_sink_options *options, rf_sink **out,
                    rf_error *error);
    /* Sees each entry before it is written. NULL: nothing is to be seen. */
    rf_code (*see)(struct transfer *transfer, rf_entry *entry, rf_error *error);
    /* Sees each key that has been written, or would be. NULL likewise. */
    void (*placed)(struct transfer *transfer, const rf_entry *key);
    /* The sink is complete, without its final names. NULL: nothing to be done. */
    rf_code (*end)(struct transfer *transfer, rf_error *error);
    /* All went well: says what was written. `read`: "dump.rdb: 183 keys in 3 databases"; `bytes`: of the
     * outputs. */
    void (*say)(const struct transfer *transfer, const char *read, uint64_t bytes);
    /* Adds members to the report. NULL likewise. */
    void (*report)(struct json *json, const struct transfer *transfer);
    void *ctx;
};

struct transfer {
    const struct common_options *common;
    const struct written_options *written;
    const struct transfer_part *part;
    rf_compression compress;
    bool dry; /* nothing is written: there is no sink */
    struct session session;
    struct collisions collisions;
    struct module_records module_records;
    rf_server surveyed; /* the newest writer of the inputs behind the first; 0.0: unknown */
    rf_server target;   /* known with the first entry; 0.0: none */
    int64_t saved_at;   /* likewise */
    bool settled;       /* these are known */
    rf_sink *sink;
    uint64_t stayed, unsupported, empty; /* keys that stayed in the sink, or were left out by it */
};

/* The five above `session` are set. False: the message has been printed. transfer_close() frees in any case.
 */
bool transfer_open(struct transfer *transfer);
void transfer_close(struct transfer *transfer);

/* Reads and writes everything, or leaves nothing of the output; says how it went, and writes the report.
 * Returns the exit status. */
int transfer_run(struct transfer *transfer);

/* What became of the keys that were read; they add up. */
struct transfer_keys {
    uint64_t read, dropped, collided, unsupported, empty, written;
};
struct transfer_keys transfer_keys(const struct transfer *transfer);

/* The same as an object "keys". */
void transfer_put_keys(struct json *json, const struct transfer *transfer);

/* Refuses the commands of an AOF among several inputs: what they do to the keys of the others, nobody can
 * tell without running them. */
rf_code transfer_check_command(const struct common_options *common, rf_error *error);

/* What a transfer adds to the report. */
void transfer_report(struct json *json, const void *transfer);

#endif
